// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package diagnosis_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/diagnosis"
	"mainstay.dev/mainstay/internal/probe"
)

// status is what the operator writes for a dependency.
func (d *dependency) status() *v1alpha1.DependencyStatus {
	status := &v1alpha1.DependencyStatus{
		ObservedGeneration: d.subject.Generation, Conditions: d.conditions(), AcceptedSecret: d.accepted,
	}
	if !d.verdict.Expires.IsZero() {
		status.CredentialExpiresAt = &metav1.Time{Time: d.verdict.Expires}
	}
	if s := d.verdict.Key.Secret; s != (probe.Version{}) {
		status.ObservedSecret = &v1alpha1.SecretVersion{UID: s.UID, ResourceVersion: s.ResourceVersion}
	}
	return status
}

// restarted hands the dependency to a process that knows its status alone.
func (d *dependency) restarted(status *v1alpha1.DependencyStatus) *dependency {
	next := *d
	next.verdict = diagnosis.Resume(status, d.verdict.Key, d.target)
	return &next
}

func TestAStatusStandsAfterARestart(t *testing.T) {
	down := fails(probe.TimedOut)
	cases := map[string]struct {
		given func() *dependency
		next  probe.Outcome
	}{
		"nothing is wrong":                    {given: newDependency, next: good()},
		"the key is wrong":                    {given: newDependency, next: fails(probe.KeyRejected)},
		"a scope is missing":                  {given: newDependency, next: fails(probe.ScopeMissing, "a", "b")},
		"a model is missing":                  {given: newDependency, next: fails(probe.ModelNotAvailable, "gpt-6")},
		"the key may only send":               {given: newDependency, next: sendOnly()},
		"a domain is about to lapse":          {given: newDependency, next: lapsing()},
		"a side question is open":             {given: newDependency, next: unsettled()},
		"the quota is spent":                  {given: newDependency, next: fails(probe.QuotaExhausted)},
		"the first probe found an outage":     {given: newDependency, next: down},
		"an outage is believed":               {given: func() *dependency { return newDependency().probed(good(), down, down) }, next: down},
		"Mainstay cannot probe":               {given: newDependency, next: fails(probe.ReviewForbidden)},
		"the first probe was rate limited":    {given: newDependency, next: fails(probe.RateLimited)},
		"a rate limit is believed":            {given: func() *dependency { return newDependency().probed(times(3, fails(probe.RateLimited))...) }, next: fails(probe.RateLimited)},
		"an outage hides a key that is wrong": {given: func() *dependency { return newDependency().probed(fails(probe.KeyRejected)).probed(times(3, down)...) }, next: down},
		"a key was revoked": {given: func() *dependency {
			return newDependency().probed(good()).probed(times(3, fails(probe.KeyRejected))...)
		}, next: fails(probe.KeyRejected)},
		"a scope that was there is missing, and not believed yet": {
			given: func() *dependency {
				return newDependency().probed(good()).probed(times(3, fails(probe.KeyRejected))...)
			},
			next: fails(probe.ScopeMissing),
		},
		"a host of one's own that answered the key before, held to be healthy": {
			given: func() *dependency {
				d := newDependency().ownHost().probed(good())
				key := d.verdict.Key
				key.Secret.ResourceVersion = "2"
				d.verdict, d.accepted, d.subject.ReadyWhen = d.verdict.For(key, false), nil, v1alpha1.ReadyWhenHealthy
				return d
			},
			next: fails(probe.ConnectionRefused),
		},
		"a host of one's own that never answered": {
			given: func() *dependency { return newDependency().ownHost() }, next: fails(probe.ConnectionRefused),
		},
		"a host of one's own that answered before": {
			given: func() *dependency {
				return newDependency().ownHost().probed(good()).probed(times(3, fails(probe.ConnectionRefused))...)
			},
			next: fails(probe.ConnectionRefused),
		},
		"a certificate of one's own that is wrong in one of two ways": {
			given: func() *dependency { return newDependency().ownHost() }, next: fails(probe.HandshakeFailed),
		},
		"a server that wants no key": {
			given: func() *dependency {
				d := newDependency().ownHost()
				d.target.Credential, d.verdict.Key.Secret = probe.Secret{}, probe.Version{}
				return d
			},
			next: func() probe.Outcome {
				o := open(probe.Authenticated, probe.Finding{Result: probe.NotApplicable})
				o.Set(probe.Authorized, probe.Finding{Result: probe.NotApplicable})
				return o
			}(),
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			d := c.given().probed(c.next)
			status := d.status()
			next := d.restarted(status)
			if !next.verdict.Probed {
				t.Error("expected a verdict of an earlier process")
			}
			if diff := cmp.Diff(status.Conditions, next.conditions()); diff != "" {
				t.Errorf("the status does not stand after a restart (-before +after):\n%s", diff)
			}
			cause := diagnosis.Healthy(d.verdict, d.subject)
			if diff := cmp.Diff(cause, diagnosis.Healthy(next.verdict, next.subject)); diff != "" {
				t.Errorf("the cause does not stand after a restart (-before +after):\n%s", diff)
			}
			next.probed(c.next)
			if diff := cmp.Diff(status.Conditions, next.conditions()); diff != "" {
				t.Errorf("the next probe found the same, and the status changed (-before +after):\n%s", diff)
			}
		})
	}
}

