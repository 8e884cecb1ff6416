// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"container/heap"
	"context"
	"errors"
	"hash/fnv"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"time"
)

// ID names a target.
type ID struct{ Kind, Namespace, Name string }

// Options are what an Engine works with.
type Options struct {
	// Probe sends the requests of one probe. It must end when its context does.
	Probe func(context.Context, Target) Report
	// Settle adds an outcome to a verdict.
	Settle func(Verdict, Target, Outcome, time.Time) Verdict
	// Changed is called when a verdict shows something new. It must not block for long.
	Changed func(ID)
	// Observe, if set, is told of every probe that ended.
	Observe func(Observation)
	// MaxInFlight bounds how many probes run at once.
	MaxInFlight int
	// Jitter returns a number from 0 to 1; nil for a random one.
	Jitter func() float64
}

// Observation is one probe that ended, for metrics and logs.
type Observation struct {
	ID       ID
	Target   Target
	Report   Report
	Ended    time.Time
	Duration time.Duration
	// Panic is the stack of a probe that panicked.
	Panic string
	// Lag is how much later than due the probe began.
	Lag time.Duration
}

// Engine probes targets on their schedule. Its callers hand it targets and read the latest verdicts;
// nothing in here waits for the API server.
type Engine struct {
	options Options

	mu       sync.Mutex
	entries  map[ID]*entry
	queue    dueQueue
	inFlight int
	// wake tells Start that the queue has changed.
	wake chan struct{}
}

// entry is one target with its verdict so far.
type entry struct {
	id      ID
	target  Target
	verdict Verdict
	due     time.Time
	// place in the queue; negative while a probe is in flight.
	place int
	// cancel ends the probe in flight; stale says that its outcome no longer counts.
	cancel context.CancelFunc
	stale  bool
	// gone says that the target was removed while its probe was in flight. Until that has ended no other
	// probe of the same name begins.
	gone bool
}

const (
	// countingPeriod is the least time between probes while an outcome is counted, and countingShare its
	// part of the period.
	countingPeriod = 10 * time.Second
	countingShare  = 6
	// spread is how far a period may be stretched or shortened, so that targets do not fall into step.
	spread = 0.05
)

// NewEngine returns an engine. It probes once Start runs.
func NewEngine(o Options) *Engine {
	if o.Jitter == nil {
		o.Jitter = rand.Float64
	}
	return &Engine{options: o, entries: map[ID]*entry{}, wake: make(chan struct{}, 1)}
}

// Set hands over a target with the verdict that stands for it; its key says what the target was made of.
// A target of the same key is left alone. Another key cancels the probe in flight, keeps of the verdict
// so far what holds for the new key as well, and is due at once. A target new to the engine whose verdict
// was Probed was judged by an earlier process: it is due at its own moment within the period.
func (e *Engine) Set(id ID, t Target, standing Verdict) {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := time.Now()
	old := e.entries[id]
	isNew := old == nil || old.gone
	if old == nil {
		old = &entry{id: id}
		e.entries[id] = old
		heap.Push(&e.queue, old)
	}
	switch {
	case isNew:
		old.due = now
		if standing.Probed {
			old.due = now.Add(phase(standing.Key.UID, t.Period))
		}
		standing.Probed = false
		old.verdict = standing
	case old.verdict.Key == standing.Key:
		return
	default:
		old.verdict, old.due = old.verdict.For(standing.Key, old.target.sendsAs(t)), now
	}
	old.target, old.gone = t, false
	if old.place < 0 {
		old.stale = true
		old.cancel()
	} else {
		heap.Fix(&e.queue, old.place)
	}
	e.notify()
}

// Remove forgets a target and cancels its probe.
func (e *Engine) Remove(id ID) {
	e.mu.Lock()
	defer e.mu.Unlock()
	old := e.entries[id]
	switch {
	case old == nil || old.gone:
	case old.place < 0:
		old.gone, old.stale = true, true
		old.cancel()
	default:
		delete(e.entries, id)
		heap.Remove(&e.queue, old.place)
	}
}

// Verdict returns the latest verdict of a target. Its Key says what it was made for, and Probed whether
// an attempt for that key has ended in this process.
func (e *Engine) Verdict(id ID) (Verdict, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if old := e.entries[id]; old != nil && !old.gone {
		return old.verdict, true
	}
	return Verdict{}, false
}

// InFlight returns how many probes run now.
func (e *Engine) InFlight() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.inFlight
}

// NeedLeaderElection says that only the leader probes.
func (e *Engine) NeedLeaderElection() bool { return true }

// Start probes until the context ends, and returns once no probe is in flight.
func (e *Engine) Start(ctx context.Context) error {
	var probes sync.WaitGroup
	defer probes.Wait()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		case <-e.wake:
		}
		for {
			ready, sleep := e.next(ctx)
			if ready == nil {
				timer.Reset(sleep)
				break
			}
			probes.Go(func() { e.run(ready) })
		}
	}
}

