// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"slices"
	"strings"
	"time"
)

const (
	// RejectionPause is how long to wait after a login was rejected: servers and tools such as fail2ban shut
	// out who fails about five times in ten minutes, and that would hit the app as well.
	RejectionPause = 5 * time.Minute
	// mostGuesses is how many logins of one namespace a server may reject within that time before new ones wait.
	mostGuesses = 3
	// guessAgain is when it is looked again whether one of those under way was accepted.
	guessAgain = time.Second
)

// guesses are the logins of one namespace at one server of which nobody knows what it will say. Who changes a Secret
// again and again would else find out a password, or have the server shut out all of the cluster.
type guesses struct {
	// flying is how many are under way or wait for a place, and rejected when the last ones were rejected.
	flying   int
	rejected []time.Time
}

// guessKey names the guesses of a namespace at a server; at all of them where no certificate has to be for the name
// of the server, since whoever owns a domain has as many names for it as they like.
type guessKey struct{ namespace, server string }

// guessKey is where a login with a new credential counts; zero where there is no login.
func (m *entry) guessKey() guessKey {
	t := m.target
	if scheme, _, _ := strings.Cut(t.BaseURL, "://"); scheme != "smtp" && scheme != "postgres" || t.Credential.IsZero() {
		return guessKey{}
	}
	if slices.Contains([]TLSMode{ClearText, AnyCertificate, VerifyCA}, t.TLS) {
		return guessKey{namespace: m.id.Namespace}
	}
	return guessKey{m.id.Namespace, t.host()}
}

// guessesOf returns those that a lane counts with; nil where it has no new credential.
func (e *Engine) guessesOf(l *lane) *guesses {
	if l.guess == (guessKey{}) {
		return nil
	}
	g := e.guesses[l.guess]
	if g == nil {
		g = &guesses{}
		e.guesses[l.guess] = g
	}
	return g
}

// opens returns when the next one may begin.
func (g *guesses) opens(now time.Time) time.Time {
	g.rejected = slices.DeleteFunc(g.rejected, func(at time.Time) bool { return now.Sub(at) >= RejectionPause })
	switch n := len(g.rejected); {
	case n >= mostGuesses:
		return g.rejected[n-mostGuesses].Add(RejectionPause)
	case n+g.flying >= mostGuesses:
		return now.Add(guessAgain)
	}
	return time.Time{}
}

// unheard are the ways in which a probe ends that may have kept a rejection from being heard: who has no patience, or
// changes the target meanwhile, has guessed all the same.
var unheard = []Symptom{TimedOut, ConnectionClosed, MailServerHungUp, ProbeFailed}

// guessed takes down what a server said of a new credential.
func (e *Engine) guessed(f *flight, o Outcome, now time.Time) {
	g := e.guessesOf(f.lane)
	if g == nil {
		return
	}
	g.flying--
	accepted := o[Authenticated].Result == Passed
	rejected := o[Authenticated].Result == Failed || !f.round.cutOff && slices.Contains(unheard, o[Reachable].Symptom)
	if rejected {
		g.rejected = append(g.rejected, now)
	}
	if accepted || rejected {
		f.lane.guess = guessKey{} // It is new no more.
	}
}
