// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"maps"
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
	r := run{Provider: p, client: client, target: t}
	r.outcome.Set(probe.Configured, probe.Pass())
	ask := (*run).steps
	if p.Asks != nil {
		ask = p.Asks
	}
	if ask(&r, ctx) {
		r.finish()
		r.domain(ctx)
	}
	r.expiry(time.Now())
	return probe.Report{
		Outcome: r.outcome, RetryAfter: r.retryAfter, OptIn: r.optedIn, Headroom: r.headroom,
		Deliveries: r.deliveries, Expires: r.expires, Deadline: r.deadline,
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
	// deliveries is what a sender of webhooks said of its deliveries.
	deliveries *probe.Deliveries
	// expires is when the credential expires; zero where nobody says it.
	expires time.Time
	// memory is what steps keep for those that follow.
	memory any
	// deadline is by when the provider wants the owner to act.
	deadline time.Time
	// withheld says that the request under way carries no credential although there is one, so that its answer
	// says nothing of it.
	withheld bool
}

// steps sends the requests in order and says whether it came to the end of them.
func (r *run) steps(ctx context.Context) bool {
	for _, step := range r.Steps {
		if !r.applies(step) {
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

// applies says whether a step is to be taken, as the spec and earlier answers have it.
func (r *run) applies(step Step) bool {
	page := r.page("", 0)
	return (step.When == nil || step.When(r.target.Wants)) && (step.Unless == nil || !step.Unless(page)) &&
		(step.URL == nil || step.URL(page) != "")
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
	path := step.path(r.page(name, 0))
	for turn := range maxPages {
		page := r.page(name, turn)
		request := r.request(step, path, page)
		if host, strays := r.strays(step, request); strays {
			r.outcome.Fail(probe.ConsentElsewhere, host)
			return true
		}
		r.withheld = request.Credential.IsZero() && !r.target.Credential.IsZero()
		answer := r.client.Do(ctx, request)
		r.retryAfter = max(r.retryAfter, answer.RetryAfter(time.Now()))
		r.limits(answer)
		reading := r.read(step, answer)
		if step.Scope != "" && (reading.Symptom == probe.Forbidden || reading.Symptom == probe.ScopeMissing) {
			r.without(step)
			return true
		}
		if !reading.Good() {
			return r.settle(step, step.blame(reading, request), name)
		}
		// Only an answer that reads as the vendor's own proves anything about the credential.
		page.Body, page.Header = answer.Body, answer.Header
		if err := step.Read(page); err != nil {
			return r.settle(step, step.blame(probe.Reading{Symptom: probe.UnexpectedAnswer}, request), name)
		}
		r.scopes, r.memory, r.deliveries = page.Scopes, page.Memory, page.Deliveries
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

// read says what an answer means, and of which limit it speaks where the vendor names it.
func (r *run) read(step Step, answer probe.Answer) probe.Reading {
	reading := step.reading(answer, r.Rules)
	if reading.Symptom == probe.RateLimited && r.LimitHeader != "" {
		reading.Args = probe.Tokens(answer.Header.Get(r.LimitHeader))
	}
	return reading
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
	if step.URL != nil {
		request.URL = step.URL(page)
	}
	if step.Auth != nil {
		request.Auth = step.Auth(page)
	}
	if request.Auth == (probe.Auth{}) {
		request.Credential = probe.Secret{}
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

// page returns a page for a step to fill and to judge, with what is known so far.
func (r *run) page(name string, turn int) *Page {
	return &Page{
		Wants: r.target.Wants, Outcome: &r.outcome, Scopes: r.scopes, Memory: r.memory, Deliveries: r.deliveries,
		Name: name, Turn: turn,
	}
}

// without leaves out a step that the key has no scope for.
func (r *run) without(step Step) {
	if step.Without != nil {
		step.Without(r.page("", 0))
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
	case reading.Symptom == step.Unread && len(args) > 0:
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
	case stage == probe.Configured, stage == probe.Reachable:
	case stage == probe.Working, reading.Symptom == step.Missing, reading.Edge:
		r.proven(probe.Reachable) // A limit, a path where nothing is, or the edge says nothing of the credential.
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
	if r.withheld {
		last = min(last, probe.Reachable)
	}
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
