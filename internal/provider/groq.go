// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import "mainstay.dev/mainstay/internal/probe"

// groq is the Groq API, which has the shapes of OpenAI's below a path of its own.
var groq = Provider{
	Kind: "AIProvider", Name: "Groq",
	BaseURL:    "https://api.groq.com/openai/v1",
	Auth:       probe.Bearer,
	KeyPrefix:  "gsk_",
	StatusFeed: probe.StatusPage{URL: "https://groqstatus.com/api/v2/status.json"},
	// Requests are counted by the day, tokens by the minute.
	Limits: []LimitHeaders{
		{"requests", "X-Ratelimit-Limit-Requests", "X-Ratelimit-Remaining-Requests"},
		{"tokens", "X-Ratelimit-Limit-Tokens", "X-Ratelimit-Remaining-Tokens"},
	},
	Steps: []Step{{Path: "/models", Read: readModels}, chat(maxCompletionTokens).step()},
	Rules: []probe.Rule{
		{
			Code: "invalid_api_key", Means: probe.KeyRejected,
			Source: "live bodies", Verified: "2026-11",
		},
		{
			// Comes as 400 and as 403. The key is a good one; the organization behind it is locked.
			Code: "organization_restricted", Means: probe.Forbidden,
			Source: "live bodies", Verified: "2026-11",
		},
		{
			// Status 498: the flex tier has no room. That is no limit of the key, which RateLimited would
			// blame on the app, but a shortage at Groq that passes, as with their 503.
			Code: "capacity_exceeded", Means: probe.ServerError,
			Source: "error page (status); public code (code)", Verified: "2026-11",
		},
		{
			// A model that was shut down. Its name may be known for long after.
			Code: "model_decommissioned", Means: probe.ModelNotAvailable,
			Source: "live bodies", Verified: "2026-11",
		},
	},
	Facts: Facts{
		Proves: []string{"the key is accepted", "each model of `spec.models` is listed for the key"},
		CannotProve: []string{
			"that the plan has requests or tokens of the day left",
			"that the key may run a model",
		},
		OptIn:      []string{"with `spec.completion`, billed: the model answers, the key may run it, and the plan has requests and tokens left"},
		Requests:   "1, and 1 to 9 for a completion",
		KeysPage:   "https://console.groq.com/keys",
		StatusPage: "https://groqstatus.com",
		Source:     "error page, public client code; the answer to a used-up plan and the link for keys are not confirmed", Verified: "2026-11",
	},
}
