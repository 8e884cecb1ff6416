// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

// Package symptom leads from what a person would type about an app that does not work to what Mainstay
// calls the causes. It is a table and a pure function over it.
package symptom

import v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"

// Symptom is what somebody sees of a fault, before anyone knows the cause.
type Symptom struct {
	// Name is how the symptom is offered to who typed something else.
	Name string
	// Phrases are what people type of it. A phrase is meant where all of its words are there, in any order.
	Phrases []string
	// Means is one sentence on what is known from the symptom alone.
	Means string
	// Kinds are those that may be behind it; none stands for all.
	Kinds []string
	// Reasons are those of which it is a sign; none stands for all.
	Reasons []string
	// Permission says that it may be the caller's own permission that lacks.
	Permission bool
}

// table has the symptoms in the order in which they are offered.
var table = []Symptom{
	{
		Name: "401 invalid_api_key",
		Phrases: []string{
			"401", "unauthorized", "unauthenticated", "authentication", "invalid api key", "401 invalid api key", "incorrect api key",
			"wrong key", "key revoked", "key expired", "key rejected", "bad credentials", "api key", "login failed", "token expired",
		},
		Means: "The provider does not accept the key: it is wrong, revoked or expired, or it is not the one you think.",
		Reasons: []string{
			v1alpha1.ReasonInvalidAPIKey, v1alpha1.ReasonAPIKeyRevokedOrExpired, v1alpha1.ReasonAPIKeyExpired,
			v1alpha1.ReasonAPIKeySuspended, v1alpha1.ReasonCredentialRequired, v1alpha1.ReasonIPNotAllowed,
			v1alpha1.ReasonAPIKeyUnproven, v1alpha1.ReasonAPIKeyExpiringSoon, v1alpha1.ReasonWeakLoginRefused,
			v1alpha1.ReasonConnectionURIMalformed, v1alpha1.ReasonServerNotNamed,
			v1alpha1.ReasonLoginNotOffered, v1alpha1.ReasonLoginNeedsTLS, v1alpha1.ReasonMechanismUnknown,
			v1alpha1.ReasonSecretNotFound, v1alpha1.ReasonSecretKeyMissing, v1alpha1.ReasonSecretKeyEmpty,
			v1alpha1.ReasonPlaceholderCredential, v1alpha1.ReasonCredentialHasLineBreak, v1alpha1.ReasonCredentialHasWhitespace,
			v1alpha1.ReasonCredentialMalformed, v1alpha1.ReasonWrongKeyKind, v1alpha1.ReasonTestModeKey, v1alpha1.ReasonLiveModeKey,
			v1alpha1.ReasonConsentMissing, v1alpha1.ReasonInvalidClient, v1alpha1.ReasonClientUnproven,
			v1alpha1.ReasonAPIKeyExpiringSoon, v1alpha1.ReasonAPIKeyUnproven,
		},
	},
	{
		Name: "403 insufficient_scope",
		Phrases: []string{
			"insufficient scope", "403 insufficient scope", "401 insufficient scope", "missing scope", "missing scopes", "scope",
			"restricted key", "insufficient permissions", "insufficient permission",
		},
		Means:      "The key is valid, and lacks a scope that the call needs.",
		Reasons:    []string{v1alpha1.ReasonInsufficientScope, v1alpha1.ReasonSendOnlyKey, v1alpha1.ReasonDomainNotVisible},
		Permission: true,
	},
	{
		Name: "403 forbidden",
		Phrases: []string{
			"403", "forbidden", "permission denied", "access denied", "not allowed", "cannot list", "cannot get", "rbac", "serviceaccount",
			"row level security", "rls", "not authorized", "unsupported country", "unsupported region",
			"42501", "policy", "rows missing", "no rows", "tenant", "tenants", "set role", "grant",
		},
		Means: "Somebody is known and may not do this: you in the cluster, the app's role, or the key at the provider.",
		Reasons: []string{
			v1alpha1.ReasonRoleForbidden, v1alpha1.ReasonAccountNotAccessible, v1alpha1.ReasonInsufficientScope, v1alpha1.ReasonRegionNotSupported,
			v1alpha1.ReasonIPNotAllowed, v1alpha1.ReasonAPIKeySuspended, v1alpha1.ReasonDestinationNotAllowed,
			v1alpha1.ReasonRowLevelSecurityDenied, v1alpha1.ReasonRowLevelSecurityDisabled, v1alpha1.ReasonRowLevelSecurityBypassed,
			v1alpha1.ReasonAccessNotDenied, v1alpha1.ReasonOverprivilegedCredential, v1alpha1.ReasonStatementTooSlow,
			v1alpha1.ReasonPolicyDecides, v1alpha1.ReasonRowsUnproven, v1alpha1.ReasonExpectationUnproven, v1alpha1.ReasonAccessUnclear,
			v1alpha1.ReasonExpectationRefused, v1alpha1.ReasonRoleNotFound, v1alpha1.ReasonTableNotFound,
			v1alpha1.ReasonColumnNotFound, v1alpha1.ReasonColumnTypeMismatch, v1alpha1.ReasonUnauthorizedClient,
			v1alpha1.ReasonServiceAccountNotFound, v1alpha1.ReasonResourceNotFound, v1alpha1.ReasonAuthorizationUndecided,
			v1alpha1.ReasonClusterNotAsked,
		},
		Permission: true,
	},
	{
		Name: "429 rate_limited",
		Phrases: []string{
			"429", "rate limit", "rate limited", "429 rate limited", "429 rate limit", "too many requests", "429 too many requests",
			"throttled", "throttling", "slow down", "overloaded",
		},
		Means:   "More is asked of the provider than the limit of the key or account allows.",
		Reasons: []string{v1alpha1.ReasonRateLimited, v1alpha1.ReasonQuotaExhausted},
	},
	{
		Name: "402 quota used up",
		Phrases: []string{
			"402", "quota", "insufficient quota", "429 insufficient quota", "credit", "credits", "billing", "payment required",
			"402 payment required", "spend limit", "balance",
		},
		Means:   "Credit, quota or a spend limit at the provider is used up; waiting helps only where it is a limit of the day.",
		Reasons: []string{v1alpha1.ReasonQuotaExhausted, v1alpha1.ReasonRateLimited},
	},
	{
		Name: "AI returns nothing",
		Phrases: []string{
			"ai", "llm", "model", "models", "chat", "completion", "completions", "embedding", "ai nothing", "ai returns nothing",
			"ai empty", "ai returns empty", "ai no answer", "ai not answering", "ai not working", "model not found", "model does not exist",
			"empty answer", "empty response", "empty output", "assistant", "gpt", "claude", "openai", "anthropic",
		},
		Means: "No AI provider is configured, its key or quota is at fault, or the model is not open to the key.",
		Kinds: []string{"AIProvider"},
	},
	{
		Name: "emails not sending",
		Phrases: []string{
			"email", "emails", "mail", "mails", "smtp", "email not sending", "emails not sending", "email not sent", "emails not sent",
			"email not arriving", "emails not arriving", "email not delivered", "mail not delivered", "no email", "no emails", "newsletter",
			"domain", "domain not verified", "spf", "dkim", "dmarc", "resend", "sendgrid", "postmark",
		},
		Means: "No email provider is configured, which is the default; or its key, its sending domain or its quota is at fault.",
		Kinds: []string{"EmailProvider"},
	},
	{
		Name: "webhook not received",
		Phrases: []string{
			"webhook", "webhooks", "webhook not received", "webhooks not received", "webhook missing", "event not received",
			"events not received", "dead letter", "callback", "webhook twice", "webhooks twice", "webhook late", "webhook delayed",
			"webhook delivery", "webhook deliveries", "outbox",
		},
		Means: "The endpoint is inactive, its URL is wrong, the event is not subscribed, deliveries fail, or app and sender have " +
			"different signing secrets.",
		Kinds: []string{"WebhookEndpoint"},
	},
	{
		Name: "login does not work",
		Phrases: []string{
			"login", "log in", "logins", "sign in", "signin", "sign up", "signup", "signing in", "signing up", "oidc", "openid", "oauth",
			"sso", "issuer", "jwks", "jwk", "discovery", "well-known", "invalid_client", "unauthorized_client", "invalid_scope",
			"unsupported_grant_type", "client credentials", "client secret", "id token", "access token", "invalid token",
			"jwt", "token used before issued", "keycloak", "auth0", "supabase auth", "confirmation email", "confirmation email not arriving",
			"jwks not found", "redirect uri",
		},
		Means: "The issuer is another one than the app expects, its keys cannot be used, the client is rejected, or a method of sign-in is off.",
		Kinds: []string{"AuthProvider"},
	},
	{
		Name: "webhook signature is wrong",
		Phrases: []string{
			"webhook signature", "webhook signature wrong", "webhook signature is wrong", "invalid signature", "signature mismatch",
			"signature verification failed", "signing secret", "no signatures found matching the expected signature", "whsec",
		},
		Means: "App and sender have different signing secrets, or something changes the body before the app checks it.",
		Kinds: []string{"WebhookEndpoint"},
		Reasons: []string{
			v1alpha1.ReasonSignatureRejected, v1alpha1.ReasonSignatureNotVerified, v1alpha1.ReasonSigningSecretUnfit,
			v1alpha1.ReasonDeliveriesFailing, v1alpha1.ReasonConsentMissing,
		},
	},
	{
		Name: "provider cannot be reached",
		Phrases: []string{
			"timeout", "timed out", "time out", "deadline exceeded", "connection refused", "connection reset", "connection closed",
			"no such host", "dns", "name not resolved", "unreachable", "no route", "tls", "x509", "certificate", "handshake", "proxy",
			"500", "502", "503", "504", "bad gateway", "server error", "internal server error", "unavailable", "down", "outage",
			"incident", "cannot be reached", "540", "project paused", "too many clients", "too many connections", "starting up", "eof", "404", "not found", "html", "invalid json", "unexpected token", "egress", "network",
		},
		Means: "The way to the provider is broken, or the provider is.",
		Reasons: []string{
			v1alpha1.ReasonNameNotResolved, v1alpha1.ReasonNameServerFailed, v1alpha1.ReasonConnectionRefused,
			v1alpha1.ReasonNetworkUnreachable, v1alpha1.ReasonConnectionClosed, v1alpha1.ReasonTLSInvalid, v1alpha1.ReasonProxyFailed,
			v1alpha1.ReasonTimedOut, v1alpha1.ReasonServerError, v1alpha1.ReasonPathNotFound, v1alpha1.ReasonUnexpectedAnswer,
			v1alpha1.ReasonProviderIncident, v1alpha1.ReasonClusterEgressDown, v1alpha1.ReasonProbeFailed,
			v1alpha1.ReasonDestinationNotAllowed, v1alpha1.ReasonCANotFound, v1alpha1.ReasonCAInvalid,
			v1alpha1.ReasonModelNotAvailable, v1alpha1.ReasonRequestPathNotFound,
			v1alpha1.ReasonWrongTLSMode, v1alpha1.ReasonSTARTTLSNotOffered, v1alpha1.ReasonServiceRefused,
			v1alpha1.ReasonCertificateEnding, v1alpha1.ReasonTLSNotOffered, v1alpha1.ReasonTooManyConnections,
			v1alpha1.ReasonDatabaseNotFound, v1alpha1.ReasonClocksDiffer, v1alpha1.ReasonDiscoveryNotPublic, v1alpha1.ReasonProjectPaused,
		},
	},
}

// All returns every symptom.
func All() []Symptom { return table }
