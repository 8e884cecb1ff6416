// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/provider/providertest"
)

// emailKey returns a credential that looks like one of the vendor's.
func emailKey(t *testing.T, vendor v1alpha1.EmailVendor) string {
	prefix := map[v1alpha1.EmailVendor]string{"Resend": "re_", "SendGrid": "SG."}[vendor]
	return strings.Replace(key(t), "sk-", prefix, 1)
}

// TestEmailsThatAreNotSentHaveACause follows what users see as one symptom from the object to the condition,
// the event and the metric.
func TestEmailsThatAreNotSentHaveACause(t *testing.T) {
	t.Parallel()
	const domain = "mail.example.com"
	for name, c := range map[string]struct {
		vendor v1alpha1.EmailVendor
		domain string
		// played is how the vendor answers, worked whether it was in good health at first, and test whether the
		// spec opts in to a test email.
		played       string
		worked, test bool
		// stage is the condition that shows it; empty for stage Working, which has none.
		stage, reason, says string
	}{
		"no provider is configured": {
			vendor: "None", stage: "Configured", reason: v1alpha1.ReasonNoEmailProvider, says: "Set spec.provider",
		},
		"the mail server is a stub": {
			vendor: "SMTP", stage: "Configured", reason: v1alpha1.ReasonSMTPStub, says: "mailhog.dev.svc:1025",
		},
		"the key is wrong": {
			vendor: "Resend", domain: domain, played: providertest.Unauthorized,
			stage: "Authenticated", reason: v1alpha1.ReasonInvalidAPIKey, says: "Secret credential (key apiKey)",
		},
		"the key was revoked": {
			vendor: "Resend", domain: domain, worked: true, played: providertest.Unauthorized,
			stage: "Authenticated", reason: v1alpha1.ReasonAPIKeyRevokedOrExpired, says: "which it accepted before",
		},
		"the rate limit is used up": {
			vendor: "Resend", domain: domain, worked: true, played: providertest.RateLimited,
			reason: v1alpha1.ReasonRateLimited, says: "back off",
		},
		"the key may only send, and the domain has no DKIM key": {
			vendor: "Resend", domain: "example.org", played: "send-only key",
			stage: "Provisioned", reason: v1alpha1.ReasonDKIMMissing, says: "resend._domainkey.example.org",
		},
		"the domain is registered and not verified": {
			vendor: "Resend", domain: "new.example.com", played: providertest.Healthy,
			stage: "Provisioned", reason: v1alpha1.ReasonDomainNotVerified, says: "new.example.com",
		},
		"the account is in another region, or the domain": {
			vendor: "Mailgun", domain: "example.com", played: providertest.Healthy,
			stage: "Provisioned", reason: v1alpha1.ReasonDomainNotFound, says: "other regions than US",
		},
		"the token belongs to a sandbox": {
			vendor: "Postmark", domain: domain, played: "sandbox",
			stage: "Provisioned", reason: v1alpha1.ReasonSandboxMode, says: "delivers none of them",
		},
		"the domain is one for testing": {
			vendor: "Mailgun", domain: domain, played: "sandbox",
			stage: "Provisioned", reason: v1alpha1.ReasonSandboxMode, says: "recipients alone",
		},
		"the key may not send": {
			vendor: "SendGrid", domain: domain, played: "key that may not send",
			stage: "Authorized", reason: v1alpha1.ReasonInsufficientScope, says: "mail.send",
		},
		"the plan is used up": {
			vendor: "SendGrid", domain: domain, played: "no credit left while the domain is valid",
			reason: v1alpha1.ReasonQuotaExhausted, says: "billing",
		},
		"the plan is used up, as only sending tells": {
			vendor: "Postmark", domain: domain, played: "test email without credit", test: true,
			reason: v1alpha1.ReasonQuotaExhausted, says: "billing",
		},
		"a test email is refused": {
			vendor: "Resend", domain: domain, played: "test email refused", test: true,
			reason: v1alpha1.ReasonTestEmailRefused, says: domain,
		},
		"a test email is refused for its domain, to a key that may only send": {
			vendor: "Resend", domain: domain, played: "test email from a domain that is not verified", test: true,
			stage: "Provisioned", reason: v1alpha1.ReasonDomainNotVerified, says: domain,
		},
		"a test email is refused for the account": {
			vendor: "Postmark", domain: domain, played: "test email of an account that may not send", test: true,
			stage: "Provisioned", reason: v1alpha1.ReasonAccountMayNotSend, says: "suspended",
		},
		"a key that nothing was shown to may not send either": {
			vendor: "Mailgun", domain: domain, played: "test email of a wrong key", test: true,
			stage: "Authenticated", reason: v1alpha1.ReasonInvalidAPIKey, says: "region US",
		},
	} {
		t.Run(name, func(t *testing.T) {
			namespace, credential := newNamespace(t), emailKey(t, c.vendor)
			email := resend(namespace)
			email.Spec.Provider, email.Spec.Domain, email.Spec.FailureThreshold = c.vendor, c.domain, 1
			if c.test {
				email.Spec.TestEmail = &v1alpha1.TestEmail{}
			}
			play := func() {
				if c.played != "" {
					world.vendors[string(c.vendor)].PlayFor(credential, c.played)
				}
			}
			switch {
			case c.vendor == "None":
				email.Spec.SecretRef = nil
			case c.vendor == "SMTP":
				email.Spec.SMTP = &v1alpha1.SMTPServer{Host: "mailhog.dev.svc", Port: 1025}
			case !c.worked:
				play()
			}
			create(t, secret(namespace, credential), email)
			if c.worked {
				waitForReason(t, email, v1alpha1.ReasonPassed)
				play()
				probeNow(t, email, "now")
			}

			found := waitForReason(t, email, c.reason)
			if found.Status != metav1.ConditionFalse || !strings.Contains(found.Message, c.says) {
				t.Errorf("expected Healthy False with %q in its message, found:\n%s", c.says, shown(email))
			}
			if c.stage != "" {
				if stage := condition(email, c.stage); stage.Status != metav1.ConditionFalse || stage.Reason != c.reason {
					t.Errorf("expected %s False with reason %s, found:\n%s", c.stage, c.reason, shown(email))
				}
			}
			if e := waitForEvent(t, email, c.reason); e.Type != corev1.EventTypeWarning {
				t.Errorf("expected a warning, found %s", e.Type)
			}
			want := fmt.Sprintf(`healthy="False",kind="EmailProvider",name="transactional",namespace=%q,provider=%q`, namespace, c.vendor)
			metric := verdictMetric(t, namespace)
			if !strings.Contains(metric, want) || !strings.Contains(metric, fmt.Sprintf(`reason=%q`, c.reason)) {
				t.Errorf("expected a metric with %s and reason %s, found %s", want, c.reason, metric)
			}
		})
	}
}

