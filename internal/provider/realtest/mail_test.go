// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package realtest_test

import (
	"context"
	"maps"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mainstay.dev/mainstay/internal/probe"
	"mainstay.dev/mainstay/internal/provider"
	"mainstay.dev/mainstay/internal/provider/providertest"
)

// patience is how long a server may take for an answer, on a machine that is busy with other tests.
const patience = 30 * time.Second

const (
	username = "probe"
	password = "right password"
)

// cache is where hack/real-servers.sh puts what it does not install for all.
func cache() string {
	folder, _ := os.UserCacheDir()
	return filepath.Join(folder, "mainstay")
}

// place is a folder of the test's own, with a certificate for 127.0.0.1.
type place struct {
	*testing.T
	folder string
	ca     *probe.CA
}

func newPlace(t *testing.T) place {
	t.Helper()
	p := place{T: t, folder: t.TempDir()}
	certificate, key, err := providertest.Certify(providertest.MailOptions{})
	if err != nil {
		t.Fatal(err)
	}
	p.write("cert.pem", string(certificate))
	p.write("key.pem", string(key))
	p.ca, _ = probe.ParseCA(certificate)
	return p
}

func (p place) path(name string) string { return filepath.Join(p.folder, name) }

func (p place) write(name, text string) {
	p.Helper()
	if err := os.MkdirAll(filepath.Dir(p.path(name)), 0o755); err != nil {
		p.Fatal(err)
	}
	if err := os.WriteFile(p.path(name), []byte(text), 0o644); err != nil {
		p.Fatal(err)
	}
}

// freePort returns a port that nobody listens at.
func (p place) freePort() string {
	p.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		p.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	return port
}

