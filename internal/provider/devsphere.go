// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"mainstay.dev/mainstay/internal/probe"
)

// devSphere is the public API of DevSphere OS. It says what is wrong in one word, and names the scope that
// a key lacks.
var devSphere = Provider{
	Kind: "PublicAPI", Name: "DevSphere", Called: "DevSphere",
	Auth:      probe.Bearer,
	KeyPrefix: "dvs_live_", EveryKey: true,
	// About 120 requests a minute for a key, says its troubleshooting guide.
	RequestsPerMinute: 120,
	Limits:            rateLimitHeaders,
	Steps:             []Step{requestStep},
	Rules: []probe.Rule{
		{
			Code: "invalid_api_key", Means: probe.KeyRejected,
			Source: "troubleshooting guide (401)", Verified: "2026-11",
		},
		{
			// The scope stands beside it: {"error":"insufficient_scope","need":"leads:read"}.
			Code: "insufficient_scope", Means: probe.ScopeMissing,
			Source: "troubleshooting guide (403)", Verified: "2026-11",
		},
		{
			Code: "rate_limited", Means: probe.RateLimited,
			Source: "troubleshooting guide (429)", Verified: "2026-11",
		},
	},
	Facts: Facts{
		Proves:      []string{"the key is accepted", "the key has the scope for each request of `spec.requests`", "each path of `spec.requests` answers"},
		CannotProve: []string{"whether a key that is refused was mistyped or revoked, unless it worked before", "that the key may write"},
		Requests:    "1 for each of `spec.requests`",
		Source:      "troubleshooting guide", Verified: "2026-11",
	},
}
