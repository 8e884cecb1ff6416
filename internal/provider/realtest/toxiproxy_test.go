// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package realtest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mainstay.dev/mainstay/internal/probe"
	"mainstay.dev/mainstay/internal/provider"
	"mainstay.dev/mainstay/internal/provider/postgrestest"
	"mainstay.dev/mainstay/internal/provider/providertest"
)

// toxiproxy is Toxiproxy, a bad network between us and a server.
type toxiproxy struct {
	place
	api, address string
}

// startToxiproxy starts one in front of a server. It does no harm yet.
func startToxiproxy(t *testing.T, upstream string) toxiproxy {
	t.Helper()
	program := filepath.Join(cache(), "bin", "toxiproxy")
	_, missing := os.Stat(program)
	providertest.Need(t, missing == nil, "Toxiproxy of Shopify")
	p := toxiproxy{place: newPlace(t)}
	api := p.freePort()
	p.api, p.address = "http://127.0.0.1:"+api, "127.0.0.1:"+p.freePort()
	p.background(exec.Command(program, "-host", "127.0.0.1", "-port", api))
	p.await("Toxiproxy listens", func() bool { return answers(api) })
	p.post("/proxies", map[string]any{"name": "server", "listen": p.address, "upstream": upstream, "enabled": true})
	return p
}

func (p toxiproxy) post(path string, body map[string]any) {
	p.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		p.Fatal(err)
	}
	answer, err := http.Post(p.api+path, "application/json", bytes.NewReader(data))
	if err != nil {
		p.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode >= 300 {
		p.Fatalf("POST %s: %s", path, answer.Status)
	}
}

// spoil does something to what the server says.
func (p toxiproxy) spoil(kind string, attributes map[string]any) {
	p.post("/proxies/server/toxics", map[string]any{"type": kind, "stream": "downstream", "attributes": attributes})
}

// heal does no harm any more.
func (p toxiproxy) heal() { p.post("/reset", nil) }

// TestABadWayToADatabase holds that no way in which a network fails keeps a probe longer than its time, is taken for
// an answer, or leaves something behind at the server.
func TestABadWayToADatabase(t *testing.T) {
	t.Parallel()
	server := postgrestest.For(t)
	proxy := startToxiproxy(t, server.Address)
	target := accessTarget(server,
		probe.Expectation{Name: "own", Postgres: rowsOf("app: SELECT orders", "acme")},
		probe.Expectation{Name: "others", Denied: true, Postgres: rowsOf("app: SELECT orders", "globex")},
	)
	target.BaseURL = "postgres://" + proxy.address
	milliseconds := func(n int) map[string]any { return map[string]any{"latency": n} }
	for _, c := range []struct {
		name  string
		spoil func()
		// brief is what keeps the probe from a verdict; empty where it has one.
		brief string
		// limited says that only the probe's own time ends it.
		limited bool
	}{
		{"nothing is wrong", func() {}, "", false},
		{"each answer takes a moment", func() { proxy.spoil("latency", milliseconds(20)) }, "", false},
		{"answers come in pieces", func() { proxy.spoil("slicer", map[string]any{"average_size": 16, "size_variation": 8, "delay": 10}) }, "", false},
		{"each answer takes longer than the probe may", func() { proxy.spoil("latency", milliseconds(60_000)) }, "Failed TimedOut", true},
		{"all answers together do", func() { proxy.spoil("latency", milliseconds(400)) }, "Failed TimedOut", true},
		{"no answer comes", func() { proxy.spoil("timeout", map[string]any{"timeout": 0}) }, "Failed TimedOut", true},
		{"a byte comes now and then", func() { proxy.spoil("slicer", map[string]any{"average_size": 1, "delay": 100_000}) }, "Failed TimedOut", true},
		{"the connection is reset", func() { proxy.spoil("reset_peer", map[string]any{"timeout": 0}) }, "Failed ConnectionClosed", false},
		{"the connection is cut within TLS", func() { proxy.spoil("limit_data", map[string]any{"bytes": 300}) }, "Failed ConnectionClosed", false},
		{"the connection is cut within the transaction", func() { proxy.spoil("limit_data", map[string]any{"bytes": 3_000}) }, "Failed ConnectionClosed", false},
		{"nothing listens", func() { proxy.post("/proxies/server", map[string]any{"enabled": false}) }, "Failed ConnectionRefused", false},
		{"nothing is wrong any more", func() {}, "", false},
	} {
		c.spoil()
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		if c.limited {
			ctx, cancel = context.WithTimeout(t.Context(), 2*time.Second)
		}
		client := probe.NewNetwork(probe.NetworkOptions{Guard: probe.Guard{AllowCIDRs: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}})
		outcome := providertest.Describe(provider.Probe(ctx, client, target).Outcome)
		if !c.limited && ctx.Err() != nil {
			t.Errorf("%s: the probe took all of its time", c.name)
		}
		cancel()
		if got := brief(outcome); got != c.brief {
			t.Errorf("%s: expected %q, found %v", c.name, c.brief, outcome)
		}
		proxy.heal()
		proxy.await("the server has no session of ours any more", func() bool {
			open, err := server.Ask("postgres", "SELECT count(*) FROM pg_stat_activity WHERE usename = '"+postgrestest.Checker+"'")
			return err == nil && strings.TrimSpace(open) == "0"
		})
	}
}
