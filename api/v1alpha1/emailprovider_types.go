// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// EmailProviderSpec says which email provider the app uses and what it needs there.
//
// +kubebuilder:validation:XValidation:rule="self.provider in ['None', 'SMTP'] || has(self.secretRef)",messageExpression="'spec.secretRef is required for provider ' + self.provider + ': name the Secret that holds its ' + (self.provider == 'SES' ? 'access key' : 'API key')",reason="FieldValueRequired",fieldPath=".secretRef"
// +kubebuilder:validation:XValidation:rule="self.provider != 'None' || !has(self.endpoint)",message="spec.endpoint does not apply to provider None: choose a provider or remove the endpoint",reason="FieldValueForbidden",fieldPath=".endpoint"
// +kubebuilder:validation:XValidation:rule="!has(self.mailgun) || self.provider == 'Mailgun'",messageExpression="'spec.mailgun applies to provider Mailgun alone, found provider ' + self.provider",reason="FieldValueForbidden",fieldPath=".mailgun"
// +kubebuilder:validation:XValidation:rule="!has(self.ses) || self.provider == 'SES'",messageExpression="'spec.ses applies to provider SES alone, found provider ' + self.provider",reason="FieldValueForbidden",fieldPath=".ses"
// +kubebuilder:validation:XValidation:rule="self.provider != 'SES' || has(self.ses)",message="spec.ses.region is required for provider SES: it has hosts in each region",reason="FieldValueRequired",fieldPath=".ses"
// +kubebuilder:validation:XValidation:rule="self.provider != 'SES' || !has(self.secretRef) || !has(self.secretRef.key)",message="spec.secretRef.key does not apply to provider SES, which reads the keys accessKeyID, secretAccessKey and, where there is one, sessionToken: remove it",reason="FieldValueForbidden",fieldPath=".secretRef.key"
// +kubebuilder:validation:XValidation:rule="!has(self.testEmail) || self.provider in ['Mailgun', 'Postmark', 'Resend', 'SendGrid', 'SES']",messageExpression="'spec.testEmail does not apply to provider ' + self.provider + ', which has no address that takes emails and delivers them to nobody'",reason="FieldValueForbidden",fieldPath=".testEmail"
// +kubebuilder:validation:XValidation:rule="!has(self.testEmail) || has(self.testEmail.from) || has(self.domain)",message="spec.testEmail needs a sender: set spec.domain, or spec.testEmail.from",reason="FieldValueRequired",fieldPath=".testEmail.from"
// +kubebuilder:validation:XValidation:rule="self.provider != 'SMTP' || !has(self.endpoint)",message="spec.endpoint does not apply to provider SMTP: name the server in spec.smtp, as host and port",reason="FieldValueForbidden",fieldPath=".endpoint"
// +kubebuilder:validation:XValidation:rule="self.provider != 'SMTP' || has(self.smtp)",message="spec.smtp is required for provider SMTP: name the mail server, as in smtp: {host: smtp.example.com}",reason="FieldValueRequired",fieldPath=".smtp"
// +kubebuilder:validation:XValidation:rule="self.provider == 'SMTP' || !has(self.smtp)",messageExpression="'spec.smtp applies to provider SMTP alone, found provider ' + self.provider + ': set spec.provider to SMTP or remove spec.smtp'",reason="FieldValueForbidden",fieldPath=".smtp"
// +kubebuilder:validation:XValidation:rule="self.provider != 'SMTP' || !has(self.secretRef) || !has(self.secretRef.key)",message="spec.secretRef.key does not apply to provider SMTP: the user name and the password are read from the keys username and password",reason="FieldValueForbidden",fieldPath=".secretRef.key"
// +kubebuilder:validation:XValidation:rule="self.provider != 'SMTP' || !has(self.dkimSelectors)",message="spec.dkimSelectors does not apply to provider SMTP: name the selectors in spec.smtp.dkimSelectors",reason="FieldValueForbidden",fieldPath=".dkimSelectors"
// +kubebuilder:validation:XValidation:rule="!has(self.dkimSelectors) || has(self.domain)",message="spec.domain is required with spec.dkimSelectors: name the domain that publishes them",reason="FieldValueRequired",fieldPath=".domain"
type EmailProviderSpec struct {
	// provider is the vendor that sends the app's email. None says that none is configured: the
	// object is neither Healthy nor Ready then, and its reason says why.
	// +optional
	// +kubebuilder:default=None
	Provider EmailVendor `json:"provider,omitempty"`

	// domain that the app sends from, such as mail.example.com. It must be verified at the provider.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`
	Domain string `json:"domain,omitempty"`

	// dkimSelectors are the selectors under which the domain publishes the keys that the provider signs its emails
	// with, such as the three tokens of Amazon SES; where none are named, those that the provider is known for.
	// They prove the domain in DNS where the credential may only send, and then each must be there.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=63
	// +kubebuilder:validation:items:Pattern=`^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$`
	DKIMSelectors []string `json:"dkimSelectors,omitempty"`

	// mailgun says where at Mailgun the account is, for provider Mailgun.
	// +optional
	Mailgun *MailgunAccount `json:"mailgun,omitempty"`

	// ses says where at Amazon the identities are, for provider SES.
	// +optional
	SES *SESAccount `json:"ses,omitempty"`

	// testEmail opts in to having the provider accept an email now and then that reaches nobody. It proves
	// what no read-only request does: that the key may send, and that the account may. The provider may bill
	// it, or count it against a quota.
	// +optional
	TestEmail *TestEmail `json:"testEmail,omitempty"`

	// smtp is the mail server of provider SMTP. Its user name and password are the keys username and password of
	// the Secret that spec.secretRef names; a relay that admits the cluster by its network needs none.
	// +optional
	SMTP *SMTPServer `json:"smtp,omitempty"`

	// What all kinds share: secretRef, endpoint, periodSeconds, readyWhen and more.
	DependencySpec `json:",inline"`
}

