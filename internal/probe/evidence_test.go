// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"mainstay.dev/mainstay/internal/probe"
)

// at returns a dependency at a host, with a key of its own.
func at(host string) dependency {
	return dependency{namespace: "shop", name: host, host: host, key: "k of " + host}
}

func TestAClosedWayOutIsNobodysFault(t *testing.T) {
	var told []bool
	o := probe.Options{Egress: func(closed bool) { told = append(told, closed) }}
	amongVendors(t, o, func(w *world, v *vendor) {
		told = nil
		one, two, three, inside := at("api.one.com"), at("api.two.com"), at("mail.two.com"), at("llm.shop.svc.cluster.local")
		all := []dependency{one, two, three}
		w.have(one, two, three, inside)
		w.at(30 * second)
		v.play(func(ctx context.Context, r probe.Request) probe.Answer {
			if strings.Contains(r.URL, "cluster.local") {
				return status(200)
			}
			return cut(ctx, r)
		})
		w.at(200 * second)
		for _, d := range all {
			got := w.verdict(d.id())
			if s := got.Stages[probe.Reachable]; s.Firm || got.Doubt != (probe.Symptom{}) {
				t.Errorf("%s: expected the verdict to stand still, found %+v and doubt %v", d.name, s, got.Doubt)
			}
		}
		if !w.Stats().EgressClosed || len(told) != 1 || !told[0] || w.ignored()[probe.NoEgress] == 0 {
			t.Errorf("expected it to be told once that the way out is closed, found %v, %+v, %v", told, w.Stats(), w.ignored())
		}
		w.at(390 * second)
		for _, d := range all {
			if got := w.verdict(d.id()).Doubt; got != probe.ClusterEgressDown {
				t.Errorf("%s: expected doubt after five minutes, found %v", d.name, got)
			}
		}
		if got := w.verdict(inside.id()); got.Doubt != (probe.Symptom{}) || got.Stages[probe.Reachable].Finding.Result != probe.Passed {
			t.Errorf("expected what is inside the cluster to be probed as ever, found %+v", got)
		}
		v.play(nil)
		w.at(405 * second)
		for _, d := range all {
			if got := w.verdict(d.id()); got.Doubt != (probe.Symptom{}) || got.Stages[probe.Reachable].Finding.Result != probe.Passed {
				t.Errorf("%s: expected the doubt to end with the next probe, 10 s later, found %+v", d.name, got)
			}
		}
		if w.Stats().EgressClosed || len(told) != 2 || told[1] {
			t.Errorf("expected it to be told that the way out is open, found %v", told)
		}
	})
}

// What is probed seldom fails seldom, and is no nearer for that.
func TestAClosedWayOutStaysClosedUntilSomethingIsReached(t *testing.T) {
	var told []bool
	o := probe.Options{Egress: func(closed bool) { told = append(told, closed) }}
	amongVendors(t, o, func(w *world, v *vendor) {
		told = nil
		all := []dependency{at("api.one.com"), at("api.two.com"), at("mail.two.com"), at("api.four.com")}
		for i := range all {
			all[i].period = 5 * time.Minute
		}
		w.have(all...)
		w.at(30 * second)
		v.play(cut)
		w.at(40 * time.Minute)
		if len(told) != 1 || !told[0] {
			t.Errorf("expected it to be told once that the way out is closed, found %v", told)
		}
		for _, d := range all {
			got := w.verdict(d.id())
			if s := got.Stages[probe.Reachable]; s.Firm || got.Doubt != probe.ClusterEgressDown {
				t.Errorf("%s: expected nothing but the doubt, found %+v and doubt %v", d.name, s, got.Doubt)
			}
		}
		v.play(nil)
		w.at(42 * time.Minute)
		if w.Stats().EgressClosed || len(told) != 2 || told[1] {
			t.Errorf("expected it to be told that the way out is open, found %v", told)
		}
	})
}

