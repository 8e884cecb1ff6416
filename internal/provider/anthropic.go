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
	NotKeys:   map[string]string{"sk-ant-admin": "it is an admin key, which calls no models"},
	Header:    map[string]string{"Anthropic-Version": "2023-06-01"},
	StatusPage: probe.StatusPage{
		URL: "https://status.claude.com/api/v2/summary.json", Component: "Claude API (api.anthropic.com)",
	},
	Steps: []Step{
		{Path: "/models?limit=1", When: probe.Wants.Empty, Read: readAnthropicList},
		{Path: "/models/{name}", Each: probe.Wants.Names, Read: readAnthropicModel},
	},
	Rules: []probe.Rule{
		{
			Code: "authentication_error", Means: probe.KeyRejected,
			Source: "error reference", Verified: "2026-11",
		},
		{
			Code: "permission_error", Message: "region", Means: probe.RegionNotSupported,
			Source: "not confirmed: the text is a guess", Verified: "2026-11",
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
		Requests:    "1, or 1 for each model",
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
