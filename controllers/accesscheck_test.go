// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
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

// isolation is a check of the shop's database, whose Secret says where it is as operators of PostgreSQL write it.
func isolation(namespace string, server *postgrestest.Server) (*v1alpha1.AccessCheck, []client.Object) {
	host, port, _ := net.SplitHostPort(server.Address)
	login := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "shop-db"},
		StringData: map[string]string{
			"username": postgrestest.Checker, "password": postgrestest.Password, "host": host, "port": port, "dbname": postgrestest.Database,
		},
	}
	authority := &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "authority"}, Data: map[string]string{"ca.crt": string(server.CA)},
	}
	access := &v1alpha1.AccessCheck{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "tenant-isolation"}}
	access.Spec.Provider = "Postgres"
	access.Spec.PeriodSeconds = 86400 // No period ends in these stories: every step is woken by an event.
	access.Spec.FailureThreshold = 1
	access.Spec.SecretRef = &v1alpha1.SecretKeyRef{Name: "shop-db"}
	access.Spec.CARef = &v1alpha1.CARef{Kind: "ConfigMap", Name: "authority"}
	access.Spec.Expectations = []v1alpha1.AccessExpectation{
		{Name: "own-orders", Expect: v1alpha1.AccessAllow, Postgres: orders("acme")},
		{Name: "orders-of-others", Expect: v1alpha1.AccessDeny, Postgres: orders("globex")},
	}
	return access, []client.Object{login, authority}
}

// orders are those of a tenant, as the app of acme sees them.
func orders(tenant string) *v1alpha1.PostgresAccess {
	acme := "acme"
	return &v1alpha1.PostgresAccess{
		Role: "app", Verb: v1alpha1.PostgresSelect, Table: "orders",
		Settings: []v1alpha1.PostgresSetting{{Name: "app.tenant", Value: &acme}},
		Rows:     &v1alpha1.PostgresRows{Column: "tenant", Value: &tenant},
	}
}

// TestWhichLayerDeniedIsTheCause goes from a 403 in the app to the layer of the database that decided.
func TestWhichLayerDeniedIsTheCause(t *testing.T) {
	t.Parallel()
	server := postgrestest.For(t)
	namespace := newNamespace(t)
	access, needs := isolation(namespace, server)
	create(t, append(needs, access)...)
	waitForReason(t, access, v1alpha1.ReasonPassed)
	for _, kind := range []string{"Configured", "Reachable", "Authenticated", "Authorized", "Provisioned", "Healthy", "Ready"} {
		if c := condition(access, kind); c.Status != metav1.ConditionTrue {
			t.Errorf("expected %s to be True, found %+v", kind, c)
		}
	}
	for _, step := range []struct{ name, breaks, mends, reason, stage, says string }{
		{
			"the role lacks the privilege", "REVOKE SELECT ON orders FROM app", "GRANT SELECT ON orders TO app",
			v1alpha1.ReasonRoleForbidden, "Authorized", "own-orders (role app with app.tenant: SELECT on public.orders where tenant = acme)",
		},
		{
			"row-level security denies", "ALTER POLICY tenants ON orders TO keeper", "ALTER POLICY tenants ON orders TO app",
			v1alpha1.ReasonRowLevelSecurityDenied, "Authorized", "no policy is for this role",
		},
		{
			"nothing isolates", "ALTER TABLE orders DISABLE ROW LEVEL SECURITY", "ALTER TABLE orders ENABLE ROW LEVEL SECURITY",
			v1alpha1.ReasonRowLevelSecurityDisabled, "Authorized", "orders-of-others",
		},
		{
			"a migration has not run", "ALTER TABLE orders RENAME TO orders_old", "ALTER TABLE orders_old RENAME TO orders",
			v1alpha1.ReasonTableNotFound, "Provisioned", "public.orders",
		},
	} {
		if err := server.Execute(postgrestest.Database, step.breaks); err != nil {
			t.Fatal(err)
		}
		probeNow(t, access, step.reason)
		healthy := waitForReason(t, access, step.reason)
		if healthy.Status != metav1.ConditionFalse || !strings.Contains(healthy.Message, step.says) {
			t.Errorf("%s: expected False with %q in the message, found %+v", step.name, step.says, healthy)
		}
		for _, kind := range []string{step.stage, "Ready"} {
			if c := condition(access, kind); c.Status != metav1.ConditionFalse || c.Reason != step.reason {
				t.Errorf("%s: expected %s to be False with reason %s, found %+v", step.name, kind, step.reason, c)
			}
		}
		waitForEvent(t, access, step.reason)
		metric := `mainstay_dependency_verdict{blame="Owner",healthy="False",kind="AccessCheck",name="tenant-isolation",namespace="` +
			namespace + `",provider="Postgres",ready="False",reason="` + step.reason + `",secret="shop-db"} 1`
		if got := scrape(t); !strings.Contains(got, metric) {
			t.Errorf("%s: expected the metric %s", step.name, metric)
		}
		a := newShell(t).why(namespace, `"403 forbidden in the app"`)
		if len(a.Causes) == 0 || a.Causes[0].Object != "accesscheck/tenant-isolation" || a.Causes[0].Reason != step.reason || a.Causes[0].Advice == "" {
			t.Errorf("%s: expected the cause with advice, found %+v", step.name, a.Causes)
		}
		if err := server.Execute(postgrestest.Database, step.mends); err != nil {
			t.Fatal(err)
		}
		probeNow(t, access, step.reason+"-mended")
		waitForReason(t, access, v1alpha1.ReasonPassed)
	}
}