func TestWhenACredentialExpiresIsKnownAfterARestart(t *testing.T) {
	expiry := time.Unix(1_800_000_000, 0)
	for name, c := range map[string]struct {
		edit func(*dependency)
		want time.Time
	}{
		"nothing was changed":                          {func(*dependency) {}, expiry},
		"the spec was edited":                          {func(d *dependency) { d.verdict.Key.Generation++ }, expiry},
		"the spec was edited, which may name a server": {func(d *dependency) { d.ownHost().verdict.Key.Generation++ }, time.Time{}},
		"the Secret was changed":                       {func(d *dependency) { d.verdict.Key.Secret.ResourceVersion = "2" }, time.Time{}},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDependency().probed(good())
			d.verdict.Expires = expiry
			status := d.status()
			c.edit(d)
			if got := d.restarted(status).verdict.Expires; !got.Equal(c.want) {
				t.Errorf("expected %v, found %v", c.want, got)
			}
		})
	}
}

func TestAfterARestartCountsBeginAtZero(t *testing.T) {
	d := newDependency().probed(good()).probed(times(2, fails(probe.TimedOut))...)
	d = d.restarted(d.status())
	follow(t, d, []step{
		then(fails(probe.TimedOut), "Healthy True Passed"),
		then(fails(probe.TimedOut), "Healthy True Passed"),
		then(fails(probe.TimedOut), "Healthy False TimedOut"),
	})
}

func TestARateLimitAfterARestartChangesNothingBelowTheThreshold(t *testing.T) {
	d := newDependency().probed(good())
	d = d.restarted(d.status())
	follow(t, d, []step{
		then(fails(probe.RateLimited), "Healthy True Passed"),
		then(fails(probe.RateLimited), "Healthy True Passed"),
		then(fails(probe.RateLimited), "Healthy False RateLimited"),
	})
}

func TestAnOutageAfterARestartTakesNothingBack(t *testing.T) {
	outage := times(3, fails(probe.ServerError))
	cases := map[string]struct {
		given func() *v1alpha1.DependencyStatus
		want  []string
	}{
		"from a key that was accepted": {
			given: func() *v1alpha1.DependencyStatus { return newDependency().probed(good()).status() },
			want:  []string{"Authenticated True Passed", "Provisioned True Passed", "Healthy False ServerError", "Ready True Unproven"},
		},
		"from a key that was never accepted": {
			given: func() *v1alpha1.DependencyStatus {
				return newDependency().probed(fails(probe.KeyRejected)).status()
			},
			want: []string{"Authenticated False InvalidAPIKey", "Healthy False ServerError", "Ready False InvalidAPIKey"},
		},
		"from a key that took the place of one that was accepted": {
			given: func() *v1alpha1.DependencyStatus {
				status := newDependency().probed(fails(probe.KeyRejected)).status()
				status.AcceptedSecret = &v1alpha1.SecretVersion{UID: "secret", ResourceVersion: "0"}
				return status
			},
			want: []string{"Authenticated False InvalidAPIKey", "Healthy False ServerError", "Ready False InvalidAPIKey"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			d := newDependency().restarted(c.given()).probed(outage...)
			expect(t, name, d.conditions(), c.want)
		})
	}
}

