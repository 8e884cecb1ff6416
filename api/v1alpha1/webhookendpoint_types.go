// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// WebhookEndpointSpec says where the app receives webhooks, and which.
//
// +kubebuilder:validation:XValidation:rule="self.provider == 'Receiver' || has(self.secretRef)",message="spec.secretRef is required: name the Secret that holds the API key of the sender",reason="FieldValueRequired",fieldPath=".secretRef"
// +kubebuilder:validation:XValidation:rule="self.provider != 'Stripe' || has(self.stripe)",message="spec.stripe is required for provider Stripe: it says whether the endpoint is a live one",reason="FieldValueRequired",fieldPath=".stripe"
// +kubebuilder:validation:XValidation:rule="!has(self.testPing) || self.provider == 'Receiver'",message="spec.testPing applies to provider Receiver alone: declare the receiving end of the same URL as a WebhookEndpoint of its own",reason="FieldValueForbidden",fieldPath=".testPing"
// +kubebuilder:validation:XValidation:rule="self.provider != 'Receiver' || has(self.testPing) == has(self.secretRef)",message="with provider Receiver, spec.secretRef names the signing secret for spec.testPing: set both, or neither",reason="FieldValueInvalid",fieldPath=".secretRef"
// +kubebuilder:validation:XValidation:rule="self.provider != 'Receiver' || !has(self.events)",message="spec.events is what a sender sends, and provider Receiver looks at none: leave it out",reason="FieldValueForbidden",fieldPath=".events"
// +kubebuilder:validation:XValidation:rule="self.provider != 'Receiver' || !has(self.endpoint)",message="with provider Receiver, spec.url is what is probed: leave spec.endpoint out",reason="FieldValueForbidden",fieldPath=".endpoint"
// +kubebuilder:validation:XValidation:rule="!has(self.stripe) || self.provider == 'Stripe'",messageExpression="'spec.stripe applies to provider Stripe alone, found provider ' + self.provider",reason="FieldValueForbidden",fieldPath=".stripe"
// +kubebuilder:validation:XValidation:rule="self.provider != 'Svix' || has(self.svix)",message="spec.svix is required for provider Svix: it names the application that has the endpoint",reason="FieldValueRequired",fieldPath=".svix"
// +kubebuilder:validation:XValidation:rule="!has(self.svix) || self.provider == 'Svix'",messageExpression="'spec.svix applies to provider Svix alone, found provider ' + self.provider",reason="FieldValueForbidden",fieldPath=".svix"
// +kubebuilder:validation:XValidation:rule="self.provider != 'Convoy' || has(self.convoy)",message="spec.convoy is required for provider Convoy: it names the project that has the endpoint",reason="FieldValueRequired",fieldPath=".convoy"
// +kubebuilder:validation:XValidation:rule="!has(self.convoy) || self.provider == 'Convoy'",messageExpression="'spec.convoy applies to provider Convoy alone, found provider ' + self.provider",reason="FieldValueForbidden",fieldPath=".convoy"
// +kubebuilder:validation:XValidation:rule="!has(self.convoy) || has(self.convoy.region) != has(self.endpoint)",message="set either spec.convoy.region, for Convoy's cloud, or spec.endpoint, for a server of your own, such as https://convoy.example.com/api",reason="FieldValueInvalid",fieldPath=".convoy.region"
// +kubebuilder:validation:XValidation:rule="self.provider != 'Outpost' || has(self.outpost)",message="spec.outpost is required for provider Outpost: it names the tenant that has the endpoint",reason="FieldValueRequired",fieldPath=".outpost"
// +kubebuilder:validation:XValidation:rule="!has(self.outpost) || self.provider == 'Outpost'",messageExpression="'spec.outpost applies to provider Outpost alone, found provider ' + self.provider",reason="FieldValueForbidden",fieldPath=".outpost"
type WebhookEndpointSpec struct {
	// provider is who sends the webhooks and is asked about them; Receiver asks the app's own end instead.
	// +optional
	// +kubebuilder:default=Stripe
	Provider WebhookVendor `json:"provider,omitempty"`

	// url at which the app receives, as the provider has to know it, to the letter.
	// +required
	// +kubebuilder:validation:MinLength=8
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:Pattern=`^https?://[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?(/[A-Za-z0-9._~%!$&()*+,;=:@/?-]*)?$`
	URL string `json:"url,omitempty"`

	// events that the app handles, by the provider's names for them, such as invoice.paid. The endpoint has to
	// be subscribed to each.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=64
	// +kubebuilder:validation:items:Pattern=`^[A-Za-z0-9_.:/-]+$`
	Events []string `json:"events,omitempty"`

	// stripe is what only provider Stripe needs.
	// +optional
	Stripe *StripeWebhook `json:"stripe,omitempty"`

	// testPing has Mainstay send a signed event to spec.url from time to time, which proves that the app takes it.
	// The app sees it: its type is mainstay.test_ping. The Secret of spec.secretRef holds the signing secret, which
	// is not sent. Nothing is sent unless this is set.
	// +optional
	TestPing *TestPing `json:"testPing,omitempty"`

	// svix is what only provider Svix needs.
	// +optional
	Svix *SvixWebhook `json:"svix,omitempty"`

	// convoy is what only provider Convoy needs.
	// +optional
	Convoy *ConvoyWebhook `json:"convoy,omitempty"`

	// outpost is what only provider Outpost needs.
	// +optional
	Outpost *OutpostWebhook `json:"outpost,omitempty"`

	// What all kinds share: secretRef, endpoint, periodSeconds, readyWhen and more.
	DependencySpec `json:",inline"`
}

