// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mainstay.dev/mainstay/internal/probe"
	"mainstay.dev/mainstay/internal/provider/providertest"
)

// judge rules on accesses by their resource, and takes down what it was asked. A real API server is asked by the
// tests of controllers.
type judge struct {
	rulings map[string]probe.Ruling
	asked   []probe.KubernetesAccess
}

func (j *judge) Review(_ context.Context, a probe.KubernetesAccess) probe.Ruling {
	j.asked = append(j.asked, a)
	return j.rulings[a.Resource]
}

// before returns a client that has a judge for an API server.
func before(j *judge) *probe.Network {
	return probe.NewNetwork(probe.NetworkOptions{UserAgent: "mainstay/test", Reviewer: j})
}

func clusterTarget(expectations ...probe.Expectation) probe.Target {
	return probe.Target{
		Kind: "AccessCheck", Provider: "Kubernetes", BaseURL: "kubernetes://shop", Place: "shop",
		Wants: probe.AccessWants{Expectations: expectations},
	}
}

// gets is an expectation that the app may get a resource.
func gets(resource string) probe.Expectation {
	return probe.Expectation{Name: resource, Kubernetes: &probe.KubernetesAccess{
		Namespace: "shop", ServiceAccount: "app", Verb: "get", Resource: resource,
	}}
}

// never is the same expectation with the other sign.
func never(e probe.Expectation) probe.Expectation {
	e.Denied = true
	return e
}

// rulings are what an API server says, by the resource that it is asked about.
var rulings = map[string]probe.Ruling{
	"granted":   {Connected: true, Allowed: true, Reason: `RBAC: allowed by RoleBinding "app/shop" of Role "app" to ServiceAccount "app/shop"`},
	"ungranted": {Connected: true},
	"barred":    {Connected: true, Denied: true},
	"doubtful":  {Connected: true, Unsure: true},
	// An authorizer that failed does not take back what another one has decided.
	"granted-all-the-same": {Connected: true, Allowed: true, Unsure: true},
	"barred-all-the-same":  {Connected: true, Denied: true, Unsure: true},
	"unbuilt": {Connected: true, Reason: `RBAC: [clusterrole.rbac.authorization.k8s.io "viewer" not found, ` +
		`role.rbac.authorization.k8s.io "app" not found, role.rbac.authorization.k8s.io "app" not found]`},
	"nobodys":   {Connected: true, Missing: probe.ServiceAccountNotFound},
	"mistyped":  {Connected: true, Missing: probe.ResourceNotFound},
	"nodes":     {Connected: true, Missing: probe.ResourceNotNamespaced},
	"forbidden": {Connected: true, Fault: probe.ReviewForbidden},
	"down":      {Fault: probe.APIServerUnavailable},
}

func TestAccessToACluster(t *testing.T) {
	why := func(e probe.Expectation) string { return e.String() }
	for name, c := range map[string]struct {
		expectations []probe.Expectation
		want         map[string]string
	}{
		"what is to be allowed is":                       {[]probe.Expectation{gets("granted")}, nil},
		"what is to be denied is":                        {[]probe.Expectation{never(gets("ungranted")), never(gets("barred"))}, nil},
		"a failed authorizer takes no decision back":     {[]probe.Expectation{gets("granted-all-the-same"), never(gets("barred-all-the-same"))}, nil},
		"a missing role denies what is to be denied":     {[]probe.Expectation{never(gets("unbuilt"))}, nil},
		"nothing allows it":                              {[]probe.Expectation{gets("ungranted")}, authorized("Failed NoRoleAllows " + why(gets("ungranted")))},
		"what is to be denied is allowed":                {[]probe.Expectation{never(gets("granted"))}, authorized("Failed AccountAllowed " + why(gets("granted")))},
		"another authorizer denies it":                   {[]probe.Expectation{gets("barred")}, authorized("Failed AuthorizerDenies " + why(gets("barred")))},
		"a binding names roles that do not exist":        {[]probe.Expectation{gets("unbuilt")}, authorized("Failed BoundRoleMissing " + why(gets("unbuilt")) + " ClusterRole/viewer Role/app")},
		"an authorizer fails":                            {[]probe.Expectation{gets("doubtful")}, authorized("Undecided AuthorizerUnsure " + why(gets("doubtful")))},
		"an authorizer fails where a denial is expected": {[]probe.Expectation{never(gets("doubtful"))}, authorized("Undecided AuthorizerUnsure " + why(gets("doubtful")))},
		"too much is graver than too little": {
			[]probe.Expectation{gets("ungranted"), gets("doubtful"), never(gets("granted"))}, authorized("Failed AccountAllowed " + why(gets("granted"))),
		},
		"a ServiceAccount that does not exist": {[]probe.Expectation{never(gets("nobodys"))}, map[string]string{
			"Reachable": "Passed", "Authenticated": "NotApplicable", "Authorized": "Unprovable ExpectationUnproven " + why(gets("nobodys")),
			"Provisioned": "Failed ServiceAccountNotFound " + why(gets("nobodys")), "Working": "NotApplicable",
		}},
		"resources that do not exist in the namespace": {[]probe.Expectation{gets("nodes"), never(gets("mistyped"))}, map[string]string{
			"Reachable": "Passed", "Authenticated": "NotApplicable",
			"Authorized":  "Unprovable ExpectationUnproven " + why(gets("nodes")) + " " + why(gets("mistyped")),
			"Provisioned": "Failed ResourceNotFound " + why(gets("mistyped")), "Working": "NotApplicable",
		}},
		"the operator may not ask":    {[]probe.Expectation{gets("granted"), gets("forbidden")}, map[string]string{"Reachable": "Failed ReviewForbidden"}},
		"the API server is not there": {[]probe.Expectation{gets("down")}, map[string]string{"Reachable": "Failed APIServerUnavailable"}},
		"all is one question too many": {
			[]probe.Expectation{gets("granted"), gets("*")}, map[string]string{"Configured": "Failed ExpectationRefused " + why(gets("*"))},
		},
		"an expectation of a database": {
			[]probe.Expectation{readOf("orders")}, map[string]string{"Configured": "Failed ExpectationRefused " + readOf("orders").String()},
		},
	} {
		t.Run(name, func(t *testing.T) {
			want := c.want
			if want == nil {
				want = authorized("Passed")
			}
			j, target := &judge{rulings: rulings}, clusterTarget(c.expectations...)
			outcome := Probe(t.Context(), before(j), target).Outcome
			if diff := cmp.Diff(want, providertest.Describe(outcome)); diff != "" {
				t.Errorf("wrong outcome (-want +got):\n%s", diff)
			}
			checkSound(t, outcome, target)
			if len(j.asked) > len(c.expectations) {
				t.Errorf("expected each expectation to be decided once, found %v", j.asked)
			}
			if again := Probe(t.Context(), before(j), target).Outcome; !again.Equal(outcome) {
				t.Errorf("a second probe found something else: %v", providertest.Describe(again))
			}
		})
	}
}

