// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package realtest_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mainstay.dev/mainstay/internal/probe"
	"mainstay.dev/mainstay/internal/provider/postgrestest"
)

// accessTarget is a check of the shop's database, as the login that may act as its roles.
func accessTarget(server *postgrestest.Server, expectations ...probe.Expectation) probe.Target {
	ca, _ := probe.ParseCA(server.CA)
	return probe.Target{
		Kind: "AccessCheck", Provider: "Postgres", BaseURL: "postgres://" + server.Address, OwnHost: true,
		Database: postgrestest.Database, TLS: probe.VerifyFull, CA: ca, Credential: postgresLogin(postgrestest.Checker, postgrestest.Password),
		Wants: probe.AccessWants{Expectations: expectations},
	}
}

func postgresLogin(user, password string) probe.Secret {
	return probe.NewSecretOf(map[string]string{probe.UsernamePart: user, probe.PasswordPart: password})
}

// accessOf is an access of a role to a table, as "role: VERB table", with the tenant of the app's setting.
func accessOf(text string) *probe.PostgresAccess {
	role, what, _ := strings.Cut(text, ": ")
	verb, table, _ := strings.Cut(what, " ")
	access := &probe.PostgresAccess{Role: role, Verb: verb, Schema: "public", Table: table}
	if schema, name, has := strings.Cut(table, "."); has {
		access.Schema, access.Table = schema, name
	}
	access.Settings = []probe.PostgresSetting{{Name: "app.tenant", Value: "acme"}}
	return access
}

// rowsOf narrows an access to the rows of a tenant.
func rowsOf(text, tenant string) *probe.PostgresAccess {
	access := accessOf(text)
	access.Rows = &probe.PostgresRows{Column: "tenant", Value: tenant}
	return access
}

func columnsOf(text string, columns ...string) *probe.PostgresAccess {
	access := accessOf(text)
	access.Columns = columns
	return access
}

// without takes the settings off an access.
func without(access *probe.PostgresAccess) *probe.PostgresAccess {
	access.Settings = nil
	return access
}

const denied = true

