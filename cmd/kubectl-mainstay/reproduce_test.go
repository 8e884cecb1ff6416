// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/diagnosis"
)

// visited gives an object the conditions of a visit of the operator that found its configuration in order.
func visited(d dependency, message string) {
	d.SharedStatus().Conditions = []metav1.Condition{
		{Type: v1alpha1.ConditionConfigured, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonPassed, ObservedGeneration: d.GetGeneration()},
		{Type: v1alpha1.ConditionHealthy, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonInvalidAPIKey, Message: message},
	}
}

// explained is the answer of why to a question about some objects, as people and as machines get it.
func explained(t *testing.T, text string, dependencies ...dependency) string {
	t.Helper()
	c := newCluster(surroundings{now: func() time.Time { return now }, env: noEnv})
	c.namespace = "shop"
	found, a := survey{dependencies: dependencies}, answer{}
	if err := c.judge(&a, ask(text).among(found), found); err != nil {
		t.Fatal(err)
	}
	var machines strings.Builder
	if err := printObject(&machines, "json", a); err != nil {
		t.Fatal(err)
	}
	return c.render(a) + machines.String()
}

// TestNoCredentialIsSentWhereItsOwnerHasNotConsented holds that no command is offered that takes a credential out of
// its Secret before the operator has found, for this very spec, that its owner consents to the host.
func TestNoCredentialIsSentWhereItsOwnerHasNotConsented(t *testing.T) {
	assistant, access := object("AIProvider", "chat"), object("AccessCheck", "isolation")
	ai := &assistant.Dependency.(*v1alpha1.AIProvider).Spec
	ai.Provider, ai.Endpoint, ai.SecretRef = "OpenAI", "https://evil.example/v1", &v1alpha1.SecretKeyRef{Name: "openai"}
	check := &access.Dependency.(*v1alpha1.AccessCheck).Spec
	check.Provider, check.SecretRef = "Postgres", &v1alpha1.SecretKeyRef{Name: "shop-db"}
	check.Postgres = &v1alpha1.PostgresServer{Host: "evil.example"}
	check.Expectations = []v1alpha1.AccessExpectation{
		{Name: "own", Expect: "Allow", Postgres: &v1alpha1.PostgresAccess{Role: "app", Verb: "Select", Schema: "public", Table: "orders"}},
	}
	for name, c := range map[string]struct {
		given func(dependency)
		shown bool
	}{
		"never visited": {func(d dependency) { d.SharedStatus().Conditions = nil }, false},
		"suspended": {func(d dependency) {
			d.SharedSpec().Suspend = true
			d.SharedStatus().Conditions = diagnosis.Suspended(d.GetGeneration())
		}, false},
		"not configured": {func(d dependency) {
			visited(d, "no")
			d.SharedStatus().Conditions[0].Status, d.SharedStatus().Conditions[0].Reason = metav1.ConditionFalse, v1alpha1.ReasonConsentMissing
		}, false},
		"changed since the visit": {func(d dependency) { visited(d, "no"); d.SetGeneration(2) }, false},
		"suspended since the visit": {func(d dependency) {
			visited(d, "no")
			d.SharedSpec().Suspend = true
			d.SetGeneration(2)
		}, false},
		"healthy, and changed since": {func(d dependency) {
			visited(d, "fine")
			d.SharedStatus().Conditions[1].Status, d.SharedStatus().Conditions[1].Reason = metav1.ConditionTrue, v1alpha1.ReasonPassed
			d.SetGeneration(2)
		}, false},
		"visited, and found to be in order": {func(d dependency) { visited(d, "no") }, true},
	} {
		for _, d := range []dependency{assistant, access} {
			d.SetNamespace("shop")
			d.SetGeneration(1)
			d.SharedSpec().Suspend = false
			c.given(d)
			for _, text := range []string{"", d.named().String(), "401"} {
				out := explained(t, text, d)
				if strings.Contains(out, "get secret") != c.shown {
					t.Errorf("%s, %s, asked %q: expected a command that reads the Secret: %v, found:\n%s", d.named(), name, text, c.shown, out)
				}
			}
		}
	}
}
