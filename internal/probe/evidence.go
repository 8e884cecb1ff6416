// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"context"
	"slices"
	"time"
)

// weigh corrects an outcome by what is known beyond it: that a rate limit was of our own making, that the
// cluster cannot reach the outside, that a host refuses many credentials at once, or that the provider
// itself reports trouble. It says why the outcome is no evidence where it is none.
func (e *Engine) weigh(f *flight, o Outcome, now time.Time) (Outcome, Ignored) {
	switch {
	case o[Working].Symptom == RateLimited && f.overdrawn:
		return o, OwnRequests
	case !f.round.reached && f.round.cutOff && !e.egress.since.IsZero() && registrable(f.lane.host.name) != "":
		return o, NoEgress
	case o[Authenticated].Symptom == KeyRejected && !f.lane.refused.IsZero() && f.lane.host.incident(now):
		return instead(o, KeysRefused), ""
	case f.theirs && unanswered(o):
		return instead(o, IncidentReported), ""
	}
	return o, ""
}

// instead puts the provider's incident in place of what was found of the way to it.
func instead(o Outcome, s Symptom) Outcome {
	var corrected Outcome
	corrected[Configured] = o[Configured]
	corrected.Fail(s)
	return corrected
}

// unanswered says whether the provider gave no answer that says anything.
func unanswered(o Outcome) bool {
	return slices.Contains([]Symptom{ServerError, TimedOut}, o[Reachable].Symptom)
}

// shareRound lets the other members of a lane take part in the probe that ended, each with what its own
// spec asks for. Those take part for whom half of the wait is over, so that targets of one credential fall
// into one rhythm; and nobody whose target was changed since the probe began.
func (e *Engine) shareRound(ctx context.Context, f *flight) {
	if f.round.answers == nil {
		return
	}
	for _, p := range e.participants(f, time.Now()) {
		if ctx.Err() != nil {
			return
		}
		client := &replay{answers: f.round.answers}
		report, panicked := e.probe(ctx, client, p.target)
		if client.lacking {
			e.lacked(p, client.asked[0])
			continue
		}
		if seen, counted := e.landShared(f, p, report, client.asked); counted {
			seen.Panic = panicked
			e.observe(seen)
		}
	}
}

// participant is an entry that takes part in another's round, as it was when it was chosen.
type participant struct {
	entry  *entry
	target Target
	key    Key
}

func (e *Engine) participants(f *flight, now time.Time) []participant {
	e.mu.Lock()
	defer e.mu.Unlock()
	var chosen []participant
	for _, m := range f.lane.members {
		halfway := m.began.Add(m.due.Sub(m.began) / 2)
		switch {
		case m.first != 0 && !slices.Contains(f.round.asked, m.first):
			continue // It asks for something else, which its own probe showed or an earlier round.
		case m == f.entry, m.since.After(f.began), !m.began.IsZero() && now.Before(halfway):
			continue
		case m.optIn.isDue(m.target, now) && !f.target.OptInDue:
			continue // It has to do more than this round did.
		case f.round.faulty && m.target.Timeout > f.target.Timeout, now.Sub(f.began) > m.target.Timeout:
			continue // It has another patience, and may find something else.
		}
		t := m.target
		t.OptInDue = f.target.OptInDue && m.optIn.nearlyDue(t, now)
		chosen = append(chosen, participant{m, t, m.verdict.Key})
	}
	return chosen
}

// lacked takes note of what a participant asks for first, so that it is not tried in vain with every round: a
// thousand targets of one credential may have nothing in common.
func (e *Engine) lacked(p participant, first uint64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if p.entry.verdict.Key == p.key {
		p.entry.first = first
	}
}

func (e *Engine) landShared(f *flight, p participant, r Report, asked []uint64) (o Observation, counted bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	m := p.entry
	if m.gone || m.verdict.Key != p.key {
		return Observation{}, false
	}
	m.requested = false
	m.asks(asked, r.Outcome)
	o = e.take(m, f, r, time.Now())
	o.Shared = true
	return o, true
}
