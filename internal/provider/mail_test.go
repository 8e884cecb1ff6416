// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mainstay.dev/mainstay/internal/probe"
	"mainstay.dev/mainstay/internal/probe/dnstest"
	"mainstay.dev/mainstay/internal/provider/providertest"
)

// startNameServer starts a name server that knows a zone.
func startNameServer(t *testing.T, zone dnstest.Zone) *dnstest.Server {
	t.Helper()
	server, err := dnstest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	if err := server.Load(zone); err != nil {
		t.Fatal(err)
	}
	return server
}

// forEachMail runs a test for every case of every mail server.
func forEachMail(t *testing.T, test func(*testing.T, providertest.MailFixture, providertest.MailCase)) {
	t.Helper()
	fixtures, err := providertest.LoadMail()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range fixtures {
		for _, name := range providertest.Required() {
			if _, found := f.Cases[name]; !found {
				t.Errorf("the fixture of %s has no case %q", f.Provider, name)
			}
		}
		for name, c := range f.Cases {
			t.Run(f.Provider+" "+name, func(t *testing.T) {
				t.Parallel() // Some wait for what does not come.
				test(t, f, c)
			})
		}
	}
}

func TestEveryMailCaseIsReadAsItsFixtureSays(t *testing.T) {
	forEachMail(t, func(t *testing.T, f providertest.MailFixture, c providertest.MailCase) {
		server, err := c.Start()
		if err != nil {
			t.Fatal(err)
		}
		defer server.Close()
		target := f.Target(c, server)
		client := newClientAsking(startNameServer(t, c.DNS).Address)
		report := probeWithin(t, client, target, c.Impatient)
		if diff := cmp.Diff(c.Want, providertest.Describe(report.Outcome)); diff != "" {
			t.Errorf("wrong outcome (-want +got):\n%s", diff)
		}
		if (report.RetryAfter > 0) != c.Retry {
			t.Errorf("the probe asks to be left alone for %s, expected that: %t", report.RetryAfter, c.Retry)
		}
		checkSound(t, report.Outcome, target)
		checkSilent(t, report.Outcome, probe.NewSecret(f.Password))
		checkDialogue(t, server.Said(), f.Password)
		if again := probeWithin(t, client, target, c.Impatient); !again.Outcome.Equal(report.Outcome) {
			t.Errorf("a second probe found something else: %v", providertest.Describe(again.Outcome))
		}
	})
}

func probeWithin(t *testing.T, client probe.Client, target probe.Target, impatient bool) probe.Report {
	t.Helper()
	ctx := t.Context()
	if impatient {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Second)
		defer cancel()
	}
	return Probe(ctx, client, target)
}

// checkDialogue holds a probe to what it promises of dialogues: nothing is sent, and no password in clear.
func checkDialogue(t *testing.T, said []string, password string) {
	t.Helper()
	for _, line := range said {
		command := strings.TrimPrefix(line, "TLS ")
		for _, sends := range []string{"MAIL", "RCPT", "DATA", "BDAT", "VRFY", "EXPN"} {
			if strings.HasPrefix(strings.ToUpper(command), sends) {
				t.Errorf("the probe said %q", line)
			}
		}
		if strings.Contains(line, password) {
			t.Error("the password went as it is")
		}
	}
}

func TestFaultsOfTheWayToAMailServer(t *testing.T) {
	fixtures, err := providertest.LoadMail()
	if err != nil {
		t.Fatal(err)
	}
	f := fixtures[0]
	faults := map[string]struct{ host, stage, want string }{
		"the name has no address":            {"smtp://nowhere.invalid:587", "Reachable", "Failed NameNotResolved"},
		"nothing listens at the port":        {"smtp" + strings.TrimPrefix(closedPort(t).url, "http"), "Reachable", "Failed ConnectionRefused"},
		"the guard does not admit the place": {"smtp://10.0.0.1:25", "Configured", "Failed AddressRefused"},
		"the guard never admits the place":   {"smtp://169.254.169.254:25", "Configured", "Failed AddressNeverAdmitted"},
		"the server closes at once":          {"smtp://" + listen(t, readThen("")), "Reachable", "Failed ConnectionClosed"},
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			target := f.Target(f.Cases[providertest.Healthy], &providertest.MailServer{})
			target.BaseURL = fault.host
			if name == "the server closes at once" {
				target.TLS = probe.ImplicitTLS // Else it would wait for us, and we for it.
			}
			outcome := Probe(t.Context(), newClient(), target).Outcome
			if diff := cmp.Diff(map[string]string{fault.stage: fault.want}, providertest.Describe(outcome)); diff != "" {
				t.Errorf("wrong outcome (-want +got):\n%s", diff)
			}
			checkSound(t, outcome, target)
		})
	}
}

func TestASilentPort465ExpectsTLSFirst(t *testing.T) {
	silent := probe.Session{Connected: true, At: probe.Greeting, Fault: probe.TimedOut}
	if got, _ := smtpTrouble(silent, "465"); got != probe.ExpectsTLSFirst {
		t.Errorf("got %s at port 465", got)
	}
	if got, _ := smtpTrouble(silent, "587"); got != probe.TimedOut {
		t.Errorf("got %s at port 587", got)
	}
}

func TestTLSFirstAtAServerThatGreetsInClear(t *testing.T) {
	fixtures, err := providertest.LoadMail()
	if err != nil {
		t.Fatal(err)
	}
	server, err := fixtures[0].Cases[providertest.Healthy].Start()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	target := fixtures[0].Target(fixtures[0].Cases[providertest.Healthy], server)
	target.TLS = probe.ImplicitTLS
	outcome := Probe(t.Context(), newClient(), target).Outcome
	if diff := cmp.Diff(map[string]string{"Reachable": "Failed GreetsInClear"}, providertest.Describe(outcome)); diff != "" {
		t.Errorf("wrong outcome (-want +got):\n%s", diff)
	}
}

func TestStubsAreToldByHostAndPort(t *testing.T) {
	for server, want := range map[string]bool{
		"localhost:25": true, "127.0.0.1:587": true, "[::1]:587": true, "mailhog:1025": true, "mailpit.dev.svc:25": true,
		"mail-catcher.dev.svc.cluster.local:25": true, "relay.mail.svc:1025": true, "10.1.2.3:1025": true,
		"sandbox.smtp.mailtrap.io:587": true, "smtp.ethereal.email:587": true,
		"live.smtp.mailtrap.io:587": false, "smtp.example.com:1025": false, "mailpit.example.com:587": false,
		"relay.mail.svc:587": false, "10.1.2.3:25": false, "93.184.216.34:2500": false,
	} {
		host, err := probe.ParseHostPort(server)
		if err != nil {
			t.Fatal(err)
		}
		if got := Stub(host); got != want {
			t.Errorf("%s is a stub: %t, want %t", server, got, want)
		}
	}
}