// verdictMetric returns the line of a namespace's only dependency.
func verdictMetric(t *testing.T, namespace string) string {
	t.Helper()
	for line := range strings.SplitSeq(scrape(t), "\n") {
		if strings.HasPrefix(line, "mainstay_dependency_verdict{") && strings.Contains(line, namespace) {
			return line
		}
	}
	return ""
}

// TestATestEmailProvesWhatAKeyCannotShow has a key that may only send prove itself, and its domain.
func TestATestEmailProvesWhatAKeyCannotShow(t *testing.T) {
	t.Parallel()
	for vendor, c := range map[v1alpha1.EmailVendor]struct{ played, before string }{
		"Postmark": {"test email", v1alpha1.ReasonPassed},
		"Mailgun":  {"test email of a sending key", v1alpha1.ReasonAPIKeyUnproven},
	} {
		t.Run(string(vendor), func(t *testing.T) {
			namespace, credential := newNamespace(t), emailKey(t, vendor)
			played := world.vendors[string(vendor)]
			played.PlayFor(credential, c.played)
			email := resend(namespace)
			email.Spec.Provider, email.Spec.Domain, email.Spec.PeriodSeconds = vendor, "mail.example.com", 86400
			create(t, secret(namespace, credential), email)
			waitForReason(t, email, c.before)
			if domain := condition(email, "Provisioned"); domain.Status != metav1.ConditionUnknown {
				t.Errorf("expected what the key cannot show to be Unknown, found:\n%s", shown(email))
			}
			if ready := condition(email, "Ready"); ready.Status != metav1.ConditionTrue {
				t.Errorf("expected a key that may only send to stop no rollout, found:\n%s", shown(email))
			}
			posted := func() (n int) {
				for _, r := range played.Requests() {
					if r.Credential == credential && r.Method != "GET" {
						n++
					}
				}
				return n
			}
			if n := posted(); n > 0 {
				t.Fatalf("%d emails were sent, which the spec did not opt in to", n)
			}

			update(t, email, func() { email.Spec.TestEmail = &v1alpha1.TestEmail{} })
			waitFor(t, email, "the domain to be proven", func() bool {
				domain := condition(email, "Provisioned")
				return domain.Reason == v1alpha1.ReasonPassed && domain.ObservedGeneration == email.Generation
			})
			for _, kind := range []string{"Authenticated", "Authorized", "Provisioned", "Healthy", "Ready"} {
				if got := condition(email, kind); got.Status != metav1.ConditionTrue || got.Reason != v1alpha1.ReasonPassed {
					t.Errorf("condition %s: expected it to be proven, found:\n%s", kind, shown(email))
				}
			}
			if n := posted(); n != 1 {
				t.Errorf("expected one test email, found %d", n)
			}
		})
	}
}

