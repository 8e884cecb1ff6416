// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"mainstay.dev/mainstay/internal/probe"
)

// gemini is the Gemini API for developers, not Vertex AI. One listing, of which a page holds up to 1000
// models, proves the key and every model that the spec names. The API takes the key in the URL as well,
// where logs would keep it; the header is the place for it.
var gemini = Provider{
	Kind: "AIProvider", Name: "Gemini",
	BaseURL: "https://generativelanguage.googleapis.com/v1beta",
	Auth:    probe.Auth{Header: "X-Goog-Api-Key"},
	// Newer keys begin with "AQ.", and not all of those are keys of this API.
	KeyPrefix: "AIza",
	Steps:     []Step{{Path: geminiModels, Read: readGeminiModels}, geminiContent.step()},
	Rules: []probe.Rule{
		{
			// Comes as 400 with the reason API_KEY_INVALID, as a wrong key does.
			Message: "api key expired", Means: probe.KeyExpired,
			Source: "bodies quoted from the troubleshooting page", Verified: "2026-11",
		},
		{
			Code: "API_KEY_INVALID", Means: probe.KeyRejected,
			Source: "bodies quoted from the troubleshooting page", Verified: "2026-11",
		},
		{
			// The same without details.
			Status: 400, Message: "api key not valid", Means: probe.KeyRejected,
			Source: "bodies quoted from the troubleshooting page", Verified: "2026-11",
		},
		{
			Code: "FAILED_PRECONDITION", Message: "location is not supported", Means: probe.RegionNotSupported,
			Source: "error page; whether a listing says it is not confirmed", Verified: "2026-11",
		},
		{
			// The text goes on to say that billing has to be enabled, so it has to come before the next rule.
			Code: "FAILED_PRECONDITION", Message: "not available in your country", Means: probe.RegionNotSupported,
			Source: "error page (text); whether a listing says it is not confirmed", Verified: "2026-11",
		},
		{
			Code: "FAILED_PRECONDITION", Message: "billing", Means: probe.QuotaExhausted,
			Source: "not confirmed: the error page names the cause, the text is a guess", Verified: "2026-11",
		},
		{
			Message: "reported as leaked", Means: probe.KeySuspended,
			Source: "live bodies", Verified: "2026-11",
		},
		{
			Code: "CONSUMER_SUSPENDED", Means: probe.KeySuspended,
			Source: "the reasons of google.api.ErrorReason", Verified: "2026-11",
		},
		{
			Code: "API_KEY_IP_ADDRESS_BLOCKED", Means: probe.IPNotAllowed,
			Source: "the reasons of google.api.ErrorReason", Verified: "2026-11",
		},
		{
			Code: "SERVICE_DISABLED", Means: probe.APINotEnabled,
			Source: "the reasons of google.api.ErrorReason; live bodies", Verified: "2026-11",
		},
		{
			Code: "API_KEY_SERVICE_BLOCKED", Means: probe.KeyRestricted,
			Source: "the reasons of google.api.ErrorReason; live bodies", Verified: "2026-11",
		},
		{
			// A key for browsers, of which a server is none.
			Code: "API_KEY_HTTP_REFERRER_BLOCKED", Means: probe.KeyRestricted,
			Source: "the reasons of google.api.ErrorReason; live bodies", Verified: "2026-11",
		},
		{
			// Comes as 429, and since 2026 as 402 too.
			Message: "prepayment credits are depleted", Means: probe.QuotaExhausted,
			Source: "error page, forum notice 183654", Verified: "2026-11",
		},
		{
			// The name of the quota tells the requests of a day, which waiting does not bring back, from those of
			// a minute. Where both are used up, the day is the longer wait.
			Status: 429, Message: "perday", Means: probe.QuotaExhausted,
			Source: "live bodies (quotaId), error_details.proto", Verified: "2026-11",
		},
	},
	Facts: Facts{
		Proves: []string{
			"the key is accepted, is not expired and is not blocked",
			"the project of the key may call this API",
			"each model of `spec.models`, with or without `models/` before it, is listed for the key",
		},
		CannotProve: []string{
			"that credit is left: a listing succeeds without",
			"that requests or tokens of the day are left: no header says so",
			"that models run from the cluster's region: whether a listing is refused elsewhere is not confirmed",
		},
		OptIn:      []string{"with `spec.completion`, billed: the model answers, and credit and the day's requests are left"},
		Requests:   "1, and 1 more for each further page where a model is missing, at most 10, and 1 to 9 for a completion",
		KeysPage:   "https://aistudio.google.com/apikey",
		StatusPage: "https://aistudio.google.com/status",
		Source:     "go-genai v1.69.0, API reference, error and troubleshooting pages; the links are not confirmed", Verified: "2026-11",
	},
}

