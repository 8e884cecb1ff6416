// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"regexp"
	"slices"

	"mainstay.dev/mainstay/internal/probe"
)

// accessKubernetes is who may do what in a namespace: its ServiceAccounts, as the API server of the cluster decides
// it, by RBAC and whatever authorizers it has besides.
var accessKubernetes = Provider{
	Kind: "AccessCheck", Name: "Kubernetes", Speaks: Kubernetes,
	// Each namespace has a budget and places of its own.
	BaseURL: "kubernetes://{place}", Called: "the cluster's API server",
	// Nobody documents a limit. To the API server a review is a look into its memory: five a second for a namespace
	// are nothing to it, and no namespace takes more.
	RequestsPerMinute: 6000,
	Asks:              (*run).reviewAccess,
	Facts: Facts{
		Proves: []string{
			"each ServiceAccount and each resource of `spec.expectations` exists",
			"each expectation, by a LocalSubjectAccessReview: it is what the API server would decide on the app's own request",
		},
		CannotProve: []string{
			"that an admission policy lets the request through, which looks at the object",
			"that a resource has the verb: there are verbs that authorizers alone know",
		},
		Requests: "1 to the API server for each ServiceAccount that an expectation names, and 1 to have it decided",
		Source:   "Kubernetes documentation, pages Authorization and Using RBAC Authorization; source and answers of kube-apiserver 1.37",
		Verified: "2026-11",
	},
}

// reviewAccess has the API server decide on each expectation of the spec, and says whether it decided all.
func (r *run) reviewAccess(ctx context.Context) bool {
	expectations, all := r.expectations(func(e probe.Expectation) bool { return e.Kubernetes != nil && reviewable(*e.Kubernetes) })
	if !all {
		return false
	}
	var findings []probe.Finding
	for _, e := range expectations {
		ruling := r.client.Review(ctx, *e.Kubernetes)
		switch ruling.Fault {
		case probe.Symptom{}:
			r.proven(probe.Reachable)
			findings = append(findings, ruled(e, ruling)...)
		case probe.ClusterNotAsked:
			r.outcome.Leave(probe.Undecided, probe.ClusterNotAsked, r.target.Wants.Names()...)
			return false
		default:
			r.outcome.Fail(ruling.Fault)
			return false
		}
	}
	// Mainstay asks as itself, so there is no credential to speak of.
	r.outcome.Set(probe.Authenticated, probe.Finding{Result: probe.NotApplicable})
	r.weighAccess(findings)
	return true
}

// reviewable says whether an access is one single thing. The API server holds specs to the same.
func reviewable(a probe.KubernetesAccess) bool {
	needed := []string{a.ServiceAccount, a.Verb, a.Resource}
	return !slices.Contains(needed, "") && !slices.Contains(needed, "*")
}

// ruled says what a ruling means for an expectation.
func ruled(e probe.Expectation, r probe.Ruling) []probe.Finding {
	c := expected{e}
	switch {
	case r.Missing != (probe.Symptom{}):
		return c.missing(r.Missing)
	case r.Allowed && e.Denied:
		return c.found(probe.Failed, probe.AccountAllowed)
	case r.Allowed:
		return nil
	case r.Unsure && !r.Denied:
		return c.found(probe.Undecided, probe.AuthorizerUnsure)
	case e.Denied:
		return nil
	case r.Denied:
		return c.found(probe.Failed, probe.AuthorizerDenies)
	}
	if roles := missingRoles(r.Reason); len(roles) > 0 {
		return c.found(probe.Failed, probe.BoundRoleMissing, roles...)
	}
	return c.found(probe.Failed, probe.NoRoleAllows)
}

const (
	// maxReason is how much is read of the reason of a ruling, in bytes.
	maxReason = 4096
	// maxRoles is how many roles a finding names.
	maxRoles = 4
)

// missingRole matches what RBAC says of a binding whose role does not exist.
var missingRole = regexp.MustCompile(`\b(role|clusterrole)\.rbac\.authorization\.k8s\.io "([^"]+)" not found`)

// missingRoles finds the roles that bindings of the ServiceAccount name and that do not exist. RBAC lists them in any
// order.
func missingRoles(reason string) []string {
	kinds := map[string]string{"role": "Role", "clusterrole": "ClusterRole"}
	var roles []string
	for _, match := range missingRole.FindAllStringSubmatch(reason[:min(len(reason), maxReason)], -1) {
		roles = append(roles, probe.Tokens(kinds[match[1]]+"/"+match[2])...)
	}
	slices.Sort(roles)
	roles = slices.Compact(roles)
	return roles[:min(len(roles), maxRoles)]
}
