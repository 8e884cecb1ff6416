// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"context"
	"errors"
	"runtime/debug"
	"time"
)

const (
	// countingPeriod is the least time between probes while an outcome is counted, and countingShare its
	// part of the period.
	countingPeriod = 10 * time.Second
	countingShare  = 6
	// spread is how far a period may be stretched or shortened, so that targets do not fall into step.
	spread = 0.05
)

// flight is one probe under way.
type flight struct {
	// entry is the target that is probed; nil once that was replaced or removed.
	entry  *entry
	target Target
	lane   *lane
	space  *space
	ctx    context.Context
	cancel context.CancelFunc
	round  round
	began  time.Time
	// planned is when the probe could have begun, and skipped how many probes were left out for it.
	planned time.Time
	skipped int
	// theirs says that the provider's status page reports trouble.
	theirs bool
	// overdrawn says that the lane has sent more requests than its share.
	overdrawn bool
}

// begin begins the probe of an entry that has all its places.
func (e *Engine) begin(ctx context.Context, m *entry, now time.Time) *flight {
	l := m.lane
	f := &flight{
		entry: m, target: m.target, lane: l, space: m.space, began: now, planned: m.ready,
		skipped: int(now.Sub(m.due) / max(m.period(), time.Second)),
		round:   round{client: e.options.Client, shared: len(l.members) > 1},
	}
	f.target.OptInDue = m.optIn.isDue(m.target, now)
	f.ctx, f.cancel = context.WithTimeout(ctx, m.target.Timeout)
	if m.requested {
		l.requestsFrom = now.Add(requestPause)
	}
	m.flight, m.began, m.requested = f, now, false
	return f
}

// run brings a flight to its end, and returns the flights that could begin for it.
func (e *Engine) run(ctx context.Context, f *flight) []*flight {
	report, panicked := e.probe(f.ctx, &f.round, f.target)
	// Whether the process is ending has to be asked before the probe's own context is released. A timeout
	// of the probe is another error, and whoever cancels may name any cause.
	ending := errors.Is(f.ctx.Err(), context.Canceled)
	f.cancel()
	if !ending {
		f.theirs = unanswered(report.Outcome) && e.pages.trouble(ctx, f.target.StatusPage)
	}
	ended := time.Now()
	observation, counted := e.land(f, report, ending, ended)
	if counted {
		observation.Duration, observation.Panic = ended.Sub(f.began), panicked
		observation.Lag, observation.Skipped = f.began.Sub(f.planned), f.skipped
		e.observe(observation)
	}
	e.tell()
	if !ending {
		e.shareRound(ctx, f)
	}
	var next []*flight
	if e.release(f) {
		next, _ = e.pass(ctx)
	}
	e.tell()
	return next
}

// probe runs one probe. A panic is our own fault, never the dependency's. Its value is dropped, since it
// may hold anything; the stack says where it was.
func (e *Engine) probe(ctx context.Context, client Client, t Target) (report Report, panicked string) {
	defer func() {
		if recover() != nil {
			report, panicked = Report{}, string(debug.Stack())
			report.Outcome.Fail(ProbeFailed)
		}
	}()
	return e.options.Probe(ctx, client, t), ""
}

// land takes in the report of a probe that ended. It says whether the report counts: it does not where
// the target was replaced or removed meanwhile.
func (e *Engine) land(f *flight, r Report, ending bool, ended time.Time) (o Observation, counted bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.inFlight--
	f.lane.host.taken--
	e.giveBack(f.space)
	e.guessed(f, r.Outcome, ended)
	f.overdrawn = f.lane.spend(len(f.round.asked), ended)
	if r.RetryAfter > 0 {
		wait := stretch(r.RetryAfter, 1+spread*e.options.Jitter())
		f.lane.closedUntil = latest(f.lane.closedUntil, ended.Add(wait))
	}
	switch {
	case ending, f.target.OwnHost:
	case f.round.reached:
		e.egress.reached(f.lane.host.name)
	case f.round.cutOff && f.target.tellsOfEgress():
		next := ended.Add(stretch(f.target.countingPeriod(), 1+spread) + f.target.Timeout)
		e.egress.missed(f.lane.host.name, ended, next)
	}
	m := f.entry
	if m == nil {
		return Observation{}, false
	}
	m.flight = nil
	m.asks(f.round.asked, r.Outcome)
	if ending {
		e.schedule(m, m.due)
		return Observation{}, false
	}
	f.lane.notes(r.Outcome, m.verdict.Accepted == f.target.Login(), ended)
	return e.take(m, f, r, ended), true
}

// take adds a report to the verdict of an entry, and plans its next probe.
func (e *Engine) take(m *entry, f *flight, r Report, now time.Time) Observation {
	seen := Observation{ID: m.id, Target: m.target, Ended: now}
	r.Outcome, seen.Ignored = e.weigh(f, r.Outcome, now)
	seen.Report = r
	before := m.verdict
	if len(r.Headroom) > 0 {
		m.verdict.Headroom = r.Headroom
	}
	if r.Deliveries != nil {
		m.verdict.Deliveries = r.Deliveries
	}
	if !r.Expires.IsZero() || r.Outcome[Authenticated].Result == Passed {
		m.verdict.Expires = r.Expires // Who was let in, and told nothing of an end, has none.
	}
	if r.Outcome[Provisioned].Result != NotReached {
		m.verdict.Deadline = r.Deadline
	}
	switch seen.Ignored {
	case "":
		m.verdict.Doubt = Symptom{}
		m.verdict = e.options.Settle(m.verdict, m.target, m.optIn.admit(m.target, r), now)
		m.optIn.done(m.target, r, m.verdict, now)
		m.heard = now
	case NoEgress:
		m.heard = now
		if now.Sub(e.egress.since) >= egressDoubt {
			m.verdict.Doubt = ClusterEgressDown
		}
	case OwnRequests:
	}
	m.began = f.began
	if !before.Shows(m.verdict) {
		e.changed = append(e.changed, m.id)
	}
	e.schedule(m, e.nextDue(m, seen.Ignored != ""))
	return seen
}

// nextDue keeps the rhythm of the period, asks sooner while something is being counted, and never before
// the provider asked to be asked again.
func (e *Engine) nextDue(m *entry, soon bool) time.Time {
	period := m.period()
	if soon || m.verdict.Counting() {
		period = min(period, m.target.countingPeriod())
	}
	due := m.began.Add(stretch(period, 1-spread+2*spread*e.options.Jitter()))
	return latest(due, m.lane.closedUntil)
}

// countingPeriod is how often the target is probed while an outcome is counted.
func (t Target) countingPeriod() time.Duration {
	return max(countingPeriod, t.Period/countingShare)
}

// release opens the lane of a flight for the next one, and says whether somebody waits for what it held.
func (e *Engine) release(f *flight) (wanted bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	f.lane.taken = false
	e.restretch(f.lane)
	if !e.waited(f) {
		return false
	}
	e.freed = append(e.freed, f.lane)
	return true
}

func (e *Engine) observe(o Observation) {
	if e.options.Observe != nil {
		e.options.Observe(o)
	}
}
