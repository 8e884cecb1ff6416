// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package crd

import (
	"os"
	"strings"
	"testing"
)

func TestEveryGeneratedFileIsEmbedded(t *testing.T) {
	generated, err := os.ReadDir("bases")
	if err != nil {
		t.Fatal(err)
	}
	all, err := All()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != len(generated) {
		t.Errorf("expected %d CRDs, got %d", len(generated), len(all))
	}
	for _, definition := range all {
		if definition.Spec.Group != "mainstay.dev" || len(definition.Spec.Versions) == 0 {
			t.Errorf("%s is no CRD of Mainstay", definition.Name)
		}
	}
}

func TestEveryGeneratedFileIsInstalled(t *testing.T) {
	generated, err := os.ReadDir("bases")
	if err != nil {
		t.Fatal(err)
	}
	kustomization, err := os.ReadFile("kustomization.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range generated {
		if !strings.Contains(string(kustomization), "- bases/"+file.Name()+"\n") {
			t.Errorf("the kustomization does not list %s, so nobody who applies it has the kind", file.Name())
		}
	}
}
