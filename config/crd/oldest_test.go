// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package crd

import (
	"fmt"
	"testing"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/model"
	"k8s.io/apimachinery/pkg/util/version"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/cel/environment"
)

// TestRulesCompileOnTheOldestAPIServer compiles every rule with what the oldest API server that the chart installs on
// lets new rules use, which is what the version before it knew.
func TestRulesCompileOnTheOldestAPIServer(t *testing.T) {
	var chart struct{ KubeVersion string }
	read(t, "../chart/Chart.yaml", &chart)
	var minor uint
	if _, err := fmt.Sscanf(chart.KubeVersion, ">=1.%d.0-0", &minor); err != nil {
		t.Fatalf("expected a kubeVersion such as >=1.31.0-0, found %q", chart.KubeVersion)
	}
	all, err := All()
	if err != nil {
		t.Fatal(err)
	}
	rules := 0
	known := environment.MustBaseEnvSet(version.MajorMinor(1, minor-1))
	for _, definition := range all {
		var internal apiextensions.JSONSchemaProps
		published := definition.Spec.Versions[0].Schema.OpenAPIV3Schema
		if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(published, &internal, nil); err != nil {
			t.Fatal(err)
		}
		structural, err := schema.NewStructural(&internal)
		if err != nil {
			t.Fatal(err)
		}
		rules += compile(t, structural, definition.Spec.Names.Kind, known)
	}
	if rules == 0 {
		t.Error("expected rules")
	}
}

// compile compiles the rules of a schema and of all that is in it, and counts them.
func compile(t *testing.T, s *schema.Structural, path string, known *environment.EnvSet) (rules int) {
	t.Helper()
	results, err := cel.Compile(s, model.SchemaDeclType(s, s.XEmbeddedResource), celconfig.PerCallLimit, known, cel.NewExpressionsEnvLoader())
	if err != nil {
		t.Errorf("%s: %v", path, err)
	}
	for i, result := range results {
		if result.Error != nil {
			t.Errorf("%s: %s: %v", path, s.XValidations[i].Rule, result.Error)
		}
	}
	rules = len(results)
	for name, property := range s.Properties {
		rules += compile(t, &property, path+"."+name, known)
	}
	if s.Items != nil {
		rules += compile(t, s.Items, path+"[]", known)
	}
	if s.AdditionalProperties != nil && s.AdditionalProperties.Structural != nil {
		rules += compile(t, s.AdditionalProperties.Structural, path+".*", known)
	}
	return rules
}
