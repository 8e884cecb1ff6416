// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"cmp"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestManifestsMatchTheirSchemas has kubeconform judge all that ships, with values of the chart too, by the schemas of
// the API server and of our CRDs. Unknown fields are refused.
func TestManifestsMatchTheirSchemas(t *testing.T) {
	t.Parallel()
	buildChartTools(t)
	s := newShell(t)
	folder := t.TempDir()
	writeSchemas(s, folder)
	judge := " | kubeconform -strict -schema-location '" + folder + "/{{ .ResourceKind }}_{{ .Group }}_{{ .ResourceAPIVersion }}.json' -"
	var manifests []string
	for _, each := range []string{
		"kubectl kustomize ../config/default",
		"kubectl kustomize ../config/get-only-secrets",
		"kubectl kustomize ../config/namespaces",
		"kubectl kustomize ../config/single-namespace",
		"kubectl kustomize ../config/samples",
		"kubectl kustomize ../config/policy",
		"kubectl kustomize ../config/argocd",
		"helm template mainstay ../config/chart",
		"helm template mainstay ../config/chart --set 'namespaces={shop,blog}',watchSecrets=false,labelSelector=shard=a",
	} {
		manifests = append(manifests, each+" && echo ---")
	}
	s.must("set -o pipefail; { "+strings.Join(manifests, " && ")+"; }"+judge, "")
	if out, code := s.run("helm template mainstay ../config/chart --set-json 'resources={\"limit\":{}}'"+judge, ""); code == 0 {
		t.Errorf("expected an unknown field to be refused, found:\n%s", out)
	}
}

// definition is a schema as the API server publishes it.
type definition = map[string]any

// writeSchemas writes the API server's schemas into a folder: one file that defines all, and one for each kind, by its
// group and version, that refers to it.
func writeSchemas(s shell, folder string) {
	s.Helper()
	var published struct{ Definitions map[string]definition }
	if err := json.Unmarshal([]byte(s.must("kubectl get --raw /openapi/v2", "")), &published); err != nil {
		s.Fatal(err)
	}
	write := func(path string, content any) {
		text, err := json.Marshal(content)
		if err != nil {
			s.Fatal(err)
		}
		if err := os.WriteFile(path, text, 0o600); err != nil {
			s.Fatal(err)
		}
	}
	for name, d := range published.Definitions {
		if d["format"] == "int-or-string" {
			published.Definitions[name] = definition{"type": []string{"integer", "string"}}
		}
		strict(d)
		kinds, _ := d["x-kubernetes-group-version-kind"].([]any)
		for _, each := range kinds {
			kind := each.(definition)
			version := kind["version"].(string)
			group := cmp.Or(kind["group"].(string), version) // kubeconform's name of the group that has none.
			path := filepath.Join(folder, strings.ToLower(kind["kind"].(string))+"_"+group+"_"+version+".json")
			write(path, definition{"$ref": "definitions.json#/definitions/" + name})
		}
	}
	write(filepath.Join(folder, "definitions.json"), definition{"definitions": published.Definitions})
}

// strict refuses fields that a schema does not name.
func strict(value any) {
	switch v := value.(type) {
	case definition:
		if _, named := v["properties"]; named && v["additionalProperties"] == nil && v["x-kubernetes-preserve-unknown-fields"] == nil {
			v["additionalProperties"] = false
		}
		for _, inner := range v {
			strict(inner)
		}
	case []any:
		for _, inner := range v {
			strict(inner)
		}
	}
}
