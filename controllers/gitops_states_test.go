// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"testing"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/provider/providertest"
)

// state brings an object into a state on the API server, and says how tools have to see it there.
type state struct {
	reach          func(*testing.T, string) client.Object
	healthy, ready string // how the status and the reason begin; nothing where there is no condition
	kstatus        status.Status
	argo           string
}

// states are those in which a rollout may find an object.
var states = map[string]state{
	"created, not visited": {
		reach: func(t *testing.T, ns string) client.Object {
			ai := openAI(ns)
			ai.Labels = map[string]string{aloneLabel: "nobody"}
			create(t, ai)
			return ai
		},
		kstatus: status.InProgressStatus, argo: "Progressing",
	},
	"visited, the first attempt is running": {
		reach: func(t *testing.T, ns string) client.Object {
			ai := hanging(t, ns)
			create(t, ai)
			freed(t, ai)
			waitForReason(t, ai, v1alpha1.ReasonProbing)
			return ai
		},
		healthy: "Unknown", ready: "Unknown", kstatus: status.InProgressStatus, argo: "Progressing",
	},
	"the spec was edited, the attempt is running": {
		reach: func(t *testing.T, ns string) client.Object {
			ai := hanging(t, ns)
			endpoint, asked, _ := hang(t)
			ai.Spec.Endpoint = world.urls["OpenAICompatible"]
			create(t, ai)
			freed(t, ai)
			waitForReason(t, ai, v1alpha1.ReasonPassed)
			update(t, ai, func() { ai.Spec.Endpoint = endpoint })
			<-asked
			return ai
		},
		healthy: "True", ready: "True", kstatus: status.InProgressStatus, argo: "Progressing",
	},
	"the Secret is missing": {
		reach: func(t *testing.T, ns string) client.Object {
			ai := openAI(ns)
			create(t, ai)
			waitForReason(t, ai, v1alpha1.ReasonSecretNotFound)
			return ai
		},
		healthy: "False", ready: "False", kstatus: status.InProgressStatus, argo: "Progressing",
	},
	"the key of the Secret is missing": {
		reach: func(t *testing.T, ns string) client.Object {
			ai, s := openAI(ns), secret(ns, "")
			s.StringData = map[string]string{"other": "x"}
			create(t, s, ai)
			waitForReason(t, ai, v1alpha1.ReasonSecretKeyMissing)
			return ai
		},
		healthy: "False", ready: "False", kstatus: status.InProgressStatus, argo: "Progressing",
	},
	"the consent of the Secret is missing": {
		reach: func(t *testing.T, ns string) client.Object {
			ai := openAI(ns)
			ai.Spec.Provider, ai.Spec.Endpoint = "OpenAICompatible", world.urls["OpenAICompatible"]
			create(t, secret(ns, key(t)), ai)
			waitForReason(t, ai, v1alpha1.ReasonConsentMissing)
			return ai
		},
		healthy: "False", ready: "False", kstatus: status.InProgressStatus, argo: "Progressing",
	},
	"no provider is chosen": {
		reach: func(t *testing.T, ns string) client.Object {
			email := resend(ns)
			email.Spec = v1alpha1.EmailProviderSpec{}
			create(t, email)
			waitForReason(t, email, v1alpha1.ReasonNoEmailProvider)
			return email
		},
		healthy: "False", ready: "False", kstatus: status.FailedStatus, argo: "Degraded",
	},
	"the dial guard refuses the host": {
		reach: func(t *testing.T, ns string) client.Object {
			ai := hanging(t, ns)
			ai.Spec.Endpoint = "http://169.254.169.254/v1"
			create(t, ai)
			waitForReason(t, ai, v1alpha1.ReasonDestinationNotAllowed)
			return ai
		},
		healthy: "False", ready: "False", kstatus: status.FailedStatus, argo: "Degraded",
	},
	"the key is wrong": {
		reach:   played(providertest.Unauthorized, v1alpha1.ReasonInvalidAPIKey),
		healthy: "False", ready: "False", kstatus: status.InProgressStatus, argo: "Degraded",
	},
	"a scope is missing": {
		reach:   played("missing scope for a model that is asked for", v1alpha1.ReasonInsufficientScope),
		healthy: "False", ready: "False", kstatus: status.InProgressStatus, argo: "Degraded",
	},
	"a model is unknown": {
		reach: func(t *testing.T, ns string) client.Object {
			ai := openAI(ns)
			ai.Spec.Models = []string{"gpt-9"}
			create(t, secret(ns, key(t)), ai)
			waitForReason(t, ai, v1alpha1.ReasonModelNotAvailable)
			return ai
		},
		healthy: "False", ready: "False", kstatus: status.InProgressStatus, argo: "Degraded",
	},
	"a domain is unknown": {
		reach: func(t *testing.T, ns string) client.Object {
			email := resend(ns)
			email.Spec.Domain = "example.com"
			create(t, secret(ns, "re_"+key(t)), email)
			waitForReason(t, email, v1alpha1.ReasonDomainNotFound)
			return email
		},
		healthy: "False", ready: "False", kstatus: status.InProgressStatus, argo: "Degraded",
	},
	"the network is down at first": {
		reach: func(t *testing.T, ns string) client.Object {
			ai := hanging(t, ns)
			ai.Spec.TimeoutSeconds = 1
			create(t, ai)
			freed(t, ai)
			waitForReason(t, ai, v1alpha1.ReasonTimedOut)
			return ai
		},
		healthy: "Unknown", ready: "True Unproven", kstatus: status.CurrentStatus, argo: "Healthy",
	},
	"the vendor is down at first": {
		reach:   played(providertest.ServerError, v1alpha1.ReasonServerError),
		healthy: "Unknown", ready: "True Unproven", kstatus: status.CurrentStatus, argo: "Healthy",
	},
	"the vendor is down later": {
		reach:   later(providertest.ServerError, v1alpha1.ReasonServerError),
		healthy: "False", ready: "True", kstatus: status.CurrentStatus, argo: "Healthy",
	},
	"the key is revoked later": {
		reach:   later(providertest.Unauthorized, v1alpha1.ReasonAPIKeyRevokedOrExpired),
		healthy: "False", ready: "False", kstatus: status.InProgressStatus, argo: "Degraded",
	},
	"the app uses up the rate limit": {
		reach:   later(providertest.RateLimited, v1alpha1.ReasonRateLimited),
		healthy: "False", ready: "True", kstatus: status.CurrentStatus, argo: "Healthy",
	},
	"the app uses up the rate limit at first": {
		reach:   played(providertest.RateLimited, v1alpha1.ReasonRateLimited),
		healthy: "Unknown", ready: "True Unproven", kstatus: status.CurrentStatus, argo: "Healthy",
	},
	"a send-only key": {
		reach: func(t *testing.T, ns string) client.Object {
			email, credential := resend(ns), "re_"+key(t)
			world.vendors["Resend"].PlayFor(credential, "send-only key")
			create(t, secret(ns, credential), email)
			waitForReason(t, email, v1alpha1.ReasonPassed)
			return email
		},
		healthy: "True", ready: "True", kstatus: status.CurrentStatus, argo: "Healthy",
	},
	"suspended": {
		reach: func(t *testing.T, ns string) client.Object {
			ai := openAI(ns)
			ai.Spec.Suspend = true
			create(t, ai)
			waitForReason(t, ai, v1alpha1.ReasonSuspended)
			return ai
		},
		healthy: "Unknown", ready: "True", kstatus: status.CurrentStatus, argo: "Suspended",
	},
	"a set lacks a required member": {
		reach: func(t *testing.T, ns string) client.Object {
			app := set(ns, v1alpha1.Requirement{Kind: "EmailProvider"})
			create(t, app)
			waitForReason(t, app, v1alpha1.ReasonNoEmailProvider)
			return app
		},
		healthy: "False", ready: "False", kstatus: status.InProgressStatus, argo: "Progressing",
	},
	"a member of a set that was ready was edited, the attempt is running": {
		reach: func(t *testing.T, ns string) client.Object {
			ai, app := hanging(t, ns), set(ns, v1alpha1.Requirement{Kind: "AIProvider"})
			endpoint, asked, _ := hang(t)
			ai.Spec.Endpoint = world.urls["OpenAICompatible"]
			create(t, ai, app)
			freed(t, ai)
			waitForReason(t, app, v1alpha1.ReasonPassed)
			update(t, ai, func() { ai.Spec.Endpoint = endpoint })
			<-asked
			waitFor(t, app, "Ready to wait for the verdict", func() bool {
				return condition(app, v1alpha1.ConditionReady).Status != metav1.ConditionTrue
			})
			return app
		},
		healthy: "True", ready: "Unknown Probing", kstatus: status.InProgressStatus, argo: "Progressing",
	},
}

