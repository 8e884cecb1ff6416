// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package diagnosis

import (
	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/probe"
)

// configuredRows are the rows of what is found before anything is sent: in the spec, in what it refers to, or
// by the dial guard.
var configuredRows = []Diagnosis{
	{
		Symptom: probe.NoAIProvider, Reason: v1alpha1.ReasonNoAIProvider, Blame: Owner, Stalls: true,
		Seen:   "No AI provider is configured.",
		Advice: "Set spec.provider of {object}, and spec.secretRef to the Secret with its API key.",
	},
	{
		Symptom: probe.NoEmailProvider, Reason: v1alpha1.ReasonNoEmailProvider, Blame: Owner, Stalls: true,
		Seen:   "No email provider is configured, so no email is sent.",
		Advice: "Set spec.provider of {object}, and spec.secretRef to the Secret with its API key.",
	},
	{
		Symptom: probe.SMTPStub, Reason: v1alpha1.ReasonSMTPStub, Blame: Owner, Stalls: true,
		Seen:   "The mail server {host} is a stub or a sink, as its name and port tell: no email is delivered.",
		Advice: "Name a real mail server in spec.smtp, or set spec.smtp.sink to Accept where a sink is meant or the guess is wrong.",
	},
	{
		// The next four, and NoAccessCheck, are of a DependencySet alone: such an object is declared, or it is not.
		Symptom: probe.NoPublicAPI, Reason: v1alpha1.ReasonNoPublicAPI, Blame: Owner, Stalls: true,
		Seen:   "No public API is declared.",
		Advice: "Create a PublicAPI with its endpoint, the Secret with its key, and the requests that the app sends.",
	},
	{
		Symptom: probe.NoStripeAccount, Reason: v1alpha1.ReasonNoStripeAccount, Blame: Owner, Stalls: true,
		Seen:   "No Stripe account is declared.",
		Advice: "Create a StripeAccount with the Secret that holds its key.",
	},
	{
		Symptom: probe.NoWebhookEndpoint, Reason: v1alpha1.ReasonNoWebhookEndpoint, Blame: Owner, Stalls: true,
		Seen:   "No webhook endpoint is declared.",
		Advice: "Create a WebhookEndpoint with the URL at which the app receives, and the events that it handles.",
	},
	{
		Symptom: probe.NoAuthProvider, Reason: v1alpha1.ReasonNoAuthProvider, Blame: Owner, Stalls: true,
		Seen:   "No sign-in is declared.",
		Advice: "Create an AuthProvider with the URL of the issuer, or of the Supabase project, as its endpoint.",
	},
	{
		Symptom: probe.SecretNotFound, Reason: v1alpha1.ReasonSecretNotFound, Blame: Owner,
		Seen:   "Secret {secretName} does not exist in namespace {namespace}.",
		Advice: "Create it with the {credential} of {provider} under the {secretKeys}, or correct spec.secretRef.",
	},
	{
		Symptom: probe.SecretKeyMissing, Reason: v1alpha1.ReasonSecretKeyMissing, Blame: Owner,
		Seen:   "Secret {secretName} has no key[ {names}].",
		Advice: "Put the {credential} of {provider} there[ ({secretKeys})], or correct spec.secretRef.",
	},
	{
		Symptom: probe.SecretKeyEmpty, Reason: v1alpha1.ReasonSecretKeyEmpty, Blame: Owner,
		Seen:   "Secret {secretName} holds an empty value[ under key {names}].",
		Advice: "Put the {credential} of {provider} there.",
	},
	{
		Symptom: probe.PlaceholderCredential, Reason: v1alpha1.ReasonPlaceholderCredential, Blame: Owner,
		Seen:   "Secret {secretName} holds a placeholder[ under key {names}], not a real value.",
		Advice: "Put the real {credential} of {provider} there.",
	},
	{
		Symptom: probe.CredentialHasLineBreak, Reason: v1alpha1.ReasonCredentialHasLineBreak, Blame: Owner,
		Seen:   "Secret {secretName} holds a value with a line break[ under key {names}], most likely at its end.",
		Advice: "Write the value again without it, for example with printf in place of echo.",
	},
	{
		Symptom: probe.CredentialHasWhitespace, Reason: v1alpha1.ReasonCredentialHasWhitespace, Blame: Owner,
		Seen:   "Secret {secretName} holds a value with blanks or tabs[ under key {names}].",
		Advice: "Write the key again without them.",
	},
	{
		Symptom: probe.CredentialMalformed, Reason: v1alpha1.ReasonCredentialMalformed, Blame: Owner,
		Seen:   "Secret {secretName} holds a value with characters that no credential has[, under key {names}].",
		Advice: "Write the key again as plain text; data of a Secret is base64-encoded once, not twice.",
	},
	{
		Symptom: probe.CredentialTooLong, Reason: v1alpha1.ReasonCredentialMalformed, Blame: Owner,
		Seen:   "Secret {secretName} holds a value that is longer than any credential[ under key {names}].",
		Advice: "Put the {credential} of {provider} there, in 16 KiB at most, and nothing besides.",
	},
	{
		Symptom: probe.WrongKeyKind, Reason: v1alpha1.ReasonWrongKeyKind, Blame: Owner,
		Seen:   "Secret {secretName} holds a credential of another kind under its {secretKeys}[: {names}].",
		Advice: "Put the {credential} of {provider} there, or correct spec.provider or spec.secretRef.",
	},
	{
		Symptom: probe.TestModeKey, Reason: v1alpha1.ReasonTestModeKey, Blame: Owner,
		Seen:   "The {credential}[ in {secret}] is one for testing, and the mode in the spec is Live: with it no real payment is made.",
		Advice: "Put the live {credential} of {provider} there, or set the mode in the spec to Test.",
	},
	{
		Symptom: probe.LiveModeKey, Reason: v1alpha1.ReasonLiveModeKey, Blame: Owner,
		Seen:   "The {credential}[ in {secret}] is a live one, and the mode in the spec is Test: what the app tries out moves real money.",
		Advice: "Put the test {credential} of {provider} there, or set the mode in the spec to Live.",
	},
	{
		Symptom: probe.SigningSecretUnfit, Reason: v1alpha1.ReasonSigningSecretUnfit, Blame: Owner,
		Seen: "The signing secret[ in {secret}] has not the form that spec.testPing.signature needs.",
		Advice: "For StandardWebhooks it is base64, after whsec_; for Stripe it begins with whsec_. " +
			"Put there what the sender shows as the signing secret of the endpoint.",
	},
	{
		Symptom: probe.CANotFound, Reason: v1alpha1.ReasonCANotFound, Blame: Owner,
		Seen:   "What spec.caRef names[, {names},] does not exist.",
		Advice: "Create it with the PEM certificates, or correct spec.caRef.",
	},
	{
		Symptom: probe.CAInvalid, Reason: v1alpha1.ReasonCAInvalid, Blame: Owner,
		Seen:   "What spec.caRef names[, {names},] holds no PEM certificate.",
		Advice: "Put the certificate of the authority that signs the endpoint's certificate there, in PEM.",
	},
	{
		Symptom: probe.CATooLarge, Reason: v1alpha1.ReasonCAInvalid, Blame: Owner,
		Seen:   "What spec.caRef names[, {names},] is larger than 256 KiB, which is more than Mainstay holds of certificates.",
		Advice: "Put the certificate of the authority that signs the endpoint's certificate there, in PEM.",
	},
	{
		Symptom: probe.ConsentMissing, Reason: v1alpha1.ReasonConsentMissing, Blame: Owner,
		Seen:   "Secret {secretName} does not allow its key to be sent to {host}.",
		Advice: "If it may: kubectl annotate secret -n {namespace} {secretName} " + v1alpha1.AllowedHostsAnnotation + "={host}",
	},
	{
		Symptom: probe.ConsentForOthers, Reason: v1alpha1.ReasonConsentMissing, Blame: Owner,
		Seen:   "Secret {secretName} allows its key to be sent to other hosts, but not to {host}.",
		Advice: "If it may, add {host} to its annotation " + v1alpha1.AllowedHostsAnnotation + ", after a comma.",
	},
	{
		Symptom: probe.ConsentElsewhere, Reason: v1alpha1.ReasonConsentMissing, Blame: Owner,
		Seen:   "{provider} wants the {credential} sent to another host[, {names}], and Secret {secretName} does not allow that.",
		Advice: "If it may, add that host to its annotation " + v1alpha1.AllowedHostsAnnotation + ", after a comma.",
	},
	{
		Symptom: probe.SigningNotConsented, Reason: v1alpha1.ReasonConsentMissing, Blame: Owner,
		Seen: "Secret {secretName} does not allow anything to be signed with it for {host}: it is not sent there, but a secret that is short " +
			"could be guessed from a signature.",
		Advice: "If it may: kubectl annotate secret -n {namespace} {secretName} " + v1alpha1.AllowedHostsAnnotation + "={host}",
	},
	{
		Symptom: probe.PortNotConsented, Reason: v1alpha1.ReasonConsentMissing, Blame: Owner,
		Seen: "Secret {secretName} names the host, and spec.postgres.port of {object} another port there than the Secret does[: {names}]. " +
			"The Secret does not allow its password to be sent to that.",
		Advice: "If it may, add that host to its annotation " + v1alpha1.AllowedHostsAnnotation + ", after a comma.",
	},
	{
		Symptom: probe.PlainHTTPRefused, Reason: v1alpha1.ReasonDestinationNotAllowed, Blame: Owner, Stalls: true,
		Seen:   "The endpoint at {host} is plain http, which Mainstay does not speak.",
		Advice: "Use https, or start Mainstay with --allow-http.",
	},
	{
		Symptom: probe.ClearTextRefused, Reason: v1alpha1.ReasonDestinationNotAllowed, Blame: Owner, Stalls: true,
		Seen:   "With tls set to None all that is said to {host} goes in clear, which Mainstay does only where its administrator allows it.",
		Advice: "Set it to another mode, or start Mainstay with --allow-host={host}",
	},
	{
		Symptom: probe.AddressNeverAdmitted, Reason: v1alpha1.ReasonDestinationNotAllowed, Blame: Owner, Stalls: true,
		Seen: "The address of {host} is link-local, a cloud's metadata service, multicast, reserved, or in a range that --deny-cidr " +
			"names: Mainstay never connects there.",
		Advice: "Use another endpoint.",
	},
	{
		Symptom: probe.AddressRefused, Reason: v1alpha1.ReasonDestinationNotAllowed, Blame: Owner, Stalls: true,
		Seen: "Mainstay's dial guard does not admit {host}: its address is private, loopback or reserved, " +
			"or its name is one of an inner network.",
		Advice: "If it is meant to be probed, start Mainstay with --allow-host={host}",
	},
	{
		Symptom: probe.UnresolvedBehindProxy, Reason: v1alpha1.ReasonDestinationNotAllowed, Blame: Owner, Stalls: true,
		Seen:   "{hostname} cannot be resolved here, only by the proxy, so its address cannot be judged.",
		Advice: "If it is meant to be probed, start Mainstay with --allow-host={host}",
	},
	{
		// These four are of a DependencySet, and speak of one of its members.
		Symptom: probe.MemberNotFound, Reason: v1alpha1.ReasonMemberNotFound, Blame: Owner,
		Seen:   "Namespace {namespace} has no {kind} that matches what is required[: {names}].",
		Advice: "Create it, or correct spec.requires of the DependencySet.",
	},
	{
		Symptom: probe.TooFewMembers, Reason: v1alpha1.ReasonTooFewMembers, Blame: Owner,
		Seen:   "Namespace {namespace} has fewer objects of kind {kind} that match than minHealthy asks for.",
		Advice: "Create more, or lower minHealthy in spec.requires of the DependencySet.",
	},
	{
		Symptom: probe.TransportStub, Reason: v1alpha1.ReasonSMTPStub, Blame: Owner, Stalls: true,
		Seen:   "The app's SMTP transport is a stub[, since it accepts {names} alone], so it sends no email over {object}.",
		Advice: "Choose a provider that the app can use, or add SMTP to acceptedProviders of the DependencySet.",
	},
	{
		Symptom: probe.ProviderNotSupported, Reason: v1alpha1.ReasonProviderNotSupported, Blame: Owner,
		Seen:   "The app cannot use the provider of {object}, which is {provider}[: it accepts {names}].",
		Advice: "Choose a provider that the app can use, or add this one to acceptedProviders of the DependencySet.",
	},
}
