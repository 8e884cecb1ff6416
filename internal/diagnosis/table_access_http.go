// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package diagnosis

import (
	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/probe"
)

// accessHTTPRows are the rows of who may do what over HTTP. The names in them are expectations of the spec, with who
// and what: who is the key of the Secret that holds the token.
var accessHTTPRows = []Diagnosis{
	// Authenticated
	{
		Symptom: probe.TokenUnproven, Reason: v1alpha1.ReasonAPIKeyUnproven, Blame: Owner, Shows: probe.Undecided,
		Seen:   "{provider} does not show whether it accepts the {credential}[ in {secret}].",
		Advice: "Expect something that whoever it is for may do, at a path that is there.",
	},
	{
		Symptom: probe.GatewayKeyMissing, Reason: v1alpha1.ReasonCredentialRequired, Blame: Owner,
		Seen:   "The gateway at {host} asks for an API key besides the {credential}, and there is none[ in Secret {secretName}].",
		Advice: "Put the publishable key of the project, or the anon key of old, under key apiKey of the Secret, or the one that spec.secretRef.key names.",
	},
	{
		Symptom: probe.GatewayKeyRejected, Reason: v1alpha1.ReasonInvalidAPIKey, Blame: Owner,
		Seen:   "The gateway at {host} rejects its API key[ in Secret {secretName}][ (key {names})]: it is wrong, or of a kind that is disabled.",
		Advice: "Put the publishable key of this project there.",
	},

	// Authorized: what lets too much through.
	{
		Symptom: probe.OverprivilegedToken, Reason: v1alpha1.ReasonOverprivilegedCredential, Blame: Owner,
		Seen:   "A key[ in Secret {secretName}] passes row-level security by, so nothing was asked with it[: {names}].",
		Advice: "Put the token of a user there, or the publishable key: what a secret key or service_role sees says nothing of policies.",
	},
	{
		Symptom: probe.OpenToAll, Reason: v1alpha1.ReasonAccessNotDenied, Blame: Owner,
		Seen:   "{provider} answers without any token what is expected to be denied to all who have none[: {names}].",
		Advice: "Have the path ask for a token, in the app or in what stands before it: whoever can reach {host} gets it.",
	},
	{
		Symptom: probe.RowsShown, Reason: v1alpha1.ReasonAccessNotDenied, Blame: Owner,
		Seen: "Rows show that are expected to be hidden[: {names}]. Row-level security is not enabled, or the role passes it by, or a policy " +
			"is too wide: {provider} does not tell which.",
		Advice: "Check first which role the token is for; then look at the table, which an AccessCheck of provider Postgres does.",
	},
	{
		Symptom: probe.RequestAllowed, Reason: v1alpha1.ReasonAccessNotDenied, Blame: Owner,
		Seen:   "{provider} lets through what is expected to be denied[: {names}].",
		Advice: "Check first which role and which scopes the token has; then the app's rule for the path, which lets in who must not be.",
	},

	// Authorized: what denies too much.
	{
		Symptom: probe.RoleNotGranted, Reason: v1alpha1.ReasonRoleForbidden, Blame: Owner,
		Seen:   "PostgREST may not act as the role that the token claims[: {names}].",
		Advice: "Check the role in the token first; then GRANT it to the role that PostgREST logs in as.",
	},
	{
		Symptom: probe.TokenScopeMissing, Reason: v1alpha1.ReasonInsufficientScope, Blame: Owner,
		Seen:   "A token is valid and lacks a scope[: {names}].",
		Advice: "Issue one with that scope and put it into the Secret, or grant it to whom the token is for.",
	},
	{
		Symptom: probe.RequestForbidden, Reason: v1alpha1.ReasonRoleForbidden, Blame: Owner,
		Seen:   "{provider} denies what is expected to be allowed[: {names}].",
		Advice: "Check first which role and which scopes the token has; then the app's rule for the path.",
	},
	{
		Symptom: probe.RowsNotShown, Reason: v1alpha1.ReasonRowLevelSecurityDenied, Blame: Owner,
		Seen:   "The role may read the table, and none of the rows shows that are expected to be visible[: {names}]: row-level security hides them, or they are not there.",
		Advice: "Check first which role and which claims the token has; then compare the policies, in pg_policies, with them.",
	},
	{
		Symptom: probe.PolicyRecurses, Reason: v1alpha1.ReasonRowLevelSecurityDenied, Blame: Owner,
		Seen:   "A policy of row-level security reads the table that it is for, so that it never ends (SQLSTATE 42P17)[: {names}].",
		Advice: "Have the policy look up what it needs by a function that is SECURITY DEFINER.",
	},

	// Authorized: what stays open.
	{
		Symptom: probe.RequestRedirected, Reason: v1alpha1.ReasonAccessUnclear, Blame: Owner, Shows: probe.Undecided,
		Seen:   "{provider} redirects a request, which Mainstay does not follow with a token[: {names}].",
		Advice: "Name the path that it leads to; where that is a page to log in at, name a path of the API.",
	},
	{
		Symptom: probe.PageAnswered, Reason: v1alpha1.ReasonAccessUnclear, Blame: Owner, Shows: probe.Undecided,
		Seen:   "A web page or a firewall answers in place of the API, which tells nothing of the access[: {names}].",
		Advice: "Name a path of the API behind it, and check whether a proxy, a firewall or a login page answers in its place.",
	},
	{
		Symptom: probe.PathUnclear, Reason: v1alpha1.ReasonAccessUnclear, Blame: Owner, Shows: probe.Undecided,
		Seen:   "Nothing shows at a path (404), which may be hidden or not there[: {names}].",
		Advice: "Add an expectation with the same path for somebody who may see it, and it is proven; or correct the path.",
	},
	{
		Symptom: probe.AnswerUnclear, Reason: v1alpha1.ReasonAccessUnclear, Blame: Owner, Shows: probe.Undecided,
		Seen:   "{provider} neither allows nor denies a request[: {names}].",
		Advice: "Correct its path or its query, so that whoever may send it gets a good answer.",
	},

	// Provisioned
	{
		Symptom: probe.RouteNotFound, Reason: v1alpha1.ReasonRequestPathNotFound, Blame: Owner,
		Seen:   "{host} answers, and has nothing at a path that somebody is expected to get, or takes no such method there[: {names}].",
		Advice: "Correct the path, or the base URL in spec.endpoint; some APIs answer so to a role that may not see a path.",
	},
	{
		Symptom: probe.SchemaNotServed, Reason: v1alpha1.ReasonTableNotFound, Blame: Owner,
		Seen:   "PostgREST does not serve the schema[: {names}].",
		Advice: "Correct it in spec.expectations, or add it to db-schemas, which Supabase calls exposed schemas.",
	},
	{
		Symptom: probe.TableNotServed, Reason: v1alpha1.ReasonTableNotFound, Blame: Owner,
		Seen:   "PostgREST knows no such table or view[: {names}].",
		Advice: "Create it, or correct it in spec.expectations; after a migration PostgREST may have to reload its schema cache.",
	},
}