// StripeWebhook says which endpoint of Stripe is meant.
type StripeWebhook struct {
	// mode says whether the endpoint is told of real money, Live, or of what is tried out, Test.
	// +required
	Mode StripeMode `json:"mode,omitempty"`

	// account is the connected account that has the endpoint. Where it is not set, the key's own account has.
	// +optional
	// +kubebuilder:validation:MinLength=6
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:Pattern=`^acct_[A-Za-z0-9]+$`
	Account string `json:"account,omitempty"`

	// eventsFrom says whose events the endpoint is for: those of the account itself, Account, or those of the
	// accounts that are connected to it, ConnectedAccounts.
	// +optional
	// +kubebuilder:default=Account
	EventsFrom StripeEventSource `json:"eventsFrom,omitempty"`
}

// StripeEventSource says whose events an endpoint gets.
// +kubebuilder:validation:Enum=Account;ConnectedAccounts
type StripeEventSource string

// The sources of events.
const (
	EventsFromAccount           StripeEventSource = "Account"
	EventsFromConnectedAccounts StripeEventSource = "ConnectedAccounts"
)

// TestPing is a signed event that means nothing, in a rhythm of its own.
type TestPing struct {
	// signature is how the event is signed: StandardWebhooks, in the header webhook-signature, as Svix and many others
	// do; Stripe, in the header Stripe-Signature; HMACSHA256, in the header X-Signature as sha256= with the HMAC of
	// the body in hexadecimal digits.
	// +required
	Signature WebhookSignature `json:"signature,omitempty"`

	// forged is whether another event is sent after one was taken, with a wrong signature: Send or Omit. An app that
	// takes it as well checks no signatures, so that anybody can send it events.
	// +optional
	// +kubebuilder:default=Omit
	Forged ForgedPing `json:"forged,omitempty"`

	// periodSeconds is how often to send, in seconds.
	// +optional
	// +kubebuilder:default=86400
	// +kubebuilder:validation:Minimum=3600
	// +kubebuilder:validation:Maximum=604800
	PeriodSeconds int32 `json:"periodSeconds,omitempty"`
}

// WebhookSignature is how webhooks are signed.
// +kubebuilder:validation:Enum=StandardWebhooks;Stripe;HMACSHA256
type WebhookSignature string

// ForgedPing is whether a test ping with a wrong signature is sent.
// +kubebuilder:validation:Enum=Send;Omit
type ForgedPing string

// The values of spec.testPing.forged.
const (
	SendForgedPing ForgedPing = "Send"
	OmitForgedPing ForgedPing = "Omit"
)

// SvixWebhook says which endpoint of Svix is meant. The region is the one that the token names at its end.
type SvixWebhook struct {
	// application is the id or the uid of the Svix application that has the endpoint.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9_.-]+$`
	Application string `json:"application,omitempty"`
}

// ConvoyWebhook says which endpoint of Convoy is meant.
type ConvoyWebhook struct {
	// project is the id of the Convoy project that has the endpoint.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9_-]+$`
	Project string `json:"project,omitempty"`

	// region of Convoy's cloud that has the project. A server of one's own is named in spec.endpoint instead.
	// +optional
	Region ConvoyRegion `json:"region,omitempty"`
}

// ConvoyRegion is a region of Convoy's cloud.
// +kubebuilder:validation:Enum=US;EU
type ConvoyRegion string

// OutpostWebhook says which endpoint of Outpost is meant.
type OutpostWebhook struct {
	// tenant is the id of the Outpost tenant that has the endpoint.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9_.:@-]+$`
	Tenant string `json:"tenant,omitempty"`
}

// WebhookVendor is a sender of webhooks, or Receiver.
// +kubebuilder:validation:Enum=Stripe;Svix;Convoy;Outpost;Receiver
// +kubebuilder:validation:MaxLength=64
type WebhookVendor string

// WebhookEndpointStatus is what Mainstay found out about a webhook endpoint.
type WebhookEndpointStatus struct {
	DependencyStatus `json:",inline"`
}

// WebhookEndpoint declares that an app depends on receiving webhooks. Mainstay proves with read-only requests
// to the sender that the endpoint is there, enabled and subscribed to what the app handles, and that its
// deliveries arrive; or, at the receiving end, that someone listens.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=wh,categories=dependencies
// +kubebuilder:selectablefield:JSONPath=`.spec.provider`
// +kubebuilder:selectablefield:JSONPath=`.spec.secretRef.name`
// +kubebuilder:selectablefield:JSONPath=`.spec.suspend`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Healthy",type=string,JSONPath=`.status.conditions[?(@.type=="Healthy")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Healthy")].reason`
// +kubebuilder:printcolumn:name="Provider",type=string,JSONPath=`.spec.provider`
// +kubebuilder:printcolumn:name="URL",type=string,JSONPath=`.spec.url`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Healthy")].message`
type WebhookEndpoint struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is what the app needs.
	// +required
	Spec WebhookEndpointSpec `json:"spec"`

	// status is what Mainstay found out.
	// +optional
	// +kubebuilder:default={"observedGeneration":-1}
	Status WebhookEndpointStatus `json:"status,omitzero"`
}

// Provider returns the name of the vendor.
func (w *WebhookEndpoint) Provider() string { return string(w.Spec.Provider) }

// SharedSpec returns the part of the spec that every probed kind has.
func (w *WebhookEndpoint) SharedSpec() *DependencySpec { return &w.Spec.DependencySpec }

// SharedStatus returns the part of the status that every probed kind has.
func (w *WebhookEndpoint) SharedStatus() *DependencyStatus { return &w.Status.DependencyStatus }

// WebhookEndpointList is a list of WebhookEndpoints.
//
// +kubebuilder:object:root=true
type WebhookEndpointList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	// items are the WebhookEndpoints.
	Items []WebhookEndpoint `json:"items"`
}
