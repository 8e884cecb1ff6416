// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"mainstay.dev/mainstay/internal/probe"
)

// mistral is the Mistral API. Its errors follow the common reading of HTTP.
var mistral = Provider{
	Kind: "AIProvider", Name: "Mistral",
	BaseURL: "https://api.mistral.ai/v1",
	Auth:    probe.Bearer,
	Steps:   []Step{{Path: "/models", Read: readMistralModels}},
	Facts: Facts{
		Proves: []string{"the key is accepted", "each model of `spec.models`, aliases included, is listed for the key"},
		CannotProve: []string{
			"that the account can pay: a listing does not ask",
			"that the key may run a model",
		},
		Requests:   "1",
		KeysPage:   "https://console.mistral.ai/api-keys",
		StatusPage: "https://status.mistral.ai",
		Source:     "public client code; 403 and the links are not confirmed", Verified: "2026-11",
	},
}

// readMistralModels looks for the wanted models in the listing. An alias such as mistral-large-latest may
// stand there as an entry, or only with the model that it means.
func readMistralModels(page *Page) error {
	var list struct {
		Data *[]struct {
			ID      string   `json:"id"`
			Aliases []string `json:"aliases"`
		} `json:"data"`
	}
	if err := json.Unmarshal(page.Body, &list); err != nil {
		return fmt.Errorf("list of models: %w", err)
	}
	if list.Data == nil {
		return errors.New("expected a list of models, found none")
	}
	var names []string
	for _, model := range *list.Data {
		names = append(append(names, model.ID), model.Aliases...)
	}
	lookFor(page, func(wanted string) bool { return slices.Contains(names, wanted) }, "")
	return nil
}
