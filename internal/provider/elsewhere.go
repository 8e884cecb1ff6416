// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"net/url"

	"mainstay.dev/mainstay/internal/probe"
)

// strays says whether a request would take the credential to a host that an answer named, and neither the spec
// nor the owner of the credential did.
func (r *run) strays(step Step, request probe.Request) (host string, strays bool) {
	if step.URL == nil || request.Credential.IsZero() {
		return "", false
	}
	to, err := url.Parse(request.URL)
	if err != nil {
		return "", true
	}
	base, err := url.Parse(r.target.BaseURL)
	host = probe.URLHostPort(to).String()
	home := err == nil && probe.URLHostPort(base).String() == host
	return host, !home && !r.target.Consent.Admits(to)
}

// blame says which host kept back what a step asks for, where that is all that matters of it. A limit stays what
// it is.
func (s Step) blame(reading probe.Reading, request probe.Request) probe.Reading {
	to, err := url.Parse(request.URL)
	if s.Unread == (probe.Symptom{}) || reading.Symptom.Stage() == probe.Working || err != nil {
		return reading
	}
	return probe.Reading{Symptom: s.Unread, Args: probe.Tokens(probe.URLHostPort(to).String())}
}
