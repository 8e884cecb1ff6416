// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"mainstay.dev/mainstay/internal/probe"
)

// stripe is the Stripe API as a StripeAccount sees it. The balance proves the key and its mode, the account
// what it can do. A restricted key may be refused any one request, and then the others still tell.
var stripe = Provider{
	Kind: "StripeAccount", Name: "Stripe",
	BaseURL:   "https://api.stripe.com",
	Auth:      probe.Bearer,
	KeyPrefix: "sk_live_",
	NotKeys:   stripeNotKeys,
	Header:    stripeVersion,
	// 25 a second in a sandbox, says its page on rate limits; a live account has four times that.
	RequestsPerMinute: 1500,
	LimitHeader:       "Stripe-Rate-Limited-Reason",
	Unfit: func(key probe.Secret, wants probe.Wants) (probe.Symptom, bool) {
		return wrongStripeMode(strings.Contains(key.Reveal(), "_live_"), wants)
	},
	Steps: stripeSteps(),
	Rules: stripeRules,
	Facts: Facts{
		Proves: []string{
			"the key is accepted, and of the mode of `spec.mode`", "charges and payouts are on, as far as `spec.requires` needs them",
			"each capability of `spec.requires.capabilities` is active", "nothing that Stripe asks to know of the account is overdue",
			"a restricted key has each permission of `spec.requires.permissions`",
		},
		CannotProve: []string{
			"permissions to write", "the state of the account, with a restricted key that may not read it",
			"requirements that Stripe does not show, as for some accounts of one's own", "that a payment goes through",
		},
		Requests: "2, and 1 more for each of `spec.requires.permissions` that neither of them proves",
		KeysPage: "https://dashboard.stripe.com/apikeys", StatusPage: "https://status.stripe.com",
		Source: "stripe-go v86, documentation; texts of errors from public reports", Verified: "2026-11",
	},
}

// stripeVersion makes the answers those of one version of the API, whatever the default of the account is.
var stripeVersion = map[string]string{"Stripe-Version": "2026-07-29.dahlia"}

// stripeFor names the connected account that a request is for.
func stripeFor(page *Page) map[string]string {
	if account := cmp.Or(ofStripe(page.Wants).Account, ofWebhook(page.Wants).Account); account != "" {
		return map[string]string{"Stripe-Account": account}
	}
	return map[string]string{}
}

// stripeNotKeys are what else Stripe issues that people put where a key should be.
var stripeNotKeys = map[string]string{
	"pk_":    "it is a publishable key, which is for browsers",
	"whsec_": "it is the signing secret of a webhook endpoint",
}

var stripeRules = []probe.Rule{
	{
		Code: "api_key_expired", Means: probe.KeyExpired,
		Source: "error codes in stripe-go", Verified: "2026-11",
	},
	{
		Message: "does not allow requests from your ip address", Means: probe.IPNotAllowed,
		Source: "public reports", Verified: "2026-11",
	},
	{
		Code: "account_invalid", Means: probe.AccountNotAccessible, Args: regexp.MustCompile(`'(acct_[A-Za-z0-9]+)'`),
		Source: "error codes in stripe-go; text from public reports", Verified: "2026-11",
	},
	{
		Message: "does not have any connect permissions", Means: probe.AccountNotAccessible,
		Source: "public reports", Verified: "2026-11",
	},
	{
		Code: "more_permissions_required", Means: probe.ScopeMissing, Args: stripePermission,
		Source: "public reports", Verified: "2026-11",
	},
	{
		Message: "does not have the required permissions", Means: probe.ScopeMissing, Args: stripePermission,
		Source: "public reports, many alike", Verified: "2026-11",
	},
}

// stripePermission finds the permission that a refusal names, as in "Having the 'rak_charge_read' permission
// would allow this request to continue."
var stripePermission = regexp.MustCompile(`'((?:rak_)?[a-z0-9_]+_(?:read|write))'`)