// flight is one probe that is about to run.
type flight struct {
	entry  *entry
	target Target
	ctx    context.Context
	began  time.Time
	lag    time.Duration
}

// idle is how long Start sleeps when nothing is due; every change wakes it.
const idle = time.Hour

// next takes the target that is due first off the queue, or says how long there is none.
func (e *Engine) next(ctx context.Context) (*flight, time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if ctx.Err() != nil || len(e.queue) == 0 || e.inFlight >= e.options.MaxInFlight {
		return nil, idle
	}
	now := time.Now()
	first := e.queue[0]
	if first.due.After(now) {
		return nil, first.due.Sub(now)
	}
	heap.Pop(&e.queue)
	e.inFlight++
	flightCtx, cancel := context.WithTimeout(ctx, first.target.Timeout)
	first.cancel, first.stale = cancel, false
	return &flight{entry: first, target: first.target, ctx: flightCtx, began: now, lag: now.Sub(first.due)}, 0
}

func (e *Engine) run(f *flight) {
	report, panicked := e.probe(f)
	// Whether the process is ending has to be asked before the probe's own context is released. A timeout
	// of the probe is another error, and whoever cancels may name any cause.
	ending := errors.Is(f.ctx.Err(), context.Canceled)
	ended := time.Now()
	changed, counted := e.land(f, report, ending, ended)
	if counted && e.options.Observe != nil {
		e.options.Observe(Observation{
			ID: f.entry.id, Target: f.target, Report: report,
			Ended: ended, Duration: ended.Sub(f.began), Lag: f.lag, Panic: panicked,
		})
	}
	if changed {
		e.options.Changed(f.entry.id)
	}
}

// probe runs one probe. A panic is our own fault, never the dependency's. Its value is dropped, since it
// may hold anything; the stack says where it was.
func (e *Engine) probe(f *flight) (report Report, panicked string) {
	defer func() {
		if recover() != nil {
			report, panicked = Report{}, string(debug.Stack())
			report.Outcome.Fail(ProbeFailed)
		}
	}()
	return e.options.Probe(f.ctx, f.target), ""
}

// land takes in the report of a probe that ended. It says whether the verdict shows something new, and
// whether the report counted at all: it does not where the target was replaced or removed meanwhile.
func (e *Engine) land(f *flight, r Report, ending bool, ended time.Time) (changed, counted bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	defer e.notify()
	e.inFlight--
	old := f.entry
	old.cancel()
	if old.gone {
		delete(e.entries, old.id)
		return false, false
	}
	if counted = !old.stale && !ending; counted {
		before := old.verdict
		old.verdict = e.options.Settle(before, f.target, r.Outcome, ended)
		old.due = e.nextDue(old, r, f.began, ended)
		changed = !before.Shows(old.verdict)
	}
	heap.Push(&e.queue, old)
	return changed, counted
}

// nextDue keeps the rhythm of the period, asks sooner while something is being counted, and never before
// the provider asked to be asked again.
func (e *Engine) nextDue(old *entry, r Report, began, ended time.Time) time.Time {
	period := old.target.Period
	if old.verdict.Counting() {
		period = min(period, max(countingPeriod, period/countingShare))
	}
	jitter := e.options.Jitter()
	due := began.Add(stretch(period, 1-spread+2*spread*jitter))
	if r.RetryAfter > 0 {
		due = latest(due, ended.Add(stretch(r.RetryAfter, 1+spread*jitter)))
	}
	return due
}

func stretch(d time.Duration, factor float64) time.Duration {
	return time.Duration(float64(d) * factor)
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// phase is the moment within its period that belongs to an object, so that a restart neither probes all
// at once nor shifts anyone's rhythm by more than a period.
func phase(uid string, period time.Duration) time.Duration {
	h := fnv.New64a()
	_, _ = h.Write([]byte(uid))
	return time.Duration(h.Sum64() % uint64(max(period, 1)))
}

func (e *Engine) notify() {
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// dueQueue is a heap of the entries that wait, by due time.
type dueQueue []*entry

func (q dueQueue) Len() int           { return len(q) }
func (q dueQueue) Less(i, j int) bool { return q[i].due.Before(q[j].due) }
func (q dueQueue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].place, q[j].place = i, j
}

// Push implements heap.Interface.
func (q *dueQueue) Push(x any) {
	e := x.(*entry)
	e.place = len(*q)
	*q = append(*q, e)
}

// Pop implements heap.Interface.
func (q *dueQueue) Pop() any {
	last := len(*q) - 1
	e := (*q)[last]
	(*q)[last] = nil
	*q = (*q)[:last]
	e.place = -1
	return e
}
