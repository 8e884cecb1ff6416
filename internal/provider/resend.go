// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"mainstay.dev/mainstay/internal/probe"
)

// resend is the Resend API. The listing of domains proves the key, and the domain that the spec names. A
// key that may only send is told apart by its error: it is valid, and the safest choice.
var resend = Provider{
	Kind: "EmailProvider", Name: "Resend",
	BaseURL:   "https://api.resend.com",
	Auth:      probe.Bearer,
	KeyPrefix: "re_",
	// 10 a second for the keys of a team together, as its rate limit headers say.
	RequestsPerMinute: 600,
	StatusFeed:        probe.StatusPage{URL: "https://resend-status.com/api/v2/summary.json"},
	Records: Records{
		Selectors: []string{"resend"}, MailFrom: "send", Include: "amazonses.com",
		Source: "documentation of domains; the name for bounces may be chosen", Verified: "2026-11",
	},
	// The headers on quotas tell what was sent, and not of how much.
	Limits: []LimitHeaders{{"requests", "Ratelimit-Limit", "Ratelimit-Remaining"}},
	Steps:  []Step{{Path: resendDomains, Read: readResendDomains}, resendTest.step()},
	Rules: []probe.Rule{
		{
			// The same name means the opposite: look at the status and the text.
			Status: 403, Code: "restricted_api_key", Message: "not active", Means: probe.KeySuspended,
			Source: "error reference", Verified: "2026-11",
		},
		{
			Status: 401, Code: "restricted_api_key", Means: probe.SendOnlyKey, Unprovable: true,
			Source: "error reference; the code of the SDKs", Verified: "2026-11",
		},
		{
			Code: "suspended_api_key", Means: probe.KeySuspended,
			Source: "error reference", Verified: "2026-11",
		},
		{
			Code: "invalid_permission", Means: probe.ScopeMissing,
			Source: "error reference", Verified: "2026-11",
		},
		{
			// Comes as 400 and as 401, with the name validation_error.
			Message: "api key is invalid", Means: probe.KeyRejected,
			Source: "live bodies, a maintainer's comment", Verified: "2026-11",
		},
		{
			Code: "daily_quota_exceeded", Means: probe.QuotaExhausted,
			Source: "error reference", Verified: "2026-11",
		},
		{
			Code: "monthly_quota_exceeded", Means: probe.QuotaExhausted,
			Source: "error reference", Verified: "2026-11",
		},
		{
			// Without a verified domain an account may send to its owner alone.
			Status: 403, Message: "only send testing emails to your own", Means: probe.SandboxAccount,
			Source: "error reference", Verified: "2026-11",
		},
		{
			Status: 403, Message: "domain is not verified", Means: probe.DomainNotVerified,
			Source: "error reference", Verified: "2026-11",
		},
		{
			// A firewall's answer to a missing User-Agent, which we send: no verdict on the key.
			Status: 403, Message: "1010", Means: probe.UnexpectedAnswer,
			Source: "error reference", Verified: "2026-11",
		},
	},
	Facts: Facts{
		Proves:      []string{"the key is accepted", "the domain of `spec.domain` is verified and may send (with a key of full access; else by its DNS records)"},
		CannotProve: []string{"with a key that may only send, what the account says of the domain: its DNS records prove it instead, where they have the usual names", "that an email arrives"},
		OptIn: []string{
			"with `spec.testEmail`, which may count against the quota: an email from the domain to `delivered@resend.dev` is accepted, which proves the domain to a key that may only send as well",
		},
		Requests:   "1, and 1 more for each further 100 domains of the account and for a domain that is verified in part, at most 10; 1 for a test email",
		KeysPage:   "https://resend.com/api-keys",
		StatusPage: "https://resend-status.com",
		Source:     "OpenAPI document of 2026-08-21, documentation, resend-go v3.16.0", Verified: "2026-11",
	},
}

// resendTest sends to the address that Resend has for deliveries that succeed. The key keeps a test that is
// repeated, since its answer was lost, from being sent twice; Resend knows keys for a day.
var resendTest = testEmail{
	path: "/emails",
	header: func(from string) map[string]string {
		sum := sha256.Sum256(fmt.Appendf(nil, "mainstay %s %d", from, time.Now().Truncate(5*time.Minute).Unix()))
		return map[string]string{"Idempotency-Key": hex.EncodeToString(sum[:])}
	},
	body: func(from string) string {
		return asJSON(map[string]any{"from": from, "to": "delivered@resend.dev", "subject": testSubject, "text": testText})
	},
}

