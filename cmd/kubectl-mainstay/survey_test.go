// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/target"
)

// TestStaleProofIsSaid holds what CHECKED says of a verdict, by its age and by the operator's Lease.
func TestStaleProofIsSaid(t *testing.T) {
	for name, c := range map[string]struct {
		probed     time.Duration // ago; 0 for never
		configured metav1.ConditionStatus
		silent     time.Duration // ago; 0 where nobody knows of any operator
		lives      bool
		suspended  bool
		want       string
	}{
		"fresh":                                {probed: 5 * time.Minute, want: "live, 5 minutes ago"},
		"as old as a heartbeat lets it become": {probed: 90 * time.Minute, want: "live, 1 hour ago"},
		"older than a heartbeat, as far as is known": {probed: 3 * time.Hour, want: "last 3 hours ago"},
		"as old as another heartbeat lets it become": {probed: 3 * time.Hour, lives: true, want: "live, 3 hours ago"},
		"no operator lives, by its config or not":    {configured: "False", silent: 2 * time.Minute, want: "not since 2026-11-22 11:58Z"},
		"misconfigured since long ago":               {probed: 3 * time.Hour, configured: "False", want: "by its config"},
		"fresh, but no operator lives":               {probed: 5 * time.Minute, silent: 2 * time.Minute, want: "not since 2026-11-22 11:58Z"},
		"never probed":                               {configured: "False", want: "by its config"},
		"probed once, and misconfigured since":       {probed: time.Minute, configured: "False", want: "by its config"},
		"suspended":                                  {probed: 100 * time.Hour, suspended: true, want: "suspended"},
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
			s := survey{operators: operators{live: c.lives}}
			if c.silent > 0 {
				s.operators.silentSince = now.Add(-c.silent)
			}
			d := dependency{target.Kinds[0], ai}
			if found := s.checked(d, now).text; found != c.want {
				t.Errorf("expected %q, found %q", c.want, found)
			}
			if found := s.sign(d, now).checked.text; found != c.want {
				t.Errorf("of why: expected %q, found %q", c.want, found)
			}
		})
	}
}

// TestLeasesTellWhichOperatorLives holds what is read from the Leases of several operators.
func TestLeasesTellWhichOperatorLives(t *testing.T) {
	lease := func(name, holder string, renewed time.Duration) coordinationv1.Lease {
		at := metav1.NewMicroTime(now.Add(-renewed))
		return coordinationv1.Lease{
			ObjectMeta: metav1.ObjectMeta{Name: name},
			Spec:       coordinationv1.LeaseSpec{HolderIdentity: &holder, RenewTime: &at},
		}
	}
	ago := func(d time.Duration) metav1.Time { return metav1.NewTime(now.Add(-d)) }
	for name, c := range map[string]struct {
		leases []coordinationv1.Lease
		want   operators
	}{
		"none": {},
		"one lives": {
			leases: []coordinationv1.Lease{lease("mainstay", "a", time.Second)},
			want:   operators{live: true},
		},
		"one died": {
			leases: []coordinationv1.Lease{lease("mainstay", "a", time.Hour)},
			want:   operators{silentSince: now.Add(-time.Hour)},
		},
		"one was stopped a moment ago": {
			leases: []coordinationv1.Lease{lease("mainstay", "", time.Second)},
			want:   operators{silentSince: now.Add(-time.Second)},
		},
		"one of two died": {
			leases: []coordinationv1.Lease{lease("mainstay-0a1b2c3d", "a", 10*time.Minute), lease("mainstay-4e5f6a7b", "b", time.Second)},
			want:   operators{live: true, silent: []silentLease{{"mainstay-0a1b2c3d", ago(10 * time.Minute)}}},
		},
		"one was given up for another": {
			leases: []coordinationv1.Lease{lease("mainstay-0a1b2c3d", "", 10*time.Minute), lease("mainstay", "b", time.Second)},
			want:   operators{live: true},
		},
		"somebody else's": {leases: []coordinationv1.Lease{lease("mainstay-database", "a", time.Hour)}},
	} {
		t.Run(name, func(t *testing.T) {
			found := attendance(c.leases, now)
			if diff := cmp.Diff(c.want, found, cmp.AllowUnexported(operators{})); diff != "" {
				t.Errorf("(-want +found):\n%s", diff)
			}
		})
	}
}

func TestAnOperatorThatIsGoneIsNamed(t *testing.T) {
	c := &cluster{}
	c.now = func() time.Time { return now }
	gone := []silentLease{{"mainstay-0a1b2c3d", metav1.NewTime(now.Add(-time.Hour))}}
	for name, text := range map[string]string{
		"status": c.tree(survey{operators: operators{live: true, silent: gone}}),
		"why":    c.render(answer{SilentLeases: gone}),
	} {
		if want := "Lease mainstay-0a1b2c3d has not renewed it since 2026-11-22 11:00Z"; !strings.Contains(strings.Join(strings.Fields(text), " "), want) {
			t.Errorf("%s: expected %q, found:\n%s", name, want, text)
		}
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
