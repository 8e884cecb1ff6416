// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/target"
)

// survey is what stands in a namespace, or in all of them.
type survey struct {
	dependencies []dependency
	sets         []v1alpha1.DependencySet
	operators    operators
}

// dependency is one object of a probed kind.
type dependency struct {
	kind target.Kind
	target.Dependency
}

func (d dependency) named() named { return named{d.kind.Name, d.GetName()} }

func (d dependency) condition(kind string) metav1.Condition {
	if c := meta.FindStatusCondition(d.SharedStatus().Conditions, kind); c != nil {
		return *c
	}
	return metav1.Condition{Type: kind, Status: metav1.ConditionUnknown, Reason: v1alpha1.ReasonProbing, Message: "Mainstay has not visited it yet."}
}

// configured says whether the operator has found the spec as it is now, and the consent of who owns its Secret, in
// order.
func (d dependency) configured() bool {
	configured := d.condition(v1alpha1.ConditionConfigured)
	return configured.Status == metav1.ConditionTrue && configured.ObservedGeneration == d.GetGeneration()
}

// live says whether the verdict rests on requests rather than on the configuration alone.
func (d dependency) live() bool {
	return !d.SharedSpec().Suspend && d.SharedStatus().LastProbeTime != nil && d.condition(v1alpha1.ConditionConfigured).Status != metav1.ConditionFalse
}

func (s survey) empty() bool { return len(s.dependencies)+len(s.sets) == 0 }

// names are those of all that is there, without their namespaces.
func (s survey) names() []named {
	var names []named
	for _, d := range s.dependencies {
		names = append(names, d.named())
	}
	for _, set := range s.sets {
		names = append(names, named{setKind, set.Name})
	}
	return names
}

// look reads all that the commands speak of. Kinds that the cluster does not have yet have no objects; one that
// has none of them has no Mainstay.
func (c *cluster) look(ctx context.Context) (survey, error) {
	var s survey
	lacking := 0
	for _, kind := range target.Kinds {
		list := kind.NewList().(client.ObjectList)
		err := c.client.List(ctx, list, client.InNamespace(c.namespace))
		if meta.IsNoMatchError(err) {
			if lacking++; lacking < len(target.Kinds) {
				continue
			}
		}
		if err != nil {
			return s, c.explain(err, "list "+pluralOf(kind.Name))
		}
		_ = meta.EachListItem(list, func(item runtime.Object) error {
			s.dependencies = append(s.dependencies, dependency{kind, item.(target.Dependency)})
			return nil
		})
	}
	var sets v1alpha1.DependencySetList
	if err := c.client.List(ctx, &sets, client.InNamespace(c.namespace)); err != nil && !meta.IsNoMatchError(err) {
		return s, c.explain(err, "list "+pluralOf(setKind))
	}
	s.sets = sets.Items
	slices.SortStableFunc(s.dependencies, func(a, b dependency) int { return cmp.Compare(a.GetNamespace(), b.GetNamespace()) })
	s.operators = c.operators(ctx)
	return s, nil
}
