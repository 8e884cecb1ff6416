// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
	"unique"
)

// Redacted is what a Secret shows of itself.
const Redacted = "[redacted]"

// Secret holds a credential and shows nothing of it: not when printed, in JSON, nor in a log. The value
// sits in a closure, which printers that look inside structs with reflection cannot open either.
type Secret struct {
	// reveal returns the values, in the order of their names.
	reveal      func() []part
	fingerprint Fingerprint
	// holds says that a value is not empty.
	holds bool
}

// part is one value of a credential. Thousands of credentials are held at a time, most of one value, for which a
// map takes ten times the room. A value that many of them have is held once.
type part struct {
	name  string
	value unique.Handle[string]
}

// soleValue is the name of the value of a credential that has but one.
const soleValue = ""

// NewSecret wraps a value.
func NewSecret(value string) Secret { return NewSecretOf(map[string]string{soleValue: value}) }

// NewSecretOf wraps a credential of several values, such as a user name and a password.
func NewSecretOf(values map[string]string) Secret {
	mac, holds := hmac.New(sha256.New, fingerprintKey()), false
	parts := make([]part, 0, len(values))
	for _, name := range slices.Sorted(maps.Keys(values)) {
		_, _ = fmt.Fprintf(mac, "%q%q", name, values[name])
		holds = holds || values[name] != ""
		parts = append(parts, part{name, unique.Make(values[name])})
	}
	return Secret{reveal: func() []part { return parts }, fingerprint: Fingerprint(mac.Sum(nil)), holds: holds}
}

// Reveal returns the value of a credential that has but one. Only what puts it on the wire to its own
// provider, or judges its shape, may call this.
func (s Secret) Reveal() string { return s.Part(soleValue) }

// Part returns one value of a credential that has several, for those who may Reveal.
func (s Secret) Part(name string) string {
	if s.reveal == nil {
		return ""
	}
	for _, p := range s.reveal() {
		if p.name == name {
			return p.value.Value()
		}
	}
	return ""
}

// Only returns one value of a credential that has several, as a credential of its own.
func (s Secret) Only(name string) Secret { return NewSecret(s.Part(name)) }

// IsZero says whether there is no value.
func (s Secret) IsZero() bool { return !s.holds }

// ShownBy says whether a text repeats a value, or a piece of it that is too long for chance.
func (s Secret) ShownBy(text string) bool {
	const chance = 8 // characters
	if !s.holds {
		return false
	}
	for _, p := range s.reveal() {
		value := p.value.Value()
		if value != "" && (strings.Contains(text, value) || len(text) >= chance && strings.Contains(value, text)) {
			return true
		}
	}
	return false
}

// Expiry returns when a credential expires that says so itself, as a JWT does (RFC 7519, claim exp); zero for
// any other. Of several values it is the first to expire that counts.
func (s Secret) Expiry() time.Time {
	if s.reveal == nil {
		return time.Time{}
	}
	var first time.Time
	for _, p := range s.reveal() {
		var claims struct {
			Exp float64 `json:"exp"`
		}
		if !claimed(p.value.Value(), &claims) || claims.Exp <= 0 || claims.Exp > maxUnix {
			continue
		}
		if at := time.Unix(int64(claims.Exp), 0); first.IsZero() || at.Before(first) {
			first = at
		}
	}
	return first
}

// Role returns the role that a JWT claims, as those of PostgREST do; empty for any other credential.
func (s Secret) Role() string {
	var claims struct {
		Role string `json:"role"`
	}
	if !claimed(s.Reveal(), &claims) {
		return ""
	}
	return claims.Role
}

// claimed reads what a JWT says of itself. Nobody has checked its signature.
func claimed(token string, into any) bool {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return false
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	return err == nil && json.Unmarshal(payload, into) == nil
}

// maxUnix is the last second of the year 9999.
const maxUnix = 253402300799

// String implements fmt.Stringer.
func (s Secret) String() string { return Redacted }

// Format implements fmt.Formatter, so that every verb redacts.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, Redacted) }

// MarshalJSON implements json.Marshaler.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + Redacted + `"`), nil }

// MarshalText implements encoding.TextMarshaler.
func (s Secret) MarshalText() ([]byte, error) { return []byte(Redacted), nil }

