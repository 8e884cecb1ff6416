// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package target

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/probe"
)

func kindOf(t *testing.T, name string) Kind {
	t.Helper()
	for _, kind := range Kinds {
		if kind.Name == name {
			return kind
		}
	}
	t.Fatalf("no kind %s", name)
	return Kind{}
}

func TestWhatAnEmailProviderAsksFor(t *testing.T) {
	cases := map[string]struct {
		spec v1alpha1.EmailProviderSpec
		// base is the URL to probe, and region what messages name of it.
		base, region string
		wants        probe.EmailWants
		optIn        time.Duration
	}{
		"a domain": {
			spec:  v1alpha1.EmailProviderSpec{Provider: "Resend", Domain: "mail.example.com"},
			base:  "https://api.resend.com",
			wants: probe.EmailWants{Domain: "mail.example.com"},
		},
		"the selectors of a domain": {
			spec:  v1alpha1.EmailProviderSpec{Provider: "Postmark", Domain: "mail.example.com", DKIMSelectors: []string{"pm"}},
			base:  "https://api.postmarkapp.com",
			wants: probe.EmailWants{Domain: "mail.example.com", Selectors: []string{"pm"}},
		},
		"a test email from the domain": {
			spec:  v1alpha1.EmailProviderSpec{Provider: "Resend", Domain: "mail.example.com", TestEmail: &v1alpha1.TestEmail{PeriodSeconds: 3600}},
			base:  "https://api.resend.com",
			wants: probe.EmailWants{Domain: "mail.example.com", From: "mainstay-probe@mail.example.com"},
			optIn: time.Hour,
		},
		"a test email from a sender": {
			spec:  v1alpha1.EmailProviderSpec{Provider: "Resend", TestEmail: &v1alpha1.TestEmail{From: "shop@example.com", PeriodSeconds: 86400}},
			base:  "https://api.resend.com",
			wants: probe.EmailWants{From: "shop@example.com"},
			optIn: 24 * time.Hour,
		},
		"Mailgun without a word on the region": {
			spec: v1alpha1.EmailProviderSpec{Provider: "Mailgun"},
			base: "https://api.mailgun.net", region: "US",
		},
		"Mailgun in the EU": {
			spec: v1alpha1.EmailProviderSpec{Provider: "Mailgun", Mailgun: &v1alpha1.MailgunAccount{Region: "EU"}},
			base: "https://api.eu.mailgun.net", region: "EU",
		},
		"SES in its region": {
			spec: v1alpha1.EmailProviderSpec{Provider: "SES", SES: &v1alpha1.SESAccount{Region: "eu-west-1"}},
			base: "https://email.eu-west-1.amazonaws.com", region: "eu-west-1",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			kind := kindOf(t, "EmailProvider")
			object := &v1alpha1.EmailProvider{Spec: c.spec}
			got, finding := Options{}.Build(Inputs{Kind: kind, Object: object})
			if finding.Result != probe.Passed {
				t.Fatalf("the target is refused: %+v", finding)
			}
			if got.BaseURL != c.base || got.OwnHost || got.OptIn != c.optIn {
				t.Errorf("expected %s every %s, found %+v", c.base, c.optIn, got)
			}
			if diff := cmp.Diff(probe.Wants(c.wants), got.Wants); diff != "" {
				t.Errorf("asks for something else (-want +got):\n%s", diff)
			}
			if region := (Options{}).Terms(kind, object).Region; region != c.region {
				t.Errorf("expected messages to name the region %q, found %q", c.region, region)
			}
		})
	}
}
