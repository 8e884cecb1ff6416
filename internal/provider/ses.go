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

// ses is Amazon SES, in one region. The account shows whether it may send, and to whom; an identity shows the
// domain. Reading either is a permission that sending does without.
var ses = Provider{
	Kind: "EmailProvider", Name: "SES",
	BaseURL: "https://email.{place}.amazonaws.com",
	Called:  "Amazon SES", Credential: "access key",
	Renewal: "create an access key in IAM (an SMTP credential of SES is none)", GlobalKeys: true,
	Auth: probe.Auth{AWSService: "ses"},
	Keys: awsKeys,
	Records: Records{
		Source: "developer guide, Easy DKIM: three tokens that are made for the domain; without a domain for bounces SPF is that of Amazon", Verified: "2026-11",
	},
	Steps: []Step{
		{Path: "/v2/email/account", Read: readSESAccount, Without: noSESAccount},
		{Path: "/v2/email/identities/{name}", Each: sesIdentities, Either: true, Read: readSESIdentity, Without: noSESIdentity},
		sesTest.step(),
	},
	Rules: slices.Concat([]probe.Rule{
		{
			Message: "daily message quota exceeded", Means: probe.QuotaExhausted,
			Source: "developer guide, errors of sending", Verified: "2026-11",
		},
		{
			// Sending is another permission than reading is.
			Code: "AccessDeniedException", Message: "not authorized to perform", Means: probe.ScopeMissing, Unprovable: true,
			Args:   awsAction,
			Source: "public reports", Verified: "2026-11",
		},
		{
			Code: "NotFoundException", Means: probe.DomainNotFound,
			Source: "aws-sdk-go-v2 service/sesv2", Verified: "2026-11",
		},
		{
			Code: "MessageRejected", Message: "email address is not verified", Means: probe.DomainNotVerified,
			Source: "developer guide, errors of sending", Verified: "2026-11",
		},
		{
			Code: "MailFromDomainNotVerifiedException", Means: probe.DomainNotVerified,
			Source: "aws-sdk-go-v2 service/sesv2", Verified: "2026-11",
		},
		{
			Code: "AccountSuspendedException", Means: probe.AccountMayNotSend,
			Source: "aws-sdk-go-v2 service/sesv2", Verified: "2026-11",
		},
		{
			Code: "SendingPausedException", Means: probe.AccountMayNotSend,
			Source: "aws-sdk-go-v2 service/sesv2", Verified: "2026-11",
		},
	}, awsRules),
	Facts: Facts{
		Proves: []string{
			"the access key is accepted",
			"the account is out of the sandbox, may send and has quota left (with the permission `ses:GetAccount`)",
			"the domain of `spec.domain`, or one above it, is verified in this region (with the permission `ses:GetEmailIdentity`; else by the DNS records that `spec.dkimSelectors` names)",
		},
		CannotProve: []string{
			"that the key may send, which is the permission `ses:SendEmail`",
			"the account, with a key that may not read it, or its domain where nobody names the selectors: that is no failure",
			"whether a domain that is not there is in another region", "that an email arrives",
		},
		OptIn: []string{
			"with `spec.testEmail`, which is billed: an email from the domain to `success@simulator.amazonses.com` is accepted, so the key may send and the domain is verified; the sandbox accepts it as well",
		},
		Requests:   "1, and 1 more for the domain and for each domain above it until one is found; 1 for a test email",
		KeysPage:   "https://console.aws.amazon.com/iam",
		StatusPage: "https://health.aws.amazon.com/health/status",
		Source:     "aws-sdk-go-v2 service/sesv2 v1.79.8, developer guide", Verified: "2026-11",
	},
}

// sesTest sends to the address of Amazon's mailbox simulator for emails that arrive. They are billed and count
// against no quota (developer guide, verified 2026-11).
var sesTest = testEmail{
	path: "/v2/email/outbound-emails",
	body: func(from string) string {
		type data map[string]string
		return asJSON(map[string]any{
			"FromEmailAddress": from,
			"Destination":      map[string]any{"ToAddresses": []string{"success@simulator.amazonses.com"}},
			"Content": map[string]any{"Simple": map[string]any{
				"Subject": data{"Data": testSubject}, "Body": map[string]any{"Text": data{"Data": testText}},
			}},
		})
	},
}

