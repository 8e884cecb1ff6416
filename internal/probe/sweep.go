// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import "time"

const (
	// sweepEvery is how often the engine looks for proofs that became too old, and forgets lanes.
	sweepEvery = 30 * time.Second
	// proofPeriods is after how many periods without a probe a verdict is doubted, and proofAge the least
	// time for that.
	proofPeriods = 3
	proofAge     = 10 * time.Minute
)

// sweep doubts verdicts that were not renewed for long, and forgets namespaces, guesses and lanes that nobody needs. It
// shows the others' periods where members left. While a provider asks to wait, nothing gets older.
func (e *Engine) sweep(now time.Time) {
	for _, m := range e.entries {
		age := now.Sub(latest(m.heard, m.lane.closedUntil))
		if age > max(proofPeriods*m.period(), proofAge) && m.verdict.Doubt == (Symptom{}) {
			m.verdict.Doubt = ProofTooOld
			e.changed = append(e.changed, m.id)
		}
	}
	for namespace, s := range e.spaces {
		if s.entries+s.taken == 0 {
			delete(e.spaces, namespace)
		}
	}
	for key, g := range e.guesses {
		if g.flying == 0 && g.opens(now).IsZero() && len(g.rejected) == 0 {
			delete(e.guesses, key)
		}
	}
	for key, l := range e.lanes {
		if !l.idle(now) {
			e.restretch(l)
			continue
		}
		e.queue.unset(&l.alarm)
		delete(e.lanes, key)
		delete(l.host.lanes, l)
		if len(l.host.lanes) == 0 {
			delete(e.hosts, l.host.name)
			e.egress.forget(l.host.name, now)
		}
	}
}
