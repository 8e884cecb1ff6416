// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// AccessCheckSpec says who may do what, and who may not.
//
// +kubebuilder:validation:XValidation:rule="self.provider != 'Postgres' || has(self.secretRef)",message="spec.secretRef is required for provider Postgres: name the Secret that holds the login",reason="FieldValueRequired",fieldPath=".secretRef"
// +kubebuilder:validation:XValidation:rule="has(self.secretRef) || !self.expectations.exists(e, (has(e.http) && has(e.http.tokenKey)) || (has(e.postgREST) && has(e.postgREST.tokenKey)))",message="spec.secretRef is required: name the Secret whose keys tokenKey of spec.expectations means",reason="FieldValueRequired",fieldPath=".secretRef"
// +kubebuilder:validation:XValidation:rule="self.provider != 'HTTP' || !has(self.secretRef) || !has(self.secretRef.key)",message="spec.secretRef.key does not apply to provider HTTP: each of spec.expectations names its own key in tokenKey",reason="FieldValueForbidden",fieldPath=".secretRef.key"
// +kubebuilder:validation:XValidation:rule="self.provider != 'Postgres' || !has(self.endpoint)",message="spec.endpoint does not apply to provider Postgres: name the server in spec.postgres, or in the Secret",reason="FieldValueForbidden",fieldPath=".endpoint"
// +kubebuilder:validation:XValidation:rule="!(self.provider in ['HTTP', 'PostgREST']) || has(self.endpoint)",messageExpression="'spec.endpoint is required for provider ' + self.provider + ': the base URL, such as ' + (self.provider == 'HTTP' ? 'https://api.example.com' : 'https://project.supabase.co/rest/v1')",reason="FieldValueRequired",fieldPath=".endpoint"
// +kubebuilder:validation:XValidation:rule="self.provider == 'Postgres' || !has(self.postgres)",messageExpression="'spec.postgres applies to provider Postgres alone, found provider ' + self.provider",reason="FieldValueForbidden",fieldPath=".postgres"
// +kubebuilder:validation:XValidation:rule="self.provider != 'Postgres' || self.expectations.all(e, has(e.postgres))",message="each of spec.expectations needs postgres, which says what is expected of the database",reason="FieldValueRequired",fieldPath=".expectations"
// +kubebuilder:validation:XValidation:rule="self.provider == 'Postgres' || self.expectations.all(e, !has(e.postgres))",messageExpression="'postgres of spec.expectations applies to provider Postgres alone, found provider ' + self.provider",reason="FieldValueForbidden",fieldPath=".expectations"
// +kubebuilder:validation:XValidation:rule="self.provider != 'HTTP' || self.expectations.all(e, has(e.http))",message="each of spec.expectations needs http, which says who sends which request",reason="FieldValueRequired",fieldPath=".expectations"
// +kubebuilder:validation:XValidation:rule="self.provider == 'HTTP' || self.expectations.all(e, !has(e.http))",messageExpression="'http of spec.expectations applies to provider HTTP alone, found provider ' + self.provider",reason="FieldValueForbidden",fieldPath=".expectations"
// +kubebuilder:validation:XValidation:rule="self.provider != 'PostgREST' || self.expectations.all(e, has(e.postgREST))",message="each of spec.expectations needs postgREST, which says who reads what",reason="FieldValueRequired",fieldPath=".expectations"
// +kubebuilder:validation:XValidation:rule="self.provider == 'PostgREST' || self.expectations.all(e, !has(e.postgREST))",messageExpression="'postgREST of spec.expectations applies to provider PostgREST alone, found provider ' + self.provider",reason="FieldValueForbidden",fieldPath=".expectations"
// +kubebuilder:validation:XValidation:rule="self.provider != 'Kubernetes' || self.expectations.all(e, has(e.kubernetes))",message="each of spec.expectations needs kubernetes, which says what is expected of the cluster",reason="FieldValueRequired",fieldPath=".expectations"
// +kubebuilder:validation:XValidation:rule="self.provider == 'Kubernetes' || self.expectations.all(e, !has(e.kubernetes))",messageExpression="'kubernetes of spec.expectations applies to provider Kubernetes alone, found provider ' + self.provider",reason="FieldValueForbidden",fieldPath=".expectations"
// +kubebuilder:validation:XValidation:rule="self.provider != 'Kubernetes' || !has(self.secretRef)",message="spec.secretRef does not apply to provider Kubernetes: Mainstay asks the API server of its own cluster, as itself",reason="FieldValueForbidden",fieldPath=".secretRef"
// +kubebuilder:validation:XValidation:rule="self.provider != 'Kubernetes' || !has(self.endpoint)",message="spec.endpoint does not apply to provider Kubernetes: Mainstay asks the API server of its own cluster",reason="FieldValueForbidden",fieldPath=".endpoint"
// +kubebuilder:validation:XValidation:rule="self.provider != 'Kubernetes' || !has(self.caRef)",message="spec.caRef does not apply to provider Kubernetes: Mainstay asks the API server of its own cluster",reason="FieldValueForbidden",fieldPath=".caRef"
// +kubebuilder:validation:XValidation:rule="!has(self.caRef) || !has(self.postgres) || !(self.postgres.tls in ['Require', 'None'])",messageExpression="'spec.caRef does not apply where spec.postgres.tls is ' + self.postgres.tls + ', which checks no certificate: set it to VerifyFull or VerifyCA'",reason="FieldValueForbidden",fieldPath=".caRef"
type AccessCheckSpec struct {
	// provider is where access is decided. Postgres is a database of PostgreSQL, with its roles and its row-level
	// security; PostgREST is such a database behind PostgREST, as the Data API of Supabase is; HTTP is any API that
	// takes bearer tokens; Kubernetes is the API server of the cluster, for ServiceAccounts of this namespace.
	// +required
	Provider AccessProvider `json:"provider,omitempty"`

	// postgres is the database of provider Postgres, as far as the Secret does not name it.
	// +optional
	Postgres *PostgresServer `json:"postgres,omitempty"`

	// expectations are what has to be allowed, and what has to be denied. Nothing is written to find out.
	// +required
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	Expectations []AccessExpectation `json:"expectations,omitempty"`

	// What all kinds share: secretRef, endpoint, periodSeconds, readyWhen and more.
	DependencySpec `json:",inline"`
}

