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

// clientStep asks for a token as the app does, by the client-credentials grant of RFC 6749, section 4.4. Issuers
// count such tokens, and some bill them.
var clientStep = Step{
	OptIn: true, Refused: probe.TokenRefused,
	When: func(w probe.Wants) bool { return ofAuth(w).Client.Asked },
	URL: func(page *Page) string {
		if issuerOf(page).client == "" {
			return ""
		}
		return issuerOf(page).token
	},
	Auth: func(page *Page) probe.Auth { return probe.Auth{Client: issuerOf(page).client} },
	Header: func(*Page) map[string]string {
		return map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
	},
	Body: tokenRequest,
	Read: readToken,
}

func tokenRequest(page *Page) string {
	client := ofAuth(page.Wants).Client
	form := url.Values{"grant_type": {"client_credentials"}}
	if len(client.Scopes) > 0 {
		form.Set("scope", strings.Join(client.Scopes, " "))
	}
	if client.Audience != "" {
		form.Set("audience", client.Audience)
	}
	return form.Encode()
}

// readToken looks at whether there is a token, and at what it is good for. Where an issuer says nothing of its
// scopes they are those that were asked for (RFC 6749, section 5.1).
func readToken(page *Page) error {
	var token struct {
		Value  string  `json:"access_token"`
		Type   string  `json:"token_type"`
		Scopes *string `json:"scope"`
	}
	if err := json.Unmarshal(page.Body, &token); err != nil {
		return fmt.Errorf("token: %w", err)
	}
	if token.Value == "" || token.Type == "" {
		return errors.New("expected a token and its type, found none")
	}
	for _, stage := range []probe.Stage{probe.Authenticated, probe.Authorized, probe.Working} {
		page.Outcome.Set(stage, probe.Pass())
	}
	if token.Scopes == nil {
		return nil
	}
	granted := strings.Fields(*token.Scopes)
	for _, scope := range ofAuth(page.Wants).Client.Scopes {
		if !slices.Contains(granted, scope) {
			page.Outcome.Fail(probe.ScopeMissing, scope)
		}
	}
	return nil
}
