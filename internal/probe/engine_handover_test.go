// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"mainstay.dev/mainstay/internal/probe"
)

// untilCancelled is a probe that does as it is told, and would report an outage.
func untilCancelled(ctx context.Context, _ probe.Target) probe.Report {
	<-ctx.Done()
	return down()
}

// deaf is a probe that takes 30 s whatever its context says.
func deaf(context.Context, probe.Target) probe.Report {
	time.Sleep(30 * second)
	return down()
}

func TestAReplacedTargetsProbeLeavesNoTrace(t *testing.T) {
	for name, slow := range map[string]func(context.Context, probe.Target) probe.Report{
		"where the probe ends when cancelled": untilCancelled,
		"where the probe does not listen":     deaf,
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, probe.Options{}, func(w *world) {
				w.answer = func(ctx context.Context, t probe.Target) probe.Report {
					if len(w.begun("a")) == 1 {
						return slow(ctx, t)
					}
					return good()
				}
				id := w.add("a")
				w.at(1 * second)
				next := edited(fresh("a"))
				w.Set(id, targetOf("a"), next)
				if got := w.verdict(id); got.Probed || got.Key != next.Key {
					t.Errorf("expected a verdict of the new key without a probe, found %+v", got)
				}
				w.at(40 * second)
				got := w.verdict(id)
				if reachable := got.Stages[probe.Reachable]; !got.Probed || !reachable.Finding.Equal(probe.Pass()) || reachable.Bad != 0 {
					t.Errorf("expected the good answer alone to count, found %+v", got.Stages[probe.Reachable])
				}
				if _, one := w.atOnce(); len(w.counted()) != 1 || w.told(id) != 1 || one != 1 {
					t.Errorf("expected one probe to count, be told, and fly at a time, found %d, %d and %d",
						len(w.counted()), w.told(id), one)
				}
			})
		})
	}
}

func TestARemovedTargetsProbeLeavesNoTrace(t *testing.T) {
	for name, slow := range map[string]func(context.Context, probe.Target) probe.Report{
		"where the probe ends when cancelled": untilCancelled,
		"where the probe does not listen":     deaf,
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, probe.Options{}, func(w *world) {
				w.answer = slow
				id := w.add("a")
				w.at(1 * second)
				w.Remove(id)
				w.Remove(id) // Twice is once.
				if _, known := w.Verdict(id); known {
					t.Error("expected the target to be forgotten at once")
				}
				w.at(10 * time.Minute)
				if len(w.begun("a")) != 1 || len(w.counted()) != 0 || w.told(id) != 0 || w.Stats().InFlight != 0 {
					t.Errorf("expected nothing after the removal, found probes at %v, %d counted, %d told, %d in flight",
						w.begun("a"), len(w.counted()), w.told(id), w.Stats().InFlight)
				}
			})
		})
	}
}

func TestARecreatedObjectGetsItsOwnVerdictAlone(t *testing.T) {
	inWorld(t, probe.Options{}, func(w *world) {
		w.answer = func(ctx context.Context, t probe.Target) probe.Report {
			if t.Provider == "of the first" {
				return deaf(ctx, t)
			}
			return good()
		}
		first := targetOf("a")
		first.Provider = "of the first"
		w.Set(idOf("a"), first, fresh("a"))
		w.at(1 * second)
		w.Remove(idOf("a"))
		w.at(2 * second)
		second := fresh("a")
		second.Key.UID = "another"
		w.Set(idOf("a"), targetOf("a"), second)
		if got := w.verdict(idOf("a")); got.Probed || got.Key != second.Key {
			t.Errorf("expected an empty verdict of the second object, found %+v", got)
		}
		w.at(40 * time.Second)
		got := w.verdict(idOf("a"))
		if got.Key != second.Key || !got.Stages[probe.Reachable].Finding.Equal(probe.Pass()) {
			t.Errorf("expected the verdict of the second object, found %+v", got)
		}
		if diff := gocmp.Diff([]time.Duration{0, 30 * time.Second}, w.begun("a")); diff != "" {
			t.Errorf("probes began (-want +found):\n%s", diff)
		}
		if len(w.counted()) != 1 {
			t.Errorf("expected the second object's probe alone to count, found %d", len(w.counted()))
		}
	})
}

func TestATargetThatCameBackWhileItsProbeWasInFlightIsProbed(t *testing.T) {
	inWorld(t, probe.Options{}, func(w *world) {
		w.answer = deaf
		id := w.add("a")
		w.at(1 * second)
		w.Remove(id)
		w.add("a") // With the same key as before.
		if w.verdict(id).Probed {
			t.Error("expected nothing to be known of it")
		}
		w.at(31 * second)
		if diff := gocmp.Diff([]time.Duration{0, 30 * second}, w.begun("a")); diff != "" || len(w.counted()) != 0 {
			t.Errorf("expected a probe of its own after the other, none counted yet, found %d (-want +found):\n%s", len(w.counted()), diff)
		}
	})
}

