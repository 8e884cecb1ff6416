// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/provider/providertest"
)

// payments is a checkout that takes cards and needs a restricted key to read charges.
func payments(t *testing.T) (account *v1alpha1.StripeAccount, credential string) {
	t.Helper()
	namespace := newNamespace(t)
	credential = "rk_live_" + key(t)
	account = &v1alpha1.StripeAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "checkout"}}
	account.Spec.Mode = v1alpha1.StripeLive
	account.Spec.SecretRef = &v1alpha1.SecretKeyRef{Name: "credential"}
	account.Spec.PeriodSeconds = 86400 // No period ends in these stories: every step is woken by an event.
	account.Spec.Requires = v1alpha1.StripeRequirements{
		Capabilities: []string{"card_payments"}, Permissions: []v1alpha1.StripePermission{"rak_charge_read"},
	}
	create(t, secret(namespace, credential))
	return account, credential
}

func TestWhatIsWrongWithAStripeAccountIsToldByItsCause(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		plays, reason, stage string
		says                 []string
	}{
		"the key was never good":      {providertest.Unauthorized, v1alpha1.ReasonInvalidAPIKey, "Authenticated", []string{"Secret credential (key apiKey)"}},
		"the key has expired":         {"the key has expired", v1alpha1.ReasonAPIKeyExpired, "Authenticated", []string{"has expired"}},
		"a permission is missing":     {"the key may not read the account, which charges need", v1alpha1.ReasonInsufficientScope, "Authorized", []string{"rak_accounts_kyc_basic_read"}},
		"no payments":                 {"charges are disabled", v1alpha1.ReasonChargesDisabled, "Provisioned", []string{"requirements.past_due", "company.tax_id"}},
		"no payouts":                  {"payouts are disabled", v1alpha1.ReasonPayoutsDisabled, "Provisioned", []string{"bank account"}},
		"a capability is not active":  {"a capability is inactive", v1alpha1.ReasonCapabilityInactive, "Provisioned", []string{"transfers"}},
		"something is overdue":        {"requirements are past due", v1alpha1.ReasonRequirementsPastDue, "Provisioned", []string{"individual.verification.document"}},
		"Stripe rejected the account": {"the account is rejected", v1alpha1.ReasonAccountRestricted, "Provisioned", []string{"rejected.fraud"}},
		"the balance is of a test":    {"a test key in disguise", v1alpha1.ReasonTestModeKey, "Configured", []string{"the mode in the spec is Live"}},
	} {
		t.Run(name, func(t *testing.T) {
			account, credential := payments(t)
			account.Spec.Requires.Permissions, account.Spec.Requires.Capabilities = nil, nil
			if c.reason == v1alpha1.ReasonCapabilityInactive {
				account.Spec.Requires.Capabilities = []string{"transfers"}
			}
			vendor := world.vendors["Stripe"]
			vendor.PlayFor(credential, c.plays)
			create(t, account)
			healthy := waitForReason(t, account, c.reason)
			for _, text := range c.says {
				if !strings.Contains(healthy.Message, text) {
					t.Errorf("expected %q in the message %q", text, healthy.Message)
				}
			}
			for _, kind := range []string{c.stage, "Healthy", "Ready"} {
				if got := condition(account, kind); got.Status != metav1.ConditionFalse || got.Reason != c.reason {
					t.Errorf("condition %s: expected False with reason %s, found %+v", kind, c.reason, got)
				}
			}
			waitForEvent(t, account, c.reason)

			vendor.PlayFor(credential, "")
			probeNow(t, account, "mended")
			waitForReason(t, account, v1alpha1.ReasonPassed)
		})
	}
}

// TestAStripeKeyIsJudgedBeforeItIsUsed gives keys to vendors that must never see them.
func TestAStripeKeyIsJudgedBeforeItIsUsed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		prefix string
		mode   v1alpha1.StripeMode
		reason string
	}{
		"a publishable key":            {"pk_live_", v1alpha1.StripeLive, v1alpha1.ReasonWrongKeyKind},
		"a webhook's secret":           {"whsec_", v1alpha1.StripeLive, v1alpha1.ReasonWrongKeyKind},
		"a test key in production":     {"sk_test_", v1alpha1.StripeLive, v1alpha1.ReasonTestModeKey},
		"a restricted one":             {"rk_test_", v1alpha1.StripeLive, v1alpha1.ReasonTestModeKey},
		"a live key where one tries":   {"sk_live_", v1alpha1.StripeTest, v1alpha1.ReasonLiveModeKey},
		"another vendor's key":         {"re_", v1alpha1.StripeLive, v1alpha1.ReasonWrongKeyKind},
		"a placeholder, as in a guide": {"sk_live_xxxx", v1alpha1.StripeLive, v1alpha1.ReasonPlaceholderCredential},
	} {
		t.Run(name, func(t *testing.T) {
			account, _ := payments(t)
			account.Spec.Mode = c.mode
			value := c.prefix
			if c.reason != v1alpha1.ReasonPlaceholderCredential {
				value += key(t)
			}
			account.Spec.SecretRef.Name = "other"
			other := secret(account.Namespace, value)
			other.Name = "other"
			create(t, other, account)
			waitForReason(t, account, c.reason)
			for _, r := range world.vendors["Stripe"].Requests() {
				if r.Credential == value {
					t.Error("the key was sent")
				}
			}
		})
	}
}

