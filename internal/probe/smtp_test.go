// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe_test

import (
	"context"
	"encoding/base64"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mainstay.dev/mainstay/internal/probe"
	"mainstay.dev/mainstay/internal/provider/providertest"
)

// login is the credential of all dialogues here.
var login = probe.NewSecretOf(map[string]string{probe.UsernamePart: "shop", probe.PasswordPart: "a-password"})

// here admits what the tests listen at.
var here = probe.Guard{AllowCIDRs: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}

// converse has a server answer with lines, and a client hold a dialogue with it.
func converse(t *testing.T, mode probe.TLSMode, lines ...providertest.Line) (probe.Session, []string) {
	t.Helper()
	server, err := providertest.StartMail(providertest.MailOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	server.Play(lines, mode == probe.ImplicitTLS)
	host, err := probe.ParseHostPort(server.Address)
	if err != nil {
		t.Fatal(err)
	}
	ca, _ := probe.ParseCA(server.CA)
	client := probe.NewNetwork(probe.NetworkOptions{Guard: here})
	session := client.Converse(t.Context(), probe.Dialogue{Server: host, TLS: mode, Credential: login, CA: ca})
	return session, server.Said()
}

// greets is how a server begins that offers STARTTLS, and then these ways to log in.
func greets(ways string, lines ...providertest.Line) []providertest.Line {
	return append([]providertest.Line{
		{To: "CONNECT", Say: []string{"220 mail.test ESMTP"}},
		{To: "EHLO", Say: []string{"250-mail.test\n250-STARTTLS\n250 HELP"}},
		{To: "STARTTLS", Say: []string{"220 2.0.0 Go ahead"}},
		{To: "TLS EHLO", Say: []string{"250-mail.test\n250 AUTH " + ways}},
		{To: "TLS NOOP", Say: []string{"250 2.0.0 Ok"}},
		{To: "TLS QUIT", Say: []string{"221 2.0.0 Bye"}, Close: true},
	}, lines...)
}

func encode(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

const plainLogin = "\x00shop\x00a-password"

func TestADialogueSendsNothingAndSaysFarewell(t *testing.T) {
	session, said := converse(t, probe.STARTTLS, greets("PLAIN", providertest.Line{To: "TLS AUTH PLAIN", Say: []string{"235 2.7.0 Ok"}})...)
	if session.At != probe.Leaving || !session.LoggedIn || !session.Secure || session.Banner != "mail.test ESMTP" {
		t.Errorf("got %+v", session)
	}
	if until := time.Until(session.Expires); until < 300*24*time.Hour {
		t.Errorf("the certificate ends in %s", until)
	}
	want := []string{
		"EHLO [127.0.0.1]", "STARTTLS", "TLS EHLO [127.0.0.1]", "TLS AUTH PLAIN " + encode(plainLogin), "TLS NOOP", "TLS QUIT",
	}
	if diff := cmp.Diff(want, said); diff != "" {
		t.Errorf("wrong dialogue (-want +got):\n%s", diff)
	}
}

func TestTheStrongestMechanismIsTakenAndAPlainOneDecides(t *testing.T) {
	cases := map[string]struct {
		ways    string
		answers []providertest.Line
		code    int
		in      bool
		tried   []string
	}{
		"a challenge is answered before a password is told": {
			ways: "PLAIN LOGIN CRAM-MD5", in: true, tried: []string{"CRAM-MD5"},
			answers: []providertest.Line{{To: "TLS AUTH CRAM-MD5", Say: []string{"334 " + encode("<1@mail.test>"), "235 Ok"}}},
		},
		"LOGIN where there is nothing else": {
			ways: "LOGIN XOAUTH2", in: true, tried: []string{"LOGIN"},
			answers: []providertest.Line{{To: "TLS AUTH LOGIN", Say: []string{"334 " + encode("Username:"), "334 " + encode("Password:"), "235 Ok"}}},
		},
		"an account without a secret for challenges has a password all the same": {
			ways: "CRAM-MD5 PLAIN", in: true, tried: []string{"CRAM-MD5", "PLAIN"},
			answers: []providertest.Line{
				{To: "TLS AUTH CRAM-MD5", Say: []string{"334 " + encode("<1@mail.test>"), "535 5.7.8 No"}},
				{To: "TLS AUTH PLAIN", Say: []string{"235 Ok"}},
			},
		},
		"a password is told once, however many ways there are": {
			ways: "PLAIN LOGIN", code: 535, tried: []string{"PLAIN"},
			answers: []providertest.Line{{To: "TLS AUTH PLAIN", Say: []string{"535 5.7.8 No"}}},
		},
		"what is busy is not asked again": {
			ways: "CRAM-MD5 PLAIN", code: 454, tried: []string{"CRAM-MD5"},
			answers: []providertest.Line{{To: "TLS AUTH CRAM-MD5", Say: []string{"454 4.7.0 Later"}}},
		},
		"a challenge that asks for endless work is left alone": {
			ways: "SCRAM-SHA-256 PLAIN", code: 0, tried: []string{"SCRAM-SHA-256"},
			answers: []providertest.Line{
				{To: "TLS AUTH SCRAM", Say: []string{"334 ", "334 " + encode("r=x,s=eA==,i=2000000000")}}, {To: "TLS *", Say: []string{"501 Ok"}},
			},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			session, said := converse(t, probe.STARTTLS, greets(c.ways, c.answers...)...)
			if session.LoggedIn != c.in || session.Code != c.code || !c.in && session.At != probe.LoggingIn {
				t.Errorf("got %+v", session)
			}
			var tried []string
			for _, line := range said {
				if rest, isLogin := strings.CutPrefix(line, "TLS AUTH "); isLogin {
					way, _, _ := strings.Cut(rest, " ")
					tried = append(tried, way)
				}
			}
			if diff := cmp.Diff(c.tried, tried); diff != "" {
				t.Errorf("wrong ways to log in (-want +got):\n%s", diff)
			}
		})
	}
}

func TestACredentialIsNotToldInClear(t *testing.T) {
	plain := []providertest.Line{
		{To: "CONNECT", Say: []string{"220 mail.test"}}, {To: "EHLO", Say: []string{"250-mail.test\n250 AUTH PLAIN"}},
		{To: "AUTH", Say: []string{"235 Ok"}}, {To: "NOOP", Say: []string{"250 Ok"}}, {To: "QUIT", Say: []string{"221 Bye"}},
	}
	t.Run("by a server without TLS", func(t *testing.T) {
		session, said := converse(t, probe.STARTTLS, plain...)
		if session.LoggedIn || session.At != probe.Securing || strings.Contains(strings.Join(said, "\n"), "AUTH") {
			t.Errorf("got %+v after %q", session, said)
		}
	})
	t.Run("by an answer before TLS begins that is meant to be read behind it", func(t *testing.T) {
		lines := greets("PLAIN")
		lines[2].Say = []string{"220 Go ahead\n250 AUTH PLAIN"}
		session, said := converse(t, probe.STARTTLS, lines...)
		if session.Secure || session.Fault != probe.UnexpectedAnswer {
			t.Errorf("got %+v after %q", session, said)
		}
	})
	t.Run("unless the spec and the administrator say so", func(t *testing.T) {
		if session, _ := converse(t, probe.ClearText, plain...); !session.LoggedIn || session.Secure {
			t.Errorf("got %+v", session)
		}
	})
	t.Run("to a server that the administrator does not name", func(t *testing.T) {
		public := probe.HostPort{Host: "93.184.216.34", Port: "25"}
		session := probe.NewNetwork(probe.NetworkOptions{Guard: here}).Converse(t.Context(), probe.Dialogue{Server: public, TLS: probe.ClearText})
		if session.Fault != probe.ClearTextRefused {
			t.Errorf("got %+v", session)
		}
	})
}

func TestWhatIsReadOfAMailServerIsBounded(t *testing.T) {
	for name, line := range map[string]string{
		"a line without end":    "220 " + strings.Repeat("x", 1<<20),
		"lines without end":     strings.Repeat("220-x\n", 1<<18) + "220 x",
		"words of another kind": "HTTP/1.1 400 Bad Request",
	} {
		t.Run(name, func(t *testing.T) {
			session, _ := converse(t, probe.STARTTLS, providertest.Line{To: "CONNECT", Say: []string{line}, Close: true})
			if session.Fault != probe.UnexpectedAnswer {
				t.Errorf("got %+v", session)
			}
		})
	}
}

func TestADialogueEndsWithItsContext(t *testing.T) {
	for name, lines := range map[string][]providertest.Line{
		"before the greeting": {{To: "CONNECT", Hang: true}},
		"in TLS":              greets("PLAIN", providertest.Line{To: "TLS AUTH", Hang: true}),
	} {
		t.Run(name, func(t *testing.T) {
			server, err := providertest.StartMail(providertest.MailOptions{})
			if err != nil {
				t.Fatal(err)
			}
			defer server.Close()
			server.Play(lines, false)
			host, _ := probe.ParseHostPort(server.Address)
			ca, _ := probe.ParseCA(server.CA)
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer cancel()
			client := probe.NewNetwork(probe.NetworkOptions{Guard: here})
			session := client.Converse(ctx, probe.Dialogue{Server: host, TLS: probe.STARTTLS, Credential: login, CA: ca})
			if session.Fault != probe.TimedOut || !session.Connected {
				t.Errorf("got %+v", session)
			}
		})
	}
}
