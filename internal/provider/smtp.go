// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"mainstay.dev/mainstay/internal/probe"
)

// smtp is any mail server that takes emails over SMTP. One dialogue proves the server, its certificate and
// the login; nothing is sent. What DNS says of the sending domain proves that.
var smtp = Provider{
	Kind: "EmailProvider", Name: "SMTP", Speaks: SMTP,
	BaseURL: smtpScheme + "://{place}", OwnPlace: true,
	Asks:   (*run).converse,
	Called: "the mail server", Credential: "login",
	Renewal: "get a new password from whoever runs the mail server",
	Keys:    []Key{{Name: probe.UsernamePart, Chosen: true}, {Name: probe.PasswordPart, Chosen: true}},
	Facts: Facts{
		Proves: []string{
			"the server speaks SMTP, with TLS and a certificate that is valid for more than two weeks",
			"the user name and the password are accepted",
			"the server is none of the known email sinks, which deliver nothing",
			"`spec.domain` has an SPF record that can be used, and a key for each of `spec.smtp.dkimSelectors`",
		},
		CannotProve: []string{
			"that the account may send from `spec.domain`: servers say so after MAIL FROM, which is not sent",
			"that a server without a login relays for the cluster", "that a server with a greeting like any other is no sink",
			"that an email arrives",
		},
		OptIn: []string{
			"with `spec.smtp.sinkTest`, that the server refuses a user name and a password that nobody has: one that accepts them is a sink, or else a relay that looks at no password",
		},
		Requests: "1 dialogue, and 1 more for a sink test",
		Source:   "RFC 5321, 3207, 4954, 8314; dialogues with Postfix 3.7, Dovecot 2.3 and smtp-server 3.21", Verified: "2026-11",
	},
}

const (
	smtpScheme = "smtp"
	// endingSoon is how long before its end a certificate is warned of. Those that renew themselves do it
	// earlier.
	endingSoon = 14 * 24 * time.Hour
)

// converse holds the dialogue of a mail server, and says whether it came to its end.
func (r *run) converse(ctx context.Context) bool {
	server, err := url.Parse(r.target.BaseURL)
	if err != nil {
		r.outcome.Fail(probe.ProbeFailed)
		return false
	}
	dialogue := probe.Dialogue{
		Server: probe.URLHostPort(server), TLS: r.target.TLS, Credential: r.target.Credential, CA: r.target.CA,
	}
	session := r.client.Converse(ctx, dialogue)
	if symptom, args := smtpTrouble(session, server.Port()); symptom != (probe.Symptom{}) {
		r.settleSession(session, symptom, args)
		return false
	}
	r.reached(session.Expires)
	if session.LoggedIn {
		r.proven(probe.Authenticated)
	}
	for _, stage := range []probe.Stage{probe.Authenticated, probe.Authorized} {
		if r.outcome[stage].Result == probe.NotReached {
			r.outcome.Set(stage, probe.Finding{Result: probe.NotApplicable})
		}
	}
	wants, _ := r.target.Wants.(probe.EmailWants)
	if _, takesLogins := session.Offers("AUTH"); !r.findSink(session.Banner) && takesLogins && wants.SinkTest && r.target.OptInDue {
		r.testSink(ctx, dialogue)
	}
	return true
}

// reached records that a server answered, with a warning where its certificate will end; zero for none.
func (r *run) reached(certificateEnds time.Time) {
	if !certificateEnds.IsZero() && time.Until(certificateEnds) < endingSoon {
		r.outcome.Set(probe.Reachable, probe.Finding{Result: probe.Passed, Symptom: probe.CertificateEnding})
	}
	r.proven(probe.Reachable)
}

