// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"mainstay.dev/mainstay/internal/probe"
)

// receivingEnd is an app's own end of webhooks, whoever sends them. An OPTIONS request proves that someone listens at
// the URL and no more, since what a receiver takes it shows to a signed POST alone: that is the ping, which a spec
// opts in to. The signing secret signs it and is not sent.
var receivingEnd = Provider{
	Kind: "WebhookEndpoint", Name: "Receiver",
	BaseURL: "{place}", OwnPlace: true,
	Asks:   (*run).receive,
	Called: "the receiver", Credential: "signing secret",
	NotKeys: map[string]string{
		"sk_live_": "it is a secret key of Stripe", "sk_test_": "it is a secret key of Stripe",
		"rk_live_": "it is a restricted key of Stripe", "rk_test_": "it is a restricted key of Stripe",
		"whpk_": "it is a public key, which checks signatures and makes none", "whsk_": "it is a private key, and Mainstay signs with shared secrets alone",
	},
	Signs: machineMade,
	Unfit: func(s probe.Secret, w probe.Wants) (probe.Symptom, bool) {
		return probe.SigningSecretUnfit, !ofWebhook(w).Ping.Signature.Fits(s)
	},
	Facts: Facts{
		Proves: []string{
			"the host of `spec.url` has an address, a certificate that is valid for more than two weeks, and someone who answers",
			"the URL redirects nobody, and the receiver does not answer that it is gone",
		},
		OptIn: []string{
			"the receiver takes a signed webhook at the URL, so it has the signing secret that the Secret holds",
			"it refuses one with a wrong signature (with `forged: Send`)",
		},
		CannotProve: []string{
			"that anything sends to the URL: a WebhookEndpoint of the sender tells that",
			"that the app takes webhooks there, without `spec.testPing`: frameworks answer OPTIONS in its place, and some answer 404 to all but POST",
			"that the app does something with an event", "that a sender's address is let through, where others are not",
		},
		Requests: "1, with the test ping 2, and with the forged one 3",
		Source:   "Standard Webhooks specification; RFC 9110; Stripe documentation on signatures", Verified: "2026-11",
	},
}

// leastMade is how long a signing secret is at least that a machine has made, after its prefix. Those of Stripe have 32
// characters, and those of Standard Webhooks too, for 24 bytes in base64 (both 2026-11).
const leastMade = 24

// machineMade says whether a signing secret looks like one that nobody thought up, so that nobody can guess it.
func machineMade(s probe.Secret) bool {
	made, prefixed := strings.CutPrefix(s.Reveal(), probe.SigningSecretPrefix)
	return prefixed && len(made) >= leastMade
}

// receive asks whether someone listens, and sends the test ping where it is due.
func (r *run) receive(ctx context.Context) bool {
	wants := ofWebhook(r.target.Wants)
	place := r.target.BaseURL + pathOf(wants.URL)
	answer := r.client.Do(ctx, probe.Request{Method: http.MethodOptions, URL: place, CA: r.target.CA})
	r.retryAfter = answer.RetryAfter(time.Now())
	switch {
	case answer.Fault != (probe.Symptom{}):
		r.outcome.Fail(answer.Fault, answer.FaultArgs...)
		return false
	case answer.Status == http.StatusProxyAuthRequired:
		r.outcome.Fail(probe.ProxyFailed)
		return false
	case isOutage(answer.Status):
		r.outcome.Fail(probe.ServerError)
		return false
	}
	r.reached(answer.Expires)
	r.outcome.Set(probe.Authorized, probe.Finding{Result: probe.NotApplicable})
	r.outcome.Set(probe.Provisioned, r.listens(answer, place))
	switch {
	case wants.Ping == (probe.TestPing{}):
		r.outcome.Set(probe.Authenticated, probe.Finding{Result: probe.NotApplicable})
	case r.target.OptInDue && !r.failed():
		r.ping(ctx, place)
	}
	return true
}

// isOutage says whether a server has failed. One that does not know a method is well.
func isOutage(status int) bool {
	return status >= http.StatusInternalServerError && status != http.StatusNotImplemented
}

// pathOf returns what comes after the host of a URL.
func pathOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	return strings.TrimPrefix(raw, u.Scheme+"://"+u.Host)
}

// listens says what an answer that judges no webhook tells of a receiver.
func (r *run) listens(a probe.Answer, place string) probe.Finding {
	if moved, to := redirects(a, place); moved {
		return probe.Fail(probe.ReceiverRedirects, append(r.target.Wants.Names(), r.admitted(to)...)...)
	}
	finding := probe.Finding{Result: probe.Unprovable, Symptom: probe.ReceiverUnproven, Args: r.target.Wants.Names()}
	switch {
	case a.Status == http.StatusGone:
		return probe.Fail(probe.ReceiverGone, r.target.Wants.Names()...)
	case a.Status == http.StatusNotFound:
		finding.Result, finding.Symptom = probe.Undecided, probe.ReceiverPathUnclear
	case asksForLogin(a):
		finding.Result, finding.Symptom = probe.Undecided, probe.ReceiverAsksLogin
	case a.Status == http.StatusUnauthorized, a.Status == http.StatusForbidden:
		finding.Symptom = probe.ReceiverGuarded
	}
	return finding
}

// redirects says whether an answer leads elsewhere, and where to as far as that may be shown: a query may hold
// anything.
func redirects(a probe.Answer, place string) (moved bool, to []string) {
	location := a.Header.Get("Location")
	if a.Status < http.StatusMultipleChoices || a.Status >= http.StatusBadRequest || location == "" {
		return false, nil
	}
	from, err := url.Parse(place)
	if err != nil {
		return true, nil
	}
	target, err := from.Parse(location)
	if err != nil {
		return true, nil
	}
	return true, probe.Tokens((&url.URL{Scheme: target.Scheme, Host: target.Host, Path: target.Path}).String())
}

// asksForLogin says whether something in front of a receiver wants to know who comes, in a way of which senders of
// webhooks know nothing.
func asksForLogin(a probe.Answer) bool {
	return a.Status == http.StatusUnauthorized && a.Header.Get("WWW-Authenticate") != ""
}
