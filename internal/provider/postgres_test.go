// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"strings"
	"testing"

	"mainstay.dev/mainstay/internal/probe"
)

// oracle answers every transaction alike. Real servers are asked in realtest.
type oracle struct {
	parrot
	results probe.Results
}

func (o *oracle) Transact(context.Context, probe.Transaction) probe.Results { return o.results }

func accessTarget(expectations ...probe.Expectation) probe.Target {
	return probe.Target{
		Kind: "AccessCheck", Provider: "Postgres", BaseURL: "postgres://db.example.com:5432", Database: "shop", TLS: probe.VerifyFull,
		Credential: probe.NewSecretOf(map[string]string{probe.UsernamePart: "checker", probe.PasswordPart: "s3cretpassword"}),
		Wants:      probe.AccessWants{Expectations: expectations},
	}
}

func readOf(table string) probe.Expectation {
	return probe.Expectation{Name: "read", Postgres: &probe.PostgresAccess{Verb: "SELECT", Schema: "public", Table: table}}
}

func TestWhatKeepsADatabaseFromAnswering(t *testing.T) {
	for name, c := range map[string]struct {
		refusal probe.SQLError
		want    string
	}{
		"it is starting up":                 {probe.SQLError{Code: "57P03"}, "Failed DatabaseUnavailable 57P03"},
		"it is shutting down":               {probe.SQLError{Code: "57P01"}, "Failed DatabaseUnavailable 57P01"},
		"its disk is full":                  {probe.SQLError{Code: "53100"}, "Failed DatabaseUnavailable 53100"},
		"too many clients already":          {probe.SQLError{Code: "53300"}, "Failed TooManyConnections"},
		"a wrong password":                  {probe.SQLError{Code: "28P01"}, "Failed KeyRejected"},
		"a wrong password at an old pooler": {probe.SQLError{Code: "08P01", Message: "SASL authentication failed"}, "Failed KeyRejected"},
		"no such database at an old pooler": {probe.SQLError{Code: "08P01", Message: "No such database: shop"}, "Failed DatabaseNotFound"},
		"a user name without the project": {
			probe.SQLError{Code: "XX000", Message: "Tenant or user not found"}, "Failed PoolerProjectUnknown",
		},
		"a project that a pooler does not know": {
			probe.SQLError{Code: "XX000", Message: "(ENOTFOUND) tenant/user postgres.abcd not found"}, "Failed PoolerProjectUnknown",
		},
		"no project at all": {
			probe.SQLError{Code: "XX000", Message: "(ENOIDENTIFIER) no tenant identifier provided (external_id or sni_hostname required)"},
			"Failed PoolerProjectUnknown",
		},
		"an address that a pooler does not admit": {
			probe.SQLError{Code: "XX000", Message: "(EADDRNOTALLOWED) address not in tenant allow_list: {192, 0, 2, 1}"}, "Failed LoginNotAdmitted",
		},
		"a pooler that wants TLS": {
			probe.SQLError{Code: "XX000", Message: "(ESSLREQUIRED) SSL connection is required for user: postgres"}, "Failed LoginNotAdmitted",
		},
		"a pool that is full, by session": {
			probe.SQLError{Code: "XX000", Message: "(EMAXCONNSESSION) max clients reached in session mode"}, "Failed TooManyConnections",
		},
		"a pool that is full, by transaction": {
			probe.SQLError{Code: "XX000", Message: "Max client connections reached"}, "Failed TooManyConnections",
		},
		"a full PgBouncer": {
			probe.SQLError{Code: "08P01", Message: "no more connections allowed (max_client_conn)"}, "Failed TooManyConnections",
		},
		"a PgBouncer whose own server lets it in no more": {
			probe.SQLError{Code: "08P01", Message: `server login has been failing, cached error: password authentication failed for user "a" (server_login_retry)`},
			"Failed DatabaseUnavailable 08P01",
		},
		"a PgBouncer that waits for its server": {
			probe.SQLError{Code: "08P01", Message: "query_wait_timeout"}, "Failed DatabaseUnavailable 08P01",
		},
		"a wrong password, by PAM":             {probe.SQLError{Code: "28000", Message: `PAM authentication failed for user "shop"`}, "Failed KeyRejected"},
		"a role that may not log in":           {probe.SQLError{Code: "28000", Message: `role "shop" is not permitted to log in`}, "Failed LoginNotPermitted"},
		"no line in pg_hba.conf, in German":    {probe.SQLError{Code: "28000", Message: "kein pg_hba.conf-Eintrag"}, "Failed LoginNotAdmitted"},
		"a code that nobody knows":             {probe.SQLError{Code: "ZZ999"}, "Failed UnexpectedAnswer"},
		"a code that is none":                  {probe.SQLError{Code: "57\nfake: s3cretpassword"}, "Failed DatabaseUnavailable"},
		"no connect, from whom cannot be told": {probe.SQLError{Code: "42501"}, "Failed ConnectDenied"},
	} {
		t.Run(name, func(t *testing.T) {
			target := accessTarget(readOf("orders"))
			client := &oracle{results: probe.Results{Connected: true, Refusal: c.refusal}}
			outcome := Probe(t.Context(), client, target).Outcome
			checkSound(t, outcome, target)
			found := false
			for _, f := range outcome {
				found = found || strings.TrimSpace(f.Result.String()+" "+f.Symptom.String()+" "+strings.Join(f.Args, " ")) == c.want
			}
			if !found {
				t.Errorf("expected %s, found %v", c.want, outcome)
			}
		})
	}
}

