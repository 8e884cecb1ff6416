// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

// Package diagnosis turns what a probe found into what Kubernetes shows: a table from symptom to cause,
// and pure functions from outcomes to conditions.
package diagnosis

import (
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/probe"
)

// Subject is what messages name, and what Ready depends on.
type Subject struct {
	Kind, Namespace, Name string
	SecretName            string
	probe.Terms
	Generation int64
	ReadyWhen  v1alpha1.ReadyWhen
}

// Cause is a verdict in short: the status of Healthy, and what is behind it.
type Cause struct {
	Status  metav1.ConditionStatus
	Reason  string
	Message string
	// Blame is empty while nothing is wrong.
	Blame Blame
	// Stalled says that nothing but an edit of the spec helps.
	Stalled bool
}

// Conditions returns every condition of a verdict, without transition times.
func Conditions(v probe.Verdict, s Subject) []metav1.Condition {
	var conditions []metav1.Condition
	add := func(kind string, status metav1.ConditionStatus, reason, message string) {
		conditions = append(conditions, metav1.Condition{
			Type: kind, Status: status, Reason: reason, Message: message, ObservedGeneration: s.Generation,
		})
	}
	for stage := probe.Configured; stage <= probe.Provisioned; stage++ {
		status, reason, message := stageCondition(v, stage, s)
		add(stage.String(), status, reason, message)
	}
	healthy := Healthy(v, s)
	add(v1alpha1.ConditionHealthy, healthy.Status, healthy.Reason, healthy.Message)
	status, reason, message := ready(v, s, healthy)
	add(v1alpha1.ConditionReady, status, reason, message)
	if healthy.Stalled {
		add(v1alpha1.ConditionStalled, metav1.ConditionTrue, healthy.Reason, healthy.Message)
	}
	return conditions
}

// Suspended returns every condition of an object that is not probed because its spec says so.
func Suspended(generation int64) []metav1.Condition {
	const message = "Probing is suspended by spec.suspend."
	types := []string{
		v1alpha1.ConditionConfigured, v1alpha1.ConditionReachable, v1alpha1.ConditionAuthenticated,
		v1alpha1.ConditionAuthorized, v1alpha1.ConditionProvisioned, v1alpha1.ConditionHealthy, v1alpha1.ConditionReady,
	}
	conditions := make([]metav1.Condition, len(types))
	for i, kind := range types {
		conditions[i] = metav1.Condition{
			Type: kind, Status: metav1.ConditionUnknown, Reason: v1alpha1.ReasonSuspended,
			Message: message, ObservedGeneration: generation,
		}
	}
	conditions[len(types)-1].Status = metav1.ConditionTrue
	return conditions
}

// Healthy returns the verdict in short: why nobody knows whether it holds, else the first failure that
// counts, else the first that does not yet, else the first open question.
func Healthy(v probe.Verdict, s Subject) Cause {
	if v.Doubt != (probe.Symptom{}) {
		d, doubt := Of(v.Doubt), probe.Standing{Finding: probe.Finding{Result: probe.Undecided, Symptom: v.Doubt}}
		return Cause{Status: metav1.ConditionUnknown, Reason: d.Reason, Message: message(doubt, s), Blame: d.Blame}
	}
	worst, passed := probe.Standing{}, false
	for stage, standing := range v.Stages {
		if gravity(standing) > gravity(worst) {
			worst = standing
		}
		passed = passed || standing.Finding.Result == probe.Passed && stage > int(probe.Configured)
	}
	switch {
	case gravity(worst) > 0:
		d, status := Of(worst.Finding.Symptom), metav1.ConditionUnknown
		if worst.Believed() {
			status = metav1.ConditionFalse
		}
		return Cause{
			Status: status, Reason: d.Reason, Message: message(worst, s), Blame: blameIn(v, worst.Finding),
			Stalled: worst.Believed() && d.Stalls,
		}
	case passed:
		return Cause{Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonPassed, Message: summary(v, s)}
	}
	return Cause{Status: metav1.ConditionUnknown, Reason: v1alpha1.ReasonProbing, Message: probingMessage}
}

// gravity orders what keeps a verdict from being good.
func gravity(s probe.Standing) int {
	switch {
	case s.Believed():
		return 3
	case s.Finding.Result == probe.Failed:
		return 2
	case s.Finding.Result == probe.Undecided:
		return 1
	}
	return 0
}

const probingMessage = "The first probe has not ended yet."

// summary says what a healthy verdict rests on: all that is worth telling, by stage.
func summary(v probe.Verdict, s Subject) string {
	var texts []string
	for _, standing := range v.Stages[:probe.Working] {
		if standing.Finding.Symptom != (probe.Symptom{}) {
			texts = append(texts, message(standing, s))
		}
	}
	if len(texts) == 0 {
		return "All that " + s.Provider + " shows to read-only requests is as it should be."
	}
	return strings.Join(texts, " ")
}

// Warning is what does no harm yet, and who reads events should know.
type Warning struct{ Reason, Message string }

// Warnings returns the early warnings among the standing findings, by stage.
func Warnings(v probe.Verdict, s Subject) []Warning {
	var warnings []Warning
	for _, standing := range v.Stages {
		f := standing.Finding
		if warns(f.Symptom) && f.Result == probe.Passed {
			first := probe.Standing{Finding: probe.Finding{Symptom: f.Symptom, Args: f.Args}, Recalled: standing.Recalled}
			warnings = append(warnings, Warning{Of(f.Symptom).Reason, message(first, s)})
		}
		for _, w := range f.Also {
			warnings = append(warnings, Warning{Of(w.Symptom).Reason, about(w.Symptom, w.Args, s)})
		}
	}
	return warnings
}