// authorized is the outcome of a check whose reviews were decided.
func authorized(finding string) map[string]string {
	return map[string]string{
		"Reachable": "Passed", "Authenticated": "NotApplicable", "Authorized": finding, "Provisioned": "Passed", "Working": "NotApplicable",
	}
}

func TestWithoutAClusterNothingIsKnown(t *testing.T) {
	client := probe.NewNetwork(probe.NetworkOptions{UserAgent: "mainstay/test"})
	for _, e := range []probe.Expectation{gets("configmaps"), never(gets("secrets"))} {
		outcome := Probe(t.Context(), client, clusterTarget(e)).Outcome
		want := map[string]string{"Authorized": "Undecided ClusterNotAsked " + e.String()}
		if diff := cmp.Diff(want, providertest.Describe(outcome)); diff != "" {
			t.Errorf("wrong outcome (-want +got):\n%s", diff)
		}
	}
}

func TestAnAccessIsNamedAsRBACDoes(t *testing.T) {
	for want, a := range map[string]probe.KubernetesAccess{
		"ServiceAccount app: list secrets":                  {ServiceAccount: "app", Verb: "list", Resource: "secrets"},
		"ServiceAccount app: update deployments.apps/scale": {ServiceAccount: "app", Verb: "update", Group: "apps", Resource: "deployments", Subresource: "scale"},
		"ServiceAccount app: get configmaps settings":       {ServiceAccount: "app", Verb: "get", Resource: "configmaps", Name: "settings"},
		`ServiceAccount app: use roles "a), b (c"`:          {ServiceAccount: "app", Verb: "use", Resource: "roles", Name: "a), b (c"},
	} {
		if got := a.String(); got != want {
			t.Errorf("expected %q, found %q", want, got)
		}
	}
}

// FuzzReview has an API server give any reason for its decision. The outcome has to be sound, and what is not
// allowed must not pass for allowed.
func FuzzReview(f *testing.F) {
	for _, r := range rulings {
		f.Add(r.Reason, r.Allowed, r.Denied, r.Unsure)
	}
	f.Add(strings.Repeat(`role.rbac.authorization.k8s.io "x" not found, `, 500), false, false, false)
	f.Add(`role.rbac.authorization.k8s.io "<script>" not found`, false, false, false)
	f.Fuzz(func(t *testing.T, reason string, allowed, denied, unsure bool) {
		ruling := probe.Ruling{Connected: true, Reason: reason, Allowed: allowed, Denied: denied, Unsure: unsure}
		for _, e := range []probe.Expectation{gets("pods"), never(gets("pods"))} {
			target := clusterTarget(e)
			outcome := Probe(t.Context(), before(&judge{rulings: map[string]probe.Ruling{"pods": ruling}}), target).Outcome
			checkSound(t, outcome, target)
			if passed := outcome[probe.Authorized].Result == probe.Passed; passed && allowed == e.Denied {
				t.Errorf("%s passed on %+v", e, ruling)
			}
		}
	})
}
