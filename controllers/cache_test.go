// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"strings"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/controllers"
)

// TestTheCacheKeepsNoContentsOfSecrets plants what kubectl apply leaves on a Secret: all of its data.
func TestTheCacheKeepsNoContentsOfSecrets(t *testing.T) {
	t.Parallel()
	secret := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{
		Namespace: "shop", Name: "openai", UID: "1", ResourceVersion: "2",
		Labels:        map[string]string{"app": "shop"},
		Annotations:   map[string]string{"kubectl.kubernetes.io/last-applied-configuration": canary},
		ManagedFields: []metav1.ManagedFieldsEntry{{Manager: "kubectl"}},
	}}
	kept, err := controllers.CacheOptions().DefaultTransform(secret)
	if err != nil {
		t.Fatal(err)
	}
	want := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{
		Namespace: "shop", Name: "openai", UID: "1", ResourceVersion: "2",
	}}
	if diff := cmp.Diff(want, kept); diff != "" {
		t.Errorf("what the cache keeps (-want +found):\n%s", diff)
	}
}

// TestTheCacheKeepsTheAnnotationsThatAreRead plants others, which may hold anything and take a quarter of a MiB.
func TestTheCacheKeepsTheAnnotationsThatAreRead(t *testing.T) {
	t.Parallel()
	others := func(more ...string) map[string]string {
		annotations := map[string]string{"kubectl.kubernetes.io/last-applied-configuration": "{}", "notes": strings.Repeat("x", 1<<18)}
		for i := 0; i < len(more); i += 2 {
			annotations[more[i]] = more[i+1]
		}
		return annotations
	}
	for name, c := range map[string]struct {
		object client.Object
		want   map[string]string
	}{
		"of a dependency":                 {&v1alpha1.AIProvider{ObjectMeta: metav1.ObjectMeta{Annotations: others()}}, nil},
		"of one that is asked to be seen": {&v1alpha1.AIProvider{ObjectMeta: metav1.ObjectMeta{Annotations: others(v1alpha1.RequestedAtAnnotation, "now")}}, map[string]string{v1alpha1.RequestedAtAnnotation: "now"}},
		"of a set":                        {&v1alpha1.DependencySet{ObjectMeta: metav1.ObjectMeta{Annotations: others()}}, nil},
	} {
		if _, err := controllers.CacheOptions().DefaultTransform(c.object); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, c.object.GetAnnotations()); diff != "" {
			t.Errorf("%s (-want +found):\n%s", name, diff)
		}
	}
	long := &v1alpha1.AIProvider{ObjectMeta: metav1.ObjectMeta{Annotations: others(v1alpha1.RequestedAtAnnotation, strings.Repeat("x", 1<<18))}}
	if _, err := controllers.CacheOptions().DefaultTransform(long); err != nil {
		t.Fatal(err)
	}
	if kept := len(long.Annotations[v1alpha1.RequestedAtAnnotation]); kept == 0 || kept > 1<<10 {
		t.Errorf("a request of a quarter of a MiB is kept in %d bytes", kept)
	}
}

func TestObjectsThatSayTheSameShareItsText(t *testing.T) {
	t.Parallel()
	var kept [2]string
	for i := range kept {
		message := strings.Clone("All is as it should be.") // Each object is decoded by itself.
		provider := &v1alpha1.AIProvider{Status: v1alpha1.AIProviderStatus{DependencyStatus: v1alpha1.DependencyStatus{
			Conditions: []metav1.Condition{{Message: message}},
		}}}
		if _, err := controllers.CacheOptions().DefaultTransform(provider); err != nil {
			t.Fatal(err)
		}
		kept[i] = provider.Status.Conditions[0].Message
	}
	if kept[0] != "All is as it should be." || unsafe.StringData(kept[0]) != unsafe.StringData(kept[1]) {
		t.Errorf("two objects keep %q and %q in different places, want one text in one place", kept[0], kept[1])
	}
}
