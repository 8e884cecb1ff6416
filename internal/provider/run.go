// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"mainstay.dev/mainstay/internal/probe"
)

// maxPages bounds how many pages of a listing one probe reads.
const maxPages = 10

// Probe probes a target with the provider that its Kind and Provider name. A target of an unknown
// provider is our own mistake and says so.
func Probe(ctx context.Context, client probe.Client, t probe.Target) probe.Report {
	p, ok := Find(t.Kind, t.Provider)
	if !ok {
		var o probe.Outcome
		o.Fail(probe.ProbeFailed)
		return probe.Report{Outcome: o}
	}
	return p.examine(ctx, client, t)
}

func (p Provider) examine(ctx context.Context, client probe.Client, t probe.Target) probe.Report {
	run := run{Provider: p, client: client, target: t}
	run.outcome.Set(probe.Configured, probe.Pass())
	ask := run.steps
	if p.SpeaksSMTP() {
		ask = run.converse
	}
	if ask(ctx) {
		run.finish()
		run.domain(ctx)
	}
	run.expiry(time.Now())
	return probe.Report{
		Outcome: run.outcome, RetryAfter: run.retryAfter, OptIn: run.optedIn, Headroom: run.headroom,
		Expires: run.expires, Deadline: run.deadline,
	}
}

// run is one probe under way.
type run struct {
	Provider
	client     probe.Client
	target     probe.Target
	outcome    probe.Outcome
	scopes     []string
	retryAfter time.Duration
	// optedIn are the stages that steps have judged which the spec opted in to.
	optedIn  probe.StageSet
	headroom []probe.Headroom
	// expires is when the credential expires; zero where nobody says it.
	expires time.Time
	// memory is what steps keep for those that follow.
	memory any
	// deadline is by when the provider wants the owner to act.
	deadline time.Time
}

// steps sends the requests in order and says whether it came to the end of them.
func (r *run) steps(ctx context.Context) bool {
	for _, step := range r.Steps {
		if step.When != nil && !step.When(r.target.Wants) || step.Unless != nil && step.Unless(r.page("", 0)) {
			continue
		}
		if step.Scope != "" && !slices.Contains(r.scopes, step.Scope) {
			r.without(step)
			continue
		}
		if step.OptIn && (!r.target.OptInDue || r.failed()) {
			continue
		}
		names := []string{""}
		if step.Each != nil {
			names = step.Each(r.target.Wants)
		}
		for _, name := range names {
			before := r.outcome[probe.Provisioned]
			if !r.step(ctx, step, name) {
				return false
			}
			missing := r.outcome[probe.Provisioned].Symptom == probe.DomainNotFound
			if step.Either && !missing {
				break
			}
			if step.Either && name != names[len(names)-1] {
				r.outcome.Set(probe.Provisioned, before)
			}
		}
	}
	return true
}

// failed says whether anything was found wrong so far.
func (r *run) failed() bool {
	return slices.ContainsFunc(r.outcome[:], func(f probe.Finding) bool { return f.Result == probe.Failed })
}

// step sends one step for one name, page by page, and says whether the probe can go on.
func (r *run) step(ctx context.Context, step Step, name string) bool {
	if step.OptIn {
		before := r.outcome
		defer func() { r.optedIn |= judged(before, r.outcome) }()
	}
	path := step.path(name)
	for turn := range maxPages {
		page := r.page(name, turn)
		answer := r.client.Do(ctx, r.request(step, path, page))
		r.retryAfter = max(r.retryAfter, answer.RetryAfter(time.Now()))
		r.limits(answer)
		reading := r.read(step, answer)
		if step.Scope != "" && (reading.Symptom == probe.Forbidden || reading.Symptom == probe.ScopeMissing) {
			r.without(step)
			return true
		}
		if !reading.Good() {
			return r.settle(step, reading, name)
		}
		// Only an answer that reads as the vendor's own proves anything about the credential.
		page.Body = answer.Body
		if err := step.Read(page); err != nil {
			return r.settle(step, probe.Reading{Symptom: probe.UnexpectedAnswer}, name)
		}
		r.scopes, r.memory = page.Scopes, page.Memory
		if !page.Deadline.IsZero() {
			r.deadline = page.Deadline
		}
		for _, h := range page.Headroom {
			r.has(h)
		}
		r.proven(probe.Authorized)
		switch {
		case page.Next != "":
			path = page.Next
		case !page.Again:
			return true
		}
	}
	// What stands on pages that are not read stays open.
	r.outcome.Set(probe.Provisioned, probe.Finding{
		Result: probe.Undecided, Symptom: probe.ListTooLong, Args: r.target.Wants.Names(),
	})
	return true
}

