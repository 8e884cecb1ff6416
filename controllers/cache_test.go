// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"mainstay.dev/mainstay/controllers"
)

// TestTheCacheKeepsNoContentsOfSecrets plants what kubectl apply leaves on a Secret: all of its data.
func TestTheCacheKeepsNoContentsOfSecrets(t *testing.T) {
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
