// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mainstay.dev/mainstay/internal/probe"
	"mainstay.dev/mainstay/internal/provider/providertest"
)

// viewTarget is an endpoint of an app that sends webhooks out of a database, with a view of each kind.
func viewTarget() probe.Target {
	target := accessTarget()
	target.Kind = "WebhookEndpoint"
	target.Wants = probe.WebhookWants{
		URL: "https://shop.example.com/hooks", Events: []string{"order.paid"},
		Endpoints: probe.PostgresView{Schema: "hooks", Name: "endpoints"}, Deliveries: probe.PostgresView{Schema: "hooks", Name: "deliveries"},
	}
	return target
}

// viewAnswers are what a database answers where nothing is wrong with the views, and an endpoint is there.
func viewAnswers(latest, ended, backlog []probe.Row) []probe.TurnResult {
	shape := func(columns []viewColumn) probe.TurnResult {
		var rows []probe.Row
		for _, c := range columns {
			rows = append(rows, probe.Row{"t", "t", c.category, "t"})
		}
		return probe.TurnResult{Tables: [][]probe.Row{rows}}
	}
	return []probe.TurnResult{
		shape(endpointColumns), {Tables: [][]probe.Row{{{"t", ""}}, nil}},
		shape(deliveryColumns), {Tables: [][]probe.Row{latest, ended, backlog}},
	}
}

func probedViews(t *testing.T, turns []probe.TurnResult) probe.Report {
	t.Helper()
	target := viewTarget()
	report := Probe(t.Context(), &oracle{results: probe.Results{Connected: true, LoggedIn: true, Turns: turns}}, target)
	checkSound(t, report.Outcome, target)
	return report
}

// TestWhatIsNotKnownOfDeliveriesIsNotTold has a database count deliveries, up to as many as it is asked to look at.
func TestWhatIsNotKnownOfDeliveriesIsNotTold(t *testing.T) {
	none := []probe.Row{{"0", "0", ""}}
	for name, c := range map[string]struct {
		ended, backlog []probe.Row
		working        string
		deliveries     map[string]string
	}{
		"none at all": {none, none, "NotApplicable", map[string]string{"window": "24h0m0s", "count": "0", "deadLettered": "0", "waiting": "0"}},
		"some were given up": {[]probe.Row{{"50", "49", "1"}}, none, "Failed DeadLettered", map[string]string{
			"window": "24h0m0s", "count": "50", "failed": "2 %", "deadLettered": "1", "waiting": "0",
		}},
		"more than it looks at": {[]probe.Row{{"100000", "100000", "0"}}, none, "NotApplicable", map[string]string{
			"window": "24h0m0s", "failed": "0 %", "waiting": "0",
		}},
		"more than it looks at, and some of these were given up": {[]probe.Row{{"100000", "75000", "25000"}}, none, "Failed DeadLettered", map[string]string{
			"window": "24h0m0s", "failed": "25 %", "deadLettered": "25000", "waiting": "0",
		}},
		"some wait since nobody knows when": {none, []probe.Row{{"7", "0", ""}}, "NotApplicable", map[string]string{
			"window": "24h0m0s", "count": "0", "deadLettered": "0", "waiting": "7",
		}},
		"a count that is none": {[]probe.Row{{"many", "0", "0"}}, none, "NotApplicable", map[string]string{}},
		"rows that are none":   {nil, nil, "NotApplicable", map[string]string{}},
	} {
		t.Run(name, func(t *testing.T) {
			report := probedViews(t, viewAnswers(nil, c.ended, c.backlog))
			if got := providertest.Describe(report.Outcome)["Working"]; got != c.working {
				t.Errorf("expected Working %s, found %s", c.working, got)
			}
			if diff := cmp.Diff(c.deliveries, providertest.DescribeDeliveries(report.Deliveries)); diff != "" {
				t.Errorf("wrong deliveries (-want +got):\n%s", diff)
			}
		})
	}
}

// TestNoStatementOnViewsHoldsWhatASpecSays looks for the texts of a spec in the SQL: they are arguments, or quoted.
func TestNoStatementOnViewsHoldsWhatASpecSays(t *testing.T) {
	view := probe.PostgresView{Schema: `sch"ema; --`, Name: `vi"ew $1`}
	wants := probe.WebhookWants{URL: "https://url.example.com/'; --", Events: []string{"an-event"}, Endpoints: view, Deliveries: view}
	for _, v := range []viewReading{endpointView(wants), deliveryView(wants)} {
		for _, turn := range v.turns() {
			for _, s := range turn {
				rest := strings.ReplaceAll(s.SQL, `"sch""ema; --"."vi""ew $1"`, "")
				for _, text := range []string{"sch\"", "ema;", "vi\"", "ew $1", "url.example.com", "an-event", "{view}"} {
					if strings.Contains(rest, text) {
						t.Errorf("%q is in the statement %s", text, s.SQL)
					}
				}
				if !strings.Contains(rest, "LIMIT") && s.SQL != look {
					t.Errorf("nothing bounds what the statement returns: %s", s.SQL)
				}
			}
		}
	}
}

// FuzzViews has a database answer with anything where views are read. The outcome has to be sound, and nothing may
// pass unless an enabled endpoint was among the rows.
func FuzzViews(f *testing.F) {
	f.Add("", "t,t,S,t|t,t,B,t|t,t,AS,t", "t,", "200,t", "1,1,0", "0,0,", 3)
	f.Add("", "t,t,S,t|t,t,B,t|t,t,AS,t", `t,["order.paid"]`, "f,401", "2,1,1", "5,5,1790000000", 3)
	f.Add("57014", "", "", "", "", "", 0)
	f.Add("42501", "t,f,S,t", "f,[1", "", "-1,a,9223372036854775808", "||,", 1)
	f.Add("", "|||", "|", "|", "|", "|", 9)
	f.Fuzz(func(t *testing.T, code, shape, endpoints, latest, ended, backlog string, tables int) {
		rows := func(text string) (table []probe.Row) {
			for row := range strings.SplitSeq(text, "|") {
				table = append(table, strings.Split(row, ","))
			}
			return table
		}
		refusal := probe.SQLError{Code: code, Message: latest, Where: latest}
		cut := func(all ...[]probe.Row) [][]probe.Row { return all[:min(max(tables, 0), len(all))] }
		turns := []probe.TurnResult{
			{Tables: cut(rows(shape)), Refusal: refusal}, {Tables: cut(rows(endpoints), rows(latest)), Refusal: refusal},
			{Tables: cut(rows(shape)), Refusal: refusal}, {Tables: cut(rows(latest), rows(ended), rows(backlog)), Refusal: refusal},
		}
		outcome := probedViews(t, turns).Outcome
		if outcome[probe.Provisioned].Result == probe.Passed && !strings.Contains("|"+endpoints, "|t") {
			t.Errorf("the endpoint passed on %s", fmt.Sprintf("%q and %q", endpoints, shape))
		}
	})
}
