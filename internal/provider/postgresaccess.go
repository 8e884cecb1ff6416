// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"strings"

	"mainstay.dev/mainstay/internal/probe"
)

// accessPostgres is who may do what in a database of PostgreSQL: its privileges decide first, then its row-level
// security.
var accessPostgres = Provider{
	Kind: "AccessCheck", Name: "Postgres", Speaks: Postgres,
	BaseURL: postgresBase, OwnPlace: true, Called: "the database", Credential: "login", Keys: postgresKeys,
	Renewal: postgresRenewal,
	Asks:    (*run).checkAccess,
	Facts: Facts{
		Proves: []string{
			"the server speaks TLS with a certificate as `spec.postgres.tls` asks for, and takes the login",
			"the login is no superuser, and may not run programs or read and write files on the server",
			"by doing: each `Select` of `spec.expectations`, as the role and with the settings that it names",
			"from the catalog: the privileges of each role, whether row-level security holds for it, and whether a policy is for it",
		},
		CannotProve: []string{
			"which rows may be inserted, updated or deleted where policies decide: nothing is written",
			"that a row which nobody shows does not exist",
		},
		Requests: "1 transaction, read-only and rolled back",
		Source:   postgresSource + poolerSource, Verified: "2026-11",
	},
}

// checkAccess asks a database for each expectation of the spec, and says whether it came to the end of them.
func (r *run) checkAccess(ctx context.Context) bool {
	expectations, all := r.expectations(func(e probe.Expectation) bool { return e.Postgres != nil && sendable(*e.Postgres) })
	if !all {
		return false
	}
	var checks []check
	for _, e := range expectations {
		checks = append(checks, newCheck(e))
	}
	// A setting that was made once is an empty text afterwards, and no more unknown. Whoever makes none comes
	// first, so that what one finds does not depend on the others.
	slices.SortStableFunc(checks, func(a, b check) int { return cmp.Compare(len(a.Postgres.Settings), len(b.Postgres.Settings)) })
	var turns []probe.Turn
	for _, c := range checks {
		turns = append(turns, c.turn())
	}
	results, ok := r.transact(ctx, turns)
	if !ok {
		return false
	}
	var findings []probe.Finding
	for i, c := range checks {
		findings = append(findings, c.judge(results.Turns[i])...)
	}
	r.weighAccess(findings)
	return true
}

// maxIdentifier is how long a name may be in PostgreSQL, in bytes. What is longer is cut off, and means another.
const maxIdentifier = 63

// settingName matches the parameters that a spec may set: those that PostgreSQL itself does not know, since it has
// no dot in its own names, and two that only say who asks and when. Others change the role, or whether policies
// hold, or how long a statement may take.
var settingName = regexp.MustCompile(`^([A-Za-z_][A-Za-z0-9_]*([.][A-Za-z_][A-Za-z0-9_]*)+|application_name|timezone)$`)

// sendable says whether an access can be asked for as it is written. The API server holds specs to the same.
func sendable(a probe.PostgresAccess) bool {
	names := append([]string{a.Schema, a.Table}, a.Columns...)
	if a.Role != "" {
		names = append(names, a.Role)
	}
	if a.Rows != nil {
		names = append(names, a.Rows.Column)
	}
	isControl := func(r rune) bool { return r < ' ' || r == 0x7f }
	for _, name := range names {
		if name == "" || len(name) > maxIdentifier || strings.ContainsFunc(name, isControl) {
			return false
		}
	}
	for _, s := range a.Settings {
		if len(s.Name) > maxIdentifier || !settingName.MatchString(s.Name) || strings.Contains(s.Value, "\x00") {
			return false
		}
	}
	switch a.Verb {
	case "SELECT":
	case "INSERT", "UPDATE", "DELETE":
		if a.Rows != nil {
			return false
		}
	default:
		return false
	}
	// SET ROLE none goes back to the login.
	return a.Role != "none" && (a.Verb != "DELETE" || len(a.Columns) == 0) && (a.Rows == nil || !strings.Contains(a.Rows.Value, "\x00"))
}

// step is what a statement of a turn is for.
type step int

const (
	// acting takes on the role, setting makes a setting, looking reads what the catalog says, doing selects.
	acting step = iota
	setting
	looking
	doing
)

// check is an expectation with the statements that decide it.
type check struct {
	expected
	steps      []step
	statements []probe.Statement
}