// await waits until something has become true, as servers of others do not tell.
func (p place) await(what string, is func() bool) {
	p.Helper()
	deadline := time.Now().Add(4 * patience)
	for !is() {
		if time.Now().After(deadline) {
			p.Fatalf("waited in vain until %s", what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func answers(port string) bool {
	conn, err := net.Dial("tcp", "127.0.0.1:"+port)
	if err != nil {
		return false
	}
	return conn.Close() == nil
}

// target is a mail server at that port, with the right password.
func (p place) target(port string, mode probe.TLSMode) probe.Target {
	t := probe.Target{
		Kind: "EmailProvider", Provider: "SMTP", BaseURL: "smtp://127.0.0.1:" + port, OwnHost: true, TLS: mode,
		Wants: probe.EmailWants{}, CA: p.ca,
	}
	t.Credential = credential(password)
	return t
}

func credential(password string) probe.Secret {
	return probe.NewSecretOf(map[string]string{probe.UsernamePart: username, probe.PasswordPart: password})
}

func probed(t *testing.T, target probe.Target) map[string]string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	client := probe.NewNetwork(probe.NetworkOptions{Guard: probe.Guard{AllowCIDRs: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}})
	return providertest.Describe(provider.Probe(ctx, client, target).Outcome)
}

var good = map[string]string{
	"Reachable": "Passed", "Authenticated": "Passed", "Authorized": "NotApplicable", "Provisioned": "NotApplicable",
	"Working": "NotApplicable",
}

// goodBut is good, but for one stage.
func goodBut(stage, finding string) map[string]string {
	outcome := maps.Clone(good)
	outcome[stage] = finding
	return outcome
}

// expect probes a target.
func expect(t *testing.T, target probe.Target, want map[string]string) {
	t.Helper()
	if diff := cmp.Diff(want, probed(t, target)); diff != "" {
		t.Errorf("wrong outcome (-want +got):\n%s", diff)
	}
}

// sinkTest is a target with a login that has to fail.
func sinkTest(t probe.Target) probe.Target {
	t.Wants, t.OptInDue = probe.EmailWants{SinkTest: true}, true
	return t
}

// rejected is what a wrong password comes to.
var rejected = map[string]string{"Reachable": "Passed", "Authenticated": "Failed KeyRejected"}

func TestPostfixWithDovecot(t *testing.T) {
	t.Parallel()
	servers := startPostfix(t)
	t.Run("the right password", func(t *testing.T) { expect(t, servers.target(servers.port, probe.STARTTLS), good) })
	// Dovecot has an address wait for longer with every login that fails, until one succeeds.
	t.Run("a login that nobody has", func(t *testing.T) {
		expect(t, sinkTest(servers.target(servers.port, probe.STARTTLS)), good)
	})
	t.Run("TLS from the start", func(t *testing.T) { expect(t, servers.target(servers.tlsPort, probe.ImplicitTLS), good) })
	t.Run("a wrong password", func(t *testing.T) {
		target := servers.target(servers.port, probe.STARTTLS)
		target.Credential = credential("wrong password")
		expect(t, target, rejected)
	})
	t.Run("an unknown authority", func(t *testing.T) {
		target := servers.target(servers.port, probe.STARTTLS)
		target.CA = nil
		expect(t, target, map[string]string{"Reachable": "Failed CertificateInvalid it is signed by an unknown authority"})
	})
	t.Run("TLS from the start at a port that greets in clear", func(t *testing.T) {
		expect(t, servers.target(servers.port, probe.ImplicitTLS), map[string]string{"Reachable": "Failed GreetsInClear"})
	})
	t.Run("a login in clear, which the server does not take", func(t *testing.T) {
		expect(t, servers.target(servers.port, probe.ClearText), map[string]string{"Reachable": "Passed", "Authenticated": "Failed LoginNotOffered"})
	})
	t.Run("an authentication service that is down says nothing of the password", func(t *testing.T) {
		servers.stopDovecot()
		// Which of them comes depends on whether the process of Postfix had a connection to Dovecot.
		broken := []string{"Failed MailServerBusy 454", "Failed MailServerBusy 421", "Failed MailServerHungUp", "Failed TimedOut"}
		servers.await("Postfix notices", func() bool {
			got := probed(t, servers.target(servers.port, probe.STARTTLS))
			if !cmp.Equal(got, good) && (len(got) != 1 || !slices.Contains(broken, got["Reachable"])) {
				t.Errorf("the probe found %v", got)
			}
			t.Log(got)
			return got["Reachable"] != "Passed"
		})
	})
}

func TestNodemailersServer(t *testing.T) {
	t.Parallel()
	server := startNodemailer(t, password)
	t.Run("the right password, by a challenge", func(t *testing.T) { expect(t, server.target(server.port, probe.STARTTLS), good) })
	t.Run("a wrong password", func(t *testing.T) {
		target := server.target(server.port, probe.STARTTLS)
		target.Credential = credential("wrong password")
		expect(t, target, rejected)
	})
	t.Run("a login that nobody has", func(t *testing.T) { expect(t, sinkTest(server.target(server.port, probe.STARTTLS)), good) })
	t.Run("no password, as for a relay", func(t *testing.T) {
		target := server.target(server.port, probe.STARTTLS)
		target.Credential = probe.Secret{}
		expect(t, target, goodBut("Authenticated", "NotApplicable"))
	})
}

// TestAServerThatTakesAnyPassword is what a sink such as MailHog does, whatever it is called.
func TestAServerThatTakesAnyPassword(t *testing.T) {
	t.Parallel()
	server := startNodemailer(t, "")
	t.Run("nothing tells it", func(t *testing.T) { expect(t, server.target(server.port, probe.STARTTLS), good) })
	t.Run("a login that nobody has", func(t *testing.T) {
		expect(t, sinkTest(server.target(server.port, probe.STARTTLS)), goodBut("Provisioned", "Failed AcceptsAnyPassword"))
	})
}

// TestMailDev has a sink that greets as any other server, and takes logins only where it is started with a
// password, so that no login tells it.
func TestMailDev(t *testing.T) {
	t.Parallel()
	open := startMailDev(t)
	t.Run("no password, as for a relay", func(t *testing.T) {
		target := sinkTest(open.target(open.port, probe.ClearText))
		target.Credential = probe.Secret{}
		expect(t, target, goodBut("Authenticated", "NotApplicable"))
	})
	t.Run("a password, and no login is offered", func(t *testing.T) {
		expect(t, open.target(open.port, probe.ClearText), map[string]string{"Reachable": "Passed", "Authenticated": "Failed LoginNotOffered"})
	})
	choosy := startMailDev(t, "--incoming-user", username, "--incoming-pass", password)
	t.Run("the right password in clear", func(t *testing.T) { expect(t, sinkTest(choosy.target(choosy.port, probe.ClearText)), good) })
	t.Run("a wrong password", func(t *testing.T) {
		target := choosy.target(choosy.port, probe.ClearText)
		target.Credential = credential("wrong password")
		expect(t, target, rejected)
	})
}