// TestAStatusOfSomethingElseIsNoVerdict holds when a target is due at once, since nothing is known of it.
func TestAStatusOfSomethingElseIsNoVerdict(t *testing.T) {
	cases := map[string]func(*dependency) *v1alpha1.DependencyStatus{
		"nothing was written yet": func(*dependency) *v1alpha1.DependencyStatus {
			return &v1alpha1.DependencyStatus{ObservedGeneration: -1}
		},
		"the first attempt was still running": func(d *dependency) *v1alpha1.DependencyStatus { return d.status() },
		"the spec was edited": func(d *dependency) *v1alpha1.DependencyStatus {
			status := d.probed(good()).status()
			d.verdict.Key.Generation++
			return status
		},
		"the Secret was changed": func(d *dependency) *v1alpha1.DependencyStatus {
			status := d.probed(good()).status()
			d.verdict.Key.Secret.ResourceVersion = "2"
			return status
		},
		"the Secret was created anew": func(d *dependency) *v1alpha1.DependencyStatus {
			status := d.probed(good()).status()
			d.verdict.Key.Secret.UID = "another"
			return status
		},
		"the object was suspended": func(d *dependency) *v1alpha1.DependencyStatus {
			status := d.probed(good()).status()
			status.Conditions = diagnosis.Suspended(1)
			return status
		},
		"the Secret was missing": func(d *dependency) *v1alpha1.DependencyStatus {
			return d.probed(fails(probe.SecretNotFound)).status()
		},
	}
	for name, given := range cases {
		t.Run(name, func(t *testing.T) {
			d := newDependency()
			next := d.restarted(given(d))
			if next.verdict.Probed {
				t.Error("expected that nothing was probed")
			}
			for _, stage := range probe.Stages() {
				if got := next.verdict.Stages[stage].Finding.Result; got != probe.NotReached {
					t.Errorf("expected that nothing is known of %s, found %s", stage, got)
				}
			}
		})
	}
}

// TestAStatusInDoubtStandsAndIsAskedAtOnce is for a Secret that was changed while no operator lived.
func TestAStatusInDoubtStandsAndIsAskedAtOnce(t *testing.T) {
	d := newDependency().probed(fails(probe.KeyRejected))
	status := d.status()
	status.ObservedSecret.ResourceVersion = "0"
	next := d.restarted(status)
	if next.verdict.Probed {
		t.Error("expected that the Secret is tried at once")
	}
	if diff := cmp.Diff(status.Conditions, next.probed(fails(probe.KeyRejected)).conditions()); diff != "" {
		t.Errorf("the same was found, and the status changed (-before +after):\n%s", diff)
	}
}

func TestAfterARestartOwnersFaultsCountAtOnceWhereNothingWasProven(t *testing.T) {
	d := newDependency().probed(fails(probe.TimedOut))
	d = d.restarted(d.status()).probed(fails(probe.KeyRejected))
	expect(t, "an outage, a restart and a wrong key", d.conditions(), []string{
		"Reachable True Passed", "Authenticated False InvalidAPIKey", "Ready False InvalidAPIKey",
	})
}

func TestRevokedOrMistypedAfterARestart(t *testing.T) {
	accepted := &v1alpha1.SecretVersion{UID: "secret", ResourceVersion: "1"}
	cases := map[string]struct {
		given  *dependency
		status func(*v1alpha1.DependencyStatus)
		want   string
	}{
		"the status says that this Secret was accepted": {
			given: newDependency().probed(good()), want: "APIKeyRevokedOrExpired",
		},
		"the status says that another version of it was accepted": {
			given: newDependency().probed(good()), want: "InvalidAPIKey",
			status: func(s *v1alpha1.DependencyStatus) {
				s.AcceptedSecret.ResourceVersion, s.ObservedSecret.ResourceVersion = "0", "0"
			},
		},
		"the status says that no Secret was accepted": {
			given: newDependency().probed(fails(probe.TimedOut)), want: "InvalidAPIKey",
		},
		"the object was suspended since": {
			given: newDependency().probed(good()), want: "APIKeyRevokedOrExpired",
			status: func(s *v1alpha1.DependencyStatus) { s.Conditions = diagnosis.Suspended(0) },
		},
		"the spec was edited since, and may have named another host": {
			given: newDependency().ownHost().probed(good()), want: "InvalidAPIKey",
			status: func(s *v1alpha1.DependencyStatus) {
				s.Conditions = generation(s.Conditions, 0)
				s.AcceptedSecret = accepted
			},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			status := c.given.status()
			if c.status != nil {
				c.status(status)
			}
			d := c.given.restarted(status).probed(times(3, fails(probe.KeyRejected))...)
			if got := d.shows("Authenticated"); got != "False "+c.want {
				t.Errorf("expected Authenticated False %s, found %q", c.want, got)
			}
		})
	}
}

func generation(conditions []metav1.Condition, n int64) []metav1.Condition {
	for i := range conditions {
		conditions[i].ObservedGeneration = n
	}
	return conditions
}