func TestWhatIsNoClosedWayOut(t *testing.T) {
	timedOutLate := probe.Answer{Fault: probe.TimedOut, Connected: true}
	vendors := []string{"api.one.com", "api.two.com", "api.three.com"}
	for name, c := range map[string]struct {
		hosts  []string
		answer func(context.Context, probe.Request) probe.Answer
		spec   func(*probe.Target)
	}{
		"hosts that specs made up": {hosts: vendors, answer: cut, spec: func(t *probe.Target) { t.OwnHost = true }},
		"regions that specs made up": {hosts: []string{"bedrock.nowhere-1.one.com", "ses.nowhere-1.one.com", "eu9.two.com"}, answer: cut,
			spec: func(t *probe.Target) { t.Place = "nowhere-1" }},
		"certificates that specs do not trust": {hosts: vendors, answer: always(probe.Answer{Fault: probe.CertificateInvalid}),
			spec: func(t *probe.Target) { t.CA = &probe.CA{} }},
		"two hosts alone":                   {hosts: []string{"api.one.com", "api.two.com"}, answer: cut},
		"hosts of one domain":               {hosts: []string{"a.one.com", "b.one.com", "c.one.com"}, answer: cut},
		"hosts inside the cluster":          {hosts: []string{"a.shop.svc", "b.blog.svc.cluster.local", "10.0.0.7"}, answer: cut},
		"connections, but no answers":       {hosts: vendors, answer: always(timedOutLate)},
		"what the dial guard does not want": {hosts: vendors, answer: always(probe.Answer{Fault: probe.AddressRefused})},
		"one that answers among many": {hosts: []string{"api.one.com", "api.two.com", "api.ok.com"}, answer: func(ctx context.Context, r probe.Request) probe.Answer {
			if strings.Contains(r.URL, "ok") {
				return status(500)
			}
			return cut(ctx, r)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			amongVendors(t, probe.Options{}, func(w *world, v *vendor) {
				v.play(c.answer)
				for _, host := range c.hosts {
					target := at(host).target()
					if c.spec != nil {
						c.spec(&target)
					}
					w.Set(at(host).id(), target, fresh(host))
				}
				w.at(5 * time.Minute)
				if got := w.ignored(); w.Stats().EgressClosed || len(got) > 0 {
					t.Errorf("expected every report to count, found %v ignored", got)
				}
			})
		})
	}
}

func TestAnAnswerShowsThatTheWayOutIsOpen(t *testing.T) {
	amongVendors(t, probe.Options{}, func(w *world, v *vendor) {
		v.play(func(ctx context.Context, r probe.Request) probe.Answer {
			if strings.Contains(r.URL, "ok") {
				return status(200)
			}
			return cut(ctx, r)
		})
		w.have(at("api.one.com"))
		w.at(1 * second)
		w.have(at("api.ok.com"))
		w.at(2 * second)
		w.have(at("api.two.com"), at("api.three.com"))
		w.at(9 * second)
		if w.Stats().EgressClosed {
			t.Error("expected that what failed before an answer came does not count")
		}
	})
}

func TestAWayOutIsNotClosedOnceNobodyTriesIt(t *testing.T) {
	amongVendors(t, probe.Options{}, func(w *world, v *vendor) {
		v.play(cut)
		all := []dependency{at("api.one.com"), at("api.two.com"), at("api.three.com")}
		w.have(all...)
		w.at(25 * second)
		if !w.Stats().EgressClosed {
			t.Fatal("expected the way out to be closed")
		}
		for _, d := range all {
			w.Remove(d.id())
		}
		w.at(2 * time.Minute)
		if w.Stats().EgressClosed {
			t.Error("expected that nothing is said of what nobody tries")
		}
	})
}