// stripeSteps are the balance, the account, and one object each for the permissions that neither proves.
func stripeSteps() []Step {
	const balance, account = "rak_balance_read", "rak_accounts_kyc_basic_read"
	steps := []Step{
		{
			Path: "/v1/balance", Header: stripeFor, Permission: balance, Needed: needsPermission(balance),
			Read: readStripeBalance,
		},
		{
			Path: "/v1/account", Header: stripeFor, Permission: account, Read: readStripeAccount,
			Needed: func(w probe.Wants) bool { return ofStripe(w).NeedsAccount() || needsPermission(account)(w) },
		},
	}
	for _, p := range []struct{ permission, path string }{
		{"rak_charge_read", "/v1/charges"},
		{"rak_checkout_session_read", "/v1/checkout/sessions"},
		{"rak_coupon_read", "/v1/coupons"},
		{"rak_customer_read", "/v1/customers"},
		{"rak_event_read", "/v1/events"},
		{"rak_invoice_read", "/v1/invoices"},
		{"rak_payment_intent_read", "/v1/payment_intents"},
		{"rak_payout_read", "/v1/payouts"},
		{"rak_plan_read", "/v1/prices"}, // Prices were plans once.
		{"rak_product_read", "/v1/products"},
		{"rak_subscription_read", "/v1/subscriptions"},
		{"rak_webhook_read", "/v1/webhook_endpoints"},
	} {
		needed := needsPermission(p.permission)
		steps = append(steps, Step{
			Path: p.path + "?limit=1", Header: stripeFor, Permission: p.permission, When: needed, Needed: needed,
			Read: func(page *Page) error { return stripeObject(page.Body, "list", &struct{}{}) },
		})
	}
	return steps
}

func ofStripe(w probe.Wants) probe.StripeWants {
	wants, _ := w.(probe.StripeWants)
	return wants
}

func needsPermission(name string) func(probe.Wants) bool {
	return func(w probe.Wants) bool { return slices.Contains(ofStripe(w).Permissions, name) }
}

// stripeObject decodes an object of a type, such as a balance or a list.
func stripeObject(body []byte, kind string, into any) error {
	var head struct {
		Object string `json:"object"`
	}
	if err := json.Unmarshal(body, &head); err != nil {
		return fmt.Errorf("%s: %w", kind, err)
	}
	if head.Object != kind {
		return fmt.Errorf("expected an object of type %s, found another", kind)
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("%s: %w", kind, err)
	}
	return nil
}

// wrongStripeMode says what is wrong with a key of a mode.
func wrongStripeMode(live bool, wants probe.Wants) (probe.Symptom, bool) {
	switch wanted := ofStripe(wants).Live || ofWebhook(wants).Live; {
	case wanted && !live:
		return probe.TestModeKey, true
	case !wanted && live:
		return probe.LiveModeKey, true
	}
	return probe.Symptom{}, false
}

// readStripeBalance takes from the balance the mode of the key, and nothing else.
func readStripeBalance(page *Page) error {
	var balance struct {
		Live *bool `json:"livemode"`
	}
	if err := stripeObject(page.Body, "balance", &balance); err != nil {
		return err
	}
	if balance.Live == nil {
		return errors.New("expected a balance with its mode, found one without")
	}
	if symptom, wrong := wrongStripeMode(*balance.Live, page.Wants); wrong {
		page.Outcome.Fail(symptom)
	}
	return nil
}

// stripeState is what is decoded of an account. What is missing is not known.
type stripeState struct {
	Charges      *bool              `json:"charges_enabled"`
	Payouts      *bool              `json:"payouts_enabled"`
	Capabilities map[string]string  `json:"capabilities"`
	Requirements *stripeRequirement `json:"requirements"`
}

// stripeRequirement is what Stripe asks to know of an account.
type stripeRequirement struct {
	CurrentlyDue   json.RawMessage `json:"currently_due"`
	PastDue        json.RawMessage `json:"past_due"`
	DisabledReason string          `json:"disabled_reason"`
	Deadline       *float64        `json:"current_deadline"`
}

// overdue is the reason for disabling an account that is told by what it disables and what is overdue.
const overdue = "requirements.past_due"

