// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"cmp"
	"fmt"
	"net"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/probe"
	"mainstay.dev/mainstay/internal/provider/postgrestest"
)

// partner is where the shop sends webhooks itself, out of its own database.
func partner(namespace string, server *postgrestest.Server) (*v1alpha1.WebhookEndpoint, []client.Object) {
	hook := &v1alpha1.WebhookEndpoint{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "partner"}}
	hook.Spec.Provider, hook.Spec.URL = "Postgres", "https://shop.example.com/webhooks/postgres"
	hook.Spec.Events = []string{"order.created", "order.paid"}
	hook.Spec.Postgres = &v1alpha1.PostgresWebhook{
		Endpoints:  v1alpha1.PostgresView{Schema: "hooks", View: "endpoints"},
		Deliveries: &v1alpha1.PostgresView{Schema: "hooks", View: "deliveries"},
	}
	hook.Spec.SecretRef = &v1alpha1.SecretKeyRef{Name: "shop-db"}
	hook.Spec.CARef = &v1alpha1.CARef{Kind: "ConfigMap", Name: "authority"}
	hook.Spec.PeriodSeconds, hook.Spec.FailureThreshold = 86400, 1
	return hook, shopDatabase(namespace, server)
}

// hookFault is a way in which the app's own tables, or the views of them, are not what a spec asks for.
type hookFault struct {
	// path is that of the endpoint; endpoints and deliveries are views, where they are others than those that are good.
	path, endpoints, deliveries string
	// mends is SQL.
	mends string
	// stage is empty where only the verdict tells, which no rollout waits for.
	reason, stage, says string
}

var hookFaults = []hookFault{
	{
		path: "nowhere", mends: "INSERT INTO hooks.subscribers VALUES (2001, 'https://shop.example.com/nowhere')",
		reason: v1alpha1.ReasonEndpointNotFound, stage: "Provisioned", says: "https://shop.example.com/nowhere",
	},
	{
		path: "slash", mends: "UPDATE hooks.subscribers SET target = 'https://shop.example.com/slash' WHERE id = 1007",
		reason: v1alpha1.ReasonWrongURL, stage: "Provisioned", says: "https://shop.example.com/slash, http://Shop.example.com:80/Slash/",
	},
	{
		path: "off", mends: "UPDATE hooks.subscribers SET active = true WHERE id = 1002",
		reason: v1alpha1.ReasonEndpointInactive, stage: "Provisioned", says: "resent",
	},
	{
		path: "few", mends: "UPDATE hooks.subscribers SET topics = topics || '{order.paid}' WHERE id = 1003",
		reason: v1alpha1.ReasonEventNotSubscribed, stage: "Provisioned", says: "order.paid",
	},
	{
		path: "failing", mends: "UPDATE hooks.outbox SET sent = true, answer = 200 WHERE subscriber = 1008",
		reason: v1alpha1.ReasonDeliveriesFailing, says: "signing secret",
	},
	{
		path: "dead", mends: "UPDATE hooks.outbox SET sent = true WHERE subscriber = 1009",
		reason: v1alpha1.ReasonDeadLettered, says: "resent",
	},
	{
		path: "stuck", mends: "UPDATE hooks.outbox SET sent = true, tried = now() WHERE subscriber = 1010",
		reason: v1alpha1.ReasonDeliveriesStuck, says: "worker",
	},
	{
		path: "1", endpoints: "withheld", mends: "GRANT SELECT ON hooks.withheld TO checker",
		reason: v1alpha1.ReasonRoleForbidden, stage: "Authorized", says: "hooks.withheld.url",
	},
	{
		path: "1", deliveries: "missing", mends: "CREATE VIEW hooks.missing AS SELECT * FROM hooks.deliveries; GRANT SELECT ON hooks.missing TO checker",
		reason: v1alpha1.ReasonTableNotFound, stage: "Provisioned", says: "hooks.missing",
	},
	{
		path: "1", endpoints: "no_events", mends: "CREATE OR REPLACE VIEW hooks.no_events AS SELECT * FROM hooks.endpoints",
		reason: v1alpha1.ReasonColumnNotFound, stage: "Provisioned", says: "hooks.no_events.events",
	},
	{
		path: "webhooks/postgres", deliveries: "no_words",
		mends:  "CREATE OR REPLACE VIEW hooks.no_words AS SELECT url, status, state, created_at, attempted_at FROM hooks.deliveries",
		reason: v1alpha1.ReasonColumnTypeMismatch, stage: "Provisioned", says: "hooks.no_words.state",
	},
	{
		path: "1", endpoints: "dividing", mends: "CREATE OR REPLACE VIEW hooks.dividing AS SELECT * FROM hooks.endpoints",
		reason: v1alpha1.ReasonViewFails, stage: "Provisioned", says: "READ ONLY",
	},
}

