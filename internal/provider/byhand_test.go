// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"mainstay.dev/mainstay/internal/probe"
)

func TestWhatIsTypedByHandIsWhatAProbeAsks(t *testing.T) {
	for name, c := range map[string]struct {
		access probe.PostgresAccess
		want   string
	}{
		"rows of a tenant": {
			probe.PostgresAccess{
				Role: "app", Settings: []probe.PostgresSetting{{Name: "app.tenant", Value: "acme"}}, Verb: "SELECT", Schema: "public", Table: "orders",
				Rows: &probe.PostgresRows{Column: "tenant", Value: "globex"},
			},
			`SET LOCAL ROLE "app";
SELECT set_config('app.tenant', 'acme', true);
SELECT EXISTS (SELECT FROM "public"."orders" WHERE "tenant" = 'globex');`,
		},
		"columns, as the login": {
			probe.PostgresAccess{Verb: "SELECT", Schema: "public", Table: "people", Columns: []string{"id", "name"}},
			`SELECT EXISTS (SELECT "id", "name" FROM "public"."people");`,
		},
		"a write, which is not done": {
			probe.PostgresAccess{Role: "app", Verb: "INSERT", Schema: "public", Table: "orders"},
			`SET LOCAL ROLE "app";
SELECT has_table_privilege('"public"."orders"'::regclass, 'INSERT');`,
		},
		"a write to columns": {
			probe.PostgresAccess{Verb: "UPDATE", Schema: "public", Table: "people", Columns: []string{"name", "it's"}},
			`SELECT has_column_privilege('"public"."people"'::regclass, 'name', 'UPDATE');
SELECT has_column_privilege('"public"."people"'::regclass, 'it''s', 'UPDATE');`,
		},
		"names and values that want to be more": {
			probe.PostgresAccess{
				Role: `app"; DROP TABLE orders; --`, Settings: []probe.PostgresSetting{{Name: "app.x", Value: "'); \\! rm -rf /\nSQL\nrm -rf /"}},
				Verb: "SELECT", Schema: "public", Table: "a\u202eb", Rows: &probe.PostgresRows{Column: `c\d`, Value: `\`},
			},
			`SET LOCAL ROLE "app""; DROP TABLE orders; --";
SELECT set_config('app.x', E'''); \\! rm -rf /\U0000000ASQL\U0000000Arm -rf /', true);
SELECT EXISTS (SELECT FROM "public".U&"a\+00202Eb" WHERE "c\d" = E'\\');`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := strings.Join(ByHand(c.access), "\n")
			if diff := cmp.Diff("BEGIN READ ONLY;\n"+c.want+"\nROLLBACK;", got); diff != "" {
				t.Errorf("wrong statements (-want +got):\n%s", diff)
			}
		})
	}
	if got := ByHand(probe.PostgresAccess{Role: "none", Verb: "SELECT", Schema: "public", Table: "orders"}); got != nil {
		t.Errorf("expected nothing for what no probe asks, found %q", got)
	}
}

// FuzzByHand writes any names and values: each statement has to stay on one line, with nothing in it that cannot be
// seen, and outside of quotes nothing that is not ours.
func FuzzByHand(f *testing.F) {
	f.Add("app", "app.x", "acme", "public", "orders", "tenant", "globex")
	f.Add(`a"b`, "app.x", `\`, `'`, "\u202e", "U&\"x\"", "a\nb\\' $1")
	f.Fuzz(func(t *testing.T, role, setting, value, schema, table, column, row string) {
		for _, verb := range []string{"SELECT", "UPDATE"} {
			a := probe.PostgresAccess{
				Role: role, Settings: []probe.PostgresSetting{{Name: setting, Value: value}}, Verb: verb, Schema: schema, Table: table,
				Columns: []string{column},
			}
			if verb == "SELECT" {
				a.Rows = &probe.PostgresRows{Column: column, Value: row}
			}
			for _, line := range ByHand(a) {
				if strings.ContainsFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }) {
					t.Errorf("what cannot be seen is in %q", line)
				}
				if rest := unquoted(line); strings.ContainsAny(rest, `\"'$`) || strings.Count(rest, ";") != 1 || !strings.HasSuffix(rest, ";") {
					t.Errorf("outside of quotes stands %q, of %q", rest, line)
				}
			}
		}
	})
}

// unquoted is what PostgreSQL reads of a statement as its words: quoted text is left out, with the signs of escapes.
func unquoted(line string) string {
	var rest strings.Builder
	for i := 0; i < len(line); i++ {
		quote := line[i]
		if quote != '"' && quote != '\'' {
			rest.WriteByte(quote)
			continue
		}
		escapes := strings.HasSuffix(rest.String(), "E") && quote == '\''
		for i++; i < len(line); i++ {
			switch {
			case escapes && line[i] == '\\':
				i++
			case line[i] == quote && i+1 < len(line) && line[i+1] == quote:
				i++
			case line[i] == quote:
				quote = 0
			}
			if quote == 0 {
				break
			}
		}
	}
	return rest.String()
}