const resendDomains = "/domains?limit=100"

// resendDomain is what is decoded of a domain. In a listing it has no records.
type resendDomain struct {
	ID           string `json:"id"`
	Name         string `json:"name"`
	Status       string `json:"status"`
	Capabilities struct {
		Sending string `json:"sending"`
	} `json:"capabilities"`
	Records json.RawMessage `json:"records"`
}

type resendRecord struct {
	Record string `json:"record"`
	Status string `json:"status"`
}

// readResendDomains looks for the wanted domain on one page of the listing, or judges the domain itself
// where the listing did not tell enough.
func readResendDomains(page *Page) error {
	var answer struct {
		Data    json.RawMessage `json:"data"`
		HasMore bool            `json:"has_more"`
		resendDomain
	}
	if err := json.Unmarshal(page.Body, &answer); err != nil {
		return fmt.Errorf("list of domains: %w", err)
	}
	wanted := page.Wants.Names()
	if !absent(answer.Data) {
		return readResendList(page, answer.Data, answer.HasMore)
	}
	if answer.ID == "" || len(wanted) == 0 || answer.Name != wanted[0] {
		return errors.New("expected a list of domains, found none")
	}
	finding, err := answer.byRecords()
	if err != nil {
		return err
	}
	page.Outcome.Set(probe.Provisioned, finding)
	return nil
}

// readResendList judges the wanted domain where the page has it, and asks for the next page otherwise.
func readResendList(page *Page, list json.RawMessage, hasMore bool) error {
	wanted := page.Wants.Names()
	var found, last resendDomain
	listed, count := false, 0
	err := each(list, func(domain resendDomain) {
		last, count = domain, count+1
		if !listed && len(wanted) > 0 && domain.Name == wanted[0] {
			found, listed = domain, true
		}
	})
	switch {
	case err != nil:
		return fmt.Errorf("list of domains: %w", err)
	case len(wanted) == 0:
	case listed:
		page.Next = found.judge(page.Outcome)
	case hasMore && count > 0:
		page.Next = resendDomains + "&after=" + url.QueryEscape(last.ID)
	default:
		page.Outcome.Fail(probe.DomainNotFound, wanted[0])
	}
	return nil
}

// judge judges a domain of the listing. Whether it may send is a setting; its status says whether its DNS
// records are verified, of which some serve for receiving and tracking only: where just some are, it
// returns the path that has them.
func (d resendDomain) judge(o *probe.Outcome) (next string) {
	switch {
	case d.Capabilities.Sending == "disabled":
		o.Fail(probe.DomainSendingDisabled, d.Name)
	case d.Status == "verified":
		o.Set(probe.Provisioned, probe.Pass())
	case d.Status == "temporary_failure":
		o.Set(probe.Provisioned, d.lapsing())
	case strings.HasPrefix(d.Status, "partially_") && d.ID != "":
		return "/domains/" + url.PathEscape(d.ID)
	default:
		o.Fail(probe.DomainNotVerified, d.Name)
	}
	return ""
}

// byRecords judges a domain by the records that sending needs.
func (d resendDomain) byRecords() (probe.Finding, error) {
	needed, lapsing, bad := 0, 0, 0
	err := each(d.Records, func(r resendRecord) {
		if r.Record != "SPF" && r.Record != "DKIM" {
			return
		}
		needed++
		switch r.Status {
		case "verified":
		case "temporary_failure": // It was verified, and has 72 hours of grace.
			lapsing++
		default:
			bad++
		}
	})
	switch {
	case err != nil:
		return probe.Finding{}, fmt.Errorf("records of a domain: %w", err)
	case needed == 0, bad > 0:
		return probe.Fail(probe.DomainNotVerified, d.Name), nil
	case lapsing > 0:
		return d.lapsing(), nil
	}
	return probe.Pass(), nil
}

func (d resendDomain) lapsing() probe.Finding {
	return probe.Finding{Result: probe.Passed, Symptom: probe.DomainVerificationLapsing, Args: []string{d.Name}}
}
