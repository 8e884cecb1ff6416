// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package realtest_test

import (
	"context"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mainstay.dev/mainstay/internal/probe"
	"mainstay.dev/mainstay/internal/provider"
	"mainstay.dev/mainstay/internal/provider/postgrestest"
	"mainstay.dev/mainstay/internal/provider/providertest"
)

// hooksTarget is an endpoint of the app that sends webhooks out of the shop's database.
func hooksTarget(server *postgrestest.Server, path string) probe.Target {
	target := accessTarget(server)
	target.Kind, target.Timeout = "WebhookEndpoint", patience
	target.Wants = probe.WebhookWants{
		URL: "https://shop.example.com/" + path, Events: []string{"order.created", "order.paid"},
		Endpoints: probe.PostgresView{Schema: "hooks", Name: "endpoints"}, Deliveries: probe.PostgresView{Schema: "hooks", Name: "deliveries"},
	}
	return target
}

// reported probes a target, and returns what it learned as well.
func reported(t *testing.T, target probe.Target) (outcome, deliveries map[string]string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), target.Timeout)
	defer cancel()
	client := probe.NewNetwork(probe.NetworkOptions{Guard: probe.Guard{AllowCIDRs: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}})
	report := provider.Probe(ctx, client, target)
	return providertest.Describe(report.Outcome), providertest.DescribeDeliveries(report.Deliveries)
}

