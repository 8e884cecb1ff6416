// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"mainstay.dev/mainstay/internal/probe"
)

const second = time.Second

// TestWhenProbesAreDue holds the schedule of one target, with jitter at its middle.
func TestWhenProbesAreDue(t *testing.T) {
	always := func(r probe.Report) func(context.Context, probe.Target) probe.Report {
		return func(context.Context, probe.Target) probe.Report { return r }
	}
	asked := func(r probe.Report, wait time.Duration) probe.Report {
		r.RetryAfter = wait
		return r
	}
	// change hands over another version at 10 s.
	change := func(edit func(*probe.Key)) func(*world) {
		return func(w *world) {
			id := w.add("a")
			w.at(10 * second)
			next := fresh("a")
			edit(&next.Key)
			w.Set(id, targetOf("a"), next)
		}
	}
	period := func(d time.Duration) func(*world) {
		return func(w *world) {
			target := targetOf("a")
			target.Period = d
			w.Set(idOf("a"), target, fresh("a"))
		}
	}
	cases := map[string]struct {
		given  func(*world)
		answer func(context.Context, probe.Target) probe.Report
		want   []time.Duration
		until  time.Duration
	}{
		"a new object is probed at once, then every period": {
			given: func(w *world) { w.add("a") },
			want:  []time.Duration{0, 60 * second, 120 * second}, until: 130 * second,
		},
		"a changed spec is probed at once": {
			given: change(func(k *probe.Key) { k.Generation++ }),
			want:  []time.Duration{0, 10 * second, 70 * second}, until: 80 * second,
		},
		"a changed Secret is probed at once": {
			given: change(func(k *probe.Key) { k.Secret.ResourceVersion = "2" }),
			want:  []time.Duration{0, 10 * second, 70 * second}, until: 80 * second,
		},
		"changed certificates are probed at once": {
			given: change(func(k *probe.Key) { k.CA.ResourceVersion = "2" }),
			want:  []time.Duration{0, 10 * second, 70 * second}, until: 80 * second,
		},
		"a request to probe now is served at once": {
			given: change(func(k *probe.Key) { k.Request = "now" }),
			want:  []time.Duration{0, 10 * second, 70 * second}, until: 80 * second,
		},
		"the same again changes nothing": {
			given: change(func(*probe.Key) {}),
			want:  []time.Duration{0, 60 * second}, until: 80 * second,
		},
		"a probe that takes long keeps the rhythm": {
			given: func(w *world) { w.add("a") },
			answer: func(context.Context, probe.Target) probe.Report {
				time.Sleep(7 * second)
				return good()
			},
			want: []time.Duration{0, 60 * second, 120 * second}, until: 130 * second,
		},
		"while a failure is counted the next probe comes after a sixth of the period": {
			given: period(10 * time.Minute), answer: always(down()),
			want: []time.Duration{0, 100 * second, 200 * second, 800 * second}, until: 900 * second,
		},
		"a sixth of the period is never below 10 s": {
			given: period(30 * second), answer: always(down()),
			want: []time.Duration{0, 10 * second, 20 * second, 50 * second}, until: 60 * second,
		},
		"counting never takes longer than the period": {
			given: period(10 * second), answer: always(down()),
			want: []time.Duration{0, 10 * second, 20 * second, 30 * second}, until: 35 * second,
		},
		"the wait that the provider asks for is kept, and stretched upward alone": {
			given: func(w *world) { w.add("a") }, answer: always(asked(good(), 200*second)),
			want: []time.Duration{0, 205 * second}, until: 300 * second,
		},
		"a wait that is over before the period makes no difference": {
			given: func(w *world) { w.add("a") }, answer: always(asked(good(), 30*second)),
			want: []time.Duration{0, 60 * second}, until: 70 * second,
		},
		"counting does not make a probe come before the wait is over": {
			given: func(w *world) { w.add("a") }, answer: always(asked(down(), 40*second)),
			want: []time.Duration{0, 41 * second, 82 * second}, until: 90 * second,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			inWorld(t, probe.Options{}, func(w *world) {
				w.answer = c.answer
				c.given(w)
				w.at(c.until)
				if diff := cmp.Diff(c.want, w.begun("a")); diff != "" {
					t.Errorf("probes began (-want +found):\n%s", diff)
				}
			})
		})
	}
}

