// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"text/template"

	"sigs.k8s.io/yaml"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/probe"
	"mainstay.dev/mainstay/internal/provider"
	"mainstay.dev/mainstay/internal/provider/postgrestest"
	"mainstay.dev/mainstay/internal/provider/providertest"
	"mainstay.dev/mainstay/internal/target"
)

// asKubectl makes this test binary behave as a kubectl whose cluster holds the data that the variable names: a file with
// the Secrets and ConfigMaps by their names, as JSON.
const asKubectl = "KUBECTL_MAINSTAY_AS_KUBECTL"

// kubectl prints what a template makes of an object, or what it is given to create or to patch one with.
func kubectl(args []string) error {
	if args[0] != "get" {
		given, err := io.ReadAll(os.Stdin)
		if err == nil {
			_, err = os.Stdout.Write(given)
		}
		return err
	}
	text, err := os.ReadFile(os.Getenv(asKubectl))
	if err != nil {
		return err
	}
	objects := map[string]any{}
	if err := json.Unmarshal(text, &objects); err != nil {
		return err
	}
	at := slices.IndexFunc(args, func(arg string) bool { return strings.HasPrefix(arg, "go-template=") })
	t, err := template.New("").Funcs(template.FuncMap{"base64decode": func(s string) (string, error) {
		value, err := base64.StdEncoding.DecodeString(s)
		return string(value), err
	}}).Parse(strings.TrimPrefix(args[at], "go-template="))
	if err != nil {
		return err
	}
	return t.Execute(os.Stdout, map[string]any{"data": objects[args[2]]})
}

// terminal is a shell of a user that knows nothing but a few commands, and takes down how each of them is called.
type terminal struct {
	*testing.T
	shell, folder, calls, objects string
}

// inEachShell runs a test in those that the commands are for, as far as they are installed.
func inEachShell(t *testing.T, commands []string, test func(terminal)) {
	for _, name := range []string{"bash", "zsh"} {
		t.Run(name, func(t *testing.T) {
			shell, err := exec.LookPath(name)
			if err != nil {
				t.Skip(name, "is not installed here")
			}
			test(newTerminal(t, shell, commands))
		})
	}
}

