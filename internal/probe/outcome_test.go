// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"testing"
)

func TestAnOutcomeKeepsTheGravestFailureOfAStage(t *testing.T) {
	var o Outcome
	o.Fail(ModelNotAvailable, "one")
	o.Fail(ModelNotAvailable, "two")
	o.Fail(DomainNotFound, "example.com")
	if want := Fail(ModelNotAvailable, "one", "two"); !o[Provisioned].Equal(want) {
		t.Errorf("got %+v, want %+v", o[Provisioned], want)
	}
}

func TestAFailureReplacesWhatHadPassed(t *testing.T) {
	var o Outcome
	o.Set(Provisioned, Finding{Result: Passed, Symptom: DomainVerificationLapsing, Args: []string{"example.com"}})
	o.Fail(DomainNotFound, "example.com")
	if want := Fail(DomainNotFound, "example.com"); !o[Provisioned].Equal(want) {
		t.Errorf("got %+v, want %+v", o[Provisioned], want)
	}
}

func TestPassingUpToAStageKeepsWhatWasFound(t *testing.T) {
	var o Outcome
	o.Fail(KeyRejected)
	o.Set(Authorized, Finding{Result: NotApplicable})
	o.PassUpTo(Provisioned)
	want := Outcome{
		Configured: Pass(), Reachable: Pass(), Authenticated: Fail(KeyRejected),
		Authorized: {Result: NotApplicable}, Provisioned: Pass(),
	}
	if !o.Equal(want) {
		t.Errorf("got %+v, want %+v", o, want)
	}
}

func TestEqualOutcomesAreEqualInEveryPart(t *testing.T) {
	base := func() Outcome {
		var o Outcome
		o.PassUpTo(Authorized)
		o.Fail(ModelNotAvailable, "one")
		return o
	}
	cases := map[string]struct {
		change func(*Outcome)
		want   bool
	}{
		"nothing changed": {func(*Outcome) {}, true},
		"no arguments and an empty list of arguments": {func(o *Outcome) { o[Reachable].Args = []string{} }, true},
		"another result":              {func(o *Outcome) { o[Reachable].Result = Undecided }, false},
		"another symptom":             {func(o *Outcome) { o[Provisioned].Symptom = DomainNotFound }, false},
		"another argument":            {func(o *Outcome) { o[Provisioned].Args = []string{"two"} }, false},
		"one more argument":           {func(o *Outcome) { o.Fail(ModelNotAvailable, "two") }, false},
		"a finding at a stage after":  {func(o *Outcome) { o[Working] = Pass() }, false},
		"a warning beside the passed": {func(o *Outcome) { o[Reachable].Symptom = DomainVerificationLapsing }, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			changed := base()
			c.change(&changed)
			if got := changed.Equal(base()); got != c.want {
				t.Errorf("got equal %t, want %t", got, c.want)
			}
		})
	}
}

func TestNamesOfStagesAndResults(t *testing.T) {
	if len(Stages()) != StageCount {
		t.Errorf("got %d stages, want %d", len(Stages()), StageCount)
	}
	seen := map[string]bool{}
	for _, stage := range Stages() {
		seen[stage.String()] = true
	}
	if len(seen) != StageCount || seen[""] {
		t.Errorf("the names of the stages are not distinct: %v", seen)
	}
	good := map[Result]bool{Passed: true, NotApplicable: true}
	for result := NotReached; result <= NotApplicable; result++ {
		if result.String() == "" || result.Good() != good[result] {
			t.Errorf("result %q is good %t, want %t", result, result.Good(), good[result])
		}
	}
}