// LogValue implements slog.LogValuer.
func (s Secret) LogValue() slog.Value { return slog.StringValue(Redacted) }

// MarshalLog implements logr.Marshaler.
func (s Secret) MarshalLog() any { return Redacted }

// Fingerprint stands for a credential where two have to be compared. It means nothing outside this
// process.
type Fingerprint [sha256.Size]byte

var fingerprintKey = sync.OnceValue(func() []byte {
	key := make([]byte, sha256.Size)
	_, _ = rand.Read(key) // crypto/rand.Read never fails.
	return key
})

// Fingerprint returns an HMAC of the value under a random key of this process.
func (s Secret) Fingerprint() Fingerprint {
	if s.reveal == nil {
		return noSecret().fingerprint
	}
	return s.fingerprint
}

var noSecret = sync.OnceValue(func() Secret { return NewSecret("") })

// placeholders are values that people leave in a Secret until they have a real one.
var placeholders = map[string]bool{
	"changeme": true, "change-me": true, "change_me": true, "replaceme": true, "replace-me": true,
	"replace_me": true, "placeholder": true, "todo": true, "tbd": true, "dummy": true, "example": true,
	"secret": true, "password": true, "none": true, "null": true, "nil": true, "undefined": true,
	"apikey": true, "api-key": true, "api_key": true, "test": true, "foo": true, "foobar": true,
	"your-api-key": true, "your_api_key": true, "yourapikey": true, "your-api-key-here": true,
	"your_api_key_here": true, "my-api-key": true, "insert-key-here": true,
}

// Shape judges a credential without the network. It returns false where nothing is wrong with it.
// A placeholder counts only where issued says that the provider issues the keys itself: a server of the
// user's own may well be content with "changeme".
func (s Secret) Shape(issued bool) (Symptom, bool) {
	value := s.Reveal()
	trimmed := strings.TrimSpace(value)
	switch {
	case trimmed == "":
		return SecretKeyEmpty, true
	case issued && isPlaceholder(trimmed):
		return PlaceholderCredential, true
	case strings.ContainsAny(value, "\r\n"):
		return CredentialHasLineBreak, true
	case strings.ContainsAny(value, " \t\v\f"):
		return CredentialHasWhitespace, true
	case strings.ContainsFunc(value, func(r rune) bool { return r < 0x21 || r > 0x7e }):
		return CredentialMalformed, true
	}
	return Symptom{}, false
}

// SpacedShape judges a value that may hold blanks, but none at its ends.
func (s Secret) SpacedShape() (Symptom, bool) {
	value := s.Reveal()
	if strings.TrimSpace(value) == value {
		value = strings.ReplaceAll(value, " ", "_")
	}
	return NewSecret(value).Shape(false)
}

// ChosenShape judges a value that people choose, such as a password: it may hold any characters, but a line
// break is one too many.
func (s Secret) ChosenShape() (Symptom, bool) {
	switch value := s.Reveal(); {
	case value == "":
		return SecretKeyEmpty, true
	case strings.ContainsAny(value, "\r\n"):
		return CredentialHasLineBreak, true
	}
	return Symptom{}, false
}

// isPlaceholder recognises the words above, a template that nobody filled in, and filler such as
// sk-xxxx or re_xxxxxxxxx: at most a short prefix, then one character again and again.
func isPlaceholder(value string) bool {
	lower := strings.ToLower(value)
	for rest := lower; ; {
		if placeholders[rest] {
			return true
		}
		prefix := prefixPattern.FindString(rest)
		if prefix == "" {
			break
		}
		rest = rest[len(prefix):]
	}
	for _, pair := range [][2]string{{"<", ">"}, {"${", "}"}, {"{{", "}}"}, {"$(", ")"}} {
		if strings.HasPrefix(value, pair[0]) && strings.HasSuffix(value, pair[1]) {
			return true
		}
	}
	return fillerPattern.MatchString(lower)
}

var (
	// prefixPattern is one piece of what a vendor puts before the random part of its keys: sk-, proj-, re_.
	prefixPattern = regexp.MustCompile(`^[a-z0-9]{2,8}[-_.]`)
	fillerPattern = regexp.MustCompile(`^([a-z0-9]{2,8}[-_.]){0,3}(x{3,}|\*{3,}|\.{3,}|0{3,}|_{3,}|-{3,}|…)$`)
)