const geminiModels = "/models?pageSize=1000"

// readGeminiModels looks for the wanted models on one page of the listing, which calls them "models/…".
func readGeminiModels(page *Page) error {
	var list struct {
		Models json.RawMessage `json:"models"`
		Next   string          `json:"nextPageToken"`
	}
	if err := json.Unmarshal(page.Body, &list); err != nil {
		return fmt.Errorf("list of models: %w", err)
	}
	var next string
	if list.Next != "" {
		next = geminiModels + "&pageToken=" + url.QueryEscape(list.Next)
	}
	return geminiListing.find(page, list.Models, next)
}

// geminiContent asks a model for content. What it thinks counts as output too, and a budget that is used up
// by it makes a candidate without parts (API reference, reports of users; verified 2026-11).
var geminiContent = completion{
	path:    "/models/{name}:generateContent",
	spelled: func(model string) string { return strings.TrimPrefix(model, "models/") },
	body: func(_ string, tokens int) any {
		return map[string]any{
			"contents":         []any{map[string]any{"role": "user", "parts": []any{map[string]any{"text": prompt}}}},
			"generationConfig": map[string]any{"maxOutputTokens": tokens},
		}
	},
	read: readGeminiContent,
}

// geminiBlocked are the ends of an answer that a filter brings about.
var geminiBlocked = []string{"SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII"}

func readGeminiContent(body []byte) (s said, err error) {
	var answer struct {
		Candidates json.RawMessage `json:"candidates"`
		Feedback   struct {
			BlockReason string `json:"blockReason"`
		} `json:"promptFeedback"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return said{}, fmt.Errorf("content: %w", err)
	}
	// A prompt that is blocked has no candidates.
	s.blocked = answer.Feedback.BlockReason != ""
	if absent(answer.Candidates) && !s.blocked {
		return said{}, errors.New("expected candidates, found none")
	}
	var unread bool
	err = each(answer.Candidates, func(c geminiCandidate) {
		unread = unread || each(c.Content.Parts, func(part geminiPart) {
			if !part.Thought {
				s.say(part.Text)
			}
		}) != nil
		s.cut = s.cut || c.Finish == "MAX_TOKENS"
		s.blocked = s.blocked || slices.Contains(geminiBlocked, c.Finish)
	})
	if unread {
		err = errors.New("expected parts of an answer, found something else")
	}
	return s, err
}

// geminiCandidate is what is decoded of one answer of a model.
type geminiCandidate struct {
	Content struct {
		Parts json.RawMessage `json:"parts"`
	} `json:"content"`
	Finish string `json:"finishReason"`
}

// geminiPart is what is decoded of a part of it. A thought is no word of the answer.
type geminiPart struct {
	Text    string `json:"text"`
	Thought bool   `json:"thought"`
}

var geminiListing = listing[modelName]{names: modelName.names, spellings: func(wanted string) []string {
	return []string{"models/" + strings.TrimPrefix(wanted, "models/")}
}}

// modelName is what is decoded of a model.
type modelName struct {
	Name string `json:"name"`
}

func (m modelName) names() []string { return []string{m.Name} }
