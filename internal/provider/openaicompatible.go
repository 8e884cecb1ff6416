// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import "mainstay.dev/mainstay/internal/probe"

// openAICompatible is any server that speaks the OpenAI API at a host of the user's own: vLLM, Ollama, a
// gateway. A key is optional, and whatever the server accepts is one.
var openAICompatible = Provider{
	Kind: "AIProvider", Name: "OpenAICompatible",
	Auth:  probe.Bearer,
	Steps: []Step{{Path: "/models", Read: readModels}, chat(maxTokens).step()},
	Rules: []probe.Rule{
		{
			Code: "invalid_api_key", Means: probe.KeyRejected,
			Source: "as OpenAI; gateways repeat it", Verified: "2026-11",
		},
		{
			Code: "insufficient_quota", Means: probe.QuotaExhausted,
			Source: "as OpenAI; gateways repeat it", Verified: "2026-11",
		},
		{
			// The budget that LiteLLM keeps of a key, a team or a user: 400 of old, and 429 since.
			Code: "budget_exceeded", Means: probe.QuotaExhausted,
			Source: "LiteLLM documentation, page on budgets", Verified: "2026-11",
		},
		{
			// The same where the type is another: 400 with auth_error in 2024.
			Message: "budget has been exceeded", Means: probe.QuotaExhausted,
			Source: "LiteLLM issues 4208 and 14144", Verified: "2026-11",
		},
		{
			Status: 404, Message: "try pulling it first", Means: probe.ModelNotAvailable,
			Source: "Ollama v0.6.5, run by hand", Verified: "2026-11",
		},
		{
			Status: 404, Message: "` does not exist", Means: probe.ModelNotAvailable,
			Source: "vLLM source", Verified: "2026-11",
		},
	},
	Facts: Facts{
		Proves:      []string{"the server answers", "the key is accepted, where the server asks for one", "each model of `spec.models` is listed"},
		CannotProve: []string{"that a model answers: vLLM lists its models while its engine is dead"},
		OptIn:       []string{"with `spec.completion`: the model answers, so that the engine behind the listing lives"},
		Requests:    "1, and 1 to 9 for a completion",
		Source:      "vLLM and Ollama sources; Ollama v0.6.5 run by hand", Verified: "2026-11",
	},
}
