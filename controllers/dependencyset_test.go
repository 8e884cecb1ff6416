// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/config/crd"
	"mainstay.dev/mainstay/internal/provider/providertest"
	"mainstay.dev/mainstay/internal/target"
)

func set(namespace string, requires ...v1alpha1.Requirement) *v1alpha1.DependencySet {
	s := &v1alpha1.DependencySet{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "checkout"}}
	s.Spec.Requires = requires
	return s
}

func TestAnAppLearnsWhatItLacks(t *testing.T) {
	t.Parallel()
	namespace, openAIKey := newNamespace(t), key(t)
	app := set(namespace, v1alpha1.Requirement{Kind: "EmailProvider", AcceptedProviders: []string{"Resend"}},
		v1alpha1.Requirement{Kind: "AIProvider", Importance: v1alpha1.ImportanceOptional})
	create(t, app)

	lacking := waitForReason(t, app, v1alpha1.ReasonNoEmailProvider)
	if !strings.Contains(lacking.Message, "Create an object of kind EmailProvider in namespace "+namespace) {
		t.Errorf("expected the message to say what to create, found %q", lacking.Message)
	}
	for _, kind := range []string{"Configured", "Healthy", "Ready"} {
		if c := condition(app, kind); c == nil || c.Status != metav1.ConditionFalse || c.ObservedGeneration != 1 {
			t.Errorf("condition %s: expected False for generation 1, found %+v", kind, c)
		}
	}
	if condition(app, v1alpha1.ConditionStalled) != nil || len(app.Status.Conditions) != 3 {
		t.Errorf("expected Configured, Healthy and Ready alone, since the object may come later; found:\n%s", shown(app))
	}
	if e := waitForEvent(t, app, v1alpha1.ReasonNoEmailProvider); e.Type != corev1.EventTypeWarning {
		t.Errorf("expected a warning, found %s", e.Type)
	}

	email := resend(namespace)
	email.Spec.Provider = "Postmark"
	credential := secret(namespace, "re_"+openAIKey)
	create(t, credential, email)
	waitForReason(t, app, v1alpha1.ReasonProviderNotSupported)
	waitForReason(t, email, v1alpha1.ReasonPassed) // Nobody else writes it from here on.
	update(t, email, func() { email.Spec.Provider = "Resend" })
	waitFor(t, app, "the summary of an app that lacks only what is optional", func() bool {
		return app.Status.Summary == "Degraded: no AI provider configured"
	})
	waitForReason(t, app, v1alpha1.ReasonPassed)
	waitForEvent(t, app, "Degraded")

	ai := openAI(namespace)
	ai.Spec.SecretRef.Name = "openai"
	other := secret(namespace, openAIKey)
	other.Name = "openai"
	create(t, other, ai)
	waitFor(t, app, "the summary of an app that has all", func() bool { return app.Status.Summary == "All systems operational" })
	want := []v1alpha1.Member{
		{Kind: "EmailProvider", Name: "transactional", Importance: "Required", Provider: "Resend", Ready: "True", Healthy: "True", Reason: "Passed"},
		{Kind: "AIProvider", Name: "assistant", Importance: "Optional", Provider: "OpenAI", Ready: "True", Healthy: "True", Reason: "Passed"},
	}
	if diff := cmp.Diff(want, app.Status.Members); diff != "" {
		t.Errorf("members (-want +found):\n%s", diff)
	}
	metrics := scrape(t)
	for _, want := range []string{
		`mainstay_dependency_set_verdict{healthy="True",name="checkout",namespace="` + namespace + `",ready="True",reason="Passed"} 1`,
		`mainstay_dependency_set_member{healthy="True",importance="Optional",kind="AIProvider",name="assistant",namespace="` + namespace + `",provider="OpenAI",ready="True",reason="Passed",set="checkout"} 1`,
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("expected the metric %s in:\n%s", want, metrics)
		}
	}

	if err := world.admin.Delete(t.Context(), email); err != nil {
		t.Fatal(err)
	}
	waitForReason(t, app, v1alpha1.ReasonNoEmailProvider)
}

