// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"mainstay.dev/mainstay/internal/probe"
)

// mailgun is the Mailgun API. The domain that the spec names proves the key; without one, the listing of
// domains does. A sending key may send for one domain and read nothing, and what it is told is what a wrong key is told:
// only sending tells the two apart.
var mailgun = Provider{
	Kind: "EmailProvider", Name: "Mailgun",
	// The version is part of each path, since sending has an older one.
	BaseURL: "https://{place}",
	Places:  map[string]string{"US": "api.mailgun.net", "EU": "api.eu.mailgun.net"},
	Auth:    probe.Auth{User: "api"},
	Limits:  []LimitHeaders{{"requests", "X-Ratelimit-Limit", "X-Ratelimit-Remaining"}},
	Records: Records{
		Selectors: []string{"pdk1", "pdk2", "pic", "mx", "krs"}, Usual: true, MailFrom: "@", Include: "mailgun.org",
		Source: "documentation of DKIM security (pdk1, pdk2) and of verifying a domain (SPF); the others are seen in public zones", Verified: "2026-11",
	},
	Steps: []Step{
		{Path: "/v4/domains/{name}", Each: probe.Wants.Names, Read: readMailgunDomain, Without: hideDomain},
		{Path: "/v4/domains?limit=1", When: probe.Wants.Empty, Read: readMailgunDomains},
		mailgunTest.step(),
	},
	Rules: []probe.Rule{
		{
			// A line of plain text, with which a key of the other region is refused as well.
			Status: 401, Message: "forbidden", Means: probe.KeyUnproven, Undecided: true,
			Source: "public reports; documentation of sending keys; that these get it when they read is not confirmed", Verified: "2026-11",
		},
		{
			Status: 404, Message: "domain not found", Means: probe.DomainNotFound,
			Source: "public list of errors", Verified: "2026-11",
		},
		{
			Message: "sandbox subdomains are for test purposes only", Means: probe.SandboxAccount,
			Source: "public reports (403 and 400)", Verified: "2026-11",
		},
		{
			Message: "free accounts are for test purposes only", Means: probe.SandboxAccount,
			Source: "public list of errors", Verified: "2026-11",
		},
		{
			Message: "the domain is unverified", Means: probe.DomainNotVerified,
			Source: "public reports (403 and 400)", Verified: "2026-11",
		},
		{
			Message: "please activate your mailgun account", Means: probe.AccountMayNotSend,
			Source: "public reports", Verified: "2026-11",
		},
	},
	Facts: Facts{
		Proves: []string{
			"the key is accepted, where it may read domains",
			"the domain of `spec.domain` is verified, enabled and no sandbox; of a key that may read nothing, by the domain's DNS records",
		},
		CannotProve: []string{
			"whether a key is a sending key or wrong: Mailgun answers both alike when they read",
			"whether the key or `spec.mailgun.region` is wrong: a region does not know the keys and domains of the other",
			"that the plan has emails left", "that an email arrives",
		},
		OptIn: []string{
			"with `spec.testEmail`, which is billed: an email from the domain is accepted in test mode; that tells a sending key from a wrong one, and proves the domain to it",
		},
		Requests:   "1, and 1 for a test email",
		KeysPage:   "https://app.mailgun.com/settings/api_security",
		StatusPage: "https://status.mailgun.com",
		Source:     "API reference, mailgun-go v5, public reports", Verified: "2026-11",
	},
}

// mailgunTest sends in test mode: Mailgun accepts the email, drops it, and bills it. It is addressed to its
// sender, so that nobody else is named.
var mailgunTest = testEmail{
	path: "/v3/{name}/messages",
	header: func(string) map[string]string {
		return map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
	},
	body: func(from string) string {
		return url.Values{
			"from": {from}, "to": {from}, "subject": {testSubject}, "text": {testText}, "o:testmode": {"yes"},
		}.Encode()
	},
}

// readMailgunDomains is content with any listing: it proves the key.
func readMailgunDomains(page *Page) error {
	var list struct {
		Total *json.Number    `json:"total_count"`
		Items json.RawMessage `json:"items"`
	}
	if err := json.Unmarshal(page.Body, &list); err != nil {
		return fmt.Errorf("list of domains: %w", err)
	}
	if list.Total == nil && absent(list.Items) {
		return errors.New("expected a list of domains, found none")
	}
	return nil
}

// mailgunDomain is what is decoded of a domain. The answer may hold the password of its SMTP login as well.
type mailgunDomain struct {
	Name     string `json:"name"`
	State    string `json:"state"`
	Type     string `json:"type"`
	Disabled bool   `json:"is_disabled"`
}

// mailgunRecord is a DNS record that the domain should have, and whether it was found.
type mailgunRecord struct {
	Type   string `json:"record_type"`
	Name   string `json:"name"`
	Valid  string `json:"valid"`
	Active *bool  `json:"is_active"`
}

// readMailgunDomain judges the domain that the spec names.
func readMailgunDomain(page *Page) error {
	var answer struct {
		Domain  mailgunDomain   `json:"domain"`
		Records json.RawMessage `json:"sending_dns_records"`
	}
	if err := json.Unmarshal(page.Body, &answer); err != nil {
		return fmt.Errorf("domain: %w", err)
	}
	domain := answer.Domain
	if !strings.EqualFold(domain.Name, page.Name) || domain.State == "" {
		return errors.New("expected the domain and its state, found none")
	}
	lapsing := false
	err := each(answer.Records, func(r mailgunRecord) { lapsing = lapsing || r.lost() })
	switch {
	case err != nil:
		return fmt.Errorf("records of a domain: %w", err)
	case domain.Disabled, domain.State == "inactive", domain.State == "disabled":
		page.Outcome.Fail(probe.DomainSendingDisabled, page.Name)
	case domain.Type == "sandbox":
		page.Outcome.Fail(probe.SandboxAccount)
	case domain.State != "active":
		page.Outcome.Fail(probe.DomainNotVerified, page.Name)
	case lapsing:
		page.Outcome.Set(probe.Provisioned, probe.Finding{
			Result: probe.Passed, Symptom: probe.DomainVerificationLapsing, Args: []string{page.Name},
		})
	}
	return nil
}

// lost says whether a record that emails are authenticated by is not there any more. The record for
// tracking is none of them.
func (r mailgunRecord) lost() bool {
	authenticates := r.Type == "TXT" || strings.Contains(r.Name, "._domainkey.")
	return authenticates && r.Valid == "invalid" && (r.Active == nil || *r.Active)
}
