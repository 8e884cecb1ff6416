// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"regexp"
	"strconv"
	"strings"
)

// AccessWants is what an AccessCheck expects.
type AccessWants struct {
	Expectations []Expectation
	// GatewayKey is the key of the Secret under which the API key of a gateway before PostgREST may be.
	GatewayKey string
}

// Expectation is one thing that somebody may do, or may not.
type Expectation struct {
	Name string
	// Denied says that it must not be possible.
	Denied bool
	// Postgres is set for a database, HTTP for an API, PostgREST for a database behind PostgREST, and Kubernetes
	// for a cluster.
	Postgres   *PostgresAccess
	HTTP       *HTTPAccess
	PostgREST  *PostgRESTAccess
	Kubernetes *KubernetesAccess
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
	what := ""
	switch {
	case e.Postgres != nil:
		what = e.Postgres.String()
	case e.HTTP != nil:
		what = e.HTTP.String()
	case e.PostgREST != nil:
		what = e.PostgREST.String()
	case e.Kubernetes != nil:
		what = e.Kubernetes.String()
	default:
		return e.Name
	}
	return e.Name + " (" + what + ")"
}

// String says who does what. Of settings it has the names alone, and of long lists the beginning.
func (a PostgresAccess) String() string {
	who := "the login"
	if a.Role != "" {
		who = "role " + shown(a.Role)
	}
	var settings []string
	for _, s := range a.Settings {
		settings = append(settings, s.Name)
	}
	if len(settings) > 0 {
		who += " with " + some(settings, mostShown)
	}
	return who + ": " + access(a.Verb, shown(a.Schema)+"."+shown(a.Table), a.Columns, a.Rows)
}

// access says what is done to a relation.
func access(verb, relation string, columns []string, rows *PostgresRows) string {
	what := verb + " on " + relation
	var names []string
	for _, c := range columns {
		names = append(names, shown(c))
	}
	if len(names) > 0 {
		what += " (" + some(names, mostShown) + ")"
	}
	if rows != nil {
		what += " where " + shown(rows.Column) + " = " + shown(rows.Value)
	}
	return what
}

// mostShown is how many of many names a message has.
const mostShown = 3

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
