// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/controllers"
	"mainstay.dev/mainstay/internal/probe"
)

// permissions is a check of what the app's ServiceAccount may do: read its settings, and no Secret.
func permissions(namespace string) (*v1alpha1.AccessCheck, *corev1.ServiceAccount) {
	access := &v1alpha1.AccessCheck{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "app-permissions"}}
	access.Spec.Provider = "Kubernetes"
	access.Spec.PeriodSeconds = 86400 // No period ends in these stories: every step is woken by an event.
	access.Spec.FailureThreshold = 1
	access.Spec.Expectations = []v1alpha1.AccessExpectation{
		{Name: "reads-settings", Expect: v1alpha1.AccessAllow, Kubernetes: &v1alpha1.KubernetesAccess{
			ServiceAccountName: "app", Verb: "get", Resource: "configmaps", ResourceName: "settings",
		}},
		{Name: "no-secrets", Expect: v1alpha1.AccessDeny, Kubernetes: &v1alpha1.KubernetesAccess{
			ServiceAccountName: "app", Verb: "list", Resource: "secrets",
		}},
	}
	return access, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "app"}}
}

// grant binds a role to the app's ServiceAccount. The role has a rule, or does not exist where that has no verbs.
func grant(t *testing.T, namespace, role string, rule rbacv1.PolicyRule) *rbacv1.RoleBinding {
	t.Helper()
	if len(rule.Verbs) > 0 {
		create(t, &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: role}, Rules: []rbacv1.PolicyRule{rule}})
	}
	binding := &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: role},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: role},
		Subjects:   []rbacv1.Subject{{Kind: "ServiceAccount", Namespace: namespace, Name: "app"}},
	}
	create(t, binding)
	return binding
}

// decides waits until the API server has heard of a role or a binding, which its authorizer does a moment after it
// has stored it.
func decides(t *testing.T, namespace, access string, satisfied func(authorizationv1.SubjectAccessReviewStatus) bool) {
	t.Helper()
	verb, resource, _ := strings.Cut(access, " ")
	var last authorizationv1.SubjectAccessReviewStatus
	err := wait.PollUntilContextTimeout(t.Context(), 5*time.Millisecond, patience, true, func(context.Context) (bool, error) {
		review := &authorizationv1.LocalSubjectAccessReview{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace},
			Spec: authorizationv1.SubjectAccessReviewSpec{
				User:               "system:serviceaccount:" + namespace + ":app",
				ResourceAttributes: &authorizationv1.ResourceAttributes{Namespace: namespace, Verb: verb, Resource: resource, Name: "settings"},
			},
		}
		create(t, review)
		last = review.Status
		return satisfied(last), nil
	})
	if err != nil {
		t.Fatalf("waited in vain for another decision on %s than %+v: %v", access, last, err)
	}
}

func allowed(s authorizationv1.SubjectAccessReviewStatus) bool { return s.Allowed }

func notAllowed(s authorizationv1.SubjectAccessReviewStatus) bool { return !s.Allowed }

