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

func TestAHostHasEightPlaces(t *testing.T) {
	amongVendors(t, probe.Options{}, func(w *world, v *vendor) {
		v.play(func(_ context.Context, r probe.Request) probe.Answer {
			if r.URL == "https://quick.com/" {
				return status(200)
			}
			time.Sleep(9 * second)
			return status(200)
		})
		for i := range 20 {
			w.have(dependency{namespace: "shop", name: fmt.Sprint(i), host: "slow.com", key: fmt.Sprint("k", i)})
		}
		w.have(dependency{namespace: "shop", name: "other", host: "quick.com", key: "k"})
		w.at(1 * second)
		if got := w.Stats(); got.InFlight != 8 || got.Waiting != 12 {
			t.Errorf("expected 8 in flight and 12 waiting, found %+v", got)
		}
		if n := len(v.requests("quick.com")); n != 1 {
			t.Error("expected another host not to wait")
		}
		w.at(28 * second)
		if n := len(v.requests("slow.com")); n != 20 {
			t.Errorf("expected all to have had their turn, found %d", n)
		}
	})
}

func TestNamespacesTakeTurns(t *testing.T) {
	amongVendors(t, probe.Options{MaxInFlight: 2}, func(w *world, v *vendor) {
		v.play(func(context.Context, probe.Request) probe.Answer {
			time.Sleep(4 * second)
			return status(200)
		})
		for i := range 100 {
			for _, large := range []string{"large", "larger", "largest"} {
				w.have(dependency{namespace: large, name: fmt.Sprint(i), host: fmt.Sprintf("%s%d.com", large, i), key: "k"})
			}
		}
		w.at(1 * second)
		for i := range 3 {
			w.have(dependency{namespace: "small", name: fmt.Sprint(i), host: fmt.Sprintf("small%d.com", i), key: "k"})
		}
		w.at(21 * second)
		want := []time.Duration{4 * second, 12 * second, 20 * second}
		if diff := cmp.Diff(want, v.times("small")); diff != "" {
			t.Errorf("expected the small namespace to have every fourth place (-want +found):\n%s", diff)
		}
	})
}

func TestWhatCameTooLateIsLeftOutAndCounted(t *testing.T) {
	amongVendors(t, probe.Options{MaxInFlight: 1}, func(w *world, v *vendor) {
		v.play(func(ctx context.Context, r probe.Request) probe.Answer {
			if r.URL == "https://slow.com/" {
				<-ctx.Done()
			}
			return status(200)
		})
		slow := dependency{namespace: "shop", name: "slow", host: "slow.com"}
		target := slow.target()
		target.Timeout, target.Period = 200*second, 1000*second
		w.Set(slow.id(), target, fresh("slow"))
		w.at(1 * second)
		w.have(shop)
		w.at(250 * second)
		if n := len(v.requests("api.one.com")); n != 1 {
			t.Errorf("expected one probe rather than one for each that was missed, found %d", n)
		}
		skipped := 0
		for _, o := range w.counted() {
			skipped += o.Skipped
		}
		if skipped != 3 {
			t.Errorf("expected three probes of a minute to be counted as left out in 199 s, found %d", skipped)
		}
	})
}

func TestAProofThatIsTooOldIsDoubted(t *testing.T) {
	const old = 10 * time.Minute
	amongVendors(t, probe.Options{MaxInFlight: 1}, func(w *world, v *vendor) {
		w.have(shop)
		w.at(1 * second)
		v.play(func(ctx context.Context, r probe.Request) probe.Answer {
			if r.URL == "https://slow.com/" {
				<-ctx.Done()
			}
			return status(200)
		})
		slow := dependency{namespace: "shop", name: "slow", host: "slow.com"}
		target := slow.target()
		target.Timeout, target.Period = 20*time.Minute, 10*time.Hour
		w.Set(slow.id(), target, fresh("slow"))
		w.at(old - second)
		if got := w.verdict(shop.id()).Doubt; got != (probe.Symptom{}) {
			t.Errorf("expected no doubt before ten minutes, found %v", got)
		}
		told := w.told(shop.id())
		w.at(old + 31*second)
		if got := w.verdict(shop.id()).Doubt; got != probe.ProofTooOld || w.told(shop.id()) != told+1 {
			t.Errorf("expected ProofTooOld, told once, found %v and %d calls", got, w.told(shop.id())-told)
		}
		w.at(22 * time.Minute)
		if got := w.verdict(shop.id()).Doubt; got != (probe.Symptom{}) {
			t.Errorf("expected the next probe to end the doubt, found %v", got)
		}
	})
}

