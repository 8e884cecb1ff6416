// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/discovery"
)

// catalogueAge is how long what an API server said of a group is used: a CRD that is installed is seen soon enough,
// and a thousand reviews a minute read it once.
const catalogueAge = time.Minute

// catalogue knows which resources the API server has.
type catalogue struct {
	client *discovery.DiscoveryClient

	mu     sync.Mutex
	groups map[string]group
}

// group are the resources of an API group by their plural names, with those below them as pods/log, and whether each
// is in namespaces.
type group struct {
	read      time.Time
	resources map[string]bool
}

// of returns the resources of a group; none where there is no such group.
func (c *catalogue) of(ctx context.Context, name string) (map[string]bool, error) {
	c.mu.Lock()
	known := c.groups[name]
	c.mu.Unlock()
	if time.Since(known.read) < catalogueAge {
		return known.resources, nil
	}
	resources, err := c.read(ctx, name)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	// Specs may name any groups, so none is kept that nobody asks for.
	maps.DeleteFunc(c.groups, func(_ string, g group) bool { return time.Since(g.read) >= catalogueAge })
	if c.groups == nil {
		c.groups = map[string]group{}
	}
	c.groups[name] = group{time.Now(), resources}
	return resources, nil
}

// read asks the API server for all versions of a group.
func (c *catalogue) read(ctx context.Context, name string) (map[string]bool, error) {
	versions := []string{"v1"} // of the core group, which has no name
	if name != "" {
		var found metav1.APIGroup
		err := c.client.RESTClient().Get().AbsPath("/apis", name).Do(ctx).Into(&found)
		if apierrors.IsNotFound(err) {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("API group %s: %w", name, err)
		}
		versions = nil
		for _, v := range found.Versions {
			versions = append(versions, v.GroupVersion)
		}
	}
	resources := map[string]bool{}
	for _, version := range versions {
		list, err := c.client.ServerResourcesForGroupVersionWithContext(ctx, version)
		if err != nil {
			return nil, fmt.Errorf("resources of %s: %w", version, err)
		}
		for _, r := range list.APIResources {
			resources[r.Name] = r.Namespaced
		}
	}
	return resources, nil
}
