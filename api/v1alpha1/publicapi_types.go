// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// PublicAPISpec says which API the app calls with a key, and what the key has to be good for.
//
// +kubebuilder:validation:XValidation:rule="has(self.endpoint)",message="spec.endpoint is required: the base URL of the API, such as https://api.example.com",reason="FieldValueRequired",fieldPath=".endpoint"
// +kubebuilder:validation:XValidation:rule="has(self.secretRef)",message="spec.secretRef is required: name the Secret that holds the API key",reason="FieldValueRequired",fieldPath=".secretRef"
type PublicAPISpec struct {
	// provider is how the API takes its key and says what is wrong. Bearer is any API that takes it as
	// RFC 6750 says; DevSphere is the API of DevSphere OS.
	// +optional
	// +kubebuilder:default=Bearer
	Provider PublicAPIVendor `json:"provider,omitempty"`

	// requests are what the app calls, one each for the scopes that it needs. Mainstay sends each as a GET,
	// so name paths that read and answer little.
	// +required
	// +listType=map
	// +listMapKey=path
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	Requests []APIRequest `json:"requests,omitempty"`

	// rateLimit is what the API allows the key. Mainstay takes no more than 5 % of it.
	// +optional
	RateLimit *RateLimitSpec `json:"rateLimit,omitempty"`

	// expiresAt is when the key expires, where that is known. An event warns 14 days before.
	// +optional
	ExpiresAt *metav1.Time `json:"expiresAt,omitempty"`

	// What all kinds share: secretRef, endpoint, periodSeconds, readyWhen and more.
	DependencySpec `json:",inline"`
}

// APIRequest is one request that the app's key must be good for.
type APIRequest struct {
	// path of the request, with a query where it needs one; it comes after spec.endpoint.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:Pattern=`^/[A-Za-z0-9._~%!$&()*+,;=:@/?-]*$`
	Path string `json:"path,omitempty"`

	// scope that the request needs, by the API's name for it. It is named where the API refuses the key and
	// does not say what is missing.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9_.:/-]+$`
	Scope string `json:"scope,omitempty"`
}

// RateLimitSpec is a rate limit of an API.
type RateLimitSpec struct {
	// requestsPerMinute that the API allows the key, for all who use it together.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000
	RequestsPerMinute int32 `json:"requestsPerMinute,omitempty"`
}

// PublicAPIVendor is a way in which APIs take keys and say what is wrong.
// +kubebuilder:validation:Enum=Bearer;DevSphere
// +kubebuilder:validation:MaxLength=64
type PublicAPIVendor string

// PublicAPIStatus is what Mainstay found out about an API.
type PublicAPIStatus struct {
	DependencyStatus `json:",inline"`
}

// PublicAPI declares that an app calls an API with a key. Mainstay proves with read-only requests that the
// key is accepted, and that it may do what the app needs.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=papi,categories=dependencies
// +kubebuilder:selectablefield:JSONPath=`.spec.provider`
// +kubebuilder:selectablefield:JSONPath=`.spec.secretRef.name`
// +kubebuilder:selectablefield:JSONPath=`.spec.suspend`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Healthy",type=string,JSONPath=`.status.conditions[?(@.type=="Healthy")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Healthy")].reason`
// +kubebuilder:printcolumn:name="Provider",type=string,JSONPath=`.spec.provider`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Healthy")].message`
type PublicAPI struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is what the app needs.
	// +required
	Spec PublicAPISpec `json:"spec"`

	// status is what Mainstay found out.
	// +optional
	// +kubebuilder:default={"observedGeneration":-1}
	Status PublicAPIStatus `json:"status,omitzero"`
}

// Provider returns the name of the vendor.
func (p *PublicAPI) Provider() string { return string(p.Spec.Provider) }

// SharedSpec returns the part of the spec that every probed kind has.
func (p *PublicAPI) SharedSpec() *DependencySpec { return &p.Spec.DependencySpec }

// SharedStatus returns the part of the status that every probed kind has.
func (p *PublicAPI) SharedStatus() *DependencyStatus { return &p.Status.DependencyStatus }

// PublicAPIList is a list of PublicAPIs.
//
// +kubebuilder:object:root=true
type PublicAPIList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	// items are the PublicAPIs.
	Items []PublicAPI `json:"items"`
}