// readStripeAccount judges the account, the gravest first.
func readStripeAccount(page *Page) error {
	var state stripeState
	if err := stripeObject(page.Body, "account", &state); err != nil {
		return err
	}
	due, late, err := state.asked()
	if err != nil {
		return err
	}
	if r := state.Requirements; r != nil && r.Deadline != nil && len(due)+len(late) > 0 {
		page.Deadline = unix(*r.Deadline)
	}
	reason := state.why(late)
	wants := ofStripe(page.Wants)
	if len(reason) > 0 && reason[0] != overdue {
		page.Outcome.Fail(probe.AccountRestricted, reason[0])
	}
	if wants.Charges && isFalse(state.Charges) {
		page.Outcome.Fail(probe.ChargesDisabled, reason...)
	}
	if wants.Payouts && isFalse(state.Payouts) {
		page.Outcome.Fail(probe.PayoutsDisabled, reason...)
	}
	for _, name := range wants.Capabilities {
		if state.Capabilities != nil && state.Capabilities[name] != "active" {
			page.Outcome.Fail(probe.CapabilityInactive, name)
		}
	}
	if len(late) > 0 {
		page.Outcome.Fail(probe.RequirementsPastDue, late...)
	}
	if page.Outcome[probe.Provisioned].Result != probe.Failed {
		page.Outcome.Set(probe.Provisioned, state.open(wants, due))
	}
	return nil
}

// asked returns what Stripe asks to know, now and since too long.
func (s stripeState) asked() (due, late []string, err error) {
	if s.Requirements == nil {
		return nil, nil, nil
	}
	if due, err = stripeFields(s.Requirements.CurrentlyDue); err != nil {
		return nil, nil, err
	}
	late, err = stripeFields(s.Requirements.PastDue)
	return due, late, err
}

// why says for which reason Stripe has disabled something, with what is overdue where that is the reason.
func (s stripeState) why(late []string) []string {
	if s.Requirements == nil {
		return nil
	}
	reason := probe.Tokens(s.Requirements.DisabledReason)
	if len(reason) > 0 && reason[0] == overdue {
		return append(reason, late...)
	}
	return reason
}

// open is the finding of an account that nothing speaks against. What Stripe did not show of it was not
// proven, and what it asks for by a deadline is told of early.
func (s stripeState) open(wants probe.StripeWants, due []string) probe.Finding {
	var missing []string
	for name, absent := range map[string]bool{
		"charges_enabled": wants.Charges && s.Charges == nil,
		"payouts_enabled": wants.Payouts && s.Payouts == nil,
		"capabilities":    len(wants.Capabilities) > 0 && s.Capabilities == nil,
		"requirements":    s.Requirements == nil,
	} {
		if absent {
			missing = append(missing, name)
		}
	}
	slices.Sort(missing)
	switch {
	case len(missing) > 0:
		return probe.Finding{Result: probe.Unprovable, Symptom: probe.AccountNotShown, Args: missing}
	case len(due) > 0 && s.Requirements.Deadline != nil:
		return probe.Finding{Result: probe.Passed, Symptom: probe.RequirementsDue, Args: due}
	}
	return probe.Pass()
}

func isFalse(b *bool) bool { return b != nil && !*b }

// unix returns a time; zero for what is none.
func unix(seconds float64) time.Time {
	const last = 253402300799 // the last second of the year 9999
	if seconds <= 0 || seconds > last {
		return time.Time{}
	}
	return time.Unix(int64(seconds), 0)
}

// maxStripeFields is how many fields a finding names.
const maxStripeFields = 8

// stripePerson is the id of a person at the beginning of a field, which tells the reader nothing.
var stripePerson = regexp.MustCompile(`^person_[A-Za-z0-9]+\.`)

// stripeFields reads a list of fields that Stripe asks for, such as company.tax_id. Each is there once, and
// no more of them than a message has room for.
func stripeFields(list json.RawMessage) ([]string, error) {
	var fields []string
	err := each(list, func(field string) {
		for _, name := range probe.Tokens(stripePerson.ReplaceAllString(field, "person.")) {
			if len(fields) < maxStripeFields && !slices.Contains(fields, name) {
				fields = append(fields, name)
			}
		}
	})
	if err != nil {
		return nil, fmt.Errorf("requirements of an account: %w", err)
	}
	slices.Sort(fields)
	return fields, nil
}