// accessCases are what is expected of the shop's database. Where an expectation holds, want is empty; else it is
// the finding at the stage of its symptom, without its arguments.
var accessCases = map[string]struct {
	denied bool
	access *probe.PostgresAccess
	want   string
}{
	"the app sees the rows of its tenant":                {access: rowsOf("app: SELECT orders", "acme")},
	"no row of another tenant is visible":                {denied: denied, access: rowsOf("app: SELECT orders", "globex")},
	"an auditor sees all":                                {access: rowsOf("auditor: SELECT orders", "globex")},
	"the login itself has no privilege":                  {denied: denied, access: accessOf(": SELECT people")},
	"rows that policies hide":                            {access: rowsOf("app: SELECT orders", "globex"), want: "Failed RowsHidden"},
	"rows that a policy too many shows":                  {denied: denied, access: rowsOf("app: SELECT refunds", "globex"), want: "Failed RowsVisible"},
	"a table without row-level security":                 {denied: denied, access: rowsOf("app: SELECT invoices", "acme"), want: "Failed RowSecurityDisabled"},
	"one where the other tenant has no row yet":          {denied: denied, access: rowsOf("app: SELECT invoices", "globex"), want: "Failed RowSecurityDisabled"},
	"a role with BYPASSRLS":                              {denied: denied, access: rowsOf("auditor: SELECT orders", "globex"), want: "Failed RoleBypassesPolicies"},
	"the owner of a table":                               {denied: denied, access: rowsOf("keeper: SELECT payments", "globex"), want: "Failed OwnerBypassesPolicies"},
	"row-level security without a policy":                {access: accessOf("app: SELECT carts"), want: "Failed NoPolicyApplies"},
	"and the same where it is expected":                  {denied: denied, access: accessOf("app: SELECT carts")},
	"a policy for another verb alone":                    {access: accessOf("app: DELETE orders"), want: "Failed NoPolicyApplies"},
	"a policy that reads what the role may not":          {access: accessOf("app: SELECT members"), want: "Failed PolicyFails"},
	"a policy that needs a setting":                      {access: rowsOf("app: SELECT claims", "acme"), want: "Failed PolicyFails"},
	"a table privilege that lacks":                       {access: accessOf("outsider: SELECT orders"), want: "Failed TablePrivilegeMissing"},
	"and the same where it is expected to":               {denied: denied, access: accessOf("outsider: SELECT orders")},
	"a privilege for a column alone":                     {access: accessOf("app: SELECT people"), want: "Failed TablePrivilegeMissing"},
	"that column":                                        {access: columnsOf("app: SELECT people", "name")},
	"another column":                                     {access: columnsOf("app: SELECT people", "name", "salary"), want: "Failed ColumnPrivilegeMissing"},
	"another column, as expected":                        {denied: denied, access: columnsOf("app: SELECT people", "salary")},
	"writing that column":                                {access: columnsOf("app: UPDATE people", "name")},
	"a schema that the role may not use":                 {access: accessOf("app: SELECT backstage.plans"), want: "Failed SchemaUsageMissing"},
	"a role that the login is no member of":              {access: accessOf("stranger: SELECT orders"), want: "Failed SetRoleDenied"},
	"and so even where that would do":                    {denied: denied, access: accessOf("stranger: SELECT orders"), want: "Failed SetRoleDenied"},
	"no such role":                                       {access: accessOf("nobody: SELECT orders"), want: "Failed RoleNotFound"},
	"no such schema":                                     {access: accessOf("app: SELECT nowhere.orders"), want: "Failed SchemaNotFound"},
	"no such table":                                      {access: accessOf("app: SELECT nothing"), want: "Failed TableNotFound"},
	"no such table, where none may be read":              {denied: denied, access: accessOf("app: SELECT nothing"), want: "Failed TableNotFound"},
	"no such column":                                     {access: columnsOf("app: SELECT orders", "nothing"), want: "Failed ColumnNotFound"},
	"a value that the column cannot have":                {access: placedOf("app: SELECT orders", "yesterday"), want: "Failed ColumnTypeMismatch"},
	"a write without row-level security":                 {access: accessOf("app: INSERT invoices")},
	"a write that is expected to be denied":              {denied: denied, access: accessOf("app: INSERT invoices"), want: "Failed AccessAllowed"},
	"a write that lacks the privilege":                   {access: accessOf("app: UPDATE orders"), want: "Failed TablePrivilegeMissing"},
	"a write on which policies decide":                   {access: accessOf("app: INSERT orders"), want: "Unprovable PolicyDecides"},
	"a table that is open and not expected to be":        {denied: denied, access: accessOf("app: SELECT empty"), want: "Failed AccessAllowed"},
	"an empty table":                                     {access: accessOf("app: SELECT empty")},
	"rows of an empty table":                             {access: rowsOf("app: SELECT empty", "acme"), want: "Unprovable RowsUnproven"},
	"no row of any tenant":                               {access: without(accessOf("app: SELECT orders")), want: "Unprovable RowsUnproven"},
	"a view that reads as its owner":                     {denied: denied, access: rowsOf("app: SELECT summary", "globex"), want: "Failed AccessAllowed"},
	"a view that shows no such row":                      {denied: denied, access: rowsOf("app: SELECT summary", "initech"), want: "Unprovable RowsUnproven"},
	"a policy that writes ends with an error":            {access: accessOf("app: SELECT traps"), want: "Failed PolicyFails"},
	"a name that has more than one part is one name":     {access: &probe.PostgresAccess{Role: "app", Verb: "SELECT", Schema: "public", Table: "public.orders"}, want: "Failed TableNotFound"},
	"a setting whose value the server does not know":     {access: settingOf("timezone", "Nowhere/Nothing"), want: "Failed SettingDenied"},
	"a setting that says when, which changes no verdict": {access: settingOf("timezone", "UTC")},
}

func placedOf(text, value string) *probe.PostgresAccess {
	access := accessOf(text)
	access.Rows = &probe.PostgresRows{Column: "placed", Value: value}
	return access
}

// settingOf reads the app's own rows with one setting more.
func settingOf(name, value string) *probe.PostgresAccess {
	access := rowsOf("app: SELECT orders", "acme")
	access.Settings = append(access.Settings, probe.PostgresSetting{Name: name, Value: value})
	return access
}

// brief is the finding of a stage that is not good, without its arguments; empty where all are.
func brief(outcome map[string]string) string {
	for _, stage := range []string{"Configured", "Reachable", "Authenticated", "Provisioned", "Authorized"} {
		words := strings.Fields(outcome[stage])
		if len(words) > 1 {
			return strings.Join(words[:2], " ")
		}
	}
	return ""
}

