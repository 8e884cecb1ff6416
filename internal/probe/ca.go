// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"crypto/sha256"
	"crypto/x509"
	"runtime"
	"sync"
	"weak"
)

// CA is a set of certificates that a server's certificate is checked against.
type CA struct {
	pool *x509.CertPool
	// id is the hash of the text of the set: equal text, equal set.
	id string
}

// text stands for the text of the set; it is empty for the system's certificates.
func (c *CA) text() string {
	if c == nil {
		return ""
	}
	return c.id
}

// authorities are the sets in use, by their ids. A thousand targets may have one of a quarter of a MiB.
var authorities = struct {
	sync.Mutex
	known map[string]weak.Pointer[CA]
}{known: map[string]weak.Pointer[CA]{}}

// ParseCA reads PEM certificates. It returns false where there is none. Equal texts are one set, for as long as
// somebody uses it.
func ParseCA(pem []byte) (*CA, bool) {
	sum := sha256.Sum256(pem)
	id := string(sum[:])
	authorities.Lock()
	defer authorities.Unlock()
	if ca := authorities.known[id].Value(); ca != nil {
		return ca, true
	}
	ca := &CA{pool: x509.NewCertPool(), id: id}
	if !ca.pool.AppendCertsFromPEM(pem) {
		return nil, false
	}
	authorities.known[id] = weak.Make(ca)
	runtime.AddCleanup(ca, forgetCA, id)
	return ca, true
}

// forgetCA lets go of a set that nobody uses, unless it was read again meanwhile.
func forgetCA(id string) {
	authorities.Lock()
	defer authorities.Unlock()
	if authorities.known[id].Value() == nil {
		delete(authorities.known, id)
	}
}
