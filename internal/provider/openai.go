// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"

	"mainstay.dev/mainstay/internal/probe"
)

// openAI is the OpenAI API. One listing of the models proves the key, its permission to list, and every
// model that the spec names.
var openAI = Provider{
	Kind: "AIProvider", Name: "OpenAI",
	BaseURL:    "https://api.openai.com/v1",
	Auth:       probe.Bearer,
	KeyPrefix:  "sk-",
	NotKeys:    map[string]string{"sk-admin-": "it is an admin key, which calls no models"},
	StatusFeed: probe.StatusPage{URL: "https://status.openai.com/api/v2/summary.json"},
	Limits: []LimitHeaders{
		{"requests", "X-Ratelimit-Limit-Requests", "X-Ratelimit-Remaining-Requests"},
		{"tokens", "X-Ratelimit-Limit-Tokens", "X-Ratelimit-Remaining-Tokens"},
	},
	Steps: []Step{{Path: "/models", Read: readModels}, openAIResponse.step()},
	// The first rule that matches in all its fields decides; probe.Classify says what comes before and after.
	Rules: []probe.Rule{
		{
			Code: "invalid_api_key", Means: probe.KeyRejected,
			Source: "error guide; live bodies", Verified: "2026-11",
		},
		{
			Code: "account_deactivated", Means: probe.KeySuspended,
			Source: "live bodies", Verified: "2026-11",
		},
		{
			// A project with data residency, at the host for everyone or at that of another region.
			Code: "incorrect_hostname", Means: probe.KeyOfOtherRegion, Args: regionalHost,
			Source: "live bodies", Verified: "2026-11",
		},
		{
			// 401 and 403 are both reported, and both mean that the key itself is valid. It fails only where the spec names a
			// model; else nothing needs the scope.
			Code: "missing_scope", Means: probe.ScopeMissing, Args: scopeNames,
			Source: "body in the developer forum", Verified: "2026-11",
		},
		{
			Message: "missing scopes", Means: probe.ScopeMissing, Args: scopeNames,
			Source: "body in the developer forum", Verified: "2026-11",
		},
		{
			Status: 401, Message: "ip not authorized", Means: probe.IPNotAllowed,
			Source: "error guide (text); the code is not documented", Verified: "2026-11",
		},
		{
			Status: 401, Message: "must be a member of an organization", Means: probe.Forbidden,
			Source: "error guide (text)", Verified: "2026-11",
		},
		{
			Code: "unsupported_country_region_territory", Means: probe.RegionNotSupported,
			Source: "error guide (text); live bodies", Verified: "2026-11",
		},
		{
			// It does not exist, or is not open to the key: the code is the same.
			Code: "model_not_found", Means: probe.ModelNotAvailable,
			Source: "live bodies", Verified: "2026-11",
		},
		{
			// credit_balance_exhausted, *_spend_limit_exceeded and *_usage_limit_exceeded come with this type.
			Code: "insufficient_quota", Means: probe.QuotaExhausted,
			Source: "help article 6614457", Verified: "2026-11",
		},
		{
			// Comes as 429. No waiting helps.
			Code: "billing_not_active", Means: probe.QuotaExhausted,
			Source: "live bodies", Verified: "2026-11",
		},
	},
	Facts: Facts{
		Proves:      []string{"the key is accepted", "the key may list models", "each model of `spec.models` is open to the key"},
		CannotProve: []string{"that credit is left: a listing succeeds without", "that the key may run a model, which is another permission than listing"},
		OptIn:       []string{"with `spec.completion`, billed: the model answers, the key may run it, and credit is left"},
		Requests:    "1, and 1 to 9 for a completion",
		KeysPage:    "https://platform.openai.com/api-keys",
		StatusPage:  "https://status.openai.com",
		Source:      "OpenAPI document of 2026-08-21, error guide, help articles", Verified: "2026-11",
	},
}

// openAIResponse asks through the Responses API. What the model thinks counts as output too, and a budget
// that is used up by it makes an answer without text (OpenAPI document, verified 2026-11).
var openAIResponse = completion{
	path: "/responses",
	body: func(model string, tokens int) any {
		return map[string]any{"model": model, "input": prompt, "max_output_tokens": tokens, "store": false}
	},
	read: readOpenAIResponse,
}

func readOpenAIResponse(body []byte) (s said, err error) {
	var answer struct {
		Status     string          `json:"status"`
		Output     json.RawMessage `json:"output"`
		Incomplete struct {
			Reason string `json:"reason"`
		} `json:"incomplete_details"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return said{}, fmt.Errorf("response: %w", err)
	}
	if answer.Status == "" {
		return said{}, errors.New("expected a response with a status, found none")
	}
	err = each(answer.Output, func(item openAIOutput) {
		for _, part := range item.Content {
			switch part.Type {
			case "output_text":
				s.say(part.Text)
			case "refusal":
				s.blocked = true
			}
		}
	})
	s.cut = answer.Incomplete.Reason == "max_output_tokens"
	s.blocked = s.blocked || answer.Incomplete.Reason == "content_filter"
	return s, err
}

// openAIOutput is what is decoded of an item of a response's output.
type openAIOutput struct {
	Content []textPart `json:"content"`
}

// scopeNames finds the names in "Missing scopes: api.model.read, model.request".
var scopeNames = regexp.MustCompile(`[Mm]issing scopes?: *([\w.:-]*\w(?:, *[\w.:-]*\w)*)`)

// regionalHost finds the host in "Please make your request to us.api.openai.com".
var regionalHost = regexp.MustCompile(`request to ((?:[a-z]+\.)?api\.openai\.com)`)

// readModels looks for the models that the spec names in a listing of the OpenAI shape, for OpenAI and for
// the vendors and servers that are compatible with it.
func readModels(page *Page) error {
	list, err := openAIList(page.Body)
	if err != nil {
		return err
	}
	return openAIModels.find(page, list, "")
}

// openAIModels reads listings of the OpenAI shape. Ollama lists "name:latest" for what is called as "name"
// (v0.6.5, 2026-11).
var openAIModels = listing[modelID]{names: modelID.names, spellings: func(wanted string) []string {
	return []string{wanted, wanted + ":latest"}
}}

// modelID is what is decoded of a model.
type modelID struct {
	ID string `json:"id"`
}

func (m modelID) names() []string { return []string{m.ID} }

// openAIList returns the list in an answer of the OpenAI shape. A server without any model sends null for it.
func openAIList(body []byte) (json.RawMessage, error) {
	var list struct {
		Data   json.RawMessage `json:"data"`
		Object string          `json:"object"`
	}
	if err := json.Unmarshal(body, &list); err != nil {
		return nil, fmt.Errorf("list of models: %w", err)
	}
	if absent(list.Data) && list.Object == "list" {
		return json.RawMessage("[]"), nil
	}
	return list.Data, nil
}
