// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
)

// panel is one picture of the dashboard. Every query is bound to the namespaces and kinds that a reader chose,
// where its metric has them.
type panel struct {
	title, about string
	// kind is what Grafana calls it: stat, table or timeseries.
	kind    string
	width   int
	unit    string
	queries []query
	// columns are the labels that a table shows, in this order; Value is the value.
	columns []string
}

type query struct{ expr, legend string }

const chosen = `namespace=~"$namespace", kind=~"$kind"`

// rows are the dashboard from top to bottom: what is wrong, what is to come, and how Mainstay fares.
var rows = []struct {
	title  string
	panels []panel
}{
	{"What is wrong", []panel{
		{
			title: "Unhealthy dependencies", kind: "stat", width: 4, about: "Healthy is False.",
			queries: []query{{`count(mainstay_dependency_verdict{healthy="False", ` + chosen + `}) or vector(0)`, ""}},
		},
		{
			title: "Undecided", kind: "stat", width: 4, about: "Healthy is Unknown, suspended ones apart.",
			queries: []query{{`count(mainstay_dependency_verdict{healthy="Unknown", reason!="Suspended", ` + chosen + `}) or vector(0)`, ""}},
		},
		{
			title: "Healthy", kind: "stat", width: 4,
			queries: []query{{`count(mainstay_dependency_verdict{healthy="True", ` + chosen + `}) or vector(0)`, ""}},
		},
		{
			title: "Apps that lack what they require", kind: "stat", width: 4, about: "DependencySets whose Healthy is False.",
			queries: []query{{`count(mainstay_dependency_set_verdict{healthy="False", namespace=~"$namespace"}) or vector(0)`, ""}},
		},
		{
			title: "Cluster egress down", kind: "stat", width: 4, about: "1 while nothing outside the cluster can be reached, so that verdicts stand still.",
			queries: []query{{`max(mainstay_cluster_egress_down)`, ""}},
		},
		{
			title: "Leaders", kind: "stat", width: 4, about: "Replicas that hold a Lease: one for each shard.",
			queries: []query{{`sum(leader_election_master_status{name=~` + leases + `})`, ""}},
		},
		{
			title: "Faults", kind: "table", width: 24, about: "One line a fault: all dependencies of a namespace with the same reason, provider and Secret.",
			columns: []string{"namespace", "reason", "blame", "provider", "secret", "Value"},
			queries: []query{{`count by (namespace, reason, blame, provider, secret) (mainstay_dependency_verdict{healthy="False", ` + chosen + `})`, ""}},
		},
		{
			title: "Unhealthy by reason", kind: "timeseries", width: 12,
			queries: []query{{`count by (reason) (mainstay_dependency_verdict{healthy="False", ` + chosen + `})`, "{{reason}}"}},
		},
		{
			title: "Unhealthy by whose it is", kind: "timeseries", width: 12,
			queries: []query{{`count by (blame) (mainstay_dependency_verdict{healthy="False", ` + chosen + `})`, "{{blame}}"}},
		},
		{
			title: "Apps", kind: "table", width: 24, about: "DependencySets, and why they are not healthy.",
			columns: []string{"namespace", "name", "healthy", "ready", "reason"},
			queries: []query{{`mainstay_dependency_set_verdict{namespace=~"$namespace"}`, ""}},
		},
	}},
	{"What is to come", []panel{
		{
			title: "Early warnings", kind: "table", width: 12,
			columns: []string{"namespace", "kind", "name", "reason", "provider"},
			queries: []query{{`mainstay_dependency_warning{` + chosen + `}`, ""}},
		},
		{
			title: "Credentials that expire", kind: "table", width: 12, unit: "s",
			columns: []string{"namespace", "provider", "secret", "Value"},
			queries: []query{{`min by (namespace, provider, secret) (mainstay_credential_expiry_time_seconds{` + chosen + `}) - time()`, ""}},
		},
		{
			title: "Left of providers' limits", kind: "timeseries", width: 24, unit: "percentunit",
			queries: []query{{
				`min by (namespace, provider, resource) (mainstay_provider_remaining{` + chosen + `} / mainstay_provider_limit{` + chosen + `})`,
				"{{namespace}} {{provider}} {{resource}}",
			}},
		},
		{
			title: "Webhook deliveries", kind: "timeseries", width: 12, unit: "short", about: "As far as senders tell of them.",
			queries: []query{{`sum by (namespace, name, state) (mainstay_webhook_deliveries{` + chosen + `})`, "{{namespace}} {{name}} {{state}}"}},
		},
		{
			title: "Webhook deliveries that failed", kind: "timeseries", width: 12, unit: "percentunit",
			queries: []query{{`mainstay_webhook_failure_ratio{` + chosen + `}`, "{{namespace}} {{name}}"}},
		},
		{
			title: "Webhook deliveries that wait", kind: "table", width: 12, unit: "s",
			columns: []string{"namespace", "name", "provider", "Value"},
			queries: []query{{`time() - mainstay_webhook_waiting_since_time_seconds{` + chosen + `}`, ""}},
		},
		{
			title: "Last answers to webhooks", kind: "table", width: 12, unit: "none",
			columns: []string{"namespace", "name", "provider", "Value"},
			queries: []query{{`mainstay_webhook_last_status{` + chosen + `}`, ""}},
		},
	}},
	{"How providers answer", []panel{
		{
			title: "Time that probes take (95 %)", kind: "timeseries", width: 12, unit: "s",
			queries: []query{{`histogram_quantile(0.95, sum by (provider, le) (rate(mainstay_probe_duration_seconds_bucket{kind=~"$kind"}[$__rate_interval])))`, "{{provider}}"}},
		},
		{
			title: "Results of probes", kind: "timeseries", width: 12, unit: "ops", about: "By the symptom of the first failure, or passed.",
			queries: []query{{`sum by (provider, result) (rate(mainstay_probe_duration_seconds_count{kind=~"$kind"}[$__rate_interval]))`, "{{provider}} {{result}}"}},
		},
	}},
	{"How Mainstay fares", []panel{
		{
			title: "Probes", kind: "timeseries", width: 8, unit: "ops", about: "Shared ones cost no request; own_requests and no_egress changed no verdict.",
			queries: []query{
				{`sum by (outcome) (rate(mainstay_probes_total[$__rate_interval]))`, "{{outcome}}"},
				{`sum(rate(mainstay_probes_skipped_total[$__rate_interval]))`, "skipped"},
			},
		},
		{
			title: "Lateness of probes (95 %)", kind: "timeseries", width: 8, unit: "s",
			queries: []query{{`histogram_quantile(0.95, sum by (le) (rate(mainstay_probe_schedule_lag_seconds_bucket[$__rate_interval])))`, "95 %"}},
		},
		{
			title: "Probes at work", kind: "timeseries", width: 8,
			queries: []query{{`sum(mainstay_probes_in_flight)`, "in flight"}, {`sum(mainstay_probes_waiting)`, "waiting"}},
		},
		{
			title: "Oldest proof", kind: "timeseries", width: 12, unit: "s", about: "How long ago the last probe of an object ended, of the one with the oldest.",
			queries: []query{{`max by (kind) (time() - mainstay_probe_last_time_seconds{` + chosen + `})`, "{{kind}}"}},
		},
		{
			title: "Probed less often than asked for", kind: "table", width: 12, unit: "s", about: "The budget of their credential does not allow more.",
			columns: []string{"namespace", "kind", "name", "provider", "secret", "Value"},
			queries: []query{{`mainstay_probe_effective_period_seconds{` + chosen + `}`, ""}},
		},
	}},
}

