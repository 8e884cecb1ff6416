// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"mainstay.dev/mainstay/internal/probe"
)

// webhookPostgres is an app that sends webhooks itself, out of a database of PostgreSQL. Two views show Mainstay
// what it needs of the tables there, whatever they look like.
var webhookPostgres = Provider{
	Kind: "WebhookEndpoint", Name: "Postgres", Speaks: Postgres,
	BaseURL: postgresBase, OwnPlace: true, Called: "the database", Credential: "login", Keys: postgresKeys,
	Asks: (*run).readHooks,
	Facts: Facts{
		Proves: []string{
			"the server speaks TLS with a certificate as `spec.postgres.tls` asks for, and takes the login, which is no superuser",
			"the views of `spec.postgres` are there, with the columns that Mainstay reads, and the login may read them",
			"a row of the endpoints has the URL of `spec.url`, is enabled, and has each event of `spec.events`",
			"the endpoint took the last delivery, none of the last day was given up, and none waits for its first attempt for 15 minutes",
		},
		CannotProve: []string{"that the views show what the app's tables hold", "that the app has the right signing secret"},
		Requests:    "1 transaction, read-only and rolled back",
		Source:      postgresSource, Verified: "2026-11",
	},
}

// viewColumn is a column of a view, and the category of its type as the statement look has it.
type viewColumn struct{ name, category string }

// The categories: of pg_type.typcategory, but for T, which is a time with its zone, and A, which is an array of the
// category after it.
var (
	endpointColumns = []viewColumn{{"url", "S"}, {"enabled", "B"}, {"events", "AS"}}
	deliveryColumns = []viewColumn{{"url", "S"}, {"state", "S"}, {"status", "N"}, {"created_at", "T"}, {"attempted_at", "T"}}
)

// fixedPath has all names that have no schema be those of PostgreSQL itself.
var fixedPath = probe.Statement{SQL: "SELECT pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true)"}

// look reads what the catalog says of a view, a row for each of some columns: $1 is the schema, $2 the view and $3
// the columns in JSON.
const look = `
	SELECT c.oid IS NOT NULL, has_schema_privilege(n.oid, 'USAGE'), w.name,
		CASE WHEN coalesce(nullif(t.typbasetype, 0), t.oid) = 'timestamptz'::regtype THEN 'T'
			WHEN t.typcategory = 'A' THEN 'A' || e.typcategory::text ELSE t.typcategory::text END,
		has_column_privilege(c.oid, a.attnum, 'SELECT')
	FROM jsonb_array_elements_text($3::jsonb) AS w(name)
	LEFT JOIN pg_namespace n ON n.nspname = $1::name
	LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = $2::name AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
	LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = w.name::name AND a.attnum > 0 AND NOT a.attisdropped
	LEFT JOIN pg_type t ON t.oid = a.atttypid
	LEFT JOIN pg_type e ON e.oid = t.typelem`

// The statements that read the views, {view}: $1 is the URL of the spec and $2 what is alike in all that come
// close to it. Each has a limit to how much it looks at.
const (
	exactEndpoints = `SELECT url, enabled, to_jsonb(events) FROM {view} WHERE url = $1::text LIMIT 9`
	nearEndpoint   = `SELECT url FROM {view} WHERE NOT EXISTS (SELECT FROM {view} WHERE url = $1::text)
		AND strpos(lower(replace(replace(url, ':443', ''), ':80', '')), $2::text) > 0 ORDER BY url LIMIT 100`

	latestDelivery = `SELECT state, status FROM {view} WHERE url = $1::text AND state <> 'waiting'
		AND attempted_at > now() - interval '24 hours' ORDER BY attempted_at DESC LIMIT 1`
	countDeliveries = `SELECT count(*) FILTER (WHERE state = 'delivered'), count(*) FILTER (WHERE state = 'dead'),
			count(*) FILTER (WHERE state IS NULL OR state NOT IN ('delivered', 'retrying', 'dead', 'waiting'))
		FROM (SELECT state FROM {view} WHERE url = $1::text AND created_at > now() - interval '24 hours' LIMIT 100000) AS d`
	backlog = `SELECT count(*), count(*) FILTER (WHERE state = 'waiting' AND created_at < now() - interval '15 minutes'),
			extract(epoch FROM min(created_at))::bigint
		FROM (SELECT state, created_at FROM {view} WHERE url = $1::text AND state IN ('waiting', 'retrying')
			ORDER BY created_at LIMIT 100000) AS d`
)