func TestWhileAProviderAsksToWaitNoProofBecomesTooOld(t *testing.T) {
	hour := status(429)
	hour.Header = http.Header{"Retry-After": {"3600"}}
	amongVendors(t, probe.Options{}, func(w *world, v *vendor) {
		v.play(always(hour))
		w.have(shop)
		w.at(1 * second)
		told := w.told(shop.id())
		w.at(62 * time.Minute)
		if got := w.verdict(shop.id()).Doubt; got != (probe.Symptom{}) || len(v.requests(shop.host)) != 2 {
			t.Errorf("expected no doubt and a second request after an hour, found %v and %d requests", got, len(v.requests(shop.host)))
		}
		if w.told(shop.id()) != told {
			t.Error("expected nothing to be told of a wait")
		}
	})
}

func TestAProofIsAsOldAsItsPeriodAllows(t *testing.T) {
	amongVendors(t, probe.Options{}, func(w *world, _ *vendor) {
		slow := with(shop, func(d *dependency) { d.period = time.Hour })
		w.have(slow)
		w.at(59 * time.Minute)
		if got := w.verdict(slow.id()).Doubt; got != (probe.Symptom{}) {
			t.Errorf("expected no doubt within a period, found %v", got)
		}
	})
}

func TestATakeoverBeginsTheClockOfProofsAnew(t *testing.T) {
	amongVendors(t, probe.Options{}, func(w *world, _ *vendor) {
		seldom := with(shop, func(d *dependency) { d.period = 10 * time.Hour })
		standing := judged("shopassistant")
		for stage := probe.Configured; stage <= probe.Provisioned; stage++ {
			standing.Stages[stage] = probe.Standing{Finding: probe.Pass(), Proven: true}
		}
		w.Set(seldom.id(), seldom.target(), standing)
		w.at(2 * time.Hour)
		if got := w.verdict(seldom.id()).Doubt; got != (probe.Symptom{}) || w.told(seldom.id()) != 0 {
			t.Errorf("expected nothing to be told of what an earlier process judged, found %d calls and %v", w.told(seldom.id()), got)
		}
	})
}

// A process does not know what its predecessor's probes asked for, and so how often the share of a credential lets
// them: what was shown stands until it does.
func TestATakeoverLeavesStretchedPeriodsAsTheyAre(t *testing.T) {
	const effective = 456 * time.Second // A minute, stretched by five steps of one and a half: for 31 requests at 6 a minute.
	amongVendors(t, probe.Options{}, func(w *world, _ *vendor) {
		var all []dependency
		for i := range 30 {
			d := with(shop, func(d *dependency) { d.name, d.models = fmt.Sprint(i), []string{fmt.Sprint("m", i)} })
			standing := judged(d.name)
			standing.EffectivePeriod = effective
			for stage := probe.Configured; stage <= probe.Provisioned; stage++ {
				standing.Stages[stage] = probe.Standing{Finding: probe.Pass(), Proven: true}
			}
			all = append(all, d)
			w.Set(d.id(), d.target(), standing)
		}
		for minute := range 12 {
			w.at(time.Duration(minute) * time.Minute)
			for _, d := range all {
				if got := w.verdict(d.id()).EffectivePeriod; got != effective {
					t.Errorf("%s after %d min: expected the period to stay %v, found %v", d.name, minute, effective, got)
				}
			}
		}
	})
}