// refuse has a vendor refuse the named keys.
func refuse(keys ...string) func(context.Context, probe.Request) probe.Answer {
	refused := map[probe.Fingerprint]bool{}
	for _, key := range keys {
		refused[probe.NewSecret(key).Fingerprint()] = true
	}
	return func(_ context.Context, r probe.Request) probe.Answer {
		if refused[r.Credential.Fingerprint()] {
			return status(401)
		}
		return status(200)
	}
}

func TestManyKeysThatAreRefusedAtOnce(t *testing.T) {
	const incident, revoked = "the provider's", "the keys'"
	for name, c := range map[string]struct {
		keys    int
		refused []string
		// story refuses keys in its own way; nil for all at once.
		story func(*world, *vendor)
		want  string
	}{
		"three of three": {keys: 3, refused: []string{"k0", "k1", "k2"}, want: incident},
		"two of two":     {keys: 2, refused: []string{"k0", "k1"}, want: revoked},
		"three of ten":   {keys: 10, refused: []string{"k0", "k1", "k2"}, want: revoked},
		"six of ten":     {keys: 10, refused: []string{"k0", "k1", "k2", "k3", "k4", "k5"}, want: incident},
		"three over half an hour": {keys: 3, refused: []string{"k0", "k1", "k2"}, want: revoked, story: func(w *world, v *vendor) {
			v.play(refuse("k0"))
			w.at(15 * time.Minute)
			v.play(refuse("k0", "k1"))
			w.at(30 * time.Minute)
			v.play(refuse("k0", "k1", "k2"))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			amongVendors(t, probe.Options{}, func(w *world, v *vendor) {
				for i := range c.keys {
					w.have(dependency{namespace: "shop", name: fmt.Sprint("k", i), host: "api.one.com", key: fmt.Sprint("k", i)})
				}
				w.at(30 * second)
				began := 30 * second
				if c.story != nil {
					c.story(w, v)
					began = 30 * time.Minute
				} else {
					v.play(refuse(c.refused...))
				}
				w.at(began + 2*time.Minute)
				for _, key := range c.refused {
					d := dependency{namespace: "shop", name: key}
					found := revoked
					if w.symptom(d, probe.Reachable) == probe.KeysRefused {
						found = incident
					}
					if found != c.want {
						t.Errorf("%s: expected it to be %s fault, found %s: %+v", key, c.want, found, w.verdict(d.id()).Stages)
					}
				}
				for i := len(c.refused); i < c.keys; i++ {
					if got := w.symptom(dependency{namespace: "shop", name: fmt.Sprint("k", i)}, probe.Reachable); got != (probe.Symptom{}) {
						t.Errorf("k%d: expected a key that is accepted to be left alone, found %v", i, got)
					}
				}
			})
		})
	}
}

func TestKeysThatWereNeverAcceptedAreNoIncident(t *testing.T) {
	amongVendors(t, probe.Options{}, func(w *world, v *vendor) {
		v.play(always(status(401)))
		for i := range 5 {
			w.have(dependency{namespace: "shop", name: fmt.Sprint("k", i), host: "api.one.com", key: fmt.Sprint("k", i)})
		}
		w.at(2 * time.Minute)
		if got := w.symptom(dependency{namespace: "shop", name: "k0"}, probe.Authenticated); got != probe.KeyRejected {
			t.Errorf("expected KeyRejected, found %v", got)
		}
	})
}

func TestAnIncidentIsNotBelievedForever(t *testing.T) {
	amongVendors(t, probe.Options{}, func(w *world, v *vendor) {
		for i := range 3 {
			w.have(dependency{namespace: "shop", name: fmt.Sprint("k", i), host: "api.one.com", key: fmt.Sprint("k", i)})
		}
		w.at(30 * second)
		v.play(always(status(401)))
		k0 := dependency{namespace: "shop", name: "k0"}
		w.at(55 * time.Minute)
		if got := w.symptom(k0, probe.Reachable); got != probe.KeysRefused {
			t.Errorf("expected an incident within the hour, found %v", got)
		}
		w.at(70 * time.Minute)
		if w.symptom(k0, probe.Reachable) != (probe.Symptom{}) || w.symptom(k0, probe.Authenticated) != probe.KeyRejected {
			t.Errorf("expected the keys to be to blame after an hour, found %v", w.symptom(k0, probe.Reachable))
		}
	})
}

