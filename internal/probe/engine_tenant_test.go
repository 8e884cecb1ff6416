// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mainstay.dev/mainstay/internal/probe"
)

// These are stories of a tenant who may create dependencies in one namespace, and of what that does to others.

// TestWhoAsksWithoutACredentialSlowsNobodyElse has one namespace ask for very much at a host that another asks
// too, both without a credential.
func TestWhoAsksWithoutACredentialSlowsNobodyElse(t *testing.T) {
	amongVendors(t, probe.Options{}, func(w *world, v *vendor) {
		evil := dependency{namespace: "evil", name: "many", host: "login.one.com/evil", period: 10 * second}
		for i := range 32 {
			evil.models = append(evil.models, fmt.Sprint("path", i))
		}
		honest := dependency{namespace: "shop", name: "signin", host: "login.one.com/shop"}
		w.have(evil, honest)
		w.at(10*time.Minute + second)
		var want []time.Duration
		for minute := range 11 {
			want = append(want, time.Duration(minute)*time.Minute)
		}
		if diff := cmp.Diff(want, v.times("/shop")); diff != "" {
			t.Errorf("expected a probe each minute (-want +found):\n%s", diff)
		}
		if got := w.verdict(honest.id()).EffectivePeriod; got != 0 {
			t.Errorf("expected the period asked for, found %s", got)
		}
		if n := len(v.requests("/evil")); n > 6+33+60 {
			t.Errorf("expected 6 requests a minute of who asks too much, found %d in ten minutes", n)
		}
	})
}

// TestWhatIsAskedWithoutACredentialIsSharedWithinANamespace has two namespaces with objects that ask for the same.
func TestWhatIsAskedWithoutACredentialIsSharedWithinANamespace(t *testing.T) {
	amongVendors(t, probe.Options{}, func(w *world, v *vendor) {
		for i := range 20 {
			w.have(
				dependency{namespace: "shop", name: fmt.Sprint(i), host: "login.one.com"},
				dependency{namespace: "blog", name: fmt.Sprint(i), host: "login.one.com"},
			)
		}
		w.at(10 * second)
		before := len(v.requests(""))
		w.at(10*time.Minute + 10*second)
		if n := len(v.requests("")) - before; n != 20 {
			t.Errorf("expected one request a minute for each namespace, found %d in ten minutes", n)
		}
	})
}

// hangAt has a vendor answer at once, but for hosts of a name, which never do.
func hangAt(name string) func(context.Context, probe.Request) probe.Answer {
	return func(ctx context.Context, r probe.Request) probe.Answer {
		if strings.HasPrefix(r.URL, "https://"+name) {
			<-ctx.Done()
			return probe.Answer{Fault: probe.TimedOut, Connected: true}
		}
		return status(200)
	}
}

// haveHung has a namespace hold on to as many places as it can get.
func (w *world) haveHung(namespace string, n int) {
	for i := range n {
		d := dependency{namespace: namespace, name: fmt.Sprint("hung", i), host: fmt.Sprintf("hung%d.com", i), key: "k"}
		target := d.target()
		target.Timeout = 300 * second
		w.Set(d.id(), target, fresh(d.namespace+d.name))
	}
}

func TestANamespaceHoldsNoMoreThanAQuarterOfThePlaces(t *testing.T) {
	amongVendors(t, probe.Options{MaxInFlight: 16}, func(w *world, v *vendor) {
		v.play(hangAt("hung"))
		w.haveHung("evil", 40)
		w.at(1 * second)
		if got := w.Stats(); got.InFlight != 4 || got.Waiting != 36 {
			t.Errorf("expected 4 of 16 places to be taken and 36 to be waited for, found %+v", got)
		}
		w.have(shop)
		w.at(3 * time.Minute)
		if diff := cmp.Diff([]time.Duration{1 * second, 61 * second, 121 * second}, v.times("api.one.com")); diff != "" {
			t.Errorf("expected another namespace to wait for nothing (-want +found):\n%s", diff)
		}
	})
}

// TestWhoWaitsForAPlaceOfItsNamespaceHoldsNothing has a namespace that hangs ask a host that others ask too, with
// many keys of its own and with theirs.
func TestWhoWaitsForAPlaceOfItsNamespaceHoldsNothing(t *testing.T) {
	amongVendors(t, probe.Options{MaxInFlight: 16}, func(w *world, v *vendor) {
		v.play(hangAt("hung"))
		w.haveHung("evil", 40)
		w.have(shop)
		w.at(1 * second)
		for i := range 20 {
			w.have(dependency{namespace: "evil", name: fmt.Sprint(i), host: "api.one.com/evil", key: fmt.Sprint("e", i)})
		}
		w.have(dependency{namespace: "evil", name: "theirs", host: "api.one.com/evil", key: shop.key})
		w.at(2 * second)
		w.have(with(blog, func(d *dependency) { d.host, d.key = "api.one.com/blog", "k2" }))
		w.at(179 * second)
		for _, want := range []struct {
			of    string
			times []time.Duration
		}{
			{"api.one.com/blog", []time.Duration{2 * second, 62 * second, 122 * second}},
			{"api.one.com/evil", nil},
			{"api.one.com/", []time.Duration{0, 2 * second, 60 * second, 62 * second, 120 * second, 122 * second}},
		} {
			if diff := cmp.Diff(want.times, v.times(want.of)); diff != "" {
				t.Errorf("requests to %s (-want +found):\n%s", want.of, diff)
			}
		}
	})
}

