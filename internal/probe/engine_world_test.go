// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mainstay.dev/mainstay/internal/probe"
)

// world is an engine at work, in a bubble whose clock moves only when everybody waits. A bubble does not
// end before the last of its goroutines, so every test here also holds that none is leaked.
type world struct {
	*testing.T
	*probe.Engine
	// stop ends the engine, and ended is closed once Start has returned.
	stop  context.CancelCauseFunc
	ended chan struct{}
	epoch time.Time
	// answer is what a probe does; nil for a good answer at once.
	answer func(context.Context, probe.Target) probe.Report
	// ask, where it is set, is what a probe does instead, with a client.
	ask func(context.Context, probe.Client, probe.Target) probe.Report

	mu       sync.Mutex
	starts   map[string][]time.Duration // by the target's base URL, which is its name here; to the microsecond
	flying   map[string]int
	most     int // in flight at once, of all targets
	mostOne  int // in flight at once, of one target
	changed  map[probe.ID]int
	observed []probe.Observation
}

// inWorld runs a story. Options need no Probe, Settle, Changed and Observe.
func inWorld(t *testing.T, o probe.Options, story func(*world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, o)
		w.begin()
		story(w)
		w.stop(nil)
		<-w.ended
	})
}

func newWorld(t *testing.T, o probe.Options) *world {
	w := &world{
		T: t, epoch: time.Now(), ended: make(chan struct{}),
		starts: map[string][]time.Duration{}, flying: map[string]int{}, changed: map[probe.ID]int{},
	}
	if o.MaxInFlight == 0 {
		o.MaxInFlight = 100
	}
	if o.Jitter == nil {
		o.Jitter = func() float64 { return 0.5 } // The middle: neither sooner nor later.
	}
	o.Probe, o.Settle, o.Changed, o.Observe = w.probe, settle, w.note, w.observe
	w.Engine = probe.NewEngine(o)
	return w
}

// begin starts the engine.
func (w *world) begin() {
	ctx, stop := context.WithCancelCause(context.Background())
	w.stop = stop
	go func() {
		defer close(w.ended)
		if err := w.Start(ctx); err != nil {
			w.Errorf("Start: %v", err)
		}
	}()
	synctest.Wait()
}

func (w *world) probe(ctx context.Context, client probe.Client, t probe.Target) probe.Report {
	w.mu.Lock()
	w.starts[t.BaseURL] = append(w.starts[t.BaseURL], time.Since(w.epoch).Round(time.Microsecond))
	w.flying[t.BaseURL]++
	w.mostOne = max(w.mostOne, w.flying[t.BaseURL])
	total := 0
	for _, n := range w.flying {
		total += n
	}
	w.most = max(w.most, total)
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.flying[t.BaseURL]--
	}()
	switch {
	case w.ask != nil:
		return w.ask(ctx, client, t)
	case w.answer != nil:
		return w.answer(ctx, t)
	}
	return good()
}

func (w *world) note(id probe.ID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.changed[id]++
}

func (w *world) observe(o probe.Observation) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.observed = append(w.observed, o)
}

// begun is when the probes of a target began, counted what was told of those that ended, and told how
// often the reconciler was woken for one.

func (w *world) begun(name string) []time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.starts[name])
}

func (w *world) counted() []probe.Observation {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.observed)
}

func (w *world) told(id probe.ID) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.changed[id]
}

// atOnce is how many probes were in flight at once, of all targets and of one.
func (w *world) atOnce() (all, one int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.most, w.mostOne
}

// at lets the clock run until so long after the beginning.
func (w *world) at(moment time.Duration) {
	time.Sleep(time.Until(w.epoch.Add(moment)))
	synctest.Wait()
}

// verdict is the verdict of a target that must be known.
func (w *world) verdict(id probe.ID) probe.Verdict {
	w.Helper()
	v, known := w.Verdict(id)
	if !known {
		w.Fatalf("the engine does not know %v", id)
	}
	return v
}

// settle is the least that an engine needs: the last finding stands, and is firm after the threshold.
func settle(v probe.Verdict, t probe.Target, o probe.Outcome, at time.Time) probe.Verdict {
	v.Probed, v.At = true, at
	if o[probe.Authenticated].Result == probe.Passed {
		v.Accepted = t.Login()
	}
	for i, f := range o {
		s := &v.Stages[i]
		if s.Reached = f.Result != probe.NotReached; !s.Reached {
			continue
		}
		s.Finding = f
		s.Bad++
		if f.Result != probe.Failed {
			s.Bad = 0
		}
		s.Firm = s.Bad >= t.FailureThreshold
	}
	return v
}

func good() (r probe.Report) {
	r.Outcome.PassUpTo(probe.Provisioned)
	return r
}

func down() (r probe.Report) {
	r.Outcome.PassUpTo(probe.Configured)
	r.Outcome.Fail(probe.TimedOut)
	return r
}

func idOf(name string) probe.ID { return probe.ID{Kind: "AIProvider", Namespace: "shop", Name: name} }

func targetOf(name string) probe.Target {
	return probe.Target{
		Kind: "AIProvider", Provider: "OpenAI", BaseURL: name,
		Period: time.Minute, Timeout: 10 * time.Second, FailureThreshold: 3, SuccessThreshold: 1,
	}
}

// fresh is the verdict that a new object begins with.
func fresh(name string) probe.Verdict {
	return probe.Verdict{Key: probe.Key{
		UID: "uid of " + name, Generation: 1, Secret: probe.Version{UID: "secret", ResourceVersion: "1"},
	}}
}

// judged is the verdict that an earlier process left behind.
func judged(name string) probe.Verdict {
	v := fresh(name)
	v.Probed = true
	return v
}

// edited is the verdict of another generation.
func edited(v probe.Verdict) probe.Verdict {
	v.Key.Generation++
	return v
}

// add hands over a new object of that name.
func (w *world) add(name string) probe.ID {
	id := idOf(name)
	w.Set(id, targetOf(name), fresh(name))
	return id
}

// addApart hands over new objects, each in a namespace of its own.
func (w *world) addApart(prefix string, n int) {
	for i := range n {
		name := fmt.Sprint(prefix, i)
		w.Set(probe.ID{Kind: "AIProvider", Namespace: name, Name: name}, targetOf(name), fresh(name))
	}
}

func (w *world) addMany(prefix string, n int) {
	for i := range n {
		w.add(fmt.Sprint(prefix, i))
	}
}