func TestJitterStaysWithinFivePercentAndNeverShortensAWait(t *testing.T) {
	cases := map[string]struct {
		jitter float64
		wait   time.Duration
		want   time.Duration
	}{
		"the least jitter":                     {jitter: 0, want: 57 * second},
		"the most jitter":                      {jitter: 1, want: 63 * second},
		"the least jitter on a wait asked for": {jitter: 0, wait: 100 * second, want: 100 * second},
		"the most jitter on a wait asked for":  {jitter: 1, wait: 100 * second, want: 105 * second},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			inWorld(t, probe.Options{Jitter: func() float64 { return c.jitter }}, func(w *world) {
				w.answer = func(context.Context, probe.Target) probe.Report {
					r := good()
					r.RetryAfter = c.wait
					return r
				}
				w.add("a")
				w.at(c.want - 1)
				if got := len(w.begun("a")); got != 1 {
					t.Errorf("expected one probe so far, found %d", got)
				}
				w.at(c.want)
				if got := len(w.begun("a")); got != 2 {
					t.Errorf("expected the second probe after %s, found %v", c.want, w.begun("a"))
				}
			})
		})
	}
}

// TestARestartMakesNoBurst hands over a thousand objects that an earlier process judged.
func TestARestartMakesNoBurst(t *testing.T) {
	const objects, buckets = 1000, 60
	firsts := func() map[string]time.Duration {
		found := map[string]time.Duration{}
		inWorld(t, probe.Options{MaxInFlight: objects}, func(w *world) {
			for i := range objects {
				name := fmt.Sprint("object-", i)
				w.Set(idOf(name), targetOf(name), judged(name))
			}
			w.at(time.Minute - 1)
			w.mu.Lock()
			defer w.mu.Unlock()
			for name, starts := range w.starts {
				if len(starts) != 1 {
					t.Errorf("%s: expected one probe within the period, found %v", name, starts)
				}
				found[name] = starts[0]
			}
		})
		return found
	}
	first := firsts()
	if len(first) != objects {
		t.Errorf("expected every object to be probed within the period, found %d of %d", len(first), objects)
	}
	var perSecond [buckets]int
	for _, at := range first {
		perSecond[at/second]++
	}
	for i, n := range perSecond {
		if n > 3*objects/buckets {
			t.Errorf("second %d: %d of %d probes at once", i, n, objects)
		}
	}
	if diff := cmp.Diff(first, firsts()); diff != "" {
		t.Errorf("an object's moment moved with another restart (-first +second):\n%s", diff)
	}
}

func TestWhatAnEarlierProcessFoundIsNoVerdictOfThisOne(t *testing.T) {
	inWorld(t, probe.Options{}, func(w *world) {
		w.Set(idOf("a"), targetOf("a"), judged("a"))
		if w.verdict(idOf("a")).Probed {
			t.Error("expected no verdict before a probe of this process has ended")
		}
		w.at(time.Minute)
		if !w.verdict(idOf("a")).Probed {
			t.Error("expected a verdict within the period")
		}
	})
}

