// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package providertest

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"

	"mainstay.dev/mainstay/internal/probe"
)

// Nobody is who asks without a token.
const Nobody = "nobody"

// gatewayKey is the key of a Secret under which the API key of a gateway is.
const gatewayKey = "apiKey"

// Expectation is one of the spec of an AccessCheck.
type Expectation struct {
	Name string `json:"name"`
	Deny bool   `json:"deny,omitempty"`
	// As is one of the identities of the credential; nobody where it is empty.
	As string `json:"as,omitempty"`
	// Method is GET where it is empty.
	Method string `json:"method,omitempty"`
	Path   string `json:"path,omitempty"`
	// Table makes it one of PostgREST, and Column and Value those of its rows.
	Schema  string   `json:"schema,omitempty"`
	Table   string   `json:"table,omitempty"`
	Columns []string `json:"columns,omitempty"`
	Column  string   `json:"column,omitempty"`
	Value   string   `json:"value,omitempty"`
}

func accessWants(expectations []Expectation) probe.Wants {
	wants := probe.AccessWants{GatewayKey: gatewayKey}
	for _, e := range expectations {
		expected := probe.Expectation{Name: e.Name, Denied: e.Deny}
		if e.Table == "" {
			expected.HTTP = &probe.HTTPAccess{As: e.As, Method: cmp.Or(e.Method, http.MethodGet), Path: e.Path}
		} else {
			expected.PostgREST = &probe.PostgRESTAccess{As: e.As, Schema: e.Schema, Table: e.Table, Columns: e.Columns}
			if e.Column != "" {
				expected.PostgREST.Rows = &probe.PostgresRows{Column: e.Column, Value: e.Value}
			}
		}
		wants.Expectations = append(wants.Expectations, expected)
	}
	return wants
}

// token is that of an identity: the sample with the name at its end, as the signature of a JWT where it has a role.
func (c Credential) token(name string) string {
	token := c.Sample + "_" + name
	role := c.Identities[name]
	if role == "" {
		return token
	}
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + encode(fmt.Appendf(nil, `{"role":%q}`, role)) + "." + token
}

// identities returns what a Secret holds for all who may ask.
func (c Credential) identities() map[string]string {
	values := map[string]string{}
	for name := range c.Identities {
		values[name] = c.token(name)
	}
	if c.Gateway != "" {
		values[gatewayKey] = c.Gateway
	}
	return values
}

// identity is who asks with a token, whatever the sample; empty for a stranger.
func (c Credential) identity(token string) string {
	if token == "" {
		return Nobody
	}
	for name := range c.Identities {
		if strings.HasSuffix(token, "_"+name) {
			return name
		}
	}
	return ""
}

// knows says whether a token is of one of the identities.
func (c Credential) knows(token string) bool {
	_, known := c.Identities[c.identity(token)]
	return known
}
