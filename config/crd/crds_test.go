// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package crd

import (
	"os"
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
