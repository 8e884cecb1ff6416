// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package realtest_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mainstay.dev/mainstay/internal/probe"
	"mainstay.dev/mainstay/internal/provider/providertest"
)

// stripeMock is Stripe's own stand-in for its API, which answers as Stripe's specification of it says.
type stripeMock struct {
	place
	url string
}

// startStripeMock starts it with its own objects, or with those that edit has changed.
func startStripeMock(t *testing.T, edit func(resources map[string]map[string]any)) stripeMock {
	t.Helper()
	program, fixtures := filepath.Join(cache(), "bin", "stripe-mock"), filepath.Join(cache(), "stripe-mock", "fixtures3.json")
	_, noProgram := os.Stat(program)
	_, noFixtures := os.Stat(fixtures)
	providertest.Need(t, noProgram == nil && noFixtures == nil, "stripe-mock of Stripe")
	m := stripeMock{place: newPlace(t)}
	port := m.freePort()
	m.url = "http://127.0.0.1:" + port
	arguments := []string{"-http-addr", "127.0.0.1:" + port, "-https-addr", "127.0.0.1:" + m.freePort()}
	if edit != nil {
		m.write("fixtures.json", m.edited(fixtures, edit))
		arguments = append(arguments, "-fixtures", m.path("fixtures.json"))
	}
	m.background(exec.Command(program, arguments...))
	m.await("stripe-mock listens", func() bool { return answers(port) })
	return m
}

// edited returns the objects of stripe-mock with some of them changed.
func (m stripeMock) edited(path string, edit func(map[string]map[string]any)) string {
	m.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		m.Fatal(err)
	}
	var fixtures map[string]json.RawMessage
	var resources map[string]map[string]any
	if err := json.Unmarshal(data, &fixtures); err != nil {
		m.Fatal(err)
	}
	if err := json.Unmarshal(fixtures["resources"], &resources); err != nil {
		m.Fatal(err)
	}
	edit(resources)
	if fixtures["resources"], err = json.Marshal(resources); err != nil {
		m.Fatal(err)
	}
	if data, err = json.Marshal(fixtures); err != nil {
		m.Fatal(err)
	}
	return string(data)
}

const mockedURL = "https://shop.example.com/webhooks/stripe"

// wellAccount is an account, and an endpoint, with which nothing is wrong.
func wellAccount(resources map[string]map[string]any) {
	account, endpoint := resources["account"], resources["webhook_endpoint"]
	account["charges_enabled"], account["payouts_enabled"], account["details_submitted"] = true, true, true
	account["capabilities"] = map[string]any{"card_payments": "active", "transfers": "active"}
	account["requirements"] = map[string]any{
		"currently_due": []any{}, "past_due": []any{}, "eventually_due": []any{}, "pending_verification": []any{},
		"errors": []any{}, "alternatives": []any{}, "disabled_reason": nil, "current_deadline": nil,
	}
	endpoint["url"], endpoint["status"], endpoint["enabled_events"] = mockedURL, "enabled", []any{"invoice.paid", "charge.refunded"}
}

func TestStripesOwnMockIsReadAsStripeIs(t *testing.T) {
	asIs, well := startStripeMock(t, nil), startStripeMock(t, wellAccount)
	disabled := startStripeMock(t, func(resources map[string]map[string]any) {
		wellAccount(resources)
		resources["webhook_endpoint"]["status"] = "disabled"
	})
	account := probe.StripeWants{Charges: true, Payouts: true, Capabilities: []string{"card_payments"}}
	hook := probe.WebhookWants{URL: mockedURL, Events: []string{"charge.refunded", "invoice.paid"}}
	passed := map[string]string{"Reachable": "Passed", "Authenticated": "Passed", "Authorized": "Passed", "Provisioned": "Passed", "Working": "Passed"}
	with := func(stage, finding string) map[string]string {
		want := map[string]string{}
		for known, f := range passed {
			want[known] = f
		}
		want[stage] = finding
		return want
	}
	for name, c := range map[string]struct {
		mock  stripeMock
		kind  string
		key   string
		wants probe.Wants
		want  map[string]string
	}{
		"a healthy account": {well, "StripeAccount", "rk_test_123", account, with("Working", "NotApplicable")},
		"an account as it comes": {asIs, "StripeAccount", "rk_test_123", account, map[string]string{
			"Reachable": "Passed", "Authenticated": "Passed", "Authorized": "Passed",
			"Provisioned": "Failed ChargesDisabled requirements.past_due", "Working": "NotApplicable",
		}},
		"a live key, which it refuses": {well, "StripeAccount", "rk_live_123", account, map[string]string{"Reachable": "Passed", "Authenticated": "Failed KeyRejected"}},
		"a healthy endpoint":           {well, "WebhookEndpoint", "rk_test_123", hook, passed},
		"a disabled endpoint":          {disabled, "WebhookEndpoint", "rk_test_123", hook, with("Provisioned", "Failed EndpointInactive "+mockedURL)},
		// It has no /v2, so that the list of v1 is all there is.
		"no endpoint": {asIs, "WebhookEndpoint", "rk_test_123", hook, map[string]string{
			"Reachable": "Passed", "Authenticated": "Passed", "Authorized": "Passed",
			"Provisioned": "Failed EndpointNotFound " + mockedURL, "Working": "NotApplicable",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			got := probed(t, probe.Target{
				Kind: c.kind, Provider: "Stripe", BaseURL: c.mock.url, Credential: probe.NewSecret(c.key), Wants: c.wants,
			})
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("wrong outcome (-want +got):\n%s", diff)
			}
		})
	}
}
