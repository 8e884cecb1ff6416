// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/target"
)

// waitFor returns once the object in the API server satisfies a condition, woken by its changes.
func waitFor(t *testing.T, object client.Object, what string, satisfied func() bool) {
	t.Helper()
	onlooker{t, world.admin}.waitFor(object, what, satisfied)
}

// onlooker sees what happens on an API server.
type onlooker struct {
	*testing.T
	admin client.WithWatch
}

func (o onlooker) waitFor(object client.Object, what string, satisfied func() bool) {
	o.Helper()
	ctx, cancel := context.WithTimeout(o.Context(), patience)
	defer cancel()
	kind, err := apiutil.GVKForObject(object, world.scheme)
	if err != nil {
		o.Fatal(err)
	}
	list := &metav1.PartialObjectMetadataList{}
	list.SetGroupVersionKind(kind.GroupVersion().WithKind(kind.Kind + "List"))
	changes, err := o.admin.Watch(ctx, list, client.InNamespace(object.GetNamespace()))
	if err != nil {
		o.Fatal(err)
	}
	defer changes.Stop()
	for {
		if err := o.admin.Get(ctx, client.ObjectKeyFromObject(object), object); err != nil {
			o.Fatalf("waiting for %s: %v; last seen:\n%s", what, err, shown(object))
		}
		if satisfied() {
			return
		}
		if event, open := <-changes.ResultChan(); !open || event.Type == watch.Error {
			o.Fatalf("waited in vain for %s; last seen:\n%s", what, shown(object))
		}
	}
}

// waitForReason waits until Healthy has a reason, for the object's present generation.
func waitForReason(t *testing.T, object client.Object, reason string) *metav1.Condition {
	t.Helper()
	onlooker{t, world.admin}.waitForReason(object, reason)
	return condition(object, v1alpha1.ConditionHealthy)
}

func (o onlooker) waitForReason(object client.Object, reason string) {
	o.Helper()
	o.waitFor(object, "Healthy with reason "+reason, func() bool {
		c := condition(object, v1alpha1.ConditionHealthy)
		return c != nil && c.Reason == reason && c.ObservedGeneration == object.GetGeneration()
	})
}

func condition(object client.Object, kind string) *metav1.Condition {
	return meta.FindStatusCondition(conditionsOf(object), kind)
}

func conditionsOf(object client.Object) []metav1.Condition {
	if set, ok := object.(*v1alpha1.DependencySet); ok {
		return set.Status.Conditions
	}
	return object.(target.Dependency).SharedStatus().Conditions
}

// shown prints the conditions of an object, one a line.
func shown(object client.Object) string {
	var b bytes.Buffer
	for _, c := range conditionsOf(object) {
		fmt.Fprintf(&b, "%s=%s %s: %s\n", c.Type, c.Status, c.Reason, c.Message)
	}
	return b.String()
}

// waitForEvent waits for an event about an object with a reason.
func waitForEvent(t *testing.T, object client.Object, reason string) eventsv1.Event {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	changes, err := world.admin.Watch(ctx, &eventsv1.EventList{}, client.InNamespace(object.GetNamespace()))
	if err != nil {
		t.Fatal(err)
	}
	defer changes.Stop()
	for change := range changes.ResultChan() {
		if e, ok := change.Object.(*eventsv1.Event); ok && e.Regarding.Name == object.GetName() && e.Reason == reason {
			return *e
		}
	}
	t.Fatalf("waited in vain for an event with reason %s; the object:\n%s", reason, shown(object))
	return eventsv1.Event{}
}
