// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"mainstay.dev/mainstay/internal/probe"
)

// sinkProducts are the mail servers that deliver nothing, as their greetings name them (2026-11): those of
// MailHog, Mailpit and smtp4dev from transcripts and source code, the others by their custom. MailDev greets
// as any other server, and is told by its port alone.
var sinkProducts = []string{
	"MailHog", "Mailpit", "smtp4dev", "MailCatcher", "Inbucket", "GreenMail", "Papercut", "FakeSMTP", "Mailtrap", "Ethereal",
}

// findSink records that the server is a sink, where its greeting says so, and says whether it is. The first word is the host's name,
// which anyone may choose. A sink takes any password, so that one was refused or accepted means little then.
func (r *run) findSink(banner string) bool {
	_, words, _ := strings.Cut(banner, " ")
	i := slices.IndexFunc(sinkProducts, func(product string) bool {
		return slices.ContainsFunc(strings.Fields(words), func(word string) bool { return strings.EqualFold(word, product) })
	})
	if i < 0 {
		return false
	}
	if wants, ok := r.target.Wants.(probe.EmailWants); ok && wants.Sink {
		r.outcome.Set(probe.Provisioned, probe.Finding{
			Result: probe.Passed, Symptom: probe.SinkIntended, Args: sinkProducts[i : i+1],
		})
		return true
	}
	if r.outcome[probe.Provisioned].Result != probe.Failed {
		r.outcome.Fail(probe.SMTPSink, sinkProducts[i])
	}
	return true
}

// nobody is a credential that no server has an account for. It is not the app's user name, so that no account
// is locked for it.
var nobody = probe.NewSecretOf(map[string]string{
	probe.UsernamePart: "mainstay-sink-test", probe.PasswordPart: "a password that nobody has",
})

// testSink tries to log in with a credential that nobody has. Only that it is accepted says something. That
// the server is busy, or hangs up, is no reason to try again soon: it counts such logins.
func (r *run) testSink(ctx context.Context, d probe.Dialogue) {
	r.optedIn = r.optedIn.With(probe.Working)
	r.outcome.Set(probe.Working, probe.Finding{Result: probe.NotApplicable})
	d.Credential, d.TellOnce = nobody, true
	if r.client.Converse(ctx, d).LoggedIn {
		r.outcome.Fail(probe.AcceptsAnyPassword)
		r.optedIn = r.optedIn.With(probe.Provisioned)
	}
}

var (
	// stubHosts are hosts of services that take emails and deliver none (2026-11).
	stubHosts = []string{"sandbox.smtp.mailtrap.io", "smtp.mailtrap.io", "smtp.ethereal.email"}
	// stubName matches what sinks are called inside a cluster.
	stubName = regexp.MustCompile(`mail-?(hog|pit|catcher|dev|trap)|smtp4dev|inbucket|greenmail|papercut`)
	// stubPorts are those at which sinks listen: MailHog, Mailpit, MailDev and MailCatcher; Inbucket;
	// GreenMail.
	stubPorts = []string{"1025", "2500", "3025"}
)

// Stub says whether a mail server can be told to be a stub or a sink by its host and port alone. Of a name
// that the public DNS may have, neither its words nor its port say enough: the dialogue shows what it is.
func Stub(server probe.HostPort) bool {
	if slices.Contains(stubHosts, server.Host) {
		return true
	}
	if addr, err := netip.ParseAddr(server.Host); err == nil {
		return addr.IsLoopback() || addr.IsPrivate() && slices.Contains(stubPorts, server.Port)
	}
	name := strings.TrimSuffix(server.Host, ".cluster.local")
	inCluster := !strings.Contains(name, ".") || strings.HasSuffix(name, ".svc")
	switch {
	case name == "localhost" || strings.HasSuffix(name, ".localhost"):
		return true
	case inCluster:
		return stubName.MatchString(name) || slices.Contains(stubPorts, server.Port)
	}
	return false
}
