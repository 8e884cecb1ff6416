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
		Requests:    "1, and 1 more for each further 100 domains of the account, at most 10",
		KeysPage:    "https://resend.com/api-keys",
		StatusPage:  "https://resend-status.com",
		Source:      "OpenAPI document of 2026-08-21, documentation, resend-go v3.16.0", Verified: "2026-11",
	},
}

const resendDomains = "/domains?limit=100"

// readResendDomains looks for the wanted domain on one page of the listing. Whether a domain may send is
// its capability; its status says whether the DNS records are verified.
func readResendDomains(page *Page) error {
	var list struct {
		Data *[]struct {
			ID           string `json:"id"`
			Name         string `json:"name"`
			Status       string `json:"status"`
			Capabilities struct {
				Sending string `json:"sending"`
			} `json:"capabilities"`
		} `json:"data"`
		HasMore bool `json:"has_more"`
	}
	if err := json.Unmarshal(page.Body, &list); err != nil {
		return fmt.Errorf("list of domains: %w", err)
	}
	if list.Data == nil {
		return errors.New("expected a list of domains, found none")
	}
	wanted := page.Wants.Names()
	if len(wanted) == 0 {
		return nil
	}
	for _, domain := range *list.Data {
		if domain.Name == wanted[0] {
			page.Outcome.Set(probe.Provisioned, resendDomain(domain.Name, domain.Status, domain.Capabilities.Sending))
			return nil
		}
	}
	if list.HasMore && len(*list.Data) > 0 {
		page.Next = resendDomains + "&after=" + url.QueryEscape((*list.Data)[len(*list.Data)-1].ID)
		return nil
	}
	page.Outcome.Fail(probe.DomainNotFound, wanted[0])
	return nil
}

func resendDomain(name, status, sending string) probe.Finding {
	switch {
	case sending == "disabled":
		return probe.Fail(probe.DomainSendingDisabled, name)
	case status == "verified":
		return probe.Pass()
	case sending == "enabled" && (status == "partially_verified" || status == "partially_failed" || status == "temporary_failure"):
		return probe.Finding{Result: probe.Passed, Symptom: probe.DomainVerificationLapsing, Args: []string{name}}
	}
	return probe.Fail(probe.DomainNotVerified, name)
}
