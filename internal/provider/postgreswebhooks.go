// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"time"

	"mainstay.dev/mainstay/internal/probe"
)

// webhookPostgres is an app that sends webhooks itself, out of a database of PostgreSQL. Two views show Mainstay
// what it needs of the tables there, whatever they look like.
var webhookPostgres = Provider{
	Kind: "WebhookEndpoint", Name: "Postgres", Speaks: Postgres,
	BaseURL: postgresBase, OwnPlace: true, Called: "the app's database", Credential: "login", Keys: postgresKeys,
	Renewal: postgresRenewal,
	Asks:    (*run).readViews,
	Facts: Facts{
		Proves: []string{
			"the server speaks TLS with a certificate as `spec.postgres.tls` asks for, and takes the login, which is no superuser",
			"the views of `spec.postgres` are there, with the columns that Mainstay reads, and the login may read them",
			"a row of the endpoints has the URL of `spec.url`, is enabled, and has each event of `spec.events`",
			"the endpoint took the last delivery, none was given up within a day, and none waits for its first attempt for 15 minutes",
		},
		CannotProve: []string{
			"that the views show what the app's tables hold: row-level security may hide rows from the login",
			"that the app signs with the secret that the receiver has",
		},
		Requests: "1 transaction of at most 5 statements on the views, read-only and rolled back",
		Source:   postgresSource + poolerSource, Verified: "2026-11",
	},
}

// viewColumn is a column of a view, and the category of its type as look has it.
type viewColumn struct{ name, category string }

// The categories: of pg_type.typcategory, but for T, which is a time with its zone, and A, which is an array of the
// category after it.
var (
	endpointColumns = []viewColumn{{"url", "S"}, {"enabled", "B"}, {"events", "AS"}}
	deliveryColumns = []viewColumn{{"url", "S"}, {"state", "S"}, {"status", "N"}, {"created_at", "T"}, {"attempted_at", "T"}}
)

// look reads what the catalog says of a view, a row for each of the columns $3, in JSON and in their order. Of a
// domain it looks at the type below.
const look = `
	WITH ` + findRelation + `
	SELECT place.relation IS NOT NULL, pg_catalog.has_schema_privilege(place.schema, 'USAGE'),
		CASE WHEN b.oid = 'pg_catalog.timestamptz'::pg_catalog.regtype THEN 'T'
			WHEN b.typcategory = 'A' THEN pg_catalog.concat('A', e.typcategory) ELSE b.typcategory::pg_catalog.text END,
		pg_catalog.has_column_privilege(place.relation, a.attnum, 'SELECT')
	FROM place CROSS JOIN pg_catalog.jsonb_array_elements_text($3::pg_catalog.jsonb) WITH ORDINALITY AS w(name, ordinal)
	LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = place.relation AND a.attname = w.name::pg_catalog.name
		AND a.attnum > 0 AND NOT a.attisdropped
	LEFT JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
	LEFT JOIN pg_catalog.pg_type b ON b.oid = COALESCE(NULLIF(t.typbasetype, 0), t.oid)
	LEFT JOIN pg_catalog.pg_type e ON e.oid = b.typelem
	ORDER BY w.ordinal`

// The statements that read the view of endpoints, {view}. Both return rows of a length that is known, however long
// what the view holds.
const (
	// exactEndpoints are the first $3 of those with the URL $1, each with the events of $2, in JSON, that it does not
	// get. NULL stands for all events, and an element that ends in * for those that begin as it does.
	exactEndpoints = `
	SELECT v.enabled, (
		SELECT pg_catalog.jsonb_agg(w.name) FROM pg_catalog.jsonb_array_elements_text($2::pg_catalog.jsonb) AS w(name)
		WHERE v.events IS NOT NULL AND NOT EXISTS (
			SELECT FROM pg_catalog.unnest(v.events::pg_catalog.text[]) AS s(name)
			WHERE s.name = w.name OR pg_catalog.right(s.name, 1) = '*' AND pg_catalog.starts_with(w.name, pg_catalog.left(s.name, -1))))
	FROM {view} AS v WHERE v.url::pg_catalog.text = $1::pg_catalog.text
	ORDER BY v.enabled DESC NULLS LAST LIMIT $3::pg_catalog.int8`

	// nearEndpoint is one that is nearly the same, as the pattern $2 says. Where there is one with the URL $1 nobody
	// looks for it.
	nearEndpoint = `
	SELECT pg_catalog.left(v.url::pg_catalog.text, 256) FROM {view} AS v
	WHERE NOT EXISTS (SELECT FROM {view} AS x WHERE x.url::pg_catalog.text = $1::pg_catalog.text)
		AND v.url::pg_catalog.text ~* $2::pg_catalog.text
	ORDER BY 1 LIMIT 1`
)

