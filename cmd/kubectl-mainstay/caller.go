// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"strings"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
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
		if _, lacking := explained.(denied); lacking {
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
	// For says what the caller would need it for.
	For string `json:"for"`
}

func (p permission) String() string {
	return p.Verb + " " + strings.TrimSuffix(p.Resource+"."+p.Group, ".")
}

// permissions asks what the caller may do with dependencies of some kinds.
func (c *cluster) permissions(ctx context.Context, kinds []string) ([]permission, error) {
	group := v1alpha1.GroupVersion.Group
	var asked []permission
	for _, kind := range kinds {
		asked = append(asked,
			permission{Verb: "list", Resource: pluralOf(kind), Group: group, For: "to see it"},
			permission{Verb: "patch", Resource: pluralOf(kind), Group: group, For: "to probe or mend it"})
	}
	asked = append(asked, permission{Verb: "patch", Resource: "secrets", For: "to replace a key"})
	for i, p := range asked {
		review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{
			ResourceAttributes: &authorizationv1.ResourceAttributes{
				Namespace: c.namespace, Verb: p.Verb, Group: p.Group, Resource: p.Resource,
			},
		}}
		if err := c.client.Create(ctx, review); err != nil {
			return nil, c.explain(err, "ask what you may do")
		}
		asked[i].Allowed = review.Status.Allowed
	}
	return asked, nil
}

// grant is the command with which somebody else gives the caller what is missing.
func (w caller) grant() string {
	subject := "--user=" + quoteWord(w.User)
	if account, is := strings.CutPrefix(w.User, "system:serviceaccount:"); is {
		subject = "--serviceaccount=" + quoteWord(account)
	}
	if w.Namespace == "" {
		return "kubectl create clusterrolebinding mainstay-view --clusterrole=view " + subject
	}
	return fmt.Sprintf("kubectl create rolebinding mainstay-view -n %s --clusterrole=view %s", w.Namespace, subject)
}

// quoteWord makes one word of a shell of a text.
func quoteWord(text string) string {
	plain := strings.IndexFunc(text, func(r rune) bool {
		return !strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789@%+=:,./_-", r)
	})
	if text != "" && plain < 0 {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