// TestWhatAServiceAccountMayDoIsKnown goes from a 403 of the API server in the app to what has to be changed, and
// finds what is granted that should not be.
func TestWhatAServiceAccountMayDoIsKnown(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	access, account := permissions(namespace)
	create(t, access)
	missing := waitForReason(t, access, v1alpha1.ReasonServiceAccountNotFound)
	if !strings.Contains(missing.Message, "no-secrets (ServiceAccount app: list secrets)") {
		t.Errorf("expected that nobody is denied anything while there is no such ServiceAccount, found %q", missing.Message)
	}

	create(t, account)
	again(t, access)
	tells(t, access, v1alpha1.ReasonRoleForbidden, "No role that is bound to a ServiceAccount allows what is expected: reads-settings (ServiceAccount app: get configmaps settings).")
	reproduces(t, access, "no")

	settings := grant(t, namespace, "settings", rbacv1.PolicyRule{})
	decides(t, namespace, "get configmaps", func(s authorizationv1.SubjectAccessReviewStatus) bool { return strings.Contains(s.Reason, "not found") })
	again(t, access)
	tells(t, access, v1alpha1.ReasonRoleForbidden, "A binding gives a ServiceAccount a role that does not exist", "Role/settings")

	create(t, &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "settings"}, Rules: []rbacv1.PolicyRule{
		{APIGroups: []string{""}, Resources: []string{"configmaps"}, Verbs: []string{"get"}, ResourceNames: []string{"settings"}},
	}})
	decides(t, namespace, "get configmaps", allowed)
	probeNow(t, access, "granted")
	waitForReason(t, access, v1alpha1.ReasonPassed)
	for kind, reason := range map[string]string{
		"Configured": "Passed", "Reachable": "Passed", "Authenticated": "NotApplicable", "Authorized": "Passed", "Provisioned": "Passed", "Ready": "Passed",
	} {
		if c := condition(access, kind); c.Status != metav1.ConditionTrue || c.Reason != reason {
			t.Errorf("expected %s to be True with reason %s, found %+v", kind, reason, c)
		}
	}

	everything := grant(t, namespace, "everything", rbacv1.PolicyRule{APIGroups: []string{"*"}, Resources: []string{"*"}, Verbs: []string{"*"}})
	decides(t, namespace, "list secrets", allowed)
	again(t, access)
	tells(t, access, v1alpha1.ReasonAccessNotDenied, "The cluster allows a ServiceAccount what is expected to be denied: no-secrets (ServiceAccount app: list secrets).")
	waitForEvent(t, access, v1alpha1.ReasonAccessNotDenied)
	reproduces(t, access, "yes")

	if err := world.admin.Delete(t.Context(), everything); err != nil {
		t.Fatal(err)
	}
	decides(t, namespace, "list secrets", notAllowed)
	again(t, access)
	waitForReason(t, access, v1alpha1.ReasonPassed)

	if err := world.admin.Delete(t.Context(), settings); err != nil {
		t.Fatal(err)
	}
	decides(t, namespace, "get configmaps", notAllowed)
	again(t, access)
	tells(t, access, v1alpha1.ReasonRoleForbidden)
	waitForEvent(t, access, v1alpha1.ReasonRoleForbidden)
}

// again has an object probed at once, by an edit that changes nothing else: requests to probe now may come too often.
func again(t *testing.T, access *v1alpha1.AccessCheck) {
	t.Helper()
	update(t, access, func() { access.Spec.TimeoutSeconds++ })
}

// tells holds that a cause is told by conditions, by a metric, and by the command.
func tells(t *testing.T, access *v1alpha1.AccessCheck, reason string, says ...string) {
	t.Helper()
	healthy := waitForReason(t, access, reason)
	for _, text := range says {
		if !strings.Contains(healthy.Message, text) {
			t.Errorf("expected %q in the message %q", text, healthy.Message)
		}
	}
	for _, kind := range []string{"Authorized", "Healthy", "Ready"} {
		if c := condition(access, kind); c.Status != metav1.ConditionFalse || c.Reason != reason {
			t.Errorf("expected %s to be False with reason %s, found %+v", kind, reason, c)
		}
	}
	metric := `mainstay_dependency_verdict{blame="Owner",healthy="False",kind="AccessCheck",name="app-permissions",namespace="` +
		access.Namespace + `",provider="Kubernetes",ready="False",reason="` + reason + `",secret=""} 1`
	if got := scrape(t); !strings.Contains(got, metric) {
		t.Errorf("expected the metric %s, found:\n%s", metric, about(got, access.Namespace))
	}
	leadsTo(t, access, "403 forbidden in the app", reason)
}

// reproduces runs what the command offers, and holds that kubectl says the same.
func reproduces(t *testing.T, access *v1alpha1.AccessCheck, says string) {
	t.Helper()
	s := newShell(t)
	commands := s.why(access.Namespace, "accesscheck/"+access.Name).Causes[0].Reproduce
	if len(commands) != 1 || !strings.HasPrefix(commands[0], "kubectl auth can-i ") {
		t.Fatalf("expected a command that asks the same, found %q", commands)
	}
	if out, _ := s.run(commands[0], ""); strings.TrimSpace(out) != says {
		t.Errorf("expected kubectl to say %s, found %q from %s", says, out, commands[0])
	}
}

