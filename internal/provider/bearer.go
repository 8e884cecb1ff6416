// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"mainstay.dev/mainstay/internal/probe"
)

// bearer is any API that takes a key as a bearer token and says what is wrong as RFC 6750 has it, in
// WWW-Authenticate, or in a problem document of RFC 9457.
var bearer = Provider{
	Kind: "PublicAPI", Name: "Bearer", Called: "the API",
	Auth:         probe.Bearer,
	Limits:       rateLimitHeaders,
	ExpiryHeader: "Github-Authentication-Token-Expiration",
	Steps:        []Step{requestStep},
	Rules:        bearerRules,
	Facts: Facts{
		Proves:      []string{"the key is accepted", "the key may send each request of `spec.requests`", "each path of `spec.requests` answers"},
		CannotProve: []string{"which scope is missing, where the API does not say it and `spec.requests` names none", "that the key may write"},
		Requests:    "1 for each of `spec.requests`",
		Source:      "RFC 6750, RFC 9457, RFC 9110; headers of GitHub's API", Verified: "2026-11",
	},
}

// bearerRules are how APIs say what is wrong with a bearer token.
var bearerRules = []probe.Rule{
	{
		// GitHub says its limits with 403 as well as with 429.
		Status: 403, Message: "rate limit exceeded", Means: probe.RateLimited,
		Source: "GitHub's page on rate limits; live bodies", Verified: "2026-11",
	},
	{
		Status: 403, Message: "exceeded a secondary rate limit", Means: probe.RateLimited,
		Source: "GitHub's page on rate limits; live bodies", Verified: "2026-11",
	},
	{
		// The RFC's own example of an expired token: error_description="The access token expired".
		Code: "invalid_token", Message: "expired", Means: probe.KeyExpired,
		Source: "RFC 6750, section 3", Verified: "2026-11",
	},
	{
		Code: "invalid_token", Means: probe.KeyRejected,
		Source: "RFC 6750, section 3.1", Verified: "2026-11",
	},
	{
		Code: "insufficient_scope", Means: probe.ScopeMissing,
		Source: "RFC 6750, section 3.1", Verified: "2026-11",
	},
	{
		Code: "invalid_api_key", Means: probe.KeyRejected,
		Source: "a word that many APIs have in problem documents", Verified: "2026-11",
	},
	{
		Code: "ip_not_allowed", Means: probe.IPNotAllowed,
		Source: "a word that many APIs have in problem documents", Verified: "2026-11",
	},
	{
		Code: "account_suspended", Means: probe.KeySuspended,
		Source: "a word that many APIs have in problem documents", Verified: "2026-11",
	},
	{
		Code: "quota_exceeded", Means: probe.QuotaExhausted,
		Source: "a word that many APIs have in problem documents", Verified: "2026-11",
	},
}

// rateLimitHeaders are the pairs of headers in which APIs tell of their rate limits.
var rateLimitHeaders = []LimitHeaders{
	{"requests", "X-Ratelimit-Limit", "X-Ratelimit-Remaining"},
	{"requests", "Ratelimit-Limit", "Ratelimit-Remaining"},
}

// requestStep sends what the app would, and looks at no more of a good answer than that it is one. A scope
// that is missing and a path that is not there each concern one request, and the others go on.
var requestStep = Step{
	Path: "{path}", Each: probe.Wants.Names, Missing: probe.RequestPathNotFound,
	Read: func(*Page) error { return nil },
}
