// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package crd

import (
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

// TestEveryKindIsListed holds the lists that kustomize and kubebuilder cannot derive against the kinds that
// there are.
func TestEveryKindIsListed(t *testing.T) {
	all, err := All()
	if err != nil {
		t.Fatal(err)
	}
	var files, kinds []string
	for _, definition := range all {
		names := definition.Spec.Names
		files = append(files, "bases/mainstay.dev_"+names.Plural+".yaml")
		kinds = append(kinds, names.Kind)
	}
	var installed struct{ Resources []string }
	read(t, "kustomization.yaml", &installed)
	expect(t, "resources of config/crd/kustomization.yaml", files, installed.Resources)

	var project struct{ Resources []struct{ Kind string } }
	read(t, "../../PROJECT", &project)
	var known []string
	for _, resource := range project.Resources {
		known = append(known, resource.Kind)
	}
	expect(t, "resources of PROJECT", kinds, known)
}

func read(t *testing.T, path string, into any) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

func expect(t *testing.T, what string, want, found []string) {
	t.Helper()
	slices.Sort(want)
	if diff := cmp.Diff(want, slices.Sorted(slices.Values(found))); diff != "" {
		t.Errorf("the %s are not the kinds that there are (-kinds +listed):\n%s", what, diff)
	}
}
