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

// TestFactsAreOfTheCredentialThatStands has another credential take the place of one whose limits are known.
func TestFactsAreOfTheCredentialThatStands(t *testing.T) {
	t.Parallel()
	known := []v1alpha1.Headroom{{Resource: "emails"}}
	for name, c := range map[string]struct {
		observed *v1alpha1.SecretVersion
		probed   bool
		keeps    bool
	}{
		"the same, after a restart":              {observed: &v1alpha1.SecretVersion{UID: "u", ResourceVersion: "2"}, probed: true, keeps: true},
		"another, which was refused":             {observed: &v1alpha1.SecretVersion{UID: "u", ResourceVersion: "1"}, probed: true},
		"another, of which nothing is known yet": {observed: &v1alpha1.SecretVersion{UID: "u", ResourceVersion: "1"}, keeps: true},
	} {
		t.Run(name, func(t *testing.T) {
			object := &v1alpha1.EmailProvider{}
			object.Status.Headroom, object.Status.ObservedSecret = known, c.observed
			v := probe.Verdict{Probed: c.probed, Key: probe.Key{Secret: probe.Version{UID: "u", ResourceVersion: "2"}}}
			got := verdictReport(probe.ID{}, object, v, diagnosis.Subject{}).status.Headroom
			if kept := len(got) > 0; kept != c.keeps {
				t.Errorf("expected the limits to be kept: %t, found %v", c.keeps, got)
			}
		})
	}
}
