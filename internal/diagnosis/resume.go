// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package diagnosis

import (
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/probe"
)

// Resume returns the verdict that a status stands for, for a process that did not make it: what the
// status says holds, and every count begins at zero. It returns a verdict that was not Probed where the
// status does not surely speak of a probe for this key. The target tells whose credential the status
// says was accepted.
func Resume(status *v1alpha1.DependencyStatus, key probe.Key, t probe.Target) probe.Verdict {
	fresh := probe.Verdict{Key: key, OwnHost: t.OwnHost}
	healthy := meta.FindStatusCondition(status.Conditions, v1alpha1.ConditionHealthy)
	if healthy == nil {
		return fresh
	}
	current := healthy.ObservedGeneration == key.Generation
	accepted, observed := names(status.AcceptedSecret, key.Secret), names(status.ObservedSecret, key.Secret)
	if key.Secret != (probe.Version{}) && (current || !t.OwnHost) {
		// Another generation may have named another host, which says nothing about this one.
		if accepted {
			fresh.Accepted = t.Login()
		}
		if observed && status.CredentialExpiresAt != nil {
			fresh.Expires = status.CredentialExpiresAt.Time
		}
	}
	if !observed && meta.IsStatusConditionTrue(status.Conditions, v1alpha1.ConditionAuthenticated) {
		return fresh // The Secret has changed since, so nothing is known of what it holds now.
	}
	if !current || slices.Contains([]string{v1alpha1.ReasonProbing, v1alpha1.ReasonSuspended}, healthy.Reason) ||
		!meta.IsStatusConditionTrue(status.Conditions, v1alpha1.ConditionConfigured) {
		return fresh // No probe of this generation has ended.
	}
	v := fresh
	v.Probed = observed
	v.EffectivePeriod = time.Duration(status.EffectivePeriodSeconds) * time.Second
	if v.Doubt = doubt(healthy.Reason); v.Doubt == (probe.Symptom{}) {
		v.Stages[probe.Working] = recall(probe.Working, *healthy, healthy.Reason, true)
	}
	harmless := healthy.Status == metav1.ConditionTrue
	for stage := probe.Configured; stage <= probe.Provisioned; stage++ {
		if c := meta.FindStatusCondition(status.Conditions, stage.String()); c != nil {
			v.Stages[stage] = recall(stage, *c, healthy.Reason, accepted || stage <= probe.Reachable)
			harmless = harmless || v.Stages[stage].Finding.Result == probe.Undecided && c.Reason == healthy.Reason
		}
	}
	if harmless {
		// Any failure would have been the cause, so none was seen in use.
		v.Stages[probe.Working] = probe.Standing{Finding: probe.Finding{Result: probe.NotApplicable}, Proven: true}
	}
	v.Answered = answered(v, status)
	return v
}

// doubt returns the doubt that a reason of Healthy stands for; zero for none.
func doubt(reason string) probe.Symptom {
	for _, s := range []probe.Symptom{probe.ProofTooOld, probe.ClusterEgressDown} {
		if Of(s).Reason == reason {
			return s
		}
	}
	return probe.Symptom{}
}

// names says whether a status names a version of the Secret; where there is no Secret it need not.
func names(recorded *v1alpha1.SecretVersion, version probe.Version) bool {
	return version == probe.Version{} ||
		recorded != nil && version == probe.Version{UID: recorded.UID, ResourceVersion: recorded.ResourceVersion}
}

// answered says whether the host answered in this generation. Where Reachable is not True any more, the
// stages after it tell. So does what would have counted at once, and have turned Ready False, if a host
// of the owner's had never answered.
func answered(v probe.Verdict, status *v1alpha1.DependencyStatus) bool {
	for stage := probe.Authenticated; stage <= probe.Working; stage++ {
		if v.Stages[stage].Finding.Result != probe.NotReached {
			return true
		}
	}
	reachable := v.Stages[probe.Reachable]
	if reachable.Finding.Result == probe.Failed && Of(reachable.Finding.Symptom).OwnHostBlame == Owner {
		return !reachable.Firm || meta.IsStatusConditionTrue(status.Conditions, v1alpha1.ConditionReady)
	}
	return reachable.Proven
}

// recall returns the standing of a stage that a condition shows. The finding's arguments are lost; the
// message is not, and stands until the next finding.
func recall(stage probe.Stage, c metav1.Condition, cause string, accepted bool) probe.Standing {
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
	if len(known) == 0 || known[0].Symptom.Stage() != stage {
		return probe.Standing{}
	}
	s := probe.Standing{Finding: probe.Fail(known[0].Symptom), Recalled: c.Message}
	switch {
	case c.Status == metav1.ConditionFalse:
		s.Firm = true
	case known[0].Shows == probe.Undecided:
		s.Finding.Result = probe.Undecided
	case known[0].Shows == probe.Unprovable, c.Reason != cause && known[0].Symptom == probe.ScopeMissing:
		// What the credential cannot show keeps nothing from being healthy.
		s.Finding.Result = probe.Unprovable
	case known[0].Blame == Owner:
		s.Proven = true // Else what the owner can mend had counted at once.
	}
	return s
}

// sameCause says whether a finding repeats what is recalled.
func sameCause(s probe.Standing, f probe.Finding) bool {
	return s.Recalled != "" && s.Finding.Result == f.Result && Of(s.Finding.Symptom).Reason == Of(f.Symptom).Reason
}