// viewReading is a view with what is read of it.
type viewReading struct {
	probe.PostgresView
	columns    []viewColumn
	statements []probe.Statement
}

func newViewReading(view probe.PostgresView, columns []viewColumn, statements []probe.Statement) viewReading {
	reading := viewReading{PostgresView: view, columns: columns}
	name := identifier(view.Schema) + "." + identifier(view.Name)
	for _, s := range statements {
		s.SQL = strings.ReplaceAll(s.SQL, "{view}", name)
		reading.statements = append(reading.statements, s)
	}
	return reading
}

// turns looks at the catalog, and then reads the view.
func (v viewReading) turns() []probe.Turn {
	names := make([]string, len(v.columns))
	for i, c := range v.columns {
		names[i] = c.name
	}
	columns, _ := json.Marshal(names) // Strings always marshal.
	return []probe.Turn{
		{fixedPath, {SQL: look, Args: []string{v.Schema, v.Name, string(columns)}}},
		append(probe.Turn{fixedPath}, v.statements...),
	}
}

// readHooks reads the views of the spec, and says whether it came to the end of them.
func (r *run) readHooks(ctx context.Context) bool {
	wants := ofWebhook(r.target.Wants)
	readings := []viewReading{newViewReading(wants.Endpoints, endpointColumns, []probe.Statement{
		{SQL: exactEndpoints, Args: []string{wants.URL}}, {SQL: nearEndpoint, Args: []string{wants.URL, plainURL(wants.URL)}},
	})}
	if wants.Deliveries != (probe.PostgresView{}) {
		url := []string{wants.URL}
		readings = append(readings, newViewReading(wants.Deliveries, deliveryColumns, []probe.Statement{
			{SQL: latestDelivery, Args: url}, {SQL: countDeliveries, Args: url}, {SQL: backlog, Args: url},
		}))
	}
	var turns []probe.Turn
	for _, reading := range readings {
		turns = append(turns, reading.turns()...)
	}
	results, ok := r.transact(ctx, turns)
	if !ok {
		return false
	}
	if len(results.Turns) != len(turns) {
		r.outcome.Fail(probe.ProbeFailed)
		return false
	}
	for i, judge := range []func(viewReading, []([]probe.Row)){r.judgeEndpointView, r.judgeDeliveryView}[:len(readings)] {
		seen, read := results.Turns[2*i], results.Turns[2*i+1]
		if trouble := readings[i].trouble(seen, read); trouble.Symptom != (probe.Symptom{}) {
			r.note(trouble)
			continue
		}
		judge(readings[i], read.Tables[1:])
	}
	r.proven(probe.Authorized)
	return true
}

// note records a finding at its stage, unless a graver one stands there.
func (r *run) note(f probe.Finding) {
	switch stage := f.Symptom.Stage(); {
	case f.Result == probe.Failed:
		r.outcome.Fail(f.Symptom, f.Args...)
	case r.outcome[stage].Result == probe.NotReached:
		r.outcome.Set(stage, f)
	}
}

