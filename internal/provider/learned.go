// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"net/http"
	"slices"
	"time"

	"mainstay.dev/mainstay/internal/probe"
)

// What an answer tells besides what it was asked for: when the credential expires, and what is left of limits.

// expiry takes note of when the credential expires, as the spec, the credential itself or the vendor says,
// and warns early of it.
func (r *run) expiry(now time.Time) {
	for _, at := range []time.Time{r.target.Expires, r.target.Credential.Expiry()} {
		if !at.IsZero() && (r.expires.IsZero() || at.Before(r.expires)) {
			r.expires = at
		}
	}
	soon := !r.expires.IsZero() && r.expires.Sub(now) < expiryWarning
	if soon && r.outcome[probe.Authenticated].Equal(probe.Pass()) {
		r.outcome.Set(probe.Authenticated, probe.Finding{Result: probe.Passed, Symptom: probe.KeyExpiringSoon})
	}
}

// expiryWarning is how long before a credential expires that is told of.
const expiryWarning = 14 * 24 * time.Hour

// expiryForms are how headers write when a credential expires.
var expiryForms = []string{time.RFC3339, http.TimeFormat, "2006-01-02 15:04:05 MST", "2006-01-02 15:04:05 -0700"}

// limits takes up what the headers of an answer say of limits.
func (r *run) limits(answer probe.Answer) {
	if r.ExpiryHeader != "" {
		for _, form := range expiryForms {
			if at, err := time.Parse(form, answer.Header.Get(r.ExpiryHeader)); err == nil {
				r.expires = at
			}
		}
	}
	for _, l := range r.Limits {
		if limit, remaining, ok := answer.Headroom(l.Limit, l.Remaining); ok {
			r.has(probe.Headroom{Resource: l.Resource, Limit: limit, Remaining: remaining})
		}
	}
}

// has takes note of headroom. What was said last of a resource holds.
func (r *run) has(h probe.Headroom) {
	i := slices.IndexFunc(r.headroom, func(known probe.Headroom) bool { return known.Resource == h.Resource })
	if i < 0 {
		r.headroom = append(r.headroom, h)
		return
	}
	r.headroom[i] = h
}
