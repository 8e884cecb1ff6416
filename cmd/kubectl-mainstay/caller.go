// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/cmd/kubectl-mainstay/plain"
)

// caller is who runs a command, and where.
type caller struct {
	User      string   `json:"user,omitempty"`
	Groups    []string `json:"groups,omitempty"`
	Context   string   `json:"context,omitempty"`
	Namespace string   `json:"namespace,omitempty"`
}

// whoAmI asks the API server as whom it takes the caller. An old one may not know; that is no reason to stop.
func (c *cluster) whoAmI(ctx context.Context) (caller, error) {
	who := caller{Context: c.context, Namespace: c.namespace}
	review := &authenticationv1.SelfSubjectReview{}
	if err := c.client.Create(ctx, review); err != nil {
		explained := c.explain(err, "ask who you are")
		if lacking := (denied{}); errors.As(explained, &lacking) {
			return who, nil
		}
		return who, explained
	}
	who.User, who.Groups = review.Status.UserInfo.Username, review.Status.UserInfo.Groups
	return who, nil
}

func (w caller) String() string {
	user := w.User
	if user == "" {
		user = "somebody whom the API server does not name"
	}
	where := "namespace " + w.Namespace
	if w.Namespace == "" {
		where = "all namespaces"
	}
	if w.Context != "" {
		where += " of context " + w.Context
	}
	return fmt.Sprintf("You are %s, in %s.", user, where)
}

// permission is one thing that the caller may do, or not.
type permission struct {
	Verb     string `json:"verb"`
	Resource string `json:"resource"`
	Group    string `json:"group,omitempty"`
	Allowed  bool   `json:"allowed"`
	// For says what the caller needs it for.
	For string `json:"for"`
}

func (p permission) resource() string { return strings.TrimSuffix(p.Resource+"."+p.Group, ".") }

// permissions asks what the caller may do with dependencies of some kinds, all at once: each is a question of
// its own, and a cluster may be far away.
func (c *cluster) permissions(ctx context.Context, kinds []string) ([]permission, error) {
	var asked []permission
	for _, verb := range []struct{ name, use string }{{"list", "see them"}, {"patch", "probe or mend them"}} {
		for _, kind := range kinds {
			asked = append(asked, permission{Verb: verb.name, Resource: pluralOf(kind), Group: v1alpha1.GroupVersion.Group, For: verb.use})
		}
	}
	asked = append(asked, permission{Verb: "patch", Resource: "secrets", For: "replace their keys"})
	failed := make([]error, len(asked))
	var questions sync.WaitGroup
	for i := range asked {
		questions.Go(func() { asked[i].Allowed, failed[i] = c.may(ctx, asked[i]) })
	}
	questions.Wait()
	for _, err := range failed {
		if err != nil {
			return nil, err
		}
	}
	return asked, nil
}

func (c *cluster) may(ctx context.Context, p permission) (bool, error) {
	review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{
		ResourceAttributes: &authorizationv1.ResourceAttributes{
			Namespace: c.namespace, Verb: p.Verb, Group: p.Group, Resource: p.Resource,
		},
	}}
	err := c.client.Create(ctx, review)
	return review.Status.Allowed, c.explain(err, "ask what you may do")
}

// grant is the command with which somebody else gives the caller what is missing.
func (w caller) grant() string {
	subject := "--user=" + plain.Word(w.User)
	if account, is := strings.CutPrefix(w.User, "system:serviceaccount:"); is {
		subject = "--serviceaccount=" + plain.Word(account)
	}
	if w.Namespace == "" {
		return "kubectl create clusterrolebinding mainstay-view --clusterrole=view " + subject
	}
	return fmt.Sprintf("kubectl create rolebinding mainstay-view -n %s --clusterrole=view %s", w.Namespace, subject)
}