// TestTheAppsOwnTablesTellWhyAWebhookIsMissing goes from a webhook that is not received to what the tables of its
// sender say, and back. Each object has a login of its own, since one is let in a few times a minute.
func TestTheAppsOwnTablesTellWhyAWebhookIsMissing(t *testing.T) {
	t.Parallel()
	server := postgrestest.For(t)
	for i, f := range hookFaults {
		t.Run(f.reason, func(t *testing.T) {
			t.Parallel()
			login := fmt.Sprintf("partner_%d", i)
			execute(t, server, fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD '%s' IN ROLE checker", login, postgrestest.Password))
			hook, needs := partner(newNamespace(t), server)
			needs[0].(*corev1.Secret).StringData["username"] = login
			hook.Spec.URL = "https://shop.example.com/" + f.path
			hook.Spec.Postgres.Endpoints.View = cmp.Or(f.endpoints, "endpoints")
			hook.Spec.Postgres.Deliveries.View = cmp.Or(f.deliveries, "deliveries")
			create(t, append(needs, hook)...)
			f.told(t, hook)
			execute(t, server, f.mends)
			probeNow(t, hook, "mended")
			waitForReason(t, hook, v1alpha1.ReasonPassed)
			for _, kind := range []string{"Configured", "Reachable", "Authenticated", "Authorized", "Provisioned", "Healthy", "Ready"} {
				if c := condition(hook, kind); c.Status != metav1.ConditionTrue {
					t.Errorf("expected %s to be True, found %+v", kind, c)
				}
			}
		})
	}
}

// told holds the conditions, an event, a metric and the answer of a command to a fault.
func (f hookFault) told(t *testing.T, hook *v1alpha1.WebhookEndpoint) {
	t.Helper()
	healthy := waitForReason(t, hook, f.reason)
	if healthy.Status != metav1.ConditionFalse || !strings.Contains(healthy.Message, f.says) {
		t.Errorf("expected False with %q in the message, found %+v", f.says, healthy)
	}
	ready := metav1.ConditionTrue
	if f.stage != "" {
		ready = metav1.ConditionFalse
		if c := condition(hook, f.stage); c.Status != metav1.ConditionFalse || c.Reason != f.reason {
			t.Errorf("expected %s to be False with reason %s, found %+v", f.stage, f.reason, c)
		}
	}
	if c := condition(hook, "Ready"); c.Status != ready {
		t.Errorf("expected Ready %s, found %+v", ready, c)
	}
	waitForEvent(t, hook, f.reason)
	metric := `kind="WebhookEndpoint",name="partner",namespace="` + hook.Namespace + `",provider="Postgres",ready="` + string(ready) +
		`",reason="` + f.reason + `",secret="shop-db"} 1`
	if !strings.Contains(scrape(t), metric) {
		t.Errorf("expected a metric with %s", metric)
	}
	a := newShell(t).why(hook.Namespace, `"webhook not received"`)
	if len(a.Causes) == 0 || a.Causes[0].Object != "webhookendpoint/partner" || a.Causes[0].Reason != f.reason || a.Causes[0].Advice == "" {
		t.Errorf("expected the cause with advice, found %+v", a.Causes)
	}
}

func execute(t *testing.T, server *postgrestest.Server, statements string) {
	t.Helper()
	if err := server.Execute(postgrestest.Database, statements); err != nil {
		t.Fatal(err)
	}
}

// TestWhatTheAppsTablesTellOfDeliveriesIsInStatusAndMetrics holds that what they do not tell is nowhere.
func TestWhatTheAppsTablesTellOfDeliveriesIsInStatusAndMetrics(t *testing.T) {
	t.Parallel()
	server := postgrestest.For(t)
	hook, needs := partner(newNamespace(t), server)
	hook.Spec.URL = "https://shop.example.com/dead"
	create(t, append(needs, hook)...)
	waitForReason(t, hook, v1alpha1.ReasonDeadLettered)
	told := hook.Status.Deliveries
	if told == nil || told.FailedPercent == nil || *told.FailedPercent != 50 || *told.Count != 2 || *told.DeadLettered != 1 || told.LastStatus != 200 {
		t.Errorf("expected half of two deliveries to be given up, and the last to be taken; found %+v", told)
	}
	labels := `{kind="WebhookEndpoint",name="partner",namespace="` + hook.Namespace + `",provider="Postgres"`
	if metrics := scrape(t); !strings.Contains(metrics, "mainstay_webhook_failure_ratio"+labels+`} 0.5`) {
		t.Errorf("expected the ratio of what failed among the metrics with %s", labels)
	}

	update(t, hook, func() { hook.Spec.URL = "https://shop.example.com/stuck" })
	waitForReason(t, hook, v1alpha1.ReasonDeliveriesStuck)
	if told = hook.Status.Deliveries; told == nil || told.FailedPercent != nil || told.Waiting == nil || *told.Waiting != 500 || told.WaitingSince == nil {
		t.Errorf("expected 500 deliveries that wait, and no share of failures; found %+v", told)
	}

	update(t, hook, func() { hook.Spec.URL, hook.Spec.Postgres.Deliveries = "https://shop.example.com/dead", nil })
	waitForReason(t, hook, v1alpha1.ReasonPassed) // Nobody asked of deliveries.

	update(t, hook, func() { hook.Spec.URL = "https://shop.example.com/twice" })
	waitForEvent(t, hook, v1alpha1.ReasonDuplicateEndpoint)
	if c := condition(hook, "Healthy"); c.Status != metav1.ConditionTrue {
		t.Errorf("expected two rows with one URL to be a warning alone, found %+v", c)
	}
}

func TestWhatKeepsTheViewsFromBeingRead(t *testing.T) {
	t.Parallel()
	server := postgrestest.For(t)
	host, port, _ := net.SplitHostPort(server.Address)
	for name, c := range map[string]struct {
		change func(*v1alpha1.WebhookEndpointSpec, *corev1.Secret)
		reason string
		status metav1.ConditionStatus
		says   string
	}{
		"a wrong password": {
			func(_ *v1alpha1.WebhookEndpointSpec, secret *corev1.Secret) { secret.StringData["password"] = canary },
			v1alpha1.ReasonInvalidAPIKey, metav1.ConditionFalse, "The app's database rejects the login in Secret shop-db (keys username and password).",
		},
		"a superuser": {
			func(_ *v1alpha1.WebhookEndpointSpec, secret *corev1.Secret) { secret.StringData["username"] = "root" },
			v1alpha1.ReasonOverprivilegedCredential, metav1.ConditionFalse, "superuser",
		},
		"another database": {
			func(s *v1alpha1.WebhookEndpointSpec, _ *corev1.Secret) { s.Postgres.Database = "nowhere" },
			v1alpha1.ReasonDatabaseNotFound, metav1.ConditionFalse, "spec.postgres.database",
		},
		"a host of the spec without consent": {
			func(s *v1alpha1.WebhookEndpointSpec, _ *corev1.Secret) {
				s.Postgres.Host, s.Postgres.Port = host, portOf(t, probe.HostPort{Port: port})
			},
			v1alpha1.ReasonConsentMissing, metav1.ConditionFalse, "mainstay.dev/allowed-hosts=" + server.Address,
		},
		"a view that takes too long": {
			func(s *v1alpha1.WebhookEndpointSpec, _ *corev1.Secret) {
				s.Postgres.Endpoints.View, s.TimeoutSeconds = "swamp", 4
			},
			v1alpha1.ReasonStatementTooSlow, metav1.ConditionUnknown, "hooks.swamp",
		},
	} {
		t.Run(name, func(t *testing.T) {
			hook, needs := partner(newNamespace(t), server)
			c.change(&hook.Spec, needs[0].(*corev1.Secret))
			create(t, append(needs, hook)...)
			if healthy := waitForReason(t, hook, c.reason); healthy.Status != c.status || !strings.Contains(healthy.Message, c.says) {
				t.Errorf("expected %s with %q in the message, found:\n%s", c.status, c.says, shown(hook))
			}
		})
	}
}

func TestSpecsOfViewsThatCannotWorkAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(*v1alpha1.WebhookEndpointSpec)
		want  string
	}{
		"no views":                {func(s *v1alpha1.WebhookEndpointSpec) { s.Postgres = nil }, "spec.postgres is required for provider Postgres"},
		"no view of endpoints":    {func(s *v1alpha1.WebhookEndpointSpec) { s.Postgres.Endpoints = v1alpha1.PostgresView{} }, "spec.postgres.endpoints"},
		"no Secret":               {func(s *v1alpha1.WebhookEndpointSpec) { s.SecretRef = nil }, "spec.secretRef is required"},
		"an endpoint over HTTP":   {func(s *v1alpha1.WebhookEndpointSpec) { s.Endpoint = "https://db.example.com" }, "spec.endpoint does not apply"},
		"a name that is more":     {func(s *v1alpha1.WebhookEndpointSpec) { s.Postgres.Endpoints.View = `e"; DROP TABLE x; --` }, "spec.postgres.endpoints.view"},
		"views of another sender": {func(s *v1alpha1.WebhookEndpointSpec) { s.Provider = "Svix" }, "spec.postgres applies to provider Postgres alone"},
		"certificates that nobody checks": {
			func(s *v1alpha1.WebhookEndpointSpec) { s.Postgres.TLS = "Require" }, "spec.caRef does not apply",
		},
	} {
		t.Run(name, func(t *testing.T) {
			hook, _ := partner(newNamespace(t), &postgrestest.Server{Address: "127.0.0.1:1"})
			c.spoil(&hook.Spec)
			err := world.admin.Create(t.Context(), hook)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("expected the API server to say %q, found %v", c.want, err)
			}
		})
	}
}
