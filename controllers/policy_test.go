// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
)

// spenders are objects of a namespace that ask for what is billed.
func spenders(namespace string) []client.Object {
	ai, email, issuer := openAI(namespace), resend(namespace), &v1alpha1.AuthProvider{}
	ai.Spec.Suspend = true
	ai.Spec.Completion = &v1alpha1.CompletionSpec{Model: "gpt-test"}
	email.Spec.TestEmail = &v1alpha1.TestEmail{From: "shop@example.com"}
	issuer.Namespace, issuer.Name = namespace, "sign-in"
	issuer.Spec.Provider, issuer.Spec.Endpoint = v1alpha1.AuthOIDC, "https://login.example.com"
	issuer.Spec.SecretRef = &v1alpha1.SecretKeyRef{Name: "credential"}
	issuer.Spec.OIDC = &v1alpha1.OIDCSpec{ClientCredentials: &v1alpha1.ClientCredentialsSpec{}}
	return []client.Object{ai, email, issuer}
}

// TestThePolicyLetsSpendWhoMay applies the sample to the API server, for namespaces of this test alone.
func TestThePolicyLetsSpendWhoMay(t *testing.T) {
	t.Parallel()
	namespace, labelled := newNamespace(t), newNamespace(t)
	before := spenders(namespace)[0]
	create(t, before)
	applyFile(t, filepath.Join("..", "config", "policy", "allowed_spending.yaml"), func(u *unstructured.Unstructured) {
		if u.GetKind() != "ValidatingAdmissionPolicyBinding" {
			return
		}
		only := []any{map[string]any{"key": "kubernetes.io/metadata.name", "operator": "In", "values": []any{namespace, labelled}}}
		if err := unstructured.SetNestedSlice(u.Object, only, "spec", "matchResources", "namespaceSelector", "matchExpressions"); err != nil {
			t.Fatal(err)
		}
	})
	label := kubectl(t, "label", "namespace", labelled, "mainstay-policy/spending=allowed")
	if out, err := label.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	refused := func(object client.Object) error {
		object.SetName("another-" + object.GetName())
		return world.admin.Create(t.Context(), object, client.DryRunAll)
	}
	// A policy is in force some moments after it was accepted, and nothing announces that.
	for refused(spenders(namespace)[0]) == nil {
		if t.Context().Err() != nil {
			t.Fatal("the policy never came into force")
		}
	}
	for _, object := range spenders(namespace) {
		want := "namespace " + namespace + " does not allow what a provider bills"
		if err := refused(object); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%T: expected %q, found %v", object, want, err)
		}
	}
	for _, object := range append(spenders(labelled), openAI(namespace), resend(namespace)) {
		if err := refused(object); err != nil {
			t.Errorf("%T in %s: expected it to be allowed, found %v", object, object.GetNamespace(), err)
		}
	}
	mayWhoMay(t, namespace)
	whatIsThereStays(t, before.(*v1alpha1.AIProvider))
}

// mayWhoMay has members of the group, and others, create what the namespace does not allow.
func mayWhoMay(t *testing.T, namespace string) {
	t.Helper()
	for _, object := range spenders(namespace) {
		object.SetName("by-a-member")
		object.GetObjectKind().SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(kindOf(t, object)))
		text, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		for group, may := range map[string]bool{"mainstay-spenders": true, "others": false} {
			command := kubectl(t, "create", "-f", "-", "--dry-run=server", "--as=ann", "--as-group=system:masters", "--as-group="+group)
			command.Stdin = strings.NewReader(string(text))
			if out, err := command.CombinedOutput(); (err == nil) != may {
				t.Errorf("%T by one of %s: expected it to be allowed: %t, found %s", object, group, may, out)
			}
		}
	}
}

// whatIsThereStays has an object that is older than the policy labelled, changed and mended.
func whatIsThereStays(t *testing.T, ai *v1alpha1.AIProvider) {
	t.Helper()
	for _, step := range []struct {
		name   string
		change func()
		want   bool
	}{
		{"a label", func() { ai.Labels = map[string]string{"team": "shop"} }, true},
		{"more tokens", func() { ai.Spec.Completion.MaxOutputTokens = 4096 }, false},
		{"no completion", func() { ai.Spec.Completion = nil }, true},
	} {
		if err := world.admin.Get(t.Context(), client.ObjectKeyFromObject(ai), ai); err != nil {
			t.Fatal(err)
		}
		step.change()
		if err := world.admin.Update(t.Context(), ai); (err == nil) != step.want {
			t.Errorf("%s: expected it to be allowed: %t, found %v", step.name, step.want, err)
		}
	}
}

func kindOf(t *testing.T, object client.Object) string {
	t.Helper()
	kinds, _, err := world.admin.Scheme().ObjectKinds(object)
	if err != nil {
		t.Fatal(err)
	}
	return kinds[0].Kind
}

// TestThePolicyAllowsTheVendorsThatANamespaceNames applies the sample to the API server.
func TestThePolicyAllowsTheVendorsThatANamespaceNames(t *testing.T) {
	t.Parallel()
	applyFile(t, filepath.Join("..", "config", "policy", "allowed_vendors.yaml"))
	namespace := newNamespace(t)
	annotate := kubectl(t, "annotate", "namespace", namespace, "mainstay-policy/allowed-vendors=Anthropic, Resend")
	if out, err := annotate.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	refused := func() error {
		ai := openAI(namespace)
		ai.Spec.Suspend = true
		err := world.admin.Create(t.Context(), ai, client.DryRunAll)
		return err
	}
	// A policy is in force some moments after it was accepted, and nothing announces that.
	for err := refused(); ; err = refused() {
		if err == nil {
			if t.Context().Err() != nil {
				t.Fatal("the policy never came into force")
			}
			continue
		}
		want := fmt.Sprintf("namespace %s does not allow provider OpenAI: its annotation mainstay-policy/allowed-vendors allows Anthropic, Resend", namespace)
		if !strings.Contains(err.Error(), want) {
			t.Errorf("expected %q, found %v", want, err)
		}
		break
	}
	email, nothing, elsewhere := resend(namespace), openAI(namespace), openAI(newNamespace(t))
	nothing.Spec.Provider, nothing.Spec.SecretRef = "None", nil
	for _, object := range []client.Object{email, nothing, elsewhere} {
		if err := world.admin.Create(t.Context(), object, client.DryRunAll); err != nil {
			t.Errorf("expected %s to be allowed, found %v", object.GetName(), err)
		}
	}
}

// applyFile creates every object of a file, with changes, and takes them away after the test.
func applyFile(t *testing.T, path string, changes ...func(*unstructured.Unstructured)) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for document := range strings.SplitSeq(string(text), "\n---\n") {
		u := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(document), &u.Object); err != nil {
			t.Fatal(err)
		}
		for _, change := range changes {
			change(u)
		}
		create(t, u)
		t.Cleanup(func() { _ = world.admin.Delete(context.Background(), u) })
	}
}
