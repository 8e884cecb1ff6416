// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"encoding/json"
	"errors"
	"fmt"

	"mainstay.dev/mainstay/internal/probe"
)

// supabaseAuth is the sign-in of a Supabase project, whose server is called GoTrue. It tells anyone with the
// publishable key which methods are on.
var supabaseAuth = Provider{
	Kind: "AuthProvider", Name: "Supabase", Credential: "publishable key",
	Auth:     probe.Auth{Header: "Apikey"},
	EveryKey: true, // Each project has the same kinds of keys, wherever it runs.
	NotKeys: map[string]string{
		"sb_secret_": "it is a secret key, which is for servers and passes row-level security by",
	},
	Unfit: func(key probe.Secret, _ probe.Wants) (probe.Symptom, bool) {
		return probe.WrongKeyKind, key.Role() == "service_role" // The secret key as it was before 2025.
	},
	Steps: []Step{
		{Path: "/auth/v1/health", Read: readGoTrueHealth},
		{Path: "/auth/v1/settings", Read: readGoTrueSettings},
	},
	Rules: []probe.Rule{
		{
			Message: "legacy api keys are disabled", Means: probe.GatewayKeyRejected,
			Source: supabaseGateway, Verified: "2026-11",
		},
		supabasePaused,
	},
	Facts: Facts{
		Proves: []string{
			"the key is accepted", "the server of sign-in runs", "each method of `spec.supabase.signInMethods` is on",
			"users can sign up, where `spec.supabase.signUps` is Required",
		},
		CannotProve: []string{
			"that a user can sign in", "that the client ID and secret of Google and the like are right",
			"over which mail server confirmation emails are sent, and whether they arrive: declare that as an EmailProvider",
		},
		Requests:   "2",
		KeysPage:   "https://supabase.com/dashboard/project/_/settings/api-keys",
		StatusPage: "https://status.supabase.com",
		Source:     "source of GoTrue and of its clients; texts of the gateway from public reports", Verified: "2026-11",
	},
}

// supabasePaused is what every API of a project answers that is paused.
var supabasePaused = probe.Rule{
	Status: 540, Means: probe.ProjectPaused, Source: "Supabase documentation, page HTTP status codes", Verified: "2026-11",
}

// readGoTrueHealth looks at whether it is GoTrue that answers.
func readGoTrueHealth(page *Page) error {
	var health struct {
		Name string `json:"name"`
	}
	if err := json.Unmarshal(page.Body, &health); err != nil {
		return fmt.Errorf("health: %w", err)
	}
	if health.Name != "GoTrue" {
		return errors.New("expected GoTrue, found another server")
	}
	return nil
}

// readGoTrueSettings judges what users can do. That sign-ups wait for an email which nobody is known to send is
// told of early.
func readGoTrueSettings(page *Page) error {
	var settings struct {
		Methods     json.RawMessage `json:"external"`
		Closed      bool            `json:"disable_signup"`
		Unconfirmed *bool           `json:"mailer_autoconfirm"`
	}
	if err := json.Unmarshal(page.Body, &settings); err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	wants := ofAuth(page.Wants)
	on, err := switches(settings.Methods, append([]string{"email"}, wants.Methods...))
	if err != nil {
		return fmt.Errorf("methods of sign-in: %w", err)
	}
	for _, method := range wants.Methods {
		if !on[method] {
			page.Outcome.Fail(probe.SignInMethodDisabled, method)
		}
	}
	if wants.SignUps && settings.Closed {
		page.Outcome.Fail(probe.SignUpsDisabled)
	}
	switch {
	case page.Outcome[probe.Provisioned].Result == probe.Failed:
	case on["email"] && !settings.Closed && isFalse(settings.Unconfirmed):
		page.Outcome.Set(probe.Provisioned, probe.Finding{Result: probe.Passed, Symptom: probe.ConfirmationEmailsNotShown})
	default:
		page.Outcome.Set(probe.Provisioned, probe.Pass())
	}
	return nil
}

// switches reads which members of an object are true, of those that are wanted: the object may be long.
func switches(object json.RawMessage, wanted []string) (map[string]bool, error) {
	on := map[string]bool{}
	for _, name := range wanted {
		on[name] = false
	}
	err := members(object, func(name string, value json.RawMessage) {
		if _, asked := on[name]; asked {
			on[name] = string(value) == "true"
		}
	})
	return on, err
}
