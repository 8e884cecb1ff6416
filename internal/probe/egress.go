// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"net"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"
)

const (
	// egressWindow is how far back attempts are looked at, and egressHosts and egressDomains how many of
	// them have to fail, all of them, for the fault to be on our side.
	egressWindow  = 30 * time.Second
	egressHosts   = 3
	egressDomains = 2
	// egressDoubt is after how long verdicts that could not be renewed are doubted.
	egressDoubt = 5 * time.Minute
)

// egress tells whether it is the cluster that cannot reach the outside: within a short time several hosts
// of several domains were tried, and no attempt got as far as a connection. Hosts of the cluster's own
// network say nothing of that, and neither does what a spec had a part in: who may write one could else make up
// three that fail, and keep the verdicts of all others from being told.
type egress struct {
	// failed is when the last attempt at a host failed, by host.
	failed map[string]time.Time
	// reached is when anything was last reached.
	reached time.Time
	// since is when the way out was found closed; zero while it is open.
	since time.Time
}

// tellsOfEgress says whether it is nothing in the spec that keeps a connection from coming about: a host or a region
// of its own choosing need not exist, and certificates of its own need not be those of the host.
func (t Target) tellsOfEgress() bool { return !t.OwnHost && t.Place == "" && t.CA == nil }

// saw takes note of one attempt, and returns whether the way out is closed.
func (g *egress) saw(address string, reached bool, now time.Time) bool {
	if registrable(address) == "" {
		return !g.since.IsZero()
	}
	if reached {
		g.reached, g.since = now, time.Time{}
		clear(g.failed)
		return false
	}
	if g.failed == nil {
		g.failed = map[string]time.Time{}
	}
	g.failed[address] = now
	return g.closed(now)
}

// closed says whether the way out is closed.
func (g *egress) closed(now time.Time) bool {
	domains, hosts := map[string]bool{}, 0
	for address, at := range g.failed {
		if now.Sub(at) > egressWindow {
			delete(g.failed, address)
			continue
		}
		hosts++
		domains[registrable(address)] = true
		if hosts >= egressHosts && len(domains) >= egressDomains {
			break
		}
	}
	switch {
	case hosts < egressHosts || len(domains) < egressDomains:
		g.since = time.Time{}
	case g.since.IsZero():
		g.since = now
	}
	return !g.since.IsZero()
}

// registrable returns the domain of a host:port that somebody registered, such as example.com for
// api.example.com; nothing for an address and for a name that is not public.
func registrable(address string) string {
	name := strings.TrimSuffix(address, ".")
	if host, _, err := net.SplitHostPort(address); err == nil {
		name = host
	}
	if net.ParseIP(name) != nil {
		return ""
	}
	suffix, official := publicsuffix.PublicSuffix(name)
	if !official && !strings.Contains(suffix, ".") {
		return "" // No top-level domain of the public DNS.
	}
	domain, err := publicsuffix.EffectiveTLDPlusOne(name)
	if err != nil {
		return ""
	}
	return domain
}
