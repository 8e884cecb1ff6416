// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"

	"mainstay.dev/mainstay/internal/probe"
)

// cohere is the Cohere API. Its own check of a key is a POST; the listing of the models needs the key just
// as well, and proves the models besides. Its errors follow the common reading of HTTP, but for the calls of a month.
// The version is no part of the base URL, since models are listed in one and asked in another.
var cohere = Provider{
	Kind: "AIProvider", Name: "Cohere",
	BaseURL: "https://api.cohere.com",
	Auth:    probe.Bearer,
	Steps:   []Step{{Path: cohereModels, Read: readCohereModels}, cohereChat.step()},
	Rules: []probe.Rule{
		{
			// What a trial key has for a minute comes in the same words, and passes.
			Status: 429, Message: "api calls / month", Means: probe.QuotaExhausted,
			Source: "live bodies, as quoted in public code", Verified: "2026-11",
		},
	},
	Facts: Facts{
		Proves: []string{"the key is accepted", "each model of `spec.models` is listed for the key"},
		CannotProve: []string{
			"that the account can pay, or that calls of a trial key are left",
			"that the key may run a model",
		},
		OptIn:      []string{"with `spec.completion`, billed: the model answers, the key may run it, and the account can pay"},
		Requests:   "1, and 1 more for each further page where a model is missing, at most 10, and 1 to 9 for a completion",
		KeysPage:   "https://dashboard.cohere.com/api-keys",
		StatusPage: "https://status.cohere.com",
		Source:     "public client code; paging, 403 and the links are not confirmed", Verified: "2026-11",
	},
}

const cohereModels = "/v1/models?page_size=1000"

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

// cohereChat asks through version 2 of the Chat API. What a model thinks counts as output too (API reference,
// verified 2026-11).
var cohereChat = completion{
	path: "/v2/chat",
	body: func(model string, tokens int) any {
		return map[string]any{"model": model, "messages": []chatMessage{{"user", prompt}}, maxTokens: tokens}
	},
	read: readCohereChat,
}

func readCohereChat(body []byte) (s said, err error) {
	var answer struct {
		Finish  string `json:"finish_reason"`
		Message struct {
			Content json.RawMessage `json:"content"`
		} `json:"message"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return said{}, fmt.Errorf("chat: %w", err)
	}
	switch answer.Finish {
	case "COMPLETE", "STOP_SEQUENCE", "TOOL_CALL":
	case "MAX_TOKENS":
		s.cut = true
	default: // ERROR and TIMEOUT among them.
		return said{}, errors.New("expected what a model said, found something else")
	}
	return s, s.sayParts(answer.Message.Content)
}