// settleSession records why a dialogue ended early, with what it proves all the same. What a sink says of a
// login means nothing.
func (r *run) settleSession(s probe.Session, symptom probe.Symptom, args []string) {
	switch stage := symptom.Stage(); {
	case symptom == probe.STARTTLSNotOffered && r.findSink(s.Banner):
		// A sink has no need of TLS, and that it is one explains all.
		r.reached(s.Expires)
	case stage < probe.Authenticated:
		r.outcome.Fail(symptom, args...)
	case symptom == probe.MechanismUnknown:
		r.reached(s.Expires)
		r.outcome.Set(stage, probe.Finding{Result: probe.Unprovable, Symptom: symptom, Args: args})
	default:
		r.reached(s.Expires)
		r.outcome.Fail(symptom, args...)
	}
	if slices.Contains(passwordRefused, symptom) {
		r.retryAfter = probe.RejectionPause
	}
	r.findSink(s.Banner)
}

// passwordRefused are what it means that a password was tried in vain.
var passwordRefused = []probe.Symptom{probe.KeyRejected, probe.PasswordLoginDisabled, probe.AppPasswordNeeded}

// loginRefusals are what replies say in words that refuse a login: Exchange Online has one code for all causes (public
// reports, 2026-11), and Gmail uses one that has another meaning elsewhere. The first that matches decides.
var loginRefusals = []struct {
	says  string
	means probe.Symptom
}{
	{"credentials were incorrect", probe.KeyRejected},
	{"5.7.139", probe.PasswordLoginDisabled},
	{"application-specific password", probe.AppPasswordNeeded},
}

// smtpTrouble says what kept a dialogue from its end; nothing where it came there.
func smtpTrouble(s probe.Session, port string) (probe.Symptom, []string) {
	switch {
	case s.At == probe.Leaving:
		return probe.Symptom{}, nil
	case s.Fault != (probe.Symptom{}):
		return brokenOff(s, port), s.FaultArgs
	case s.At == probe.LoggingIn:
		return loginTrouble(s)
	case s.Code == 0: // Of all that may not be offered only TLS is left.
		return probe.STARTTLSNotOffered, nil
	case s.Code < 500:
		return probe.MailServerBusy, []string{strconv.Itoa(s.Code)}
	case s.At == probe.Idling:
		return probe.UnexpectedAnswer, nil
	}
	return probe.MailServerRefuses, []string{strconv.Itoa(s.Code)}
}

// brokenOff says what it means that the connection failed where it did.
func brokenOff(s probe.Session, port string) probe.Symptom {
	silent := s.Fault == probe.TimedOut || s.Fault == probe.ConnectionClosed
	switch {
	case silent && s.At == probe.Greeting && !s.Secure && port == "465":
		return probe.ExpectsTLSFirst
	case s.Fault == probe.ConnectionClosed && s.Banner != "":
		return probe.MailServerHungUp
	}
	return s.Fault
}

// loginTrouble says what a refused login means. Only a reply that speaks of the credential says something of
// it: who is busy or has no answer of its own database says so with a code below 500.
func loginTrouble(s probe.Session) (probe.Symptom, []string) {
	offered, _ := s.Offers("AUTH")
	switch {
	case s.Code == 0 && len(offered) == 0:
		return probe.LoginNotOffered, nil
	case s.Code == 0:
		return probe.MechanismUnknown, admittedTokens(offered)
	case s.Code < 500:
		return probe.MailServerBusy, []string{strconv.Itoa(s.Code)}
	}
	for _, known := range loginRefusals {
		if strings.Contains(strings.ToLower(s.Said), known.says) {
			return known.means, nil
		}
	}
	switch s.Code {
	case 535, 534: // RFC 4954
		return probe.KeyRejected, nil
	case 525: // RFC 5248
		return probe.KeySuspended, nil
	case 530, 538: // RFC 4954
		return probe.LoginNeedsTLS, nil
	case 500, 501, 502, 503, 504:
		return probe.MechanismUnknown, admittedTokens(offered)
	}
	return probe.MailServerRefuses, []string{strconv.Itoa(s.Code)}
}

// admittedTokens are the words of a server that may be shown, in order.
func admittedTokens(words []string) []string {
	const most = 8
	words = slices.DeleteFunc(slices.Clone(words), func(word string) bool {
		_, admitted := probe.Token(word)
		return !admitted
	})
	slices.Sort(words)
	words = slices.Compact(words)
	return words[:min(len(words), most)]
}
