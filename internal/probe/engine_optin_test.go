// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mainstay.dev/mainstay/internal/probe"
)

// billed plays probes of a target that opted in to something, and notes when that was done.
type billed struct {
	epoch time.Time
	mu    sync.Mutex
	times []time.Duration
	// finds is what it finds at its stage; a pass where it is zero.
	stage probe.Stage
	finds probe.Finding
	// down says that the provider does not answer.
	down bool
}

// play changes what the provider says.
func (b *billed) play(change func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change()
}

func (b *billed) answer(_ context.Context, t probe.Target) probe.Report {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.down {
		return down()
	}
	r := good()
	r.Outcome.Set(probe.Working, probe.Finding{Result: probe.NotApplicable})
	if !t.OptInDue {
		return r
	}
	b.times = append(b.times, time.Since(b.epoch).Round(time.Microsecond))
	r.OptIn = probe.StageSet(0).With(probe.Working)
	if b.finds.Result == probe.NotReached {
		r.Outcome.Set(probe.Working, probe.Pass())
		return r
	}
	r.Outcome.Set(b.stage, b.finds)
	r.OptIn = r.OptIn.With(b.stage)
	return r
}

// optingIn runs a story about one target that is probed each minute and opted in to something each hour.
func optingIn(t *testing.T, story func(*world, *billed, probe.ID)) {
	t.Helper()
	inWorld(t, probe.Options{}, func(w *world) {
		b := &billed{epoch: w.epoch, stage: probe.Working}
		w.answer = b.answer
		target := targetOf("chat")
		target.OptIn = time.Hour
		w.Set(idOf("chat"), target, fresh("chat"))
		story(w, b, idOf("chat"))
	})
}

func (b *billed) expect(w *world, why string, want ...time.Duration) {
	w.Helper()
	if diff := cmp.Diff(want, b.times); diff != "" {
		w.Errorf("%s (-want +done):\n%s", why, diff)
	}
}

func TestWhatCostsSomethingIsDoneInARhythmOfItsOwn(t *testing.T) {
	optingIn(t, func(w *world, b *billed, _ probe.ID) {
		w.at(3 * time.Hour)
		b.expect(w, "expected it with the first probe and once an hour", 0, time.Hour, 2*time.Hour, 3*time.Hour)
		if n := len(w.begun("chat")); n != 181 {
			t.Errorf("expected the probes to keep their own rhythm of a minute, found %d in three hours", n)
		}
	})
}

func TestWhatCostsSomethingIsNotDoneAgainForARestart(t *testing.T) {
	inWorld(t, probe.Options{}, func(w *world) {
		b := &billed{epoch: w.epoch}
		w.answer = b.answer
		target := targetOf("chat")
		target.OptIn = time.Hour
		w.Set(idOf("chat"), target, judged("chat"))
		w.at(time.Hour + time.Minute)
		if len(b.times) != 1 || b.times[0] == 0 {
			t.Errorf("expected it once, at the object's own moment of the hour, found %v", b.times)
		}
	})
}

func TestARestartDoesNotTakeBackWhatOnlyABilledProbeSees(t *testing.T) {
	for _, open := range []probe.Finding{
		{Result: probe.Undecided, Symptom: probe.KeyUnproven}, {Result: probe.Unprovable, Symptom: probe.SendOnlyKey},
	} {
		t.Run(open.Symptom.String(), func(t *testing.T) {
			stage := open.Symptom.Stage()
			inWorld(t, probe.Options{}, func(w *world) {
				w.answer = func(_ context.Context, t probe.Target) probe.Report {
					r := good()
					if t.OptInDue {
						r.OptIn = probe.StageSet(0).With(stage)
					} else {
						r.Outcome.Set(stage, open)
					}
					return r
				}
				target, standing := targetOf("chat"), judged("chat")
				target.OptIn = time.Hour
				standing.Stages[stage] = probe.Standing{Finding: probe.Pass(), Proven: true}
				w.Set(idOf("chat"), target, standing)
				for minute := range 180 {
					w.at(time.Duration(minute) * time.Minute)
					if s := w.verdict(idOf("chat")).Stages[stage]; !s.Finding.Equal(probe.Pass()) || s.Bad > 0 {
						t.Fatalf("expected what was proven to stand, found %+v after %d minutes", s, minute)
					}
				}
			})
		})
	}
}

