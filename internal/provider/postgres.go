// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"

	"mainstay.dev/mainstay/internal/probe"
)

// postgresKeys are the keys of a Secret that hold a login of PostgreSQL, where its spec names no key with a
// connection URI. Operators of PostgreSQL write such Secrets.
var postgresKeys = []Key{
	{Name: probe.UsernamePart, Chosen: true}, {Name: probe.PasswordPart, Chosen: true},
	{Name: "host", Optional: true, Chosen: true}, {Name: "port", Optional: true, Chosen: true}, {Name: "dbname", Optional: true, Chosen: true},
}

// postgresBase is the base URL of a provider that speaks Postgres: the spec or the Secret names the server.
const postgresBase = "postgres://{place}"

// postgresRenewal is how one comes by a new login of PostgreSQL.
const postgresRenewal = "set a new password with ALTER ROLE"

// postgresSource says where what is known of PostgreSQL comes from.
const postgresSource = "PostgreSQL documentation, appendix A (error codes) and chapter 5.9 (row security); dialogues with PostgreSQL 15"

// poolerSource says where what is known of its poolers comes from besides.
const poolerSource = "; source of Supavisor and PgBouncer"

// transact has a database take turns, in one transaction that is rolled back. It says whether the database did;
// where it did not, why is in the outcome.
func (r *run) transact(ctx context.Context, turns []probe.Turn) (probe.Results, bool) {
	server, err := url.Parse(r.target.BaseURL)
	if err != nil {
		r.outcome.Fail(probe.ProbeFailed)
		return probe.Results{}, false
	}
	results := r.client.Transact(ctx, probe.Transaction{
		Server: probe.URLHostPort(server), Database: r.target.Database, TLS: r.target.TLS,
		Credential: r.target.Credential, CA: r.target.CA, Turns: turns,
	})
	symptom, args := databaseTrouble(results)
	if symptom == (probe.Symptom{}) || symptom.Stage() >= probe.Authenticated {
		r.reached(results.Expires)
	}
	if results.LoggedIn {
		r.proven(probe.Authenticated)
	}
	switch {
	case symptom != (probe.Symptom{}):
		r.outcome.Fail(symptom, args...)
		return results, false
	case len(results.Turns) != len(turns):
		r.outcome.Fail(probe.ProbeFailed)
		return results, false
	}
	return results, true
}

// databaseTrouble says what kept a database from taking its turns; nothing where it took them.
func databaseTrouble(r probe.Results) (probe.Symptom, []string) {
	switch {
	case r.Fault != (probe.Symptom{}):
		return r.Fault, r.FaultArgs
	case r.Refusal.Code != "":
		return refusalSymptom(r.Refusal)
	case len(r.TooMuch) > 0:
		return probe.OverprivilegedLogin, r.TooMuch
	}
	return probe.Symptom{}, nil
}

// SQLSTATEs of PostgreSQL, appendix A of its documentation.
const (
	statementTimedOut     = "57014"
	lockNotAvailable      = "55P03"
	noSuchRole            = "22023" // at SET ROLE
	undefinedFunction     = "42883"
	classOfDataFaults     = "22"
	insufficientPrivilege = "42501"
)

// tookTooLong says whether a server gave a statement up since its time was over, or since it waited for a lock.
func tookTooLong(e probe.SQLError) bool {
	return e.Code == statementTimedOut || e.Code == lockNotAvailable
}

// identifier quotes a name.
func identifier(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// columnList is a list of names, for a statement to take as one value.
func columnList(names []string) string {
	list, _ := json.Marshal(append([]string{}, names...)) // Strings always marshal, and none is an empty list.
	return string(list)
}

// refusals are errors with which a server lets nobody in, or ends a transaction: by the beginning of their code,
// and a part of their message where the code says several things. The first that matches decides.
var refusals = []struct {
	code, says string
	means      probe.Symptom
}{
	// Poolers say in words what PostgreSQL has codes for: Supavisor with XX000, PgBouncer with 08P01.
	{"", "tenant or user not found", probe.PoolerProjectUnknown},
	{"", "tenant/user ", probe.PoolerProjectUnknown},
	{"", "no tenant identifier", probe.PoolerProjectUnknown},
	{"", "not in tenant allow_list", probe.LoginNotAdmitted},
	{"", "ssl connection is required", probe.LoginNotAdmitted},
	{"", "max clients reached", probe.TooManyConnections},
	{"", "max client connections reached", probe.TooManyConnections},
	{"", "(max_client_conn)", probe.TooManyConnections},
	{"08P01", "server login has been failing", probe.DatabaseUnavailable}, // It has the server's words in it.
	{"08P01", "query_wait_timeout", probe.DatabaseUnavailable},
	{"28P01", "", probe.KeyRejected},
	// The name of the file stands in the message whatever its language.
	{"28000", "pg_hba.conf", probe.LoginNotAdmitted},
	{"28000", "authentication failed", probe.KeyRejected}, // By PAM, LDAP, GSSAPI and the like.
	{"28", "", probe.LoginNotPermitted},
	{"42501", "", probe.ConnectDenied},
	{"3D000", "", probe.DatabaseNotFound},
	{"53300", "", probe.TooManyConnections},
	// A pooler that is older answers with an error of the protocol.
	{"08P01", "authentication failed", probe.KeyRejected},
	{"08P01", "no such database", probe.DatabaseNotFound},
	{"53", "", probe.DatabaseUnavailable}, // It has run out of something.
	{"57", "", probe.DatabaseUnavailable}, // It is starting up, shutting down or in recovery.
	{"58", "", probe.DatabaseUnavailable},
	{"XX", "", probe.DatabaseUnavailable},
}

func refusalSymptom(e probe.SQLError) (probe.Symptom, []string) {
	for _, known := range refusals {
		if !strings.HasPrefix(e.Code, known.code) || !strings.Contains(strings.ToLower(e.Message), known.says) {
			continue
		}
		if known.means == probe.DatabaseUnavailable {
			return known.means, probe.Tokens(e.Code)
		}
		return known.means, nil
	}
	return probe.UnexpectedAnswer, nil
}