// The statements that read the view of deliveries, {view}, for the URL $1. An index on url with attempted_at, and one on
// url with state, let a database find their rows.
const (
	// latestDelivery is the last attempt of the $2 seconds that are looked at.
	latestDelivery = `
	SELECT v.state::pg_catalog.text = 'delivered', CASE WHEN v.status BETWEEN 100 AND 599 THEN v.status::pg_catalog.int4 END
	FROM {view} AS v WHERE v.url::pg_catalog.text = $1::pg_catalog.text AND v.state::pg_catalog.text <> 'waiting'
		AND v.attempted_at > pg_catalog.now() - pg_catalog.make_interval(secs => $2::pg_catalog.float8)
	ORDER BY v.attempted_at DESC LIMIT 1`

	// endedDeliveries counts the latest $3 of those that came to an end within $2 seconds: all, those that were
	// delivered, and those that were given up. What was given up without an attempt has none to tell when.
	endedDeliveries = `
	SELECT pg_catalog.count(*), pg_catalog.count(*) FILTER (WHERE d.state = 'delivered'), pg_catalog.count(*) FILTER (WHERE d.state = 'dead')
	FROM (
		SELECT v.state::pg_catalog.text AS state FROM {view} AS v
		WHERE v.url::pg_catalog.text = $1::pg_catalog.text
			AND (v.state IS NULL OR v.state::pg_catalog.text NOT IN ('waiting', 'retrying'))
			AND (v.attempted_at > pg_catalog.now() - pg_catalog.make_interval(secs => $2::pg_catalog.float8)
				OR v.attempted_at IS NULL AND v.created_at > pg_catalog.now() - pg_catalog.make_interval(secs => $2::pg_catalog.float8))
		ORDER BY v.attempted_at DESC NULLS LAST LIMIT $3::pg_catalog.int8) AS d`

	// backlog counts the oldest $3 of those that wait, and of these the ones that wait for their first attempt for
	// more than $2 seconds, and says since when the oldest waits.
	backlog = `
	SELECT pg_catalog.count(*), pg_catalog.count(*) FILTER (WHERE d.state = 'waiting'
			AND d.created_at < pg_catalog.now() - pg_catalog.make_interval(secs => $2::pg_catalog.float8)),
		pg_catalog.floor(EXTRACT(epoch FROM pg_catalog.min(d.created_at)))::pg_catalog.int8
	FROM (
		SELECT v.state::pg_catalog.text AS state, v.created_at FROM {view} AS v
		WHERE v.url::pg_catalog.text = $1::pg_catalog.text AND v.state::pg_catalog.text IN ('waiting', 'retrying')
		ORDER BY v.created_at LIMIT $3::pg_catalog.int8) AS d`
)

// mostDeliveries is how many rows of a view of deliveries a statement looks at.
const mostDeliveries = 100_000

// viewReading is a view with what is read of it, and who judges that.
type viewReading struct {
	probe.PostgresView
	columns    []viewColumn
	statements []probe.Statement
	judge      func(*run, viewReading, [][]probe.Row)
}

// add adds a statement.
func (v *viewReading) add(sql string, args ...string) {
	name := identifier(v.Schema) + "." + identifier(v.Name)
	v.statements = append(v.statements, probe.Statement{SQL: strings.ReplaceAll(sql, "{view}", name), Args: args})
}

// turns look at the catalog, and then read the view.
func (v viewReading) turns() []probe.Turn {
	names := make([]string, len(v.columns))
	for i, c := range v.columns {
		names[i] = c.name
	}
	return []probe.Turn{{{SQL: look, Args: []string{v.Schema, v.Name, columnList(names)}}}, v.statements}
}

func endpointView(wants probe.WebhookWants) viewReading {
	v := viewReading{PostgresView: wants.Endpoints, columns: endpointColumns, judge: (*run).judgeEndpointView}
	v.add(exactEndpoints, wants.URL, columnList(wants.Events), strconv.Itoa(mostReceivers))
	v.add(nearEndpoint, wants.URL, nearPattern(wants.URL))
	return v
}

func deliveryView(wants probe.WebhookWants) viewReading {
	seconds := func(d time.Duration) string { return strconv.Itoa(int(d.Seconds())) }
	v := viewReading{PostgresView: wants.Deliveries, columns: deliveryColumns, judge: (*run).judgeDeliveryView}
	v.add(latestDelivery, wants.URL, seconds(deliveryWindow))
	v.add(endedDeliveries, wants.URL, seconds(deliveryWindow), strconv.Itoa(mostDeliveries))
	v.add(backlog, wants.URL, seconds(deliveryGrace), strconv.Itoa(mostDeliveries))
	return v
}

// nearPattern is a regular expression for the URLs that nearlySame takes for the same, in whatever case.
func nearPattern(raw string) string {
	host, path, deep := strings.Cut(plainURL(raw), "/")
	if deep {
		path = "/" + path
	}
	return `^[a-z]+://(www[.])?` + regexp.QuoteMeta(host) + `(:80|:443)?` + regexp.QuoteMeta(path) + `/*([?#].*)?$`
}

