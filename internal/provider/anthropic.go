// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"encoding/json"
	"errors"
	"fmt"

	"mainstay.dev/mainstay/internal/probe"
)

// anthropic is the Anthropic API. It resolves aliases of models only when asked for one by name, so there
// is one request for each model that the spec names, or one short listing where it names none.
var anthropic = Provider{
	Kind: "AIProvider", Name: "Anthropic",
	BaseURL:   "https://api.anthropic.com/v1",
	Auth:      probe.Auth{Header: "X-Api-Key"},
	KeyPrefix: "sk-ant-",
	NotKeys: map[string]string{
		"sk-ant-admin": "it is an admin key, which calls no models",
		"sk-ant-oat":   "it is an OAuth token of Claude Code, which the API takes from no app",
	},
	Header: map[string]string{"Anthropic-Version": "2023-06-01"},
	StatusFeed: probe.StatusPage{
		URL: "https://status.claude.com/api/v2/summary.json", Component: "Claude API (api.anthropic.com)",
	},
	Limits: []LimitHeaders{
		{"requests", "Anthropic-Ratelimit-Requests-Limit", "Anthropic-Ratelimit-Requests-Remaining"},
		{"tokens", "Anthropic-Ratelimit-Tokens-Limit", "Anthropic-Ratelimit-Tokens-Remaining"},
		{"input tokens", "Anthropic-Ratelimit-Input-Tokens-Limit", "Anthropic-Ratelimit-Input-Tokens-Remaining"},
		{"output tokens", "Anthropic-Ratelimit-Output-Tokens-Limit", "Anthropic-Ratelimit-Output-Tokens-Remaining"},
	},
	Steps: []Step{
		{Path: "/models?limit=1", When: probe.Wants.Empty, Read: readAnthropicList},
		{Path: "/models/{name}", Each: probe.Wants.Names, Read: readAnthropicModel},
		anthropicMessage.step(),
	},
	Rules: []probe.Rule{
		{
			Code: "authentication_error", Means: probe.KeyRejected,
			Source: "error reference", Verified: "2026-11",
		},
		{
			// Said by the edge to where a request comes from: without a request id, and whatever the key is.
			Status: 403, Code: "forbidden", Message: "request not allowed", Means: probe.RegionNotSupported, Edge: true,
			Source: "live bodies; anthropic-sdk-typescript issue 457", Verified: "2026-11",
		},
		{
			Code: "permission_error", Means: probe.Forbidden,
			Source: "error reference", Verified: "2026-11",
		},
		{
			Code: "billing_error", Means: probe.QuotaExhausted,
			Source: "error reference", Verified: "2026-11",
		},
		{
			Status: 400, Message: "organization has been disabled", Means: probe.KeySuspended,
			Source: "live bodies; whether a reading of models says it is not confirmed", Verified: "2026-11",
		},
		{
			Status: 400, Message: "credit balance is too low", Means: probe.QuotaExhausted,
			Source: "live bodies", Verified: "2026-11",
		},
		{
			Status: 400, Message: "usage limits", Means: probe.QuotaExhausted,
			Source: "error reference, through other documentation", Verified: "2026-11",
		},
		{
			// error.details.error_code; this 429 has no Retry-After.
			Code: "enforced_spend_limit_reached", Means: probe.QuotaExhausted,
			Source: "error reference", Verified: "2026-11",
		},
		{
			Status: 404, Code: "not_found_error", Means: probe.ModelNotAvailable,
			Source: "error reference", Verified: "2026-11",
		},
	},
	Facts: Facts{
		Proves:      []string{"the key is accepted", "each model of `spec.models`, aliases included, is open to the key"},
		CannotProve: []string{"that credit is left: reading models succeeds without"},
		OptIn:       []string{"with `spec.completion`, billed: the model answers, and credit is left"},
		Requests:    "1, or 1 for each model, and 1 to 9 for a completion",
		KeysPage:    "https://console.anthropic.com/settings/keys",
		StatusPage:  "https://status.claude.com",
		Source:      "anthropic-sdk-go v1.60.0, error reference", Verified: "2026-11",
	},
}

func readAnthropicList(page *Page) error {
	var list struct {
		Data json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(page.Body, &list); err != nil {
		return fmt.Errorf("list of models: %w", err)
	}
	if absent(list.Data) {
		return errors.New("expected a list of models, found none")
	}
	if err := each(list.Data, func(struct{}) {}); err != nil {
		return fmt.Errorf("list of models: %w", err)
	}
	return nil
}

// readAnthropicModel asks for no certain id, since an alias is answered by the model that it stands for.
func readAnthropicModel(page *Page) error {
	var model struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(page.Body, &model); err != nil {
		return fmt.Errorf("model: %w", err)
	}
	if model.ID == "" {
		return errors.New("expected a model, found none")
	}
	return nil
}

// anthropicMessage asks through the Messages API. What a model thinks counts as output too (API reference,
// verified 2026-11).
var anthropicMessage = completion{
	path: "/messages",
	body: func(model string, tokens int) any {
		return map[string]any{"model": model, "messages": []chatMessage{{"user", prompt}}, maxTokens: tokens}
	},
	read: readAnthropicMessage,
}

func readAnthropicMessage(body []byte) (s said, err error) {
	var message struct {
		Type    string          `json:"type"`
		Content json.RawMessage `json:"content"`
		Stop    string          `json:"stop_reason"`
	}
	if err := json.Unmarshal(body, &message); err != nil {
		return said{}, fmt.Errorf("message: %w", err)
	}
	if message.Type != "message" {
		return said{}, errors.New("expected a message, found something else")
	}
	s.cut, s.blocked = message.Stop == "max_tokens", message.Stop == "refusal"
	return s, s.sayParts(message.Content)
}