func TestAccessToPostgres(t *testing.T) {
	t.Parallel()
	server := postgrestest.For(t)
	before := contents(t, server)
	for name, c := range accessCases {
		t.Run(name, func(t *testing.T) {
			target := accessTarget(server, probe.Expectation{Name: "expected", Denied: c.denied, Postgres: c.access})
			outcome := probed(t, target)
			if got := brief(outcome); got != c.want {
				t.Errorf("expected %q, found %q in %v", c.want, got, outcome)
			}
			if c.want == "" {
				want := map[string]string{
					"Reachable": "Passed", "Authenticated": "Passed", "Authorized": "Passed", "Provisioned": "Passed", "Working": "NotApplicable",
				}
				if diff := cmp.Diff(want, outcome); diff != "" {
					t.Errorf("wrong outcome (-want +got):\n%s", diff)
				}
			}
		})
	}
	t.Run("all in one transaction, which does not depend on their order", func(t *testing.T) {
		for _, c := range accessCases {
			if c.want != "" {
				continue
			}
			expectation := probe.Expectation{Name: "expected", Denied: c.denied, Postgres: c.access}
			noisy := probe.Expectation{Name: "noisy", Postgres: accessCases["an auditor sees all"].access}
			if outcome := probed(t, accessTarget(server, noisy, expectation, noisy)); brief(outcome) != "" {
				t.Errorf("%s: %v", expectation, outcome)
			}
		}
	})
	if after := contents(t, server); after != before {
		t.Errorf("the probes changed what the database holds: %s, then %s", before, after)
	}
}

// contents is how much the tables hold that somebody could want to change.
func contents(t *testing.T, server *postgrestest.Server) string {
	t.Helper()
	held, err := server.Ask(postgrestest.Database, `SELECT concat_ws('/', (SELECT count(*) FROM orders), (SELECT count(*) FROM invoices),
		(SELECT count(*) FROM traces), (SELECT count(*) FROM pg_roles), (SELECT count(*) FROM pg_class))`)
	if err != nil {
		t.Fatal(err)
	}
	return held
}

func TestSeveralFindingsOfOneCheck(t *testing.T) {
	t.Parallel()
	server := postgrestest.For(t)
	outcome := probed(t, accessTarget(server,
		probe.Expectation{Name: "reads", Postgres: rowsOf("app: SELECT orders", "acme")},
		probe.Expectation{Name: "hidden", Postgres: rowsOf("app: SELECT orders", "globex")},
		probe.Expectation{Name: "open", Denied: true, Postgres: rowsOf("app: SELECT invoices", "globex")},
		probe.Expectation{Name: "typo", Postgres: accessOf("app: SELECT odrers")},
		probe.Expectation{Name: "open-too", Denied: true, Postgres: rowsOf("app: SELECT invoices", "acme")},
	))
	want := map[string]string{
		"Reachable": "Passed", "Authenticated": "Passed", "Working": "NotApplicable",
		"Authorized": "Failed RowSecurityDisabled open (role app with app.tenant: SELECT on public.invoices where tenant = globex) " +
			"open-too (role app with app.tenant: SELECT on public.invoices where tenant = acme)",
		"Provisioned": "Failed TableNotFound typo (role app with app.tenant: SELECT on public.odrers)",
	}
	if diff := cmp.Diff(want, outcome); diff != "" {
		t.Errorf("wrong outcome (-want +got):\n%s", diff)
	}
}

