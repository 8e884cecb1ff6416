// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// AuthProviderSpec says where users of the app sign in, or the app itself.
//
// +kubebuilder:validation:XValidation:rule="has(self.endpoint)",message="spec.endpoint is required: the issuer to the letter, such as https://login.example.com/realms/shop, or the URL of the Supabase project",reason="FieldValueRequired",fieldPath=".endpoint"
// +kubebuilder:validation:XValidation:rule="self.provider == 'OIDC' || !has(self.oidc)",message="spec.oidc applies to provider OIDC alone: choose that provider or remove it",reason="FieldValueForbidden",fieldPath=".oidc"
// +kubebuilder:validation:XValidation:rule="self.provider == 'Supabase' || !has(self.supabase)",message="spec.supabase applies to provider Supabase alone: choose that provider or remove it",reason="FieldValueForbidden",fieldPath=".supabase"
// +kubebuilder:validation:XValidation:rule="self.provider != 'Supabase' || has(self.secretRef)",message="spec.secretRef is required for provider Supabase: name the Secret that holds the project's publishable key",reason="FieldValueRequired",fieldPath=".secretRef"
// +kubebuilder:validation:XValidation:rule="!has(self.oidc) || !has(self.oidc.clientCredentials) || has(self.secretRef)",message="spec.oidc.clientCredentials needs spec.secretRef: name the Secret that holds the client under the keys clientID and clientSecret",reason="FieldValueRequired",fieldPath=".secretRef"
// +kubebuilder:validation:XValidation:rule="self.provider != 'OIDC' || !has(self.secretRef) || has(self.oidc) && has(self.oidc.clientCredentials)",message="spec.secretRef is for spec.oidc.clientCredentials: an issuer shows all else without a credential, so set that or remove the Secret",reason="FieldValueForbidden",fieldPath=".secretRef"
// +kubebuilder:validation:XValidation:rule="self.provider != 'OIDC' || !has(self.secretRef) || !has(self.secretRef.key)",message="spec.secretRef.key does not apply to provider OIDC, which reads the keys clientID and clientSecret: remove it",reason="FieldValueForbidden",fieldPath=".secretRef.key"
type AuthProviderSpec struct {
	// provider is what users sign in with: OIDC is any issuer of OpenID Connect, Supabase the sign-in of a
	// Supabase project.
	// +optional
	// +kubebuilder:default=OIDC
	Provider AuthVendor `json:"provider,omitempty"`

	// oidc is what only provider OIDC needs.
	// +optional
	OIDC *OIDCSpec `json:"oidc,omitempty"`

	// supabase is what only provider Supabase needs.
	// +optional
	Supabase *SupabaseAuthSpec `json:"supabase,omitempty"`

	// What all kinds share: secretRef, endpoint, periodSeconds, readyWhen and more.
	DependencySpec `json:",inline"`
}

// ClientCredentials returns the client that the spec opts in to try out; nil for none.
func (s AuthProviderSpec) ClientCredentials() *ClientCredentialsSpec {
	if s.OIDC == nil {
		return nil
	}
	return s.OIDC.ClientCredentials
}

// OIDCSpec says what an app needs of an issuer besides its keys.
type OIDCSpec struct {
	// clientCredentials opts in to asking for a token now and then, as an app does that calls others on its own
	// account. It proves the client, its secret and its scopes. Issuers count such tokens, and some bill them.
	// +optional
	ClientCredentials *ClientCredentialsSpec `json:"clientCredentials,omitempty"`
}

// ClientCredentialsSpec is a token that is asked for by the client-credentials grant of OAuth 2.0, in a rhythm of
// its own. It is dropped at once.
type ClientCredentialsSpec struct {
	// scopes that the client must be granted, all of them.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=64
	// +kubebuilder:validation:items:Pattern=`^[A-Za-z0-9_.:/-]+$`
	Scopes []string `json:"scopes,omitempty"`

	// audience that the token is for, at issuers that ask for one, such as Auth0.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:Pattern=`^[!-~]+$`
	Audience string `json:"audience,omitempty"`

	// periodSeconds is how often to ask, in seconds.
	// +optional
	// +kubebuilder:default=3600
	// +kubebuilder:validation:Minimum=300
	// +kubebuilder:validation:Maximum=604800
	PeriodSeconds int32 `json:"periodSeconds,omitempty"`
}

// SupabaseAuthSpec says what an app needs of the sign-in of a Supabase project.
type SupabaseAuthSpec struct {
	// signInMethods by which users sign in, by Supabase's names for them, such as email, phone, google or
	// linkedin_oidc. Each must be on.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=64
	// +kubebuilder:validation:items:Pattern=`^[a-z0-9_]+$`
	SignInMethods []string `json:"signInMethods,omitempty"`

	// signUps says whether new users must be able to sign up.
	// +optional
	// +kubebuilder:default=NotRequired
	SignUps SignUpNeed `json:"signUps,omitempty"`
}

// SignUpNeed says whether an app needs that users can sign up.
// +kubebuilder:validation:Enum=Required;NotRequired
type SignUpNeed string

// The values of a SignUpNeed.
const (
	SignUpsRequired    SignUpNeed = "Required"
	SignUpsNotRequired SignUpNeed = "NotRequired"
)

// AuthVendor is what users sign in with.
// +kubebuilder:validation:Enum=OIDC;Supabase
// +kubebuilder:validation:MaxLength=64
type AuthVendor string

// The vendors of sign-in.
const (
	AuthOIDC     AuthVendor = "OIDC"
	AuthSupabase AuthVendor = "Supabase"
)

// AuthProviderStatus is what Mainstay found out about sign-in.
type AuthProviderStatus struct {
	DependencyStatus `json:",inline"`
}

// AuthProvider declares that users of an app, or the app itself, sign in somewhere. Mainstay proves with
// read-only requests that the issuer is the one that apps expect, and that its keys can be used; whether a client
// is accepted takes spec.oidc.clientCredentials.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=auth,categories=dependencies
// +kubebuilder:selectablefield:JSONPath=`.spec.provider`
// +kubebuilder:selectablefield:JSONPath=`.spec.secretRef.name`
// +kubebuilder:selectablefield:JSONPath=`.spec.suspend`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Healthy",type=string,JSONPath=`.status.conditions[?(@.type=="Healthy")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Healthy")].reason`
// +kubebuilder:printcolumn:name="Provider",type=string,JSONPath=`.spec.provider`
// +kubebuilder:printcolumn:name="Endpoint",type=string,JSONPath=`.spec.endpoint`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Healthy")].message`
type AuthProvider struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is what the app needs.
	// +required
	Spec AuthProviderSpec `json:"spec"`

	// status is what Mainstay found out.
	// +optional
	// +kubebuilder:default={"observedGeneration":-1}
	Status AuthProviderStatus `json:"status,omitzero"`
}

// Provider returns the name of the vendor.
func (a *AuthProvider) Provider() string { return string(a.Spec.Provider) }

// SharedSpec returns the part of the spec that every probed kind has.
func (a *AuthProvider) SharedSpec() *DependencySpec { return &a.Spec.DependencySpec }

// SharedStatus returns the part of the status that every probed kind has.
func (a *AuthProvider) SharedStatus() *DependencyStatus { return &a.Status.DependencyStatus }

// AuthProviderList is a list of AuthProviders.
//
// +kubebuilder:object:root=true
type AuthProviderList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	// items are the AuthProviders.
	Items []AuthProvider `json:"items"`
}
