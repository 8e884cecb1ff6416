// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"cmp"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// HTTPAccess is a request that somebody sends.
type HTTPAccess struct {
	// As is the key of the Secret that holds the token of who asks; empty for nobody, who has none.
	As           string
	Method, Path string
}

// PostgRESTAccess is something that somebody reads through PostgREST.
type PostgRESTAccess struct {
	// As is the key of the Secret that holds the token of who asks; empty for nobody, who has none.
	As string
	// Role is the one that the token claims, as nobody has checked; empty where it claims none.
	Role string
	// Schema is empty for the one that the server takes.
	Schema, Table string
	// Columns are those that are read; none for all.
	Columns []string
	// Rows are those that are meant; nil for any.
	Rows *PostgresRows
}

// Identified returns the expectations with the roles that the tokens of a credential claim.
func (w AccessWants) Identified(credential Secret) AccessWants {
	w.Expectations = slices.Clone(w.Expectations)
	for i, e := range w.Expectations {
		if e.PostgREST == nil || e.PostgREST.As == "" {
			continue
		}
		access := *e.PostgREST
		if role, admitted := Token(credential.Only(access.As).Role()); admitted {
			access.Role = role
		}
		w.Expectations[i].PostgREST = &access
	}
	return w
}

// longestShown is how much of a path a message has.
const longestShown = 96

// String says who sends what.
func (a HTTPAccess) String() string {
	path := a.Path
	if len(path) > longestShown {
		path = path[:longestShown] + "…"
	}
	return who(a.As) + ": " + a.Method + " " + path
}

// String says who reads what. Of long lists it has the beginning.
func (a PostgRESTAccess) String() string {
	as := who(a.As)
	if a.Role != "" {
		as += ", role " + a.Role
	}
	relation := shown(a.Table)
	if a.Schema != "" {
		relation = shown(a.Schema) + "." + relation
	}
	return as + ": " + access("SELECT", relation, a.Columns, a.Rows)
}

func who(tokenKey string) string { return cmp.Or(tokenKey, "nobody") }

var (
	readingMethods = []string{http.MethodGet, http.MethodHead, http.MethodOptions}
	requestPath    = regexp.MustCompile(`^/[A-Za-z0-9._~%!$&()*+,;=:@/?-]*$`)
)

// Sendable says whether the request can be sent as it is written. The API server holds specs to the same.
func (a HTTPAccess) Sendable() bool {
	return slices.Contains(readingMethods, a.Method) && requestPath.MatchString(a.Path)
}

// Sendable says whether it can be asked for as it is written. The API server holds specs to the same.
func (a PostgRESTAccess) Sendable() bool {
	isControl := func(r rune) bool { return r < ' ' || r == 0x7f }
	isNoHeader := func(r rune) bool { return r < '!' || r > '~' }
	for _, name := range append([]string{a.Table}, a.Columns...) {
		if name == "" || strings.ContainsFunc(name, isControl) {
			return false
		}
	}
	return !strings.ContainsFunc(a.Schema, isNoHeader) && (a.Rows == nil || a.Rows.Column != "")
}
