// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/diagnosis"
	"mainstay.dev/mainstay/internal/target"
)

// rollUp fills in the status of the sets of the input, whose members are the objects of the input.
func rollUp(sets []*v1alpha1.DependencySet, findings []finding, now time.Time) {
	for _, set := range sets {
		objects := map[string]diagnosis.Kin{}
		for _, kind := range target.Kinds {
			kin := diagnosis.Kin{Noun: kind.Noun, None: kind.None}
			for _, f := range findings {
				if f.Kind.Name == kind.Name && f.Object.GetNamespace() == set.Namespace {
					kin.Members = append(kin.Members, diagnosis.MemberOf(f.Object))
				}
			}
			objects[kind.Name] = kin
		}
		rolled := diagnosis.RollUp(set, objects)
		set.Status = v1alpha1.DependencySetStatus{
			Conditions: diagnosis.Merge(nil, rolled.Conditions, now), ObservedGeneration: set.Generation,
			Summary: rolled.Summary, Members: rolled.Members,
		}
	}
}

func setCondition(set *v1alpha1.DependencySet, kind string) metav1.Condition {
	if c := meta.FindStatusCondition(set.Status.Conditions, kind); c != nil {
		return *c
	}
	return metav1.Condition{}
}

func (c *check) setCells(set *v1alpha1.DependencySet) []cell {
	healthy := setCondition(set, v1alpha1.ConditionHealthy)
	return []cell{
		{text: set.Namespace}, {text: setKind + "/" + set.Name}, {text: "-"},
		status(setCondition(set, v1alpha1.ConditionReady)), status(healthy), {text: healthy.Reason},
	}
}

func (c *check) setRemarks(set *v1alpha1.DependencySet) []string {
	required := setCondition(set, c.require)
	if required.Status == metav1.ConditionTrue {
		return nil
	}
	return []string{set.Status.Summary + ". " + required.Message}
}