// AccessExpectation is one thing that somebody may do, or may not.
type AccessExpectation struct {
	// name of the expectation, by which messages tell it from the others.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	Name string `json:"name,omitempty"`

	// expect is Allow or Deny.
	// +required
	Expect AccessDecision `json:"expect,omitempty"`

	// postgres says who does what in a database, for provider Postgres.
	// +optional
	Postgres *PostgresAccess `json:"postgres,omitempty"`

	// kubernetes says which ServiceAccount does what in this namespace, for provider Kubernetes.
	// +optional
	Kubernetes *KubernetesAccess `json:"kubernetes,omitempty"`

	// http says who sends which request, for provider HTTP.
	// +optional
	HTTP *HTTPAccess `json:"http,omitempty"`

	// postgREST says who reads what, for provider PostgREST.
	// +optional
	PostgREST *PostgRESTAccess `json:"postgREST,omitempty"`
}

// AccessDecision is what is decided on an access.
// +kubebuilder:validation:Enum=Allow;Deny
type AccessDecision string

// The values of expect.
const (
	AccessAllow AccessDecision = "Allow"
	AccessDeny  AccessDecision = "Deny"
)

// PostgresAccess is something that a role does in a database.
//
// +kubebuilder:validation:XValidation:rule="!has(self.rows) || self.verb == 'Select'",messageExpression="'rows applies to verb Select alone, found ' + self.verb + ': which rows may be written is not proven, since nothing is written'",reason="FieldValueForbidden",fieldPath=".rows"
// +kubebuilder:validation:XValidation:rule="!has(self.columns) || self.verb != 'Delete'",message="columns does not apply to verb Delete, which is done to whole rows",reason="FieldValueForbidden",fieldPath=".columns"
type PostgresAccess struct {
	// role that the app acts as, by SET ROLE, such as authenticated. The login must be a member of it. Where it
	// is not set, the login itself acts.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[^\x00-\x1f\x7f]+$`
	// +kubebuilder:validation:XValidation:rule="self != 'none'",message="role must not be none, which is how SET ROLE goes back to the login: leave it out"
	// +kubebuilder:validation:XValidation:rule="size(bytes(self)) <= 63",message="role must be of at most 63 bytes, as long as PostgreSQL lets names be"
	Role string `json:"role,omitempty"`

	// settings that the app makes for each request, such as the claims of a JWT that policies look at.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	Settings []PostgresSetting `json:"settings,omitempty"`

	// verb is what is done. Select is proven by doing it; the others are proven from the privileges and policies
	// that the database lists, and nothing is written.
	// +required
	Verb PostgresVerb `json:"verb,omitempty"`

	// schema that the table is in.
	// +optional
	// +kubebuilder:default=public
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[^\x00-\x1f\x7f]+$`
	// +kubebuilder:validation:XValidation:rule="size(bytes(self)) <= 63",message="schema must be of at most 63 bytes, as long as PostgreSQL lets names be"
	Schema string `json:"schema,omitempty"`

	// table to which it is done, or view.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[^\x00-\x1f\x7f]+$`
	// +kubebuilder:validation:XValidation:rule="size(bytes(self)) <= 63",message="table must be of at most 63 bytes, as long as PostgreSQL lets names be"
	Table string `json:"table,omitempty"`

	// columns that it is done to; the whole table where none is named.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=63
	// +kubebuilder:validation:items:Pattern=`^[^\x00-\x1f\x7f]+$`
	Columns []string `json:"columns,omitempty"`

	// rows that are meant. With expect Allow at least one of them must be visible; with Deny none may be, and
	// row-level security, or a missing privilege, must be what hides them. It applies to verb Select.
	// +optional
	Rows *PostgresRows `json:"rows,omitempty"`
}