func TestLoginsOfADatabaseBecomeCauses(t *testing.T) {
	t.Parallel()
	server := postgrestest.For(t)
	host, port, _ := net.SplitHostPort(server.Address)
	for name, c := range map[string]struct {
		change func(*v1alpha1.AccessCheckSpec, *corev1.Secret)
		reason string
		says   string
	}{
		"a connection URI": {
			change: func(s *v1alpha1.AccessCheckSpec, secret *corev1.Secret) {
				s.SecretRef.Key = "uri"
				secret.StringData = map[string]string{"uri": "postgres://checker:right%20password@" + server.Address + "/shop?sslmode=disable"}
			},
			reason: v1alpha1.ReasonPassed,
		},
		"a text that is no connection URI": {
			change: func(s *v1alpha1.AccessCheckSpec, secret *corev1.Secret) {
				s.SecretRef.Key = "uri"
				secret.StringData = map[string]string{"uri": "host=" + host + " password=x"}
			},
			reason: v1alpha1.ReasonConnectionURIMalformed, says: "key uri",
		},
		"no host": {
			change: func(_ *v1alpha1.AccessCheckSpec, secret *corev1.Secret) { delete(secret.StringData, "host") },
			reason: v1alpha1.ReasonServerNotNamed, says: "spec.postgres.host",
		},
		"a host of the spec without consent": {
			change: func(s *v1alpha1.AccessCheckSpec, _ *corev1.Secret) {
				s.Postgres = &v1alpha1.PostgresServer{Host: host, Port: portOf(t, probe.HostPort{Port: port})}
			},
			reason: v1alpha1.ReasonConsentMissing, says: "mainstay.dev/allowed-hosts=" + server.Address,
		},
		"a host of the spec with consent": {
			change: func(s *v1alpha1.AccessCheckSpec, secret *corev1.Secret) {
				s.Postgres = &v1alpha1.PostgresServer{Host: host, Port: portOf(t, probe.HostPort{Port: port}), Database: "shop"}
				secret.Annotations = map[string]string{v1alpha1.AllowedHostsAnnotation: host}
				secret.StringData = map[string]string{"username": postgrestest.Checker, "password": postgrestest.Password}
			},
			reason: v1alpha1.ReasonPassed,
		},
		"a wrong password": {
			change: func(_ *v1alpha1.AccessCheckSpec, secret *corev1.Secret) { secret.StringData["password"] = canary },
			reason: v1alpha1.ReasonInvalidAPIKey, says: "The database rejects the login in Secret shop-db (keys username and password).",
		},
		"a superuser": {
			change: func(_ *v1alpha1.AccessCheckSpec, secret *corev1.Secret) { secret.StringData["username"] = "root" },
			reason: v1alpha1.ReasonOverprivilegedCredential, says: "superuser",
		},
		"a host in the Secret where nothing listens": {
			change: func(_ *v1alpha1.AccessCheckSpec, secret *corev1.Secret) { secret.StringData["port"] = "1" },
			reason: v1alpha1.ReasonConnectionRefused, says: "at the host in Secret shop-db",
		},
	} {
		t.Run(name, func(t *testing.T) {
			access, needs := isolation(newNamespace(t), server)
			c.change(&access.Spec, needs[0].(*corev1.Secret))
			create(t, append(needs, access)...)
			healthy := waitForReason(t, access, c.reason)
			if !strings.Contains(healthy.Message, c.says) {
				t.Errorf("expected %q in the message, found:\n%s", c.says, shown(access))
			}
		})
	}
}

