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

// TestStates holds what a rollout, an alert and a person see in each state of an object.
func TestStates(t *testing.T) {
	cases := map[string]struct {
		given func() *dependency
		want  []string
	}{
		"visited, and the first attempt is running": {
			given: newDependency,
			want: []string{
				"Configured True Passed", "Reachable Unknown Probing", "Provisioned Unknown Probing",
				"Healthy Unknown Probing", "Ready Unknown Probing", "Stalled",
			},
		},
		"nothing is wrong": {
			given: func() *dependency { return newDependency().probed(good()) },
			want: []string{
				"Configured True Passed", "Reachable True Passed", "Authenticated True Passed",
				"Authorized True Passed", "Provisioned True Passed", "Healthy True Passed", "Ready True Passed", "Stalled",
			},
		},
		"the Secret is missing": {
			given: func() *dependency { return newDependency().probed(fails(probe.SecretNotFound)) },
			want: []string{
				"Configured False SecretNotFound", "Reachable Unknown NotReached",
				"Healthy False SecretNotFound", "Ready False SecretNotFound", "Stalled",
			},
		},
		"the key of the Secret is missing": {
			given: func() *dependency { return newDependency().probed(fails(probe.SecretKeyMissing)) },
			want:  []string{"Healthy False SecretKeyMissing", "Ready False SecretKeyMissing", "Stalled"},
		},
		"the consent of the Secret is missing": {
			given: func() *dependency { return newDependency().ownHost().probed(fails(probe.ConsentMissing)) },
			want:  []string{"Healthy False ConsentMissing", "Ready False ConsentMissing", "Stalled"},
		},
		"no provider is configured": {
			given: func() *dependency { return newDependency().probed(fails(probe.NoAIProvider)) },
			want:  []string{"Healthy False NoAIProvider", "Ready False NoAIProvider", "Stalled True NoAIProvider"},
		},
		"the guard refused the host before or during the dial": {
			given: func() *dependency { return newDependency().ownHost().probed(fails(probe.AddressRefused)) },
			want: []string{
				"Configured False DestinationNotAllowed", "Healthy False DestinationNotAllowed",
				"Ready False DestinationNotAllowed", "Stalled True DestinationNotAllowed",
			},
		},
		"the guard admits the host in no case": {
			given: func() *dependency { return newDependency().probed(fails(probe.AddressNeverAdmitted)) },
			want: []string{
				"Configured False DestinationNotAllowed", "Healthy False DestinationNotAllowed",
				"Ready False DestinationNotAllowed", "Stalled True DestinationNotAllowed",
			},
		},
		"the host is known to the proxy alone": {
			given: func() *dependency { return newDependency().probed(fails(probe.UnresolvedBehindProxy)) },
			want: []string{
				"Configured False DestinationNotAllowed", "Healthy False DestinationNotAllowed",
				"Ready False DestinationNotAllowed", "Stalled True DestinationNotAllowed",
			},
		},
		"the key is wrong": {
			given: func() *dependency { return newDependency().probed(fails(probe.KeyRejected)) },
			want: []string{
				"Reachable True Passed", "Authenticated False InvalidAPIKey", "Authorized Unknown NotReached",
				"Healthy False InvalidAPIKey", "Ready False InvalidAPIKey", "Stalled",
			},
		},
		"a scope is missing": {
			given: func() *dependency { return newDependency().probed(fails(probe.ScopeMissing, "api.model.read")) },
			want: []string{
				"Authenticated True Passed", "Authorized False InsufficientScope", "Provisioned Unknown NotReached",
				"Healthy False InsufficientScope", "Ready False InsufficientScope", "Stalled",
			},
		},
		"the path of an endpoint of one's own is wrong": {
			given: func() *dependency { return newDependency().ownHost().probed(fails(probe.PathNotFound)) },
			want:  []string{"Healthy False PathNotFound", "Ready False PathNotFound", "Stalled"},
		},
		"a model is not available": {
			given: func() *dependency { return newDependency().probed(fails(probe.ModelNotAvailable, "gpt-6")) },
			want:  []string{"Healthy False ModelNotAvailable", "Ready False ModelNotAvailable", "Stalled"},
		},
		"the vendor is down at the first apply": {
			given: func() *dependency { return newDependency().probed(fails(probe.ServerError)) },
			want: []string{
				"Reachable Unknown ServerError", "Authenticated Unknown NotReached",
				"Healthy Unknown ServerError", "Ready True Unproven", "Stalled",
			},
		},
		"the vendor has been down since the first apply, for as long as the threshold": {
			given: func() *dependency { return newDependency().probed(times(3, fails(probe.ServerError))...) },
			want:  []string{"Reachable False ServerError", "Healthy False ServerError", "Ready True Unproven", "Stalled"},
		},
		"the network is down at the first apply": {
			given: func() *dependency { return newDependency().probed(fails(probe.TimedOut)) },
			want:  []string{"Healthy Unknown TimedOut", "Ready True Unproven", "Stalled"},
		},
		"the vendor is down later, below the threshold": {
			given: func() *dependency {
				return newDependency().probed(good()).probed(times(2, fails(probe.ServerError))...)
			},
			want: []string{"Reachable True Passed", "Healthy True Passed", "Ready True Passed"},
		},
		"the vendor is down later, at the threshold": {
			given: func() *dependency {
				return newDependency().probed(good()).probed(times(3, fails(probe.ServerError))...)
			},
			want: []string{
				"Reachable False ServerError", "Authenticated True Passed", "Provisioned True Passed",
				"Healthy False ServerError", "Ready True Unproven", "Stalled",
			},
		},
		"the key is revoked later, below the threshold": {
			given: func() *dependency {
				return newDependency().probed(good()).probed(times(2, fails(probe.KeyRejected))...)
			},
			want: []string{"Healthy True Passed", "Ready True Passed"},
		},
		"the key is revoked later, at the threshold": {
			given: func() *dependency {
				return newDependency().probed(good()).probed(times(3, fails(probe.KeyRejected))...)
			},
			want: []string{
				"Authenticated False APIKeyRevokedOrExpired", "Provisioned Unknown NotReached",
				"Healthy False APIKeyRevokedOrExpired", "Ready False APIKeyRevokedOrExpired", "Stalled",
			},
		},
		"the key may only send": {
			given: func() *dependency { return newDependency().probed(sendOnly()) },
			want: []string{
				"Authenticated True Passed", "Provisioned Unknown SendOnlyKey",
				"Healthy True Passed", "Ready True Unproven", "Stalled",
			},
		},
		"rate limited at the first attempt": {
			given: func() *dependency { return newDependency().probed(fails(probe.RateLimited)) },
			want:  []string{"Reachable True Passed", "Healthy Unknown RateLimited", "Ready True Unproven", "Stalled"},
		},
		"rate limited later, below the threshold": {
			given: func() *dependency {
				return newDependency().probed(good()).probed(times(2, fails(probe.RateLimited))...)
			},
			want: []string{"Healthy True Passed", "Ready True Passed"},
		},
		"rate limited later, at the threshold": {
			given: func() *dependency {
				return newDependency().probed(good()).probed(times(3, fails(probe.RateLimited))...)
			},
			want: []string{
				"Reachable True Passed", "Authenticated True Passed", "Provisioned True Passed",
				"Healthy False RateLimited", "Ready True Passed", "Stalled",
			},
		},
		"the quota is spent": {
			given: func() *dependency { return newDependency().probed(good(), fails(probe.QuotaExhausted)) },
			want:  []string{"Provisioned True Passed", "Healthy False QuotaExhausted", "Ready True Passed", "Stalled"},
		},
		"a side question stayed open": {
			given: func() *dependency { return newDependency().probed(unsettled()) },
			want:  []string{"Provisioned Unknown ListTooLong", "Healthy Unknown ListTooLong", "Ready True Unproven"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			expect(t, name, c.given().conditions(), c.want)
		})
	}
}