func TestWebhooksOutOfPostgres(t *testing.T) {
	t.Parallel()
	server := postgrestest.For(t)
	before := contents(t, server)
	const url = "https://shop.example.com/"
	nothing := map[string]string{"window": "24h0m0s", "count": "0", "deadLettered": "0", "waiting": "0"}
	for path, c := range map[string]struct {
		provisioned, working string
		deliveries           map[string]string
	}{
		"webhooks/postgres": {"Passed", "Passed", map[string]string{"window": "24h0m0s", "count": "40", "failed": "0 %", "deadLettered": "0", "waiting": "0", "lastStatus": "204"}},
		"250":               {"Passed", "NotApplicable", nothing}, // of three hundred
		"begins":            {"Passed", "NotApplicable", nothing},
		"301":               {"Failed EndpointNotFound " + url + "301", "NotApplicable", nothing},
		"slash":             {"Failed WrongURL " + url + "slash http://Shop.example.com:80/Slash/", "NotApplicable", nothing},
		"off":               {"Failed EndpointInactive " + url + "off", "NotApplicable", nothing},
		"few":               {"Failed EventNotSubscribed order.paid", "NotApplicable", nothing},
		"none":              {"Failed EventNotSubscribed order.created order.paid", "NotApplicable", nothing},
		"nothing":           {"Failed EventNotSubscribed order.created order.paid", "NotApplicable", nothing},
		"long":              {"Passed", "NotApplicable", nothing},
		"twice":             {"Passed DuplicateEndpoint " + url + "twice", "NotApplicable", nothing},
		"once":              {"Passed", "NotApplicable", nothing}, // The other one is not enabled.
		"www":               {"Failed WrongURL " + url + "www https://www.shop.example.com/www", "NotApplicable", nothing},
		"query":             {"Failed WrongURL " + url + "query", "NotApplicable", nothing}, // A query is not shown.
		"failing": {"Passed", "Failed DeliveriesFailing", map[string]string{
			"window": "24h0m0s", "count": "1", "failed": "0 %", "deadLettered": "0", "waiting": "1", "waitingFor": "2h0m0s", "lastStatus": "401",
		}},
		"dead": {"Passed", "Failed DeadLettered", map[string]string{
			"window": "24h0m0s", "count": "2", "failed": "50 %", "deadLettered": "1", "waiting": "0", "lastStatus": "200",
		}},
		"late": {"Passed", "Failed DeliveriesFailing", map[string]string{
			"window": "24h0m0s", "count": "1", "failed": "100 %", "deadLettered": "1", "waiting": "0",
		}},
		"discarded": {"Passed", "Failed DeadLettered", map[string]string{
			"window": "24h0m0s", "count": "1", "failed": "100 %", "deadLettered": "1", "waiting": "0",
		}},
		"stuck": {"Passed", "Failed DeliveriesStuck", map[string]string{
			"window": "24h0m0s", "count": "0", "deadLettered": "0", "waiting": "500", "waitingFor": "8h20m0s",
		}},
	} {
		t.Run(path, func(t *testing.T) {
			outcome, deliveries := reported(t, hooksTarget(server, path))
			want := map[string]string{
				"Reachable": "Passed", "Authenticated": "Passed", "Authorized": "Passed", "Provisioned": c.provisioned, "Working": c.working,
			}
			if diff := cmp.Diff(want, outcome); diff != "" {
				t.Errorf("wrong outcome (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.deliveries, deliveries); diff != "" {
				t.Errorf("wrong deliveries (-want +got):\n%s", diff)
			}
		})
	}
	if after := contents(t, server); after != before {
		t.Errorf("the probes changed what the database holds: %s, then %s", before, after)
	}
}

func TestViewsOfOtherTypesWillDo(t *testing.T) {
	t.Parallel()
	server := postgrestest.For(t)
	for name, change := range map[string]func(*probe.WebhookWants){
		"domains, of a text and of an array":         func(w *probe.WebhookWants) { w.Endpoints.Name = "domains" },
		"what a function says that finds its tables": func(w *probe.WebhookWants) { w.Deliveries.Name = "calling" },
		"columns that nothing is asked of":           func(w *probe.WebhookWants) { w.Events = nil },
	} {
		t.Run(name, func(t *testing.T) {
			target := hooksTarget(server, "webhooks/postgres")
			wants := target.Wants.(probe.WebhookWants)
			change(&wants)
			target.Wants = wants
			expect(t, target, map[string]string{
				"Reachable": "Passed", "Authenticated": "Passed", "Authorized": "Passed", "Provisioned": "Passed", "Working": "Passed",
			})
		})
	}
}

func TestViewsThatCannotBeReadAreToldOneByOne(t *testing.T) {
	t.Parallel()
	server := postgrestest.For(t)
	before := contents(t, server)
	endpoints := func(name string) func(*probe.WebhookWants) {
		return func(w *probe.WebhookWants) { w.Endpoints.Name = name }
	}
	deliveries := func(name string) func(*probe.WebhookWants) {
		return func(w *probe.WebhookWants) { w.Deliveries.Name = name }
	}
	schema := func(name string) func(*probe.WebhookWants) {
		return func(w *probe.WebhookWants) { w.Endpoints.Schema = name }
	}
	for name, c := range map[string]struct {
		change func(*probe.WebhookWants)
		stage  string
		want   string
	}{
		"no such view":                {endpoints("endpoint"), "Provisioned", "Failed ViewNotFound hooks.endpoint"},
		"no such schema":              {schema("hook"), "Provisioned", "Failed ViewNotFound hook.endpoints"},
		"no such view of deliveries":  {deliveries("delivery"), "Provisioned", "Failed ViewNotFound hooks.delivery"},
		"a column is missing":         {endpoints("no_events"), "Provisioned", "Failed ViewColumnNotFound hooks.no_events.events"},
		"a column is of another type": {endpoints("one_event"), "Provisioned", "Failed ViewColumnMismatch hooks.one_event.events"},
		"a time without a zone, and a status of letters": {deliveries("no_zone"), "Provisioned",
			"Failed ViewColumnMismatch hooks.no_zone.status hooks.no_zone.created_at"},
		"states in other words": {deliveries("other_words"), "Provisioned", "Failed ViewColumnMismatch hooks.other_words.state"},
		"states in no words":    {deliveries("no_words"), "Provisioned", "Failed ViewColumnMismatch hooks.no_words.state"},
		"no privilege on the view": {endpoints("withheld"), "Authorized",
			"Failed ViewForbidden hooks.withheld.url hooks.withheld.enabled hooks.withheld.events"},
		"no privilege on the schema":               {schema("locked"), "Authorized", "Failed ViewForbidden locked.endpoints"},
		"the view's owner may not read its tables": {endpoints("foreign"), "Authorized", "Failed ViewForbidden hooks.foreign"},
		"a view that fails":                        {endpoints("dividing"), "Provisioned", "Failed ViewFails hooks.dividing"},
		"a view that writes":                       {endpoints("writing"), "Provisioned", "Failed ViewFails hooks.writing"},
		"a name that would be more":                {endpoints(`endpoints" LIMIT 0; --`), "Provisioned", `Failed ViewNotFound hooks.endpoints" LIMIT 0; --`},
		"a name that would be a function":          {endpoints(`endpoints", pg_sleep(60) AS "x`), "Provisioned", `Failed ViewNotFound hooks.endpoints", pg_sleep(60) AS "x`},
		"no view of deliveries":                    {func(w *probe.WebhookWants) { w.Deliveries = probe.PostgresView{} }, "Working", "NotApplicable"},
	} {
		t.Run(name, func(t *testing.T) {
			target := hooksTarget(server, "webhooks/postgres")
			wants := target.Wants.(probe.WebhookWants)
			c.change(&wants)
			target.Wants = wants
			outcome, _ := reported(t, target)
			if outcome[c.stage] != c.want {
				t.Errorf("expected %s %q, found %v", c.stage, c.want, outcome)
			}
			for stage, finding := range outcome {
				if stage != c.stage && strings.HasPrefix(finding, "Failed") {
					t.Errorf("found %s at %s as well", finding, stage)
				}
			}
		})
	}
	if after := contents(t, server); after != before {
		t.Errorf("the probes changed what the database holds: %s, then %s", before, after)
	}
}

// TestAViewThatTakesItsTimeLeavesTheOtherItsOwn has the server give up on the endpoints, and read the deliveries.
func TestAViewThatTakesItsTimeLeavesTheOtherItsOwn(t *testing.T) {
	t.Parallel()
	target := hooksTarget(postgrestest.For(t), "webhooks/postgres")
	wants := target.Wants.(probe.WebhookWants)
	wants.Endpoints.Name = "swamp"
	target.Wants, target.Timeout = wants, 8*time.Second
	outcome, deliveries := reported(t, target)
	want := map[string]string{
		"Reachable": "Passed", "Authenticated": "Passed", "Authorized": "Undecided StatementTooSlow hooks.swamp", "Working": "Passed",
	}
	if diff := cmp.Diff(want, outcome); diff != "" {
		t.Errorf("wrong outcome (-want +got):\n%s", diff)
	}
	if deliveries["count"] != "40" {
		t.Errorf("expected the deliveries to be counted all the same, found %v", deliveries)
	}
}

func TestAWebhookSendersLoginMayNotBeASuperuser(t *testing.T) {
	t.Parallel()
	server := postgrestest.For(t)
	target := hooksTarget(server, "webhooks/postgres")
	target.Credential = postgresLogin("root", postgrestest.Password)
	expect(t, target, map[string]string{"Reachable": "Passed", "Authenticated": "Passed", "Authorized": "Failed OverprivilegedLogin superuser"})
}
