// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"net/url"
	"slices"
	"strings"
)

// Consent is what the owner of a credential says of the hosts to which it may be sent.
type Consent struct {
	// Anywhere says that it may go to any host.
	Anywhere bool
	// Hosts are those to which it may go.
	Hosts []HostPort
}

// ParseConsent reads hosts, comma-separated as host[:port]. What is no host admits nothing.
func ParseConsent(hosts string) Consent {
	var c Consent
	for text := range strings.SplitSeq(hosts, ",") {
		if host, err := ParseHostPort(text); err == nil {
			c.Hosts = append(c.Hosts, host)
		}
	}
	return c
}

// Admits says whether the credential may go where a URL is.
func (c Consent) Admits(u *url.URL) bool {
	to := URLHostPort(u)
	return c.Anywhere || slices.ContainsFunc(c.Hosts, func(h HostPort) bool { return h.Covers(to) })
}
