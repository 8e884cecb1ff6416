// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// AccessWants is what an AccessCheck expects.
type AccessWants struct{ Expectations []Expectation }

// Expectation is one thing that somebody may do, or may not.
type Expectation struct {
	Name string
	// Denied says that it must not be possible.
	Denied bool
	// Postgres is set for a database.
	Postgres *PostgresAccess
}

// PostgresAccess is something that a role does in a database.
type PostgresAccess struct {
	// Role is empty for the login itself.
	Role     string
	Settings []PostgresSetting
	// Verb is a privilege as SQL calls it: SELECT, INSERT, UPDATE or DELETE.
	Verb          string
	Schema, Table string
	// Columns are those that it is done to; none for the table as a whole.
	Columns []string
	// Rows are those that are meant; nil for any.
	Rows *PostgresRows
}

// PostgresSetting is a parameter of a session.
type PostgresSetting struct{ Name, Value string }

// PostgresRows are the rows whose column has a value.
type PostgresRows struct{ Column, Value string }

// Names implements Wants: they are the expectations in short, with who and what.
func (w AccessWants) Names() []string {
	names := make([]string, len(w.Expectations))
	for i, e := range w.Expectations {
		names[i] = e.String()
	}
	return names
}

// Scope implements Wants: no expectation is said to need one.
func (w AccessWants) Scope(string) []string { return nil }

// Empty implements Wants.
func (w AccessWants) Empty() bool { return len(w.Expectations) == 0 }

// String says what is expected, as messages name it.
func (e Expectation) String() string {
	if e.Postgres == nil {
		return e.Name
	}
	return e.Name + " (" + e.Postgres.String() + ")"
}

// String says who does what. Of settings it has the names alone, and of long lists the beginning.
func (a PostgresAccess) String() string {
	const most = 3
	who := "the login"
	if a.Role != "" {
		who = "role " + shown(a.Role)
	}
	var settings []string
	for _, s := range a.Settings {
		settings = append(settings, s.Name)
	}
	if len(settings) > 0 {
		who += " with " + some(settings, most)
	}
	what := fmt.Sprintf("%s on %s.%s", a.Verb, shown(a.Schema), shown(a.Table))
	var columns []string
	for _, c := range a.Columns {
		columns = append(columns, shown(c))
	}
	if len(columns) > 0 {
		what += " (" + some(columns, most) + ")"
	}
	if a.Rows != nil {
		what += fmt.Sprintf(" where %s = %s", shown(a.Rows.Column), shown(a.Rows.Value))
	}
	return who + ": " + what
}

// some joins the first of many.
func some(words []string, most int) string {
	if len(words) > most {
		words = append(words[:most:most], "…")
	}
	return strings.Join(words, ", ")
}

var plainName = regexp.MustCompile(`^[A-Za-z0-9_.:@/-]+$`)

// shown is a name from a spec as a message has it: in quotes where it could be taken for something else, and no
// longer than a name is.
func shown(name string) string {
	const most = 63
	if plainName.MatchString(name) && len(name) <= most {
		return name
	}
	if runes := []rune(name); len(runes) > most {
		name = string(runes[:most]) + "…"
	}
	return strconv.Quote(name)
}
