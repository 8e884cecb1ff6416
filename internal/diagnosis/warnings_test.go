// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package diagnosis_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/diagnosis"
	"mainstay.dev/mainstay/internal/probe"
)

// warned is a finding of stage Provisioned with early warnings.
func warned(f probe.Finding, symptoms ...probe.Symptom) probe.Outcome {
	for _, s := range symptoms {
		f.Warn(s, "mail.shop.example")
	}
	return open(probe.Provisioned, f)
}

// TestAllEarlyWarningsAreTold holds that none hides another, whatever the stage says besides.
func TestAllEarlyWarningsAreTold(t *testing.T) {
	sendOnly := probe.Finding{Result: probe.Unprovable, Symptom: probe.SendOnlyKey, Args: []string{"mail.shop.example"}}
	proven := probe.Finding{Result: probe.Passed, Symptom: probe.DomainProvenByDNS, Args: []string{"s1._domainkey.mail.shop.example"}}
	expiring := warned(probe.Pass(), probe.DMARCMissing)
	expiring.Set(probe.Authenticated, probe.Finding{Result: probe.Passed, Symptom: probe.KeyExpiringSoon})
	for name, c := range map[string]struct {
		outcome  probe.Outcome
		shows    string
		says     []string
		warnings []string
	}{
		"none": {outcome: good(), shows: "True Passed", says: []string{"is as it should be."}},
		"two of one stage": {
			outcome: warned(probe.Pass(), probe.TakesNoMail, probe.DMARCMissing), shows: "True NullMX",
			says:     []string{"takes no email", "No DMARC record applies"},
			warnings: []string{v1alpha1.ReasonNullMX, v1alpha1.ReasonDMARCMissing},
		},
		"two of two stages": {
			outcome: expiring, shows: "True DMARCMissing", says: []string{"expires", "No DMARC record applies"},
			warnings: []string{v1alpha1.ReasonAPIKeyExpiringSoon, v1alpha1.ReasonDMARCMissing},
		},
		"one behind what the key cannot show": {
			outcome: warned(sendOnly, probe.DMARCMissing), shows: "Unknown SendOnlyKey",
			says: []string{"may send and nothing else", "No DMARC record applies"}, warnings: []string{v1alpha1.ReasonDMARCMissing},
		},
		"one besides what DNS proves": {
			outcome: warned(proven, probe.DMARCNotEnforced), shows: "True ProvenByDNS",
			says:     []string{"DNS proves it instead: s1._domainkey.mail.shop.example.", "asks receivers to do nothing"},
			warnings: []string{v1alpha1.ReasonDMARCNotEnforced},
		},
		"what DNS proves is none": {
			outcome: open(probe.Provisioned, proven), shows: "True ProvenByDNS", says: []string{"DNS proves it instead"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDependency().probed(c.outcome)
			expect(t, name, d.conditions(), []string{"Healthy True Passed", "Ready True " + ready(c.shows), "Provisioned " + c.shows})
			message, at := diagnosis.Healthy(d.verdict, d.subject).Message, -1
			for _, text := range c.says {
				if next := strings.Index(message, text); next <= at {
					t.Errorf("expected %q, in this order, in %q", text, message)
				} else {
					at = next
				}
			}
			var warnings []string
			for _, w := range diagnosis.Warnings(d.verdict, d.subject) {
				warnings = append(warnings, w.Reason)
				if !strings.Contains(message, w.Message) {
					t.Errorf("expected the warning %q in %q", w.Message, message)
				}
			}
			if diff := cmp.Diff(c.warnings, warnings); diff != "" {
				t.Errorf("wrong warnings (-want +got):\n%s", diff)
			}
		})
	}
}

// ready is what Ready says where all is well but for what a stage shows.
func ready(stage string) string {
	if strings.HasPrefix(stage, "Unknown") {
		return v1alpha1.ReasonUnproven
	}
	return v1alpha1.ReasonPassed
}
