// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"mainstay.dev/mainstay/internal/probe"
)

// postmark is the Postmark API. A token belongs to one server of the account, and reads that server: it
// proves itself, and shows whether the server delivers. Domains belong to the account, which has a token
// of another kind, for more than an app should hold.
var postmark = Provider{
	Kind: "EmailProvider", Name: "Postmark",
	BaseURL: "https://api.postmarkapp.com",
	Auth:    probe.Auth{Header: "X-Postmark-Server-Token"}, Credential: "server token",
	Records: Records{
		Source: "support pages: the selector is made for the domain, and has the date in it", Verified: "2026-11",
	},
	Steps: []Step{{Path: "/server", Read: readPostmarkServer}, postmarkTest.step()},
	Rules: []probe.Rule{
		{
			Code: "10", Means: probe.KeyRejected,
			Source: "table of error codes, as quoted by others; documentation (401)", Verified: "2026-11",
		},
		{
			Status: 422, Code: "300", Message: "is not a sender signature", Means: probe.DomainNotFound,
			Source: "public reports", Verified: "2026-11",
		},
		{
			Status: 422, Code: "400", Means: probe.DomainNotFound,
			Source: "table of error codes, as quoted by others", Verified: "2026-11",
		},
		{
			Status: 422, Code: "401", Means: probe.DomainNotVerified,
			Source: "table of error codes, as quoted by others", Verified: "2026-11",
		},
		{
			// Not allowed to send: the credits are used up.
			Status: 422, Code: "405", Means: probe.QuotaExhausted,
			Source: "table of error codes, as quoted by others", Verified: "2026-11",
		},
		{
			// Until the account is approved it may send to the sender's own domain alone.
			Status: 422, Code: "412", Means: probe.SandboxAccount,
			Source: "table of error codes, as quoted by others", Verified: "2026-11",
		},
		{
			Status: 422, Code: "413", Means: probe.AccountMayNotSend,
			Source: "table of error codes, as quoted by others", Verified: "2026-11",
		},
	},
	Facts: Facts{
		Proves: []string{
			"the server token is accepted", "the server delivers, and is no sandbox",
			"the domain of `spec.domain`, by the DNS records that `spec.dkimSelectors` names",
		},
		CannotProve: []string{
			"the state of the domain where `spec.dkimSelectors` does not name its selectors: a server token cannot read domains",
			"that the account is approved and has credit left: only sending tells", "that an email arrives",
		},
		OptIn: []string{
			"with `spec.testEmail`, which counts as an email sent: one from the domain to `test@blackhole.postmarkapp.com` is accepted, so the domain may send, the account is approved and credit is left",
		},
		Requests:   "1, and 1 for a test email",
		KeysPage:   "https://account.postmarkapp.com/servers",
		StatusPage: "https://status.postmarkapp.com",
		Source:     "API reference and support pages; address of the status page not confirmed", Verified: "2026-11",
	},
}

// postmarkTest sends to the address at which Postmark drops emails. They count as sent.
var postmarkTest = testEmail{
	path: "/email",
	body: func(from string) string {
		return asJSON(map[string]string{
			"From": from, "To": "test@blackhole.postmarkapp.com", "Subject": testSubject, "TextBody": testText,
		})
	},
}

// readPostmarkServer judges the server of the token. Nothing else is decoded: the answer has the tokens of
// the server in it.
func readPostmarkServer(page *Page) error {
	var server struct {
		DeliveryType string `json:"DeliveryType"`
	}
	if err := json.Unmarshal(page.Body, &server); err != nil {
		return fmt.Errorf("server: %w", err)
	}
	switch {
	case server.DeliveryType == "":
		return errors.New("expected a server with a delivery type, found none")
	case strings.EqualFold(server.DeliveryType, "Sandbox"):
		page.Outcome.Fail(probe.SandboxMode)
	}
	hideDomain(page)
	return nil
}
