// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"net"
	"net/netip"
	"net/url"
	"slices"
	"testing"

	"mainstay.dev/mainstay/internal/probe/dnstest"
)

// playNames has every lookup of this process answered by a name server that knows a zone.
func playNames(t *testing.T, records ...string) *dnstest.Server {
	t.Helper()
	server, err := dnstest.Start()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Load(dnstest.Zone{Records: records}); err != nil {
		t.Fatal(err)
	}
	before := net.DefaultResolver
	net.DefaultResolver = server.Resolver()
	t.Cleanup(func() {
		net.DefaultResolver = before
		server.Close()
	})
	return server
}

// TestTheGuardTellsNobodyWhichNamesTheClusterHas asks for a name that exists and for one that does not, in each way
// in which a spec can.
func TestTheGuardTellsNobodyWhichNamesTheClusterHas(t *testing.T) {
	const exists, missing = "db-0.db.payments.svc.cluster.local", "db-1.db.payments.svc.cluster.local"
	server := playNames(t, exists+". A 10.0.0.7")
	client := NewNetwork(NetworkOptions{})
	for name, ask := range map[string]func(host string) Symptom{
		"over HTTP": func(host string) Symptom { return client.Do(t.Context(), Request{URL: "https://" + host}).Fault },
		"as a mail server": func(host string) Symptom {
			return client.Converse(t.Context(), Dialogue{Server: HostPort{host, "587"}, TLS: STARTTLS}).Fault
		},
		"as one without TLS": func(host string) Symptom {
			return client.Converse(t.Context(), Dialogue{Server: HostPort{host, "25"}, TLS: ClearText}).Fault
		},
		"as a database": func(host string) Symptom {
			return client.Transact(t.Context(), Transaction{Server: HostPort{host, "5432"}, TLS: VerifyFull}).Fault
		},
		"through a proxy": func(host string) Symptom { return refusedAs(Guard{}.CheckName(t.Context(), HostPort{host, "443"})) },
		"in a URL, before it is asked": func(host string) Symptom {
			symptom, _ := Guard{}.CheckURL(&url.URL{Scheme: "https", Host: host})
			return symptom
		},
		"as a server, before it is asked": func(host string) Symptom {
			symptom, _ := Guard{}.CheckServer(HostPort{host, "587"}, STARTTLS)
			return symptom
		},
	} {
		if one, other := ask(exists), ask(missing); one != AddressRefused || other != AddressRefused {
			t.Errorf("%s: a name that exists is %q, and one that does not %q", name, one, other)
		}
	}
	if asked := server.Asked(); len(asked) > 0 {
		t.Errorf("the name server was asked for %v", asked)
	}
}

func TestNamesThatTheGuardAsksFor(t *testing.T) {
	allowed := Guard{AllowHosts: hosts(t, "db.payments.svc:443")}
	loopback := Guard{AllowCIDRs: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
	for name, c := range map[string]struct {
		guard Guard
		host  string
		asked bool
	}{
		"one that somebody registered":          {Guard{}, "api.example.com", true},
		"one below a suffix of two labels":      {Guard{}, "api.example.co.uk", true},
		"one of a cloud, which is a suffix":     {Guard{}, "s3.amazonaws.com", true},
		"in capitals, with a final dot":         {Guard{}, "API.Example.COM.", true},
		"of the cluster":                        {Guard{}, "db.payments.svc", false},
		"of the cluster, and allowed":           {allowed, "db.payments.svc", true},
		"of the cluster, where a range is open": {loopback, "db.payments.svc", true},
		"one label":                             {Guard{}, "db", false},
		"a top-level domain":                    {Guard{}, "dev", false},
		"one for networks of one's own":         {Guard{}, "db.corp.internal", false},
		"one for networks at home":              {Guard{}, "nas.home.arpa", false},
		"one that is found by a broadcast":      {Guard{}, "printer.local", false},
	} {
		server := playNames(t)
		_, err := c.guard.DialContext(t.Context(), "tcp", net.JoinHostPort(c.host, "443"))
		if asked := len(server.Asked()) > 0; asked != c.asked || (refusedAs(err) == AddressRefused) == c.asked {
			t.Errorf("%s: %s was asked for: %t, and it ended with %v", name, c.host, asked, err)
		}
	}
}

// TestAPublicNameIsNoNameOfTheCluster has a Service db in a namespace that is called like a top-level domain.
func TestAPublicNameIsNoNameOfTheCluster(t *testing.T) {
	for name, c := range map[string]struct {
		guard Guard
		want  string
	}{
		"where nothing private is admitted": {Guard{}, "db.dev."},
		"where it is admitted":              {Guard{AllowHosts: hosts(t, "db.dev")}, "db.dev"},
		"where a range is":                  {Guard{AllowCIDRs: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}, "db.dev"},
	} {
		if got, refused := c.guard.nameOf(HostPort{"db.dev", "443"}); refused || got != c.want {
			t.Errorf("%s: %q is looked up, want %q", name, got, c.want)
		}
	}
	server := playNames(t, "db.dev. A 93.184.216.34")
	if err := (Guard{}).CheckName(t.Context(), HostPort{"db.dev", "443"}); err != nil {
		t.Error(err)
	}
	if slices.ContainsFunc(server.Asked(), func(q string) bool { return q != "db.dev A" && q != "db.dev AAAA" }) {
		t.Errorf("the name server was asked for %v", server.Asked())
	}
}
