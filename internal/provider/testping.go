// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"mainstay.dev/mainstay/internal/probe"
)

// testPingType is the type of the event that a test ping is. No sender has it, so that an app which acts on events
// that it knows does nothing.
const testPingType = "mainstay.test_ping"

// ping has the receiver judge a signed event, and one that is signed with another secret where the spec asks for it.
func (r *run) ping(ctx context.Context, place string) {
	before, wants := r.outcome, ofWebhook(r.target.Wants)
	event := newTestPing(wants, time.Now().Truncate(max(r.target.OptIn, time.Hour)))
	if r.pinged(r.deliver(ctx, place, event, r.target.Credential), place) && wants.Ping.Forged {
		// Another id, so that it is not taken for one that has come before.
		event.id += "_forged"
		if forged := r.deliver(ctx, place, event, probe.ForgersSecret()); isSuccess(forged) {
			r.outcome.Fail(probe.SignatureNotVerified, wants.Names()...)
		}
	}
	r.optedIn |= judged(before, r.outcome)
}

func (r *run) deliver(ctx context.Context, place string, event testPing, secret probe.Secret) probe.Answer {
	answer := r.client.Do(ctx, probe.Request{
		URL: place, Body: event.body(), Credential: secret, CA: r.target.CA,
		Auth: probe.Auth{Signature: event.signature, MessageID: event.id},
	})
	r.retryAfter = max(r.retryAfter, answer.RetryAfter(time.Now()))
	return answer
}

func isSuccess(a probe.Answer) bool {
	return a.Fault == (probe.Symptom{}) && a.Status >= 200 && a.Status < 300
}

// pinged records what a receiver answered to a signed event, and says whether it took it. Senders count a 2xx
// status alone as taken.
func (r *run) pinged(a probe.Answer, place string) bool {
	names := r.target.Wants.Names()
	moved, to := redirects(a, place)
	switch status := a.Status; {
	case a.Fault != (probe.Symptom{}), isOutage(status), status == http.StatusTooManyRequests:
		r.outcome.Fail(probe.TestPingUnanswered, names...)
	case isSuccess(a):
		for _, stage := range []probe.Stage{probe.Authenticated, probe.Provisioned, probe.Working} {
			r.outcome.Set(stage, probe.Pass())
		}
		return true
	case moved:
		r.outcome.Fail(probe.ReceiverRedirects, append(names, r.admitted(to)...)...)
	case status == http.StatusNotFound, status == http.StatusMethodNotAllowed:
		r.outcome.Fail(probe.ReceiverNotFound, names...)
	case status == http.StatusGone:
		r.outcome.Fail(probe.ReceiverGone, names...)
	case asksForLogin(a):
		r.outcome.Set(probe.Provisioned, probe.Finding{Result: probe.Undecided, Symptom: probe.ReceiverAsksLogin, Args: names})
	case status == http.StatusBadRequest, status == http.StatusUnauthorized, status == http.StatusForbidden:
		r.outcome.Fail(probe.SignatureRejected, names...)
	default:
		r.outcome.Fail(probe.TestPingRefused, strconv.Itoa(status))
	}
	return false
}

// testPing is an event that means nothing. Whatever is sent of it again within its period is the same to the byte,
// so that a receiver which has seen it knows it by its id.
type testPing struct {
	id        string
	signature probe.SignatureScheme
	at        time.Time
}

func newTestPing(wants probe.WebhookWants, at time.Time) testPing {
	hash := sha256.Sum256([]byte(wants.URL))
	return testPing{id: fmt.Sprintf("mainstay_%x_%d", hash[:8], at.Unix()), signature: wants.Ping.Signature, at: at}
}

const testPingText = "Mainstay asks whether this receiver takes signed webhooks. Nothing has happened."

func (p testPing) body() string {
	if p.signature == probe.StripeSignature {
		// Libraries of Stripe want the version of the API to be one that they know.
		return asJSON(map[string]any{
			"id": "evt_" + p.id, "object": "event", "type": testPingType, "api_version": stripeVersion["Stripe-Version"],
			"created": p.at.Unix(), "livemode": false, "pending_webhooks": 1, "request": nil,
			"data": map[string]any{"object": map[string]any{"object": testPingType, "text": testPingText}},
		})
	}
	return asJSON(map[string]any{
		"id": p.id, "type": testPingType, "timestamp": p.at.UTC().Format(time.RFC3339), "data": map[string]any{"text": testPingText},
	})
}
