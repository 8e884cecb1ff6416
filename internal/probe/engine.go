// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"context"
	"hash/fnv"
	"math/rand/v2"
	"sync"
	"time"
)

// ID names a target.
type ID struct{ Kind, Namespace, Name string }

// Options are what an Engine works with.
type Options struct {
	// Probe sends the requests of one probe, through the client that it is given and in no other way. It
	// must end when its context does.
	Probe func(context.Context, Client, Target) Report
	// Client sends the requests.
	Client Client
	// Settle adds an outcome to a verdict.
	Settle func(Verdict, Target, Outcome, time.Time) Verdict
	// Changed is called when a verdict shows something new. It must not block for long.
	Changed func(ID)
	// Observe, if set, is told of every probe that ended.
	Observe func(Observation)
	// Egress, if set, is told when the cluster's way out is found closed, and when it is open again.
	Egress func(closed bool)
	// MaxInFlight bounds how many probes run at once.
	MaxInFlight int
	// Jitter returns a number from 0 to 1; nil for a random one.
	Jitter func() float64
}

// Observation is one probe that ended, for metrics and logs.
type Observation struct {
	ID     ID
	Target Target
	Report Report
	Ended  time.Time
	// Shared says that the answers were those of another target's probe; Duration and Lag are 0 then.
	Shared   bool
	Duration time.Duration
	// Lag is how much later than planned the probe began, and Skipped how many probes were left out for it.
	Lag     time.Duration
	Skipped int
	// Ignored says why the report changed no verdict; empty where it counted.
	Ignored Ignored
	// Panic is the stack of a probe that panicked.
	Panic string
}

// Ignored is why a report is no evidence.
type Ignored string

// The reasons.
const (
	// OwnRequests: a rate limit was met after more requests than our share.
	OwnRequests Ignored = "own_requests"
	// NoEgress: nothing outside the cluster can be reached.
	NoEgress Ignored = "no_egress"
)

// Engine probes targets on their schedule. Its callers hand it targets and read the latest verdicts;
// nothing in here waits for the API server.
type Engine struct {
	options Options
	pages   statusPages

	mu      sync.Mutex
	entries map[ID]*entry
	lanes   map[laneKey]*lane
	hosts   map[string]*host
	spaces  map[string]*space
	guesses map[guessKey]*guesses
	queue   alarmQueue
	// inFlight is how many places among all are taken, and line are those that wait for one.
	inFlight int
	line     line
	// cleared are the entries whose probes begin in this pass. freed are the lanes of which something was given
	// back since the last, and roomy the namespaces that gave back a place.
	cleared []*entry
	freed   []*lane
	roomy   []*space
	egress  egress
	// changed are the verdicts that show something new and of which nobody was told yet.
	changed []ID
	// toldClosed is what was last told of the way out.
	toldClosed bool
	// asleep is until when Start sleeps, and wake tells it that there is something to do earlier.
	asleep time.Time
	wake   chan struct{}
	// sweepAt is when the engine looks after what nothing else does.
	sweepAt time.Time
}

// entry is one target with its verdict so far.
type entry struct {
	id      ID
	target  Target
	verdict Verdict
	lane    *lane
	space   *space
	// flight is the entry's own probe, where one is in flight.
	flight *flight
	// began is when the last probe began, due when the next one is to begin, and ready when it could have, as
	// far as time decides it.
	began, due, ready time.Time
	alarm             alarm
	// stands is where the entry waits, once its probe is due.
	stands spot
	// gone says that the entry was removed.
	gone bool
	// since is when the target was changed: an answer that was asked for earlier says nothing of it.
	since time.Time
	// requested says that the owner asked for the next probe.
	requested bool
	// heard is when a probe last ended that says anything, or else when the verdict began.
	heard time.Time
	// asked are the requests of the last probe, and first the one that every probe of the target begins with;
	// 0 where it is not known. known says that a probe has ended, so that asked tells what the target asks for.
	asked []uint64
	first uint64
	known bool
	optIn optIn
}

// tick is the least time between two moments at which probes begin because their time has come. To begin together
// what is due within it costs a fraction of the wake-ups.
const tick = 20 * time.Millisecond

// NewEngine returns an engine. It probes once Start runs.
func NewEngine(o Options) *Engine {
	if o.Jitter == nil {
		o.Jitter = rand.Float64
	}
	return &Engine{
		options: o, entries: map[ID]*entry{}, lanes: map[laneKey]*lane{}, hosts: map[string]*host{}, spaces: map[string]*space{},
		guesses: map[guessKey]*guesses{}, line: line{placed: true}, pages: statusPages{client: o.Client}, wake: make(chan struct{}, 1),
	}
}