func newCheck(e probe.Expectation) check {
	c, a := check{expected: expected{e}}, e.Postgres
	if a.Role != "" {
		c.add(acting, "SELECT pg_catalog.set_config('role', $1, true)", a.Role)
	}
	for _, s := range a.Settings {
		c.add(setting, "SELECT pg_catalog.set_config($1, $2, true)", s.Name, s.Value)
	}
	wanted := slices.Clone(a.Columns)
	if a.Rows != nil {
		wanted = append(wanted, a.Rows.Column)
	}
	c.add(looking, rights, a.Schema, a.Table, a.Verb, columnList(wanted), policyCommands[a.Verb])
	if a.Verb != "SELECT" {
		return c
	}
	var read []string
	for _, column := range a.Columns {
		read = append(read, identifier(column))
	}
	query := "SELECT EXISTS (SELECT " + strings.Join(read, ", ") + " FROM " + identifier(a.Schema) + "." + identifier(a.Table)
	if a.Rows == nil {
		c.add(doing, query+")")
		return c
	}
	c.add(doing, query+" WHERE "+identifier(a.Rows.Column)+" OPERATOR(pg_catalog.=) $1)", a.Rows.Value)
	return c
}

func (c *check) add(s step, sql string, args ...string) {
	c.steps = append(c.steps, s)
	c.statements = append(c.statements, probe.Statement{SQL: sql, Args: args})
}

func (c check) turn() probe.Turn { return c.statements }

// policyCommands are the letters by which pg_policy calls the verbs.
var policyCommands = map[string]string{"SELECT": "r", "INSERT": "a", "UPDATE": "w", "DELETE": "d"}

// findRelation is the part of a WITH that finds a relation: $1 is its schema and $2 its name. It has one row, in which
// what does not exist is NULL. Everybody may read that.
const findRelation = `place AS (
		SELECT n.oid AS schema, c.oid AS relation, c.relkind, c.relrowsecurity
		FROM (SELECT 1) AS one
		LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = $1::pg_catalog.name
		LEFT JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = $2::pg_catalog.name
			AND c.relkind IN ('r', 'p', 'v', 'm', 'f'))`

// rights reads what the catalog says of a table for the role that acts: $1 is the schema, $2 the table, $3 the
// verb, $4 the columns in JSON and $5 the verb as policies have it. Everybody may read that.
const rights = `
	WITH wanted AS (SELECT DISTINCT name FROM pg_catalog.jsonb_array_elements_text($4::pg_catalog.jsonb) AS w(name)),
	` + findRelation + `,
	found AS (
		SELECT a.attnum, w.name FROM wanted w
		LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = (SELECT relation FROM place) AND a.attname = w.name::pg_catalog.name
			AND a.attnum > 0 AND NOT a.attisdropped)
	SELECT schema IS NOT NULL, relation IS NOT NULL, NOT EXISTS (SELECT FROM found WHERE attnum IS NULL),
		pg_catalog.has_schema_privilege(schema, 'USAGE'),
		pg_catalog.has_table_privilege(relation, $3::pg_catalog.text),
		NOT EXISTS (SELECT FROM found WHERE NOT pg_catalog.has_column_privilege(relation, attnum, $3::pg_catalog.text)),
		relkind IN ('r', 'p'), pg_catalog.row_security_active(relation), relrowsecurity,
		(SELECT rolbypassrls OR rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user),
		EXISTS (SELECT FROM pg_catalog.pg_policy p WHERE p.polrelid = relation AND p.polpermissive
			AND p.polcmd IN ('*', $5::pg_catalog."char") AND EXISTS (
				SELECT FROM pg_catalog.unnest(p.polroles) AS r(oid)
				WHERE r.oid = 0 OR pg_catalog.pg_has_role(current_user, r.oid, 'USAGE')))
	FROM place`

// facts are what rights reads.
type facts struct {
	schema, table, columns               bool // that they exist
	usage, tablePrivilege, allPrivileges bool
	isTable                              bool // and no view
	active, enabled                      bool // row-level security, for the role and at all
	bypasses                             bool
	policy                               bool // one that is for the role and the verb
}

// factsOf reads the row of rights.
func factsOf(rows []probe.Row) (f facts, ok bool) {
	into := []*bool{
		&f.schema, &f.table, &f.columns, &f.usage, &f.tablePrivilege, &f.allPrivileges, &f.isTable, &f.active, &f.enabled,
		&f.bypasses, &f.policy,
	}
	if len(rows) != 1 || len(rows[0]) != len(into) {
		return facts{}, false
	}
	for i, value := range rows[0] {
		*into[i] = value == "t"
	}
	return f, true
}