// trouble says what keeps a view from being read; nothing where it was.
func (v viewReading) trouble(seen, read probe.TurnResult) probe.Finding {
	if seen.Refusal.Code != "" || len(seen.Tables) != 2 || len(seen.Tables[1]) != len(v.columns) {
		return probe.Finding{Result: probe.Undecided, Symptom: probe.StatementTooSlow, Args: []string{v.String()}}
	}
	var missing, mistyped, forbidden []string
	for i, row := range seen.Tables[1] {
		if len(row) != 5 {
			return probe.Fail(probe.ViewFails, v.String())
		}
		exists, usage, category, readable := row[0] == "t", row[1] == "t", row[3], row[4] == "t"
		column := v.String() + "." + v.columns[i].name
		switch {
		case !exists:
			return probe.Fail(probe.ViewNotFound, v.String())
		case !usage:
			return probe.Fail(probe.ViewForbidden, v.String())
		case category == "":
			missing = append(missing, column)
		case category != v.columns[i].category:
			mistyped = append(mistyped, column)
		case !readable:
			forbidden = append(forbidden, column)
		}
	}
	switch code := read.Refusal.Code; {
	case len(missing) > 0:
		return probe.Fail(probe.ViewColumnNotFound, missing...)
	case len(mistyped) > 0:
		return probe.Fail(probe.ViewColumnMismatch, mistyped...)
	case len(forbidden) > 0:
		return probe.Fail(probe.ViewForbidden, forbidden...)
	case code == statementTimedOut || code == lockNotAvailable:
		return probe.Finding{Result: probe.Undecided, Symptom: probe.StatementTooSlow, Args: []string{v.String()}}
	case code == insufficientPrivilege:
		return probe.Fail(probe.ViewForbidden, v.String())
	case code != "" || len(read.Tables) != len(v.statements)+1:
		return probe.Fail(probe.ViewFails, v.String())
	}
	return probe.Finding{}
}

// judgeEndpointView looks for the endpoint among the app's.
func (r *run) judgeEndpointView(v viewReading, tables []([]probe.Row)) {
	wants, seen := ofWebhook(r.target.Wants), &receivers{}
	for _, row := range tables[0] {
		found := receiver{url: row[0], enabled: row[1] == "t"}
		if row[2] != "" { // NULL stands for all.
			found.misses, _ = unnamed(json.RawMessage(row[2]), wants.Events, nil)
		}
		seen.add(found, wants)
	}
	for _, row := range tables[1] {
		seen.add(receiver{url: row[0]}, wants)
	}
	r.outcome.Set(probe.Provisioned, seen.judge(wants))
}

// judgeDeliveryView says how the app's deliveries fare.
func (r *run) judgeDeliveryView(v viewReading, tables []([]probe.Row)) {
	page := r.page("", 0)
	defer func() { r.deliveries = page.Deliveries }()
	counts, waiting := numbers(tables[1]), numbers(tables[2])
	if len(counts) != 3 || len(waiting) != 3 {
		r.note(probe.Fail(probe.ViewFails, v.String()))
		return
	}
	delivered, dead, unknown := counts[0], counts[1], counts[2]
	page.Deliveries = &probe.Deliveries{
		Window: deliveryWindow, Count: new(delivered + dead), Failed: &dead, DeadLettered: &dead, Waiting: &waiting[0],
	}
	if waiting[0] > 0 {
		page.Deliveries.WaitingSince = time.Unix(waiting[2], 0)
	}
	if unknown > 0 {
		r.note(probe.Fail(probe.ViewColumnMismatch, v.String()+".state"))
		return
	}
	var last latest
	for _, row := range tables[0] {
		status, _ := strconv.Atoi(row[1]) // Where there was no answer it is NULL.
		last.add(row[0] != "delivered", status)
	}
	if stuck := waiting[1]; stuck > 0 && !last.failed {
		page.Deliveries.LastStatus = last.status
		r.outcome.Fail(probe.DeliveriesStuck)
		return
	}
	last.judge(page)
}

// numbers reads the only row of a table. NULL is none, and stands for 0.
func numbers(table []probe.Row) []int64 {
	if len(table) != 1 {
		return nil
	}
	found := make([]int64, len(table[0]))
	for i, text := range table[0] {
		found[i], _ = strconv.ParseInt(text, 10, 64)
	}
	return slices.Clip(found)
}
