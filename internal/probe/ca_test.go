// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"crypto/x509"
	"encoding/pem"
	"net/http/httptest"
	"runtime"
	"testing"
	"time"
)

// authority is the PEM text of a certificate, in memory of its own, and padded so that texts may differ.
func authority(t *testing.T, certificate *x509.Certificate, padding string) []byte {
	t.Helper()
	return append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw}), padding...)
}

func TestTargetsOfOneAuthorityHoldItOnce(t *testing.T) {
	server := httptest.NewTLSServer(nil)
	t.Cleanup(server.Close)
	one, ok := ParseCA(authority(t, server.Certificate(), "one"))
	again, _ := ParseCA(authority(t, server.Certificate(), "one"))
	other, _ := ParseCA(authority(t, server.Certificate(), "other"))
	if !ok || one != again {
		t.Errorf("the same text is held twice, at %p and %p", one, again)
	}
	if one == other || one.text() == other.text() {
		t.Error("two texts are taken for one")
	}
	runtime.KeepAlive(other)
}

func TestAnAuthorityThatNobodyUsesIsLetGo(t *testing.T) {
	server := httptest.NewTLSServer(nil)
	t.Cleanup(server.Close)
	text := authority(t, server.Certificate(), "let go")
	ca, _ := ParseCA(text)
	id := ca.text()
	held := func() bool {
		authorities.Lock()
		defer authorities.Unlock()
		_, held := authorities.known[id]
		return held
	}
	if !held() {
		t.Fatal("expected the authority to be held")
	}
	runtime.KeepAlive(ca)
	for end := time.Now().Add(10 * time.Second); held(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the authority is held still, and nobody uses it")
		}
		runtime.GC()
	}
	if again, ok := ParseCA(text); !ok || again.text() != id {
		t.Error("expected the authority to be read again")
	}
}
