// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// DependencySetSpec says what an app requires.
type DependencySetSpec struct {
	// requires lists the dependencies of the app, each of the same namespace as this object.
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	Requires []Requirement `json:"requires,omitempty"`
}

// Requirement is one thing that the app requires: one object, those that a selector matches, or all of a
// kind.
//
// +kubebuilder:validation:XValidation:rule="!has(self.name) || !has(self.selector)",message="name and selector exclude each other: name one object, or select several by their labels"
// +kubebuilder:validation:XValidation:rule="!has(self.name) || !has(self.minHealthy)",message="minHealthy does not apply to a requirement with a name, which is one object: remove one of the two",fieldPath=".minHealthy",reason="FieldValueForbidden"
type Requirement struct {
	// kind of the dependency. Where the namespace has no object of it, that alone is a cause, such as
	// NoEmailProvider.
	// +required
	Kind RequiredKind `json:"kind,omitempty"`

	// name of one object. Without name and selector every object of the kind is required.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$`
	Name string `json:"name,omitempty"`

	// selector matches the labels of the objects that are required. At least one must exist.
	// +optional
	Selector *metav1.LabelSelector `json:"selector,omitempty"`

	// importance is Required where the app is down without it, Optional where it only does less.
	// +optional
	// +kubebuilder:default=Required
	Importance Importance `json:"importance,omitempty"`

	// minHealthy is how many of the objects have to be healthy; all where it is not set.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	MinHealthy int32 `json:"minHealthy,omitempty"`

	// acceptedProviders are those that the app can use, by their names in spec.provider of the kind; all
	// where none is named.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=64
	// +kubebuilder:validation:items:Pattern=`^[A-Za-z0-9]+$`
	AcceptedProviders []string `json:"acceptedProviders,omitempty"`
}

// RequiredKind is a kind that an app may require.
// +kubebuilder:validation:Enum=AccessCheck;AIProvider;AuthProvider;EmailProvider;PublicAPI;StripeAccount;WebhookEndpoint
// +kubebuilder:validation:MaxLength=64
type RequiredKind string

// Importance says what a dependency is to an app.
// +kubebuilder:validation:Enum=Required;Optional
type Importance string

// The values of importance.
const (
	// ImportanceRequired: without it the app is down.
	ImportanceRequired Importance = "Required"
	// ImportanceOptional: without it the app does less.
	ImportanceOptional Importance = "Optional"
)

// DependencySetStatus is what Mainstay found out about what an app requires.
type DependencySetStatus struct {
	// conditions are Configured, Healthy and Ready. Each is the worst of the required entries.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +patchStrategy=merge
	// +patchMergeKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty" patchStrategy:"merge" patchMergeKey:"type"`

	// observedGeneration is the metadata.generation that the conditions speak of; -1 before the first
	// visit.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// summary says in one line how the app fares, such as "Degraded: AI rate limited".
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	Summary string `json:"summary,omitempty"`

	// members are the objects behind the entries of spec.requires, and the entries that have none. What is
	// not healthy comes first; of more than 64 the others are left out.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	Members []Member `json:"members,omitempty"`

	// omittedMembers is how many members are left out.
	// +optional
	// +kubebuilder:validation:Minimum=1
	OmittedMembers int32 `json:"omittedMembers,omitempty"`
}

// Member is one object that an app requires, or a requirement without any.
type Member struct {
	// kind of the member.
	// +required
	Kind RequiredKind `json:"kind,omitempty"`

	// name of the member; absent where no object exists.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`

	// importance of the member to the app.
	// +required
	Importance Importance `json:"importance,omitempty"`

	// provider that the member names.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Provider string `json:"provider,omitempty"`

	// ready is the member's condition of that name. It is False where the app cannot use the member.
	// +required
	// +kubebuilder:validation:Enum="True";"False";"Unknown"
	Ready metav1.ConditionStatus `json:"ready,omitempty"`

	// healthy is the member's condition of that name. It is False where the app cannot use the member.
	// +required
	// +kubebuilder:validation:Enum="True";"False";"Unknown"
	Healthy metav1.ConditionStatus `json:"healthy,omitempty"`

	// reason why healthy is what it is.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	Reason string `json:"reason,omitempty"`
}

// DependencySet declares what an app requires, and tells in one object whether the app has it.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=deps,categories=dependencies
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Healthy",type=string,JSONPath=`.status.conditions[?(@.type=="Healthy")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Healthy")].reason`
// +kubebuilder:printcolumn:name="Summary",type=string,JSONPath=`.status.summary`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Healthy")].message`
type DependencySet struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is what the app requires.
	// +required
	Spec DependencySetSpec `json:"spec"`

	// status is what Mainstay found out.
	// +optional
	// +kubebuilder:default={"observedGeneration":-1}
	Status DependencySetStatus `json:"status,omitzero"`
}

// DependencySetList is a list of DependencySets.
//
// +kubebuilder:object:root=true
type DependencySetList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	// items are the DependencySets.
	Items []DependencySet `json:"items"`
}
