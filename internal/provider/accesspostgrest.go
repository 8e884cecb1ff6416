// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"mainstay.dev/mainstay/internal/probe"
)

// accessPostgREST is who may read what through PostgREST, which acts as the role that a token claims. It shows what
// that role sees; why it sees no more, or too much, only the catalog of the database tells.
var accessPostgREST = Provider{
	Kind: "AccessCheck", Name: "PostgREST", Credential: "token", Renewal: tokenRenewal,
	Auth: probe.Bearer,
	Asks: (*run).checkTables, Rules: postgRESTRules,
	Facts: Facts{
		Proves: []string{
			"each token is accepted", "each table of `spec.expectations` may be read, or may not, by the role that the token is for",
			"rows that are expected are visible to it",
			"rows that are to be hidden are hidden from it, where another expectation shows that they are there",
		},
		CannotProve: []string{
			"what may be inserted, updated, deleted or called: nothing is written",
			"whether row-level security is enabled: provider Postgres reads that from the catalog",
			"anything of policies with a key of service_role, or another that passes them by",
		},
		Requests: "1 for each of `spec.expectations`, and 1 more for one that fails",
		KeysPage: "https://supabase.com/dashboard/project/_/settings/api-keys", StatusPage: "https://status.supabase.com",
		Source: "PostgREST documentation (errors, transactions) and source, version 14; texts of Supabase's gateway from public reports", Verified: "2026-11",
	},
}

// checkTables reads what each expectation of the spec says, and says whether it came to the end of them.
func (r *run) checkTables(ctx context.Context) bool {
	wants, _ := r.target.Wants.(probe.AccessWants)
	expectations, all := r.expectations(func(e probe.Expectation) bool { return e.PostgREST != nil && e.PostgREST.Sendable() })
	if !all {
		return false
	}
	var visits []visit
	for _, e := range expectations {
		a := e.PostgREST
		v := visit{expected: expected{e}, as: a.As, within: a.Schema + "." + a.Table}
		v.at = v.within
		if a.Rows != nil {
			v.at += "?" + rowFilter(a)
		}
		visits = append(visits, v)
	}
	if passesPolicies(r.target.Credential.Only(wants.GatewayKey)) {
		r.outcome.Fail(probe.OverprivilegedToken, wants.GatewayKey)
		return false // It would go along with every request.
	}
	for i := range visits {
		if as := visits[i].as; passesPolicies(r.target.Credential.Only(as)) {
			visits[i].view = withheld
			r.outcome.Fail(probe.OverprivilegedToken, as)
		}
	}
	return r.tour(ctx, visits, func(ctx context.Context, v *visit) (sight, bool) { return r.look(ctx, v, wants.GatewayKey) })
}

// passesPolicies recognises a key of Supabase that row-level security does not hold for, by its prefix, or by the
// role that it claims.
func passesPolicies(token probe.Secret) bool {
	return strings.HasPrefix(token.Reveal(), "sb_secret_") || token.Role() == "service_role"
}

// look asks for what a visit is about. Where the answer to a HEAD names no code, or one that says several things, it
// asks again for the words: the answer to a GET has them, and no rows, since it is refused.
func (r *run) look(ctx context.Context, v *visit, gatewayKey string) (sight, bool) {
	request := r.tableRequest(v, gatewayKey)
	answer := r.visited(ctx, request)
	refusal := answer.Status >= http.StatusBadRequest && !isOutage(answer.Status) && answer.Status != http.StatusTooManyRequests
	code := answer.PostgRESTCode()
	if refusal && (code == "" || code == noSuchRole || code == insufficientPrivilege && !v.Denied) {
		request.Method = http.MethodGet
		answer = r.visited(ctx, request)
	}
	seen, known := readRows(answer)
	if !known {
		seen, known = failures[answer.PostgRESTCode()]
	}
	if known {
		r.reached(answer.Expires)
		return seen, true
	}
	reading := probe.Classify(answer, r.Rules)
	if reading.Good() {
		reading.Symptom = probe.UnexpectedAnswer // It tells nothing of rows, as PostgREST always does.
	}
	seen = r.readRefusal(reading, v)
	switch {
	case seen.means == probe.GatewayKeyRejected:
		reading.Args = []string{gatewayKey}
	case seen.view != unclear:
		r.reached(answer.Expires)
		return seen, true
	}
	r.ends(answer, reading)
	return sight{}, false
}

// tableRequest is the request of a visit. It asks for one row, and gets none, but to know whether there is one.
func (r *run) tableRequest(v *visit, gatewayKey string) probe.Request {
	a := v.PostgREST
	values := map[string]string{}
	key, token := r.target.Credential.Only(gatewayKey), r.target.Credential.Only(v.as)
	switch {
	case isGatewayKey(token):
		values[probe.GatewayKey] = token.Reveal() // It stands for a role, and is no JWT.
	default:
		values[probe.GatewayKey], values[probe.AccessToken] = key.Reveal(), token.Reveal()
	}
	auth := r.Auth
	auth.GatewayHeader = "Apikey"
	request := probe.Request{
		Method: http.MethodHead, URL: r.target.BaseURL + "/" + url.PathEscape(a.Table) + "?select=" + selected(a.Columns) + "&limit=1",
		Auth: auth, Credential: probe.NewSecretOf(values), CA: r.target.CA,
	}
	if a.Rows != nil {
		request.URL += "&" + rowFilter(a)
	}
	if a.Schema != "" {
		request.Header = map[string]string{"Accept-Profile": a.Schema}
	}
	return request
}

// isGatewayKey recognises the keys of Supabase that its gateway takes and PostgREST does not know.
func isGatewayKey(token probe.Secret) bool { return strings.HasPrefix(token.Reveal(), "sb_") }

