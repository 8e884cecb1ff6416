// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"
	"testing"
	"time"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/go-cmp/cmp"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"

	"mainstay.dev/mainstay/config/crd"
)

// The documented fields of kube-state-metrics' CustomResourceState, as far as they are in use here.
// Source: docs/metrics/extend/customresourcestate-metrics.md of kube-state-metrics. Verified 2026-11.
type (
	stateMetrics struct {
		Kind string `json:"kind"`
		Spec struct {
			Resources []stateResource `json:"resources"`
		} `json:"spec"`
	}
	stateResource struct {
		GroupVersionKind struct{ Group, Version, Kind string } `json:"groupVersionKind"`
		ResourcePlural   string                                `json:"resourcePlural"`
		CommonLabels     map[string]string                     `json:"commonLabels"`
		LabelsFromPath   map[string][]string                   `json:"labelsFromPath"`
		ErrorLogV        int                                   `json:"errorLogV"`
		Metrics          []struct {
			Name string `json:"name"`
			Help string `json:"help"`
			Each struct {
				Type     string `json:"type"`
				Info     *state `json:"info"`
				Gauge    *state `json:"gauge"`
				StateSet *struct {
					state
					List      []string `json:"list"`
					LabelName string   `json:"labelName"`
				} `json:"stateSet"`
			} `json:"each"`
		} `json:"metrics"`
	}
	state struct {
		Path           []string            `json:"path"`
		LabelsFromPath map[string][]string `json:"labelsFromPath"`
		ValueFrom      []string            `json:"valueFrom"`
	}
)

// The fields of a ResourceMetricsMonitor, as far as they are in use here.
// Source: pkg/apis/resourcestatemetrics/v1alpha1/types.go of resource-state-metrics. Verified 2026-11.
type (
	metricsMonitor struct {
		APIVersion string            `json:"apiVersion"`
		Kind       string            `json:"kind"`
		Metadata   map[string]string `json:"metadata"`
		Spec       struct {
			Configuration struct {
				Stores []struct {
					Group, Version, Kind, Resource, Resolver string
					Families                                 []struct {
						Name, Help string
						Metrics    []monitorMetric
					} `json:"families"`
				} `json:"stores"`
			} `json:"configuration"`
		} `json:"spec"`
	}
	monitorMetric struct {
		Value  string `json:"value"`
		Labels []struct {
			Name, Value string
		} `json:"labels"`
	}
)

func decode(t *testing.T, write func() ([]byte, error), into any) {
	t.Helper()
	text, err := write()
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.UnmarshalStrict(text, into); err != nil {
		t.Fatal(err)
	}
}

// TestStatesAreReadFromFieldsThatExist walks every path of the configuration through the schema of its kind.
func TestStatesAreReadFromFieldsThatExist(t *testing.T) {
	var config stateMetrics
	decode(t, customResourceState, &config)
	if config.Kind != "CustomResourceStateMetrics" {
		t.Errorf("kind %s", config.Kind)
	}
	definitions, err := crd.All()
	if err != nil {
		t.Fatal(err)
	}
	if len(config.Spec.Resources) != len(definitions) {
		t.Errorf("expected all of %d kinds, found %d", len(definitions), len(config.Spec.Resources))
	}
	for _, r := range config.Spec.Resources {
		i := slices.IndexFunc(definitions, func(d *apiextensionsv1.CustomResourceDefinition) bool {
			return d.Spec.Names.Kind == r.GroupVersionKind.Kind && d.Spec.Names.Plural == r.ResourcePlural
		})
		if i < 0 {
			t.Errorf("no CRD has kind %s, plural %s", r.GroupVersionKind.Kind, r.ResourcePlural)
			continue
		}
		schema := definitions[i].Spec.Versions[0].Schema.OpenAPIV3Schema
		for _, m := range r.Metrics {
			of := m.Each.Info
			switch m.Each.Type {
			case "Gauge":
				of = m.Each.Gauge
			case "StateSet":
				of = &m.Each.StateSet.state
				if len(m.Each.StateSet.List) != 3 || m.Each.StateSet.LabelName != "status" {
					t.Errorf("%s: expected three statuses, found %+v", m.Name, m.Each.StateSet)
				}
			}
			if m.Help == "" || of == nil {
				t.Errorf("%s of %s: expected help, and a block named as its type %s", m.Name, r.GroupVersionKind.Kind, m.Each.Type)
				continue
			}
			for name, path := range of.LabelsFromPath {
				exists(t, *schema, append(slices.Clone(of.Path), path...), r.GroupVersionKind.Kind+" label "+name)
			}
			if value := append(slices.Clone(of.Path), of.ValueFrom...); len(value) > 0 {
				exists(t, *schema, value, r.GroupVersionKind.Kind+" value of "+m.Name)
			}
		}
	}
}

