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

// resend is the Resend API. The listing of domains proves the key, and the domain that the spec names. A
// key that may only send is told apart by its error: it is valid, and the safest choice.
var resend = Provider{
	Kind: "EmailProvider", Name: "Resend",
	BaseURL:   "https://api.resend.com",
	Auth:      probe.Bearer,
	KeyPrefix: "re_",
	Steps:     []Step{{Path: resendDomains, Read: readResendDomains}},
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
			// A firewall's answer to a missing User-Agent, which we send: no verdict on the key.
			Status: 403, Message: "1010", Means: probe.UnexpectedAnswer,
			Source: "error reference", Verified: "2026-11",
		},
	},
	Facts: Facts{
		Proves:      []string{"the key is accepted", "the domain of `spec.domain` is verified and may send (with a key of full access)"},
		CannotProve: []string{"the state of the domain, with a key that may only send", "that an email arrives"},
		Requests:    "1, and 1 more for each further 100 domains of the account and for a domain that is verified in part, at most 10",
		KeysPage:    "https://resend.com/api-keys",
		StatusPage:  "https://resend-status.com",
		Source:      "OpenAPI document of 2026-08-21, documentation, resend-go v3.16.0", Verified: "2026-11",
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
	Records []struct {
		Record string `json:"record"`
		Status string `json:"status"`
	} `json:"records"`
}

// readResendDomains looks for the wanted domain on one page of the listing, or judges the domain itself
// where the listing did not tell enough.
func readResendDomains(page *Page) error {
	var answer struct {
		Data    *[]resendDomain `json:"data"`
		HasMore bool            `json:"has_more"`
		resendDomain
	}
	if err := json.Unmarshal(page.Body, &answer); err != nil {
		return fmt.Errorf("list of domains: %w", err)
	}
	wanted := page.Wants.Names()
	switch {
	case answer.Data == nil && answer.ID != "" && len(wanted) > 0 && answer.Name == wanted[0]:
		page.Outcome.Set(probe.Provisioned, answer.byRecords())
		return nil
	case answer.Data == nil:
		return errors.New("expected a list of domains, found none")
	case len(wanted) == 0:
		return nil
	}
	for _, domain := range *answer.Data {
		if domain.Name == wanted[0] {
			page.Next = domain.judge(page.Outcome)
			return nil
		}
	}
	if answer.HasMore && len(*answer.Data) > 0 {
		page.Next = resendDomains + "&after=" + url.QueryEscape((*answer.Data)[len(*answer.Data)-1].ID)
		return nil
	}
	page.Outcome.Fail(probe.DomainNotFound, wanted[0])
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
func (d resendDomain) byRecords() probe.Finding {
	needed, lapsing := 0, false
	for _, r := range d.Records {
		if r.Record != "SPF" && r.Record != "DKIM" {
			continue
		}
		needed++
		switch r.Status {
		case "verified":
		case "temporary_failure": // It was verified, and has 72 hours of grace.
			lapsing = true
		default:
			return probe.Fail(probe.DomainNotVerified, d.Name)
		}
	}
	switch {
	case needed == 0:
		return probe.Fail(probe.DomainNotVerified, d.Name)
	case lapsing:
		return d.lapsing()
	}
	return probe.Pass()
}

func (d resendDomain) lapsing() probe.Finding {
	return probe.Finding{Result: probe.Passed, Symptom: probe.DomainVerificationLapsing, Args: []string{d.Name}}
}
