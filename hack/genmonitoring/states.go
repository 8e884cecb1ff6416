// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/config/crd"
	"mainstay.dev/mainstay/internal/target"
)

// What kube-state-metrics and its successor show of every object, read from the API server and so whether the
// operator lives or not. Both put kube_customresource_ before these names.
const (
	infoMetric       = "mainstay_dependency_info"
	setInfoMetric    = "mainstay_dependency_set_info"
	conditionMetric  = "mainstay_dependency_condition"
	transitionMetric = "mainstay_dependency_condition_transition_time_seconds"
)

const (
	infoHelp       = "A dependency as it is declared, always 1."
	setInfoHelp    = "A DependencySet as it is declared, always 1."
	conditionHelp  = "The status of a condition: 1 for the one that it has, 0 for the others."
	transitionHelp = "When the status of a condition last changed, in seconds since 1970."
)

var statuses = []string{"True", "False", "Unknown"}

// watched is a kind whose objects have conditions.
type watched struct {
	kind, plural string
	probed       bool
}

// watchedKinds are those that have a CRD.
func watchedKinds() ([]watched, error) {
	definitions, err := crd.All()
	if err != nil {
		return nil, err
	}
	var kinds []watched
	for _, d := range definitions {
		_, probed := target.FindKind(d.Spec.Names.Kind)
		kinds = append(kinds, watched{d.Spec.Names.Kind, d.Spec.Names.Plural, probed})
	}
	return kinds, nil
}

// object is a YAML mapping.
type object = map[string]any

// customResourceState is the configuration of kube-state-metrics.
func customResourceState() ([]byte, error) {
	kinds, err := watchedKinds()
	if err != nil {
		return nil, err
	}
	var resources []object
	for _, w := range kinds {
		info := object{"name": setInfoMetric, "help": setInfoHelp, "each": object{"type": "Info", "info": object{"labelsFromPath": object{
			"name": []string{"metadata", "name"}, // Without a label of its own it would not be shown.
		}}}}
		if w.probed {
			info = object{"name": infoMetric, "help": infoHelp, "each": object{"type": "Info", "info": object{"labelsFromPath": object{
				"provider": []string{"spec", "provider"}, "secret": []string{"spec", "secretRef", "name"},
			}}}}
		}
		conditions, ofType := []string{"status", "conditions"}, object{"type": []string{"type"}}
		resources = append(resources, object{
			"groupVersionKind": object{"group": v1alpha1.GroupVersion.Group, "version": v1alpha1.GroupVersion.Version, "kind": w.kind},
			"resourcePlural":   w.plural,
			"commonLabels":     object{"kind": w.kind},
			"labelsFromPath":   object{"namespace": []string{"metadata", "namespace"}, "name": []string{"metadata", "name"}},
			// Objects that were not visited yet have no conditions, which is no error.
			"errorLogV": 5,
			"metrics": []object{
				info,
				{"name": conditionMetric, "help": conditionHelp, "each": object{"type": "StateSet", "stateSet": object{
					"path": conditions, "labelsFromPath": ofType, "valueFrom": []string{"status"}, "labelName": "status", "list": statuses,
				}}},
				{"name": transitionMetric, "help": transitionHelp, "each": object{"type": "Gauge", "gauge": object{
					"path": conditions, "labelsFromPath": ofType, "valueFrom": []string{"lastTransitionTime"},
				}}},
			},
		})
	}
	return document(`# For kube-state-metrics: --custom-resource-state-config-file=custom_resource_state.yaml
`, object{"kind": "CustomResourceStateMetrics", "spec": object{"resources": resources}})
}

// resourceMetricsMonitor is the same for resource-state-metrics.
func resourceMetricsMonitor() ([]byte, error) {
	kinds, err := watchedKinds()
	if err != nil {
		return nil, err
	}
	var stores []object
	for _, w := range kinds {
		info := object{"name": setInfoMetric, "help": setInfoHelp, "metrics": []object{{"value": "1.0"}}}
		if w.probed {
			info = object{"name": infoMetric, "help": infoHelp, "metrics": []object{{"value": "1.0", "labels": []object{
				label("provider", `has(o.spec.provider) ? o.spec.provider : ""`),
				label("secret", `has(o.spec.secretRef) ? o.spec.secretRef.name : ""`),
			}}}}
		}
		var conditions []object
		for _, status := range statuses {
			conditions = append(conditions, object{
				"value":  ofConditions(fmt.Sprintf("c.status == %q ? 1.0 : 0.0", status)),
				"labels": []object{label("type", ofConditions("c.type")), label("status", fmt.Sprintf("%q", status))},
			})
		}
		stores = append(stores, object{
			"group": v1alpha1.GroupVersion.Group, "version": v1alpha1.GroupVersion.Version, "kind": w.kind, "resource": w.plural,
			"resolver": "cel",
			"families": []object{
				info,
				{"name": conditionMetric, "help": conditionHelp, "metrics": conditions},
				{"name": transitionMetric, "help": transitionHelp, "metrics": []object{{
					"value":  ofConditions("unixSeconds(c.lastTransitionTime)"),
					"labels": []object{label("type", ofConditions("c.type"))},
				}}},
			},
		})
	}
	return document("", object{
		"apiVersion": "resource-state-metrics.instrumentation.k8s-sigs.io/v1alpha1",
		"kind":       "ResourceMetricsMonitor",
		"metadata":   object{"name": "mainstay", "namespace": "mainstay-system"},
		"spec":       object{"configuration": object{"stores": stores}},
	})
}

func label(name, value string) object { return object{"name": name, "value": value} }

// ofConditions is an expression over each condition of an object, which has none before the first visit.
func ofConditions(each string) string {
	return strings.ReplaceAll("has(o.status) && has(o.status.conditions) ? o.status.conditions.map(c, EACH) : []", "EACH", each)
}