// Set hands over a target with the verdict that stands for it; its key says what the target was made of.
// A target of the same key is left alone. Another key drops the probe in flight, keeps of the verdict so
// far what holds for the new key as well, and is due at once. A target new to the engine whose verdict
// was Probed was judged by an earlier process: it is due at its own moment within the period.
func (e *Engine) Set(id ID, t Target, standing Verdict) {
	defer e.tell()
	e.mu.Lock()
	defer e.mu.Unlock()
	now := time.Now()
	m := e.entries[id]
	if m == nil {
		m = &entry{id: id, due: now, heard: now, space: e.spaceOf(id.Namespace)}
		m.alarm = alarm{place: -1, entry: m}
		m.space.entries++
		if standing.Probed {
			m.due = now.Add(phase(standing.Key.UID, t.Period))
		}
		m.optIn.begins(t, standing.Probed, standing.Key.UID, now)
		standing.Probed = false
		m.verdict = standing
		e.entries[id] = m
	} else {
		if m.verdict.Key == standing.Key {
			return
		}
		m.requested = m.verdict.Key.isRequest(standing.Key)
		same := m.target.sendsAs(t)
		switch {
		case !same || !m.verdict.Key.sameSpec(standing.Key):
			m.optIn.begins(t, false, "", now)
		case m.requested:
			m.optIn.due = now
		}
		m.verdict = m.verdict.For(standing.Key, same)
		m.due, m.since = now, now
	}
	m.target, m.first = t, 0
	if !m.verdict.Attempted() {
		m.heard = now // What stands is as old as it was before.
	}
	e.detach(m)
	e.join(m, now)
	m.lane.recall(m.verdict.EffectivePeriod, t.Period)
	e.showPeriod(m)
	e.schedule(m, m.due)
}

// Remove forgets a target and drops its probe.
func (e *Engine) Remove(id ID) {
	defer e.tell()
	e.mu.Lock()
	defer e.mu.Unlock()
	m := e.entries[id]
	if m == nil {
		return
	}
	delete(e.entries, id)
	m.gone = true
	m.space.entries--
	e.queue.unset(&m.alarm)
	e.detach(m)
	e.leave(m)
}

// detach parts an entry from its probe in flight, and from what it waits for. The probe is cancelled, unless
// others take part in it.
func (e *Engine) detach(m *entry) {
	e.giveUp(m)
	f := m.flight
	if f == nil {
		return
	}
	m.flight, f.entry = nil, nil
	if !f.lane.sharedWithout(m) {
		f.cancel()
	}
}

// Verdict returns the latest verdict of a target. Its Key says what it was made for, and Probed whether
// an attempt for that key has ended in this process.
func (e *Engine) Verdict(id ID) (Verdict, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if m := e.entries[id]; m != nil {
		return m.verdict, true
	}
	return Verdict{}, false
}

// Stats are figures of this moment, for metrics.
type Stats struct {
	// InFlight is how many probes run, Waiting how many are due and wait for a place.
	InFlight, Waiting int
	// EgressClosed says that nothing outside the cluster can be reached.
	EgressClosed bool
}

// Stats returns the figures of this moment.
func (e *Engine) Stats() Stats {
	e.mu.Lock()
	defer e.mu.Unlock()
	return Stats{InFlight: e.inFlight, Waiting: e.waiting(), EgressClosed: !e.egress.since.IsZero()}
}

// NeedLeaderElection says that only the leader probes.
func (e *Engine) NeedLeaderElection() bool { return true }

// Start probes until the context ends, and returns once no probe is in flight.
func (e *Engine) Start(ctx context.Context) error {
	crew := crew{work: make(chan *flight), run: func(f *flight) []*flight { return e.run(ctx, f) }, end: ctx.Done()}
	defer crew.all.Wait()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		case <-e.wake:
		}
		begun, until := e.pass(ctx)
		for _, f := range begun {
			crew.take(f)
		}
		e.tell()
		wait := time.Until(until)
		if len(begun) > 0 {
			wait = max(wait, tick)
		}
		timer.Reset(wait)
	}
}

// pass begins all probes that can begin now, and says until when there is nothing more to do.
func (e *Engine) pass(ctx context.Context) (begun []*flight, until time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := time.Now()
	if ctx.Err() != nil {
		return nil, now
	}
	if !now.Before(e.sweepAt) {
		e.sweep(now)
		e.sweepAt = now.Add(sweepEvery)
	}
	for _, s := range e.roomy {
		e.serveSkipped(s, now)
	}
	for _, l := range e.freed {
		e.serve(l, now)
	}
	for len(e.queue) > 0 && !e.queue[0].at.After(now) {
		next := e.queue[0]
		e.queue.unset(next)
		if next.lane != nil {
			e.serveLane(next.lane, now)
		} else {
			e.arrive(next.entry, now)
		}
	}
	for _, m := range e.cleared {
		begun = append(begun, e.begin(ctx, m, now))
	}
	e.freed, e.roomy, e.cleared = e.freed[:0], e.roomy[:0], e.cleared[:0]
	e.asleep = e.sweepAt
	if len(e.queue) > 0 && e.queue[0].at.Before(e.asleep) {
		e.asleep = e.queue[0].at
	}
	return begun, e.asleep
}

// period is how often the entry is probed: as asked for, or less often where the share of its lane does
// not suffice.
func (m *entry) period() time.Duration { return stretch(m.target.Period, m.lane.stretch) }

// schedule makes an entry due at a moment.
func (e *Engine) schedule(m *entry, due time.Time) {
	e.giveUp(m)
	m.due = due
	e.setAlarm(&m.alarm, due)
}

// tell calls Changed for the verdicts that show something new, and Egress where the way out has closed or
// opened, outside the lock.
func (e *Engine) tell() {
	e.mu.Lock()
	changed := e.changed
	e.changed = nil
	closed := !e.egress.since.IsZero()
	turned := closed != e.toldClosed
	e.toldClosed = closed
	e.mu.Unlock()
	if turned && e.options.Egress != nil {
		e.options.Egress(closed)
	}
	for _, id := range changed {
		e.options.Changed(id)
	}
}

func (e *Engine) notify() {
	select {
	case e.wake <- struct{}{}:
	default:
	}
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
