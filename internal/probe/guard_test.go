// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"testing"
)

// resolve lets names resolve to nothing for the time of a test, or fail in another way.
func resolve(t *testing.T, dial func(context.Context) error) {
	t.Helper()
	before := net.DefaultResolver
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return nil, dial(ctx)
	}}
	t.Cleanup(func() { net.DefaultResolver = before })
}

func noDNS(context.Context) error { return errors.New("no DNS in tests") }

func hosts(t *testing.T, texts ...string) []HostPort {
	t.Helper()
	var all []HostPort
	for _, text := range texts {
		h, err := ParseHostPort(text)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, h)
	}
	return all
}

func TestTheGuardJudgesAddresses(t *testing.T) {
	const (
		public  = "public"  // always admitted
		private = "private" // admitted where the administrator says so
		never   = "never"   // never admitted
	)
	cases := map[string]struct{ address, want string }{
		"a public IPv4 address":                  {"93.184.216.34", public},
		"a public IPv6 address":                  {"2606:2800:220:1::1", public},
		"an address after the private range 172": {"172.32.0.1", public},
		"an address after carrier-grade NAT":     {"100.128.0.1", public},

		"loopback":                           {"127.0.0.1", private},
		"another loopback":                   {"127.8.8.8", private},
		"IPv6 loopback":                      {"::1", private},
		"private 10":                         {"10.0.0.1", private},
		"private 172":                        {"172.16.0.1", private},
		"private 192.168":                    {"192.168.1.1", private},
		"carrier-grade NAT":                  {"100.64.0.1", private},
		"IETF assignments":                   {"192.0.0.1", private},
		"benchmarking":                       {"198.18.0.1", private},
		"a unique local address":             {"fd12:3456::1", private},
		"a unique local address of fc00":     {"fc00::1", private},
		"a site-local address":               {"fec0::1", private},
		"mapped loopback":                    {"::ffff:127.0.0.1", private},
		"mapped private":                     {"::ffff:10.1.2.3", private},
		"compatible loopback":                {"::127.0.0.1", private},
		"NAT64 of a private address":         {"64:ff9b::10.0.0.1", private},
		"local NAT64 of a private address":   {"64:ff9b:1::10.0.0.1", private},
		"6to4 of a private address":          {"2002:0a00:0001::1", private},
		"mapped public":                      {"::ffff:93.184.216.34", public},
		"NAT64 of a public address":          {"64:ff9b::93.184.216.34", public},
		"6to4 of a public address":           {"2002:5db8:d822::1", public},
		"loopback with a zone":               {"::1%lo", private},
		"the unspecified address":            {"0.0.0.0", never},
		"this network":                       {"0.1.2.3", never},
		"the unspecified IPv6 address":       {"::", never},
		"multicast":                          {"224.0.0.1", never},
		"IPv6 multicast":                     {"ff02::1", never},
		"a reserved address":                 {"240.0.0.1", never},
		"broadcast":                          {"255.255.255.255", never},
		"link-local":                         {"169.254.1.1", never},
		"IPv6 link-local":                    {"fe80::1", never},
		"IPv6 link-local with a zone":        {"fe80::1%eth0", never},
		"metadata of most clouds":            {"169.254.169.254", never},
		"credentials of ECS tasks":           {"169.254.170.2", never},
		"credentials of EKS pods":            {"169.254.170.23", never},
		"credentials of EKS pods over IPv6":  {"fd00:ec2::23", never},
		"metadata of AWS over IPv6":          {"fd00:ec2::254", never},
		"metadata of Google over IPv6":       {"fd20:ce::254", never},
		"metadata of Oracle":                 {"192.0.0.192", never},
		"metadata of Oracle over IPv6":       {"fd00:c1::a9fe:a9fe", never},
		"metadata of Alibaba":                {"100.100.100.200", never},
		"metadata of Scaleway over IPv6":     {"fd00:42::42", never},
		"the wire server of Azure":           {"168.63.129.16", never},
		"mapped metadata":                    {"::ffff:169.254.169.254", never},
		"compatible metadata":                {"::169.254.169.254", never},
		"NAT64 of metadata":                  {"64:ff9b::169.254.169.254", never},
		"local NAT64 of metadata":            {"64:ff9b:1::169.254.169.254", never},
		"6to4 of metadata":                   {"2002:a9fe:a9fe::1", never},
		"NAT64 of the unspecified address":   {"64:ff9b::0.0.0.0", never},
		"mapped metadata of Alibaba":         {"::ffff:100.100.100.200", never},
		"mapped wire server":                 {"::ffff:168.63.129.16", never},
		"mapped broadcast":                   {"::ffff:255.255.255.255", never},
		"an address of the ISATAP shape":     {"2606:2800:220:1:0:5efe:93.184.216.34", public},
		"a documentation address is no risk": {"203.0.113.1", public},
	}
	everything := []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			addr := netip.MustParseAddr(c.address)
			u := &url.URL{Scheme: "https", Host: HostPort{Host: addr.String(), Port: "443"}.String()}
			guards := map[string]struct {
				guard Guard
				want  bool
			}{
				"of its own accord": {Guard{}, c.want == public},
				"with every range":  {Guard{AllowCIDRs: everything}, c.want != never},
				"by its name":       {Guard{AllowHosts: []HostPort{{Host: addr.String()}}}, c.want != never},
			}
			for how, g := range guards {
				if symptom, refused := g.guard.CheckURL(u); refused == g.want || refused && symptom != AddressRefused {
					t.Errorf("%s: got refused %t (%s), want admitted %t", how, refused, symptom, g.want)
				}
				err := g.guard.CheckName(t.Context(), HostPort{Host: addr.String(), Port: "443"})
				if addr.Zone() == "" && (err == nil) != g.want {
					t.Errorf("%s, through a proxy: got %v, want admitted %t", how, err, g.want)
				}
			}
		})
	}
}

