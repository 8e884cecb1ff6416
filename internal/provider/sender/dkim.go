// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package sender

import (
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"strings"

	"mainstay.dev/mainstay/internal/probe"
)

// DKIM is the state of a DKIM key.
type DKIM int

// The states.
const (
	// DKIMOpen: it is not known which record there is.
	DKIMOpen DKIM = iota
	DKIMGood
	DKIMMissing
	// DKIMRevoked: the record says that the key is withdrawn (RFC 6376, section 3.6.1).
	DKIMRevoked
	// DKIMUnusable: receivers must not accept the key: it is shorter than 1024 bits (RFC 8301), or none.
	DKIMUnusable
)

// minBits is how long an RSA key has to be.
const minBits = 1024

// DKIMName is where a domain publishes the key of a selector.
func DKIMName(selector, domain string) string { return selector + "._domainkey." + domain }

// ReadDKIM reads the key that a domain publishes under a selector. Of several records the best counts,
// since which one a receiver takes is open.
func ReadDKIM(look Lookup, selector, domain string) DKIM {
	found := look(probe.Question{Name: DKIMName(selector, domain), Type: probe.TXT})
	if found.Fault != (probe.Symptom{}) {
		return DKIMOpen
	}
	state := DKIMMissing
	for _, text := range found.Texts {
		if read := readKey(text); read == DKIMGood || state == DKIMMissing {
			state = read
		}
	}
	return state
}

func readKey(record string) DKIM {
	tags := readTags(record)
	key, found := tags["p"]
	version, versioned := tags["v"]
	switch {
	case versioned && version != "DKIM1", !found:
		return DKIMMissing
	case key == "":
		return DKIMRevoked
	}
	der, err := base64.StdEncoding.DecodeString(key)
	if err != nil {
		return DKIMUnusable
	}
	if tags["k"] == "ed25519" {
		if len(der) != ed25519.PublicKeySize {
			return DKIMUnusable
		}
		return DKIMGood
	}
	if public, ok := rsaKey(der); !ok || public.N.BitLen() < minBits {
		return DKIMUnusable
	}
	return DKIMGood
}

// rsaKey reads a key in either of the two forms in use.
func rsaKey(der []byte) (*rsa.PublicKey, bool) {
	if parsed, err := x509.ParsePKIXPublicKey(der); err == nil {
		public, ok := parsed.(*rsa.PublicKey)
		return public, ok
	}
	public, err := x509.ParsePKCS1PublicKey(der)
	return public, err == nil
}

// readTags reads a list of tags, such as v=DKIM1; p=…, in which blanks count for nothing (RFC 6376, section
// 3.2). Of a tag that is there twice the first is taken.
func readTags(record string) map[string]string {
	tags := map[string]string{}
	for part := range strings.SplitSeq(record, ";") {
		name, value, found := strings.Cut(part, "=")
		name = strings.ToLower(strings.TrimSpace(name))
		if _, twice := tags[name]; found && !twice {
			tags[name] = strings.Join(strings.Fields(value), "")
		}
	}
	return tags
}