func newTerminal(t *testing.T, shell string, commands []string) terminal {
	t.Helper()
	folder := t.TempDir()
	at := terminal{t, shell, folder, filepath.Join(folder, "calls"), filepath.Join(folder, "objects.json")}
	for _, name := range append(commands, "kubectl") {
		program, err := exec.LookPath(name)
		if name == "kubectl" {
			program, err = os.Args[0], nil
		}
		providertest.Need(t, err == nil, name)
		script := fmt.Sprintf("#!/bin/bash\nprintf '%%s\\n' \"$0\" \"$@\" >> %s\n%s=%s exec %s \"$@\"\n", at.calls, asKubectl, at.objects, program)
		if name != "kubectl" {
			script = strings.Replace(script, asKubectl+"="+at.objects+" ", "", 1)
		}
		if err := os.WriteFile(filepath.Join(folder, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return at
}

// holds has the cluster hold an object with data; encoded says that it is a Secret.
func (at terminal) holds(objects map[string]map[string]string, encoded ...string) {
	at.Helper()
	for _, name := range encoded {
		for key, value := range objects[name] {
			objects[name][key] = base64.StdEncoding.EncodeToString([]byte(value))
		}
	}
	text, err := json.Marshal(objects)
	if err == nil {
		err = os.WriteFile(at.objects, text, 0o600)
	}
	if err != nil {
		at.Fatal(err)
	}
}

// run runs commands as they are printed, with what the user types, and holds that no command line had a value in it.
func (at terminal) run(commands []string, typed string, values ...string) string {
	at.Helper()
	line := strings.Join(commands, "\n")
	cmd := exec.CommandContext(at.Context(), at.shell, "-euo", "pipefail", "-c", line)
	cmd.Dir, cmd.Env, cmd.Stdin = at.folder, []string{"PATH=" + at.folder}, strings.NewReader(typed)
	out, err := cmd.CombinedOutput()
	calls, _ := os.ReadFile(at.calls)
	if len(calls) == 0 {
		at.Errorf("expected commands to be called: %v\n%s\n%s", err, line, out)
	}
	for _, value := range values {
		for _, form := range []string{value, base64.StdEncoding.EncodeToString([]byte(value)), strings.ReplaceAll(value, " ", "%20")} {
			if strings.Contains(string(calls), form) {
				at.Errorf("the value %q is on a command line:\n%s\n%s", form, line, calls)
			}
		}
	}
	_ = os.Remove(at.calls)
	return string(out)
}

// asDependency makes an object of a sample.
func (s sample) asDependency(t *testing.T) dependency {
	t.Helper()
	kind, _ := target.FindKind(s.Kind)
	d := dependency{kind, kind.New()}
	if err := yaml.Unmarshal([]byte(s.text), d.Dependency); err != nil {
		t.Fatal(err)
	}
	return d
}

// typedFor are the values of what a sample's Secret has to hold: something made up for each key, with signs in it that
// a shell, or what reads a file, could take for its own.
func typedFor(d dependency) (values map[string]string, typed string, all []string) {
	values = map[string]string{}
	for _, key := range target.RequiredKeys(d.kind, d.Dependency) {
		values[key] = `made-up %s \n $HOME "'#=` + key
		typed += values[key] + "\n"
		all = append(all, values[key])
	}
	return values, typed, all
}

// TestNoFixHasAValueOnACommandLine follows for every sample what puts a value into its Secret.
func TestNoFixHasAValueOnACommandLine(t *testing.T) {
	c := newCluster(surroundings{env: noEnv})
	inEachShell(t, nil, func(at terminal) {
		for _, s := range samples(at.T) {
			d := s.asDependency(at.T)
			if d.SharedSpec().SecretRef == nil {
				continue
			}
			values, typed, all := typedFor(d)
			patch := at.run([]string{c.fill(putKey, d.named(), d.GetNamespace(), &d)}, typed, all...)
			var patched struct{ StringData map[string]string }
			if err := yaml.Unmarshal([]byte(patch), &patched); err != nil || fmt.Sprint(patched.StringData) != fmt.Sprint(values) {
				at.Errorf("%s: expected a patch with %v, found %s (%v)", s.file, values, patch, err)
			}
			created := at.run([]string{c.fill(createSecret, d.named(), d.GetNamespace(), &d)}, typed, all...)
			for key, value := range values {
				if !slices.Contains(strings.Split(created, "\n"), key+"="+value) {
					at.Errorf("%s: expected a Secret with %s=%s, found %s", s.file, key, value, created)
				}
			}
		}
	})
}

// TestNoRequestHasAValueOnACommandLine sends for every sample the request that is offered, by curl, and holds that the
// credential arrives all the same.
func TestNoRequestHasAValueOnACommandLine(t *testing.T) {
	var arrived atomic.Pointer[http.Header]
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { arrived.Store(&r.Header) }))
	defer server.Close()
	inEachShell(t, []string{"curl"}, func(at terminal) {
		ways := map[string]bool{}
		for _, s := range samples(at.T) {
			d := s.asDependency(at.T)
			vendor, _ := provider.Find(d.kind.Name, d.Provider())
			ref := d.SharedSpec().SecretRef
			d.SharedSpec().Endpoint = server.URL
			visited(d, "no")
			commands := reproduction(d)
			if ref == nil || vendor.Auth == (probe.Auth{}) || len(commands) == 0 {
				continue
			}
			values, _, all := typedFor(d)
			at.holds(map[string]map[string]string{ref.Name: values}, ref.Name)
			arrived.Store(&http.Header{})
			out := at.run(commands, "", all...)
			way, header, want := "header", vendor.Auth.Header, vendor.Auth.Prefix+all[0]
			switch {
			case vendor.Auth.AWSService != "":
				way, header, want = "AWS", "Authorization", "AWS4-HMAC-SHA256 Credential="+all[0]+"/"
			case vendor.Auth.User != "":
				way, header, want = "user", "Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(vendor.Auth.User+":"+all[0]))
			}
			ways[way] = true
			if got := arrived.Load().Get(header); !strings.HasPrefix(got, want) {
				at.Errorf("%s: expected %q to arrive, found %q:\n%s\n%s", s.file, want, got, strings.Join(commands, "\n"), out)
			}
		}
		if len(ways) != 3 {
			at.Errorf("expected every way to send a credential, found %v", ways)
		}
	})
}

// isolated is an access check of the database that postgrestest starts.
func isolated(server *v1alpha1.PostgresServer, secretKey string) dependency {
	d, acme := object("AccessCheck", "isolation"), "acme"
	d.SetNamespace("shop")
	spec := &d.Dependency.(*v1alpha1.AccessCheck).Spec
	spec.Provider, spec.SecretRef, spec.Postgres = "Postgres", &v1alpha1.SecretKeyRef{Name: "shop-db", Key: secretKey}, server
	spec.CARef = &v1alpha1.CARef{Kind: "ConfigMap", Name: "authority", Key: "ca.crt"}
	spec.Expectations = []v1alpha1.AccessExpectation{{Name: "own", Expect: "Allow", Postgres: &v1alpha1.PostgresAccess{
		Role: "app", Verb: "Select", Schema: "public", Table: "orders", Rows: &v1alpha1.PostgresRows{Column: "tenant", Value: &acme},
		Settings: []v1alpha1.PostgresSetting{{Name: "app.tenant", Value: &acme}},
	}}}
	visited(d, "no")
	return d
}

// TestATransactionIsOfTheDatabaseOfTheSpec gives what is offered to psql, for each way in which a database can be named.
func TestATransactionIsOfTheDatabaseOfTheSpec(t *testing.T) {
	server := postgrestest.For(t)
	host, port, _ := net.SplitHostPort(server.Address)
	number, _ := strconv.Atoi(port)
	keys := func(host, port, database string) map[string]string {
		return map[string]string{"username": postgrestest.Checker, "password": postgrestest.Password, "host": host, "port": port, "dbname": database}
	}
	uri := func(rest string) map[string]string {
		return map[string]string{"uri": "postgresql://" + postgrestest.Checker + ":right%20password@" + rest}
	}
	here := v1alpha1.PostgresServer{Host: host, Port: int32(number), Database: postgrestest.Database}
	inEachShell(t, []string{"psql", "sed"}, func(at terminal) {
		for name, c := range map[string]struct {
			secret map[string]string
			spec   v1alpha1.PostgresServer
		}{
			"keys":                  {keys(host, port, here.Database), v1alpha1.PostgresServer{}},
			"keys of another place": {keys("gone.example", "1", "gone"), here},
			"a URI":                 {uri(server.Address + "/" + here.Database + "?sslmode=disable"), v1alpha1.PostgresServer{}},
			"a URI of no database":  {uri(server.Address), v1alpha1.PostgresServer{Database: here.Database}},
			"a URI of another port": {uri(host + ":1/" + here.Database), v1alpha1.PostgresServer{Port: here.Port}},
			"a URI of another host": {uri("gone.example:1/gone?host=gone.example#x"), here},
		} {
			_, isURI := c.secret["uri"]
			d := isolated(&c.spec, map[bool]string{true: "uri"}[isURI])
			at.holds(map[string]map[string]string{"shop-db": c.secret, "authority": {"ca.crt": string(server.CA)}}, "shop-db")
			commands := reproduction(d)
			if out := at.run(commands, "", postgrestest.Password); !strings.Contains(out, " t\n") {
				at.Errorf("%s: expected the row to be there, found:\n%s\n%s", name, out, strings.Join(commands, "\n"))
			}
		}
	})
}