func TestAtMostSoManyProbesRunAtOnce(t *testing.T) {
	inWorld(t, probe.Options{MaxInFlight: 3}, func(w *world) {
		w.answer = func(context.Context, probe.Target) probe.Report {
			time.Sleep(5 * second)
			return good()
		}
		w.addApart("t", 10)
		w.at(1 * second)
		if got := w.Stats().InFlight; got != 3 {
			t.Errorf("expected 3 probes in flight, found %d", got)
		}
		w.at(20 * second)
		if most, _ := w.atOnce(); most != 3 || len(w.counted()) != 10 {
			t.Errorf("expected 10 probes, 3 at once, found %d, %d at once", len(w.counted()), most)
		}
		lags := map[time.Duration]int{}
		for _, o := range w.counted() {
			lags[o.Lag]++
			if o.Duration != 5*second {
				t.Errorf("expected a duration of 5 s, found %s", o.Duration)
			}
		}
		want := map[time.Duration]int{0: 3, 5 * second: 3, 10 * second: 3, 15 * second: 1}
		if diff := cmp.Diff(want, lags); diff != "" {
			t.Errorf("how much later than due (-want +found):\n%s", diff)
		}
	})
}

func TestHungTargetsDoNotDelayOthers(t *testing.T) {
	hang := func(ctx context.Context, t probe.Target) probe.Report {
		if t.BaseURL[0] == 'h' {
			<-ctx.Done()
			return down()
		}
		return good()
	}
	cases := map[string]struct {
		hung int
		want time.Duration
	}{
		"below the cap not at all":               {hung: 9, want: 0},
		"at the cap for one timeout and no more": {hung: 10, want: 10 * second},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			inWorld(t, probe.Options{MaxInFlight: 10}, func(w *world) {
				w.answer = hang
				w.addApart("hung", c.hung)
				synctest.Wait()
				w.addApart("quick", 50)
				w.at(30 * second)
				for i := range 50 {
					if diff := cmp.Diff([]time.Duration{c.want}, w.begun(fmt.Sprint("quick", i))); diff != "" {
						t.Errorf("probes of a quick target began (-want +found):\n%s", diff)
					}
				}
			})
		})
	}
}

func TestAPanicIsOurOwnFault(t *testing.T) {
	inWorld(t, probe.Options{}, func(w *world) {
		w.answer = func(_ context.Context, t probe.Target) probe.Report {
			if t.BaseURL == "bad" {
				panic(errors.New("boom"))
			}
			return good()
		}
		bad, fine := w.add("bad"), w.add("fine")
		w.at(1 * second)
		got := w.verdict(bad).Stages[probe.Reachable].Finding
		if !got.Equal(probe.Fail(probe.ProbeFailed)) {
			t.Errorf("expected ProbeFailed, found %v", got)
		}
		if !w.verdict(fine).Probed || w.Stats().InFlight != 0 {
			t.Errorf("expected the other target to be probed and none in flight, found %d", w.Stats().InFlight)
		}
		w.at(11 * second)
		if got := len(w.begun("bad")); got != 2 {
			t.Errorf("expected the target to be probed again, found %d probes", got)
		}
	})
}

// TestTheReconcilerIsWokenForWhatIsShownAlone counts the calls of Changed.
func TestTheReconcilerIsWokenForWhatIsShownAlone(t *testing.T) {
	reports := []struct {
		what  string
		found probe.Report
		woken int
	}{
		{"the first attempt ended", good(), 1},
		{"the same again", good(), 1},
		{"and again", good(), 1},
		{"something is wrong", down(), 2},
		{"it is counted", down(), 2},
		{"it is believed", down(), 3},
		{"nothing moves", down(), 3},
		{"nothing moves", down(), 3},
		{"it is mended", good(), 4},
		{"nothing moves", good(), 4},
	}
	inWorld(t, probe.Options{}, func(w *world) {
		next := 0
		w.answer = func(context.Context, probe.Target) probe.Report {
			next++
			return reports[next-1].found
		}
		id := w.add("a")
		for i, r := range reports {
			synctest.Wait()
			for len(w.counted()) <= i {
				w.at(time.Since(w.epoch) + second)
			}
			if w.told(id) != r.woken {
				t.Errorf("probe %d, %s: expected %d calls so far, found %d", i+1, r.what, r.woken, w.told(id))
			}
		}
		w.Remove(id)
	})
}
