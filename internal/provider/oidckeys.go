// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"mainstay.dev/mainstay/internal/probe"
)

const (
	// maxKeys is how many keys of a set are looked at, and maxKey how long one may be, in bytes.
	maxKeys, maxKey = 64, 32 << 10
	// leastRSA is the size below which a key of RSA must not be used, in bits (RFC 7518, section 3.3).
	leastRSA = 2048
)

// keySet is what a JWK Set amounts to.
type keySet struct {
	seen int
	// algorithms are those for which there is a key that can be used.
	algorithms []string
	// unknown says that there is a key of a kind that nobody here can judge.
	unknown bool
	// exposed says that a key gives away what only the issuer may know, and private are the names of such keys;
	// expired are those of keys whose certificate has.
	exposed          bool
	private, expired []string
}

// readSigningKeys judges the keys of an issuer: one that apps can use has to be there, and nothing that only the
// issuer may know.
func readSigningKeys(page *Page) error {
	var document struct {
		Keys json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(page.Body, &document); err != nil {
		return fmt.Errorf("key set: %w", err)
	}
	if absent(document.Keys) {
		return errors.New("expected a set of keys, found none")
	}
	var set keySet
	now := time.Now()
	if err := each(document.Keys, func(key json.RawMessage) { set.add(key, now) }); err != nil {
		return fmt.Errorf("key set: %w", err)
	}
	signs := asymmetric(issuerOf(page).algorithms)
	switch {
	case set.exposed:
		page.Outcome.Set(probe.Provisioned, probe.Fail(probe.PrivateKeyPublished, set.private...))
	case len(set.algorithms) == 0 && !set.unknown:
		page.Outcome.Fail(probe.NoSigningKey)
	case !set.unknown && len(signs) > 0 && !slices.ContainsFunc(signs, set.has):
		page.Outcome.Fail(probe.SigningAlgorithmMissing, tokensOf(signs)...)
	case page.Outcome[probe.Provisioned].Result != probe.NotReached:
	case len(set.expired) > 0:
		page.Outcome.Set(probe.Provisioned, probe.Finding{
			Result: probe.Passed, Symptom: probe.SigningCertificateExpired, Args: set.expired,
		})
	default:
		page.Outcome.Set(probe.Provisioned, probe.Pass())
	}
	return nil
}

// has says whether there is a key for an algorithm.
func (s *keySet) has(algorithm string) bool { return slices.Contains(s.algorithms, algorithm) }

// add takes note of a key.
func (s *keySet) add(raw json.RawMessage, now time.Time) {
	if s.seen++; s.seen > maxKeys || len(raw) > maxKey {
		return
	}
	var head struct {
		ID         string          `json:"kid"`
		Use        string          `json:"use"`
		Operations json.RawMessage `json:"key_ops"`
		Algorithm  string          `json:"alg"`
		// What no public key has: the exponent or scalar of a private one, its seed, and a symmetric key.
		Private   json.RawMessage `json:"d"`
		Seed      json.RawMessage `json:"priv"`
		Symmetric json.RawMessage `json:"k"`
	}
	if json.Unmarshal(raw, &head) != nil {
		return
	}
	if !absent(head.Private) || !absent(head.Seed) || !absent(head.Symmetric) {
		// It is not decoded any further: nobody needs to know it, and its checks take long.
		s.exposed, s.private = true, append(s.private, probe.Tokens(head.ID)...)
		return
	}
	if encrypts(head.Algorithm) || !verifies(head.Use, head.Operations) {
		return
	}
	var key jose.JSONWebKey
	switch err := key.UnmarshalJSON(raw); {
	case errors.Is(err, jose.ErrUnsupportedKeyType):
		s.unknown = true
		return
	case err != nil || weak(key):
		return
	}
	s.algorithms = append(s.algorithms, algorithmsOf(key)...)
	if len(key.Certificates) > 0 && now.After(key.Certificates[0].NotAfter) {
		s.expired = append(s.expired, probe.Tokens(head.ID)...)
	}
}

// encrypts says whether an algorithm is one that keeps a secret, rather than signs (RFC 7518, section 4.1).
func encrypts(algorithm string) bool {
	return strings.HasPrefix(algorithm, "RSA-OAEP") || strings.HasPrefix(algorithm, "ECDH-ES") || algorithm == "RSA1_5"
}

// verifies says whether a key is for signatures.
func verifies(use string, operations json.RawMessage) bool {
	if use != "" && use != "sig" {
		return false
	}
	listed, err := words(operations)
	return err == nil && (len(listed) == 0 || slices.Contains(listed, "verify"))
}

func weak(key jose.JSONWebKey) bool {
	public, isRSA := key.Key.(*rsa.PublicKey)
	return isRSA && public.N.BitLen() < leastRSA
}

// algorithmsOf returns the algorithms that a key can be used with.
func algorithmsOf(key jose.JSONWebKey) []string {
	if key.Algorithm != "" {
		return []string{key.Algorithm}
	}
	if _, isRSA := key.Key.(*rsa.PublicKey); isRSA {
		return []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}
	}
	if public, isEC := key.Key.(*ecdsa.PublicKey); isEC {
		return []string{map[int]string{256: "ES256", 384: "ES384", 521: "ES512"}[public.Curve.Params().BitSize]}
	}
	return []string{"EdDSA", "Ed25519"} // RFC 8037, and RFC 9864 for the second name.
}

// asymmetric returns the algorithms for which apps need a key of the issuer: HS256 and its like take the secret
// of the client, and none takes nothing.
func asymmetric(algorithms []string) []string {
	return slices.DeleteFunc(slices.Clone(algorithms), func(name string) bool {
		return name == "none" || strings.HasPrefix(name, "HS")
	})
}

// maxNamed is how many words a finding names.
const maxNamed = 8

// tokensOf returns the first of some words that may be shown.
func tokensOf(words []string) (shown []string) {
	for _, word := range words {
		if len(shown) < maxNamed {
			shown = append(shown, probe.Tokens(word)...)
		}
	}
	return shown
}