func TestLoginsToPostgres(t *testing.T) {
	t.Parallel()
	server := postgrestest.For(t)
	held := probe.Expectation{Name: "reads", Postgres: rowsOf("app: SELECT orders", "acme")}
	for name, c := range map[string]struct {
		change func(*probe.Target)
		want   map[string]string
	}{
		"a wrong password": {
			func(t *probe.Target) { t.Credential = postgresLogin(postgrestest.Checker, "wrong password") },
			map[string]string{"Reachable": "Passed", "Authenticated": "Failed KeyRejected"},
		},
		"a user that does not exist looks the same": {
			func(t *probe.Target) { t.Credential = postgresLogin("nobody", postgrestest.Password) },
			map[string]string{"Reachable": "Passed", "Authenticated": "Failed KeyRejected"},
		},
		"a role without LOGIN": {
			func(t *probe.Target) { t.Credential = postgresLogin("sleeper", postgrestest.Password) },
			map[string]string{"Reachable": "Passed", "Authenticated": "Failed LoginNotPermitted"},
		},
		"a login that pg_hba.conf does not admit": {
			func(t *probe.Target) { t.Credential = postgresLogin("barred", postgrestest.Password) },
			map[string]string{"Reachable": "Passed", "Authenticated": "Failed LoginNotAdmitted"},
		},
		"no connection left": {
			func(t *probe.Target) { t.Credential = postgresLogin("crowded", postgrestest.Password) },
			map[string]string{"Reachable": "Failed TooManyConnections"},
		},
		"a superuser": {
			func(t *probe.Target) { t.Credential = postgresLogin("root", postgrestest.Password) },
			map[string]string{"Reachable": "Passed", "Authenticated": "Passed", "Authorized": "Failed OverprivilegedLogin superuser"},
		},
		"a member of a superuser": {
			func(t *probe.Target) { t.Credential = postgresLogin("heir", postgrestest.Password) },
			map[string]string{"Reachable": "Passed", "Authenticated": "Passed", "Authorized": "Failed OverprivilegedLogin superuser"},
		},
		"a login that may write files": {
			func(t *probe.Target) { t.Credential = postgresLogin("writer", postgrestest.Password) },
			map[string]string{"Reachable": "Passed", "Authenticated": "Passed", "Authorized": "Failed OverprivilegedLogin pg_write_server_files"},
		},
		"no such database": {
			func(t *probe.Target) { t.Database = "nowhere" },
			map[string]string{"Reachable": "Passed", "Authenticated": "Passed", "Provisioned": "Failed DatabaseNotFound"},
		},
		"no CONNECT on the database": {
			func(t *probe.Target) { t.Database = "vault" },
			map[string]string{"Reachable": "Passed", "Authenticated": "Passed", "Authorized": "Failed ConnectDenied"},
		},
		"an unknown authority": {
			func(t *probe.Target) { t.CA = nil },
			map[string]string{"Reachable": "Failed CertificateInvalid it is signed by an unknown authority"},
		},
		"a certificate for another host": {
			func(t *probe.Target) { t.BaseURL = strings.Replace(t.BaseURL, "127.0.0.1", "localhost", 1) },
			map[string]string{"Reachable": "Failed CertificateInvalid it is for another host name"},
		},
		"a certificate for another host, where the authority will do": {
			func(t *probe.Target) {
				t.BaseURL, t.TLS = strings.Replace(t.BaseURL, "127.0.0.1", "localhost", 1), probe.VerifyCA
			},
			nil,
		},
		"an unknown authority, where it has to be known": {
			func(t *probe.Target) { t.CA, t.TLS = nil, probe.VerifyCA },
			map[string]string{"Reachable": "Failed CertificateInvalid it is signed by an unknown authority"},
		},
		"any certificate":                        {func(t *probe.Target) { t.CA, t.TLS = nil, probe.AnyCertificate }, nil},
		"no TLS, which the administrator allows": {func(t *probe.Target) { t.TLS = probe.ClearText }, nil},
		"a server that wants to be told the password, and proves who it is": {
			func(t *probe.Target) { t.Credential = postgresLogin("teller", postgrestest.Password) },
			map[string]string{
				"Reachable": "Passed", "Authenticated": "Passed", "Working": "NotApplicable",
				"Authorized": "Failed SetRoleDenied reads (role app with app.tenant: SELECT on public.orders where tenant = acme)",
			},
		},
		"a server that wants to be told the password, and may be anybody": {
			func(t *probe.Target) {
				t.Credential, t.TLS = postgresLogin("teller", postgrestest.Password), probe.AnyCertificate
			},
			map[string]string{"Reachable": "Passed", "Authenticated": "Failed PasswordAskedFor"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			target := accessTarget(server, held)
			c.change(&target)
			want := c.want
			if want == nil {
				want = map[string]string{
					"Reachable": "Passed", "Authenticated": "Passed", "Authorized": "Passed", "Provisioned": "Passed", "Working": "NotApplicable",
				}
			}
			if diff := cmp.Diff(want, probed(t, target)); diff != "" {
				t.Errorf("wrong outcome (-want +got):\n%s", diff)
			}
		})
	}
}

