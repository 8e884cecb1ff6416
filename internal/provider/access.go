// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"cmp"
	"slices"

	"mainstay.dev/mainstay/internal/probe"
)

// expected is an expectation, of which something is found.
type expected struct{ probe.Expectation }

// found says that of the expectation; args come after its name.
func (e expected) found(result probe.Result, s probe.Symptom, args ...string) []probe.Finding {
	return []probe.Finding{{Result: result, Symptom: s, Args: append([]string{e.String()}, args...)}}
}

// missing says that something which the expectation names is not there, so that nothing is known of the access.
func (e expected) missing(what probe.Symptom) []probe.Finding {
	return append(e.found(probe.Failed, what), e.found(probe.Unprovable, probe.ExpectationUnproven)...)
}

// expectations returns what is expected, and says whether all of it can be asked for as it is written.
func (r *run) expectations(askable func(probe.Expectation) bool) ([]probe.Expectation, bool) {
	wants, _ := r.target.Wants.(probe.AccessWants)
	all := true
	for _, e := range wants.Expectations {
		if !askable(e) {
			r.outcome.Fail(probe.ExpectationRefused, e.String())
			all = false
		}
	}
	return wants.Expectations, all
}

// unseen are the symptoms of an access that was not looked at, so that what it names may not be there.
var unseen = []probe.Symptom{
	probe.SetRoleDenied, probe.SettingDenied, probe.StatementTooSlow, probe.ExpectationUnproven,
	probe.RoleNotGranted, probe.RequestRedirected, probe.PageAnswered, probe.AnswerUnclear, probe.PathUnclear,
}

// weighAccess puts together what was found of all expectations: of each stage the gravest, which symptoms are in
// order of.
func (r *run) weighAccess(findings []probe.Finding) {
	symptoms, names := probe.Symptoms(), r.target.Wants.Names()
	results := []probe.Result{probe.Failed, probe.Undecided, probe.Unprovable}
	slices.SortStableFunc(findings, func(a, b probe.Finding) int {
		return cmp.Or(
			cmp.Compare(slices.Index(results, a.Result), slices.Index(results, b.Result)),
			cmp.Compare(slices.Index(symptoms, a.Symptom), slices.Index(symptoms, b.Symptom)),
			cmp.Compare(slices.Index(names, a.Args[0]), slices.Index(names, b.Args[0])),
		)
	})
	all := true
	for _, f := range findings {
		all = all && !slices.Contains(unseen, f.Symptom)
		stage := f.Symptom.Stage()
		switch standing := &r.outcome[stage]; {
		case standing.Result == probe.NotReached:
			*standing = f
		case standing.Result == f.Result && standing.Symptom == f.Symptom:
			standing.Args = append(standing.Args, f.Args...)
		}
	}
	if r.outcome[probe.Authorized].Result == probe.NotReached {
		r.outcome.Set(probe.Authorized, probe.Pass())
	}
	if r.outcome[probe.Provisioned].Result == probe.NotReached && all {
		r.outcome.Set(probe.Provisioned, probe.Pass())
	}
}
