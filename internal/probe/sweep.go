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

// sweep doubts verdicts that were not renewed for long, and forgets namespaces, guesses and lanes that nobody needs. It shows the
// others' periods where members left.
func (e *Engine) sweep(now time.Time) {
	for _, m := range e.entries {
		if now.Sub(m.heard) > max(proofPeriods*m.period(), proofAge) && m.verdict.Doubt == (Symptom{}) {
			m.verdict.Doubt = ProofTooOld
			e.changed = append(e.changed, m.id)
		}
	}
	if !e.egress.since.IsZero() {
		e.egress.closed(now)
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
		}
	}
}
