// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"encoding/json"
	"fmt"
	"net/url"

	"mainstay.dev/mainstay/internal/probe"
)

// cohere is the Cohere API. Its own check of a key is a POST; the listing of the models needs the key just
// as well, and proves the models besides. Its errors follow the common reading of HTTP.
var cohere = Provider{
	Kind: "AIProvider", Name: "Cohere",
	BaseURL: "https://api.cohere.com/v1",
	Auth:    probe.Bearer,
	Steps:   []Step{{Path: cohereModels, Read: readCohereModels}},
	Facts: Facts{
		Proves: []string{"the key is accepted", "each model of `spec.models` is listed for the key"},
		CannotProve: []string{
			"that the account can pay, or that calls of a trial key are left",
			"that the key may run a model",
		},
		Requests:   "1, and 1 more for each further page where a model is missing, at most 10",
		KeysPage:   "https://dashboard.cohere.com/api-keys",
		StatusPage: "https://status.cohere.com",
		Source:     "public client code; paging, 403 and the links are not confirmed", Verified: "2026-11",
	},
}

const cohereModels = "/models?page_size=1000"

// readCohereModels looks for the wanted models on one page of the listing.
func readCohereModels(page *Page) error {
	var list struct {
		Models json.RawMessage `json:"models"`
		Next   string          `json:"next_page_token"`
	}
	if err := json.Unmarshal(page.Body, &list); err != nil {
		return fmt.Errorf("list of models: %w", err)
	}
	var next string
	if list.Next != "" {
		next = cohereModels + "&page_token=" + url.QueryEscape(list.Next)
	}
	return listing[modelName]{names: modelName.names}.find(page, list.Models, next)
}
