// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/cmd/kubectl-mainstay/manifest"
)

// elsewhere returns the other namespaces that have dependencies, for who is in one that has none and did not
// name it. A namespace that does not exist is an error. Who may see neither learns nothing here.
func (c *cluster) elsewhere(ctx context.Context) ([]string, error) {
	if c.namespace == "" {
		return nil, nil
	}
	err := c.client.Get(ctx, client.ObjectKey{Name: c.namespace}, &corev1.Namespace{})
	switch {
	case apierrors.IsNotFound(err):
		return nil, c.noNamespace(c.inhabited(ctx))
	case *c.flags.Namespace != "":
		return nil, nil
	}
	return c.inhabited(ctx), nil
}

// noNamespace says that the namespace does not exist, and which may be meant.
func (c *cluster) noNamespace(others []string) error {
	text := fmt.Sprintf("there is no namespace %s in the cluster", c.namespace)
	if near := manifest.Nearest(c.namespace, others); len(near) > 0 {
		return fmt.Errorf("%s: did you mean %s?", text, near[0])
	}
	if len(others) > 0 {
		return fmt.Errorf("%s: these have dependencies: %s", text, shortList(others))
	}
	return errors.New(text)
}

// inhabited are the namespaces that have dependencies, as far as the caller may see.
func (c *cluster) inhabited(ctx context.Context) []string {
	found := map[string]bool{}
	for _, kind := range allKinds() {
		list := &metav1.PartialObjectMetadataList{}
		list.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(kind + "List"))
		if err := c.client.List(ctx, list, client.Limit(500)); err != nil {
			continue
		}
		for _, item := range list.Items {
			found[item.Namespace] = true
		}
	}
	return sortedKeys(found)
}

// shortList names the first few, and counts the others.
func shortList(names []string) string {
	const most = 5
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}

// elsewhereText tells who is in the wrong namespace.
func (c *cluster) elsewhereText(others []string) string {
	return fmt.Sprintf("Namespace %s has no dependencies. These have: %s. Name one with -n, or look into all with -A.",
		c.namespace, shortList(others))
}
