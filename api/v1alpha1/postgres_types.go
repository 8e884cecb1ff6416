// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// PostgresServer is a database of a PostgreSQL server. What it leaves open is read from the Secret.
//
// The Secret that spec.secretRef names holds the login: a connection URI such as
// postgres://user:password@host:5432/database under spec.secretRef.key where that is set, else the keys
// username and password, and where the spec does not name them host, port and dbname.
type PostgresServer struct {
	// host is the name or the address of the server. The Secret must consent to it through its annotation
	// mainstay.dev/allowed-hosts. Where it is not set, the Secret names the host, and the port with it.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?[.]?$') || isIP(self)",messageExpression="'spec.postgres.host must be a DNS name or an IP address such as db.shop.svc, without a port, found ' + self"
	Host string `json:"host,omitempty"`

	// port of the server; 5432 where neither the spec nor the Secret names one. Where the Secret names the host, it must
	// consent to another port than its own through its annotation mainstay.dev/allowed-hosts.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	Port int32 `json:"port,omitempty"`

	// database to connect to. Where neither the spec nor the Secret names one, it is called like the user.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[^\x00-\x1f\x7f]+$`
	Database string `json:"database,omitempty"`

	// tls says which certificate of the server will do, as sslmode does for psql. VerifyFull: one that a known
	// authority signed for the host. VerifyCA: one that a known authority signed. Require: any; the password is
	// proven to the server then and never told. None: there is no TLS, and the administrator has to allow the host.
	// +optional
	// +kubebuilder:default=VerifyFull
	TLS PostgresTLS `json:"tls,omitempty"`
}

// PostgresTLS says which certificate of a PostgreSQL server will do.
// +kubebuilder:validation:Enum=VerifyFull;VerifyCA;Require;None
type PostgresTLS string

// The values of spec.postgres.tls.
const (
	PostgresTLSVerifyFull PostgresTLS = "VerifyFull"
	PostgresTLSVerifyCA   PostgresTLS = "VerifyCA"
	PostgresTLSRequire    PostgresTLS = "Require"
	PostgresTLSNone       PostgresTLS = "None"
)
