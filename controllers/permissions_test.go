// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	auditv1 "k8s.io/apiserver/pkg/apis/audit/v1"
)

// unseen is granted for what these tests do not bring about: an event of the operator's own Pod, as when nothing can
// leave the cluster, where its role is bound in other namespaces alone.
var unseen = []string{
	"Role mainstay-leader-election: create events.k8s.io/events",
	"Role mainstay-leader-election: patch events.k8s.io/events",
}

// permission is a verb of a resource, in a namespace where one is named.
type permission struct{ verb, group, resource, namespace string }

// covers says whether a role that grants this lets somebody do that.
func (p permission) covers(done permission) bool {
	if p.namespace == "" {
		done.namespace = ""
	}
	return p == done
}

// permissions holds what the operator was granted against what it did, as the API server noted it: nothing was refused,
// and no role has a verb of a resource that it did not need. Where only some namespaces are served, not every kind is
// in them.
func (c *cluster) permissions(i installation) {
	c.Helper()
	done := c.done("system:serviceaccount:" + i.namespace + ":mainstay-manager")
	if len(i.watched) > 0 {
		return
	}
	for role, granted := range c.granted(i) {
		for _, p := range granted {
			name := fmt.Sprintf("%s: %s %s/%s", role, p.verb, p.group, p.resource)
			if !slices.ContainsFunc(done, p.covers) && !slices.Contains(unseen, name) {
				c.Errorf("the operator never needed what it is granted: %s", name)
			}
		}
	}
}

// audit is what the API server noted so far. It begins a log when there is something to note.
func (c *cluster) audit() []byte {
	c.Helper()
	log, err := os.ReadFile(c.auditLog)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		c.Fatal(err)
	}
	return log
}

// done lists what a user did.
func (c *cluster) done(user string) (done []permission) {
	c.Helper()
	for line := range bytes.Lines(c.audit()[c.audited:]) {
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
			done = append(done, permission{event.Verb, o.APIGroup, resource, o.Namespace})
		}
	}
	if len(done) == 0 {
		c.Errorf("expected %s to do something", user)
	}
	return done
}

// granted lists what each role that is bound to the operator allows it.
func (c *cluster) granted(i installation) map[string][]permission {
	c.Helper()
	granted := map[string][]permission{}
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
			granted["ClusterRole "+role.Name] = spelledOut(role.Rules, "")
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
			granted["Role "+role.Name] = spelledOut(role.Rules, i.namespace)
		}
	}
	return granted
}

func spelledOut(rules []rbacv1.PolicyRule, namespace string) (all []permission) {
	for _, rule := range rules {
		for _, group := range rule.APIGroups {
			for _, resource := range rule.Resources {
				for _, verb := range rule.Verbs {
					all = append(all, permission{verb, group, resource, namespace})
				}
			}
		}
	}
	return all
}
