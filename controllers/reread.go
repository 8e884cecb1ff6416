// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/probe"
	"mainstay.dev/mainstay/internal/target"
)

const (
	// rereadSoonest and rereadLatest are the bounds within which a Secret is read again that is the cause of
	// what is wrong.
	rereadSoonest = 10 * time.Second
	rereadLatest  = time.Minute
)

// reread is in how long the versions of what an object refers to are to be read again, where nobody watches
// them; 0 for never. It is once in every period, so that no probe but the one under way uses what was replaced.
// While the cause may lie in the Secret it is more often: after as long as it has been so already.
func reread(object target.Dependency, now time.Time) time.Duration {
	if len(references(object)) == 0 {
		return 0
	}
	wait := time.Duration(object.SharedSpec().PeriodSeconds) * time.Second
	for _, stage := range []string{v1alpha1.ConditionConfigured, v1alpha1.ConditionAuthenticated} {
		c := meta.FindStatusCondition(object.SharedStatus().Conditions, stage)
		if c != nil && c.Status == metav1.ConditionFalse {
			wait = min(wait, max(rereadSoonest, min(now.Sub(c.LastTransitionTime.Time), rereadLatest)))
		}
	}
	return wait
}

// worthRereading says whether a probe found what a replaced Secret or ConfigMap would explain. Then the versions
// are read again before the next probe, or one that was replaced in time would be counted as refused.
func worthRereading(found probe.Outcome) bool {
	for _, stage := range []probe.Stage{probe.Reachable, probe.Authenticated, probe.Authorized} {
		if found[stage].Result == probe.Failed {
			return true
		}
	}
	return false
}

// sooner is the shorter of two waits, of which 0 is none.
func sooner(a, b time.Duration) time.Duration {
	if a == 0 || b == 0 {
		return max(a, b)
	}
	return min(a, b)
}
