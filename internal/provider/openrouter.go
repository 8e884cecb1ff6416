// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"mainstay.dev/mainstay/internal/probe"
)

// openRouter is the OpenRouter API. Its listing of models is public and proves nothing of a key, so the
// key is asked about itself first.
var openRouter = Provider{
	Kind: "AIProvider", Name: "OpenRouter",
	BaseURL: "https://openrouter.ai/api/v1",
	Auth:    probe.Bearer,
	// Today's keys go on with "v1-". The shorter prefix keeps later ones from being taken for OpenAI's.
	KeyPrefix: "sk-or-",
	Steps: []Step{
		{Path: "/key", Read: readOpenRouterKey},
		{Path: "/models", When: func(w probe.Wants) bool { return !w.Empty() }, Read: readOpenRouterModels},
		chat(maxTokens).step(),
	},
	Rules: []probe.Rule{
		{
			// Requests that are under way hold the rest of the credit for a while.
			Code: "402", Waits: true, Means: probe.RateLimited,
			Source: "page on limits, as quoted by others", Verified: "2026-11",
		},
		{
			// The code is the HTTP status as a number. Errors of a generation come with it inside a 200.
			Code: "402", Means: probe.QuotaExhausted,
			Source: "error page; seen inside a 200 for generations only", Verified: "2026-11",
		},
		{
			Code: "429", Means: probe.RateLimited,
			Source: "error page; seen inside a 200 for generations only", Verified: "2026-11",
		},
		{
			Code: "403", Message: "moderation", Means: probe.OutputBlocked,
			Source: "error page", Verified: "2026-11",
		},
		{
			// Who would serve the model keeps or trains on what is sent, and the settings of the account bar that.
			Code: "404", Message: "data policy", Means: probe.ModelBarredByPrivacy,
			Source: "live bodies", Verified: "2026-11",
		},
		{
			// It is listed, and nobody serves it.
			Code: "404", Message: "no endpoints found", Means: probe.ModelNotAvailable,
			Source: "live bodies", Verified: "2026-11",
		},
	},
	Facts: Facts{
		Proves: []string{
			"the key is accepted, so it is neither disabled nor expired",
			"the key's own limit, where it has one, is not used up",
			"each model of `spec.models`, without what chooses a route such as `:nitro`, is in the public list",
		},
		CannotProve: []string{
			"that the account has credit: only the limit of the key is shown to the key",
			"that a model is open to this key, since the list is the same for everyone",
			"that the key may run a model: a key for management is accepted too",
			"that a provider meets the routing",
		},
		OptIn:      []string{"with `spec.completion`, billed unless the model is free: a provider serves the model, it answers, and credit is left"},
		Requests:   "1, or 2 where `spec.models` names models, and 1 to 9 for a completion",
		KeysPage:   "https://openrouter.ai/settings/keys",
		StatusPage: "https://status.openrouter.ai",
		Source:     "API reference, pages on errors, limits and model variants; the links are not confirmed", Verified: "2026-11",
	},
}

// readOpenRouterKey looks whether the key's own limit is used up. Nothing else of the answer is decoded:
// it has a label that repeats a part of the key, and says who made it.
func readOpenRouterKey(page *Page) error {
	var key struct {
		Data *struct {
			Limit     json.RawMessage `json:"limit"`
			Remaining json.RawMessage `json:"limit_remaining"`
		} `json:"data"`
	}
	if err := json.Unmarshal(page.Body, &key); err != nil {
		return fmt.Errorf("key: %w", err)
	}
	// Both are always there; null stands for a key without a limit.
	if key.Data == nil || key.Data.Limit == nil || key.Data.Remaining == nil {
		return errors.New("expected the limit of a key, found none")
	}
	var limit, remaining *float64
	if err := errors.Join(json.Unmarshal(key.Data.Limit, &limit), json.Unmarshal(key.Data.Remaining, &remaining)); err != nil {
		return fmt.Errorf("limit of the key: %w", err)
	}
	if limit == nil || remaining == nil {
		return nil
	}
	if *remaining <= 0 {
		page.Outcome.Fail(probe.QuotaExhausted)
	}
	page.Headroom = []probe.Headroom{{Resource: "credits", Limit: max(*limit, 0), Remaining: max(*remaining, 0)}}
	return nil
}

// openRouterRoutes are endings that choose a route to a model. Any model takes them and none is listed
// with them, unlike endings such as ":free".
var openRouterRoutes = []string{":nitro", ":floor", ":exacto", ":online"}

// readOpenRouterModels looks for the wanted models in the public listing.
func readOpenRouterModels(page *Page) error {
	list, err := openAIList(page.Body)
	if err != nil {
		return err
	}
	return openRouterListing.find(page, list, "")
}

var openRouterListing = listing[modelID]{names: modelID.names, spellings: func(wanted string) []string {
	i := strings.LastIndex(wanted, ":")
	if i > 0 && slices.Contains(openRouterRoutes, wanted[i:]) {
		return []string{wanted, wanted[:i]}
	}
	return []string{wanted}
}}