// hanging is an object whose server never answers, and that needs no Secret.
func hanging(t *testing.T, namespace string) *v1alpha1.AIProvider {
	endpoint, _, _ := hang(t)
	ai := openAI(namespace)
	ai.Spec.Provider, ai.Spec.Endpoint, ai.Spec.SecretRef = "OpenAICompatible", endpoint, nil
	ai.Spec.PeriodSeconds, ai.Spec.TimeoutSeconds = 300, 300
	return ai
}

// freed deletes an object after the test, so that its probe leaves the server that never answers.
func freed(t *testing.T, object client.Object) {
	t.Cleanup(func() { _ = world.admin.Delete(context.Background(), object) })
}

// played has the vendor answer in one way from the start.
func played(name, reason string) func(*testing.T, string) client.Object {
	return func(t *testing.T, namespace string) client.Object {
		ai, credential := openAI(namespace), key(t)
		ai.Spec.Models = []string{"gpt-4o-mini"}
		world.vendors["OpenAI"].PlayFor(credential, name)
		create(t, secret(namespace, credential), ai)
		waitForReason(t, ai, reason)
		return ai
	}
}

// later has the vendor answer in one way once all was well.
func later(name, reason string) func(*testing.T, string) client.Object {
	return func(t *testing.T, namespace string) client.Object {
		ai, credential := openAI(namespace), key(t)
		ai.Spec.FailureThreshold = 1
		create(t, secret(namespace, credential), ai)
		waitForReason(t, ai, v1alpha1.ReasonPassed)
		world.vendors["OpenAI"].PlayFor(credential, name)
		probeNow(t, ai, "again")
		waitForReason(t, ai, reason)
		return ai
	}
}
