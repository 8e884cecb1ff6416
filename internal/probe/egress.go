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
	// egressWindow is how long a failed attempt at a host tells of it at least: longer where its next attempt is
	// later. egressHosts and egressDomains are how many of them have to fail, all of them, for the fault to be on our
	// side.
	egressWindow  = 30 * time.Second
	egressHosts   = 3
	egressDomains = 2
	// egressDoubt is after how long verdicts that could not be renewed are doubted.
	egressDoubt = 5 * time.Minute
)

// egress tells whether it is the cluster that cannot reach the outside: within a short time several hosts
// of several domains were tried, and no attempt got as far as a connection. Once that is so it stays so until
// one does. Hosts of the cluster's own network say nothing of that, and neither does what a spec had a part in: who may
// write one could else make up three that fail, and keep the verdicts of all others from being told.
type egress struct {
	// failed is until when a failed attempt tells of a host, by host.
	failed map[string]time.Time
	// since is when the way out was found closed; zero while it is open.
	since time.Time
}

// tellsOfEgress says whether it is nothing in the spec that keeps a connection from coming about: a host or a region
// of its own choosing need not exist, and certificates of its own need not be those of the host.
func (t Target) tellsOfEgress() bool { return !t.OwnHost && t.Place == "" && t.CA == nil }

// reached takes note of an attempt that got as far as a connection.
func (g *egress) reached(address string) {
	if registrable(address) != "" {
		g.since = time.Time{}
		clear(g.failed)
	}
}

// missed takes note of an attempt that did not. The next one is made at the moment that is given.
func (g *egress) missed(address string, now, next time.Time) {
	if registrable(address) == "" {
		return
	}
	if g.failed == nil {
		g.failed = map[string]time.Time{}
	}
	g.failed[address] = latest(now.Add(egressWindow), next)
	if g.since.IsZero() && g.enough(now) {
		g.since = now
	}
}

// forget drops what is known of a host that is not probed any more. With too few left nobody would ever find the way
// out open again.
func (g *egress) forget(address string, now time.Time) {
	delete(g.failed, address)
	if !g.since.IsZero() && !g.enough(now) {
		g.since = time.Time{}
	}
}

// enough says whether so many hosts failed that the fault is on our side. While it is, no failure becomes too old: what
// is not probed often is not reached for that reason.
func (g *egress) enough(now time.Time) bool {
	domains, hosts := map[string]bool{}, 0
	for address, until := range g.failed {
		if g.since.IsZero() && now.After(until) {
			delete(g.failed, address)
			continue
		}
		hosts++
		domains[registrable(address)] = true
	}
	return hosts >= egressHosts && len(domains) >= egressDomains
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
	if !hasPublicSuffix(name) {
		return ""
	}
	domain, err := publicsuffix.EffectiveTLDPlusOne(name)
	if err != nil {
		return ""
	}
	return domain
}