// sesParents is how many domains above the one of a spec are looked for.
const sesParents = 3

// sesIdentities returns the domain of the spec and those above it: a domain that is verified may send for all
// below it (developer guide, verified 2026-11).
func sesIdentities(w probe.Wants) []string {
	var names []string
	for _, domain := range w.Names() {
		for range 1 + sesParents {
			names = append(names, domain)
			_, parent, _ := strings.Cut(domain, ".")
			if !strings.Contains(parent, ".") {
				break
			}
			domain = parent
		}
	}
	return names
}

// readSESAccount judges the account in its region.
func readSESAccount(page *Page) error {
	var account struct {
		SendingEnabled, ProductionAccessEnabled *bool
		EnforcementStatus                       string
		SendQuota                               struct{ Max24HourSend, SentLast24Hours float64 }
	}
	if err := json.Unmarshal(page.Body, &account); err != nil {
		return fmt.Errorf("account: %w", err)
	}
	if account.SendingEnabled == nil || account.ProductionAccessEnabled == nil {
		return errors.New("expected an account, found none")
	}
	// The limit is -1 where there is none.
	if quota := account.SendQuota; quota.Max24HourSend > 0 {
		left := max(quota.Max24HourSend-quota.SentLast24Hours, 0)
		page.Headroom = append(page.Headroom, probe.Headroom{Resource: "emails", Limit: quota.Max24HourSend, Remaining: left})
		if left == 0 {
			page.Outcome.Fail(probe.QuotaExhausted)
		}
	}
	switch {
	case account.EnforcementStatus == "SHUTDOWN", !*account.SendingEnabled:
		page.Outcome.Fail(probe.AccountMayNotSend)
	case !*account.ProductionAccessEnabled:
		page.Outcome.Fail(probe.SandboxAccount)
	case account.EnforcementStatus == "PROBATION":
		page.Outcome.Set(probe.Provisioned, probe.Finding{Result: probe.Passed, Symptom: probe.AccountUnderReview})
	}
	return nil
}

// noSESAccount is for a key that may not read the account.
func noSESAccount(page *Page) {
	page.Outcome.Leave(probe.Unprovable, probe.AccountNotVisible)
}

// sesIdentity is what is decoded of an identity.
type sesIdentity struct {
	VerifiedForSendingStatus *bool
	VerificationStatus       string
	DkimAttributes           struct{ Status string }
	MailFromAttributes       struct{ MailFromDomainStatus, BehaviorOnMxFailure string }
}

// readSESIdentity judges a domain.
func readSESIdentity(page *Page) error {
	var identity sesIdentity
	if err := json.Unmarshal(page.Body, &identity); err != nil {
		return fmt.Errorf("identity: %w", err)
	}
	if identity.VerifiedForSendingStatus == nil {
		return errors.New("expected an identity, found none")
	}
	found, wanted := page.Outcome[probe.Provisioned], page.Wants.Names()
	switch {
	case !*identity.VerifiedForSendingStatus, identity.bounces():
		page.Outcome.Fail(probe.DomainNotVerified, wanted...)
		return nil
	case found.Result == probe.Failed: // What the account showed weighs more.
		return nil
	case found.Result == probe.NotReached:
		found = probe.Pass()
	}
	if identity.lapsing() {
		found.Warn(probe.DomainVerificationLapsing, wanted...)
	}
	page.Outcome.Set(probe.Provisioned, found)
	return nil
}

// bounces says whether the domain for bounces is not verified, and emails are refused for it.
func (i sesIdentity) bounces() bool {
	status := i.MailFromAttributes.MailFromDomainStatus
	return i.MailFromAttributes.BehaviorOnMxFailure == "REJECT_MESSAGE" && status != "" && status != "SUCCESS"
}

// lapsing says whether records that were found before are not there any more.
func (i sesIdentity) lapsing() bool {
	lost := []string{"FAILED", "TEMPORARY_FAILURE"}
	return slices.Contains(lost, i.VerificationStatus) || slices.Contains(lost, i.DkimAttributes.Status) ||
		slices.Contains(lost, i.MailFromAttributes.MailFromDomainStatus)
}

// noSESIdentity is for a key that may not read the domain.
func noSESIdentity(page *Page) {
	if page.Outcome[probe.Provisioned].Symptom != probe.AccountNotVisible {
		hideDomain(page)
	}
}
