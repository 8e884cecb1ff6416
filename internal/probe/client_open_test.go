// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
)

// TestConnectionsAreBounded probes more hosts than connections are kept for, over HTTP/2.
func TestConnectionsAreBounded(t *testing.T) {
	listener, err := net.Listen("tcp", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") }))
	s.Listener, s.EnableHTTP2 = listener, true
	s.StartTLS()
	t.Cleanup(s.Close)
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	c := NewNetwork(NetworkOptions{Guard: Guard{AllowCIDRs: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}, UserAgent: "test"})
	ca := &CA{pool: s.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs, id: "test"}
	c.transport(ca).TLSClientConfig.ServerName = "example.com" // Which the certificate is for.
	c.most = 30
	most := int32(0)
	for i := range c.most + 10 {
		a := c.Do(t.Context(), Request{URL: fmt.Sprintf("https://127.2.0.%d:%s/", i+1, port), CA: ca})
		if a.Status != http.StatusOK {
			t.Fatalf("request %d: expected an answer, found %v", i, a.Fault)
		}
		most = max(most, c.open.Load())
	}
	if most < c.most || most > c.most+1 {
		t.Errorf("expected up to %d connections, found %d", c.most, most)
	}
	if left := c.open.Load(); left > 12 {
		t.Errorf("expected those without use to be given up, found %d open", left)
	}
}
