// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"fmt"
	"strings"
	"unicode"

	"mainstay.dev/mainstay/internal/probe"
)

// ByHand returns what a probe asks a database, as lines that a person can give to psql; nothing for what no probe
// asks. What comes from a spec is quoted, each on one line, and shows what it is: nothing in it ends a statement, is
// read as a command of psql or of the shell, or turns the direction of what is printed.
func ByHand(a probe.PostgresAccess) []string {
	if !sendable(a) {
		return nil
	}
	lines := []string{"BEGIN READ ONLY;"}
	if a.Role != "" {
		lines = append(lines, "SET LOCAL ROLE "+typedIdentifier(a.Role)+";")
	}
	for _, s := range a.Settings {
		lines = append(lines, fmt.Sprintf("SELECT set_config(%s, %s, true);", literal(s.Name), literal(s.Value)))
	}
	if a.Verb == "SELECT" {
		return append(lines, selectByHand(a), "ROLLBACK;")
	}
	// Nothing is written, so what the catalog says of the privilege has to do.
	table := literal(identifier(a.Schema) + "." + identifier(a.Table))
	if len(a.Columns) == 0 {
		lines = append(lines, fmt.Sprintf("SELECT has_table_privilege(%s::regclass, '%s');", table, a.Verb))
	}
	for _, column := range a.Columns {
		lines = append(lines, fmt.Sprintf("SELECT has_column_privilege(%s::regclass, %s, '%s');", table, literal(column), a.Verb))
	}
	return append(lines, "ROLLBACK;")
}

// selectByHand is the select of a probe.
func selectByHand(a probe.PostgresAccess) string {
	query := "SELECT EXISTS (SELECT"
	for i, column := range a.Columns {
		if i > 0 {
			query += ","
		}
		query += " " + typedIdentifier(column)
	}
	query += " FROM " + typedIdentifier(a.Schema) + "." + typedIdentifier(a.Table)
	if a.Rows != nil {
		query += " WHERE " + typedIdentifier(a.Rows.Column) + " = " + literal(a.Rows.Value)
	}
	return query + ");"
}

// typedIdentifier quotes a name for who reads and types it: what cannot be seen is escaped.
func typedIdentifier(name string) string {
	if plainText(name) {
		return identifier(name)
	}
	return `U&"` + escaped(strings.ReplaceAll(name, `"`, `""`), `\+%06X`) + `"`
}

// literal quotes a value, likewise. A backslash is escaped in a way that means the same whatever the server's
// settings are.
func literal(value string) string {
	quoted := strings.ReplaceAll(value, "'", "''")
	if plainText(value) && !strings.Contains(value, `\`) {
		return "'" + quoted + "'"
	}
	return "E'" + escaped(quoted, `\U%08X`) + "'"
}

// escaped doubles backslashes, and writes what cannot be seen in a format.
func escaped(text, format string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '\\':
			b.WriteString(`\\`)
		case unicode.IsPrint(r):
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, format, r)
		}
	}
	return b.String()
}

// plainText says whether all of a text can be seen.
func plainText(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) })
}
