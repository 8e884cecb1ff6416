// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package diagnosis

import (
	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/probe"
)

// kubernetesRows are the rows of access that the API server of the cluster decides. The names in them are
// expectations of the spec, with who and what.
var kubernetesRows = []Diagnosis{
	// Reachable
	{
		Symptom: probe.APIServerUnavailable, Reason: v1alpha1.ReasonServerError, Blame: Provider,
		Seen:   "The cluster's API server does not decide now: it gives no answer, or says that it cannot.",
		Advice: "Look at its health and its load: kubectl get --raw '/readyz?verbose'",
	},
	{
		Symptom: probe.ReviewForbidden, Reason: v1alpha1.ReasonProbeFailed, Blame: Mainstay, Shows: probe.Undecided,
		Seen: "The API server does not let Mainstay ask who may do what: its role lacks create on localsubjectaccessreviews, or get on serviceaccounts. " +
			"This says nothing about {object}.",
		Advice: "Apply the role that comes with this version of Mainstay, config/rbac/role.yaml; where it is bound in some namespaces alone, in namespace {namespace} too.",
	},

	// Authorized: what lets too much through, then what denies too much, then what stays open.
	{
		Symptom: probe.AccountAllowed, Reason: v1alpha1.ReasonAccessNotDenied, Blame: Owner,
		Seen: "The cluster allows a ServiceAccount what is expected to be denied[: {names}].",
		Advice: "Take the verb out of the role that grants it, or the ServiceAccount out of the binding; that may be one of a whole group. " +
			"Who is bound to what: kubectl get rolebindings,clusterrolebindings -n {namespace} -o wide",
	},
	{
		Symptom: probe.AuthorizerDenies, Reason: v1alpha1.ReasonRoleForbidden, Blame: Owner,
		Seen:   "An authorizer of the cluster other than RBAC denies a ServiceAccount what is expected to be allowed[: {names}].",
		Advice: "No role can overrule it: ask who administers the cluster which policy that is.",
	},
	{
		Symptom: probe.BoundRoleMissing, Reason: v1alpha1.ReasonRoleForbidden, Blame: Owner,
		Seen:   "A binding gives a ServiceAccount a role that does not exist, and nothing else allows what is expected[; what that is, and the role: {names}].",
		Advice: "Create the role; or delete the binding and create it with the right one, since roleRef cannot be edited.",
	},
	{
		Symptom: probe.NoRoleAllows, Reason: v1alpha1.ReasonRoleForbidden, Blame: Owner,
		Seen:   "No role that is bound to a ServiceAccount allows what is expected[: {names}].",
		Advice: "Add the verb and the resource to a Role in namespace {namespace}, and bind that to the ServiceAccount by a RoleBinding.",
	},
	{
		Symptom: probe.AuthorizerUnsure, Reason: v1alpha1.ReasonAuthorizationUndecided, Blame: Provider, Shows: probe.Undecided,
		Seen:   "The API server cannot tell whether this is allowed, since one of its authorizers failed[: {names}].",
		Advice: "Ask who administers the cluster whether its authorization webhook answers.",
	},
	{
		// Of `kubectl mainstay check` alone: the operator has a cluster.
		Symptom: probe.ClusterNotAsked, Reason: v1alpha1.ReasonClusterNotAsked, Blame: Owner, Shows: probe.Undecided,
		Seen:   "Who may do what in a cluster is for its API server to say, and none was asked[: {names}].",
		Advice: "Nothing is known to be wrong: the operator asks once this is applied, and --require Ready lets it pass until then.",
	},

	// Provisioned
	{
		Symptom: probe.ServiceAccountNotFound, Reason: v1alpha1.ReasonServiceAccountNotFound, Blame: Owner,
		Seen:   "Namespace {namespace} has no such ServiceAccount[: {names}].",
		Advice: "Create it, or correct serviceAccountName in spec.expectations.",
	},
	{
		Symptom: probe.ResourceNotFound, Reason: v1alpha1.ReasonResourceNotFound, Blame: Owner,
		Seen:   "The API server has no such resource[: {names}].",
		Advice: "Write it in the plural, with its API group, such as apps for deployments, or install its CRD. What there is: kubectl api-resources --namespaced",
	},
	{
		Symptom: probe.ResourceNotNamespaced, Reason: v1alpha1.ReasonResourceNotFound, Blame: Owner,
		Seen:   "A resource belongs to the whole cluster, and what is in namespace {namespace} is all that is checked[: {names}].",
		Advice: "Remove the expectation: no RoleBinding grants such a resource.",
	},
}