// SESAccount says which part of Amazon SES sends the app's email.
type SESAccount struct {
	// region of AWS, such as eu-west-1. Identities, the sandbox and quotas are those of one region.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Pattern=`^[a-z]{2}(-[a-z]+)+-[0-9]{1,2}$`
	Region string `json:"region,omitempty"`
}

// TestEmail is an email to the provider's own address for tests, or in its mode for tests, in a rhythm of its
// own.
type TestEmail struct {
	// from is the address of the sender; mainstay-probe at spec.domain where none is named. Its domain must be
	// one that the provider lets the account send from.
	// +optional
	// +kubebuilder:validation:MinLength=3
	// +kubebuilder:validation:MaxLength=254
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9._%+-]{1,64}@([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`
	From string `json:"from,omitempty"`

	// periodSeconds is how often to send, in seconds.
	// +optional
	// +kubebuilder:default=86400
	// +kubebuilder:validation:Minimum=3600
	// +kubebuilder:validation:Maximum=604800
	PeriodSeconds int32 `json:"periodSeconds,omitempty"`
}

// MailgunAccount says where at Mailgun an account is.
type MailgunAccount struct {
	// region of the account and its domains. Keys and domains of one region are unknown to the other.
	// +optional
	// +kubebuilder:default=US
	Region MailgunRegion `json:"region,omitempty"`
}

// MailgunRegion is a region of Mailgun.
// +kubebuilder:validation:Enum=US;EU
type MailgunRegion string

// DefaultMailgunRegion is the region of a spec that says nothing of Mailgun.
const DefaultMailgunRegion MailgunRegion = "US"

// EmailVendor is a vendor of email sending.
// +kubebuilder:validation:Enum=None;Mailgun;Postmark;Resend;SendGrid;SES;SMTP
// +kubebuilder:validation:MaxLength=64
type EmailVendor string

// SMTPServer is a mail server that takes emails over SMTP.
//
// +kubebuilder:validation:XValidation:rule="!has(self.sinkTest) || !has(self.sink) || self.sink != 'Accept'",message="spec.smtp.sinkTest looks for what spec.smtp.sink accepts: remove it, or set sink to Refuse",reason="FieldValueForbidden",fieldPath=".sinkTest"
type SMTPServer struct {
	// host is the name or the address of the server.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?[.]?$') || isIP(self)",messageExpression="'spec.smtp.host must be a DNS name or an IP address such as smtp.example.com, without a port, found ' + self"
	Host string `json:"host,omitempty"`

	// port of the server: 587 for logins with STARTTLS, 465 for TLS from the start, 25 for relays.
	// +optional
	// +kubebuilder:default=587
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	Port int32 `json:"port,omitempty"`

	// tls is how TLS begins: STARTTLS after a greeting in clear, Implicit before all else, None never. With None
	// the user name and the password go over the network in clear, and the administrator has to allow the host.
	// +optional
	// +kubebuilder:default=STARTTLS
	TLS SMTPTLS `json:"tls,omitempty"`

	// dkimSelectors are the selectors under which spec.domain publishes the keys that its emails are signed
	// with. Each must be in DNS.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=63
	// +kubebuilder:validation:items:Pattern=`^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$`
	DKIMSelectors []string `json:"dkimSelectors,omitempty"`

	// sink is Accept where a stub or a sink, which delivers nothing, is what is meant, as in a namespace for
	// development, or where a server is none although it looks like one.
	// +optional
	// +kubebuilder:default=Refuse
	Sink SMTPSinkPolicy `json:"sink,omitempty"`

	// sinkTest opts in to one login now and then with a user name and a password that nobody has: a server that
	// accepts them delivers nothing, as a rule. The server sees a login that fails, and may count it against the
	// cluster's address.
	// +optional
	SinkTest *SinkTest `json:"sinkTest,omitempty"`
}

// SinkTest is a login that has to fail, in a rhythm of its own.
type SinkTest struct {
	// periodSeconds is how often to try, in seconds.
	// +optional
	// +kubebuilder:default=86400
	// +kubebuilder:validation:Minimum=3600
	// +kubebuilder:validation:Maximum=604800
	PeriodSeconds int32 `json:"periodSeconds,omitempty"`
}

// SMTPSinkPolicy says what a mail server that delivers nothing counts as.
// +kubebuilder:validation:Enum=Refuse;Accept
type SMTPSinkPolicy string

// The values of spec.smtp.sink.
const (
	// SMTPSinkRefuse: what delivers nothing is a fault.
	SMTPSinkRefuse SMTPSinkPolicy = "Refuse"
	// SMTPSinkAccept: what delivers nothing is meant.
	SMTPSinkAccept SMTPSinkPolicy = "Accept"
)

// SMTPTLS is how TLS begins at a mail server.
// +kubebuilder:validation:Enum=STARTTLS;Implicit;None
type SMTPTLS string

// The values of spec.smtp.tls.
const (
	SMTPTLSSTARTTLS SMTPTLS = "STARTTLS"
	SMTPTLSImplicit SMTPTLS = "Implicit"
	SMTPTLSNone     SMTPTLS = "None"
)

// EmailProviderStatus is what Mainstay found out about an email provider.
type EmailProviderStatus struct {
	DependencyStatus `json:",inline"`
}

// EmailProvider declares that an app depends on an email provider. Mainstay proves with read-only
// requests that the credential is accepted and that the sending domain is verified. It sends no email, unless
// spec.testEmail asks for one that reaches nobody.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=email,categories=dependencies
// +kubebuilder:selectablefield:JSONPath=`.spec.provider`
// +kubebuilder:selectablefield:JSONPath=`.spec.secretRef.name`
// +kubebuilder:selectablefield:JSONPath=`.spec.suspend`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Healthy",type=string,JSONPath=`.status.conditions[?(@.type=="Healthy")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Healthy")].reason`
// +kubebuilder:printcolumn:name="Provider",type=string,JSONPath=`.spec.provider`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Healthy")].message`
type EmailProvider struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is what the app needs. An empty spec, {}, says that nothing is configured.
	// +required
	Spec EmailProviderSpec `json:"spec"`

	// status is what Mainstay found out.
	// +optional
	// +kubebuilder:default={"observedGeneration":-1}
	Status EmailProviderStatus `json:"status,omitzero"`
}

// Provider returns the name of the vendor.
func (e *EmailProvider) Provider() string { return string(e.Spec.Provider) }

// SharedSpec returns the part of the spec that every probed kind has.
func (e *EmailProvider) SharedSpec() *DependencySpec { return &e.Spec.DependencySpec }

// SharedStatus returns the part of the status that every probed kind has.
func (e *EmailProvider) SharedStatus() *DependencyStatus { return &e.Status.DependencyStatus }

// EmailProviderList is a list of EmailProviders.
//
// +kubebuilder:object:root=true
type EmailProviderList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	// items are the EmailProviders.
	Items []EmailProvider `json:"items"`
}
