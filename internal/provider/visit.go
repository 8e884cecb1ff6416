// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"slices"
	"time"

	"mainstay.dev/mainstay/internal/probe"
)

// visit is an expectation that is looked at over HTTP, as somebody.
type visit struct {
	expected
	// as is the key of the Secret that holds the token of who asks; empty for nobody.
	as string
	// at is what is asked for, and within what that is a part of, if anything. They are equal for two visits that
	// ask for the same.
	at, within string
	sight
}

// sight is what an answer shows of an access, with the symptom that it is where it ought not to be.
type sight struct {
	view
	means probe.Symptom
	args  []string
}

type view int

const (
	// unclear: the answer is neither a yes nor a no.
	unclear view = iota
	// granted: what is asked for is shown. empty: it may be seen, and there is nothing to see.
	granted
	empty
	// refused: it is denied. hidden: it is as if it were not there, which may be the truth.
	refused
	hidden
	// lacking: something that the expectation names is not there.
	lacking
	// rejected: the token is not accepted. withheld: nothing was asked.
	rejected
	withheld
)

// tour looks at all expectations, one by one, and says whether it came to the end of them. ask says what an answer
// shows, and false where the answer is of no access and the probe ends with it.
func (r *run) tour(ctx context.Context, visits []visit, ask func(context.Context, *visit) (sight, bool)) bool {
	barred, shown := map[string]bool{}, map[string]bool{}
	for i := range visits {
		v := &visits[i]
		switch {
		case v.view == withheld:
			continue
		case barred[v.as]:
			v.view = withheld
			continue
		}
		s, goesOn := ask(ctx, v)
		if !goesOn {
			return false
		}
		v.sight = s
		if s.view == rejected {
			barred[v.as] = true
		}
		if s.view == granted {
			shown[v.at], shown[v.within] = true, true
		}
	}
	r.weighTokens(visits)
	var findings []probe.Finding
	for _, v := range visits {
		findings = append(findings, v.judge(shown)...)
	}
	r.weighAccess(findings)
	return true
}

// judge says what came of an expectation, given what was shown to anybody.
func (v visit) judge(shown map[string]bool) []probe.Finding {
	proven := shown[v.at] // That it is there, and others see it.
	switch v.view {
	case granted:
		if v.Denied {
			return v.found(probe.Failed, v.means)
		}
		return nil
	case empty:
		switch {
		case !v.Denied && v.at != v.within:
			return v.found(probe.Failed, probe.RowsNotShown)
		case !v.Denied, proven:
			return nil
		}
		return v.found(probe.Unprovable, probe.RowsUnproven)
	case refused:
		if v.Denied {
			return nil
		}
		return v.found(probe.Failed, v.means, v.args...)
	case hidden:
		switch {
		case !v.Denied:
			return v.missing(v.means)
		case proven:
			return nil
		}
		return v.found(probe.Undecided, probe.PathUnclear)
	case lacking:
		return v.missing(v.means)
	case rejected, withheld:
		return v.found(probe.Unprovable, probe.ExpectationUnproven)
	case unclear:
	}
	return v.found(probe.Undecided, v.means, v.args...)
}

// weighTokens says what the answers prove of the tokens: a token is accepted where something is shown to it, or
// denied to it.
func (r *run) weighTokens(visits []visit) {
	made := slices.DeleteFunc(slices.Clone(visits), func(v visit) bool { return v.view == withheld })
	if len(made) == 0 {
		return
	}
	accepted := map[string]bool{}
	for _, v := range made {
		switch v.view {
		case rejected:
			r.outcome.Fail(v.means, v.as)
		case granted, empty, refused:
			accepted[v.as] = true
		case unclear, hidden, lacking, withheld:
			// PostgREST looks at the token before all else; an API may not.
			accepted[v.as] = accepted[v.as] || v.PostgREST != nil
		}
	}
	for _, v := range made {
		if v.as != "" && !accepted[v.as] {
			r.outcome.Leave(probe.Undecided, probe.TokenUnproven, v.as)
		}
	}
	r.proven(probe.Authenticated)
}

// visited sends the request of a visit, and takes note of what the answer tells besides.
func (r *run) visited(ctx context.Context, request probe.Request) probe.Answer {
	answer := r.client.Do(ctx, request)
	r.retryAfter = max(r.retryAfter, answer.RetryAfter(time.Now()))
	return answer
}

// ends records an answer that is of the server and of no access.
func (r *run) ends(a probe.Answer, reading probe.Reading) {
	if reading.Symptom.Stage() > probe.Reachable {
		r.reached(a.Expires)
	}
	r.outcome.Fail(reading.Symptom, r.admitted(reading.Args)...)
}
