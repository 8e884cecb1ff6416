// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package diagnosis_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"mainstay.dev/mainstay/internal/probe"
)

// doubts are what puts a whole verdict in doubt.
var doubts = []probe.Symptom{probe.ProofTooOld, probe.ClusterEgressDown}

func TestADoubtTakesTheVerdictAndNothingElse(t *testing.T) {
	cases := map[string]struct {
		given *dependency
		want  []string
	}{
		"of what was proven": {
			given: newDependency().probed(good()),
			want:  []string{"Authenticated True Passed", "Provisioned True Passed", "Ready True Passed"},
		},
		"of a key that is wrong": {
			given: newDependency().probed(fails(probe.KeyRejected)),
			want:  []string{"Authenticated False InvalidAPIKey", "Ready False InvalidAPIKey"},
		},
		"of an outage": {
			given: newDependency().probed(times(3, fails(probe.TimedOut))...),
			want:  []string{"Reachable False TimedOut", "Ready True Unproven"},
		},
		"of what was never probed": {
			given: newDependency(),
			want:  []string{"Reachable Unknown Probing", "Ready Unknown Probing"},
		},
	}
	for name, c := range cases {
		for _, doubt := range doubts {
			t.Run(name+", "+doubt.String(), func(t *testing.T) {
				d := *c.given
				expect(t, "before", d.conditions(), c.want)
				d.verdict.Doubt = doubt
				expect(t, "in doubt", d.conditions(), append([]string{"Healthy Unknown " + doubt.String()}, c.want...))

				// A process that takes over says the same, also before it has probed.
				next := d.restarted(d.status())
				next.verdict.Probed = false
				if diff := cmp.Diff(d.conditions(), next.conditions()); diff != "" {
					t.Errorf("after a restart (-before +after):\n%s", diff)
				}
			})
		}
	}
}

func TestKeysThatAreRefusedTogetherAreAcquitted(t *testing.T) {
	refused := fails(probe.KeyRejected)
	follow(t, newDependency(), []step{
		then(good()),
		then(refused), then(refused),
		then(refused, "Authenticated False APIKeyRevokedOrExpired", "Ready False APIKeyRevokedOrExpired"),
		then(fails(probe.KeysRefused), "Authenticated Unknown NotReached", "Ready True Unproven"),
		then(fails(probe.KeysRefused), "Ready True Unproven"),
		then(fails(probe.KeysRefused), "Reachable False ProviderIncident", "Healthy False ProviderIncident", "Ready True Unproven"),
		then(good(), "Authenticated True Passed", "Healthy True Passed"),
	})
}

func TestAKeyThatNeverWorkedIsNotAcquitted(t *testing.T) {
	follow(t, newDependency(), []step{
		then(fails(probe.KeyRejected), "Authenticated False InvalidAPIKey"),
		then(fails(probe.KeysRefused), "Authenticated False InvalidAPIKey", "Ready False InvalidAPIKey"),
	})
}

func TestAnIncidentThatIsReportedTakesNothingBack(t *testing.T) {
	d := newDependency().probed(good()).probed(times(3, fails(probe.KeyRejected))...)
	follow(t, d, []step{
		then(fails(probe.IncidentReported), "Authenticated False APIKeyRevokedOrExpired", "Ready False APIKeyRevokedOrExpired"),
	})
}