func TestReadyWhenSaysHowFarTheOwnerIsHeldToAccount(t *testing.T) {
	outage := append([]probe.Outcome{good()}, times(3, fails(probe.ServerError))...)
	cases := map[string]struct {
		outcomes []probe.Outcome
		want     map[v1alpha1.ReadyWhen]string
	}{
		"nothing is wrong": {
			outcomes: []probe.Outcome{good()},
			want: map[v1alpha1.ReadyWhen]string{
				"Configured": "True Passed", "Authenticated": "True Passed", "Provisioned": "True Passed", "Healthy": "True Passed",
			},
		},
		"a model is missing": {
			outcomes: []probe.Outcome{fails(probe.ModelNotAvailable, "gpt-6")},
			want: map[v1alpha1.ReadyWhen]string{
				"Configured": "True Passed", "Authenticated": "True Passed",
				"Provisioned": "False ModelNotAvailable", "Healthy": "False ModelNotAvailable",
			},
		},
		"the key is wrong": {
			outcomes: []probe.Outcome{fails(probe.KeyRejected)},
			want: map[v1alpha1.ReadyWhen]string{
				"Configured": "True Passed", "Authenticated": "False InvalidAPIKey",
				"Provisioned": "False InvalidAPIKey", "Healthy": "False InvalidAPIKey",
			},
		},
		"the vendor is down": {
			outcomes: outage,
			want: map[v1alpha1.ReadyWhen]string{
				"Configured": "True Passed", "Authenticated": "True Unproven",
				"Provisioned": "True Unproven", "Healthy": "False ServerError",
			},
		},
		"the vendor was down at the first attempt": {
			outcomes: []probe.Outcome{fails(probe.ServerError)},
			want: map[v1alpha1.ReadyWhen]string{
				"Configured": "True Passed", "Authenticated": "True Unproven",
				"Provisioned": "True Unproven", "Healthy": "False ServerError",
			},
		},
		"no attempt has ended": {
			want: map[v1alpha1.ReadyWhen]string{
				"Configured": "Unknown Probing", "Authenticated": "Unknown Probing",
				"Provisioned": "Unknown Probing", "Healthy": "Unknown Probing",
			},
		},
		"the Secret is missing": {
			outcomes: []probe.Outcome{fails(probe.SecretNotFound)},
			want: map[v1alpha1.ReadyWhen]string{
				"Configured": "False SecretNotFound", "Authenticated": "False SecretNotFound",
				"Provisioned": "False SecretNotFound", "Healthy": "False SecretNotFound",
			},
		},
		"the key may only send": {
			outcomes: []probe.Outcome{sendOnly()},
			want: map[v1alpha1.ReadyWhen]string{
				"Configured": "True Passed", "Authenticated": "True Passed",
				"Provisioned": "True Unproven", "Healthy": "True Unproven",
			},
		},
	}
	for name, c := range cases {
		for when, want := range c.want {
			t.Run(name+", ready when "+string(when), func(t *testing.T) {
				d := newDependency().probed(c.outcomes...)
				d.subject.ReadyWhen = when
				if got := d.shows("Ready"); got != want {
					t.Errorf("expected Ready %q, found %q", want, got)
				}
			})
		}
	}
}