func TestSlipsInAnExpectationOfAClusterAreNoProof(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	_, account := permissions(namespace)
	create(t, account)
	for name, c := range map[string]struct {
		access v1alpha1.KubernetesAccess
		reason string
	}{
		"a resource in the singular":            {v1alpha1.KubernetesAccess{Verb: "get", Resource: "secret"}, v1alpha1.ReasonResourceNotFound},
		"a resource without its group":          {v1alpha1.KubernetesAccess{Verb: "get", Resource: "deployments"}, v1alpha1.ReasonResourceNotFound},
		"a group that is not there":             {v1alpha1.KubernetesAccess{Verb: "get", Group: "example.com", Resource: "widgets"}, v1alpha1.ReasonResourceNotFound},
		"a subresource that is not there":       {v1alpha1.KubernetesAccess{Verb: "get", Resource: "pods", Subresource: "logs"}, v1alpha1.ReasonResourceNotFound},
		"a resource of the cluster":             {v1alpha1.KubernetesAccess{Verb: "list", Resource: "nodes"}, v1alpha1.ReasonResourceNotFound},
		"a ServiceAccount that is not there":    {v1alpha1.KubernetesAccess{ServiceAccountName: "apps", Verb: "get", Resource: "secrets"}, v1alpha1.ReasonServiceAccountNotFound},
		"a resource with its group":             {v1alpha1.KubernetesAccess{Verb: "delete", Group: "apps", Resource: "deployments"}, v1alpha1.ReasonPassed},
		"a resource of ours, which a CRD makes": {v1alpha1.KubernetesAccess{Verb: "create", Group: "mainstay.dev", Resource: "accesschecks"}, v1alpha1.ReasonPassed},
		"a subresource of one object":           {v1alpha1.KubernetesAccess{Verb: "create", Resource: "pods", Subresource: "exec", ResourceName: "db-0"}, v1alpha1.ReasonPassed},
	} {
		t.Run(name, func(t *testing.T) {
			access, _ := permissions(namespace)
			access.Name, access.GenerateName = "", "slip-"
			if c.access.ServiceAccountName == "" {
				c.access.ServiceAccountName = "app"
			}
			access.Spec.Expectations = []v1alpha1.AccessExpectation{{Name: "denied", Expect: v1alpha1.AccessDeny, Kubernetes: &c.access}}
			create(t, access)
			waitForReason(t, access, c.reason)
		})
	}
}

// TestTheOperatorAsksWhereItsRoleIsBound binds the role that ships in one namespace alone, as an installation for some
// namespaces does.
func TestTheOperatorAsksWhereItsRoleIsBound(t *testing.T) {
	t.Parallel()
	served, other := newNamespace(t), newNamespace(t)
	config := restricted(t, "mainstay-in-"+served)
	create(t, &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: served, Name: "mainstay-manager"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "mainstay-default"},
		Subjects:   []rbacv1.Subject{{Kind: "User", APIGroup: rbacv1.GroupName, Name: "mainstay-in-" + served}},
	})
	reviewer, err := controllers.NewReviewer(config)
	if err != nil {
		t.Fatal(err)
	}
	for _, namespace := range []string{served, other} {
		_, account := permissions(namespace)
		create(t, account)
	}
	asked := func(namespace string) probe.Ruling {
		return reviewer.Review(t.Context(), probe.KubernetesAccess{Namespace: namespace, ServiceAccount: "app", Verb: "get", Resource: "secrets"})
	}
	var here probe.Ruling
	err = wait.PollUntilContextTimeout(t.Context(), 5*time.Millisecond, patience, true, func(context.Context) (bool, error) {
		here = asked(served)
		return here.Fault == probe.Symptom{}, nil
	})
	if err != nil {
		t.Fatalf("expected a decision where the role is bound, found %+v: %v", here, err)
	}
	if got := asked(other); got.Fault != probe.ReviewForbidden || !got.Connected {
		t.Errorf("expected that the operator may not ask elsewhere, found %+v", got)
	}
}

