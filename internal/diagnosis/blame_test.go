// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package diagnosis_test

import (
	"testing"

	"mainstay.dev/mainstay/internal/diagnosis"
	"mainstay.dev/mainstay/internal/probe"
)

func TestBlameDependsOnWhoChoseTheHost(t *testing.T) {
	const threshold = 3
	for _, symptom := range []probe.Symptom{
		probe.NameNotResolved, probe.ConnectionRefused, probe.CertificateInvalid, probe.HandshakeFailed,
	} {
		cases := map[string]struct {
			given *dependency
			want  diagnosis.Blame
			ready string
		}{
			"a vendor's host that never answered": {
				given: newDependency().probed(times(threshold, fails(symptom))...),
				want:  diagnosis.Network, ready: "True Unproven",
			},
			"a host of one's own that never answered": {
				given: newDependency().ownHost().probed(fails(symptom)),
				want:  diagnosis.Owner, ready: "False " + diagnosis.Of(symptom).Reason,
			},
			"a host of one's own that answered before": {
				given: newDependency().ownHost().probed(good()).probed(times(threshold, fails(symptom))...),
				want:  diagnosis.Network, ready: "True Unproven",
			},
			"a host of one's own that answered before the Secret was changed": {
				given: func() *dependency {
					d := newDependency().ownHost().probed(good())
					key := d.verdict.Key
					key.Secret.ResourceVersion = "2"
					d.verdict = d.verdict.For(key, false)
					return d.probed(times(threshold, fails(symptom))...)
				}(),
				want: diagnosis.Network, ready: "True Unproven",
			},
			"a host of one's own that answered for another generation alone": {
				given: newDependency().ownHost().probed(good()).edited().probed(fails(symptom)),
				want:  diagnosis.Owner, ready: "False " + diagnosis.Of(symptom).Reason,
			},
			"a host of one's own whose answer was not enough for True": {
				given: func() *dependency {
					d := newDependency().ownHost()
					d.target.SuccessThreshold = 2
					return d.probed(fails(symptom), good(), fails(symptom))
				}(),
				want: diagnosis.Owner, ready: "False " + diagnosis.Of(symptom).Reason,
			},
		}
		for name, c := range cases {
			t.Run(symptom.String()+" at "+name, func(t *testing.T) {
				cause := diagnosis.Healthy(c.given.verdict, c.given.subject)
				if cause.Blame != c.want || cause.Status != "False" {
					t.Errorf("expected False and %s to blame, found %s and %s", c.want, cause.Status, cause.Blame)
				}
				if got := c.given.shows("Ready"); got != c.ready {
					t.Errorf("expected Ready %q, found %q", c.ready, got)
				}
			})
		}
	}
}

// TestANameServerThatFailsIsNeverTheOwnersFault has a host of the owner's own that never answered: that
// DNS has no address for it would be the owner's, but a name server that fails has not said so.
func TestANameServerThatFailsIsNeverTheOwnersFault(t *testing.T) {
	d := newDependency().ownHost().probed(fails(probe.NameServerFailed))
	if got := diagnosis.Healthy(d.verdict, d.subject).Status; got != "Unknown" {
		t.Errorf("after one probe: expected Healthy Unknown, found %s", got)
	}
	d = d.probed(times(2, fails(probe.NameServerFailed))...)
	cause := diagnosis.Healthy(d.verdict, d.subject)
	if cause.Status != "False" || cause.Reason != "NameServerFailed" || cause.Blame != diagnosis.Network {
		t.Errorf("expected False NameServerFailed and the network to blame, found %s %s and %s", cause.Status, cause.Reason, cause.Blame)
	}
	if got := d.shows("Ready"); got != "True Unproven" {
		t.Errorf("expected Ready %q, found %q", "True Unproven", got)
	}
}

func TestRevokedOrMistyped(t *testing.T) {
	cases := map[string]struct {
		given func() *dependency
		want  string
	}{
		"a key that was never accepted": {
			given: func() *dependency { return newDependency().probed(times(3, fails(probe.KeyRejected))...) },
			want:  "InvalidAPIKey",
		},
		"a key that was accepted before": {
			given: func() *dependency {
				return newDependency().probed(good()).probed(times(3, fails(probe.KeyRejected))...)
			},
			want: "APIKeyRevokedOrExpired",
		},
		"a key that was accepted before the spec was edited": {
			given: func() *dependency { return newDependency().probed(good()).edited().probed(fails(probe.KeyRejected)) },
			want:  "APIKeyRevokedOrExpired",
		},
		"a key that was accepted before the Secret was written again with the same bytes": {
			given: func() *dependency {
				d := newDependency().probed(good())
				key := d.verdict.Key
				key.Secret.ResourceVersion = "2"
				d.verdict = d.verdict.For(key, true)
				return d.probed(times(3, fails(probe.KeyRejected))...)
			},
			want: "APIKeyRevokedOrExpired",
		},
		"a key that took the place of one that was accepted": {
			given: func() *dependency {
				d := newDependency().probed(good())
				key := d.verdict.Key
				key.Secret.ResourceVersion = "2"
				d.verdict, d.target.Credential = d.verdict.For(key, false), probe.NewSecret("sk-2")
				return d.probed(fails(probe.KeyRejected))
			},
			want: "InvalidAPIKey",
		},
		"a key that another server accepted": {
			given: func() *dependency {
				return newDependency().probed(good()).edited().ownHost().probed(fails(probe.KeyRejected))
			},
			want: "InvalidAPIKey",
		},
		"a key that was accepted, and lacks a scope": {
			given: func() *dependency {
				return newDependency().probed(fails(probe.ScopeMissing, "api.model.read")).probed(times(3, fails(probe.KeyRejected))...)
			},
			want: "APIKeyRevokedOrExpired",
		},
		"a key of which the vendor says that it has expired": {
			given: func() *dependency { return newDependency().probed(good()).probed(times(3, fails(probe.KeyExpired))...) },
			want:  "APIKeyExpired",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := c.given().shows("Authenticated"); got != "False "+c.want {
				t.Errorf("expected Authenticated False %s, found %q", c.want, got)
			}
		})
	}
}