var source = object{"type": "prometheus", "uid": "${datasource}"}

// dashboard is config/grafana/mainstay.json.
func dashboard() ([]byte, error) {
	var panels []object
	id, y := 1, 0
	for _, row := range rows {
		panels = append(panels, object{"id": id, "type": "row", "title": row.title, "collapsed": false, "gridPos": object{"x": 0, "y": y, "w": 24, "h": 1}, "panels": []any{}})
		id, y = id+1, y+1
		x, height := 0, 0
		for _, p := range row.panels {
			if x+p.width > 24 {
				x, y, height = 0, y+height, 0
			}
			drawn := p.draw()
			drawn["id"], drawn["gridPos"] = id, object{"x": x, "y": y, "w": p.width, "h": p.height()}
			panels = append(panels, drawn)
			id, x, height = id+1, x+p.width, max(height, p.height())
		}
		y += height
	}
	var page bytes.Buffer
	e := json.NewEncoder(&page)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(object{
		"title": "Mainstay", "uid": "mainstay", "tags": []string{"mainstay"}, "schemaVersion": 39, "editable": true,
		"refresh": "1m", "time": object{"from": "now-6h", "to": "now"}, "timezone": "", "panels": panels,
		"templating": object{"list": []object{
			{"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"},
			choice("namespace"), choice("kind"),
		}},
	})
	return page.Bytes(), err
}

// choice lets a reader choose among the values of a label.
func choice(label string) object {
	values := "label_values(mainstay_dependency_verdict, " + label + ")"
	return object{
		"name": label, "label": label, "type": "query", "datasource": source, "query": object{"query": values, "refId": label}, "definition": values,
		"refresh": 2, "includeAll": true, "multi": true, "allValue": ".*", "current": object{"text": "All", "value": "$__all"},
	}
}

func (p panel) height() int {
	if p.kind == "stat" {
		return 4
	}
	return 8
}

// draw is the panel in Grafana's words, but for its place.
func (p panel) draw() object {
	var targets []object
	for i, q := range p.queries {
		target := object{"datasource": source, "refId": string(rune('A' + i)), "expr": q.expr}
		if q.legend != "" {
			target["legendFormat"] = q.legend
		}
		if p.kind != "timeseries" {
			target["instant"] = true
		}
		if p.kind == "table" {
			target["format"] = "table"
		}
		targets = append(targets, target)
	}
	drawn := object{
		"type": p.kind, "title": p.title, "description": p.about, "datasource": source, "targets": targets,
		"fieldConfig": object{"defaults": object{"unit": p.unit}, "overrides": []any{}},
	}
	if p.kind == "table" {
		order, hidden := object{}, object{"Time": true}
		for i, column := range p.columns {
			order[column] = i
		}
		if _, shown := order["Value"]; !shown {
			hidden["Value"] = true
		}
		include := object{"names": p.columns}
		drawn["transformations"] = []object{
			{"id": "filterFieldsByName", "options": object{"include": include}},
			{"id": "organize", "options": object{"indexByName": order, "excludeByName": hidden}},
		}
	}
	return drawn
}
