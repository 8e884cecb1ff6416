// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/probe"
)

func TestWhenASecretIsReadAgain(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for name, c := range map[string]struct {
		period    int32
		condition string
		since     time.Duration
		want      time.Duration
	}{
		"once in every period while all is well":                    {120, "", 0, 2 * time.Minute},
		"after ten seconds where it has just turned out missing":    {120, v1alpha1.ConditionConfigured, 0, 10 * time.Second},
		"after as long as the key has been refused":                 {120, v1alpha1.ConditionAuthenticated, 25 * time.Second, 25 * time.Second},
		"and after a minute where that is long":                     {120, v1alpha1.ConditionAuthenticated, time.Hour, time.Minute},
		"never less often than it is probed":                        {30, v1alpha1.ConditionAuthenticated, time.Hour, 30 * time.Second},
		"once in every period where something else is wrong":        {120, v1alpha1.ConditionReachable, time.Second, 2 * time.Minute},
		"after ten seconds where the clock of another was ahead":    {120, v1alpha1.ConditionConfigured, -time.Minute, 10 * time.Second},
		"once in every period where that is shorter than the pause": {10, v1alpha1.ConditionConfigured, time.Hour, 10 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			ai := &v1alpha1.AIProvider{}
			ai.Spec.PeriodSeconds = c.period
			ai.Spec.SecretRef = &v1alpha1.SecretKeyRef{Name: "credential"}
			if c.condition != "" {
				ai.Status.Conditions = []metav1.Condition{{
					Type: c.condition, Status: metav1.ConditionFalse, LastTransitionTime: metav1.NewTime(now.Add(-c.since)),
				}}
			}
			if got := reread(ai, now); got != c.want {
				t.Errorf("expected %s, found %s", c.want, got)
			}
		})
	}
	if got := reread(&v1alpha1.AIProvider{}, now); got != 0 {
		t.Errorf("expected nothing to be read for an object that refers to nothing, found %s", got)
	}
}

func TestAProbeThatFailsHasTheSecretReadAgainBeforeTheNext(t *testing.T) {
	t.Parallel()
	for symptom, want := range map[probe.Symptom]bool{
		probe.KeyRejected:        true, // It may have been rotated.
		probe.CertificateInvalid: true, // So may the CA.
		probe.ModelNotAvailable:  false,
	} {
		var found probe.Outcome
		found.Fail(symptom)
		if got := worthRereading(found); got != want {
			t.Errorf("%v: expected %t, found %t", symptom, want, got)
		}
	}
	var good probe.Outcome
	good.PassUpTo(probe.Provisioned)
	if worthRereading(good) {
		t.Error("expected nothing to be read again after a good answer")
	}
}
