// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/diagnosis"
	"mainstay.dev/mainstay/internal/probe"
)

// TestDoubtLeavesWhatIsConfiguredAlone has no probe end for so long that the verdict is doubted, in the cases
// where there is a verdict and where there never was one.
func TestDoubtLeavesWhatIsConfiguredAlone(t *testing.T) {
	t.Parallel()
	for name, v := range map[string]probe.Verdict{
		"never probed":  {Doubt: probe.ProofTooOld},
		"probed before": diagnosis.Settle(probe.Verdict{Doubt: probe.ProofTooOld}, probe.Target{}, passed(), time.Now()),
	} {
		t.Run(name, func(t *testing.T) {
			conditions := diagnosis.Conditions(configuredPassed(v), diagnosis.Subject{Terms: probe.Terms{Provider: "OpenAI"}})
			if !meta.IsStatusConditionTrue(conditions, v1alpha1.ConditionConfigured) {
				t.Errorf("expected Configured to be True, found %+v", conditions)
			}
		})
	}
}

func passed() (o probe.Outcome) {
	o.PassUpTo(probe.Provisioned)
	return o
}