// Unconfirmed returns what the last probe found and the conditions do not show, since it takes several in a
// row; nil where there is nothing of that kind.
func Unconfirmed(v probe.Verdict, spec *v1alpha1.DependencySpec, s Subject) *v1alpha1.UnconfirmedFinding {
	f, seen, found := v.Unconfirmed()
	switch {
	case !found:
		return nil
	case f.Result.Good():
		return &v1alpha1.UnconfirmedFinding{
			Reason: v1alpha1.ReasonPassed, Message: "What was wrong is mended.",
			Seen: int32(seen), Threshold: spec.SuccessThreshold,
		}
	}
	return &v1alpha1.UnconfirmedFinding{
		Reason: Of(f.Symptom).Reason, Message: message(probe.Standing{Finding: f}, s),
		Seen: int32(seen), Threshold: spec.FailureThreshold,
	}
}

// warns says whether a symptom of a stage that passed calls for somebody.
func warns(s probe.Symptom) bool { return Of(s).Shows == probe.Passed && Of(s).Blame != "" }

func stageCondition(v probe.Verdict, stage probe.Stage, s Subject) (metav1.ConditionStatus, string, string) {
	standing := v.Stages[stage]
	f := standing.Finding
	switch {
	case f.Result == probe.NotReached && !v.Attempted():
		return metav1.ConditionUnknown, v1alpha1.ReasonProbing, probingMessage
	case f.Result == probe.NotReached:
		return metav1.ConditionUnknown, v1alpha1.ReasonNotReached, "Not shown yet: the probe did not get this far."
	case f.Result == probe.NotApplicable:
		return metav1.ConditionTrue, v1alpha1.ReasonNotApplicable, "There is nothing to prove here."
	case f.Result == probe.Passed && f.Symptom == (probe.Symptom{}):
		return metav1.ConditionTrue, v1alpha1.ReasonPassed, passedMessages[stage]
	}
	status := metav1.ConditionUnknown
	switch {
	case f.Result == probe.Passed:
		status = metav1.ConditionTrue
	case standing.Believed():
		status = metav1.ConditionFalse
	}
	return status, Of(f.Symptom).Reason, message(standing, s)
}

var passedMessages = map[probe.Stage]string{
	probe.Configured:    "The spec and what it refers to are usable.",
	probe.Reachable:     "The provider answers.",
	probe.Authenticated: "The credential was accepted.",
	probe.Authorized:    "The credential may do what was asked.",
	probe.Provisioned:   "What the spec asks for exists and is enabled.",
}

// ready is the gate: False for what the owner can mend, up to the stage that the spec names.
func ready(v probe.Verdict, s Subject, healthy Cause) (metav1.ConditionStatus, string, string) {
	all := true
	for stage := probe.Configured; stage <= lastStage(s.ReadyWhen); stage++ {
		standing := v.Stages[stage]
		if standing.Believed() && blameIn(v, standing.Finding) == Owner {
			return metav1.ConditionFalse, Of(standing.Finding.Symptom).Reason, message(standing, s)
		}
		all = all && standing.Finding.Result.Good()
	}
	switch {
	case !v.Attempted():
		return metav1.ConditionUnknown, v1alpha1.ReasonProbing, probingMessage
	case s.ReadyWhen == v1alpha1.ReadyWhenHealthy && healthy.Status != metav1.ConditionTrue:
		return metav1.ConditionFalse, healthy.Reason, healthy.Message
	case all:
		return metav1.ConditionTrue, v1alpha1.ReasonPassed, "All that rollouts wait for is proven."
	}
	return metav1.ConditionTrue, v1alpha1.ReasonUnproven,
		"Nothing that rollouts wait for is known to be wrong, but not all is proven."
}

func lastStage(w v1alpha1.ReadyWhen) probe.Stage {
	switch w {
	case v1alpha1.ReadyWhenConfigured:
		return probe.Configured
	case v1alpha1.ReadyWhenAuthenticated:
		return probe.Authenticated
	case v1alpha1.ReadyWhenProvisioned, v1alpha1.ReadyWhenHealthy:
	}
	return probe.Provisioned
}

// Merge returns the conditions with their transition times: kept from old where the status is the same.
func Merge(old, conditions []metav1.Condition, now time.Time) []metav1.Condition {
	merged := make([]metav1.Condition, len(conditions))
	for i, c := range conditions {
		c.LastTransitionTime = metav1.NewTime(now).Rfc3339Copy()
		for _, o := range old {
			if o.Type == c.Type && o.Status == c.Status && !o.LastTransitionTime.IsZero() {
				c.LastTransitionTime = o.LastTransitionTime
			}
		}
		merged[i] = c
	}
	return merged
}

// Object is the part of a dependency that messages and Ready depend on.
type Object interface {
	GetNamespace() string
	GetName() string
	GetGeneration() int64
	Provider() string
	SharedSpec() *v1alpha1.DependencySpec
}

// SubjectOf returns what messages say of an object, in the terms of its target.
func SubjectOf(kind string, o Object, terms probe.Terms) Subject {
	s := Subject{
		Kind: kind, Namespace: o.GetNamespace(), Name: o.GetName(), Terms: terms,
		Generation: o.GetGeneration(), ReadyWhen: o.SharedSpec().ReadyWhen,
	}
	if ref := o.SharedSpec().SecretRef; ref != nil {
		s.SecretName = ref.Name
	}
	return s
}