const page = "https://status.one.com/api/v2/summary.json"

func TestTheStatusPageIsReadOnceForAll(t *testing.T) {
	amongVendors(t, probe.Options{}, func(w *world, v *vendor) {
		v.play(func(_ context.Context, r probe.Request) probe.Answer {
			if r.URL == page {
				if !r.Credential.IsZero() {
					t.Error("a credential was sent to the status page")
				}
				return probe.Answer{Status: 200, Body: []byte(`{"status":{"indicator":"major"}}`)}
			}
			return status(503)
		})
		for i := range 6 {
			d := dependency{namespace: "shop", name: fmt.Sprint(i), host: "api.one.com", key: fmt.Sprint("k", i)}
			target := d.target()
			target.StatusPage.URL = page
			w.Set(d.id(), target, fresh(d.name))
		}
		w.at(50 * second)
		if n := len(v.requests(page)); n != 1 {
			t.Errorf("expected the page to be read once a minute, found %d", n)
		}
		w.at(70 * second)
		for i := range 6 {
			d := dependency{namespace: "shop", name: fmt.Sprint(i)}
			if got := w.symptom(d, probe.Reachable); got != probe.IncidentReported {
				t.Errorf("%d: expected the incident, found %v", i, got)
			}
		}
	})
}

func TestAStatusPageDecidesNothingElse(t *testing.T) {
	trouble := []byte(`{"status":{"indicator":"critical"}}`)
	for name, c := range map[string]struct {
		api, page probe.Answer
		reads     bool
		want      probe.Symptom
	}{
		"a key that is rejected is the key's fault": {status(401), probe.Answer{Status: 200, Body: trouble}, false, probe.KeyRejected},
		"a provider that is well is not asked":      {status(200), probe.Answer{Status: 200, Body: trouble}, false, probe.Symptom{}},
		"a page that is well":                       {status(500), probe.Answer{Status: 200, Body: []byte(`{"status":{"indicator":"none"}}`)}, true, probe.ServerError},
		"a page that cannot be read":                {status(500), probe.Answer{Fault: probe.TimedOut}, true, probe.ServerError},
		"a page that is down too":                   {status(500), probe.Answer{Status: 503, Body: trouble}, true, probe.ServerError},
		"a page that is something else":             {status(500), probe.Answer{Status: 200, Body: []byte("<html>")}, true, probe.ServerError},
		"a timeout, and a page with trouble":        {probe.Answer{Fault: probe.TimedOut}, probe.Answer{Status: 200, Body: trouble}, true, probe.IncidentReported},
		"a refused connection is not asked about":   {probe.Answer{Fault: probe.ConnectionRefused}, probe.Answer{Status: 200, Body: trouble}, false, probe.ConnectionRefused},
	} {
		t.Run(name, func(t *testing.T) {
			amongVendors(t, probe.Options{}, func(w *world, v *vendor) {
				v.play(func(_ context.Context, r probe.Request) probe.Answer {
					if r.URL == page {
						return c.page
					}
					return c.api
				})
				target := shop.target()
				target.StatusPage.URL = page
				w.Set(shop.id(), target, fresh("a"))
				w.at(1 * second)
				stage := probe.Reachable
				if c.want == probe.KeyRejected {
					stage = probe.Authenticated
				}
				if got := w.symptom(shop, stage); got != c.want {
					t.Errorf("expected %v, found %v", c.want, got)
				}
				if read := len(v.requests(page)) > 0; read != c.reads {
					t.Errorf("expected the page to be read: %t, found %t", c.reads, read)
				}
			})
		})
	}
}
