// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// StripeAccountSpec says which Stripe account the app takes payments with, and what it needs of it.
//
// +kubebuilder:validation:XValidation:rule="has(self.secretRef)",message="spec.secretRef is required: name the Secret that holds the API key",reason="FieldValueRequired",fieldPath=".secretRef"
type StripeAccountSpec struct {
	// provider is the vendor.
	// +optional
	// +kubebuilder:default=Stripe
	Provider PaymentVendor `json:"provider,omitempty"`

	// mode says whether the app moves real money, Live, or tries things out, Test. A key of the other mode is
	// told of before it is used.
	// +required
	Mode StripeMode `json:"mode,omitempty"`

	// account is the connected account that the app acts for, such as acct_1032D82eZvKYlo2C. Where it is not
	// set, the account is the key's own.
	// +optional
	// +kubebuilder:validation:MinLength=6
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:Pattern=`^acct_[A-Za-z0-9]+$`
	Account string `json:"account,omitempty"`

	// requires is what the app needs of the account, and of the key.
	// +optional
	// +kubebuilder:default={}
	Requires StripeRequirements `json:"requires,omitzero"`

	// What all kinds share: secretRef, endpoint, periodSeconds, readyWhen and more.
	DependencySpec `json:",inline"`
}

// StripeRequirements are what an app needs of a Stripe account.
type StripeRequirements struct {
	// charges says whether the account must be able to take payments.
	// +optional
	// +kubebuilder:default=Required
	Charges StripeNeed `json:"charges,omitempty"`

	// payouts says whether the account's money must reach its bank.
	// +optional
	// +kubebuilder:default=Required
	Payouts StripeNeed `json:"payouts,omitempty"`

	// capabilities must be active, by Stripe's names for them, such as card_payments or transfers.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=64
	// +kubebuilder:validation:items:Pattern=`^[a-z0-9_]+$`
	Capabilities []string `json:"capabilities,omitempty"`

	// permissions that a restricted key must have, by Stripe's names for them. Mainstay proves each with a
	// request for one object, of which it keeps nothing.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=16
	Permissions []StripePermission `json:"permissions,omitempty"`
}

// StripePermission is a permission of a restricted key that reading proves.
// +kubebuilder:validation:Enum=rak_accounts_kyc_basic_read;rak_balance_read;rak_charge_read;rak_checkout_session_read;rak_coupon_read;rak_customer_read;rak_event_read;rak_invoice_read;rak_payment_intent_read;rak_payout_read;rak_plan_read;rak_product_read;rak_subscription_read;rak_webhook_read
// +kubebuilder:validation:MaxLength=64
type StripePermission string

// StripeNeed says whether an app needs something.
// +kubebuilder:validation:Enum=Required;NotRequired
type StripeNeed string

// The values of a StripeNeed.
const (
	StripeRequired    StripeNeed = "Required"
	StripeNotRequired StripeNeed = "NotRequired"
)

// StripeMode says whether real money moves.
// +kubebuilder:validation:Enum=Live;Test
type StripeMode string

// The modes.
const (
	StripeLive StripeMode = "Live"
	StripeTest StripeMode = "Test"
)

// PaymentVendor is a vendor of payments.
// +kubebuilder:validation:Enum=Stripe
// +kubebuilder:validation:MaxLength=64
type PaymentVendor string

// StripeAccountStatus is what Mainstay found out about a Stripe account.
type StripeAccountStatus struct {
	DependencyStatus `json:",inline"`
}

// StripeAccount declares that an app takes payments with a Stripe account. Mainstay proves with read-only
// requests that the key is accepted and of the right mode, and that the account can do what the app needs.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=stripe,categories=dependencies
// +kubebuilder:selectablefield:JSONPath=`.spec.provider`
// +kubebuilder:selectablefield:JSONPath=`.spec.secretRef.name`
// +kubebuilder:selectablefield:JSONPath=`.spec.suspend`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Healthy",type=string,JSONPath=`.status.conditions[?(@.type=="Healthy")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Healthy")].reason`
// +kubebuilder:printcolumn:name="Provider",type=string,JSONPath=`.spec.provider`
// +kubebuilder:printcolumn:name="Mode",type=string,JSONPath=`.spec.mode`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Healthy")].message`
type StripeAccount struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is what the app needs.
	// +required
	Spec StripeAccountSpec `json:"spec"`

	// status is what Mainstay found out.
	// +optional
	// +kubebuilder:default={"observedGeneration":-1}
	Status StripeAccountStatus `json:"status,omitzero"`
}

// Provider returns the name of the vendor.
func (s *StripeAccount) Provider() string { return string(s.Spec.Provider) }

// SharedSpec returns the part of the spec that every probed kind has.
func (s *StripeAccount) SharedSpec() *DependencySpec { return &s.Spec.DependencySpec }

// SharedStatus returns the part of the status that every probed kind has.
func (s *StripeAccount) SharedStatus() *DependencyStatus { return &s.Status.DependencyStatus }

// StripeAccountList is a list of StripeAccounts.
//
// +kubebuilder:object:root=true
type StripeAccountList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	// items are the StripeAccounts.
	Items []StripeAccount `json:"items"`
}
