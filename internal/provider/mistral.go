// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"encoding/json"

	"mainstay.dev/mainstay/internal/probe"
)

// mistral is the Mistral API. Its errors follow the common reading of HTTP, but for a shortage of its own.
var mistral = Provider{
	Kind: "AIProvider", Name: "Mistral",
	BaseURL: "https://api.mistral.ai/v1",
	Auth:    probe.Bearer,
	Steps:   []Step{{Path: "/models", Read: readMistralModels}, chat(maxTokens).step()},
	Rules: []probe.Rule{
		{
			// Code 3505: the model has no room for anybody of the tier, however little the app sends. As with Groq's
			// capacity_exceeded that is a shortage at the vendor, which RateLimited would blame on the app.
			Status: 429, Message: "service tier capacity exceeded", Means: probe.ServerError,
			Source: "live bodies", Verified: "2026-11",
		},
	},
	Facts: Facts{
		Proves: []string{"the key is accepted", "each model of `spec.models`, aliases included, is listed for the key"},
		CannotProve: []string{
			"that the account can pay: a listing does not ask",
			"that the key may run a model",
		},
		OptIn:      []string{"with `spec.completion`, billed: the model answers, the key may run it, and the account can pay"},
		Requests:   "1, and 1 to 9 for a completion",
		KeysPage:   "https://console.mistral.ai/api-keys",
		StatusPage: "https://status.mistral.ai",
		Source:     "public client code; 403 and the links are not confirmed", Verified: "2026-11",
	},
}

// readMistralModels looks for the wanted models in the listing.
func readMistralModels(page *Page) error {
	list, err := openAIList(page.Body)
	if err != nil {
		return err
	}
	return listing[mistralModel]{names: mistralModel.names}.find(page, list, "")
}

// mistralModel is what is decoded of a model. An alias such as mistral-large-latest may stand in the listing
// as an entry, or only with the model that it means.
type mistralModel struct {
	ID      string          `json:"id"`
	Aliases json.RawMessage `json:"aliases"`
}

func (m mistralModel) names() []string {
	names := []string{m.ID}
	if each(m.Aliases, func(alias string) { names = append(names, alias) }) != nil {
		return names[:1]
	}
	return names
}
