// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package diagnosis

import (
	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/probe"
)

// receiverRows are the rows of what only the receiving end of webhooks can show.
var receiverRows = []Diagnosis{
	// Authenticated
	{
		Symptom: probe.SignatureRejected, Reason: v1alpha1.ReasonSignatureRejected, Blame: Owner,
		Seen: "The receiver[ {names}] refuses a test ping that is signed with the signing secret[ in {secret}].",
		Advice: "Give the app the signing secret that the sender shows for this endpoint, and put the same one into the Secret. Where both have it, " +
			"the app refuses events that it does not know, or a firewall or CSRF protection stands before it.",
	},
	{
		Symptom: probe.SignatureNotVerified, Reason: v1alpha1.ReasonSignatureNotVerified, Blame: Owner, Counts: AtOnce,
		Seen:   "The receiver[ {names}] accepts a test ping whose signature is wrong, so anybody can send it events.",
		Advice: "Have the app check signatures, over the raw body and before anything else, and answer 400 or 401 to wrong ones.",
	},

	// Provisioned
	{
		Symptom: probe.ReceiverNotFound, Reason: v1alpha1.ReasonReceiverNotFound, Blame: Owner,
		Seen:   "The host answers, and nobody takes webhooks (POST) at spec.url[: {names}].",
		Advice: "Correct spec.url, and the URL at the sender; or see whether this version of the app still has the path.",
	},
	{
		Symptom: probe.ReceiverRedirects, Reason: v1alpha1.ReasonReceiverRedirects, Blame: Owner,
		Seen:   "The URL of spec.url redirects[: {names}]. Senders of webhooks follow no redirect: deliveries fail.",
		Advice: "Give the sender, and spec.url, the URL at the end; where that is a login, let webhooks past it.",
	},
	{
		Symptom: probe.ReceiverGone, Reason: v1alpha1.ReasonReceiverGone, Blame: Owner,
		Seen:   "The receiver[ {names}] answers 410 (Gone), by which it asks senders to send no more.",
		Advice: "Remove the endpoint at the sender and this object, or have the app take webhooks there again and enable the endpoint at the sender.",
	},
	{
		Symptom: probe.ReceiverPathUnclear, Reason: v1alpha1.ReasonReceiverPathUnclear, Blame: Owner, Shows: probe.Undecided,
		Seen:   "The host answers 404 at spec.url[, {names},] to a request that is no webhook: either the path is wrong, or the app has it for POST alone.",
		Advice: "Compare the path with that of the app. Opt in to spec.testPing to have it proven.",
	},
	{
		Symptom: probe.ReceiverAsksLogin, Reason: v1alpha1.ReasonReceiverAsksLogin, Blame: Owner, Shows: probe.Undecided,
		Seen:   "Something in front of the receiver[ {names}] asks for a login (401 with WWW-Authenticate), which senders do not have.",
		Advice: "Let webhooks past the proxy that asks: their signature says who sends them.",
	},
	{
		Symptom: probe.ReceiverGuarded, Reason: v1alpha1.ReasonReceiverGuarded, Shows: probe.Unprovable,
		Seen:   "Someone listens at spec.url[, {names},] and refuses a request that is no webhook (401 or 403), so nothing more is shown.",
		Advice: "Nothing has to change where that is the app, or a list of the sender's addresses. To have it proven, opt in to spec.testPing.",
	},
	{
		Symptom: probe.ReceiverUnproven, Reason: v1alpha1.ReasonReceiverUnproven, Shows: probe.Unprovable,
		Seen:   "Someone listens at spec.url[, {names}]. Whether they take webhooks is shown to none but a signed one.",
		Advice: "Nothing has to change. To have it proven, opt in to spec.testPing, which the app sees.",
	},

	// Working
	{
		Symptom: probe.TestPingRefused, Reason: v1alpha1.ReasonTestPingFailed, Blame: Owner, Counts: InARow,
		Seen:   "The receiver answers to a test ping neither that it takes it nor that the signature is wrong[, but {names}].",
		Advice: "Have the app answer 2xx to events whose type it does not know: senders add types, and count all else as failed.",
	},
	{
		Symptom: probe.TestPingUnanswered, Reason: v1alpha1.ReasonTestPingFailed, Blame: Owner, Counts: InARow,
		Seen:   "The receiver[ {names}] answers, but to a test ping it gives no answer in time, or one that it failed (5xx or 429).",
		Advice: "See the log of the app. Have it answer before it works on an event: senders wait for some seconds.",
	},
}