// TestASetIsWrittenOncePerChange counts the versions of a set while its member is probed again and again, fails, and
// recovers.
func TestASetIsWrittenOncePerChange(t *testing.T) {
	t.Parallel()
	namespace, credential := newNamespace(t), key(t)
	ai, app := openAI(namespace), set(namespace, v1alpha1.Requirement{Kind: "AIProvider", Name: "assistant"})
	ai.Spec.FailureThreshold = 2
	create(t, secret(namespace, credential), ai)
	waitForReason(t, ai, v1alpha1.ReasonPassed)

	list := &v1alpha1.DependencySetList{}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	changes, err := world.admin.Watch(ctx, list, client.InNamespace(namespace))
	if err != nil {
		t.Fatal(err)
	}
	defer changes.Stop()
	create(t, app)
	waitForReason(t, app, v1alpha1.ReasonPassed)

	probeNow(t, ai, "nothing changes")
	world.vendors["OpenAI"].PlayFor(credential, providertest.RateLimited)
	probeNow(t, ai, "first")
	probeNow(t, ai, "second")
	waitForReason(t, app, v1alpha1.ReasonRateLimited)
	world.vendors["OpenAI"].PlayFor(credential, "")
	probeNow(t, ai, "third")
	waitForReason(t, app, v1alpha1.ReasonPassed)
	if err := world.admin.Delete(t.Context(), app); err != nil {
		t.Fatal(err)
	}
	var seen []string
	for change := range changes.ResultChan() {
		seen = append(seen, string(change.Type)+" "+change.Object.(*v1alpha1.DependencySet).Status.Summary)
		if change.Type == "DELETED" {
			break
		}
	}
	want := []string{
		"ADDED ", "MODIFIED All systems operational", "MODIFIED Down: AI rate limited",
		"MODIFIED All systems operational", "DELETED All systems operational",
	}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Errorf("versions of the set (-want +found):\n%s", diff)
	}
}

func TestASetThatCannotBeMeantIsRefused(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	for name, c := range map[string]struct {
		require v1alpha1.Requirement
		says    []string
	}{
		"an unknown kind":         {v1alpha1.Requirement{Kind: "EmailProvder"}, []string{"spec.requires[0].kind", `"EmailProvder"`, "EmailProvider"}},
		"a name and a selector":   {v1alpha1.Requirement{Kind: "AIProvider", Name: "a", Selector: &metav1.LabelSelector{}}, []string{"spec.requires[0]", "exclude each other"}},
		"a name and a least many": {v1alpha1.Requirement{Kind: "AIProvider", Name: "a", MinHealthy: 2}, []string{"spec.requires[0].minHealthy", "remove one of the two"}},
		"an unknown importance":   {v1alpha1.Requirement{Kind: "AIProvider", Importance: "Nice"}, []string{"spec.requires[0].importance", "Required", "Optional"}},
		"a provider twice":        {v1alpha1.Requirement{Kind: "AIProvider", AcceptedProviders: []string{"A", "A"}}, []string{"acceptedProviders", "Duplicate"}},
	} {
		t.Run(name, func(t *testing.T) {
			err := world.admin.Create(t.Context(), set(namespace, c.require))
			if err == nil {
				t.Fatal("expected the API server to refuse it")
			}
			for _, word := range c.says {
				if !strings.Contains(err.Error(), word) {
					t.Errorf("expected %q in the message %q", word, err)
				}
			}
		})
	}
	if err := world.admin.Create(t.Context(), set(namespace)); err == nil || !strings.Contains(err.Error(), "spec.requires") {
		t.Errorf("expected a set that requires nothing to be refused, found %v", err)
	}
}

// TestEveryProbedKindCanBeRequired holds the words that the CRD admits against the table of kinds.
func TestEveryProbedKindCanBeRequired(t *testing.T) {
	t.Parallel()
	var want, found []string
	for _, kind := range target.Kinds {
		want = append(want, kind.Name)
		if kind.Noun == "" {
			t.Errorf("kind %s has no noun", kind.Name)
		}
	}
	all, err := crd.All()
	if err != nil {
		t.Fatal(err)
	}
	for _, definition := range all {
		if definition.Spec.Names.Kind != "DependencySet" {
			continue
		}
		spec := definition.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["spec"]
		for _, word := range spec.Properties["requires"].Items.Schema.Properties["kind"].Enum {
			found = append(found, strings.Trim(string(word.Raw), `"`))
		}
	}
	slices.Sort(want)
	slices.Sort(found)
	if diff := cmp.Diff(want, found); diff != "" {
		t.Errorf("probed kinds and kinds that can be required differ (-probed +required):\n%s", diff)
	}
}