func TestAFreeProbeDoesNotTakeBackWhatOnlyABilledOneSees(t *testing.T) {
	for name, c := range map[string]struct {
		stage probe.Stage
		finds probe.Finding
	}{
		"at stage Working":     {probe.Working, probe.Fail(probe.EmptyOutput)},
		"at an earlier stage":  {probe.Authorized, probe.Fail(probe.ScopeMissing)},
		"where it stays open":  {probe.Working, probe.Finding{Result: probe.Undecided, Symptom: probe.ProbeBudgetTooSmall}},
		"of the app's own use": {probe.Working, probe.Fail(probe.QuotaExhausted)},
	} {
		t.Run(name, func(t *testing.T) {
			optingIn(t, func(w *world, b *billed, id probe.ID) {
				b.play(func() { b.stage, b.finds = c.stage, c.finds })
				w.at(5 * time.Minute)
				s := w.verdict(id).Stages[c.stage]
				if !s.Finding.Equal(c.finds) || s.Bad > 1 {
					t.Errorf("expected what was found once to stand and to count once, found %+v", s)
				}
			})
		})
	}
}

func TestWhatABilledProbeFoundIsLookedAtSoonerUntilItIsBelieved(t *testing.T) {
	optingIn(t, func(w *world, b *billed, id probe.ID) {
		b.play(func() { b.finds = probe.Fail(probe.EmptyOutput) })
		w.at(59 * time.Minute)
		if len(b.times) < 3 || !w.verdict(id).Stages[probe.Working].Firm {
			t.Fatalf("expected three within the hour, and belief, found %v", b.times)
		}
		if gap := b.times[1] - b.times[0]; gap < 10*time.Minute || gap > 12*time.Minute {
			t.Errorf("expected a sixth of the hour between, found %v", gap)
		}
		if len(b.times) > 3 {
			t.Errorf("expected the slow rhythm again once it is believed, found %v", b.times)
		}
	})
}

func TestWhatCouldNotBeDoneStaysDue(t *testing.T) {
	optingIn(t, func(w *world, b *billed, _ probe.ID) {
		w.at(30 * time.Minute)
		b.play(func() { b.down = true })
		w.at(70 * time.Minute)
		b.play(func() { b.down = false })
		w.at(75 * time.Minute)
		if len(b.times) != 2 || b.times[1] < 70*time.Minute || b.times[1] > 71*time.Minute {
			t.Errorf("expected it with the first probe that gets there, found %v", b.times)
		}
	})
}

func TestWhatCostsSomethingIsDoneAtOnceWhenAskedForOrChanged(t *testing.T) {
	for name, change := range map[string]func(*probe.Verdict, *probe.Target){
		"a request to probe now": func(v *probe.Verdict, _ *probe.Target) { v.Key.Request = "now" },
		"another spec":           func(v *probe.Verdict, _ *probe.Target) { v.Key.Generation++ },
		"another credential": func(v *probe.Verdict, t *probe.Target) {
			v.Key.Secret.ResourceVersion, t.Credential = "2", probe.NewSecret("another")
		},
	} {
		t.Run(name, func(t *testing.T) {
			optingIn(t, func(w *world, b *billed, id probe.ID) {
				w.at(90 * second)
				v, target := w.verdict(id), targetOf("chat")
				target.OptIn = time.Hour
				change(&v, &target)
				w.Set(id, target, v)
				w.at(5 * time.Minute)
				b.expect(w, "expected it at the change", 0, 90*second)
			})
		})
	}
}

func TestAnEditOfTheSecretThatChangesNothingCostsNothing(t *testing.T) {
	optingIn(t, func(w *world, b *billed, id probe.ID) {
		w.at(90 * second)
		v, target := w.verdict(id), targetOf("chat")
		target.OptIn = time.Hour
		v.Key.Secret.ResourceVersion = "2"
		w.Set(id, target, v)
		w.at(5 * time.Minute)
		b.expect(w, "expected the rhythm to stay", 0)
	})
}
