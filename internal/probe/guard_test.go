// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"mainstay.dev/mainstay/internal/probe/dnstest"
)

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

// refusedAs is the symptom of an error with which the guard refuses; zero for any other and for none.
func refusedAs(err error) Symptom {
	var r refusal
	_ = errors.As(err, &r)
	return r.symptom
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

		"loopback":                          {"127.0.0.1", private},
		"another loopback":                  {"127.8.8.8", private},
		"IPv6 loopback":                     {"::1", private},
		"private 10":                        {"10.0.0.1", private},
		"private 172":                       {"172.16.0.1", private},
		"private 192.168":                   {"192.168.1.1", private},
		"carrier-grade NAT":                 {"100.64.0.1", private},
		"IETF assignments":                  {"192.0.0.1", private},
		"benchmarking":                      {"198.18.0.1", private},
		"a unique local address":            {"fd12:3456::1", private},
		"a unique local address of fc00":    {"fc00::1", private},
		"a site-local address":              {"fec0::1", private},
		"mapped loopback":                   {"::ffff:127.0.0.1", private},
		"mapped private":                    {"::ffff:10.1.2.3", private},
		"compatible loopback":               {"::127.0.0.1", private},
		"NAT64 of a private address":        {"64:ff9b::10.0.0.1", private},
		"6to4 of a private address":         {"2002:0a00:0001::1", private},
		"mapped public":                     {"::ffff:93.184.216.34", public},
		"NAT64 of a public address":         {"64:ff9b::93.184.216.34", public},
		"6to4 of a public address":          {"2002:5db8:d822::1", public},
		"loopback with a zone":              {"::1%lo", private},
		"the unspecified address":           {"0.0.0.0", never},
		"this network":                      {"0.1.2.3", never},
		"the unspecified IPv6 address":      {"::", never},
		"multicast":                         {"224.0.0.1", never},
		"IPv6 multicast":                    {"ff02::1", never},
		"a reserved address":                {"240.0.0.1", never},
		"broadcast":                         {"255.255.255.255", never},
		"link-local":                        {"169.254.1.1", never},
		"IPv6 link-local":                   {"fe80::1", never},
		"IPv6 link-local with a zone":       {"fe80::1%eth0", never},
		"metadata of most clouds":           {"169.254.169.254", never},
		"credentials of ECS tasks":          {"169.254.170.2", never},
		"credentials of EKS pods":           {"169.254.170.23", never},
		"credentials of EKS pods over IPv6": {"fd00:ec2::23", never},
		"metadata of AWS over IPv6":         {"fd00:ec2::254", never},
		"metadata of Google over IPv6":      {"fd20:ce::254", never},
		"metadata of Oracle":                {"192.0.0.192", never},
		"metadata of Oracle over IPv6":      {"fd00:c1::a9fe:a9fe", never},
		"metadata of Alibaba":               {"100.100.100.200", never},
		"metadata of Scaleway over IPv6":    {"fd00:42::42", never},
		"the wire server of Azure":          {"168.63.129.16", never},
		"mapped metadata":                   {"::ffff:169.254.169.254", never},
		"compatible metadata":               {"::169.254.169.254", never},
		"NAT64 of metadata":                 {"64:ff9b::169.254.169.254", never},
		"local NAT64 of metadata":           {"64:ff9b:1::169.254.169.254", never},
		"local NAT64 in another form":       {"64:ff9b:1:a9fe:a9:fe00:808:808", never},
		"local NAT64 of a public address":   {"64:ff9b:1::93.184.216.34", never},
		"translated metadata":               {"::ffff:0:169.254.169.254", never},
		"translated public":                 {"::ffff:0:93.184.216.34", never},
		"a Teredo tunnel":                   {"2001:0:a9fe:a9fe::1", never},
		"an address after those of Teredo":  {"2001:1::1", public},
		"where packets are discarded":       {"100::1", never},
		"an IPv6 address for documentation": {"2001:db8::1", never},
		"another one":                       {"3fff::1", never},
		"an address for documentation":      {"192.0.2.1", never},
		"a second one":                      {"198.51.100.1", never},
		"a third one":                       {"203.0.113.1", never},
		"6to4 of an address of that kind":   {"2002:cb00:7101::1", never},
		"6to4 of metadata":                  {"2002:a9fe:a9fe::1", never},
		"NAT64 of the unspecified address":  {"64:ff9b::0.0.0.0", never},
		"mapped metadata of Alibaba":        {"::ffff:100.100.100.200", never},
		"mapped wire server":                {"::ffff:168.63.129.16", never},
		"mapped broadcast":                  {"::ffff:255.255.255.255", never},
		"an address of the ISATAP shape":    {"2606:2800:220:1:0:5efe:93.184.216.34", public},
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
				want := map[string]Symptom{private: AddressRefused, never: AddressNeverAdmitted}[c.want]
				if g.want {
					want = Symptom{}
				}
				if symptom, refused := g.guard.CheckURL(u); symptom != want || refused == g.want {
					t.Errorf("%s: got refused %t (%s), want %q", how, refused, symptom, want)
				}
				err := g.guard.CheckName(t.Context(), HostPort{Host: addr.String(), Port: "443"})
				if addr.Zone() == "" && refusedAs(err) != want {
					t.Errorf("%s, through a proxy: got %v, want %q", how, err, want)
				}
			}
		})
	}
}

