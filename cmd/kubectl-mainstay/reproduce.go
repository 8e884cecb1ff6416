// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"net/url"
	"strings"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/cmd/kubectl-mainstay/plain"
	"mainstay.dev/mainstay/internal/probe"
	"mainstay.dev/mainstay/internal/provider"
	"mainstay.dev/mainstay/internal/target"
)

// reproduction is what a probe does first, as commands that a person can run. A credential is in a pipe or in a
// variable, never on a command line, and what comes from a spec is quoted. There is nothing to run before the operator has found that the spec as it is now
// is configured: whoever wrote it chose the host, and may not be who owns the Secret.
func reproduction(d dependency) []string {
	vendor, found := provider.Find(d.kind.Name, d.Provider())
	switch {
	case !found || !d.configured():
		return nil
	case vendor.Speaks == provider.Kubernetes:
		return reviews(d)
	case vendor.Speaks == provider.Postgres:
		return transaction(d)
	}
	return request(d, vendor)
}

// request is the first request of a probe over HTTP.
func request(d dependency, vendor provider.Provider) []string {
	place := d.kind.PlaceOf(d.Dependency)
	base := vendor.Base(place)
	if endpoint := d.SharedSpec().Endpoint; endpoint != "" {
		base = strings.TrimRight(endpoint, "/")
	}
	if base == "" || len(vendor.Steps) == 0 {
		return nil
	}
	path := vendor.Steps[0].Path
	if wanted := d.kind.Wants(d.Dependency).Names(); len(wanted) > 0 {
		path = strings.NewReplacer("{name}", url.PathEscape(wanted[0]), "{path}", wanted[0]).Replace(path)
	}
	curl, at := "curl -sS -i", plain.Word(base+path)
	for _, name := range sortedKeys(vendor.Header) {
		curl += " -H " + plain.Word(name+": "+vendor.Header[name])
	}
	ref := d.SharedSpec().SecretRef
	if ref == nil || vendor.Auth == (probe.Auth{}) {
		return []string{curl + " " + at}
	}
	credential, option := login(vendor.Auth, place, target.RequiredKeys(d.kind, d.Dependency)[0])
	return []string{fmt.Sprintf("kubectl get secret %s -n %s \\\n  -o go-template='%s' |\n  %s %s \\\n    %s",
		ref.Name, d.GetNamespace(), credential, curl, option, at)}
}

// login is a template that writes the credential in a Secret in such a way that curl takes it from its standard input,
// and the option with which it does. Nothing in a value can be another option of curl there.
func login(auth probe.Auth, place, key string) (credential, option string) {
	const user = `user = {{printf "%%s:%%s" %s (base64decode (index .data "%s")) | printf "%%q"}}`
	switch {
	case auth.AWSService != "":
		return fmt.Sprintf(user, "(base64decode .data."+probe.AWSAccessKeyID+")", probe.AWSSecretAccessKey),
			"--aws-sigv4 " + plain.Word("aws:amz:"+place+":"+auth.AWSService) + " -K -"
	case auth.User != "":
		return fmt.Sprintf(user, `"`+auth.User+`"`, key), "-K -"
	}
	return fmt.Sprintf(`%s: %s{{base64decode (index .data "%s")}}`, auth.Header, auth.Prefix, key), "-H @-"
}

// meant are the expectations that the verdict on an access check names, or else the first of all.
func meant(d dependency) []probe.Expectation {
	wants, _ := d.kind.Wants(d.Dependency).(probe.AccessWants)
	var named []probe.Expectation
	for _, e := range wants.Expectations {
		if strings.Contains(d.condition(v1alpha1.ConditionHealthy).Message, e.String()) {
			named = append(named, e)
		}
	}
	if len(named) > 0 {
		return named
	}
	return wants.Expectations[:min(len(wants.Expectations), 1)]
}

// maxReviews is how many reviews are shown, each of which stands alone.
const maxReviews = 3

// reviews ask the API server as whom the expectations are about, which takes the permission to impersonate.
func reviews(d dependency) []string {
	var commands []string
	for _, e := range meant(d) {
		a := e.Kubernetes
		if a == nil || len(commands) == maxReviews {
			break
		}
		what := a.Resource
		if a.Group != "" {
			what += "." + a.Group
		}
		if a.Name != "" {
			what += "/" + a.Name
		}
		command := fmt.Sprintf("kubectl auth can-i %s %s", plain.Word(a.Verb), plain.Word(what))
		if a.Subresource != "" {
			command += " --subresource=" + plain.Word(a.Subresource)
		}
		commands = append(commands, command+fmt.Sprintf(" -n %s \\\n  --as=system:serviceaccount:%s:%s",
			a.Namespace, a.Namespace, plain.Word(a.ServiceAccount)))
	}
	return commands
}