// TestNoStatementHoldsWhatASpecSays looks for the texts of a spec in the SQL: they are arguments, or quoted.
func TestNoStatementHoldsWhatASpecSays(t *testing.T) {
	c := newCheck(probe.Expectation{Name: "hostile", Postgres: &probe.PostgresAccess{
		Role: "a-role", Settings: []probe.PostgresSetting{{Name: "a.setting", Value: "a-value"}}, Verb: "SELECT",
		Schema: `sch"ema`, Table: `ta"ble`, Columns: []string{`col"umn`}, Rows: &probe.PostgresRows{Column: `ro"w`, Value: "a-row"},
	}})
	for _, s := range c.turn() {
		for _, text := range []string{"a-role", "a.setting", "a-value", "a-row"} {
			if strings.Contains(s.SQL, text) {
				t.Errorf("%q is in the statement %s", text, s.SQL)
			}
		}
		rest := s.SQL
		for _, quoted := range []string{`"sch""ema"`, `"ta""ble"`, `"col""umn"`, `"ro""w"`} {
			rest = strings.ReplaceAll(rest, quoted, "")
		}
		for _, text := range []string{"sch", "ta\"", "umn", `ro"`} {
			if s.SQL != rights && strings.Contains(rest, text) && !strings.Contains(rest, "set_config") {
				t.Errorf("%q stands unquoted in the statement %s", text, s.SQL)
			}
		}
	}
}

// FuzzAccess has a database answer a check with anything. The outcome has to be sound, and must not be good unless
// the privileges are.
func FuzzAccess(f *testing.F) {
	f.Add("", "", "t,t,t,t,t,t,t,t,t,f,t", "t", 2)
	f.Add("", "", "t,t,t,t,t,t,t,t,t,f,t", "f", 2)
	f.Add("42501", "permission denied", "t,t,t,t,f,t,t,f,f,f,f", "", 1)
	f.Add("57014", "canceling statement", "", "", 0)
	f.Add("22P02", "unnamed portal parameter $1", "t,t,t,t,t,t,t,t,t,f,t", "", 1)
	f.Fuzz(func(t *testing.T, code, message, row, shows string, tables int) {
		all := [][]probe.Row{{probe.Row(strings.Split(row, ","))}, {{shows}}, {}}
		result := probe.TurnResult{Tables: all[:min(max(tables, 0), len(all))], Refusal: probe.SQLError{Code: code, Message: message, Where: message}}
		target := accessTarget(readOf("orders"))
		client := &oracle{results: probe.Results{Connected: true, LoggedIn: true, Turns: []probe.TurnResult{result}}}
		outcome := Probe(t.Context(), client, target).Outcome
		checkSound(t, outcome, target)
		may := tables >= 2 && strings.HasPrefix(row, "t,t,t,t,t,")
		if outcome[probe.Authorized].Result == probe.Passed && !may {
			t.Errorf("the access passed on %q, %q and %q", row, shows, code)
		}
	})
}
