// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package target

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/probe"
)

// jwt claims role authenticated.
const jwt = "e30.eyJyb2xlIjoiYXV0aGVudGljYXRlZCJ9.signature"

func TestTokensOfACheckAreReadFromTheKeysThatItNames(t *testing.T) {
	http := func(keys ...string) (expectations []v1alpha1.AccessExpectation) {
		for _, key := range keys {
			expectations = append(expectations, v1alpha1.AccessExpectation{Name: key, HTTP: &v1alpha1.HTTPAccess{TokenKey: key, Path: "/"}})
		}
		return expectations
	}
	postgREST := func(key string) []v1alpha1.AccessExpectation {
		return []v1alpha1.AccessExpectation{{Name: "orders", PostgREST: &v1alpha1.PostgRESTAccess{TokenKey: key, Table: "orders"}}}
	}
	for name, c := range map[string]struct {
		spec v1alpha1.AccessCheckSpec
		ref  *v1alpha1.SecretKeyRef
		data map[string][]byte
		// values are those of the credential, and required the keys that have to be there.
		values   map[string]string
		required []string
		problem  probe.Symptom
		wants    string
	}{
		"two tokens": {
			spec: v1alpha1.AccessCheckSpec{Provider: "HTTP", Expectations: http("viewer", "manager", "viewer")},
			ref:  &v1alpha1.SecretKeyRef{Name: "tokens"}, data: map[string][]byte{"viewer": []byte("v"), "manager": []byte("m"), "other": []byte("o")},
			values: map[string]string{"viewer": "v", "manager": "m"}, required: []string{"manager", "viewer"}, wants: "viewer (viewer: GET /)",
		},
		"a token that is missing": {
			spec: v1alpha1.AccessCheckSpec{Provider: "HTTP", Expectations: http("viewer")},
			ref:  &v1alpha1.SecretKeyRef{Name: "tokens"}, data: map[string][]byte{"manager": []byte("m")},
			required: []string{"viewer"}, problem: probe.SecretKeyMissing, wants: "viewer (viewer: GET /)",
		},
		"nobody": {
			spec: v1alpha1.AccessCheckSpec{Provider: "HTTP", Expectations: http("")}, wants: " (nobody: GET /)",
		},
		"nobody, and a Secret all the same": {
			spec: v1alpha1.AccessCheckSpec{Provider: "HTTP", Expectations: http("")},
			ref:  &v1alpha1.SecretKeyRef{Name: "tokens"}, data: map[string][]byte{"apiKey": []byte("a")}, wants: " (nobody: GET /)",
		},
		"a token for PostgREST": {
			spec: v1alpha1.AccessCheckSpec{Provider: "PostgREST", Expectations: postgREST("alice")},
			ref:  &v1alpha1.SecretKeyRef{Name: "tokens"}, data: map[string][]byte{"alice": []byte(jwt)},
			values: map[string]string{"alice": jwt}, required: []string{"alice"}, wants: "orders (alice, role authenticated: SELECT on orders)",
		},
		"and a gateway": {
			spec: v1alpha1.AccessCheckSpec{Provider: "PostgREST", Expectations: postgREST("alice")},
			ref:  &v1alpha1.SecretKeyRef{Name: "tokens"}, data: map[string][]byte{"alice": []byte(jwt), "apiKey": []byte("a")},
			values: map[string]string{"alice": jwt, "apiKey": "a"}, required: []string{"alice"}, wants: "orders (alice, role authenticated: SELECT on orders)",
		},
		"and a gateway whose key the spec names": {
			spec: v1alpha1.AccessCheckSpec{Provider: "PostgREST", Expectations: postgREST("alice")},
			ref:  &v1alpha1.SecretKeyRef{Name: "tokens", Key: "publishable"}, data: map[string][]byte{"alice": []byte("opaque")},
			required: []string{"alice", "publishable"}, problem: probe.SecretKeyMissing, wants: "orders (alice: SELECT on orders)",
		},
	} {
		t.Run(name, func(t *testing.T) {
			c.spec.Endpoint, c.spec.SecretRef = "https://app.example.com", c.ref
			access := &v1alpha1.AccessCheck{Spec: c.spec}
			inputs := Inputs{Kind: kindOf(t, "AccessCheck"), Object: access}
			if c.data != nil {
				inputs.Secret = &Referent{Data: c.data, AllowedHosts: "app.example.com"}
			}
			got, finding := Options{}.Build(inputs)
			if finding.Symptom != c.problem {
				t.Fatalf("expected the problem %q, found %+v", c.problem, finding)
			}
			if diff := cmp.Diff(c.required, RequiredKeys(inputs.Kind, access)); diff != "" {
				t.Errorf("other keys are needed (-want +got):\n%s", diff)
			}
			if names := got.Wants.Names(); c.problem == (probe.Symptom{}) && names[0] != c.wants {
				t.Errorf("expected %q, found %q", c.wants, names[0])
			}
			for key := range c.data {
				if value := got.Credential.Part(key); c.problem == (probe.Symptom{}) && value != c.values[key] {
					t.Errorf("key %s: expected %q in the credential, found %q", key, c.values[key], value)
				}
			}
			if got.Credential.IsZero() != (len(c.values) == 0) {
				t.Errorf("expected a credential: %v", len(c.values) > 0)
			}
		})
	}
}
