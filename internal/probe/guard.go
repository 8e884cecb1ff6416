// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// Guard decides which addresses Mainstay may connect to, so that who may create a dependency cannot use
// the operator to look around in the cluster's network. It judges the resolved address at every dial.
type Guard struct {
	// AllowCIDRs admits loopback and private addresses inside these ranges.
	AllowCIDRs []netip.Prefix
	// AllowHosts admits loopback and private addresses behind these names, as host[:port].
	AllowHosts []HostPort
	// AllowHTTP admits plain http.
	AllowHTTP bool
}

// HostPort is a host name or address with an optional port; without one it stands for any port.
type HostPort struct{ Host, Port string }

// ParseHostPort reads host[:port]. IPv6 addresses with a port are written in brackets.
func ParseHostPort(s string) (HostPort, error) {
	host, port := strings.TrimSpace(s), ""
	valid := true
	if h, p, err := net.SplitHostPort(host); err == nil {
		number, err := strconv.ParseUint(p, 10, 16)
		host, port, valid = h, p, err == nil && number > 0
	}
	host = strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
	if _, err := netip.ParseAddr(host); err != nil && strings.ContainsAny(host, ":/*@ ") {
		valid = false
	}
	if host == "" || !valid {
		return HostPort{}, fmt.Errorf("expected host[:port], such as llm.shop.svc:8000, found %q", s)
	}
	return HostPort{Host: host, Port: port}, nil
}

// URLHostPort returns the host of a URL with the port that a request to it would use.
func URLHostPort(u *url.URL) HostPort {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return HostPort{Host: strings.ToLower(strings.TrimSuffix(u.Hostname(), ".")), Port: port}
}

// String writes host:port, or the host alone where there is no port.
func (h HostPort) String() string {
	if h.Port == "" {
		return h.Host
	}
	return net.JoinHostPort(h.Host, h.Port)
}

// Covers says whether h admits what other names.
func (h HostPort) Covers(other HostPort) bool {
	return h.Host == other.Host && (h.Port == "" || h.Port == other.Port)
}

// errRefused is wrapped by every error with which the guard refuses an address.
var errRefused = errors.New("address refused by the dial guard")

// CheckURL judges what can be known of a URL without DNS: its scheme, and the address where the host is
// one. It returns the symptom of a refusal.
func (g Guard) CheckURL(u *url.URL) (Symptom, bool) {
	if u.Scheme == "http" && !g.AllowHTTP {
		return PlainHTTPRefused, true
	}
	addr, err := netip.ParseAddr(u.Hostname())
	if err == nil && !g.admits(addr, g.allowsHost(URLHostPort(u))) {
		return AddressRefused, true
	}
	return Symptom{}, false
}

func (g Guard) allowsHost(target HostPort) bool {
	return slices.ContainsFunc(g.AllowHosts, func(h HostPort) bool { return h.Covers(target) })
}

// DialContext dials like net.Dialer and refuses what the guard does not admit. It judges the address
// that the connection really goes to, after DNS, so a name that changes its mind gains nothing.
func (g Guard) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("dial %q: %w", address, err)
	}
	byName := g.allowsHost(HostPort{Host: strings.ToLower(strings.TrimSuffix(host, ".")), Port: port})
	dialer := net.Dialer{Control: func(_, resolved string, _ syscall.RawConn) error {
		ap, err := netip.ParseAddrPort(resolved)
		if err != nil {
			return fmt.Errorf("%w: %q is no address", errRefused, resolved)
		}
		if !g.admits(ap.Addr(), byName) {
			return errRefused
		}
		return nil
	}}
	return dialer.DialContext(ctx, network, address)
}

// CheckName resolves a host and judges every address, for the case that a proxy will do the dialing.
// A name that cannot be resolved here passes only when AllowHosts has it.
func (g Guard) CheckName(ctx context.Context, target HostPort) error {
	byName := g.allowsHost(target)
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", target.Host)
	if err != nil && !byName {
		return fmt.Errorf("%w: the name is known to the proxy alone", errRefused)
	}
	for _, addr := range addrs {
		if !g.admits(addr, byName) {
			return errRefused
		}
	}
	return nil
}

var (
	// metadata are the addresses outside the link-local range at which clouds hand out credentials.
	metadata = []netip.Prefix{
		netip.MustParsePrefix("fd00:ec2::/32"),          // AWS: metadata, and the identities of EKS pods
		netip.MustParsePrefix("fd20:ce::254/128"),       // Google Cloud
		netip.MustParsePrefix("fd00:c1::a9fe:a9fe/128"), // Oracle Cloud
		netip.MustParsePrefix("192.0.0.192/32"),         // Oracle Cloud
		netip.MustParsePrefix("168.63.129.16/32"),       // Azure's wire server
		netip.MustParsePrefix("100.100.100.200/32"),     // Alibaba Cloud
		netip.MustParsePrefix("fd00:42::42/128"),        // Scaleway
	}
	// private are the ranges that net/netip does not call private but that no public service lives in.
	private = []netip.Prefix{
		netip.MustParsePrefix("100.64.0.0/10"), // carrier-grade NAT, RFC 6598
		netip.MustParsePrefix("192.0.0.0/24"),  // IETF protocol assignments, RFC 6890
		netip.MustParsePrefix("198.18.0.0/15"), // benchmarking, RFC 2544
		netip.MustParsePrefix("fec0::/10"),     // deprecated site-local, RFC 3879
	}
	// never are ranges that are no host's address.
	never = []netip.Prefix{
		netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("240.0.0.0/4"),
	}
	nat64     = []netip.Prefix{netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("64:ff9b:1::/48")}
	sixToFour = netip.MustParsePrefix("2002::/16")
)

// admits judges one address; byName says that AllowHosts has the name it stands behind.
func (g Guard) admits(addr netip.Addr, byName bool) bool {
	addr = unwrap(addr)
	in := func(p netip.Prefix) bool { return p.Contains(addr) }
	switch {
	case addr.IsUnspecified(), addr.IsMulticast(), addr.IsLinkLocalUnicast(),
		slices.ContainsFunc(metadata, in), slices.ContainsFunc(never, in):
		return false
	case addr.IsLoopback(), addr.IsPrivate(), slices.ContainsFunc(private, in):
		return byName || slices.ContainsFunc(g.AllowCIDRs, in)
	}
	return true
}

// unwrap returns the IPv4 address that an IPv6 address carries (mapped, compatible, NAT64 or 6to4), for
// such an address is a detour to the same host.
func unwrap(addr netip.Addr) netip.Addr {
	addr = addr.WithZone("").Unmap()
	if addr.Is4() {
		return addr
	}
	b := addr.As16()
	switch {
	case slices.ContainsFunc(nat64, func(p netip.Prefix) bool { return p.Contains(addr) }):
		return netip.AddrFrom4([4]byte(b[12:16]))
	case sixToFour.Contains(addr):
		return netip.AddrFrom4([4]byte(b[2:6]))
	case [12]byte(b[:12]) == [12]byte{} && addr != netip.IPv6Loopback() && !addr.IsUnspecified():
		return netip.AddrFrom4([4]byte(b[12:16]))
	}
	return addr
}
