// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
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
	if run.steps(ctx) {
		run.finish()
	}
	return probe.Report{Outcome: run.outcome, RetryAfter: run.retryAfter}
}

// run is one probe under way.
type run struct {
	Provider
	client     probe.Client
	target     probe.Target
	outcome    probe.Outcome
	scopes     []string
	retryAfter time.Duration
}

// steps sends the requests in order and says whether it came to the end of them.
func (r *run) steps(ctx context.Context) bool {
	for _, step := range r.Steps {
		if step.When != nil && !step.When(r.target.Wants) {
			continue
		}
		if step.Scope != "" && !slices.Contains(r.scopes, step.Scope) {
			r.without(step)
			continue
		}
		names := []string{""}
		if step.Each != nil {
			names = step.Each(r.target.Wants)
		}
		for _, name := range names {
			if !r.step(ctx, step, name) {
				return false
			}
		}
	}
	return true
}

// step sends one step for one name, page by page, and says whether the probe can go on.
func (r *run) step(ctx context.Context, step Step, name string) bool {
	path := strings.ReplaceAll(step.Path, "{name}", url.PathEscape(name))
	for range maxPages {
		answer := r.client.Do(ctx, probe.Request{
			URL: r.target.BaseURL + path, Header: r.Header, Auth: r.Auth,
			Credential: r.target.Credential, CA: r.target.CA,
		})
		r.retryAfter = max(r.retryAfter, answer.RetryAfter(time.Now()))
		reading := probe.Classify(answer, r.Rules)
		if step.Scope != "" && (reading.Symptom == probe.Forbidden || reading.Symptom == probe.ScopeMissing) {
			r.without(step)
			return true
		}
		if !reading.Good() {
			return r.settle(reading, name)
		}
		// Only an answer that reads as the vendor's own proves anything about the credential.
		page := r.page(answer.Body)
		if err := step.Read(page); err != nil {
			r.outcome.Fail(probe.UnexpectedAnswer)
			return false
		}
		r.scopes = page.Scopes
		r.proven(probe.Authorized)
		if page.Next == "" {
			return true
		}
		path = page.Next
	}
	// What stands on pages that are not read stays open.
	r.outcome.Set(probe.Provisioned, probe.Finding{
		Result: probe.Undecided, Symptom: probe.ListTooLong, Args: r.target.Wants.Names(),
	})
	return true
}

// page returns an answer for a step to judge, with what is known so far.
func (r *run) page(body []byte) *Page {
	return &Page{Body: body, Wants: r.target.Wants, Outcome: &r.outcome, Scopes: r.scopes}
}

// without leaves out a step that the key has no scope for.
func (r *run) without(step Step) {
	if step.Without != nil {
		step.Without(r.page(nil))
	}
}

// settle records an answer that is not good, with what it proves all the same, and says whether later
// requests can still find something.
func (r *run) settle(reading probe.Reading, name string) bool {
	stage, args := reading.Symptom.Stage(), r.admitted(reading.Args)
	if stage == probe.Provisioned {
		args = r.named(name)
	}
	if stage == probe.Provisioned && len(args) == 0 && !reading.Unprovable {
		// Where the spec asks for nothing, nothing but the path can be missing.
		r.outcome.Fail(probe.PathNotFound)
		return false
	}
	switch stage {
	case probe.Working:
		r.proven(probe.Reachable) // A limit says nothing of the credential.
	case probe.Configured, probe.Reachable:
	default:
		r.proven(stage - 1)
	}
	if stage == probe.Provisioned && len(args) == 0 {
		return true // finish says that there is nothing to prove.
	}
	unprovable := reading.Unprovable || reading.Symptom == probe.ScopeMissing && r.target.Wants.Empty()
	if unprovable {
		r.outcome.Set(stage, probe.Finding{Result: probe.Unprovable, Symptom: reading.Symptom, Args: args})
	} else {
		r.outcome.Fail(reading.Symptom, args...)
	}
	return stage == probe.Authorized || stage == probe.Provisioned
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
	if r.outcome[probe.Working].Result == probe.NotReached {
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
