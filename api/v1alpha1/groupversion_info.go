// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

// Package v1alpha1 is what users of Mainstay write and read: the custom resources of group mainstay.dev.
//
// A dependency is one object of a probed kind (AIProvider, EmailProvider, …). All probed kinds share
// DependencySpec and DependencyStatus; each adds the few fields that only it needs. A DependencySet says
// which of them an app requires.
//
// +kubebuilder:object:generate=true
// +groupName=mainstay.dev
package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// GroupVersion is the group and version of every kind in this package.
var GroupVersion = schema.GroupVersion{Group: "mainstay.dev", Version: "v1alpha1"}

// AddToScheme registers the kinds of this package with a scheme.
func AddToScheme(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(GroupVersion,
		&AccessCheck{}, &AccessCheckList{},
		&AIProvider{}, &AIProviderList{},
		&EmailProvider{}, &EmailProviderList{},
		&PublicAPI{}, &PublicAPIList{},
		&StripeAccount{}, &StripeAccountList{},
		&WebhookEndpoint{}, &WebhookEndpointList{},
		&AuthProvider{}, &AuthProviderList{},
		&DependencySet{}, &DependencySetList{},
	)
	metav1.AddToGroupVersion(scheme, GroupVersion)
	return nil
}
