// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mainstay.dev/mainstay/internal/probe"
)

var (
	shop = dependency{namespace: "shop", name: "assistant", host: "api.one.com", key: "k1"}
	blog = dependency{namespace: "blog", name: "summaries", host: "api.one.com", key: "k1"}
)

func with(d dependency, edit func(*dependency)) dependency {
	edit(&d)
	return d
}

// TestTheBudgetOfACredential has many objects, each with requests of its own, and one key.
func TestTheBudgetOfACredential(t *testing.T) {
	amongVendors(t, probe.Options{}, func(w *world, v *vendor) {
		for i := range 30 {
			w.have(dependency{
				namespace: []string{"shop", "blog"}[i%2], name: fmt.Sprint(i), host: fmt.Sprint("api.one.com/", i), key: "k1",
			})
		}
		last := time.Hour
		w.at(last)
		times := v.times("")
		// A minute's share is there at the beginning; after that six a minute.
		for from := range times {
			for to := from; to < len(times); to++ {
				if most := 6 + (times[to]-times[from]).Minutes()*6 + 1e-6; float64(to-from) > most {
					t.Fatalf("expected at most %.1f requests after the first in %s, found %d", most, times[to]-times[from], to-from)
				}
			}
		}
		if len(times) < 300 {
			t.Errorf("expected the share to be used, found %d requests in an hour", len(times))
		}
		perObject := map[string]int{}
		for _, a := range v.requests("") {
			perObject[a.url]++
		}
		for url, n := range perObject {
			if n < 8 || n > 16 {
				t.Errorf("%s: expected every object to have its turn about as often, found %d", url, n)
			}
		}
		for i := range 30 {
			d := dependency{namespace: []string{"shop", "blog"}[i%2], name: fmt.Sprint(i)}
			if got := w.verdict(d.id()); got.EffectivePeriod < 5*time.Minute || got.Doubt != (probe.Symptom{}) {
				t.Errorf("%d: expected a period of 5 minutes or more and no doubt, found %s and %v", i, got.EffectivePeriod, got.Doubt)
			}
		}
	})
}

func TestAPeriodIsStretchedWhileTheShareIsTooSmall(t *testing.T) {
	amongVendors(t, probe.Options{}, func(w *world, v *vendor) {
		many := with(shop, func(d *dependency) {
			for i := range 15 {
				d.models = append(d.models, fmt.Sprint("m", i))
			}
		})
		w.have(many)
		w.at(1 * second)
		if got := w.verdict(many.id()).EffectivePeriod; got < 160*second || got > 300*second {
			t.Errorf("expected 16 requests at 6 a minute to take 160 s or a little more, found %s", got)
		}
		w.at(1800 * second)
		if n := len(v.requests("")); n > 6+16+180 {
			t.Errorf("expected 6 a minute, found %d in half an hour", n)
		}
		told := w.told(many.id())
		next := fresh("shopassistant")
		next.Key.Generation++
		w.Set(shop.id(), shop.target(), next)
		w.at(2000 * second)
		if got := w.verdict(shop.id()).EffectivePeriod; got != 0 {
			t.Errorf("expected the period asked for once one request is enough, found %s", got)
		}
		if told > 2 {
			t.Errorf("expected the period to be told once, found %d calls", told)
		}
	})
}

func TestAVendorsLimitMakesTheShareLarger(t *testing.T) {
	amongVendors(t, probe.Options{}, func(w *world, v *vendor) {
		for i := range 30 {
			d := with(shop, func(d *dependency) { d.name, d.host = fmt.Sprint(i), fmt.Sprint("api.one.com/", i) })
			target := d.target()
			target.RequestsPerMinute = 30
			w.Set(d.id(), target, fresh(d.name))
		}
		w.at(10 * second)
		if n := len(v.requests("")); n != 30 {
			t.Errorf("expected all within the share at once, found %d", n)
		}
	})
}

func TestTheLeastLimitThatIsStatedHolds(t *testing.T) {
	for name, c := range map[string]struct {
		stated []float64
		want   int
	}{
		"stated first, and then not":  {[]float64{20, 0}, 20},
		"not stated, and then it is":  {[]float64{0, 20}, 20},
		"two, the greater one first":  {[]float64{20, 10}, 10},
		"two, the greater one second": {[]float64{10, 20}, 10},
	} {
		t.Run(name, func(t *testing.T) {
			amongVendors(t, probe.Options{}, func(w *world, v *vendor) {
				for i, stated := range append(c.stated, make([]float64, 200)...) {
					d := with(shop, func(d *dependency) { d.name, d.host = fmt.Sprint(i), fmt.Sprint("api.one.com/", i) })
					target := d.target()
					target.RequestsPerMinute, target.Period = stated, time.Hour
					w.Set(d.id(), target, fresh(d.name))
				}
				w.at(2 * time.Minute)
				before := len(v.requests(""))
				w.at(3 * time.Minute)
				if n := len(v.requests("")) - before; n < c.want-1 || n > c.want+1 {
					t.Errorf("expected %d requests a minute, found %d", c.want, n)
				}
			})
		})
	}
}

