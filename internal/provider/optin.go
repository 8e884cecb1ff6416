// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import "mainstay.dev/mainstay/internal/probe"

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

// refuse records that what the spec opted in to was not done. The steps before it have proven the way to
// the provider and the credential, so what is wrong is with what was asked for.
func (r *run) refuse(step Step, reading probe.Reading, name string) {
	stage, before := reading.Symptom.Stage(), r.outcome[probe.Authenticated].Result
	open := before == probe.Undecided || before == probe.NotReached
	names := stage == probe.Provisioned && !reading.Unprovable
	malformed := reading.Symptom == probe.ScopeMalformed // It is looked at before the client is.
	if open && (names && name != "" || stage == probe.Authorized && !malformed) {
		// Whoever is told what is missing has been let in, which the steps before left open.
		r.outcome.Set(probe.Authenticated, probe.Pass())
		r.proven(stage - 1)
	}
	switch symptom := reading.Symptom; {
	case (symptom == probe.ScopeMissing || malformed) && len(reading.Args) == 0:
		r.outcome.Fail(symptom, r.target.Wants.Scope(name)...)
	case stage == probe.Authorized, symptom == probe.RateLimited, symptom == probe.QuotaExhausted:
		r.outcome.Fail(symptom, r.admitted(reading.Args)...) // It is about the key or the account.
	case names, stage == probe.Working:
		r.outcome.Fail(symptom, r.named(name)...)
	case open && stage == probe.Authenticated:
		if reading.Undecided {
			symptom = probe.KeyRejected
		}
		r.outcome.Set(stage, probe.Fail(symptom))
		if before == probe.Undecided {
			r.outcome.Set(probe.Provisioned, probe.Finding{}) // It was left open for a key that may be a good one.
		}
	case symptom == probe.KeySuspended:
		r.outcome.Fail(symptom) // The steps before it may be free to a key that may do nothing else.
	default:
		r.outcome.Fail(step.Refused, r.named(name)...)
	}
}