// PostgresSetting is a parameter of a session.
type PostgresSetting struct {
	// name of the parameter. It must have a dot in it, such as request.jwt.claims or app.tenant, or be
	// application_name or timezone: others could change the role, or whether policies hold.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z_][A-Za-z0-9_]*([.][A-Za-z_][A-Za-z0-9_]*)+$') || self in ['application_name', 'timezone']",messageExpression="'the name of a setting must have a dot in it, such as request.jwt.claims, or be application_name or timezone, since others could change the role, or whether policies hold; found ' + self"
	Name string `json:"name,omitempty"`

	// value of the parameter; of claims those that policies look at will do. It is no place for a secret.
	// +required
	// +kubebuilder:validation:MinLength=0
	// +kubebuilder:validation:MaxLength=1024
	Value *string `json:"value,omitempty"`
}

// PostgresRows are the rows of a table whose column has a value.
type PostgresRows struct {
	// column that is compared.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[^\x00-\x1f\x7f]+$`
	// +kubebuilder:validation:XValidation:rule="size(bytes(self)) <= 63",message="column must be of at most 63 bytes, as long as PostgreSQL lets names be"
	Column string `json:"column,omitempty"`

	// value that it has, written as PostgreSQL writes it. An index on the column keeps the probe cheap.
	// +required
	// +kubebuilder:validation:MinLength=0
	// +kubebuilder:validation:MaxLength=1024
	Value *string `json:"value,omitempty"`
}

// PostgresVerb is what is done to a table.
// +kubebuilder:validation:Enum=Select;Insert;Update;Delete
// +kubebuilder:validation:MaxLength=16
type PostgresVerb string

// The values of verb.
const (
	PostgresSelect PostgresVerb = "Select"
	PostgresInsert PostgresVerb = "Insert"
	PostgresUpdate PostgresVerb = "Update"
	PostgresDelete PostgresVerb = "Delete"
)

// AccessProvider is a place where access is decided.
// +kubebuilder:validation:Enum=HTTP;Kubernetes;PostgREST;Postgres
// +kubebuilder:validation:MaxLength=64
type AccessProvider string

// Providers whose identities are tokens.
const (
	AccessHTTP      AccessProvider = "HTTP"
	AccessPostgREST AccessProvider = "PostgREST"
)

// AccessCheckStatus is what Mainstay found out about who may do what.
type AccessCheckStatus struct {
	DependencyStatus `json:",inline"`
}

// AccessCheck declares who may do what at a dependency, and who may not. Mainstay proves it without writing
// anything, and names the layer that decided: the token, its role and scopes, the role's permissions, row-level
// security, or in a cluster its roles and bindings.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=access,categories=dependencies
// +kubebuilder:selectablefield:JSONPath=`.spec.provider`
// +kubebuilder:selectablefield:JSONPath=`.spec.secretRef.name`
// +kubebuilder:selectablefield:JSONPath=`.spec.suspend`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Healthy",type=string,JSONPath=`.status.conditions[?(@.type=="Healthy")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Healthy")].reason`
// +kubebuilder:printcolumn:name="Provider",type=string,JSONPath=`.spec.provider`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Healthy")].message`
type AccessCheck struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is what is expected.
	// +required
	Spec AccessCheckSpec `json:"spec"`

	// status is what Mainstay found out.
	// +optional
	// +kubebuilder:default={"observedGeneration":-1}
	Status AccessCheckStatus `json:"status,omitzero"`
}

// Provider returns the name of the provider.
func (a *AccessCheck) Provider() string { return string(a.Spec.Provider) }

// PostgresServer returns the database of the spec; nil where it names none.
func (a *AccessCheck) PostgresServer() *PostgresServer { return a.Spec.Postgres }

// SharedSpec returns the part of the spec that every probed kind has.
func (a *AccessCheck) SharedSpec() *DependencySpec { return &a.Spec.DependencySpec }

// SharedStatus returns the part of the status that every probed kind has.
func (a *AccessCheck) SharedStatus() *DependencyStatus { return &a.Status.DependencyStatus }

// AccessCheckList is a list of AccessChecks.
//
// +kubebuilder:object:root=true
type AccessCheckList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	// items are the AccessChecks.
	Items []AccessCheck `json:"items"`
}