// TestAnAccountOfSESInTheSandboxHasACause has the access key that the played account knows, and no other.
func TestAnAccountOfSESInTheSandboxHasACause(t *testing.T) {
	t.Parallel()
	fixture, err := providertest.Find("EmailProvider", "SES")
	if err != nil {
		t.Fatal(err)
	}
	namespace, played := newNamespace(t), world.vendors["SES"]
	s := secret(namespace, "")
	s.StringData = map[string]string{"accessKeyID": fixture.Credential.AccessKeyID, "secretAccessKey": fixture.Credential.Sample}
	email := resend(namespace)
	email.Spec.Provider, email.Spec.Domain = "SES", "mail.example.com"
	email.Spec.SES = &v1alpha1.SESAccount{Region: fixture.Place}
	played.PlayFor(fixture.Credential.AccessKeyID, "sandbox")
	create(t, s, email)
	found := waitForReason(t, email, v1alpha1.ReasonSandboxMode)
	if found.Status != metav1.ConditionFalse || !strings.Contains(found.Message, "access to production in region eu-west-1") {
		t.Errorf("expected Healthy False with what to ask for, found:\n%s", shown(email))
	}
	if got := email.Status.Headroom; len(got) != 1 || got[0].Resource != "emails" || *got[0].Limit != 200 {
		t.Errorf("expected the quota of the sandbox in the status, found %+v", got)
	}

	played.PlayFor(fixture.Credential.AccessKeyID, "account under review")
	probeNow(t, email, "out of the sandbox")
	waitForReason(t, email, v1alpha1.ReasonPassed)
	if e := waitForEvent(t, email, v1alpha1.ReasonAccountUnderReview); e.Type != corev1.EventTypeWarning {
		t.Errorf("expected a warning of what is to come, found %s", e.Type)
	}
}

// TestASinkHasACause has a server that greets as any other, and lets in whoever comes. Such a server is on
// loopback here, where else only stubs are, so an operator of its own is told where it is.
func TestASinkHasACause(t *testing.T) {
	t.Parallel()
	fixtures, err := providertest.LoadMail()
	if err != nil {
		t.Fatal(err)
	}
	server, err := providertest.StartMail(providertest.MailOptions{Pretend: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	server.PlayCase(fixtures[0].Cases[providertest.Healthy])
	namespace, registry := newNamespace(t), prometheus.NewRegistry()
	stop, err := startOperator(registry, func(s *setup) {
		s.alone(namespace)
		s.options.Target.Endpoints = map[string]string{"SMTP": "smtp://" + server.Address}
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	email := resend(namespace)
	email.Labels = map[string]string{aloneLabel: namespace}
	email.Spec.Provider, email.Spec.SecretRef = "SMTP", &v1alpha1.SecretKeyRef{Name: "smtp"}
	email.Spec.SMTP = &v1alpha1.SMTPServer{Host: "smtp.example.com"}
	create(t, mailSecret(namespace, fixtures[0], false), email)
	waitForReason(t, email, v1alpha1.ReasonPassed) // Nothing tells it.

	update(t, email, func() { email.Spec.SMTP.SinkTest = &v1alpha1.SinkTest{} })
	found := waitForReason(t, email, v1alpha1.ReasonSMTPSink)
	if found.Status != metav1.ConditionFalse || !strings.Contains(found.Message, "a password that nobody has") {
		t.Errorf("expected Healthy False with what was tried, found:\n%s", shown(email))
	}
	if c := condition(email, "Provisioned"); c.Status != metav1.ConditionFalse || c.Reason != v1alpha1.ReasonSMTPSink {
		t.Errorf("expected Provisioned False with reason SMTPSink, found:\n%s", shown(email))
	}
	if e := waitForEvent(t, email, v1alpha1.ReasonSMTPSink); e.Type != corev1.EventTypeWarning {
		t.Errorf("expected a warning, found %s", e.Type)
	}
	if metrics, err := gather(registry); err != nil || !strings.Contains(about(metrics, namespace), `reason="SMTPSink"`) {
		t.Errorf("expected the reason as a metric, found %v:\n%s", err, about(metrics, namespace))
	}
	probeNow(t, email, "a request does it again")
	logins := 0
	for _, line := range server.Said() {
		if strings.Contains(line, "AUTH PLAIN") {
			logins++
		}
	}
	if logins < 4 {
		t.Errorf("expected a login and a sink test with each of two probes, found %d logins", logins)
	}
}
