// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"mainstay.dev/mainstay/internal/probe"
)

// oidc is an issuer of OpenID Connect. Its discovery document says where all else is, and its keys are what apps
// check tokens with. Neither needs a credential; a client has one, and may be tried out.
var oidc = Provider{
	Kind: "AuthProvider", Name: "OIDC",
	Called: "the issuer", Credential: "client",
	// A client ID is printable characters, blanks among them (RFC 6749, appendix A.1; verified 2026-11).
	Keys: []Key{{Name: probe.ClientID, Spaced: true}, {Name: probe.ClientSecret, Chosen: true}},
	Steps: []Step{
		{
			Path:    "/.well-known/openid-configuration",
			Missing: probe.DiscoveryNotFound, Guarded: probe.DiscoveryNotPublic, Read: readDiscovery,
		},
		{
			URL: func(page *Page) string { return issuerOf(page).keys }, Unread: probe.SigningKeysNotReadable,
			Read: readSigningKeys,
		},
		clientStep,
	},
	Rules: oidcRules,
	Facts: Facts{
		Proves: []string{
			"the discovery document is there, and calls the issuer exactly as `spec.endpoint` does",
			"it names what apps need, over https alone", "its keys can be read and used, and none of them is a private one",
			"there is a key for one of the algorithms with which it signs",
		},
		CannotProve: []string{
			"that a user can sign in, which takes a browser", "that a redirect URI is registered",
			"the client, unless the spec opts in to that", "that the keys are those of tokens already issued",
		},
		OptIn: []string{
			"with `spec.oidc.clientCredentials`: the client and its secret are accepted, it may use the grant, and gets every scope asked for; the token is dropped at once",
		},
		Requests: "2; 1 for a token",
		Source:   "OpenID Connect Discovery 1.0, RFC 6749, RFC 7517, RFC 7518; texts of Keycloak, Entra ID and Auth0 from public reports", Verified: "2026-11",
	},
}

// entraID says where what is known of the errors of Entra ID comes from.
const entraID = "public reports on Entra ID"

var oidcRules = []probe.Rule{
	{
		Code: "invalid_client", Message: "aadsts7000222", Means: probe.ClientSecretExpired,
		Source: entraID, Verified: "2026-11",
	},
	{
		Code: "invalid_client", Means: probe.ClientRejected,
		Source: "RFC 6749, section 5.2", Verified: "2026-11",
	},
	{
		// Keycloak has this code for a wrong secret too.
		Code: "unauthorized_client", Message: "invalid client", Means: probe.ClientRejected,
		Source: "public reports on Keycloak", Verified: "2026-11",
	},
	{
		// AADSTS700016 of Entra ID, for a client ID that it does not know.
		Code: "unauthorized_client", Message: "was not found in the directory", Means: probe.ClientRejected,
		Source: entraID, Verified: "2026-11",
	},
	{
		Code: "unauthorized_client", Means: probe.ClientNotAllowed,
		Source: "RFC 6749, section 5.2", Verified: "2026-11",
	},
	{
		Code: "invalid_request", Message: "grant type is not allowed for this client", Means: probe.ClientNotAllowed,
		Source: "answers of oidc-provider 9.13.3", Verified: "2026-11",
	},
	{
		// Auth0 says so of a client that has no grant for the audience.
		Code: "access_denied", Means: probe.ClientNotAllowed,
		Source: "public reports on Auth0", Verified: "2026-11",
	},
	{
		// AADSTS1002012, for one of users.
		Code: "invalid_scope", Message: "/.default", Means: probe.ScopeMalformed,
		Source: entraID, Verified: "2026-11",
	},
	{
		Code: "invalid_scope", Message: "aadsts70011", Means: probe.ScopeMalformed,
		Source: entraID, Verified: "2026-11",
	},
	{
		Code: "invalid_scope", Means: probe.ScopeMissing,
		Source: "RFC 6749, section 5.2", Verified: "2026-11",
	},
	{
		Code: "unsupported_grant_type", Means: probe.GrantNotOffered,
		Source: "RFC 6749, section 5.2", Verified: "2026-11",
	},
}

// issuer is what a discovery document told that later steps need. What is not to be asked is empty.
type issuer struct {
	keys, token string
	// client is how a client authenticates; empty where it has no way that needs no more than a secret.
	client probe.ClientMethod
	// algorithms are those with which tokens are signed.
	algorithms []string
}

func issuerOf(page *Page) issuer {
	i, _ := page.Memory.(issuer)
	return i
}

func ofAuth(w probe.Wants) probe.AuthWants {
	wants, _ := w.(probe.AuthWants)
	return wants
}

