// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// HTTPAccess is a request that somebody sends to an API. It comes after spec.endpoint and reads.
//
// +kubebuilder:validation:XValidation:rule="self.identity != 'Token' || has(self.tokenKey)",message="tokenKey is required: name the key of the Secret that holds the token, or set identity to Nobody to ask without one",reason="FieldValueRequired",fieldPath=".tokenKey"
// +kubebuilder:validation:XValidation:rule="self.identity != 'Nobody' || !has(self.tokenKey)",message="tokenKey does not apply to identity Nobody, who has no token",reason="FieldValueForbidden",fieldPath=".tokenKey"
type HTTPAccess struct {
	// identity is who asks. Token is whoever the token under tokenKey is for. Nobody sends no token, as a
	// stranger does.
	// +optional
	// +kubebuilder:default=Token
	Identity AccessIdentity `json:"identity,omitempty"`

	// tokenKey is the key of the Secret under which the token of who asks is. It is sent as a bearer token.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[-._a-zA-Z0-9]+$`
	TokenKey string `json:"tokenKey,omitempty"`

	// method of the request: GET, HEAD or OPTIONS, since nothing is written to find out.
	// +optional
	// +kubebuilder:default=GET
	Method HTTPMethod `json:"method,omitempty"`

	// path of the request, with a query where it needs one.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:Pattern=`^/[A-Za-z0-9._~%!$&()*+,;=:@/?-]*$`
	Path string `json:"path,omitempty"`
}

// AccessIdentity is who asks over HTTP.
// +kubebuilder:validation:Enum=Token;Nobody
// +kubebuilder:validation:MaxLength=16
type AccessIdentity string

// The values of identity.
const (
	AccessToken  AccessIdentity = "Token"
	AccessNobody AccessIdentity = "Nobody"
)

// HTTPMethod is a method that reads.
// +kubebuilder:validation:Enum=GET;HEAD;OPTIONS
// +kubebuilder:validation:MaxLength=16
type HTTPMethod string

// The values of method.
const (
	HTTPGet     HTTPMethod = "GET"
	HTTPHead    HTTPMethod = "HEAD"
	HTTPOptions HTTPMethod = "OPTIONS"
)

// PostgRESTAccess is something that somebody reads through PostgREST, such as the Data API of Supabase.
//
// The Secret may hold the API key of a gateway that stands before PostgREST, such as the publishable key of a
// Supabase project, under spec.secretRef.key. It is sent with every request, also with those of Nobody.
//
// +kubebuilder:validation:XValidation:rule="self.identity != 'Token' || has(self.tokenKey)",message="tokenKey is required: name the key of the Secret that holds the token, or set identity to Nobody to ask without one",reason="FieldValueRequired",fieldPath=".tokenKey"
// +kubebuilder:validation:XValidation:rule="self.identity != 'Nobody' || !has(self.tokenKey)",message="tokenKey does not apply to identity Nobody, who has no token",reason="FieldValueForbidden",fieldPath=".tokenKey"
type PostgRESTAccess struct {
	// identity is who asks. Token is the user or the role that the token under tokenKey is for. Nobody sends no
	// token and gets what PostgREST gives to anyone, by its anonymous role.
	// +optional
	// +kubebuilder:default=Token
	Identity AccessIdentity `json:"identity,omitempty"`

	// tokenKey is the key of the Secret under which the token of who asks is, a JWT that claims a role. A key that
	// passes row-level security by, such as that of service_role, is refused.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[-._a-zA-Z0-9]+$`
	TokenKey string `json:"tokenKey,omitempty"`

	// verb is what is done. It is Select: what may be written is not proven, since nothing is written.
	// +optional
	// +kubebuilder:default=Select
	Verb PostgRESTVerb `json:"verb,omitempty"`

	// schema that the table is in. PostgREST must serve it; where none is named it takes the first that it
	// serves.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[\x21-\x7e]+$`
	Schema string `json:"schema,omitempty"`

	// table that is read, or view.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[^\x00-\x1f\x7f]+$`
	Table string `json:"table,omitempty"`

	// columns that are read; all of them where none is named.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=63
	// +kubebuilder:validation:items:Pattern=`^[^\x00-\x1f\x7f]+$`
	Columns []string `json:"columns,omitempty"`

	// rows that are meant. With expect Allow at least one of them must be visible. With Deny none may be, which
	// is proven where another expectation shows that such rows are there.
	// +optional
	Rows *PostgresRows `json:"rows,omitempty"`
}

// PostgRESTVerb is what is done through PostgREST.
// +kubebuilder:validation:Enum=Select
// +kubebuilder:validation:MaxLength=16
type PostgRESTVerb string

// PostgRESTSelect reads.
const PostgRESTSelect PostgRESTVerb = "Select"