func TestHostileNames(t *testing.T) {
	t.Parallel()
	server := postgrestest.For(t)
	before := contents(t, server)
	role, table := `we"ird; DROP TABLE orders; --`, `таблица /* " */ $1`
	weird := probe.PostgresAccess{
		Role: role, Verb: "SELECT", Schema: `sch"ema; --`, Table: table, Columns: []string{`col"umn'; RESET ROLE; --`},
		Settings: []probe.PostgresSetting{{Name: "app.x", Value: "x"}},
		Rows:     &probe.PostgresRows{Column: `col"umn'; RESET ROLE; --`, Value: `'; RESET ROLE; --`},
	}
	plain := weird
	plain.Columns = append(plain.Columns[:1:1], "plain")
	tooLong := weird
	tooLong.Table = strings.Repeat("ä", 32)
	for name, c := range map[string]struct {
		access probe.PostgresAccess
		want   string
	}{
		"names that exist are names and nothing more":   {plain, ""},
		"a role that would end the statement":           {change(weird, func(a *probe.PostgresAccess) { a.Role = `app'; RESET ROLE; --` }), "Failed RoleNotFound"},
		"a table that would be another":                 {change(weird, func(a *probe.PostgresAccess) { a.Table = `x"; DELETE FROM public.orders; --` }), "Failed TableNotFound"},
		"a column that would be an expression":          {change(weird, func(a *probe.PostgresAccess) { a.Columns = []string{`plain" FROM pg_authid; --`} }), "Failed ColumnNotFound"},
		"a column in Unicode escapes":                   {change(weird, func(a *probe.PostgresAccess) { a.Columns = []string{`U&"\0070lain"`} }), "Failed ColumnNotFound"},
		"no role, as SET ROLE calls it":                 {change(weird, func(a *probe.PostgresAccess) { a.Role = "none" }), "Failed ExpectationRefused"},
		"a name that PostgreSQL would cut off":          {tooLong, "Failed ExpectationRefused"},
		"a name with a null byte":                       {change(weird, func(a *probe.PostgresAccess) { a.Table = "orders\x00" }), "Failed ExpectationRefused"},
		"a name with a line break":                      {change(weird, func(a *probe.PostgresAccess) { a.Table = "orders\n" }), "Failed ExpectationRefused"},
		"a verb of another kind":                        {change(weird, func(a *probe.PostgresAccess) { a.Verb = "TRUNCATE" }), "Failed ExpectationRefused"},
		"a setting that would be the role":              {change(weird, setting("role", "root")), "Failed ExpectationRefused"},
		"a setting that would be another user":          {change(weird, setting("session_authorization", "root")), "Failed ExpectationRefused"},
		"a setting that would turn policies off":        {change(weird, setting("row_security", "off")), "Failed ExpectationRefused"},
		"a setting that would let writes through":       {change(weird, setting("transaction_read_only", "off")), "Failed ExpectationRefused"},
		"a setting that would take our time limit away": {change(weird, setting("statement_timeout", "0")), "Failed ExpectationRefused"},
		"a setting with a dot and more behind it":       {change(weird, setting("app.x'; RESET ROLE; --", "")), "Failed ExpectationRefused"},
		"a setting in another case":                     {change(weird, setting("ROLE", "root")), "Failed ExpectationRefused"},
		"a setting whose value would end the statement": {change(plain, setting("app.y", `'); RESET ROLE; --`)), ""},
	} {
		t.Run(name, func(t *testing.T) {
			outcome := probed(t, accessTarget(server, probe.Expectation{Name: "hostile", Postgres: &c.access}))
			if got := brief(outcome); got != c.want {
				t.Errorf("expected %q, found %q in %v", c.want, got, outcome)
			}
		})
	}
	if after := contents(t, server); after != before {
		t.Errorf("the probes changed what the database holds: %s, then %s", before, after)
	}
}

func change(access probe.PostgresAccess, how func(*probe.PostgresAccess)) probe.PostgresAccess {
	how(&access)
	return access
}

func setting(name, value string) func(*probe.PostgresAccess) {
	return func(a *probe.PostgresAccess) {
		a.Settings = append(a.Settings[:1:1], probe.PostgresSetting{Name: name, Value: value})
	}
}

func TestAPolicyThatTakesItsTimeLeavesTheOthersTheirs(t *testing.T) {
	t.Parallel()
	server := postgrestest.For(t)
	outcome := probed(t, accessTarget(server,
		probe.Expectation{Name: "slow", Postgres: accessOf("app: SELECT swamps")},
		probe.Expectation{Name: "hidden", Postgres: rowsOf("app: SELECT orders", "globex")},
	))
	if got := brief(outcome); got != "Failed RowsHidden" {
		t.Errorf("expected the second expectation to be judged all the same, found %v", outcome)
	}
	outcome = probed(t, accessTarget(server, probe.Expectation{Name: "slow", Postgres: accessOf("app: SELECT swamps")}))
	if got := brief(outcome); got != "Undecided StatementTooSlow" {
		t.Errorf("expected it to be left open, found %v", outcome)
	}
}
