// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package diagnosis

import (
	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/probe"
)

// accessRows are the rows of databases, and of who may do what. The names in them are expectations of the spec,
// with who and what.
var accessRows = []Diagnosis{
	// Configured
	{
		// Of a DependencySet alone: such an object is declared, or it is not.
		Symptom: probe.NoAccessCheck, Reason: v1alpha1.ReasonNoAccessCheck, Blame: Owner, Stalls: true,
		Seen:   "No access check is declared.",
		Advice: "Create an AccessCheck that says who may do what, and who may not.",
	},
	{
		Symptom: probe.ExpectationRefused, Reason: v1alpha1.ReasonExpectationRefused, Blame: Owner, Stalls: true,
		Seen:   "An expectation is not one that Mainstay asks for[: {names}].",
		Advice: "Names have at most as many bytes as PostgreSQL admits and no control characters, settings have a dot in their names, and role none does not exist; requests are GET, HEAD or OPTIONS of a path.",
	},
	{
		Symptom: probe.ConnectionURIMalformed, Reason: v1alpha1.ReasonConnectionURIMalformed, Blame: Owner,
		Seen:   "Secret {secretName} holds no connection URI[ under key {names}].",
		Advice: "Write it as postgres://user:password@host:port/database, with what is no letter or digit in the password percent-encoded.",
	},
	{
		Symptom: probe.ServerMalformed, Reason: v1alpha1.ReasonServerNotNamed, Blame: Owner,
		Seen:   "Secret {secretName} names no usable server in its keys host and port.",
		Advice: "Put the name or the address of one server under host, and its port, a number, under port.",
	},
	{
		Symptom: probe.ServerNotNamed, Reason: v1alpha1.ReasonServerNotNamed, Blame: Owner,
		Seen:   "Neither the spec of {object} nor Secret {secretName} says where the database is.",
		Advice: "Set spec.postgres.host, or put the host into the Secret.",
	},

	// Reachable
	{
		Symptom: probe.TLSNotOffered, Reason: v1alpha1.ReasonTLSNotOffered, Blame: Owner,
		Seen:   "{host} does not offer TLS, so nothing was sent there.",
		Advice: "Enable TLS at the server (ssl = on), or set spec.postgres.tls to None where the network is trusted.",
	},
	{
		Symptom: probe.DatabaseUnavailable, Reason: v1alpha1.ReasonServerError, Blame: Provider,
		Seen:   "{host} answers that it cannot serve now[ (SQLSTATE {names})]: it is starting up, shutting down, in recovery or out of something.",
		Advice: "Look at the log of the server; nothing in the cluster has to change.",
	},
	{
		Symptom: probe.TooManyConnections, Reason: v1alpha1.ReasonTooManyConnections, Blame: Provider,
		Seen:   "{host} takes no more connections: those of the server, the pooler, the database or the role are used up.",
		Advice: "Look in pg_stat_activity for who holds them; have apps close them or share a pooler, or raise the limit.",
	},

	// Authenticated
	{
		Symptom: probe.LoginNotAdmitted, Reason: v1alpha1.ReasonIPNotAllowed, Blame: Owner,
		Seen:   "The server does not admit the {credential}[ in {secret}] from the cluster's address, to this database, or with this kind of TLS.",
		Advice: "Add a line for it to pg_hba.conf, or the cluster's egress address to the pooler's allow-list, or set spec.postgres.tls to what either asks for.",
	},
	{
		Symptom: probe.LoginNotPermitted, Reason: v1alpha1.ReasonAPIKeySuspended, Blame: Owner,
		Seen:   "The role of the {credential}[ in {secret}] may not log in.",
		Advice: "Give it LOGIN, with ALTER ROLE, or use another one.",
	},
	{
		Symptom: probe.PasswordAskedFor, Reason: v1alpha1.ReasonWeakLoginRefused, Blame: Owner,
		Seen:   "The server asks to be told the password, and nothing proves who the server is, so it was not told.",
		Advice: "Set spec.postgres.tls to VerifyFull or VerifyCA, or have the server use scram-sha-256 in pg_hba.conf.",
	},
	{
		Symptom: probe.PoolerProjectUnknown, Reason: v1alpha1.ReasonInvalidAPIKey, Blame: Owner,
		Seen:   "The pooler at {host} does not know the project in the user name[ in {secret}].",
		Advice: "Behind Supabase's pooler it is ROLE.PROJECT-REF: copy user name and host from the project's Connect dialog, and see whether the project is paused.",
	},

	// Authorized: what lets too much through.
	{
		Symptom: probe.OverprivilegedLogin, Reason: v1alpha1.ReasonOverprivilegedCredential, Blame: Owner,
		Seen:   "The {credential}[ in {secret}] can do more than a probe may[: {names}], so nothing was asked with it.",
		Advice: "Use a login of its own, which may read the views of spec.postgres, or is a member of the roles to check, and nothing else.",
	},
	{
		Symptom: probe.RowSecurityDisabled, Reason: v1alpha1.ReasonRowLevelSecurityDisabled, Blame: Owner,
		Seen:   "Row-level security is not enabled on a table whose rows are expected to be hidden, so nothing isolates them[: {names}].",
		Advice: "ALTER TABLE … ENABLE ROW LEVEL SECURITY, and create policies for those who may see rows.",
	},
	{
		Symptom: probe.RoleBypassesPolicies, Reason: v1alpha1.ReasonRowLevelSecurityBypassed, Blame: Owner,
		Seen:   "Row-level security does not hold for a role that has BYPASSRLS[: {names}].",
		Advice: "ALTER ROLE … NOBYPASSRLS, or have the app use another role.",
	},
	{
		Symptom: probe.OwnerBypassesPolicies, Reason: v1alpha1.ReasonRowLevelSecurityBypassed, Blame: Owner,
		Seen:   "Row-level security does not hold for the owner of the table[: {names}].",
		Advice: "ALTER TABLE … FORCE ROW LEVEL SECURITY, or have the app use a role that does not own the table.",
	},
	{
		Symptom: probe.RowsVisible, Reason: v1alpha1.ReasonAccessNotDenied, Blame: Owner,
		Seen:   "Policies of row-level security show rows that are expected to be hidden[: {names}].",
		Advice: "Look in pg_policies for a permissive policy that is too wide: one of them is enough to show a row.",
	},
	{
		Symptom: probe.AccessAllowed, Reason: v1alpha1.ReasonAccessNotDenied, Blame: Owner,
		Seen:   "What is expected to be denied is allowed by the role's privileges[: {names}].",
		Advice: "REVOKE the privilege from the role, from the roles that it is in, and from PUBLIC.",
	},

	// Authorized: what denies too much, by the role's permissions and then by row-level security.
	{
		Symptom: probe.ConnectDenied, Reason: v1alpha1.ReasonRoleForbidden, Blame: Owner,
		Seen:   "The role of the {credential}[ in {secret}] may not connect to the database.",
		Advice: "GRANT CONNECT ON DATABASE … to it.",
	},
	{
		Symptom: probe.SetRoleDenied, Reason: v1alpha1.ReasonRoleForbidden, Blame: Owner,
		Seen:   "The {credential}[ in {secret}] may not act as a role that is to be checked[: {names}].",
		Advice: "GRANT the role to the login, so that it may SET ROLE.",
	},
	{
		Symptom: probe.SettingDenied, Reason: v1alpha1.ReasonRoleForbidden, Blame: Owner,
		Seen:   "The server refuses a setting[: {names}].",
		Advice: "Correct its name or its value: the name may belong to an extension.",
	},
	{
		Symptom: probe.SchemaUsageMissing, Reason: v1alpha1.ReasonRoleForbidden, Blame: Owner,
		Seen:   "The role lacks USAGE on the schema[: {names}].",
		Advice: "Check first that the app acts as this role; then GRANT USAGE ON SCHEMA … to it. Row-level security has not been asked yet.",
	},
	{
		Symptom: probe.TablePrivilegeMissing, Reason: v1alpha1.ReasonRoleForbidden, Blame: Owner,
		Seen:   "The role lacks the privilege on the table[: {names}].",
		Advice: "Check first that the app acts as this role; then GRANT … ON TABLE to it. Row-level security has not been asked yet.",
	},
	{
		Symptom: probe.ColumnPrivilegeMissing, Reason: v1alpha1.ReasonRoleForbidden, Blame: Owner,
		Seen:   "The role lacks the privilege on a column[: {names}].",
		Advice: "GRANT it to the role for that column, or for the whole table. Row-level security has not been asked yet.",
	},
	{
		Symptom: probe.NoPolicyApplies, Reason: v1alpha1.ReasonRowLevelSecurityDenied, Blame: Owner,
		Seen:   "The role has the privilege, and row-level security denies all: it is enabled, and no policy is for this role and this verb[: {names}].",
		Advice: "CREATE POLICY … ON the table, FOR the verb, TO the role.",
	},
	{
		Symptom: probe.PolicyFails, Reason: v1alpha1.ReasonRowLevelSecurityDenied, Blame: Owner,
		Seen: "The role has the privilege, and reading ends with an error of a policy, or of the view: it uses what the role may not, " +
			"or a setting that is not made or has another form[: {names}].",
		Advice: "Try it as the role, in psql; GRANT what the policy uses, or add the setting to the expectation.",
	},
	{
		Symptom: probe.RowsHidden, Reason: v1alpha1.ReasonRowLevelSecurityDenied, Blame: Owner,
		Seen:   "The role has the privilege, and row-level security shows none of the rows that are expected to be visible[: {names}].",
		Advice: "Compare the policies, in pg_policies, with the settings of the expectation; and look as the table's owner whether such rows exist.",
	},

	// Authorized: what stays open.
	{
		Symptom: probe.StatementTooSlow, Reason: v1alpha1.ReasonStatementTooSlow, Blame: Owner, Shows: probe.Undecided,
		Seen:   "The server took too long to look, or the table is locked[: {names}].",
		Advice: "Create an index on the columns by which it looks, or raise spec.timeoutSeconds.",
	},
	{
		Symptom: probe.PolicyDecides, Reason: v1alpha1.ReasonPolicyDecides, Shows: probe.Unprovable,
		Seen:   "The role has the privilege, and policies of row-level security decide on each row that is written[: {names}].",
		Advice: "Nothing has to change: what they decide is not proven, since nothing is written.",
	},
	{
		Symptom: probe.RowsUnproven, Reason: v1alpha1.ReasonRowsUnproven, Shows: probe.Unprovable,
		Seen:   "No row shows, and whether one is there cannot be told[: {names}].",
		Advice: "Name rows that exist to have it proven.",
	},
	{
		Symptom: probe.ExpectationUnproven, Reason: v1alpha1.ReasonExpectationUnproven, Shows: probe.Unprovable,
		Seen:   "What is expected could not be looked at[: {names}].",
		Advice: "Provide what is missing first; the conditions name it.",
	},

	// Provisioned
	{
		Symptom: probe.DatabaseNotFound, Reason: v1alpha1.ReasonDatabaseNotFound, Blame: Owner,
		Seen:   "The server has no such database.",
		Advice: "Create it, or correct spec.postgres.database[, or the database in Secret {secretName}].",
	},
	{
		Symptom: probe.RoleNotFound, Reason: v1alpha1.ReasonRoleNotFound, Blame: Owner,
		Seen:   "The server has no such role[: {names}].",
		Advice: "Create the role, or correct it in spec.expectations, or in the token that claims it.",
	},
	{
		Symptom: probe.SchemaNotFound, Reason: v1alpha1.ReasonTableNotFound, Blame: Owner,
		Seen:   "The database has no such schema[: {names}].",
		Advice: "Create it, or correct it in spec.expectations; a migration may not have run.",
	},
	{
		Symptom: probe.TableNotFound, Reason: v1alpha1.ReasonTableNotFound, Blame: Owner,
		Seen:   "The database has no such table[: {names}].",
		Advice: "Create it, or correct it in spec.expectations; a migration may not have run.",
	},
	{
		Symptom: probe.ColumnNotFound, Reason: v1alpha1.ReasonColumnNotFound, Blame: Owner,
		Seen:   "The table has no such column[: {names}].",
		Advice: "Create it, or correct it in spec.expectations; a migration may not have run.",
	},
	{
		Symptom: probe.ColumnTypeMismatch, Reason: v1alpha1.ReasonColumnTypeMismatch, Blame: Owner,
		Seen:   "The column of rows cannot be compared with the value[: {names}].",
		Advice: "Write the value as the column's type has it, in spec.expectations.",
	},
	{
		Symptom: probe.ViewNotFound, Reason: v1alpha1.ReasonTableNotFound, Blame: Owner,
		Seen:   "The database has no such view[: {names}].",
		Advice: "Create it with the columns that Mainstay reads, or correct it in spec.postgres.",
	},
	{
		Symptom: probe.ViewColumnNotFound, Reason: v1alpha1.ReasonColumnNotFound, Blame: Owner,
		Seen:   "A view of spec.postgres lacks a column that Mainstay reads[: {names}].",
		Advice: "Add it to the view, under that name.",
	},
	{
		Symptom: probe.ViewColumnMismatch, Reason: v1alpha1.ReasonColumnTypeMismatch, Blame: Owner,
		Seen:   "A column of a view of spec.postgres has another type than Mainstay reads, or holds other words[: {names}].",
		Advice: "Cast it in the view: the page of the kind WebhookEndpoint has the types, and the words for states.",
	},
	{
		Symptom: probe.ViewFails, Reason: v1alpha1.ReasonViewFails, Blame: Owner,
		Seen:   "Reading a view of spec.postgres ends with an error[: {names}].",
		Advice: "Select from it in psql as the same role, in a transaction that is READ ONLY, and mend what the error says.",
	},
}
