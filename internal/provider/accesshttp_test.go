// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mainstay.dev/mainstay/internal/probe"
	"mainstay.dev/mainstay/internal/provider/providertest"
)

func postgRESTTarget(as string, credential map[string]string) probe.Target {
	wants := probe.AccessWants{GatewayKey: "apiKey", Expectations: []probe.Expectation{{Name: "orders", Denied: true, PostgREST: &probe.PostgRESTAccess{As: as, Table: "orders"}}}}
	secret := probe.NewSecretOf(credential)
	return probe.Target{
		Kind: "AccessCheck", Provider: "PostgREST", Credential: secret, Wants: wants.Identified(secret),
	}
}

// TestWhatGoesToAGatewayAndWhatToPostgREST holds where each kind of key is sent: Supabase's gateway wants its own with
// every request, and PostgREST takes a JWT alone.
func TestWhatGoesToAGatewayAndWhatToPostgREST(t *testing.T) {
	for name, c := range map[string]struct {
		as         string
		credential map[string]string
		want       http.Header
	}{
		"a user, without a gateway":  {"alice", map[string]string{"alice": "e.y.J"}, http.Header{"Authorization": {"Bearer e.y.J"}}},
		"a user, behind a gateway":   {"alice", map[string]string{"alice": "e.y.J", "apiKey": "sb_publishable_1"}, http.Header{"Authorization": {"Bearer e.y.J"}, "Apikey": {"sb_publishable_1"}}},
		"nobody, without a gateway":  {"", nil, http.Header{}},
		"nobody, behind a gateway":   {"", map[string]string{"apiKey": "sb_publishable_1"}, http.Header{"Apikey": {"sb_publishable_1"}}},
		"a key of Supabase as a who": {"web", map[string]string{"web": "sb_publishable_2", "apiKey": "sb_publishable_1"}, http.Header{"Apikey": {"sb_publishable_2"}}},
	} {
		t.Run(name, func(t *testing.T) {
			sent := http.Header{}
			server := serve(t, func(w http.ResponseWriter, r *http.Request) {
				for _, header := range []string{"Authorization", "Apikey"} {
					if value := r.Header.Get(header); value != "" {
						sent.Set(header, value)
					}
				}
				w.Header().Set("Content-Range", "*/*")
			})
			client := newClient()
			defer client.Renew()
			target := postgRESTTarget(c.as, c.credential)
			target.BaseURL = server.URL
			Probe(t.Context(), client, target)
			if diff := cmp.Diff(c.want, sent); diff != "" {
				t.Errorf("sent with other headers (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAKeyThatPassesPoliciesByIsNeverSent(t *testing.T) {
	for name, credential := range map[string]map[string]string{
		"a secret key":                 {"alice": "sb_secret_1"},
		"a JWT of service_role":        {"alice": "e30.eyJyb2xlIjoic2VydmljZV9yb2xlIn0.signature"},
		"a secret key for the gateway": {"alice": "e.y.J", "apiKey": "sb_secret_1"},
	} {
		t.Run(name, func(t *testing.T) {
			client := &parrot{answer: probe.Answer{Status: http.StatusOK, Header: http.Header{"Content-Range": {"0-0/*"}}}}
			target := postgRESTTarget("alice", credential)
			outcome := Probe(t.Context(), client, target).Outcome
			if f := outcome[probe.Authorized]; f.Result != probe.Failed || f.Symptom != probe.OverprivilegedToken {
				t.Errorf("expected OverprivilegedToken, found %v", providertest.Describe(outcome))
			}
			if client.requests != 0 || outcome[probe.Reachable].Result != probe.NotReached {
				t.Errorf("expected that nothing was asked, found %d requests and %v", client.requests, providertest.Describe(outcome))
			}
			checkSound(t, outcome, target)
		})
	}
}

// TestNamesOfASpecAreNoOperators has a spec name what PostgREST would take for more than a name.
func TestNamesOfASpecAreNoOperators(t *testing.T) {
	r := run{Provider: accessPostgREST, target: probe.Target{BaseURL: "https://db.example.com"}}
	for name, c := range map[string]struct {
		access probe.PostgRESTAccess
		want   string
	}{
		"plain names": {
			probe.PostgRESTAccess{Table: "orders", Columns: []string{"id"}, Rows: &probe.PostgresRows{Column: "tenant", Value: "acme"}},
			`/orders?select=%22id%22&limit=1&%22tenant%22=eq.acme`,
		},
		"a column that is called like a parameter": {
			probe.PostgRESTAccess{Table: "orders", Rows: &probe.PostgresRows{Column: "limit", Value: "5"}},
			`/orders?select=*&limit=1&%22limit%22=eq.5`,
		},
		"an embedded table, and a cast": {
			probe.PostgRESTAccess{Table: "orders", Columns: []string{"users(*)", "id::text", `a"b\c`}},
			`/orders?select=%22users%28%2A%29%22,%22id%3A%3Atext%22,%22a%5C%22b%5C%5Cc%22&limit=1`,
		},
		"another path, and another filter": {
			probe.PostgRESTAccess{Table: "../rpc/drop?x=", Rows: &probe.PostgresRows{Column: "tenant", Value: "acme&tenant=neq.acme#"}},
			`/..%2Frpc%2Fdrop%3Fx=?select=*&limit=1&%22tenant%22=eq.acme%26tenant%3Dneq.acme%23`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			request := r.tableRequest(&visit{expected: expected{probe.Expectation{PostgREST: &c.access}}}, "")
			if got := strings.TrimPrefix(request.URL, r.target.BaseURL); got != c.want {
				t.Errorf("expected %s, found %s", c.want, got)
			}
		})
	}
}

// FuzzAccessOverHTTP has an API answer all of a check alike, with anything in body and headers: a probe has to come to
// its end with an outcome that is sound, and nobody may pass who is answered like everybody.
func FuzzAccessOverHTTP(f *testing.F) {
	fixtures, err := providertest.Load()
	if err != nil {
		f.Fatal(err)
	}
	for _, fixture := range fixtures {
		if fixture.Kind != "AccessCheck" {
			continue
		}
		for _, c := range fixture.Cases {
			for _, reply := range c.Replies {
				f.Add(max(reply.Status, http.StatusOK), []byte(reply.Body), reply.Headers["Proxy-Status"], reply.Headers["Content-Range"], reply.Headers["WWW-Authenticate"])
			}
		}
	}
	f.Add(200, []byte(nil), "", "0-0/*, */*", "")
	f.Add(403, []byte(nil), "cdn; error=dns_error, PostgREST; error=42501; details=\"x\"", "", `Bearer error="insufficient_scope", scope="a b"`)
	f.Fuzz(func(t *testing.T, status int, body []byte, proxyStatus, contentRange, challenge string) {
		header := http.Header{"Proxy-Status": {proxyStatus}, "Content-Range": {contentRange}, "Www-Authenticate": {challenge}}
		for _, name := range []string{"HTTP", "PostgREST"} {
			fixture, err := providertest.Find("AccessCheck", name)
			if err != nil {
				t.Fatal(err)
			}
			target := fixture.Target(fixture.Cases[providertest.Healthy], "http://127.0.0.1")
			client := &parrot{answer: probe.Answer{Status: status, Body: body, Header: header}}
			outcome := Probe(t.Context(), client, target).Outcome
			checkSound(t, outcome, target)
			if outcome[probe.Authorized].Result.Good() {
				t.Errorf("%s: who is answered like everybody passes: %v", name, providertest.Describe(outcome))
			}
			if most := 2 * len(target.Wants.Names()); client.requests > most {
				t.Errorf("%s: the probe took %d requests, want at most %d", name, client.requests, most)
			}
		}
	})
}
