// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"testing"

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
