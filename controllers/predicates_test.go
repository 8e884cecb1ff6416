// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
)

// version is one version of an object: whose UID, which generation, and which request to probe now.
type version struct {
	uid        types.UID
	generation int64
	request    string
}

func (v version) put(o client.Object) client.Object {
	o.SetUID(v.uid)
	o.SetGeneration(v.generation)
	o.SetAnnotations(map[string]string{v1alpha1.RequestedAtAnnotation: v.request})
	return o
}

// TestUpdatesOfAnObjectThatAreVisited asks the predicates of both reconcilers.
func TestUpdatesOfAnObjectThatAreVisited(t *testing.T) {
	t.Parallel()
	before := version{uid: "1", generation: 1}
	for name, c := range map[string]struct {
		after           version
		dependency, set bool
	}{
		"the status":          {after: before},
		"the spec":            {version{uid: "1", generation: 2}, true, true},
		"a request to probe":  {version{uid: "1", generation: 1, request: "now"}, true, false},
		"created anew":        {version{uid: "2", generation: 1}, true, true},
		"anew, and then more": {version{uid: "2", generation: 2}, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			dependencies, sets := &Reconciler{}, &SetReconciler{}
			update := func(o, n client.Object) event.UpdateEvent {
				return event.UpdateEvent{ObjectOld: before.put(o), ObjectNew: c.after.put(n)}
			}
			if got := dependencies.written.visited(requested).Update(update(&v1alpha1.AIProvider{}, &v1alpha1.AIProvider{})); got != c.dependency {
				t.Errorf("a dependency: expected %t, found %t", c.dependency, got)
			}
			if got := sets.written.visited().Update(update(&v1alpha1.DependencySet{}, &v1alpha1.DependencySet{})); got != c.set {
				t.Errorf("a set: expected %t, found %t", c.set, got)
			}
		})
	}
}

// TestUpdatesOfAMemberThatASetSees changes one thing at a time.
func TestUpdatesOfAMemberThatASetSees(t *testing.T) {
	t.Parallel()
	ready := func(change func(*metav1.Condition)) func(*v1alpha1.AIProvider) {
		return func(ai *v1alpha1.AIProvider) { change(&ai.Status.Conditions[0]) }
	}
	for name, c := range map[string]struct {
		change func(*v1alpha1.AIProvider)
		want   bool
	}{
		"nothing":            {func(*v1alpha1.AIProvider) {}, false},
		"a heartbeat":        {func(ai *v1alpha1.AIProvider) { ai.Status.LastProbeTime = new(metav1.Now()) }, false},
		"a transition time":  {ready(func(c *metav1.Condition) { c.LastTransitionTime = metav1.NewTime(time.Unix(9, 0)) }), false},
		"another condition":  {func(ai *v1alpha1.AIProvider) { ai.Status.Conditions[1].Message = "Another." }, false},
		"an edit":            {func(ai *v1alpha1.AIProvider) { ai.Generation++ }, true},
		"a verdict on it":    {ready(func(c *metav1.Condition) { c.ObservedGeneration++ }), true},
		"a status":           {ready(func(c *metav1.Condition) { c.Status = metav1.ConditionFalse }), true},
		"a reason":           {ready(func(c *metav1.Condition) { c.Reason = "Another" }), true},
		"a message":          {ready(func(c *metav1.Condition) { c.Message = "Another." }), true},
		"a label":            {func(ai *v1alpha1.AIProvider) { ai.Labels = map[string]string{"app": "shop"} }, true},
		"the provider":       {func(ai *v1alpha1.AIProvider) { ai.Spec.Provider = "OpenAI" }, true},
		"no conditions left": {func(ai *v1alpha1.AIProvider) { ai.Status.Conditions = nil }, true},
	} {
		t.Run(name, func(t *testing.T) {
			member := &v1alpha1.AIProvider{Status: v1alpha1.AIProviderStatus{}}
			member.Status.Conditions = []metav1.Condition{
				{Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonPassed},
				{Type: v1alpha1.ConditionReachable, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonPassed},
			}
			changed := member.DeepCopy()
			c.change(changed)
			if got := memberChanged.Update(event.UpdateEvent{ObjectOld: member, ObjectNew: changed}); got != c.want {
				t.Errorf("expected %t, found %t", c.want, got)
			}
		})
	}
}
