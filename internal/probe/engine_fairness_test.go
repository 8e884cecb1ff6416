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

// TestNamespacesTakeTurnsInABudget has one namespace with very many objects and another with few, all with one
// key, whose requests cannot be shared.
func TestNamespacesTakeTurnsInABudget(t *testing.T) {
	for name, elsewhere := range map[string]int{
		"where the small one has nothing else":             0,
		"where the small one is served at other hosts too": 5,
	} {
		t.Run(name, func(t *testing.T) {
			amongVendors(t, probe.Options{}, func(w *world, v *vendor) {
				for i := range 100 {
					w.have(dependency{namespace: "large", name: fmt.Sprint(i), host: fmt.Sprint("api.one.com/large", i), key: "k1"})
				}
				for i := range elsewhere {
					w.have(dependency{
						namespace: "small", name: fmt.Sprint("other", i), host: fmt.Sprintf("small%d.com", i), key: "k2", period: 10 * second,
					})
				}
				w.at(10 * time.Minute)
				for i := range 3 {
					w.have(dependency{namespace: "small", name: fmt.Sprint(i), host: fmt.Sprint("api.one.com/small", i), key: "k1"})
				}
				w.at(11*time.Minute + 5*second)
				if n := len(v.requests("api.one.com/small")); n != 3 {
					t.Errorf("expected the small namespace to have every second request, found %d in a minute", n)
				}
			})
		})
	}
}

// TestEveryNamespaceHasItsTurnInABudget has some namespaces of different sizes, and looks at who was served.
func TestEveryNamespaceHasItsTurnInABudget(t *testing.T) {
	amongVendors(t, probe.Options{}, func(w *world, v *vendor) {
		for n := range 4 {
			for i := range 100 >> n {
				w.have(dependency{
					namespace: fmt.Sprint("n", n), name: fmt.Sprint(i), host: fmt.Sprintf("api.one.com/n%d/%d", n, i), key: "k1",
				})
			}
		}
		w.at(3 * time.Minute)
		for n := range 4 {
			if got := len(v.requests(fmt.Sprintf("/n%d/", n))); got < 5 || got > 7 {
				t.Errorf("n%d: expected a fourth of the 24 requests, found %d", n, got)
			}
		}
	})
}

// TestAnOutageDoesNotChangeThePeriod: a probe that fails early asks for less than one that goes through.
func TestAnOutageDoesNotChangeThePeriod(t *testing.T) {
	amongVendors(t, probe.Options{}, func(w *world, v *vendor) {
		many := with(shop, func(d *dependency) {
			for i := range 15 {
				d.models = append(d.models, fmt.Sprint("m", i))
			}
		})
		w.have(many)
		w.at(30 * second)
		before, told := w.verdict(many.id()).EffectivePeriod, w.told(many.id())
		v.play(always(status(503)))
		w.at(6 * time.Minute)
		if bad := w.verdict(many.id()).Stages[probe.Reachable].Bad; bad == 0 {
			t.Fatal("expected the outage to be seen")
		}
		v.play(nil)
		w.at(20 * time.Minute)
		if got := w.verdict(many.id()).EffectivePeriod; got != before {
			t.Errorf("expected the same period after the outage, found %s before and %s after", before, got)
		}
		// Once for what was found, and once for the end of it.
		if n := w.told(many.id()) - told; n > 3 {
			t.Errorf("expected the period to be told of no more, found %d calls", n)
		}
	})
}

// TestAskingDoesNotMakeAProofYounger has a provider that cannot be asked, and an owner who asks again and again.
func TestAskingDoesNotMakeAProofYounger(t *testing.T) {
	amongVendors(t, probe.Options{}, func(w *world, v *vendor) {
		w.have(shop)
		w.at(1 * second)
		v.play(func(ctx context.Context, _ probe.Request) probe.Answer { <-ctx.Done(); return status(200) })
		for i := range 180 {
			w.at(time.Duration(2+5*i) * second)
			w.request(shop, fmt.Sprint(i))
		}
		if got := w.verdict(shop.id()).Doubt; got != probe.ProofTooOld {
			t.Errorf("expected the proof to be too old after 15 minutes, found %v", got)
		}
	})
}

// TestNamespacesTakeTurnsWhereTheyWait has a namespace that is served at other hosts just before each place at a
// crowded host is free.
func TestNamespacesTakeTurnsWhereTheyWait(t *testing.T) {
	amongVendors(t, probe.Options{}, func(w *world, v *vendor) {
		v.play(func(_ context.Context, r probe.Request) probe.Answer {
			if strings.HasPrefix(r.URL, "https://slow.com") {
				time.Sleep(8 * second)
			}
			return status(200)
		})
		for i := range 10 {
			w.at(time.Duration(i)*second + second/10)
			w.have(dependency{namespace: "large", name: fmt.Sprint(i), host: fmt.Sprint("slow.com/large", i), key: fmt.Sprint("l", i)})
			w.at(time.Duration(i)*second + second/2)
			w.have(dependency{
				namespace: "small", name: fmt.Sprint("other", i), host: fmt.Sprintf("small%d.com", i), key: "k", period: 10 * second,
			})
		}
		for i := range 100 {
			w.have(dependency{namespace: "large", name: fmt.Sprint("more", i), host: fmt.Sprint("slow.com/more", i), key: fmt.Sprint("m", i)})
		}
		w.at(10 * second)
		for i := range 3 {
			w.have(dependency{namespace: "small", name: fmt.Sprint(i), host: fmt.Sprint("slow.com/small", i), key: fmt.Sprint("s", i)})
		}
		w.at(17 * second)
		if n := len(v.requests("slow.com/small")); n != 3 {
			t.Errorf("expected the small namespace to have every second place, found %d of 3 in seven seconds", n)
		}
	})
}