// selected are columns as PostgREST has them in a query.
func selected(columns []string) string {
	if len(columns) == 0 {
		return "*"
	}
	var quoted []string
	for _, c := range columns {
		quoted = append(quoted, url.QueryEscape(quotedColumn(c)))
	}
	return strings.Join(quoted, ",")
}

// rowFilter is the filter for the rows that are meant.
func rowFilter(a *probe.PostgRESTAccess) string {
	return url.QueryEscape(quotedColumn(a.Rows.Column)) + "=eq." + url.QueryEscape(a.Rows.Value)
}

// quotedColumn quotes a name, so that it is no operator and no parameter of PostgREST's own, such as limit.
func quotedColumn(name string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(name) + `"`
}

// failures are what PostgREST answers with a status of 500, and are of one table all the same, by their SQLSTATE.
var failures = map[string]sight{
	"42P17": {view: refused, means: probe.PolicyRecurses}, // infinite recursion
	"57014": {means: probe.StatementTooSlow},              // canceled, since it took too long
}

// readRows says what an answer shows that is good. It is none of PostgREST's where nothing is known.
func readRows(a probe.Answer) (seen sight, known bool) {
	rows, told := a.PostgRESTRows()
	switch {
	case !isSuccess(a) || !told:
		return sight{}, false
	case rows:
		return sight{view: granted, means: probe.RowsShown}, true
	}
	return sight{view: empty}, true
}

// readRefusal says what an answer shows that is not good. It is unclear where the answer is of no access.
func (r *run) readRefusal(reading probe.Reading, v *visit) sight {
	switch symptom := reading.Symptom; symptom.Stage() {
	case probe.Authenticated:
		switch {
		case symptom == probe.GatewayKeyRejected && isGatewayKey(r.target.Credential.Only(v.as)):
			return sight{view: rejected, means: probe.KeyRejected}
		case symptom == probe.GatewayKeyRejected, symptom == probe.GatewayKeyMissing:
			return sight{means: symptom}
		case v.as == "":
			return sight{view: refused, means: probe.RequestForbidden}
		}
		return sight{view: rejected, means: symptom}
	case probe.Authorized:
		switch {
		case symptom == probe.Forbidden:
			return sight{view: refused, means: probe.RequestForbidden}
		case symptom == probe.TablePrivilegeMissing && len(reading.Args) > 0 && !slices.Contains(reading.Args, v.PostgREST.Table):
			return sight{view: refused, means: probe.PolicyFails} // It is about what a policy, or the view, reads.
		}
		return sight{view: refused, means: symptom}
	case probe.Provisioned:
		return sight{view: lacking, means: symptom}
	case probe.Configured, probe.Reachable, probe.Working:
	}
	return sight{}
}

// deniedRelation finds what a message of PostgreSQL says permission is denied for.
var deniedRelation = regexp.MustCompile(`permission denied for (?:table|view|materialized view|foreign table|function|relation) "?([A-Za-z0-9_.:/-]+)`)

const (
	postgRESTErrors = "PostgREST documentation, page Errors"
	postgRESTSource = "source of PostgREST 14, module Error"
	supabaseGateway = "public reports on Supabase's gateway"
)

var postgRESTRules = []probe.Rule{
	supabasePaused,
	{Message: "no api key found", Means: probe.GatewayKeyMissing, Source: supabaseGateway, Verified: "2026-11"},
	{Message: "invalid api key", Means: probe.GatewayKeyRejected, Source: supabaseGateway, Verified: "2026-11"},
	{Message: "legacy api keys are disabled", Means: probe.GatewayKeyRejected, Source: supabaseGateway, Verified: "2026-11"},
	{Code: "PGRST303", Message: "expired", Means: probe.KeyExpired, Source: postgRESTSource, Verified: "2026-11"},
	// Versions before 13 have one code for all that may be wrong with a token.
	{Code: "PGRST301", Message: "expired", Means: probe.KeyExpired, Source: "PostgREST documentation, version 12", Verified: "2026-11"},
	{Code: "PGRST301", Means: probe.KeyRejected, Source: postgRESTErrors, Verified: "2026-11"},
	{Code: "PGRST303", Means: probe.KeyRejected, Source: postgRESTErrors, Verified: "2026-11"},
	{Code: "PGRST302", Means: probe.CredentialRequired, Source: postgRESTErrors, Verified: "2026-11"},
	{Code: "PGRST106", Means: probe.SchemaNotServed, Source: postgRESTErrors, Verified: "2026-11"},
	{Code: "PGRST205", Means: probe.TableNotServed, Source: postgRESTErrors, Verified: "2026-11"},
	{Code: "42P01", Means: probe.TableNotServed, Source: postgRESTErrors, Verified: "2026-11"},
	{Code: "42703", Means: probe.ColumnNotFound, Source: postgRESTErrors, Verified: "2026-11"},
	{Code: "22P02", Means: probe.ColumnTypeMismatch, Source: postgresSource, Verified: "2026-11"},
	{Code: "22007", Means: probe.ColumnTypeMismatch, Source: postgresSource, Verified: "2026-11"},
	{Code: "42883", Means: probe.ColumnTypeMismatch, Source: postgresSource, Verified: "2026-11"},
	// The role that a token claims.
	{Code: "22023", Message: "does not exist", Means: probe.RoleNotFound, Source: postgRESTSource, Verified: "2026-11"},
	{Code: "42501", Message: "permission denied to set role", Means: probe.RoleNotGranted, Source: postgresSource, Verified: "2026-11"},
	{Code: "42501", Message: "permission denied for schema", Means: probe.SchemaUsageMissing, Source: postgresSource, Verified: "2026-11"},
	{Code: "42501", Means: probe.TablePrivilegeMissing, Args: deniedRelation, Source: postgRESTErrors, Verified: "2026-11"},
}
