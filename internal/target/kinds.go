// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package target

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/probe"
	"mainstay.dev/mainstay/internal/provider"
)

// Dependency is an object of a probed kind.
type Dependency interface {
	metav1.Object
	runtime.Object
	Provider() string
	SharedSpec() *v1alpha1.DependencySpec
	SharedStatus() *v1alpha1.DependencyStatus
}

// Kind is a probed kind.
type Kind struct {
	Name string
	// Noun is what people call it in a sentence.
	Noun string
	New  func() Dependency
	// NewList returns an empty list of the kind.
	NewList func() runtime.Object
	// None is the symptom of provider None.
	None probe.Symptom
	// Place reads from the spec what the provider's host depends on; nil where no provider's does.
	Place func(Dependency) string
	// Wants reads from the spec what has to exist at the provider.
	Wants func(Dependency) probe.Wants
	// OptIn reads from the spec how often to do what it opted in to; 0 for never.
	OptIn func(Dependency) time.Duration
	// Adjust puts into a target what only this kind's spec says; nil for nothing.
	Adjust func(Dependency, *probe.Target)
}

// Kinds is the table of probed kinds.
var Kinds = []Kind{
	{
		Name:    "AIProvider",
		Noun:    "AI",
		New:     func() Dependency { return &v1alpha1.AIProvider{} },
		NewList: func() runtime.Object { return &v1alpha1.AIProviderList{} },
		None:    probe.NoAIProvider,
		Place:   aiPlace,
		Wants:   aiWants,
		OptIn: func(d Dependency) time.Duration {
			if c := d.(*v1alpha1.AIProvider).Spec.Completion; c != nil {
				return time.Duration(c.PeriodSeconds) * time.Second
			}
			return 0
		},
	},
	{
		Name:    "EmailProvider",
		Noun:    "email",
		New:     func() Dependency { return &v1alpha1.EmailProvider{} },
		NewList: func() runtime.Object { return &v1alpha1.EmailProviderList{} },
		None:    probe.NoEmailProvider,
		Place:   emailPlace,
		Wants:   emailWants,
		OptIn: func(d Dependency) time.Duration {
			switch spec := d.(*v1alpha1.EmailProvider).Spec; {
			case spec.TestEmail != nil:
				return time.Duration(spec.TestEmail.PeriodSeconds) * time.Second
			case spec.SMTP != nil && spec.SMTP.SinkTest != nil:
				return time.Duration(spec.SMTP.SinkTest.PeriodSeconds) * time.Second
			}
			return 0
		},
	},
	{
		Name:    "PublicAPI",
		New:     func() Dependency { return &v1alpha1.PublicAPI{} },
		NewList: func() runtime.Object { return &v1alpha1.PublicAPIList{} },
		Noun:    "API",
		None:    probe.NoPublicAPI,
		Wants:   apiWants,
		Adjust:  adjustAPI,
	},
	{
		Name:    "StripeAccount",
		New:     func() Dependency { return &v1alpha1.StripeAccount{} },
		NewList: func() runtime.Object { return &v1alpha1.StripeAccountList{} },
		Noun:    "payments",
		None:    probe.NoStripeAccount,
		Wants:   stripeWants,
	},
	{
		Name:    "WebhookEndpoint",
		New:     func() Dependency { return &v1alpha1.WebhookEndpoint{} },
		NewList: func() runtime.Object { return &v1alpha1.WebhookEndpointList{} },
		Noun:    "webhook",
		None:    probe.NoWebhookEndpoint,
		Place:   webhookPlace,
		Wants:   webhookWants,
		OptIn:   testPingPeriod,
	},
	{
		Name:    "AuthProvider",
		New:     func() Dependency { return &v1alpha1.AuthProvider{} },
		NewList: func() runtime.Object { return &v1alpha1.AuthProviderList{} },
		Noun:    "sign-in",
		None:    probe.NoAuthProvider,
		Wants:   authWants,
		OptIn:   authOptIn,
		Adjust:  adjustAuth,
	},
	{
		Name:    "AccessCheck",
		New:     func() Dependency { return &v1alpha1.AccessCheck{} },
		NewList: func() runtime.Object { return &v1alpha1.AccessCheckList{} },
		Noun:    "access",
		None:    probe.NoAccessCheck,
		Place:   postgresPlace,
		Wants:   accessWants,
	},
}

func aiPlace(d Dependency) string {
	switch spec := d.(*v1alpha1.AIProvider).Spec; {
	case spec.AzureOpenAI != nil:
		return spec.AzureOpenAI.Resource
	case spec.Bedrock != nil:
		return spec.Bedrock.Region
	}
	return ""
}

func emailWants(d Dependency) probe.Wants {
	spec := d.(*v1alpha1.EmailProvider).Spec
	wants := probe.EmailWants{Domain: spec.Domain, Selectors: spec.DKIMSelectors}
	if spec.TestEmail != nil {
		wants.From = cmp.Or(spec.TestEmail.From, "mainstay-probe@"+spec.Domain)
	}
	if spec.SMTP != nil {
		wants.Selectors, wants.Sink = spec.SMTP.DKIMSelectors, spec.SMTP.Sink == v1alpha1.SMTPSinkAccept
		wants.SinkTest = spec.SMTP.SinkTest != nil
	}
	return wants
}

func aiWants(d Dependency) probe.Wants {
	spec := d.(*v1alpha1.AIProvider).Spec
	wants := probe.AIWants{Models: spec.Models}
	if c := spec.Completion; c != nil {
		model := c.Model
		if model == "" && len(spec.Models) > 0 {
			model = spec.Models[0]
		}
		wants.Completion = probe.Completion{Model: model, MaxTokens: int(c.MaxOutputTokens)}
		if !slices.Contains(wants.Models, model) {
			wants.Models = append(slices.Clone(wants.Models), model)
		}
	}
	return wants
}

func apiWants(d Dependency) probe.Wants {
	var wants probe.APIWants
	for _, r := range d.(*v1alpha1.PublicAPI).Spec.Requests {
		wants.Requests = append(wants.Requests, probe.APIRequest{Path: r.Path, ScopeNeeded: r.Scope})
	}
	return wants
}

// adjustAPI takes up what the spec says of the key.
func adjustAPI(d Dependency, t *probe.Target) {
	spec := d.(*v1alpha1.PublicAPI).Spec
	if spec.RateLimit != nil {
		t.RequestsPerMinute = provider.ShareOf(float64(spec.RateLimit.RequestsPerMinute))
	}
	if spec.ExpiresAt != nil {
		t.Expires = spec.ExpiresAt.Time
	}
}

func emailPlace(d Dependency) string {
	spec := d.(*v1alpha1.EmailProvider).Spec
	switch {
	case spec.SES != nil:
		return spec.SES.Region
	case spec.Mailgun != nil:
		return string(spec.Mailgun.Region)
	case spec.Provider == "Mailgun":
		return string(v1alpha1.DefaultMailgunRegion)
	}
	return mailServer(d).String()
}

// mailServer returns the server of spec.smtp; nothing where there is none.
func mailServer(d Dependency) probe.HostPort {
	email, ok := d.(*v1alpha1.EmailProvider)
	if !ok || email.Spec.SMTP == nil {
		return probe.HostPort{}
	}
	return probe.ServerAt(email.Spec.SMTP.Host, strconv.Itoa(int(email.Spec.SMTP.Port)))
}

// FindKind returns a probed kind by its name.
func FindKind(name string) (Kind, bool) {
	for _, kind := range Kinds {
		if kind.Name == name {
			return kind, true
		}
	}
	return Kind{}, false
}