func TestASuspendedObjectIsReadyAndOtherwiseUnknown(t *testing.T) {
	conditions := diagnosis.Suspended(7)
	for _, c := range conditions {
		status := metav1.ConditionUnknown
		if c.Type == v1alpha1.ConditionReady {
			status = metav1.ConditionTrue
		}
		want := metav1.Condition{
			Type: c.Type, Status: status, Reason: v1alpha1.ReasonSuspended, ObservedGeneration: 7,
			Message: "Probing is suspended by spec.suspend.",
		}
		if diff := cmp.Diff(want, c); diff != "" {
			t.Errorf("%s (-want +found):\n%s", c.Type, diff)
		}
	}
	if diff := cmp.Diff(conditionTypes(newDependency().conditions()), conditionTypes(conditions)); diff != "" {
		t.Errorf("a suspended object has other conditions than one that is probed (-probed +suspended):\n%s", diff)
	}
}

func TestTransitionTimesMoveWithTheStatusAlone(t *testing.T) {
	earlier, now := time.Unix(1000, 0), time.Unix(2000, 5)
	old := diagnosis.Merge(nil, newDependency().probed(good()).conditions(), earlier)
	merged := diagnosis.Merge(old, newDependency().probed(lapsing(), fails(probe.QuotaExhausted)).conditions(), now)
	for _, c := range merged {
		want := metav1.NewTime(earlier)
		if c.Type == v1alpha1.ConditionHealthy {
			want = metav1.NewTime(now).Rfc3339Copy()
		}
		if !c.LastTransitionTime.Equal(&want) {
			t.Errorf("%s, now %s %s: expected the transition at %s, found %s", c.Type, c.Status, c.Reason, want, c.LastTransitionTime)
		}
	}
}

func conditionTypes(conditions []metav1.Condition) []string {
	var types []string
	for _, c := range conditions {
		types = append(types, c.Type)
	}
	return types
}