// readViews reads the views of the spec, and says whether it came to the end of them.
func (r *run) readViews(ctx context.Context) bool {
	wants := ofWebhook(r.target.Wants)
	views := []viewReading{endpointView(wants)}
	if wants.Deliveries != (probe.PostgresView{}) {
		views = append(views, deliveryView(wants))
	}
	var turns []probe.Turn
	for _, v := range views {
		turns = append(turns, v.turns()...)
	}
	results, ok := r.transact(ctx, turns)
	if !ok {
		return false
	}
	for i, v := range views {
		seen, read := results.Turns[2*i], results.Turns[2*i+1]
		switch trouble := v.trouble(seen, read); trouble.Result {
		case probe.Passed:
			v.judge(r, v, read.Tables)
		case probe.Failed:
			r.outcome.Fail(trouble.Symptom, trouble.Args...)
		default:
			r.outcome.Leave(trouble.Result, trouble.Symptom, trouble.Args...)
		}
	}
	r.proven(probe.Authorized)
	return true
}

// trouble says what keeps a view from being read: what the catalog knows of it, and then what reading it came to.
func (v viewReading) trouble(seen, read probe.TurnResult) probe.Finding {
	slow := probe.Finding{Result: probe.Undecided, Symptom: probe.StatementTooSlow, Args: []string{v.String()}}
	switch {
	case tookTooLong(seen.Refusal):
		return slow
	case len(seen.Tables) != 1 || len(seen.Tables[0]) != len(v.columns):
		return probe.Fail(probe.ViewFails, v.String())
	}
	if finding := v.shape(seen.Tables[0]); finding.Result != probe.Passed {
		return finding
	}
	switch {
	case tookTooLong(read.Refusal):
		return slow
	case read.Refusal.Code == insufficientPrivilege:
		return probe.Fail(probe.ViewForbidden, v.String())
	case read.Refusal.Code != "" || len(read.Tables) != len(v.statements):
		return probe.Fail(probe.ViewFails, v.String())
	}
	return probe.Pass()
}

// shape holds what the catalog says of a view, a row for each column, against what is read of it.
func (v viewReading) shape(rows []probe.Row) probe.Finding {
	var missing, mistyped, forbidden []string
	for i, row := range rows {
		exists, usage, category, readable := row.At(0) == "t", row.At(1) == "t", row.At(2), row.At(3) == "t"
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
	switch {
	case len(missing) > 0:
		return probe.Fail(probe.ViewColumnNotFound, missing...)
	case len(mistyped) > 0:
		return probe.Fail(probe.ViewColumnMismatch, mistyped...)
	case len(forbidden) > 0:
		return probe.Fail(probe.ViewForbidden, forbidden...)
	}
	return probe.Pass()
}

// judgeEndpointView looks for the endpoint among the app's.
func (r *run) judgeEndpointView(v viewReading, tables [][]probe.Row) {
	wants, seen := ofWebhook(r.target.Wants), &receivers{}
	for _, row := range tables[0] {
		found := receiver{url: wants.URL, enabled: row.At(0) == "t"}
		if misses := row.At(1); misses != "" {
			if err := json.Unmarshal([]byte(misses), &found.misses); err != nil {
				r.outcome.Fail(probe.ViewFails, v.String())
				return
			}
		}
		seen.add(found, wants)
	}
	for _, row := range tables[1] {
		seen.add(receiver{url: row.At(0)}, wants)
	}
	r.outcome.Set(probe.Provisioned, seen.judge(wants))
}

// judgeDeliveryView says how the app's deliveries fare.
func (r *run) judgeDeliveryView(v viewReading, tables [][]probe.Row) {
	ended, backlog := numbers(tables[1]), numbers(tables[2])
	if len(ended) != 3 || len(backlog) != 3 {
		r.outcome.Fail(probe.ViewFails, v.String())
		return
	}
	total, delivered, dead := ended[0], ended[1], ended[2]
	if total != delivered+dead {
		r.outcome.Fail(probe.ViewColumnMismatch, v.String()+".state")
		return
	}
	waiting, stuck, since := backlog[0], backlog[1], backlog[2]
	r.deliveries = &probe.Deliveries{Window: deliveryWindow, Waiting: &waiting, WaitingSince: unix(float64(since))}
	all := total < mostDeliveries // Else there may be more, and what is known is a share and that some were given up.
	if all {
		r.deliveries.Count, r.deliveries.Failed = &total, &dead
	} else {
		r.deliveries.Share = new(float64(dead) / float64(total))
	}
	if all || dead > 0 {
		r.deliveries.DeadLettered = &dead
	}
	var last latest
	for _, row := range tables[0] {
		status, _ := strconv.Atoi(row.At(1)) // Where there was no answer it is NULL.
		last.add(row.At(0) != "t", status)
	}
	if stuck > 0 && !last.failed {
		r.deliveries.LastStatus = last.status
		r.outcome.Fail(probe.DeliveriesStuck)
		return
	}
	last.judge(r.page("", 0))
}

// numbers reads the only row of a table, in which NULL is 0; nil for one that is none.
func numbers(table []probe.Row) []int64 {
	if len(table) != 1 {
		return nil
	}
	found := make([]int64, len(table[0]))
	for i, text := range table[0] {
		n, err := strconv.ParseInt(text, 10, 64)
		if text != "" && err != nil {
			return nil
		}
		found[i] = n
	}
	return found
}
