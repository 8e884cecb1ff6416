// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package diagnosis

import (
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/probe"
)

// Resume returns the verdict that a status stands for, for a process that did not make it: what the
// status says holds, and every count begins at zero. It returns a verdict that was not Probed where the
// status does not speak of a probe for this key. The credential lets a key that was accepted before be told apart
// from one that never was.
func Resume(status *v1alpha1.DependencyStatus, key probe.Key, credential probe.Secret) probe.Verdict {
	v := probe.Verdict{Key: key}
	accepted := key.Secret == probe.Version{}
	if a := status.AcceptedSecret; a != nil {
		if key.Secret != (probe.Version{UID: a.UID, ResourceVersion: a.ResourceVersion}) {
			return v // The Secret has changed since, so nothing is known of what it holds now.
		}
		accepted = true
		v.Accepted = credential.Fingerprint()
	}
	healthy := meta.FindStatusCondition(status.Conditions, v1alpha1.ConditionHealthy)
	if healthy == nil || healthy.ObservedGeneration != key.Generation ||
		slices.Contains([]string{v1alpha1.ReasonProbing, v1alpha1.ReasonSuspended}, healthy.Reason) ||
		!meta.IsStatusConditionTrue(status.Conditions, v1alpha1.ConditionConfigured) {
		return v // No probe of this generation has ended.
	}
	v.Probed = true
	for stage := probe.Configured; stage <= probe.Provisioned; stage++ {
		if c := meta.FindStatusCondition(status.Conditions, stage.String()); c != nil {
			v.Stages[stage] = recall(*c, accepted || stage <= probe.Reachable)
		}
	}
	if working := recall(*healthy, false); working.Finding.Result == probe.Failed && working.Finding.Symptom.Stage() == probe.Working {
		v.Stages[probe.Working] = working
	}
	v.Answered = v.Stages[probe.Reachable].Proven
	return v
}

// recall returns the standing that a condition shows. The finding's arguments are lost; the message is
// not, and stands until the next finding.
func recall(c metav1.Condition, accepted bool) probe.Standing {
	if c.Status == metav1.ConditionTrue {
		s := probe.Standing{Finding: probe.Pass(), Proven: accepted}
		if c.Reason == v1alpha1.ReasonNotApplicable {
			s.Finding.Result = probe.NotApplicable
		}
		if known := ForReason(c.Reason); len(known) > 0 {
			s.Finding.Symptom, s.Recalled = known[0].Symptom, c.Message
		}
		return s
	}
	known := ForReason(c.Reason)
	if len(known) == 0 {
		return probe.Standing{}
	}
	s := probe.Standing{Finding: probe.Fail(known[0].Symptom), Recalled: c.Message}
	switch {
	case c.Status == metav1.ConditionFalse:
		s.Firm = true
	case known[0].Symptom == probe.SendOnlyKey || known[0].Symptom == probe.ScopeMissing:
		s.Finding.Result = probe.Unprovable
	}
	return s
}

// sameCause says whether a finding repeats what is recalled.
func sameCause(s probe.Standing, f probe.Finding) bool {
	return s.Recalled != "" && s.Finding.Result == f.Result && Of(s.Finding.Symptom).Reason == Of(f.Symptom).Reason
}