func TestAWaitThatTheProviderAsksForBindsAllWithTheCredential(t *testing.T) {
	amongVendors(t, probe.Options{}, func(w *world, v *vendor) {
		other := with(blog, func(d *dependency) { d.models = []string{"m"} })
		stranger := with(blog, func(d *dependency) { d.name, d.key = "stranger", "k2" })
		w.have(shop, other, stranger)
		w.at(30 * second)
		limited := status(429)
		limited.Header = http.Header{"Retry-After": {"60"}}
		v.play(func(_ context.Context, r probe.Request) probe.Answer {
			if r.Credential.Fingerprint() == probe.NewSecret("k1").Fingerprint() {
				return limited
			}
			return status(200)
		})
		w.request(shop, "now")
		w.at(31 * second)
		w.request(other, "now too")
		count := func() (n int) {
			for _, a := range v.requests("") {
				if a.by == probe.NewSecret("k1").Fingerprint() {
					n++
				}
			}
			return n
		}
		before := count()
		w.at(90 * second)
		if n := count() - before; n != 0 {
			t.Errorf("expected no request for 60 s, found %d", n)
		}
		for _, d := range []dependency{shop, other} {
			if s := w.verdict(d.id()).Stages[probe.Authenticated]; s.Finding.Result != probe.Passed {
				t.Errorf("%s: expected what was proven to stand, found %+v", d.name, s)
			}
		}
		if got := len(w.counted()); !w.verdict(stranger.id()).Probed || got == 0 {
			t.Error("expected another credential to be probed all the time")
		}
		w.at(180 * second)
		if count() == before {
			t.Error("expected probes once the wait is over")
		}
	})
}

func TestALimitThatOurOwnRequestsHitIsNoEvidence(t *testing.T) {
	for name, c := range map[string]struct {
		models  int
		counted bool
	}{
		"within the share it is":        {models: 4, counted: true},
		"beyond the share it is not":    {models: 9, counted: false},
		"with the last one it is still": {models: 5, counted: true},
	} {
		t.Run(name, func(t *testing.T) {
			amongVendors(t, probe.Options{}, func(w *world, v *vendor) {
				d := with(shop, func(d *dependency) {
					for i := range c.models {
						d.models = append(d.models, fmt.Sprint("m", i))
					}
				})
				v.play(func(_ context.Context, r probe.Request) probe.Answer {
					if r.URL == fmt.Sprint("https://api.one.com/m", c.models-1) {
						return status(429)
					}
					return status(200)
				})
				w.have(d)
				w.at(1 * second)
				if got := w.verdict(d.id()).Probed; got != c.counted {
					t.Errorf("expected the limit to count: %t, found %t", c.counted, got)
				}
				if got := w.ignored()[probe.OwnRequests] > 0; got == c.counted {
					t.Errorf("expected the report to be ignored: %t, found %v", !c.counted, w.ignored())
				}
			})
		})
	}
}

func TestARequestDoesNotWaitForProbesThatNobodyAskedFor(t *testing.T) {
	amongVendors(t, probe.Options{}, func(w *world, v *vendor) {
		w.have(shop)
		w.at(20 * second)
		w.request(shop, "first")
		w.at(81 * second) // The next one by the period was at 80 s.
		w.request(shop, "second")
		w.at(82 * second)
		want := []time.Duration{0, 20 * second, 80 * second, 81 * second}
		if diff := cmp.Diff(want, v.times("")); diff != "" {
			t.Errorf("requests (-want +found):\n%s", diff)
		}
	})
}

func TestOwnersRequestsAreServedEveryTenSeconds(t *testing.T) {
	amongVendors(t, probe.Options{}, func(w *world, v *vendor) {
		w.have(shop)
		for i := range 5 {
			w.at(time.Duration(20+i) * second)
			w.request(shop, fmt.Sprint(i))
		}
		w.at(50 * second)
		want := []time.Duration{0, 20 * second, 30 * second}
		if diff := cmp.Diff(want, v.times("")); diff != "" {
			t.Errorf("requests (-want +found):\n%s", diff)
		}
		if got := w.verdict(shop.id()); !got.Probed || got.Key.Request != "4" {
			t.Errorf("expected the last request to be served, found %+v", got.Key)
		}
	})
}