// TestWhoWaitedForAPlaceOfItsNamespaceHasItsTurn has namespaces that want far more places than they have, at hosts
// of their own and at one whose places are taken.
func TestWhoWaitedForAPlaceOfItsNamespaceHasItsTurn(t *testing.T) {
	amongVendors(t, probe.Options{MaxInFlight: 16}, func(w *world, v *vendor) {
		v.play(func(context.Context, probe.Request) probe.Answer {
			time.Sleep(5 * second)
			return status(200)
		})
		for i := range 60 {
			for n, namespace := range []string{"a", "b", "c"} {
				host := fmt.Sprintf("%s%d.com", namespace, i)
				if i%3 == n {
					host = "crowded.com"
				}
				w.have(dependency{namespace: namespace, name: fmt.Sprint(i), host: host, key: fmt.Sprint(namespace, i), period: time.Hour})
			}
		}
		w.at(1 * second)
		if got := w.Stats(); got.InFlight != 12 || got.Waiting != 168 {
			t.Errorf("expected 4 places of each namespace to be taken, found %+v", got)
		}
		w.Remove(probe.ID{Kind: "AIProvider", Namespace: "a", Name: "59"})
		// 60 probes of 5 s each in 4 places.
		w.at(75*second + 1)
		if got := w.Stats(); got.InFlight != 0 || got.Waiting != 0 || len(w.counted()) != 179 {
			t.Errorf("expected all to have had their turn, found %d probes and %+v", len(w.counted()), got)
		}
	})
}

// TestAnObjectThatIsMadeAnewBringsNoPlace makes objects anew while their probes hang.
func TestAnObjectThatIsMadeAnewBringsNoPlace(t *testing.T) {
	amongVendors(t, probe.Options{MaxInFlight: 16}, func(w *world, v *vendor) {
		v.play(func(context.Context, probe.Request) probe.Answer {
			time.Sleep(time.Minute) // It does not even end when it is told to.
			return status(200)
		})
		for range 5 {
			w.haveHung("evil", 10)
			w.at(time.Since(w.epoch) + second)
			for i := range 10 {
				w.Remove(probe.ID{Kind: "AIProvider", Namespace: "evil", Name: fmt.Sprint("hung", i)})
			}
		}
		if n := len(v.requests("")); n != 4 {
			t.Errorf("expected 4 requests for 4 places, found %d", n)
		}
		w.at(3 * time.Minute)
	})
}

func TestOwnersRequestsComeFirstAmongThoseOfANamespace(t *testing.T) {
	amongVendors(t, probe.Options{MaxInFlight: 4}, func(w *world, v *vendor) {
		w.have(shop)
		w.at(15 * second)
		v.play(func(context.Context, probe.Request) probe.Answer {
			time.Sleep(4 * second)
			return status(200)
		})
		for i := range 10 {
			w.have(dependency{namespace: "shop", name: fmt.Sprint(i), host: fmt.Sprintf("slow%d.com", i), key: "k"})
		}
		w.at(16 * second)
		w.request(shop, "now")
		w.at(20 * second)
		if diff := cmp.Diff([]time.Duration{0, 19 * second}, v.times("api.one.com")); diff != "" {
			t.Errorf("expected the next place of the namespace to be theirs (-want +found):\n%s", diff)
		}
	})
}

// TestThePlacesOfANamespaceGoFromHostToHost has a credential that is never done with all that is asked with it.
func TestThePlacesOfANamespaceGoFromHostToHost(t *testing.T) {
	amongVendors(t, probe.Options{MaxInFlight: 4}, func(w *world, v *vendor) {
		v.play(func(context.Context, probe.Request) probe.Answer {
			time.Sleep(second)
			return status(200)
		})
		for i := range 50 {
			d := dependency{namespace: "shop", name: fmt.Sprint(i), host: fmt.Sprint("busy.com/", i), key: "k", period: 10 * second}
			target := d.target()
			target.RequestsPerMinute = 1e6
			w.Set(d.id(), target, fresh(d.name))
		}
		w.at(2 * second)
		w.have(shop)
		w.at(10 * second)
		if n := len(v.requests("api.one.com")); n != 1 {
			t.Errorf("expected another host to have its turn, found %d requests in eight seconds", n)
		}
	})
}