func TestTheGuardJudgesURLs(t *testing.T) {
	cases := map[string]struct {
		guard Guard
		url   string
		want  Symptom
	}{
		"https to a name":                          {Guard{}, "https://api.example.com/v1", Symptom{}},
		"http to a name":                           {Guard{}, "http://api.example.com/v1", PlainHTTPRefused},
		"http that is allowed":                     {Guard{AllowHTTP: true}, "http://api.example.com/v1", Symptom{}},
		"a private address":                        {Guard{}, "https://10.0.0.1", AddressRefused},
		"a private address over http":              {Guard{}, "http://10.0.0.1", PlainHTTPRefused},
		"a private address in an allowed range":    {Guard{AllowCIDRs: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/24")}}, "https://10.0.0.1", Symptom{}},
		"a private address beside that range":      {Guard{AllowCIDRs: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/24")}}, "https://10.0.1.1", AddressRefused},
		"an allowed host with its port":            {Guard{AllowHosts: hosts(t, "10.0.0.1:8443")}, "https://10.0.0.1:8443", Symptom{}},
		"an allowed host with another port":        {Guard{AllowHosts: hosts(t, "10.0.0.1:8443")}, "https://10.0.0.1:9443", AddressRefused},
		"an allowed host with the scheme's port":   {Guard{AllowHosts: hosts(t, "10.0.0.1:443")}, "https://10.0.0.1", Symptom{}},
		"an allowed host without a port":           {Guard{AllowHosts: hosts(t, "10.0.0.1")}, "https://10.0.0.1:9443", Symptom{}},
		"an allowed IPv6 host":                     {Guard{AllowHosts: hosts(t, "[::1]:8443")}, "https://[::1]:8443", Symptom{}},
		"a mapped address in an allowed range":     {Guard{AllowCIDRs: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/24")}}, "https://[::ffff:10.0.0.1]", Symptom{}},
		"another host than the allowed one":        {Guard{AllowHosts: hosts(t, "10.0.0.2")}, "https://10.0.0.1", AddressRefused},
		"a name that ends like the allowed one":    {Guard{AllowHosts: hosts(t, "0.0.1")}, "https://10.0.0.1", AddressRefused},
		"metadata in an allowed range":             {Guard{AllowCIDRs: []netip.Prefix{netip.MustParsePrefix("169.254.0.0/16")}}, "https://169.254.169.254", AddressRefused},
		"metadata as an allowed host, in IPv6":     {Guard{AllowHosts: hosts(t, "fd00:ec2::254")}, "https://[fd00:ec2::254]", AddressRefused},
		"an IPv4 address in an allowed IPv6 space": {Guard{AllowCIDRs: []netip.Prefix{netip.MustParsePrefix("::/0")}}, "https://10.0.0.1", AddressRefused},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			u, err := url.Parse(c.url)
			if err != nil {
				t.Fatal(err)
			}
			symptom, refused := c.guard.CheckURL(u)
			if symptom != c.want || refused != (c.want != Symptom{}) {
				t.Errorf("got %q, want %q", symptom, c.want)
			}
		})
	}
}

func TestTheGuardJudgesEveryConnection(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	loopback := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	cases := map[string]struct {
		guard    Guard
		host     string
		admitted bool
	}{
		"an address":                               {Guard{}, "127.0.0.1", false},
		"a name":                                   {Guard{}, "localhost", false},
		"a mapped address":                         {Guard{}, "::ffff:127.0.0.1", false},
		"an address in an allowed range":           {Guard{AllowCIDRs: loopback}, "127.0.0.1", true},
		"a mapped address in an allowed range":     {Guard{AllowCIDRs: loopback}, "::ffff:127.0.0.1", true},
		"a name in an allowed range":               {Guard{AllowCIDRs: loopback}, "localhost", true},
		"an allowed name":                          {Guard{AllowHosts: hosts(t, "localhost")}, "localhost", true},
		"an allowed name in capitals":              {Guard{AllowHosts: hosts(t, "LocalHost")}, "LOCALHOST", true},
		"an allowed name and port":                 {Guard{AllowHosts: hosts(t, "localhost:"+port)}, "localhost", true},
		"an allowed name and another port":         {Guard{AllowHosts: hosts(t, "localhost:1")}, "localhost", false},
		"the address behind an allowed name":       {Guard{AllowHosts: hosts(t, "localhost")}, "127.0.0.1", false},
		"another range":                            {Guard{AllowCIDRs: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}, "127.0.0.1", false},
		"an address, with plain http alone":        {Guard{AllowHTTP: true}, "127.0.0.1", false},
		"the unspecified address as this machine":  {Guard{AllowCIDRs: loopback}, "0.0.0.0", false},
		"the unspecified address, allowed by name": {Guard{AllowHosts: hosts(t, "0.0.0.0")}, "0.0.0.0", false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			conn, err := c.guard.DialContext(t.Context(), "tcp", net.JoinHostPort(c.host, port))
			if conn != nil {
				_ = conn.Close()
			}
			if (err == nil) != c.admitted || err != nil && !errors.Is(err, errRefused) {
				t.Errorf("got %v, want admitted %t", err, c.admitted)
			}
		})
	}
}

func TestTheGuardRefusesAnAddressThatIsNone(t *testing.T) {
	if _, err := (Guard{}).DialContext(t.Context(), "tcp", "no-port"); err == nil {
		t.Error("expected an error")
	}
}

func TestANameThatOnlyAProxyKnowsHasToBeAllowed(t *testing.T) {
	resolve(t, noDNS)
	target := HostPort{Host: "inside.invalid", Port: "443"}
	if err := (Guard{}).CheckName(t.Context(), target); !errors.Is(err, errRefused) {
		t.Errorf("got %v, want a refusal", err)
	}
	if err := (Guard{AllowHosts: hosts(t, "inside.invalid")}).CheckName(t.Context(), target); err != nil {
		t.Errorf("got %v, want none", err)
	}
}

func TestReadingAHostWithAPort(t *testing.T) {
	cases := map[string]struct {
		text string
		want HostPort // zero for an error
	}{
		"a name":                    {"llm.shop.svc", HostPort{Host: "llm.shop.svc"}},
		"a name with a port":        {"llm.shop.svc:8000", HostPort{"llm.shop.svc", "8000"}},
		"a name in capitals":        {" LLM.Shop.svc:8000 ", HostPort{"llm.shop.svc", "8000"}},
		"a name with a final dot":   {"llm.shop.svc.", HostPort{Host: "llm.shop.svc"}},
		"an IPv4 address":           {"10.0.0.1:80", HostPort{"10.0.0.1", "80"}},
		"an IPv6 address":           {"fd12::1", HostPort{Host: "fd12::1"}},
		"IPv6 in brackets":          {"[fd12::1]", HostPort{Host: "fd12::1"}},
		"IPv6 with a port":          {"[fd12::1]:80", HostPort{"fd12::1", "80"}},
		"nothing":                   {"", HostPort{}},
		"a port alone":              {":80", HostPort{}},
		"a wildcard":                {"*.example.com", HostPort{}},
		"a URL":                     {"https://example.com", HostPort{}},
		"a path":                    {"example.com/v1", HostPort{}},
		"a user":                    {"me@example.com", HostPort{}},
		"two hosts with a blank":    {"a.example.com b.example.com", HostPort{}},
		"a port that is no number":  {"example.com:http", HostPort{}},
		"a port of nothing":         {"example.com:", HostPort{}},
		"a port that is too large":  {"example.com:65536", HostPort{}},
		"the port 0":                {"example.com:0", HostPort{}},
		"two ports":                 {"example.com:80:81", HostPort{}},
		"a dot":                     {".", HostPort{}},
		"a range, which is no host": {"10.0.0.0/8", HostPort{}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := ParseHostPort(c.text)
			if got != c.want || (err != nil) != (c.want == HostPort{}) {
				t.Errorf("got %+v and %v, want %+v", got, err, c.want)
			}
		})
	}
}
