// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"slices"
	"time"
)

// Stage is one step on the way from a spec to a working dependency.
type Stage int

// The stages, in the order in which they are settled.
const (
	Configured Stage = iota
	Reachable
	Authenticated
	Authorized
	Provisioned
	Working

	// StageCount is how many stages there are.
	StageCount = int(Working) + 1
)

var stageNames = [StageCount]string{
	"Configured", "Reachable", "Authenticated", "Authorized", "Provisioned", "Working",
}

// Stages returns all stages in order.
func Stages() []Stage {
	stages := make([]Stage, StageCount)
	for i := range stages {
		stages[i] = Stage(i)
	}
	return stages
}

// String returns the name of the stage, which is also the name of its condition.
func (s Stage) String() string { return stageNames[s] }

// Result is what a probe found at one stage.
type Result int

const (
	// NotReached: the probe did not get as far as this stage. It is the zero value.
	NotReached Result = iota
	// Passed: proven.
	Passed
	// Failed: proven to be wrong.
	Failed
	// Undecided: a side question stayed open while the main one was answered.
	Undecided
	// Unprovable: this credential cannot show it.
	Unprovable
	// NotApplicable: the provider has no such stage, or the spec asks for nothing there.
	NotApplicable
)

var resultNames = [...]string{"NotReached", "Passed", "Failed", "Undecided", "Unprovable", "NotApplicable"}

// String returns the name of the result.
func (r Result) String() string { return resultNames[r] }

// Good says whether the result lets its condition be True.
func (r Result) Good() bool { return r == Passed || r == NotApplicable }

// Finding is what a probe found at one stage. The stage is the finding's place in its Outcome.
type Finding struct {
	Result Result
	// Symptom of a finding that did not pass, or the early warning of one that did.
	Symptom Symptom
	// Args are names from the spec, or tokens that Token admitted. No other remote text.
	Args []string
	// Also are more early warnings, in the order in which they were found.
	Also []Warning
}

// Warning is a symptom of what does no harm yet.
type Warning struct {
	Symptom Symptom
	Args    []string
}

// Equal says whether both findings are the same in every part.
func (f Finding) Equal(g Finding) bool {
	return f.Result == g.Result && f.Symptom == g.Symptom && slices.Equal(f.Args, g.Args) &&
		slices.EqualFunc(f.Also, g.Also, Warning.equal)
}

func (w Warning) equal(v Warning) bool { return w.Symptom == v.Symptom && slices.Equal(w.Args, v.Args) }

// Warn adds an early warning. What the finding says already goes before it.
func (f *Finding) Warn(s Symptom, args ...string) {
	if f.Result == Passed && f.Symptom == (Symptom{}) {
		f.Symptom, f.Args = s, args
		return
	}
	f.Also = append(slices.Clip(f.Also), Warning{s, args})
}

// Pass is a finding that passed.
func Pass() Finding { return Finding{Result: Passed} }

// Fail is a finding that failed.
func Fail(s Symptom, args ...string) Finding { return Finding{Result: Failed, Symptom: s, Args: args} }

// Outcome is what one probe found, at most one finding per stage. It is a value: two equal answers of a
// dependency give two equal Outcomes.
type Outcome [StageCount]Finding

// Report is what one probe brings back: what it found, for the verdict, and what the schedule needs.
type Report struct {
	Outcome Outcome
	// RetryAfter is how long the provider asked to wait; 0 where it did not.
	RetryAfter time.Duration
	// OptIn are the stages that what the spec opted in to has judged; none where it was not done.
	OptIn StageSet
	// Headroom is what the provider said of its limits.
	Headroom []Headroom
	// Deliveries is what a sender of webhooks said of its deliveries; nil where it said nothing.
	Deliveries *Deliveries
	// Expires is when the credential expires; zero where that is not known.
	Expires time.Time
	// Deadline is by when the provider wants the owner to act; zero where it names no time.
	Deadline time.Time
}

// Headroom is how much of a limit is left at a provider.
type Headroom struct {
	// Resource is what is limited, in the plural: requests, tokens, emails, credits.
	Resource string
	// Limit and Remaining count it.
	Limit, Remaining float64
}

// StageSet is a set of stages.
type StageSet uint8

// With returns the set with a stage added.
func (s StageSet) With(stage Stage) StageSet { return s | 1<<stage }

// Has says whether a stage is in the set.
func (s StageSet) Has(stage Stage) bool { return s&(1<<stage) != 0 }

// Set puts a finding in its stage's place.
func (o *Outcome) Set(stage Stage, f Finding) { o[stage] = f }

// Fail records a failure at the stage that the symptom belongs to. A stage that failed already keeps
// its symptom, since the gravest comes first, and takes more arguments of the same symptom.
func (o *Outcome) Fail(s Symptom, args ...string) {
	f := &o[s.Stage()]
	if f.Result != Failed {
		*f = Fail(s, args...)
		return
	}
	if f.Symptom == s {
		f.add(args)
	}
}

// Leave records that a symptom leaves its stage open, as Undecided or Unprovable. What failed is graver, and
// a question that is open already takes more arguments of the same symptom.
func (o *Outcome) Leave(open Result, s Symptom, args ...string) {
	f := &o[s.Stage()]
	switch {
	case f.Result == Failed:
	case f.Result == open && f.Symptom == s:
		f.add(args)
	default:
		*f = Finding{Result: open, Symptom: s, Args: args}
	}
}

// add adds the arguments that a finding has not yet.
func (f *Finding) add(args []string) {
	for _, arg := range args {
		if !slices.Contains(f.Args, arg) {
			f.Args = append(f.Args, arg)
		}
	}
}

// PassUpTo marks the stages up to and including last as passed where nothing was found yet.
func (o *Outcome) PassUpTo(last Stage) {
	for s := Configured; s <= last; s++ {
		if o[s].Result == NotReached {
			o[s] = Pass()
		}
	}
}

// Equal says whether both outcomes are the same in every part.
func (o Outcome) Equal(p Outcome) bool {
	return slices.EqualFunc(o[:], p[:], Finding.Equal)
}
