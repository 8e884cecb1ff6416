// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"strconv"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/probe"
	"mainstay.dev/mainstay/internal/provider/providertest"
)

// TestMailServersBecomeCauses goes from an object of provider SMTP, and a mail server that is played, to the
// cause.
func TestMailServersBecomeCauses(t *testing.T) {
	t.Parallel()
	fixtures, err := providertest.LoadMail()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		played string
		// spec changes the object before it is created, and consents says that the Secret does.
		spec     func(*v1alpha1.EmailProviderSpec)
		consents bool
		healthy  metav1.ConditionStatus
		reason   string
		says     string
	}{
		"a server that takes the password": {
			played: providertest.Healthy, consents: true, healthy: "True", reason: v1alpha1.ReasonPassed,
		},
		"a sending domain whose records are right": {
			played: providertest.Healthy, consents: true, healthy: "True", reason: v1alpha1.ReasonPassed,
			spec: func(s *v1alpha1.EmailProviderSpec) {
				s.Domain, s.SMTP.DKIMSelectors = "shop.example.com", []string{"s1", "ed"}
			},
		},
		"a sending domain without a DKIM key": {
			played: providertest.Healthy, consents: true, healthy: "False", reason: v1alpha1.ReasonDKIMMissing,
			says: "at s2._domainkey.shop.example.com",
			spec: func(s *v1alpha1.EmailProviderSpec) {
				s.Domain, s.SMTP.DKIMSelectors = "shop.example.com", []string{"s2"}
			},
		},
		"a wrong password": {
			played: providertest.Unauthorized, consents: true, healthy: "False", reason: v1alpha1.ReasonInvalidAPIKey,
			says: "The mail server rejects the login in Secret smtp (keys username and password).",
		},
		"an authentication service that is down": {
			played: providertest.ServerError, consents: true, healthy: "Unknown", reason: v1alpha1.ReasonServerError,
			says: "SMTP code 454",
		},
		"a Secret that does not consent to the host": {
			played: providertest.Healthy, healthy: "False", reason: v1alpha1.ReasonConsentMissing, says: "kubectl annotate secret",
		},
		"a sink in place of a server": {
			played: "a sink that takes any password", consents: true, healthy: "True", reason: v1alpha1.ReasonPassed,
			says: "greets as an email sink, Mailpit",
		},
		"a stub, as its name and port tell": {
			played: providertest.Healthy, consents: true, healthy: "False", reason: v1alpha1.ReasonSMTPStub, says: "mailhog.dev.svc:1025",
			spec: func(s *v1alpha1.EmailProviderSpec) {
				s.SMTP = &v1alpha1.SMTPServer{Host: "mailhog.dev.svc", Port: 1025}
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			namespace := newNamespace(t)
			server, err := fixtures[0].Cases[c.played].Start()
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(server.Close)
			create(t, mailSecret(namespace, fixtures[0], c.consents), authorityOf(namespace, server))
			email := mailProvider(t, namespace, server)
			if c.spec != nil {
				c.spec(&email.Spec)
			}
			create(t, email)
			found := waitForReason(t, email, c.reason)
			if found.Status != c.healthy || !strings.Contains(found.Message, c.says) {
				t.Errorf("expected Healthy %s with %q in its message, found:\n%s", c.healthy, c.says, shown(email))
			}
		})
	}
}

// mailProvider is an object for a server that is played. Such a server is on loopback, where else only
// stubs are.
func mailProvider(t *testing.T, namespace string, server *providertest.MailServer) *v1alpha1.EmailProvider {
	t.Helper()
	address, err := probe.ParseHostPort(server.Address)
	if err != nil {
		t.Fatal(err)
	}
	email := resend(namespace)
	email.Spec.Provider = "SMTP"
	email.Spec.SecretRef = &v1alpha1.SecretKeyRef{Name: "smtp"}
	email.Spec.CARef = &v1alpha1.CARef{Kind: "ConfigMap", Name: "authority"}
	email.Spec.SMTP = &v1alpha1.SMTPServer{Host: address.Host, Port: portOf(t, address), Sink: v1alpha1.SMTPSinkAccept}
	return email
}

func portOf(t *testing.T, address probe.HostPort) int32 {
	t.Helper()
	port, err := strconv.ParseInt(address.Port, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	return int32(port)
}

func mailSecret(namespace string, f providertest.MailFixture, consents bool) *corev1.Secret {
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "smtp"},
		StringData: map[string]string{"username": f.Username, "password": f.Password},
	}
	if consents {
		secret.Annotations = map[string]string{v1alpha1.AllowedHostsAnnotation: "127.0.0.1,mailhog.dev.svc"}
	}
	return secret
}

func authorityOf(namespace string, server *providertest.MailServer) *corev1.ConfigMap {
	return &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "authority"}, Data: map[string]string{"ca.crt": string(server.CA)},
	}
}
