// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package diagnosis

import (
	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/probe"
)

// authRows are the rows of sign-in: of issuers, their keys and their clients.
var authRows = []Diagnosis{
	{
		Symptom: probe.DiscoveryNotFound, Reason: v1alpha1.ReasonPathNotFound, Blame: Provider, OwnHostBlame: Owner,
		Seen:   "{host} answers, and has no discovery document below spec.endpoint (404).",
		Advice: "Check the path of spec.endpoint: that of an issuer often names a realm, a tenant or an application.",
	},
	{
		Symptom: probe.DiscoveryNotPublic, Reason: v1alpha1.ReasonDiscoveryNotPublic, Blame: Provider, OwnHostBlame: Owner,
		Seen:   "{host} does not show the discovery document below spec.endpoint to who has not logged in. Apps read it without a credential.",
		Advice: "Let /.well-known/openid-configuration, and the keys that it names, through what guards {host}; or correct spec.endpoint, if another server answers there.",
	},
	{
		Symptom: probe.ClocksDiffer, Reason: v1alpha1.ReasonClocksDiffer, Blame: Owner, Shows: probe.Passed,
		Seen:   "The clock of {host} and that of Mainstay's node are more than two minutes apart: apps may take new tokens for expired, or for not valid yet.",
		Advice: "Set both by NTP, and see which of them is wrong.",
	},
	{
		Symptom: probe.ProjectPaused, Reason: v1alpha1.ReasonProjectPaused, Blame: Owner,
		Seen:   "The project at {host} is paused.",
		Advice: "Resume it in the dashboard of Supabase; projects of the free plan pause when nobody uses them.",
	},
	{
		Symptom: probe.ClientRejected, Reason: v1alpha1.ReasonInvalidClient, Blame: Owner,
		Seen:   "{provider} rejects the client (invalid_client): the client ID[ in {secret}] is unknown there, or its secret is wrong, replaced or expired.",
		Advice: "Compare both with the client at {provider}; create a new secret there and put it into the Secret.",
	},
	{
		Symptom: probe.ClientSecretExpired, Reason: v1alpha1.ReasonAPIKeyExpired, Blame: Owner,
		Seen:   "{provider} says that the secret of the client[ in {secret}] has expired.",
		Advice: "Create a new secret for the client at {provider} and put it there.",
	},
	{
		Symptom: probe.ClientNotShown, Reason: v1alpha1.ReasonClientUnproven, Shows: probe.Unprovable,
		Seen:   "{provider} takes clients by other methods than a secret alone, so Mainstay cannot try out the client.",
		Advice: "Nothing has to change. Remove spec.oidc.clientCredentials of {object}, or allow client_secret_basic at {provider}.",
	},
	{
		Symptom: probe.ClientNotAllowed, Reason: v1alpha1.ReasonUnauthorizedClient, Blame: Owner,
		Seen:   "{provider} knows the client[ in {secret}], which may not ask for tokens of its own (unauthorized_client).",
		Advice: "Allow the client the client-credentials grant at {provider}, for the audience that the spec names.",
	},
	{
		Symptom: probe.ScopeMalformed, Reason: v1alpha1.ReasonInsufficientScope, Blame: Owner,
		Seen:   "{provider} does not take a scope in this form[: {names}].",
		Advice: "Entra ID wants the resource and /.default in spec.oidc.clientCredentials.scopes, as in api://NAME/.default: kubectl edit {object} -n {namespace}",
	},
	{
		Symptom: probe.PrivateKeyPublished, Reason: v1alpha1.ReasonPrivateKeyPublished, Blame: Owner, Counts: AtOnce,
		Seen:   "Among the public keys of {provider} is a private or symmetric one[: {names}]. Whoever reads it can sign in as anyone.",
		Advice: "Replace the key at {provider} now, publish the public part alone, and end the sessions that it signed.",
	},
	{
		Symptom: probe.WrongIssuer, Reason: v1alpha1.ReasonWrongIssuer, Blame: Owner,
		Seen:   "The discovery document is that of another issuer than spec.endpoint names[; the spec's, then its own: {names}].",
		Advice: "Make both the same to the letter: scheme, host, path, and the slash at the end. Apps refuse tokens otherwise.",
	},
	{
		Symptom: probe.IssuerIsTemplate, Reason: v1alpha1.ReasonWrongIssuer, Blame: Owner,
		Seen:   "The discovery document below spec.endpoint names no issuer of its own but a template, which no token has.",
		Advice: "Put the tenant's ID in place of common in spec.endpoint.",
	},
	{
		Symptom: probe.DiscoveryIncomplete, Reason: v1alpha1.ReasonDiscoveryInvalid, Blame: Owner,
		Seen:   "The discovery document of {provider} does not say where something is that apps need[: {names}].",
		Advice: "Check that spec.endpoint is that of an issuer of OpenID Connect, and how it is set up.",
	},
	{
		Symptom: probe.DiscoveryInClear, Reason: v1alpha1.ReasonDiscoveryInvalid, Blame: Owner,
		Seen:   "The discovery document of {provider} sends apps to plain http[: {names}].",
		Advice: "Set the public URL of {provider} to https; behind a proxy it often has to be told.",
	},
	{
		Symptom: probe.SigningKeysNotReadable, Reason: v1alpha1.ReasonSigningKeysNotReadable, Blame: Provider, Counts: InARow,
		Seen:   "The keys of {provider} cannot be read where its discovery document says that they are[: {names}].",
		Advice: "Check from the cluster that its jwks_uri answers with a JWK Set; where that host is private, see --allow-host.",
	},
	{
		Symptom: probe.NoSigningKey, Reason: v1alpha1.ReasonNoSigningKey, Blame: Owner,
		Seen:   "{provider} publishes no key that apps can check its tokens with: there is none, or none for signatures, or it is broken or too short.",
		Advice: "Create a signing key at {provider}: RSA of 2048 bits or more, or a curve.",
	},
	{
		Symptom: probe.SigningAlgorithmMissing, Reason: v1alpha1.ReasonNoSigningKey, Blame: Owner,
		Seen:   "{provider} publishes no key for any of the algorithms with which it says that it signs[: {names}].",
		Advice: "Create a key for one of them at {provider}, or correct which algorithms it uses.",
	},
	{
		Symptom: probe.SigningCertificateExpired, Reason: v1alpha1.ReasonSigningCertificateExpired, Blame: Owner, Shows: probe.Passed,
		Seen:   "The certificate of a signing key of {provider} has expired[: {names}]. Most apps look at the key alone; those that look at the certificate refuse tokens.",
		Advice: "Renew the certificate, or replace the key at {provider}.",
	},
	{
		Symptom: probe.GrantNotOffered, Reason: v1alpha1.ReasonGrantNotOffered, Blame: Owner,
		Seen:   "{provider} does not offer the client-credentials grant (unsupported_grant_type).",
		Advice: "Enable it at {provider}, or remove spec.oidc.clientCredentials of {object}.",
	},
	{
		Symptom: probe.SignInMethodDisabled, Reason: v1alpha1.ReasonSignInMethodDisabled, Blame: Owner,
		Seen:   "A method of sign-in that spec.supabase.signInMethods names is off[: {names}].",
		Advice: "Enable it in the project's settings at {provider}, or remove it from the spec.",
	},
	{
		Symptom: probe.SignUpsDisabled, Reason: v1alpha1.ReasonSignUpsDisabled, Blame: Owner,
		Seen:   "Nobody can sign up: new users are switched off at {provider}.",
		Advice: "Allow them in the project's settings at {provider}, or set spec.supabase.signUps to NotRequired.",
	},
	{
		Symptom: probe.ConfirmationEmailsNotShown, Reason: v1alpha1.ReasonConfirmationEmailsNotShown, Blame: Owner, Shows: probe.Passed,
		Seen: "Sign-in is set up. Who signs up has to follow a link in an email, and {provider} does not show who sends that: " +
			"its own mailer reaches members of the project alone.",
		Advice: "Set up a mail server of your own in the project's settings, and declare it as an EmailProvider, which proves that it sends.",
	},
	{
		Symptom: probe.TokenRefused, Reason: v1alpha1.ReasonTokenRefused, Blame: Provider, Counts: InARow,
		Seen:   "{provider} grants the client no token, and does not say why in the words of OAuth 2.0.",
		Advice: "Ask it for a token by hand, as the app does: it may want a scope or an audience, which spec.oidc.clientCredentials names.",
	},
}
