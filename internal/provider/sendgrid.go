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

// sendGrid is the SendGrid API. Its errors have no codes, but a key can list its own scopes: that proves
// the key, shows whether it may send, and tells which of the other requests it may make.
var sendGrid = Provider{
	Kind: "EmailProvider", Name: "SendGrid",
	BaseURL:    "https://api.sendgrid.com/v3",
	Auth:       probe.Bearer,
	KeyPrefix:  "SG.",
	StatusFeed: probe.StatusPage{URL: "https://status.sendgrid.com/api/v2/summary.json"},
	Limits:     []LimitHeaders{{"requests", "X-Ratelimit-Limit", "X-Ratelimit-Remaining"}},
	Records: Records{
		Selectors: []string{"s1"}, Usual: true,
		Source: "documentation of domain authentication; a custom selector may be chosen", Verified: "2026-11",
	},
	Steps: []Step{
		{Path: "/scopes", Read: readSendGridScopes},
		{
			Path: "/whitelabel/domains?domain={name}&exclude_subusers=true&limit=50", Each: probe.Wants.Names,
			Scope: "whitelabel.read", Read: readSendGridDomains, Without: noSendGridDomains,
		},
		{Path: "/user/credits", Scope: "user.credits.read", Read: readSendGridCredits},
		sendGridTest.step(),
	},
	Rules: []probe.Rule{
		{
			// Comes as 401, although the key is accepted.
			Message: "maximum credits exceeded", Means: probe.QuotaExhausted,
			Source: "public reports, all of sending; not confirmed for reading", Verified: "2026-11",
		},
		{
			// Comes as 401 and as 403.
			Message: "ip address is not whitelisted", Means: probe.IPNotAllowed,
			Source: "public reports", Verified: "2026-11",
		},
		{
			Status: 403, Message: "does not match a verified sender identity", Means: probe.DomainNotVerified,
			Source: "error 60222 of Twilio; not confirmed for the sandbox mode", Verified: "2026-11",
		},
	},
	Facts: Facts{
		Proves: []string{
			"the key is accepted", "the key may send (`mail.send`)",
			"the domain of `spec.domain` is authenticated (with the scope `whitelabel.read`)",
			"that credit is left (with the scope `user.credits.read`)",
		},
		CannotProve: []string{
			"the state of the domain, with a key that may not read it",
			"the state of a domain that a parent account lends to a subuser: it is not among the subuser's own",
			"that the plan pays for more once no credit is left: until the first email over the plan it looks used up",
			"that an email arrives",
		},
		OptIn: []string{
			"with `spec.testEmail`, which sends nothing and takes no credit: an email in sandbox mode is accepted; that looks at its form alone, so it proves no domain",
		},
		Requests:   "1, and 1 more each for the domain and for the credit, as far as the key's scopes allow it; 1 for a test email",
		KeysPage:   "https://app.sendgrid.com/settings/api_keys",
		StatusPage: "https://status.sendgrid.com",
		Source:     "OpenAPI documents of 2026-01-22, list of API key permissions", Verified: "2026-11",
	},
}

// sendGridTest asks in sandbox mode, which validates the form of an email and sends none. No credit is taken.
// What accepts it is 200 instead of 202, and nothing said (documentation, verified 2026-11).
var sendGridTest = testEmail{
	path: "/mail/send", silent: true, anySender: true,
	body: func(from string) string {
		type address map[string]string
		return asJSON(map[string]any{
			"personalizations": []any{map[string]any{"to": []address{{"email": from}}}},
			"from":             address{"email": from},
			"subject":          testSubject,
			"content":          []any{map[string]string{"type": "text/plain", "value": testText}},
			"mail_settings":    map[string]any{"sandbox_mode": map[string]bool{"enable": true}},
		})
	},
}

// mailSend is the scope that sending needs.
const mailSend = "mail.send"

// readSendGridScopes takes up the scopes of the key.
func readSendGridScopes(page *Page) error {
	var answer struct {
		Scopes *[]string `json:"scopes"`
	}
	if err := json.Unmarshal(page.Body, &answer); err != nil {
		return fmt.Errorf("list of scopes: %w", err)
	}
	if answer.Scopes == nil {
		return errors.New("expected a list of scopes, found none")
	}
	page.Scopes = *answer.Scopes
	if !slices.Contains(page.Scopes, mailSend) {
		page.Outcome.Fail(probe.ScopeMissing, mailSend)
	}
	return nil
}

// sendGridDomains is how many domains are asked for. They are searched by name, so more than one is rare:
// a domain may be there several times, with different subdomains for bounces.
const sendGridDomains = 50

// readSendGridDomains looks for the wanted domain among those that the search found. What the search
// matches besides the very name is not documented.
func readSendGridDomains(page *Page) error {
	var domains *[]struct {
		Domain string `json:"domain"`
		Valid  bool   `json:"valid"`
	}
	if err := json.Unmarshal(page.Body, &domains); err != nil {
		return fmt.Errorf("list of domains: %w", err)
	}
	if domains == nil {
		return errors.New("expected a list of domains, found none")
	}
	wanted, found := page.Wants.Names()[0], false
	for _, d := range *domains {
		if !strings.EqualFold(d.Domain, wanted) {
			continue
		}
		if d.Valid {
			page.Outcome.Set(probe.Provisioned, probe.Pass())
			return nil
		}
		found = true
	}
	switch {
	case len(*domains) >= sendGridDomains: // What comes after them stays open.
		page.Outcome.Set(probe.Provisioned, probe.Finding{
			Result: probe.Undecided, Symptom: probe.ListTooLong, Args: []string{wanted},
		})
	case found:
		page.Outcome.Fail(probe.DomainNotVerified, wanted)
	default:
		page.Outcome.Fail(probe.DomainNotFound, wanted)
	}
	return nil
}

// noSendGridDomains is for a key that may send and may not read domains. Every key has scopes without a
// dot in them, such as 2fa_required: they allow nothing.
func noSendGridDomains(page *Page) {
	if page.Wants.Empty() || !slices.Contains(page.Scopes, mailSend) {
		return
	}
	open := probe.Finding{Result: probe.Unprovable, Symptom: probe.SendOnlyKey, Args: page.Wants.Names()}
	if slices.ContainsFunc(page.Scopes, func(s string) bool { return strings.Contains(s, ".") && !strings.HasPrefix(s, "mail.") }) {
		open.Symptom = probe.DomainNotVisible
	}
	page.Outcome.Set(probe.Provisioned, open)
}

// readSendGridCredits finds out whether the plan's emails are used up. An account with overage is one that
// may send more than its plan has, for money; a total of 0 is no limit that could be used up. An answer
// without the number says nothing: the key was judged before, and this is beside it.
func readSendGridCredits(page *Page) error {
	var credits struct {
		Remain  *float64 `json:"remain"`
		Total   float64  `json:"total"`
		Overage float64  `json:"overage"`
	}
	if err := json.Unmarshal(page.Body, &credits); err != nil {
		return fmt.Errorf("credits: %w", err)
	}
	if credits.Remain == nil || credits.Total <= 0 {
		return nil
	}
	page.Headroom = append(page.Headroom, probe.Headroom{
		Resource: "credits", Limit: credits.Total, Remaining: max(*credits.Remain, 0),
	})
	if *credits.Remain <= 0 && credits.Overage <= 0 {
		page.Outcome.Fail(probe.QuotaExhausted)
	}
	return nil
}