func TestAccessSpecsThatCannotWorkAreRefused(t *testing.T) {
	t.Parallel()
	unreachable := &postgrestest.Server{Address: "127.0.0.1:1"}
	text := func(s string) *string { return &s }
	for name, c := range map[string]struct {
		spoil func(*v1alpha1.AccessCheckSpec)
		want  string
	}{
		"no provider":          {func(s *v1alpha1.AccessCheckSpec) { s.Provider = "" }, "spec.provider"},
		"no Secret":            {func(s *v1alpha1.AccessCheckSpec) { s.SecretRef = nil }, "spec.secretRef is required"},
		"an endpoint":          {func(s *v1alpha1.AccessCheckSpec) { s.Endpoint = "https://db.example.com" }, "spec.endpoint does not apply"},
		"no expectations":      {func(s *v1alpha1.AccessCheckSpec) { s.Expectations = nil }, "spec.expectations"},
		"an expectation twice": {func(s *v1alpha1.AccessCheckSpec) { s.Expectations[1].Name = s.Expectations[0].Name }, "Duplicate value"},
		"an expectation of nothing": {
			func(s *v1alpha1.AccessCheckSpec) { s.Expectations[0].Postgres = nil }, "each of spec.expectations needs postgres",
		},
		"neither allowed nor denied": {func(s *v1alpha1.AccessCheckSpec) { s.Expectations[0].Expect = "Maybe" }, "supported values"},
		"rows that are written": {
			func(s *v1alpha1.AccessCheckSpec) { s.Expectations[0].Postgres.Verb = "Update" }, "rows applies to verb Select alone, found Update",
		},
		"role none":                                   {func(s *v1alpha1.AccessCheckSpec) { s.Expectations[0].Postgres.Role = "none" }, "role must not be none"},
		"a role that is cut off":                      {func(s *v1alpha1.AccessCheckSpec) { s.Expectations[0].Postgres.Role = strings.Repeat("ä", 32) }, "at most 63 bytes"},
		"a table of two lines":                        {func(s *v1alpha1.AccessCheckSpec) { s.Expectations[0].Postgres.Table = "a\nb" }, "spec.expectations[0].postgres.table"},
		"a setting that is a role":                    {setsTo("role", text("root")), "must have a dot in it"},
		"a setting that turns row-level security off": {setsTo("row_security", text("off")), "must have a dot in it"},
		"a setting that is another user":              {setsTo("session_authorization", text("root")), "must have a dot in it"},
		"a setting without a value":                   {setsTo("app.tenant", nil), "value"},
		"certificates that nobody checks": {
			func(s *v1alpha1.AccessCheckSpec) { s.Postgres = &v1alpha1.PostgresServer{TLS: "Require"} }, "spec.caRef does not apply",
		},
		"a host with a port": {
			func(s *v1alpha1.AccessCheckSpec) { s.Postgres = &v1alpha1.PostgresServer{Host: "db.shop.svc:5432"} }, "without a port",
		},
	} {
		t.Run(name, func(t *testing.T) {
			access, _ := isolation(newNamespace(t), unreachable)
			c.spoil(&access.Spec)
			err := world.admin.Create(t.Context(), access)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("expected the API server to say %q, found %v", c.want, err)
			}
		})
	}
	t.Run("names that are odd and admitted", func(t *testing.T) {
		access, _ := isolation(newNamespace(t), unreachable)
		access.Spec.Expectations[0].Postgres.Table = `таблица /* " */ $1; --`
		create(t, access)
	})
}

func setsTo(name string, value *string) func(*v1alpha1.AccessCheckSpec) {
	return func(s *v1alpha1.AccessCheckSpec) {
		s.Expectations[0].Postgres.Settings = []v1alpha1.PostgresSetting{{Name: name, Value: value}}
	}
}
