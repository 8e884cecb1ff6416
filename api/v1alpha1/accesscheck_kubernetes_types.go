// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// KubernetesAccess is something that a ServiceAccount does in the namespace of the AccessCheck. Its words are those
// of a review by the API server, which decides as it does for the app itself.
//
// +kubebuilder:validation:XValidation:rule="!has(self.resourceName) || has(self.subresource) || !(self.verb in ['create', 'deletecollection'])",messageExpression="'resourceName does not apply to verb ' + self.verb + ': such a request carries no name when it is decided on'",reason="FieldValueForbidden",fieldPath=".resourceName"
type KubernetesAccess struct {
	// serviceAccountName is the ServiceAccount that acts, such as the one that the app's Pods run as. It is one of
	// the namespace of this object.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$`
	ServiceAccountName string `json:"serviceAccountName,omitempty"`

	// verb is what is done: get, list, watch, create, update, patch, delete, deletecollection, or a special one of
	// RBAC such as use.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z]+$')",messageExpression="'verb must be one verb in lower case such as get, found ' + self + (self == '*' ? ': whether all is allowed says nothing of one verb, so name each in an expectation of its own' : '')"
	Verb string `json:"verb,omitempty"`

	// group is the API group of the resource, such as apps for deployments. It is left out for the core group, which
	// has Pods, Secrets and ConfigMaps.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$')",messageExpression="'group must be the name of an API group without its version, such as apps, found ' + self"
	Group string `json:"group,omitempty"`

	// resource to which it is done, in the plural, such as configmaps. It is one that is in namespaces.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",messageExpression="'resource must be the plural name of one resource, such as pods; its group and its subresource have fields of their own; found ' + self"
	Resource string `json:"resource,omitempty"`

	// subresource of it, such as log or exec of pods.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	Subresource string `json:"subresource,omitempty"`

	// resourceName is the name of the one object that is meant; all of the namespace where it is not set.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[^/%\x00-\x20\x7f]+$`
	ResourceName string `json:"resourceName,omitempty"`
}
