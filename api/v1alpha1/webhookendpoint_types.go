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
// +kubebuilder:validation:XValidation:rule="self.provider != 'Postgres' || has(self.postgres)",message="spec.postgres is required for provider Postgres: it names the view that has the app's webhook endpoints",reason="FieldValueRequired",fieldPath=".postgres"
// +kubebuilder:validation:XValidation:rule="!has(self.postgres) || self.provider == 'Postgres'",messageExpression="'spec.postgres applies to provider Postgres alone, found provider ' + self.provider",reason="FieldValueForbidden",fieldPath=".postgres"
// +kubebuilder:validation:XValidation:rule="self.provider != 'Postgres' || !has(self.endpoint)",message="spec.endpoint does not apply to provider Postgres: name the server in spec.postgres, or in the Secret",reason="FieldValueForbidden",fieldPath=".endpoint"
// +kubebuilder:validation:XValidation:rule="!has(self.caRef) || !has(self.postgres) || !(self.postgres.tls in ['Require', 'None'])",messageExpression="'spec.caRef does not apply where spec.postgres.tls is ' + self.postgres.tls + ', which checks no certificate: set it to VerifyFull or VerifyCA'",reason="FieldValueForbidden",fieldPath=".caRef"
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

	// postgres is the database out of which an app sends webhooks itself, for provider Postgres. Its server is named
	// as far as the Secret does not name it.
	// +optional
	Postgres *PostgresWebhook `json:"postgres,omitempty"`

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
//
// +kubebuilder:validation:XValidation:rule="!has(self.stripeVersion) || self.signature == 'Stripe'",messageExpression="'stripeVersion applies to signature Stripe alone, found ' + self.signature",reason="FieldValueForbidden",fieldPath=".stripeVersion"
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

	// stripeVersion is the version of Stripe's API that the event says it has, with signature Stripe: that of the
	// endpoint at Stripe. Some libraries of Stripe refuse events of another one than their own, as they refuse a wrong
	// signature. Where it is not set it is the one that Mainstay speaks.
	// +optional
	// +kubebuilder:validation:MinLength=10
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Pattern=`^[0-9]{4}-[0-9]{2}-[0-9]{2}([.][a-z]+)?$`
	StripeVersion string `json:"stripeVersion,omitempty"`

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

// PostgresWebhook is a database with the tables of an app that sends webhooks itself. Mainstay reads views of them,
// whose columns have the names that it knows.
type PostgresWebhook struct {
	PostgresServer `json:",inline"`

	// endpoints is the view of the app's webhook endpoints, with the columns url (text), enabled (boolean) and
	// events (text[]; NULL for all, and * in an element for whatever follows).
	// +required
	Endpoints PostgresView `json:"endpoints,omitzero"`

	// deliveries is the view of what is sent to them, with the columns url (text), state (text: waiting, retrying,
	// delivered or dead), status (a number: the HTTP status of the last attempt), created_at and attempted_at
	// (timestamptz). Where it is not set nothing is said of deliveries.
	// +optional
	Deliveries *PostgresView `json:"deliveries,omitempty"`
}

// PostgresView is a view, or a table, of a database of PostgreSQL.
type PostgresView struct {
	// schema of the view.
	// +optional
	// +kubebuilder:default=public
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[A-Za-z_][A-Za-z0-9_$]*$`
	Schema string `json:"schema,omitempty"`

	// view is its name.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[A-Za-z_][A-Za-z0-9_$]*$`
	View string `json:"view,omitempty"`
}

// WebhookVendor is a sender of webhooks, or Receiver.
// +kubebuilder:validation:Enum=Stripe;Svix;Convoy;Outpost;Postgres;Receiver
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

// PostgresServer returns the database of provider Postgres; nil where the spec has none.
func (w *WebhookEndpoint) PostgresServer() *PostgresServer {
	if w.Spec.Postgres == nil {
		return nil
	}
	return &w.Spec.Postgres.PostgresServer
}

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
