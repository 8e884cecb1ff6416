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
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/net/publicsuffix"
)

// Guard decides which addresses Mainstay may connect to, so that who may create a dependency cannot use
// the operator to look around in the cluster's network. It judges the resolved address at every dial, and names
// that nobody outside of the cluster has before they are resolved.
type Guard struct {
	// AllowCIDRs admits loopback and private addresses inside these ranges.
	AllowCIDRs []netip.Prefix
	// AllowHosts admits loopback and private addresses behind these names, as host[:port].
	AllowHosts []HostPort
	// DenyCIDRs refuses addresses inside these ranges, whatever else admits them: public ones that the cluster uses
	// inside.
	DenyCIDRs []netip.Prefix
	// AllowHTTP admits plain http.
	AllowHTTP bool
}

// HostPort is a host name or address with an optional port; without one it stands for any port.
type HostPort struct{ Host, Port string }

// ParseHostPort reads host[:port]. IPv6 addresses with a port are written in brackets.
func ParseHostPort(s string) (HostPort, error) {
	host, port, ok := splitHostPort(strings.TrimSpace(s))
	if !ok || !ValidHost(host) {
		return HostPort{}, fmt.Errorf(
			"expected host[:port] with a DNS name or an IP address, such as llm.shop.svc:8000, found %q", s)
	}
	return HostPort{Host: canonical(host), Port: port}, nil
}

// splitHostPort takes host[:port] apart and judges the port and the brackets, but not the host.
func splitHostPort(text string) (host, port string, ok bool) {
	bracketed := strings.HasPrefix(text, "[")
	host, port, err := net.SplitHostPort(text)
	switch {
	case err == nil:
		number, err := strconv.ParseUint(port, 10, 16)
		ok = err == nil && number > 0
	case bracketed:
		host, _, err = net.SplitHostPort(text + ":0")
		ok = err == nil
	default:
		host, ok = text, true
	}
	return host, port, ok && (!bracketed || strings.Contains(host, ":"))
}