func TestAConnectedAccountIsNamedInEveryRequest(t *testing.T) {
	t.Parallel()
	account, credential := payments(t)
	account.Spec.Account = "acct_1Connected"
	create(t, account)
	waitForReason(t, account, v1alpha1.ReasonPassed)
	requests := 0
	for _, r := range world.vendors["Stripe"].Requests() {
		if r.Credential != credential {
			continue
		}
		requests++
		if got := r.Header.Get("Stripe-Account"); got != account.Spec.Account {
			t.Errorf("%s is for account %q", r.Path, got)
		}
		if r.Header.Get("Stripe-Version") == "" {
			t.Errorf("%s names no version of the API", r.Path)
		}
	}
	if requests != 3 {
		t.Errorf("expected 3 requests, found %d", requests)
	}

	world.vendors["Stripe"].PlayFor(credential, "the key may not act for the account")
	update(t, account, func() { account.Spec.FailureThreshold = 1 })
	healthy := waitForReason(t, account, v1alpha1.ReasonAccountNotAccessible)
	if !strings.Contains(healthy.Message, "acct_1Connected") {
		t.Errorf("expected the account in the message %q", healthy.Message)
	}
}

func TestADeadlineOfStripeIsAFact(t *testing.T) {
	t.Parallel()
	account, credential := payments(t)
	account.Spec.Requires.Permissions = nil
	account.Spec.Requires.Capabilities = nil
	vendor := world.vendors["Stripe"]
	vendor.PlayFor(credential, "requirements fall due")
	create(t, account)
	waitForReason(t, account, v1alpha1.ReasonPassed)
	waitForEvent(t, account, v1alpha1.ReasonRequirementsDue)
	want := metav1.NewTime(time.Unix(1790000000, 0))
	if got := account.Status.ActionRequiredBy; got == nil || !got.Equal(&want) {
		t.Errorf("expected the deadline %s in the status, found %v", want, got)
	}

	vendor.PlayFor(credential, "")
	probeNow(t, account, "given")
	waitFor(t, account, "no deadline", func() bool { return account.Status.ActionRequiredBy == nil })
}

func TestWhatAKeyMayNotShowIsNoFailure(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ plays, stage, reason string }{
		"the balance, which nobody needs":       {"the key may not read the balance, which nobody needs", "Authorized", v1alpha1.ReasonInsufficientScope},
		"requirements that Stripe keeps hidden": {"requirements are not shown", "Provisioned", v1alpha1.ReasonAccountNotShown},
	} {
		t.Run(name, func(t *testing.T) {
			account, credential := payments(t)
			account.Spec.Requires.Permissions = nil
			account.Spec.Requires.Capabilities = nil
			world.vendors["Stripe"].PlayFor(credential, c.plays)
			create(t, account)
			waitForReason(t, account, v1alpha1.ReasonPassed)
			if got := condition(account, c.stage); got.Status != metav1.ConditionUnknown || got.Reason != c.reason {
				t.Errorf("condition %s: expected Unknown with reason %s, found %+v", c.stage, c.reason, got)
			}
			if got := condition(account, "Ready"); got.Status != metav1.ConditionTrue {
				t.Errorf("expected it to be Ready, found %+v", got)
			}
		})
	}
}

func TestStripeSpecsThatCannotWorkAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(*v1alpha1.StripeAccountSpec)
		want  string
	}{
		"no mode":                       {func(s *v1alpha1.StripeAccountSpec) { s.Mode = "" }, "spec.mode"},
		"no Secret":                     {func(s *v1alpha1.StripeAccountSpec) { s.SecretRef = nil }, "spec.secretRef is required"},
		"an account that is none":       {func(s *v1alpha1.StripeAccountSpec) { s.Account = "1032D82" }, "spec.account"},
		"a permission nobody can prove": {func(s *v1alpha1.StripeAccountSpec) { s.Requires.Permissions[0] = "rak_charge_write" }, "Unsupported value"},
		"a capability twice":            {func(s *v1alpha1.StripeAccountSpec) { s.Requires.Capabilities = []string{"transfers", "transfers"} }, "Duplicate value"},
	} {
		t.Run(name, func(t *testing.T) {
			account, _ := payments(t)
			c.spoil(&account.Spec)
			err := world.admin.Create(t.Context(), account)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("expected the API server to say %q, found %v", c.want, err)
			}
		})
	}
}