// discovery is what is decoded of a discovery document.
type discovery struct {
	Issuer        string          `json:"issuer"`
	Authorization string          `json:"authorization_endpoint"`
	Token         string          `json:"token_endpoint"`
	Keys          string          `json:"jwks_uri"`
	Algorithms    json.RawMessage `json:"id_token_signing_alg_values_supported"`
	Clients       json.RawMessage `json:"token_endpoint_auth_methods_supported"`
}

// readDiscovery judges a discovery document, the gravest first, and keeps what later steps need.
func readDiscovery(page *Page) error {
	var d discovery
	if err := json.Unmarshal(page.Body, &d); err != nil {
		return fmt.Errorf("discovery document: %w", err)
	}
	if d.Issuer == "" {
		return errors.New("expected a discovery document with its issuer, found none")
	}
	algorithms, err := words(d.Algorithms)
	if err != nil {
		return fmt.Errorf("signing algorithms: %w", err)
	}
	methods, err := words(d.Clients)
	if err != nil {
		return fmt.Errorf("methods of clients: %w", err)
	}
	wants := ofAuth(page.Wants)
	switch {
	case d.Issuer == wants.Issuer:
	case strings.Contains(d.Issuer, "{"): // As that of Entra ID for all tenants, {tenantid}.
		page.Outcome.Fail(probe.IssuerIsTemplate)
	default:
		page.Outcome.Fail(probe.WrongIssuer, append([]string{wants.Issuer}, probe.Tokens(d.Issuer)...)...)
	}
	found := issuer{algorithms: algorithms, keys: d.Keys, token: d.Token, client: clientMethod(methods)}
	for _, e := range d.endpoints(wants) {
		if fault := e.fault(wants.Issuer); fault != (probe.Symptom{}) {
			page.Outcome.Fail(fault, e.name)
			*e.keep(&found) = ""
		}
	}
	if wants.Client.Asked && found.token != "" && found.client == "" {
		page.Outcome.Set(probe.Authenticated, probe.Finding{Result: probe.Unprovable, Symptom: probe.ClientNotShown})
	}
	if differs(page.Header, time.Now()) {
		page.Outcome.Set(probe.Reachable, probe.Finding{Result: probe.Passed, Symptom: probe.ClocksDiffer})
	}
	page.Memory = found
	return nil
}

// namedEndpoint is a URL of a discovery document.
type namedEndpoint struct{ name, url string }

// endpoints are those that the spec's app needs: a client that asks for tokens of its own has no browser to send
// anywhere.
func (d discovery) endpoints(wants probe.AuthWants) []namedEndpoint {
	needed := []namedEndpoint{{"jwks_uri", d.Keys}, {"token_endpoint", d.Token}}
	if !wants.Client.Asked {
		needed = append(needed, namedEndpoint{"authorization_endpoint", d.Authorization})
	}
	return needed
}

// fault says what is wrong with an endpoint. It may be plain http where the issuer itself is, which takes an
// administrator who admits that.
func (e namedEndpoint) fault(issuer string) probe.Symptom {
	u, err := url.Parse(e.url)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http":
		return probe.DiscoveryIncomplete
	case u.Scheme == "http" && !strings.HasPrefix(issuer, "http:"):
		return probe.DiscoveryInClear
	}
	return probe.Symptom{}
}

// keep is where an issuer has the endpoint.
func (e namedEndpoint) keep(i *issuer) *string {
	switch e.name {
	case "jwks_uri":
		return &i.keys
	case "token_endpoint":
		return &i.token
	}
	return new(string)
}

// maxWords is how many words of a list are read.
const maxWords = 64

// words reads a list of texts.
func words(list json.RawMessage) (found []string, err error) {
	err = each(list, func(word string) {
		if len(found) < maxWords {
			found = append(found, word)
		}
	})
	return found, err
}

// clientMethod picks how a client authenticates. Who lists no methods takes HTTP Basic authentication, says
// OpenID Connect Discovery.
func clientMethod(listed []string) probe.ClientMethod {
	switch {
	case len(listed) == 0, slices.Contains(listed, string(probe.ClientSecretBasic)):
		return probe.ClientSecretBasic
	case slices.Contains(listed, string(probe.ClientSecretPost)):
		return probe.ClientSecretPost
	}
	return ""
}

// clockTolerance is how far clocks may be apart: apps commonly grant tokens a minute or two.
const clockTolerance = 2 * time.Minute

// differs says whether the clock behind an answer is far from ours. An answer from a cache is older than it was
// when it was given.
func differs(header http.Header, now time.Time) bool {
	date, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		return false
	}
	age, err := strconv.ParseInt(header.Get("Age"), 10, 32)
	if err != nil {
		age = 0
	}
	return now.Sub(date.Add(time.Duration(age)*time.Second)).Abs() > clockTolerance
}
