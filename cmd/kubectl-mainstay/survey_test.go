// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/target"
)

// TestStaleProofIsSaid holds what CHECKED says of a verdict, by its age and by the operator's Lease.
func TestStaleProofIsSaid(t *testing.T) {
	for name, c := range map[string]struct {
		probed     time.Duration // ago; 0 for never
		configured metav1.ConditionStatus
		silent     time.Duration // ago; 0 where an operator lives
		suspended  bool
		want       string
	}{
		"fresh":                                {probed: 5 * time.Minute, want: "live, 5 minutes ago"},
		"as old as a heartbeat lets it become": {probed: 90 * time.Minute, want: "live, 1 hour ago"},
		"older than any heartbeat":             {probed: 3 * time.Hour, want: "not since 2026-11-22 09:00Z"},
		"fresh, but no operator lives":         {probed: 5 * time.Minute, silent: 2 * time.Minute, want: "not since 2026-11-22 11:58Z"},
		"never probed":                         {configured: "False", want: "by its config"},
		"probed once, and misconfigured since": {probed: time.Minute, configured: "False", want: "by its config"},
		"suspended":                            {probed: 100 * time.Hour, suspended: true, want: "suspended"},
	} {
		t.Run(name, func(t *testing.T) {
			ai := &v1alpha1.AIProvider{}
			ai.Spec.PeriodSeconds, ai.Spec.Suspend = 60, c.suspended
			if c.probed > 0 {
				at := metav1.NewTime(now.Add(-c.probed))
				ai.Status.LastProbeTime = &at
			}
			if c.configured != "" {
				ai.Status.Conditions = []metav1.Condition{{Type: "Configured", Status: c.configured}}
			}
			var s survey
			if c.silent > 0 {
				s.silentSince = now.Add(-c.silent)
			}
			d := dependency{target.Kinds[0], ai}
			if found := s.checked(d, now).text; found != c.want {
				t.Errorf("expected %q, found %q", c.want, found)
			}
			if found := s.sign(d, now).checked(now); found != c.want {
				t.Errorf("of why: expected %q, found %q", c.want, found)
			}
		})
	}
}

func TestATreeOfMembers(t *testing.T) {
	set := v1alpha1.DependencySet{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "app"}}
	set.Status.Summary, set.Status.OmittedMembers = "Down: no email provider configured", 3
	set.Status.Members = []v1alpha1.Member{
		{Kind: "EmailProvider", Importance: "Required", Ready: "False", Healthy: "False", Reason: "NoEmailProvider"},
		{Kind: "AIProvider", Name: "chat", Importance: "Optional", Provider: "OpenAI", Ready: "True", Healthy: "True", Reason: "Passed"},
	}
	rows, below := survey{sets: []v1alpha1.DependencySet{set}}.rows("shop", now)
	var b strings.Builder
	for i, line := range align(rows, false) {
		b.WriteString(strings.TrimRight(line, " ") + "\n" + below[i])
	}
	mustContain(t, b.String(), "dependencyset/app", "│ Down: no email provider configured",
		"├─ emailprovider (none) False False NoEmailProvider - by its config", "├─ aiprovider/chat (optional)", "└─ and 3 more")
}