func TestATimeoutOfAReplacedTargetLeavesNoTrace(t *testing.T) {
	inWorld(t, probe.Options{}, func(w *world) {
		w.answer = deaf // It timed out at 10 s, before it was replaced, and ends at 30 s.
		id := w.add("a")
		w.at(20 * second)
		w.Set(id, targetOf("a"), edited(fresh("a")))
		w.at(31 * second)
		if w.verdict(id).Probed || len(w.counted()) != 0 {
			t.Errorf("expected that the timeout of another generation does not count, found %d", len(w.counted()))
		}
	})
}

func TestTheSameKeyLeavesATargetAlone(t *testing.T) {
	inWorld(t, probe.Options{}, func(w *world) {
		w.answer = func(ctx context.Context, _ probe.Target) probe.Report {
			select {
			case <-ctx.Done():
				return down()
			case <-time.After(5 * second):
				return good()
			}
		}
		id := w.add("a")
		w.at(1 * second)
		w.Set(id, targetOf("a"), fresh("a"))
		w.at(6 * second)
		if !w.verdict(id).Stages[probe.Reachable].Finding.Equal(probe.Pass()) {
			t.Error("expected the probe in flight to go on")
		}
		before := w.verdict(id)
		w.Set(id, targetOf("a"), judged("a"))
		if diff := gocmp.Diff(before.Probed, w.verdict(id).Probed); diff != "" {
			t.Errorf("the verdict moved (-before +after):\n%s", diff)
		}
	})
}

func TestARequestToProbeNowKeepsWhatStands(t *testing.T) {
	inWorld(t, probe.Options{}, func(w *world) {
		id := w.add("a")
		w.at(1 * second)
		w.answer = untilCancelled
		next := fresh("a")
		next.Key.Request = "now"
		w.Set(id, targetOf("a"), next)
		got := w.verdict(id)
		if got.Key != next.Key || got.Probed || !got.Stages[probe.Reachable].Finding.Equal(probe.Pass()) {
			t.Errorf("expected what stands, not yet probed for the new key, found %+v", got)
		}
	})
}

func TestStartEndsWhenTheLastProbeHas(t *testing.T) {
	inWorld(t, probe.Options{}, func(w *world) {
		w.answer = func(ctx context.Context, _ probe.Target) probe.Report {
			<-ctx.Done()
			time.Sleep(3 * second)
			return down()
		}
		w.addMany("t", 5)
		w.at(1 * second)
		w.stop(errors.New("a signal, which is another cause than being cancelled"))
		w.at(4*second - 1)
		select {
		case <-w.ended:
			t.Error("Start returned while probes were in flight")
		default:
		}
		w.at(4 * second)
		select {
		case <-w.ended:
		default:
			t.Error("Start did not return when the last probe had ended")
		}
		if len(w.counted()) != 0 || w.told(idOf("t0")) != 0 || w.verdict(idOf("t0")).Probed {
			t.Errorf("expected that probes which the shutdown cancelled do not count, found %d", len(w.counted()))
		}
	})
}

func TestATimeoutCountsAlsoWhileTheEngineEnds(t *testing.T) {
	inWorld(t, probe.Options{}, func(w *world) {
		w.answer = func(ctx context.Context, _ probe.Target) probe.Report {
			<-ctx.Done()
			time.Sleep(3 * second)
			return down()
		}
		id := w.add("a")
		w.at(11 * second) // The timeout is 10 s.
		w.stop(nil)
		w.at(20 * second)
		if !w.verdict(id).Probed {
			t.Error("expected the timeout to count")
		}
	})
}

func TestNothingBeginsOnceTheEngineEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, probe.Options{})
		w.addMany("t", 100)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := w.Start(ctx); err != nil || len(w.starts) != 0 {
			t.Errorf("expected no probe and no error, found %d and %v", len(w.starts), err)
		}
	})
}

// TestWhateverHappensTheScheduleHolds throws random hand-overs at an engine and checks what always holds.
func TestWhateverHappensTheScheduleHolds(t *testing.T) {
	const targets, limit = 30, 5
	for seed := range uint64(20) {
		inWorld(t, probe.Options{MaxInFlight: limit, Jitter: rand.New(rand.NewPCG(seed, 1)).Float64}, func(w *world) {
			dice := rand.New(rand.NewPCG(seed, 2))
			w.answer = func(ctx context.Context, _ probe.Target) probe.Report {
				w.mu.Lock()
				takes, deaf := time.Duration(dice.Int64N(int64(15*second))), dice.IntN(4) == 0
				w.mu.Unlock()
				patience := ctx.Done()
				if deaf {
					patience = nil
				}
				select {
				case <-patience:
					return down()
				case <-time.After(takes):
					return good()
				}
			}
			current := map[probe.ID]probe.Key{}
			for range 400 {
				w.mu.Lock()
				name := fmt.Sprint("t", dice.IntN(targets))
				what, pause := dice.IntN(4), time.Duration(dice.Int64N(int64(2*second)))
				w.mu.Unlock()
				w.meddle(name, what, current)
				w.at(time.Since(w.epoch) + pause)
			}
			w.checkInvariants(current, limit)
		})
	}
}

