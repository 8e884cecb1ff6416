// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package providertest_test

import (
	"os"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"mainstay.dev/mainstay/internal/provider/providertest"
)

func TestTheFixtureInTheDocsIsComplete(t *testing.T) {
	page, err := os.ReadFile("../../../docs/adding-a-provider.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "```yaml\n")
	example, _, found := strings.Cut(rest, "```")
	if !found {
		t.Fatal("the page has no fixture")
	}
	var f providertest.Fixture
	if err := yaml.UnmarshalStrict([]byte(example), &f); err != nil {
		t.Fatal(err)
	}
	for _, name := range providertest.Required() {
		if _, ok := f.Case(name); !ok {
			t.Errorf("the fixture of the page has no case %q", name)
		}
	}
}