// path returns the path for a name. A colon is escaped too, as AWS's own clients do: a signature is over the
// path as it is spelled.
func (s Step) path(name string) string {
	if s.Each == nil {
		return s.Path // It names nothing, and every probe of every target comes by here.
	}
	if s.Spelled != nil {
		name = s.Spelled(name)
	}
	escaped := strings.ReplaceAll(url.PathEscape(name), ":", "%3A")
	return strings.NewReplacer("{name}", escaped, "{path}", name).Replace(s.Path)
}

// reading classifies the answer to a step.
func (s Step) reading(answer probe.Answer, rules []probe.Rule) probe.Reading {
	if s.Silent && answer.Fault == (probe.Symptom{}) && answer.Status == http.StatusOK && len(answer.Body) == 0 {
		return probe.Reading{}
	}
	reading := probe.Classify(answer, rules)
	if reading.Symptom == probe.PathNotFound && s.Missing != (probe.Symptom{}) {
		reading.Symptom = s.Missing
	}
	return reading
}

// read says what an answer means, and of which limit it speaks where the vendor names it.
func (r *run) read(step Step, answer probe.Answer) probe.Reading {
	reading := step.reading(answer, r.Rules)
	if reading.Symptom == probe.RateLimited && r.LimitHeader != "" {
		reading.Args = probe.Tokens(answer.Header.Get(r.LimitHeader))
	}
	return reading
}

// judged returns the stages of which a step that was opted in to has said something. That it works is one.
func judged(before, after probe.Outcome) probe.StageSet {
	stages := probe.StageSet(0).With(probe.Working)
	for stage := range after {
		if !after[stage].Equal(before[stage]) {
			stages = stages.With(probe.Stage(stage))
		}
	}
	return stages
}

// request is what a step sends.
func (r *run) request(step Step, path string, page *Page) probe.Request {
	base := r.target.BaseURL
	if step.BaseURL != "" && base == r.Base(r.target.Place) {
		base = strings.ReplaceAll(step.BaseURL, "{place}", r.target.Place)
	}
	request := probe.Request{
		URL: base + path, Header: r.Header, Auth: r.Auth, Credential: r.target.Credential, CA: r.target.CA,
	}
	if request.Auth.AWSService != "" {
		request.Auth.Region = r.target.Place
	}
	if step.Body != nil {
		request.Body = step.Body(page)
	}
	if step.Header != nil {
		request.Header = step.Header(page)
		maps.Copy(request.Header, r.Header)
	}
	return request
}

// expiry takes note of when the credential expires, as the spec, the credential itself or the vendor says,
// and warns early of it.
func (r *run) expiry(now time.Time) {
	for _, at := range []time.Time{r.target.Expires, r.target.Credential.Expiry()} {
		if !at.IsZero() && (r.expires.IsZero() || at.Before(r.expires)) {
			r.expires = at
		}
	}
	soon := !r.expires.IsZero() && r.expires.Sub(now) < expiryWarning
	if soon && r.outcome[probe.Authenticated].Equal(probe.Pass()) {
		r.outcome.Set(probe.Authenticated, probe.Finding{Result: probe.Passed, Symptom: probe.KeyExpiringSoon})
	}
}

// expiryWarning is how long before a credential expires that is told of.
const expiryWarning = 14 * 24 * time.Hour

// expiryForms are how headers write when a credential expires.
var expiryForms = []string{time.RFC3339, http.TimeFormat, "2006-01-02 15:04:05 MST", "2006-01-02 15:04:05 -0700"}

// limits takes up what the headers of an answer say of limits.
func (r *run) limits(answer probe.Answer) {
	if r.ExpiryHeader != "" {
		for _, form := range expiryForms {
			if at, err := time.Parse(form, answer.Header.Get(r.ExpiryHeader)); err == nil {
				r.expires = at
			}
		}
	}
	for _, l := range r.Limits {
		if limit, remaining, ok := answer.Headroom(l.Limit, l.Remaining); ok {
			r.has(probe.Headroom{Resource: l.Resource, Limit: limit, Remaining: remaining})
		}
	}
}

// has takes note of headroom. What was said last of a resource holds.
func (r *run) has(h probe.Headroom) {
	i := slices.IndexFunc(r.headroom, func(known probe.Headroom) bool { return known.Resource == h.Resource })
	if i < 0 {
		r.headroom = append(r.headroom, h)
		return
	}
	r.headroom[i] = h
}

// page returns a page for a step to fill and to judge, with what is known so far.
func (r *run) page(name string, turn int) *Page {
	return &Page{Wants: r.target.Wants, Outcome: &r.outcome, Scopes: r.scopes, Memory: r.memory, Name: name, Turn: turn}
}

// without leaves out a step that the key has no scope for.
func (r *run) without(step Step) {
	if step.Without != nil {
		step.Without(r.page("", 0))
	}
}