// meddle changes, restarts or removes one target.
func (w *world) meddle(name string, what int, current map[probe.ID]probe.Key) {
	id, verdict := idOf(name), fresh(name)
	if what == 0 {
		w.Remove(id)
		delete(current, id)
		return
	}
	if key, known := current[id]; known {
		verdict.Key = key
	}
	switch what {
	case 1:
		verdict.Key.Generation++
	case 2:
		verdict.Probed = true
	}
	current[id] = verdict.Key
	w.Set(id, targetOf(name), verdict)
}

func (w *world) checkInvariants(current map[probe.ID]probe.Key, limit int) {
	w.Helper()
	if all, one := w.atOnce(); all > limit || one > 1 {
		w.Errorf("expected at most %d probes at once and 1 of a target, found %d and %d", limit, all, one)
	}
	for i := range 30 {
		id := idOf(fmt.Sprint("t", i))
		v, known := w.Verdict(id)
		if key, want := current[id]; known != want || v.Key != key {
			w.Errorf("%s: expected a verdict for %+v (%t), found %+v (%t)", id.Name, key, want, v.Key, known)
		}
	}
	observed := w.counted()
	for _, o := range observed {
		if o.Lag < 0 {
			w.Errorf("%s began %s before it was due", o.ID.Name, -o.Lag)
		}
	}
	if len(observed) == 0 {
		w.Error("expected probes")
	}
}

// TestWhoIsDueFirstIsServedFirst lets many targets of all periods wait for few places.
func TestWhoIsDueFirstIsServedFirst(t *testing.T) {
	inWorld(t, probe.Options{MaxInFlight: 12, Jitter: rand.New(rand.NewPCG(1, 1)).Float64}, func(w *world) {
		dice := rand.New(rand.NewPCG(1, 2))
		w.answer = func(context.Context, probe.Target) probe.Report {
			w.mu.Lock()
			takes := time.Duration(dice.Int64N(int64(5 * second)))
			w.mu.Unlock()
			time.Sleep(takes)
			return good()
		}
		for i := range 60 {
			target := targetOf(fmt.Sprint("t", i))
			target.Period = time.Duration(20+i) * second
			w.Set(idOf(target.BaseURL), target, judged(target.BaseURL))
		}
		w.at(10 * time.Minute)
		observed := w.counted()
		began := func(o probe.Observation) time.Time { return o.Ended.Add(-o.Duration) }
		due := func(o probe.Observation) time.Time { return began(o).Add(-o.Lag) }
		slices.SortFunc(observed, func(a, b probe.Observation) int {
			return cmp.Or(began(a).Compare(began(b)), due(a).Compare(due(b)))
		})
		for i := 1; i < len(observed); i++ {
			if due(observed[i]).Before(due(observed[i-1])) {
				t.Errorf("%s was due before %s and served after it", observed[i].ID.Name, observed[i-1].ID.Name)
			}
		}
		if len(observed) < 500 {
			t.Errorf("expected the places to be used, found %d probes", len(observed))
		}
	})
}

// TestWhenACredentialExpiresStandsUntilItIsProvenOtherwise has a provider that says it in good answers alone.
func TestWhenACredentialExpiresStandsUntilItIsProvenOtherwise(t *testing.T) {
	inWorld(t, probe.Options{}, func(w *world) {
		expiry := time.Now().Add(30 * 24 * time.Hour)
		answers := []probe.Report{down(), good(), good()}
		answers[1].Expires = expiry.Add(time.Hour)
		w.answer = func(_ context.Context, t probe.Target) probe.Report {
			return answers[min(len(w.begun(t.BaseURL)), len(answers))-1]
		}
		known := fresh("a")
		known.Expires = expiry
		w.Set(idOf("a"), targetOf("a"), known)
		at := second
		for i, want := range []time.Time{expiry, expiry.Add(time.Hour), {}} {
			for w.at(at); len(w.begun("a")) <= i; w.at(at) {
				at += 1 * second
			}
			if got := w.verdict(idOf("a")).Expires; !got.Equal(want) {
				t.Errorf("after probe %d: expected %v, found %v", i+1, want, got)
			}
		}
	})
}