// label matches one part of a DNS name. An underscore is no part of a host name by the book, but names in
// use have it.
var label = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$`)

// ValidHost says whether a text can be a host: a DNS name, with or without a final dot, or an IP address
// without a zone and without brackets. Names in other scripts have to be written in their ASCII form.
func ValidHost(host string) bool {
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.Zone() == ""
	}
	name, last := strings.TrimSuffix(host, "."), ""
	for last = range strings.SplitSeq(name, ".") {
		if !label.MatchString(last) {
			return false
		}
	}
	// What ends in a number is an address that is written wrong.
	return len(name) <= 253 && strings.Trim(last, "0123456789") != ""
}

// canonical writes a host in the one way in which equal hosts are equal texts.
func canonical(host string) string {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.String()
	}
	return host
}

// URLHostPort returns the host of a URL with the port that a request to it would use.
func URLHostPort(u *url.URL) HostPort {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return HostPort{Host: canonical(u.Hostname()), Port: port}
}

// ServerAt returns a server by its host and port.
func ServerAt(host, port string) HostPort { return HostPort{Host: canonical(host), Port: port} }

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

// refusal is the error with which the guard refuses a destination.
type refusal struct{ symptom Symptom }

// Error implements error.
func (r refusal) Error() string { return "refused by the dial guard: " + r.symptom.String() }

// CheckURL judges what can be known of a URL without DNS: its scheme, and the address where the host is
// one. It returns the symptom of a refusal.
func (g Guard) CheckURL(u *url.URL) (Symptom, bool) {
	if u.Scheme == "http" && !g.AllowHTTP {
		return PlainHTTPRefused, true
	}
	return g.check(URLHostPort(u), g.refuses)
}

// check judges what can be known of a host without DNS.
func (g Guard) check(target HostPort, refuses func(netip.Addr, bool) (Symptom, bool)) (Symptom, bool) {
	if addr, err := netip.ParseAddr(target.Host); err == nil {
		return refuses(addr, g.allowsHost(target))
	}
	if _, refused := g.nameOf(target); refused {
		return AddressRefused, true
	}
	return Symptom{}, false
}

// nameOf returns what to look up for a host, or refuses to. Where nothing private is admitted behind a name, one that
// is none of the public DNS is not looked up: whether it exists would tell who may write a spec what the cluster has
// inside. For the same reason others get a final dot, so that none is looked up in the cluster's search domains.
func (g Guard) nameOf(target HostPort) (name string, refused bool) {
	_, err := netip.ParseAddr(target.Host)
	switch {
	case err == nil, len(g.AllowCIDRs) > 0, g.allowsHost(target):
		return target.Host, false
	case !isPublic(target.Host):
		return "", true
	}
	return target.Host + ".", false
}

// isPublic says whether a name can be one of the public DNS. The top-level domain arpa is for infrastructure, and has
// the names of networks at home too (RFC 8375).
func isPublic(name string) bool {
	return hasPublicSuffix(name) && strings.Contains(name, ".") && !strings.HasSuffix(name, ".arpa")
}

// hasPublicSuffix says whether a name ends in a top-level domain of the public DNS.
func hasPublicSuffix(name string) bool {
	suffix, official := publicsuffix.PublicSuffix(name)
	return official || strings.Contains(suffix, ".") // Those of companies are below one that is.
}

func (g Guard) allowsHost(target HostPort) bool {
	return slices.ContainsFunc(g.AllowHosts, func(h HostPort) bool { return h.Covers(target) })
}

// DialContext dials like net.Dialer and refuses what the guard does not admit. It judges the address
// that the connection really goes to, after DNS, so a name that changes its mind gains nothing.
func (g Guard) DialContext(ctx context.Context, _, address string) (net.Conn, error) {
	return g.dial(ctx, address, g.refuses)
}

// DialClear dials for a connection that carries a credential in clear: it refuses what DialContext does, and
// whatever the administrator has not named.
func (g Guard) DialClear(ctx context.Context, address string) (net.Conn, error) {
	return g.dial(ctx, address, g.refusesClear)
}

func (g Guard) dial(ctx context.Context, address string, refuses func(netip.Addr, bool) (Symptom, bool)) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("dial %q: %w", address, err)
	}
	target := ServerAt(host, port)
	name, refused := g.nameOf(target)
	if refused {
		return nil, refusal{AddressRefused}
	}
	byName := g.allowsHost(target)
	dialer := net.Dialer{Control: func(_, resolved string, raw syscall.RawConn) error {
		ap, err := netip.ParseAddrPort(resolved)
		if err != nil {
			return fmt.Errorf("%w: %q is no address", refusal{AddressRefused}, resolved)
		}
		if symptom, refused := refuses(ap.Addr(), byName); refused {
			return refusal{symptom}
		}
		return endSilence(raw)
	}}
	return dialer.DialContext(ctx, "tcp", net.JoinHostPort(name, port))
}

// CheckName resolves a host and judges every address, for the case that a proxy will do the dialing.
// A name that only the proxy can resolve passes where AllowHosts has it. That the name server failed is
// no refusal, since it says nothing about the name.
func (g Guard) CheckName(ctx context.Context, target HostPort) error {
	name, refused := g.nameOf(target)
	if refused {
		return refusal{AddressRefused}
	}
	byName := g.allowsHost(target)
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", name)
	var dns *net.DNSError
	switch {
	case err == nil, byName && ctx.Err() == nil:
	case errors.As(err, &dns) && dns.IsNotFound:
		return refusal{UnresolvedBehindProxy}
	default:
		return fmt.Errorf("resolve what the proxy will dial: %w", err)
	}
	for _, addr := range addrs {
		if symptom, refused := g.refuses(addr, byName); refused {
			return refusal{symptom}
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
	// never are ranges that are no host's address, or that lead to an IPv4 address which cannot be told.
	never = []netip.Prefix{
		netip.MustParsePrefix("0.0.0.0/8"),       // this network, RFC 791
		netip.MustParsePrefix("192.0.2.0/24"),    // documentation, RFC 5737
		netip.MustParsePrefix("198.51.100.0/24"), // documentation, RFC 5737
		netip.MustParsePrefix("203.0.113.0/24"),  // documentation, RFC 5737
		netip.MustParsePrefix("240.0.0.0/4"),     // reserved, RFC 1112
		netip.MustParsePrefix("::ffff:0:0:0/96"), // translation of IPv4, RFC 2765
		netip.MustParsePrefix("64:ff9b:1::/48"),  // translation as each network likes, RFC 8215
		netip.MustParsePrefix("100::/64"),        // discard, RFC 6666
		netip.MustParsePrefix("2001::/32"),       // Teredo tunnels, RFC 4380
		netip.MustParsePrefix("2001:db8::/32"),   // documentation, RFC 3849
		netip.MustParsePrefix("3fff::/20"),       // documentation, RFC 9637
	}
	nat64     = netip.MustParsePrefix("64:ff9b::/96")
	sixToFour = netip.MustParsePrefix("2002::/16")
)

// refuses judges one address; byName says that AllowHosts has the name it stands behind.
func (g Guard) refuses(addr netip.Addr, byName bool) (Symptom, bool) {
	wrapped := addr.WithZone("").Unmap()
	addr = unwrap(addr)
	in := func(p netip.Prefix) bool { return p.Contains(addr) }
	switch {
	case slices.ContainsFunc(g.DenyCIDRs, func(p netip.Prefix) bool { return p.Contains(wrapped) || p.Contains(addr) }):
		return AddressNeverAdmitted, true
	case addr.IsUnspecified(), addr.IsMulticast(), addr.IsLinkLocalUnicast(),
		slices.ContainsFunc(metadata, in), slices.ContainsFunc(never, in):
		return AddressNeverAdmitted, true
	case addr.IsLoopback(), addr.IsPrivate(), slices.ContainsFunc(private, in):
		if !byName && !slices.ContainsFunc(g.AllowCIDRs, in) {
			return AddressRefused, true
		}
	}
	return Symptom{}, false
}

// refusesClear judges one address for a connection in clear.
func (g Guard) refusesClear(addr netip.Addr, byName bool) (Symptom, bool) {
	if symptom, refused := g.refuses(addr, byName); refused {
		return symptom, true
	}
	named := byName || slices.ContainsFunc(g.AllowCIDRs, func(p netip.Prefix) bool { return p.Contains(unwrap(addr)) })
	return ClearTextRefused, !named
}

// CheckServer judges what can be known of a server without DNS, as CheckURL does for a URL.
func (g Guard) CheckServer(server HostPort, mode TLSMode) (Symptom, bool) {
	if mode == ClearText {
		return g.check(server, g.refusesClear)
	}
	return g.check(server, g.refuses)
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
	case nat64.Contains(addr):
		return netip.AddrFrom4([4]byte(b[12:16]))
	case sixToFour.Contains(addr):
		return netip.AddrFrom4([4]byte(b[2:6]))
	case [12]byte(b[:12]) == [12]byte{} && addr != netip.IPv6Loopback() && !addr.IsUnspecified():
		return netip.AddrFrom4([4]byte(b[12:16]))
	}
	return addr
}
