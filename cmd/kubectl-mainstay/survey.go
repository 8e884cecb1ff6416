// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"slices"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
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
	// silentSince is since when no operator has renewed its Lease; zero where one lives, or nobody knows.
	silentSince time.Time
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
	s.silentSince = c.silentSince(ctx)
	return s, nil
}

// grace is how long after its last renewal a Lease says nothing yet.
const grace = time.Minute

// silentSince asks the Leases of the operator whether one lives. Who may not read them, and who runs the
// operator without, learns nothing here.
func (c *cluster) silentSince(ctx context.Context) time.Time {
	var leases coordinationv1.LeaseList
	if err := c.client.List(ctx, &leases, client.InNamespace(c.operatorNamespace)); err != nil {
		return time.Time{}
	}
	var latest time.Time
	for _, lease := range leases.Items {
		if lease.Spec.RenewTime == nil || lease.Name != "mainstay" && !isShard(lease.Name) {
			continue
		}
		if lease.Spec.RenewTime.After(latest) {
			latest = lease.Spec.RenewTime.Time
		}
	}
	if latest.IsZero() || c.now().Sub(latest) < grace {
		return time.Time{}
	}
	return latest
}

// isShard says whether a Lease is that of an operator with a label selector.
func isShard(name string) bool {
	const prefix = "mainstay-"
	return len(name) == len(prefix)+8 && name[:len(prefix)] == prefix
}

// notCheckedSince says since when a verdict was not looked at again; zero where it is fresh, or suspended.
// lastProbeTime moves once an hour at most while nothing changes, so only much older ones tell.
func (s survey) notCheckedSince(d dependency, now time.Time) time.Time {
	at := d.SharedStatus().LastProbeTime
	if d.SharedSpec().Suspend || at == nil {
		return time.Time{}
	}
	if !s.silentSince.IsZero() {
		return s.silentSince
	}
	stale := 2*time.Hour + 3*time.Duration(d.SharedSpec().PeriodSeconds)*time.Second
	if now.Sub(at.Time) > stale {
		return at.Time
	}
	return time.Time{}
}

// checked says how much the verdict on a dependency is worth now.
func (s survey) checked(d dependency, now time.Time) cell {
	since := s.notCheckedSince(d, now)
	switch {
	case d.SharedSpec().Suspend:
		return cell{text: "suspended"}
	case !since.IsZero():
		return cell{"not since " + since.UTC().Format("2006-01-02 15:04Z"), yellow}
	case !d.live():
		return cell{text: "by its config"}
	}
	return cell{text: "live, " + ago(now.Sub(d.SharedStatus().LastProbeTime.Time))}
}

// ago writes a duration in its largest unit.
func ago(d time.Duration) string {
	switch {
	case d < time.Minute:
		return "just now"
	case d < time.Hour:
		return count(int(d.Minutes()), "minute") + " ago"
	case d < 48*time.Hour:
		return count(int(d.Hours()), "hour") + " ago"
	}
	return count(int(d.Hours()/24), "day") + " ago"
}