func TestTheGuardJudgesURLs(t *testing.T) {
	denied := []netip.Prefix{
		netip.MustParsePrefix("93.184.216.0/24"), netip.MustParsePrefix("2606:2800:220::/48"), netip.MustParsePrefix("2606:4700:64::/96"),
	}
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
		"an allowed IPv6 host in another form":     {Guard{AllowHosts: hosts(t, "[FD12:0::0001]:8443")}, "https://[fd12::1]:8443", Symptom{}},
		"the same host the other way round":        {Guard{AllowHosts: hosts(t, "[fd12::1]:8443")}, "https://[FD12:0::0001]:8443", Symptom{}},
		"metadata behind a final dot":              {Guard{}, "https://169.254.169.254.", AddressNeverAdmitted},
		"a mapped address in an allowed range":     {Guard{AllowCIDRs: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/24")}}, "https://[::ffff:10.0.0.1]", Symptom{}},
		"another host than the allowed one":        {Guard{AllowHosts: hosts(t, "10.0.0.2")}, "https://10.0.0.1", AddressRefused},
		"a name that ends like the allowed one":    {Guard{AllowHosts: []HostPort{{Host: "0.0.1"}}}, "https://10.0.0.1", AddressRefused},
		"metadata in an allowed range":             {Guard{AllowCIDRs: []netip.Prefix{netip.MustParsePrefix("169.254.0.0/16")}}, "https://169.254.169.254", AddressNeverAdmitted},
		"metadata as an allowed host, in IPv6":     {Guard{AllowHosts: hosts(t, "fd00:ec2::254")}, "https://[fd00:ec2::254]", AddressNeverAdmitted},
		"a public address in a denied range":       {Guard{DenyCIDRs: denied}, "https://93.184.216.34", AddressNeverAdmitted},
		"a denied range over all else":             {Guard{DenyCIDRs: denied, AllowCIDRs: denied, AllowHosts: hosts(t, "93.184.216.34")}, "https://93.184.216.34", AddressNeverAdmitted},
		"a public address beside a denied range":   {Guard{DenyCIDRs: denied}, "https://93.184.217.34", Symptom{}},
		"NAT64 of an address in a denied range":    {Guard{DenyCIDRs: denied}, "https://[64:ff9b::93.184.216.34]", AddressNeverAdmitted},
		"mapped from a denied range":               {Guard{DenyCIDRs: denied}, "https://[::ffff:93.184.216.34]", AddressNeverAdmitted},
		"a public IPv6 address in a denied range":  {Guard{DenyCIDRs: denied}, "https://[2606:2800:220:1::1]", AddressNeverAdmitted},
		"a denied NAT64 prefix":                    {Guard{DenyCIDRs: denied}, "https://[2606:4700:64::8.8.8.8]", AddressNeverAdmitted},
		"the well-known NAT64 prefix, denied":      {Guard{DenyCIDRs: []netip.Prefix{netip.MustParsePrefix("64:ff9b::/96")}}, "https://[64:ff9b::8.8.8.8]", AddressNeverAdmitted},
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
		guard Guard
		host  string
		want  Symptom
	}{
		"an address":                               {Guard{}, "127.0.0.1", AddressRefused},
		"a name":                                   {Guard{}, "localhost", AddressRefused},
		"a mapped address":                         {Guard{}, "::ffff:127.0.0.1", AddressRefused},
		"an address in an allowed range":           {Guard{AllowCIDRs: loopback}, "127.0.0.1", Symptom{}},
		"a mapped address in an allowed range":     {Guard{AllowCIDRs: loopback}, "::ffff:127.0.0.1", Symptom{}},
		"a name in an allowed range":               {Guard{AllowCIDRs: loopback}, "localhost", Symptom{}},
		"an allowed name":                          {Guard{AllowHosts: hosts(t, "localhost")}, "localhost", Symptom{}},
		"an allowed name in capitals":              {Guard{AllowHosts: hosts(t, "LocalHost")}, "LOCALHOST", Symptom{}},
		"an allowed name and port":                 {Guard{AllowHosts: hosts(t, "localhost:"+port)}, "localhost", Symptom{}},
		"an allowed name and another port":         {Guard{AllowHosts: hosts(t, "localhost:1")}, "localhost", AddressRefused},
		"the address behind an allowed name":       {Guard{AllowHosts: hosts(t, "localhost")}, "127.0.0.1", AddressRefused},
		"another range":                            {Guard{AllowCIDRs: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}, "127.0.0.1", AddressRefused},
		"an address, with plain http alone":        {Guard{AllowHTTP: true}, "127.0.0.1", AddressRefused},
		"an allowed IPv6 address in another form":  {Guard{AllowHosts: hosts(t, "[0:0::FFFF:7f00:1]")}, "::ffff:127.0.0.1", Symptom{}},
		"metadata, allowed by name":                {Guard{AllowHosts: hosts(t, "169.254.169.254")}, "169.254.169.254", AddressNeverAdmitted},
		"the unspecified address as this machine":  {Guard{AllowCIDRs: loopback}, "0.0.0.0", AddressNeverAdmitted},
		"the unspecified address, allowed by name": {Guard{AllowHosts: hosts(t, "0.0.0.0")}, "0.0.0.0", AddressNeverAdmitted},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			conn, err := c.guard.DialContext(t.Context(), "tcp", net.JoinHostPort(c.host, port))
			if conn != nil {
				_ = conn.Close()
			}
			if refusedAs(err) != c.want || (err == nil) != (c.want == Symptom{}) {
				t.Errorf("got %v, want %q", err, c.want)
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
	target := HostPort{Host: "inside.example.com", Port: "443"}
	allowed := Guard{AllowHosts: hosts(t, "inside.example.com")}
	ended, end := context.WithCancel(t.Context())
	end()
	cases := map[string]struct {
		code  dnstest.Code
		guard Guard
		ctx   context.Context
		want  Symptom // zero for none
	}{
		"a name that is not found":                      {dnstest.NoSuchName, Guard{}, t.Context(), UnresolvedBehindProxy},
		"a name server that fails":                      {dnstest.ServerFailure, Guard{}, t.Context(), NameServerFailed},
		"a probe that was ended":                        {dnstest.Silence, Guard{}, ended, ProbeFailed},
		"an allowed name that is not found":             {dnstest.NoSuchName, allowed, t.Context(), Symptom{}},
		"an allowed name, and a name server that fails": {dnstest.ServerFailure, allowed, t.Context(), Symptom{}},
		"an allowed name in a probe that was ended":     {dnstest.Silence, allowed, ended, ProbeFailed},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Cleanup(dnstest.Play(c.code))
			err := c.guard.CheckName(c.ctx, target)
			var got Symptom
			if err != nil {
				got, _ = faultSymptom(err)
			}
			if got != c.want {
				t.Errorf("got %v, which is %q, want %q", err, got, c.want)
			}
		})
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
		"IPv6 in another form":      {"[2001:DB8:0::0001]:443", HostPort{"2001:db8::1", "443"}},
		"IPv6 with a zone":          {"fe80::1%eth0", HostPort{}},
		"IPv6 in half a bracket":    {"[fd12::1", HostPort{}},
		"IPv6 in brackets, a colon": {"[fd12::1]:", HostPort{}},
		"IPv6 in two brackets":      {"[[fd12::1]]:80", HostPort{}},
		"a name in brackets":        {"[example.com]", HostPort{}},
		"the same with a port":      {"[example.com]:80", HostPort{}},
		"a list":                    {"a.example.com,b.example.com", HostPort{}},
		"a query":                   {"example.com?x", HostPort{}},
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

func TestWhatCanBeAHost(t *testing.T) {
	label, short := strings.Repeat("a", 63), strings.Repeat("a", 61)
	cases := map[string]struct {
		host string
		want bool
	}{
		"a name":                              {"api.example.com", true},
		"a name of one label":                 {"llm", true},
		"a name with a final dot":             {"api.example.com.", true},
		"a name with two final dots":          {"api.example.com..", false},
		"a name in capitals":                  {"API.Example.COM", true},
		"a name with an underscore":           {"my_llm.example.com", true},
		"a name with a leading underscore":    {"_llm.example.com", true},
		"a name with a hyphen":                {"my-llm--2.example.com", true},
		"a name in its ASCII form":            {"xn--bcher-kva.example", true},
		"a label that begins with a number":   {"1api.2example.3com", true},
		"an IPv4 address":                     {"10.0.0.1", true},
		"an IPv6 address":                     {"2001:db8::1", true},
		"a mapped address":                    {"::ffff:10.0.0.1", true},
		"63 characters in a label":            {label + ".example", true},
		"253 characters":                      {strings.Join([]string{label, label, label, short}, "."), true},
		"nothing":                             {"", false},
		"a dot":                               {".", false},
		"a label of nothing":                  {"api..example.com", false},
		"a dot at its beginning":              {".example.com", false},
		"a hyphen at its beginning":           {"-api.example.com", false},
		"a hyphen at its end":                 {"api.example.com-", false},
		"a hyphen at the end of a label":      {"api-.example.com", false},
		"64 characters in a label":            {label + "a.example", false},
		"254 characters":                      {strings.Join([]string{label, label, label, short + "a"}, "."), false},
		"letters outside of ASCII":            {"bücher.example", false},
		"a wildcard":                          {"*.example.com", false},
		"a blank":                             {"a b", false},
		"a line break at its end":             {"example.com\n", false},
		"a semicolon":                         {"x;y", false},
		"a comma":                             {"a,b", false},
		"a percent sign":                      {"example%2ecom", false},
		"a user":                              {"me@example.com", false},
		"a port":                              {"example.com:80", false},
		"a range":                             {"1.2.3.4/8", false},
		"an IPv6 address in brackets":         {"[2001:db8::1]", false},
		"an IPv6 address with a zone":         {"fe80::1%eth0", false},
		"an IPv4 address that is too short":   {"127.1", false},
		"an IPv4 address that is too long":    {"10.0.0.1.2", false},
		"an IPv4 address out of its range":    {"10.0.0.256", false},
		"an IPv4 address with a leading zero": {"010.0.0.1", false},
		"an IPv4 address as one number":       {"2130706433", false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := ValidHost(c.host); got != c.want {
				t.Errorf("%q: got %t, want %t", c.host, got, c.want)
			}
		})
	}
}