// transaction asks a database as the login does, by psql.
func transaction(d dependency) []string {
	expected := meant(d)
	ref := d.SharedSpec().SecretRef
	if ref == nil || len(expected) == 0 || expected[0].Postgres == nil {
		return nil
	}
	statements := provider.ByHand(*expected[0].Postgres)
	if len(statements) == 0 {
		return nil
	}
	commands, psql := fromKeys(d), "psql -X"
	if ref.Key != "" {
		commands, psql = fromURI(d)
	}
	commands = append(commands, certificates(d)...)
	return append(commands, psql+" <<'SQL'\n"+strings.Join(statements, "\n")+"\nSQL")
}

// fromKeys has psql find the database that the spec names, and what that leaves open in the keys of the Secret.
func fromKeys(d dependency) []string {
	server := postgresServer(d)
	var commands []string
	for _, part := range []struct{ variable, key, spec string }{
		{"PGUSER", "username", ""}, {"PGPASSWORD", "password", ""}, {"PGHOST", "host", server.Host},
		{"PGPORT", "port", portOf(server)}, {"PGDATABASE", "dbname", server.Database},
	} {
		value := plain.Word(part.spec)
		if part.spec == "" {
			value = `"$(` + fromSecret(d, part.key) + `)"`
		}
		commands = append(commands, "export "+part.variable+"="+value)
	}
	return commands
}

// fromURI does so with a connection URI, whose password goes where psql alone sees it. Of the URI it takes what the
// probe takes: nothing after a question mark, where the spec's own words stand then.
func fromURI(d dependency) (commands []string, psql string) {
	server := postgresServer(d)
	var spec []string
	for _, part := range [][2]string{{"host", server.Host}, {"port", portOf(server)}, {"dbname", server.Database}} {
		if part[1] != "" {
			spec = append(spec, part[0]+"="+strings.ReplaceAll(url.QueryEscape(part[1]), "+", "%20"))
		}
	}
	return []string{
		fmt.Sprintf(`URI="$(%s)"`, fromSecret(d, d.SharedSpec().SecretRef.Key)),
		`URI="${URI%%[?#]*}"`,
		`export PGPASSWORD="$(printf %b "$(printf %s "$URI" | sed -E 's,^[^/]*//[^:/]*:([^/]*)@.*,\1,; s,%,\\x,g')")"`,
	}, fmt.Sprintf(`psql -X "$(printf %%s "$URI" | sed -E 's,:[^/]*@,@,')?%s"`, strings.Join(spec, "&"))
}

// portOf is the port of the spec, or the usual one where a host stands there alone: the port in the Secret is that of
// another host.
func portOf(server v1alpha1.PostgresServer) string {
	switch {
	case server.Port != 0:
		return fmt.Sprint(server.Port)
	case server.Host != "":
		return "5432"
	}
	return ""
}

// postgresServer is what the spec of an object says of its database.
func postgresServer(d dependency) v1alpha1.PostgresServer {
	user, is := d.Dependency.(interface {
		PostgresServer() *v1alpha1.PostgresServer
	})
	if !is || user.PostgresServer() == nil {
		return v1alpha1.PostgresServer{}
	}
	return *user.PostgresServer()
}

// fromSecret is a command that writes one value of an object's Secret, or nothing where that lacks the key.
func fromSecret(d dependency, key string) string {
	return fmt.Sprintf(`kubectl get secret %s -n %s \
  -o go-template='{{with index .data "%s"}}{{base64decode .}}{{end}}'`, d.SharedSpec().SecretRef.Name, d.GetNamespace(), key)
}

// certificates have psql check the server's certificate as the probe does.
func certificates(d dependency) []string {
	mode := postgresServer(d).TLS
	modes := map[v1alpha1.PostgresTLS]string{
		"": "verify-full", v1alpha1.PostgresTLSVerifyFull: "verify-full", v1alpha1.PostgresTLSVerifyCA: "verify-ca",
		v1alpha1.PostgresTLSRequire: "require", v1alpha1.PostgresTLSNone: "disable",
	}
	settings := "export PGSSLMODE=" + modes[mode]
	ca := d.SharedSpec().CARef
	switch {
	case mode == v1alpha1.PostgresTLSRequire || mode == v1alpha1.PostgresTLSNone:
		return []string{settings}
	case ca == nil:
		return []string{settings + " PGSSLROOTCERT=system"}
	}
	value := fmt.Sprintf(`{{index .data "%s"}}`, ca.Key)
	if ca.Kind == "Secret" {
		value = fmt.Sprintf(`{{index .data "%s" | base64decode}}`, ca.Key)
	}
	file := fmt.Sprintf("kubectl get %s %s -n %s \\\n  -o go-template='%s' > ca.crt", strings.ToLower(ca.Kind), ca.Name, d.GetNamespace(), value)
	return []string{file, settings + " PGSSLROOTCERT=ca.crt"}
}