// exists fails for a path that the schema of a kind does not have.
func exists(t *testing.T, schema apiextensionsv1.JSONSchemaProps, path []string, what string) {
	t.Helper()
	if path[0] == "metadata" {
		return // Every object has it, and the schema is silent on it.
	}
	for _, step := range path {
		if schema.Items != nil {
			schema = *schema.Items.Schema
		}
		next, known := schema.Properties[step]
		if !known {
			t.Errorf("%s: the schema has no %v", what, path)
			return
		}
		schema = next
	}
}

// TestBothShowTheSameMetrics holds the two configurations against each other.
func TestBothShowTheSameMetrics(t *testing.T) {
	var config stateMetrics
	var monitor metricsMonitor
	decode(t, customResourceState, &config)
	decode(t, resourceMetricsMonitor, &monitor)
	shown, want := map[string][]string{}, map[string][]string{}
	for _, r := range config.Spec.Resources {
		for _, m := range r.Metrics {
			want[r.GroupVersionKind.Kind] = append(want[r.GroupVersionKind.Kind], m.Name)
		}
	}
	for _, s := range monitor.Spec.Configuration.Stores {
		for _, f := range s.Families {
			shown[s.Kind] = append(shown[s.Kind], f.Name)
		}
	}
	if diff := cmp.Diff(want, shown); diff != "" {
		t.Errorf("(-kube-state-metrics +resource-state-metrics):\n%s", diff)
	}
}

// TestExpressionsYieldWhatTheySay evaluates those of one kind on an object as the API server has it.
func TestExpressionsYieldWhatTheySay(t *testing.T) {
	var monitor metricsMonitor
	decode(t, resourceMetricsMonitor, &monitor)
	visited := map[string]any{
		"spec": map[string]any{"provider": "OpenAI", "secretRef": map[string]any{"name": "openai"}},
		"status": map[string]any{"conditions": []any{
			map[string]any{"type": "Healthy", "status": "False", "lastTransitionTime": "2026-11-24T12:00:00Z"},
			map[string]any{"type": "Ready", "status": "True", "lastTransitionTime": "2026-11-24T12:00:01Z"},
		}},
	}
	kinds, since := []any{"Healthy", "Ready"}, []any{1795521600.0, 1795521601.0}
	want := map[string][]any{
		infoMetric: {1.0, "OpenAI", "openai"},
		conditionMetric: {
			[]any{0.0, 1.0}, kinds, "True", []any{1.0, 0.0}, kinds, "False", []any{0.0, 0.0}, kinds, "Unknown",
		},
		transitionMetric: {since, kinds},
	}
	fresh := map[string]any{"spec": map[string]any{}, "status": map[string]any{"observedGeneration": -1}}
	none := []any{}
	wantFresh := map[string][]any{
		infoMetric:       {1.0, "", ""},
		conditionMetric:  {none, none, "True", none, none, "False", none, none, "Unknown"},
		transitionMetric: {none, none},
	}
	found, foundFresh := map[string][]any{}, map[string][]any{}
	for _, f := range monitor.Spec.Configuration.Stores[0].Families {
		for _, m := range f.Metrics {
			for into, o := range map[*map[string][]any]map[string]any{&found: visited, &foundFresh: fresh} {
				(*into)[f.Name] = append((*into)[f.Name], evaluate(t, m.Value, o))
				for _, l := range m.Labels {
					(*into)[f.Name] = append((*into)[f.Name], evaluate(t, l.Value, o))
				}
			}
		}
	}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Errorf("of an object with conditions (-want +found):\n%s", diff)
	}
	if diff := cmp.Diff(wantFresh, foundFresh); diff != "" {
		t.Errorf("of an object that was not visited (-want +found):\n%s", diff)
	}
}

// evaluate does what resource-state-metrics does with an expression: the object is o, and it has a function
// for times.
func evaluate(t *testing.T, expression string, o map[string]any) any {
	t.Helper()
	env, err := cel.NewEnv(cel.Function("unixSeconds", cel.Overload("unixSeconds_string", []*cel.Type{cel.StringType}, cel.DoubleType,
		cel.UnaryBinding(func(v ref.Val) ref.Val {
			at, err := time.Parse(time.RFC3339, v.Value().(string))
			if err != nil {
				return types.NewErr("%v", err)
			}
			return types.Double(at.Unix())
		}))))
	if err != nil {
		t.Fatal(err)
	}
	ast, issues := env.Parse(expression)
	if issues.Err() != nil {
		t.Fatalf("%s: %v", expression, issues.Err())
	}
	program, err := env.Program(ast)
	if err != nil {
		t.Fatal(err)
	}
	out, _, err := program.Eval(map[string]any{"o": o})
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	if list, ok := out.Value().([]ref.Val); ok {
		values := make([]any, len(list))
		for i, v := range list {
			values[i] = v.Value()
		}
		return values
	}
	return out.Value()
}
