// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package target

import (
	"cmp"
	"net/url"
	"strconv"
	"strings"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/probe"
	"mainstay.dev/mainstay/internal/provider"
)

// defaultPostgresPort is where PostgreSQL listens unless told otherwise.
const defaultPostgresPort = "5432"

// postgresUser is a dependency whose spec may name a database of PostgreSQL.
type postgresUser interface {
	PostgresServer() *v1alpha1.PostgresServer
}

// postgresOf returns what the spec of an object says of its database, with the defaults that an API server puts in.
func postgresOf(d Dependency) v1alpha1.PostgresServer {
	server := v1alpha1.PostgresServer{}
	if user, is := d.(postgresUser); is && user.PostgresServer() != nil {
		server = *user.PostgresServer()
	}
	server.TLS = cmp.Or(server.TLS, v1alpha1.PostgresTLSVerifyFull)
	return server
}

// hostInSecret says whether the owner of the Secret chose the host, who consents to it by that.
func hostInSecret(vendor provider.Provider, d Dependency) bool {
	return vendor.Speaks == provider.Postgres && postgresOf(d).Host == ""
}

// portBesideSecret is the port of the spec where the Secret names the host, and consents to another port by that;
// empty elsewhere.
func portBesideSecret(vendor provider.Provider, r Inputs) string {
	port := postgresOf(r.Object).Port
	if port == 0 || !hostInSecret(vendor, r.Object) {
		return ""
	}
	named := strconv.Itoa(int(port))
	if login, _, bad := postgresLogin(r); bad || named == cmp.Or(login.port, defaultPostgresPort) {
		return ""
	}
	return named
}

// postgresPlace is the server of the spec, as host:port; nothing where the Secret names it.
func postgresPlace(d Dependency) string {
	server := postgresOf(d)
	if server.Host == "" {
		return ""
	}
	port := defaultPostgresPort
	if server.Port != 0 {
		port = strconv.Itoa(int(server.Port))
	}
	return probe.ServerAt(server.Host, port).String()
}

// database takes down how to reach a database and as whom, from the spec, from the Secret where that says nothing,
// or from the administrator's endpoint, which stands for any server, without TLS.
func (o Options) database(t *probe.Target, vendor provider.Provider, r Inputs) (probe.Finding, bool) {
	if vendor.Speaks != provider.Postgres {
		return probe.Finding{}, false
	}
	login, problem, bad := postgresLogin(r)
	if bad {
		return problem, true
	}
	server := postgresOf(r.Object)
	t.Credential = probe.NewSecretOf(map[string]string{probe.UsernamePart: login.user, probe.PasswordPart: login.password})
	t.Database, t.TLS = cmp.Or(server.Database, login.database, login.user), probe.TLSMode(server.TLS)
	if o.Endpoints[vendor.Name] != "" {
		t.TLS = probe.ClearText
		return probe.Finding{}, false
	}
	if server.Host != "" {
		login.host, login.port = server.Host, ""
	}
	if login.host == "" {
		return probe.Fail(probe.ServerNotNamed), true
	}
	port := cmp.Or(login.port, defaultPostgresPort)
	if server.Port != 0 {
		port = strconv.Itoa(int(server.Port))
	}
	t.BaseURL = postgresScheme + "://" + probe.ServerAt(login.host, port).String()
	return probe.Finding{}, false
}

const postgresScheme = "postgres"

// login is what a Secret says of a database.
type login struct{ user, password, host, port, database string }

// postgresLogin reads the Secret of an object. Where the spec names a key that holds a connection URI, else each
// part has a key of its own.
func postgresLogin(r Inputs) (found login, problem probe.Finding, bad bool) {
	ref := r.Object.SharedSpec().SecretRef
	switch {
	case ref == nil || r.Secret == nil:
		return login{}, probe.Fail(probe.SecretNotFound), true
	case ref.Key != "":
		text, problem, bad := value(r.Secret.Data, ref.Key, probe.Secret.ChosenShape)
		if bad {
			return login{}, problem, true
		}
		found, ok := parseConnectionURI(text)
		return found, probe.Fail(probe.ConnectionURIMalformed, ref.Key), !ok
	}
	for _, part := range []struct {
		key  string
		into *string
		must bool
	}{
		{probe.UsernamePart, &found.user, true}, {probe.PasswordPart, &found.password, true},
		{"host", &found.host, false}, {"port", &found.port, false}, {"dbname", &found.database, false},
	} {
		if _, there := r.Secret.Data[part.key]; !there && !part.must {
			continue
		}
		if *part.into, problem, bad = value(r.Secret.Data, part.key, probe.Secret.ChosenShape); bad {
			return login{}, problem, true
		}
	}
	if found.host != "" && !probe.ValidHost(found.host) || found.port != "" && !validPort(found.port) {
		return login{}, probe.Fail(probe.ServerMalformed), true
	}
	return found, probe.Finding{}, false
}

// parseConnectionURI reads postgres://user:password@host:port/database. What stands after a question mark is for
// the app's driver, and not read: what TLS has to prove is for the spec to say.
func parseConnectionURI(text string) (login, bool) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != postgresScheme && u.Scheme != "postgresql" || u.User == nil {
		return login{}, false
	}
	password, has := u.User.Password()
	found := login{
		user: u.User.Username(), password: password, host: u.Hostname(), port: u.Port(),
		database: strings.TrimPrefix(u.Path, "/"),
	}
	valid := has && found.user != "" && found.password != "" && (found.host == "" || probe.ValidHost(found.host)) &&
		(found.port == "" || validPort(found.port)) && !strings.ContainsAny(found.user+found.password+found.database, "\x00")
	return found, valid
}

func validPort(text string) bool {
	port, err := strconv.ParseUint(text, 10, 16)
	return err == nil && port > 0
}