// restricted is of a user who has no role yet.
func restricted(t *testing.T, name string) *rest.Config {
	t.Helper()
	kubeconfig, err := world.user(name)
	if err != nil {
		t.Fatal(err)
	}
	config, err := clientcmd.RESTConfigFromKubeConfig(kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	return config
}

// TestAnOperatorThatMayNotAskBlamesItself runs an operator whose reviews are refused: that says nothing of the app.
func TestAnOperatorThatMayNotAskBlamesItself(t *testing.T) {
	t.Parallel()
	reviewer, err := controllers.NewReviewer(restricted(t, "mainstay-without-reviews"))
	if err != nil {
		t.Fatal(err)
	}
	stop, err := startOperator(prometheus.NewRegistry(), func(s *setup) {
		s.options.Client = probe.NewNetwork(probe.NetworkOptions{Reviewer: reviewer})
		s.alone("without-reviews")
	})
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	access, account := permissions(newNamespace(t))
	access.Labels = map[string]string{aloneLabel: "without-reviews"}
	create(t, []client.Object{account, access}...)
	healthy := waitForReason(t, access, v1alpha1.ReasonProbeFailed)
	if !strings.Contains(healthy.Message, "create on localsubjectaccessreviews") {
		t.Errorf("expected the message to name what the role lacks, found %q", healthy.Message)
	}
	if c := condition(access, "Ready"); c.Status != metav1.ConditionTrue || c.Reason != v1alpha1.ReasonUnproven {
		t.Errorf("expected that rollouts do not wait for it, found %+v", c)
	}
}

func TestSpecsOfClustersThatCannotWorkAreRefused(t *testing.T) {
	t.Parallel()
	of := func(change func(*v1alpha1.KubernetesAccess)) func(*v1alpha1.AccessCheckSpec) {
		return func(s *v1alpha1.AccessCheckSpec) { change(s.Expectations[0].Kubernetes) }
	}
	for name, c := range map[string]struct {
		spoil func(*v1alpha1.AccessCheckSpec)
		want  string
	}{
		"a Secret":       {func(s *v1alpha1.AccessCheckSpec) { s.SecretRef = &v1alpha1.SecretKeyRef{Name: "token"} }, "spec.secretRef does not apply to provider Kubernetes"},
		"an endpoint":    {func(s *v1alpha1.AccessCheckSpec) { s.Endpoint = "https://10.0.0.1" }, "spec.endpoint does not apply to provider Kubernetes"},
		"an authority":   {func(s *v1alpha1.AccessCheckSpec) { s.CARef = &v1alpha1.CARef{Kind: "ConfigMap", Name: "ca"} }, "spec.caRef does not apply to provider Kubernetes"},
		"a database":     {func(s *v1alpha1.AccessCheckSpec) { s.Postgres = &v1alpha1.PostgresServer{Host: "db"} }, "spec.postgres applies to provider Postgres alone, found provider Kubernetes"},
		"no expectation": {func(s *v1alpha1.AccessCheckSpec) { s.Expectations[0].Kubernetes = nil }, "each of spec.expectations needs kubernetes"},
		"an expectation of a database": {
			func(s *v1alpha1.AccessCheckSpec) { s.Expectations[0].Postgres = orders("acme") }, "postgres of spec.expectations applies to provider Postgres alone",
		},
		"one of a cluster at a database": {
			func(s *v1alpha1.AccessCheckSpec) {
				s.Provider, s.SecretRef, s.Expectations[0].Postgres = "Postgres", &v1alpha1.SecretKeyRef{Name: "db"}, orders("acme")
			}, "kubernetes of spec.expectations applies to provider Kubernetes alone, found provider Postgres",
		},
		"no ServiceAccount":         {of(func(a *v1alpha1.KubernetesAccess) { a.ServiceAccountName = "" }), "serviceAccountName"},
		"one of another namespace":  {of(func(a *v1alpha1.KubernetesAccess) { a.ServiceAccountName = "system:serviceaccount:bank:app" }), "serviceAccountName"},
		"all verbs":                 {of(func(a *v1alpha1.KubernetesAccess) { a.Verb = "*" }), "whether all is allowed says nothing of one verb"},
		"a verb of the other kinds": {of(func(a *v1alpha1.KubernetesAccess) { a.Verb = "Get" }), "one verb in lower case such as get, found Get"},
		"all resources":             {of(func(a *v1alpha1.KubernetesAccess) { a.Resource = "*" }), "the plural name of one resource"},
		"a kind":                    {of(func(a *v1alpha1.KubernetesAccess) { a.Resource = "ConfigMap" }), "such as pods"},
		"a resource with its group": {of(func(a *v1alpha1.KubernetesAccess) { a.Resource = "deployments.apps" }), "have fields of their own; found deployments.apps"},
		"all groups":                {of(func(a *v1alpha1.KubernetesAccess) { a.Group = "*" }), "the name of an API group without its version"},
		"a group with its version":  {of(func(a *v1alpha1.KubernetesAccess) { a.Group = "apps/v1" }), "found apps/v1"},
		"a path for a name":         {of(func(a *v1alpha1.KubernetesAccess) { a.ResourceName = "../secrets" }), "resourceName"},
		"a name of what is not there yet": {
			of(func(a *v1alpha1.KubernetesAccess) { a.Verb = "create" }), "resourceName does not apply to verb create",
		},
	} {
		t.Run(name, func(t *testing.T) {
			access, _ := permissions(newNamespace(t))
			c.spoil(&access.Spec)
			err := world.admin.Create(t.Context(), access)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("expected the API server to say %q, found %v", c.want, err)
			}
		})
	}
}
