// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package realtest_test

import (
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"mainstay.dev/mainstay/internal/probe"
	"mainstay.dev/mainstay/internal/provider"
	"mainstay.dev/mainstay/internal/provider/postgrestest"
	"mainstay.dev/mainstay/internal/provider/providertest"
)

// TestWhatIsTypedByHandSaysTheSameAsAProbe gives what a probe asks to psql, through a shell, as a person does who
// copies it. Values are made up to get out of the quotes of SQL, of psql and of the shell.
func TestWhatIsTypedByHandSaysTheSameAsAProbe(t *testing.T) {
	t.Parallel()
	psql, missing := exec.LookPath("psql")
	providertest.Need(t, missing == nil, "psql")
	server := postgrestest.For(t)
	before := contents(t, server)
	place := newPlace(t)
	place.write("ca.crt", string(server.CA))
	host, port, _ := net.SplitHostPort(server.Address)
	type hand struct {
		access *probe.PostgresAccess
		says   string
	}
	cases := map[string]hand{
		"rows that are visible":    {rowsOf("app: SELECT orders", "acme"), "t"},
		"rows that are hidden":     {rowsOf("app: SELECT orders", "globex"), "f"},
		"a privilege that lacks":   {accessOf("outsider: SELECT orders"), "permission denied for table orders"},
		"a role that is not there": {accessOf("nobody: SELECT orders"), `role "nobody" does not exist`},
		"a write":                  {accessOf("app: INSERT invoices"), "t"},
		"a write to a column":      {columnsOf("app: UPDATE people", "salary"), "f"},
		"a write that lacks":       {accessOf("app: UPDATE orders"), "f"},
	}
	for _, value := range []string{
		`'; RESET ROLE; --`, `\'; DELETE FROM orders; --`, "\nSQL\ntouch escaped\n", "$(touch escaped)", "`touch escaped`",
		`\! touch escaped`, `:'PGPASSWORD'`, "\u202ex", `E'\x27'`, `$$; DELETE FROM orders; $$`,
	} {
		hostile := rowsOf("app: SELECT orders", value)
		hostile.Settings = append(hostile.Settings, probe.PostgresSetting{Name: "app.x", Value: value})
		cases["the value "+value] = hand{hostile, "f"}
	}
	weird := &probe.PostgresAccess{
		Role: `we"ird; DROP TABLE orders; --`, Verb: "SELECT", Schema: `sch"ema; --`, Table: `таблица /* " */ $1`, Columns: []string{"plain"},
		Settings: []probe.PostgresSetting{{Name: "app.x", Value: "x"}}, Rows: &probe.PostgresRows{Column: `col"umn'; RESET ROLE; --`, Value: `'; RESET ROLE; --`},
	}
	cases["names that exist are names and nothing more"] = hand{weird, "t"}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			command := exec.CommandContext(t.Context(), "bash", "-c", psql+" -X -At <<'SQL'\n"+strings.Join(provider.ByHand(*c.access), "\n")+"\nSQL")
			command.Dir = place.folder
			command.Env = append(os.Environ(), "PGHOST="+host, "PGPORT="+port, "PGDATABASE="+postgrestest.Database, "PGUSER="+postgrestest.Checker,
				"PGPASSWORD="+postgrestest.Password, "PGSSLMODE=verify-full", "PGSSLROOTCERT="+place.path("ca.crt"))
			out, err := command.CombinedOutput()
			lines := strings.Split(strings.TrimSpace(string(out)), "\n")
			// What is refused ends the transaction, so that no more is done.
			said := lines[max(len(lines)-2, 0)]
			if err != nil || lines[len(lines)-1] != "ROLLBACK" || said != c.says && !strings.Contains(string(out), "ERROR:  "+c.says) {
				t.Errorf("expected %q before the end, found %v:\n%s", c.says, err, out)
			}
		})
	}
	if _, err := os.Stat(place.path("escaped")); err == nil {
		t.Error("a value got out of its quotes, into the shell")
	}
	if after := contents(t, server); after != before {
		t.Errorf("what was typed changed what the database holds: %s, then %s", before, after)
	}
}