// refuse records that what the spec opted in to was not done. The steps before it have proven the way to
// the provider and the credential, so what is wrong is with what was asked for.
func (r *run) refuse(step Step, reading probe.Reading, name string) {
	stage, open := reading.Symptom.Stage(), r.outcome[probe.Authenticated].Result == probe.Undecided
	names := stage == probe.Provisioned && !reading.Unprovable
	if open && (names || stage == probe.Authorized) {
		// Whoever is told what is missing has been let in, which the steps before left open.
		r.outcome.Set(probe.Authenticated, probe.Pass())
		r.proven(stage - 1)
	}
	switch symptom := reading.Symptom; {
	case stage == probe.Authorized, symptom == probe.RateLimited, symptom == probe.QuotaExhausted:
		r.outcome.Fail(symptom, r.admitted(reading.Args)...) // It is about the key or the account.
	case names, stage == probe.Working:
		r.outcome.Fail(symptom, r.named(name)...)
	case open && stage == probe.Authenticated:
		r.outcome.Set(stage, probe.Fail(probe.KeyRejected))
		r.outcome.Set(probe.Provisioned, probe.Finding{}) // It was left open for a key that may be a good one.
	default:
		r.outcome.Fail(step.Refused, r.named(name)...)
	}
}

// settle records an answer that is not good, with what it proves all the same, and says whether later
// requests can still find something.
func (r *run) settle(step Step, reading probe.Reading, name string) bool {
	if step.OptIn {
		r.refuse(step, reading, name)
		return true
	}
	stage, args := reading.Symptom.Stage(), r.admitted(reading.Args)
	if step.Either {
		name = "" // It is about the first, which is what the spec asks for.
	}
	switch {
	case stage == probe.Provisioned:
		args = r.named(name)
	case reading.Symptom == probe.ScopeMissing && len(args) == 0 && step.Permission != "":
		args = []string{step.Permission}
	case reading.Symptom == probe.ScopeMissing && len(args) == 0:
		args = r.target.Wants.Scope(name)
	}
	if stage == probe.Provisioned && len(args) == 0 && !reading.Unprovable {
		// Where the spec asks for nothing, nothing but the path can be missing.
		r.outcome.Fail(probe.PathNotFound)
		return false
	}
	switch {
	case stage == probe.Working, reading.Symptom == step.Missing:
		r.proven(probe.Reachable) // A limit, or a path where nothing is, says nothing of the credential.
	case stage == probe.Configured, stage == probe.Reachable:
	default:
		r.proven(stage - 1)
	}
	if stage == probe.Provisioned && len(args) == 0 {
		return true // finish says that there is nothing to prove.
	}
	switch {
	case reading.Undecided:
		r.outcome.Leave(probe.Undecided, reading.Symptom, args...)
	case reading.Unprovable || r.spared(step, reading.Symptom):
		r.outcome.Leave(probe.Unprovable, reading.Symptom, args...)
	default:
		r.outcome.Fail(reading.Symptom, args...)
	}
	if stage == probe.Authorized || reading.Undecided {
		r.without(step)
	}
	return reading.Undecided || stage == probe.Authorized || stage == probe.Provisioned
}

// spared says whether a key that is refused has not failed, since the spec does not need what the step reads.
func (r *run) spared(step Step, refusal probe.Symptom) bool {
	if step.Needed == nil {
		return refusal == probe.ScopeMissing && r.target.Wants.Empty()
	}
	return (refusal == probe.ScopeMissing || refusal == probe.Forbidden) && !step.Needed(r.target.Wants)
}

// admitted drops what repeats the credential: a server may say it back to us in any place.
func (r *run) admitted(args []string) []string {
	return slices.DeleteFunc(args, r.target.Credential.ShownBy)
}

// named returns what a finding of stage Provisioned is about: the name that the request was for, or all
// that the spec asks for.
func (r *run) named(name string) []string {
	if name != "" {
		return []string{name}
	}
	return r.target.Wants.Names()
}

// proven marks the stages up to last as passed. Without a credential nothing was authenticated.
func (r *run) proven(last probe.Stage) {
	if r.target.Credential.IsZero() {
		for stage := probe.Authenticated; stage <= min(last, probe.Authorized); stage++ {
			if r.outcome[stage].Result == probe.NotReached {
				r.outcome.Set(stage, probe.Finding{Result: probe.NotApplicable})
			}
		}
	}
	r.outcome.PassUpTo(last)
}

// finish settles the stages that nothing spoke against.
func (r *run) finish() {
	if r.outcome[probe.Working].Result == probe.NotReached && r.optedIn == 0 {
		r.outcome.Set(probe.Working, probe.Finding{Result: probe.NotApplicable})
	}
	if r.outcome[probe.Provisioned].Result != probe.NotReached {
		return
	}
	switch {
	case r.target.Wants.Empty():
		r.outcome.Set(probe.Provisioned, probe.Finding{Result: probe.NotApplicable})
	case r.outcome[probe.Authorized].Result.Good():
		r.outcome.Set(probe.Provisioned, probe.Pass())
	}
}
