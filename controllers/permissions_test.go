// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	auditv1 "k8s.io/apiserver/pkg/apis/audit/v1"
)

// unseen is granted for what no installation in these tests comes to.
var unseen = []string{
	// An event of the operator's own Pod that recurs, as when nothing can leave the cluster for long.
	"patch events.k8s.io/events",
}

// permissions holds what the operator was granted against what it did, as the API server noted it: nothing was
// refused, and there is no verb of a resource that it did not need. Where only some namespaces are served, not every
// kind is in them.
func (c *cluster) permissions(i installation) {
	c.Helper()
	account := "system:serviceaccount:" + i.namespace + ":mainstay-manager"
	used := c.used(account)
	if len(i.watched) > 0 {
		return
	}
	granted := slices.DeleteFunc(c.granted(i), func(permission string) bool { return slices.Contains(unseen, permission) })
	used = slices.DeleteFunc(used, func(permission string) bool { return slices.Contains(unseen, permission) })
	if diff := cmp.Diff(granted, used); diff != "" {
		c.Errorf("expected the operator to use all that it is granted (-granted +used):\n%s", diff)
	}
}

// used lists what a user did, as "verb group/resource".
func (c *cluster) used(user string) (used []string) {
	c.Helper()
	log, err := os.ReadFile(c.auditLog)
	if err != nil {
		c.Fatal(err)
	}
	for line := range bytes.Lines(log) {
		var event auditv1.Event
		if err := json.Unmarshal(line, &event); err != nil {
			c.Fatalf("%v: %s", err, line)
		}
		if event.User.Username != user {
			continue
		}
		if event.Annotations["authorization.k8s.io/decision"] != "allow" {
			c.Errorf("the operator may not %s %s", event.Verb, event.RequestURI)
		}
		if o := event.ObjectRef; o != nil {
			resource := o.Resource
			if o.Subresource != "" {
				resource += "/" + o.Subresource
			}
			used = append(used, event.Verb+" "+o.APIGroup+"/"+resource)
		}
	}
	slices.Sort(used)
	return slices.Compact(used)
}

// granted lists what the roles of the installation allow the operator.
func (c *cluster) granted(i installation) (granted []string) {
	c.Helper()
	var rules []rbacv1.PolicyRule
	bound := func(subjects []rbacv1.Subject) bool {
		return slices.ContainsFunc(subjects, func(s rbacv1.Subject) bool { return s.Kind == "ServiceAccount" && s.Name == "mainstay-manager" })
	}
	rbac := c.clients.RbacV1()
	clusterwide, err := rbac.ClusterRoleBindings().List(c.Context(), metav1.ListOptions{})
	if err != nil {
		c.Fatal(err)
	}
	for _, binding := range clusterwide.Items {
		if bound(binding.Subjects) {
			role, err := rbac.ClusterRoles().Get(c.Context(), binding.RoleRef.Name, metav1.GetOptions{})
			if err != nil {
				c.Fatal(err)
			}
			rules = append(rules, role.Rules...)
		}
	}
	local, err := rbac.RoleBindings(i.namespace).List(c.Context(), metav1.ListOptions{})
	if err != nil {
		c.Fatal(err)
	}
	for _, binding := range local.Items {
		if bound(binding.Subjects) {
			role, err := rbac.Roles(i.namespace).Get(c.Context(), binding.RoleRef.Name, metav1.GetOptions{})
			if err != nil {
				c.Fatal(err)
			}
			rules = append(rules, role.Rules...)
		}
	}
	for _, rule := range rules {
		for _, group := range rule.APIGroups {
			for _, resource := range rule.Resources {
				for _, verb := range rule.Verbs {
					granted = append(granted, strings.Join([]string{verb, group + "/" + resource}, " "))
				}
			}
		}
	}
	slices.Sort(granted)
	return slices.Compact(granted)
}
