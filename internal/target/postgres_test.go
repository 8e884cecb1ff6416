// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package target

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/probe"
)

func TestConnectionURIs(t *testing.T) {
	for uri, want := range map[string]login{
		"postgres://app:pw@db.shop.svc:5433/shop":           {"app", "pw", "db.shop.svc", "5433", "shop"},
		"postgresql://app:p%40ss%2Fw%20rd@db/shop":          {"app", "p@ss/w rd", "db", "", "shop"},
		"postgres://app:pw@[2001:db8::1]:5432/":             {"app", "pw", "2001:db8::1", "5432", ""},
		"postgres://app:pw@db/shop?sslmode=disable&host=/x": {"app", "pw", "db", "", "shop"},
		"postgres://app:pw@/shop":                           {"app", "pw", "", "", "shop"},
	} {
		got, ok := parseConnectionURI(uri)
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(login{})); !ok || diff != "" {
			t.Errorf("%s: usable %t (-want +got):\n%s", uri, ok, diff)
		}
	}
	for _, uri := range []string{
		"", "host=db user=app password=pw", "mysql://app:pw@db/shop", "postgres://db/shop", "postgres://app@db/shop",
		"postgres://:pw@db/shop", "postgres://app:@db/shop", "postgres://app:pw@db1,db2/shop", "postgres://app:pw@db:0/shop",
		"postgres://app:pw@db:port/shop", "postgres://app:pw@%2Fvar%2Frun/shop", "postgres://app:p%00w@db/shop", "jdbc:postgresql://db/shop",
	} {
		if got, ok := parseConnectionURI(uri); ok {
			t.Errorf("%s: expected it to be refused, found %+v", uri, got)
		}
	}
}

// TestWhereADatabaseIs builds targets from what the spec says and from what the Secret says.
func TestWhereADatabaseIs(t *testing.T) {
	kind, _ := FindKind("AccessCheck")
	options := Options{Guard: probe.Guard{AllowHosts: []probe.HostPort{{Host: "db.shop.svc"}, {Host: "replica.shop.svc"}}}}
	parts := map[string][]byte{"username": []byte("app"), "password": []byte("pw")}
	with := func(more ...string) map[string][]byte {
		data := map[string][]byte{}
		for key, value := range parts {
			data[key] = value
		}
		for i := 0; i < len(more); i += 2 {
			data[more[i]] = []byte(more[i+1])
		}
		return data
	}
	for name, c := range map[string]struct {
		server   *v1alpha1.PostgresServer
		key      string
		data     map[string][]byte
		allowed  string
		want     string
		database string
		symptom  probe.Symptom
	}{
		"the Secret says all, and consents by that": {
			data: with("host", "db.shop.svc", "port", "5433", "dbname", "shop"), want: "postgres://db.shop.svc:5433", database: "shop",
		},
		"the Secret names no port and no database": {data: with("host", "db.shop.svc"), want: "postgres://db.shop.svc:5432", database: "app"},
		"the spec names the host, and the port of another one does not count": {
			server: &v1alpha1.PostgresServer{Host: "replica.shop.svc", Database: "shop"}, data: with("host", "db.shop.svc", "port", "5433"),
			allowed: "replica.shop.svc:5432", want: "postgres://replica.shop.svc:5432", database: "shop",
		},
		"the spec names the host, and the Secret does not consent": {
			server: &v1alpha1.PostgresServer{Host: "elsewhere.example.com"}, data: with("host", "db.shop.svc"), symptom: probe.ConsentMissing,
		},
		"the Secret names the host, and the spec another port": {
			server: &v1alpha1.PostgresServer{Port: 6000}, data: with("host", "db.shop.svc", "port", "5433"), symptom: probe.PortNotConsented,
		},
		"the Secret names the host alone, and the spec a port": {
			server: &v1alpha1.PostgresServer{Port: 6000}, data: with("host", "db.shop.svc"), symptom: probe.PortNotConsented,
		},
		"the Secret consents to another host than it names": {
			server: &v1alpha1.PostgresServer{Port: 6000}, data: with("host", "db.shop.svc"), allowed: "other.shop.svc", symptom: probe.PortNotConsented,
		},
		"the Secret consents to another port": {
			server: &v1alpha1.PostgresServer{Port: 6000}, data: with("host", "db.shop.svc"), allowed: "db.shop.svc:6000",
			want: "postgres://db.shop.svc:6000", database: "app",
		},
		"the spec repeats the Secret's port": {
			server: &v1alpha1.PostgresServer{Port: 5433}, data: with("host", "db.shop.svc", "port", "5433"),
			want: "postgres://db.shop.svc:5433", database: "app",
		},
		"the spec names the usual port": {
			server: &v1alpha1.PostgresServer{Port: 5432}, data: with("host", "db.shop.svc"), want: "postgres://db.shop.svc:5432", database: "app",
		},
		"a URI, and the spec another port": {
			server: &v1alpha1.PostgresServer{Port: 6000}, key: "uri", data: map[string][]byte{"uri": []byte("postgres://a:b@db.shop.svc/shop")},
			symptom: probe.PortNotConsented,
		},
		"a URI":            {key: "uri", data: map[string][]byte{"uri": []byte("postgres://a:b@db.shop.svc/shop\n")}, symptom: probe.CredentialHasLineBreak},
		"no host anywhere": {data: parts, symptom: probe.ServerNotNamed},
		"no password":      {data: map[string][]byte{"username": []byte("app")}, symptom: probe.SecretKeyMissing},
		"a socket":         {data: with("host", "/var/run/postgresql"), symptom: probe.ServerMalformed},
		"several hosts":    {data: with("host", "db1,db2"), symptom: probe.ServerMalformed},
		"no Secret":        {symptom: probe.SecretNotFound},
		"the metadata service": {
			data: with("host", "169.254.169.254"), symptom: probe.AddressNeverAdmitted,
		},
		"a private address":         {data: with("host", "10.0.0.7"), symptom: probe.AddressRefused},
		"another name of a cluster": {data: with("host", "db.other.svc"), symptom: probe.AddressRefused},
		"no TLS to an address that is public": {
			server: &v1alpha1.PostgresServer{TLS: v1alpha1.PostgresTLSNone}, data: with("host", "93.184.216.34"), symptom: probe.ClearTextRefused,
		},
	} {
		t.Run(name, func(t *testing.T) {
			check := &v1alpha1.AccessCheck{}
			check.Spec.Provider, check.Spec.Postgres = "Postgres", c.server
			check.Spec.SecretRef = &v1alpha1.SecretKeyRef{Name: "db", Key: c.key}
			inputs := Inputs{Kind: kind, Object: check}
			if c.data != nil {
				inputs.Secret = &Referent{Data: c.data, AllowedHosts: c.allowed}
			}
			target, finding := options.Build(inputs)
			if finding.Symptom != c.symptom {
				t.Fatalf("expected %q, found %q", c.symptom, finding.Symptom)
			}
			if c.symptom == (probe.Symptom{}) && (target.BaseURL != c.want || target.Database != c.database || target.TLS != probe.VerifyFull) {
				t.Errorf("expected %s and %s, found %+v", c.want, c.database, target)
			}
		})
	}
}
