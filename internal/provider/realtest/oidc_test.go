// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package realtest_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"mainstay.dev/mainstay/internal/probe"
	"mainstay.dev/mainstay/internal/provider/providertest"
)

// issuer is oidc-provider, which passes the tests of the OpenID Foundation.
type issuer struct {
	place
	url string
}

// What the clients of the issuer are called, and the secret of them all.
const (
	allowedClient = "shop backend" // A blank has to be encoded, and encoded alike on both sides.
	webClient     = "shop-web"
	clientSecret  = "right+secret/of%the=client"
)

// issuerScript runs an issuer at a port. As OAuth 2.0 is had by apps without users, it offers the
// client-credentials grant; who must not use it has another one.
const issuerScript = `
const [, , library, folder, port, secret, methods] = process.argv;
const fs = require("fs"), https = require("https");
const client = (client_id, token_endpoint_auth_method, grant_types) => ({
  client_id, client_secret: secret, token_endpoint_auth_method, grant_types,
  redirect_uris: grant_types.includes("authorization_code") ? ["https://shop.example.com/callback"] : [],
  response_types: grant_types.includes("authorization_code") ? ["code"] : [],
  scope: "orders:read",
});
import(library + "/lib/index.js").then(({default: Provider}) => {
  const provider = new Provider("https://127.0.0.1:" + port, {
    features: {clientCredentials: {enabled: true}, devInteractions: {enabled: false}},
    scopes: ["orders:read", "orders:write"],
    clientAuthMethods: methods.split(","),
    clients: [
      client("shop backend", methods.split(",")[0], ["client_credentials"]),
      client("shop-web", methods.split(",")[0], ["authorization_code"]),
    ],
  });
  https.createServer({key: fs.readFileSync(folder + "/key.pem"), cert: fs.readFileSync(folder + "/cert.pem")}, provider.callback())
    .listen(Number(port), "127.0.0.1");
});
`

// startIssuer starts one whose clients authenticate by these methods.
func startIssuer(t *testing.T, methods string) issuer {
	t.Helper()
	cache, _ := os.UserCacheDir()
	module := filepath.Join(cache, "mainstay", "npm", "node_modules", "oidc-provider")
	_, noNode := exec.LookPath("node")
	_, noModule := os.Stat(module)
	providertest.Need(t, noNode == nil && noModule == nil, "oidc-provider")
	i := issuer{place: newPlace(t)}
	port := i.freePort()
	i.url = "https://127.0.0.1:" + port
	i.write("issuer.js", issuerScript)
	command := exec.Command("node", i.path("issuer.js"), module, i.folder, port, clientSecret, methods)
	log, err := os.Create(i.path("issuer.log"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = log.Close()
		if said, _ := os.ReadFile(log.Name()); t.Failed() {
			t.Logf("the issuer said:\n%s", said)
		}
	})
	command.Stdout, command.Stderr = log, log
	i.background(command)
	i.await("the issuer listens", func() bool { return answers(port) })
	return i
}

// target asks for a token with scopes, as a client.
func (i issuer) target(client, secret string, scopes ...string) probe.Target {
	return probe.Target{
		Kind: "AuthProvider", Provider: "OIDC", BaseURL: i.url, OwnHost: true, CA: i.ca, OptInDue: true,
		Wants:      probe.AuthWants{Issuer: i.url, Client: probe.ClientWants{Asked: true, Scopes: scopes}},
		Credential: probe.NewSecretOf(map[string]string{probe.ClientID: client, probe.ClientSecret: secret}),
	}
}

// granted is what a client comes to that gets its token.
var granted = map[string]string{
	"Reachable": "Passed", "Authenticated": "Passed", "Authorized": "Passed", "Provisioned": "Passed", "Working": "Passed",
}

func TestOIDCProvider(t *testing.T) {
	t.Parallel()
	server := startIssuer(t, "client_secret_basic")
	t.Run("an issuer without a client", func(t *testing.T) {
		target := server.target("", "")
		target.Wants, target.Credential, target.OptInDue = probe.AuthWants{Issuer: server.url}, probe.Secret{}, false
		expect(t, target, map[string]string{
			"Reachable": "Passed", "Authenticated": "NotApplicable", "Authorized": "NotApplicable", "Provisioned": "Passed",
			"Working": "NotApplicable",
		})
	})
	t.Run("a client with the right secret", func(t *testing.T) { expect(t, server.target(allowedClient, clientSecret, "orders:read"), granted) })
	t.Run("a wrong secret", func(t *testing.T) {
		expect(t, server.target(allowedClient, "wrong"), map[string]string{
			"Reachable": "Passed", "Authenticated": "Failed ClientRejected", "Provisioned": "Passed",
		})
	})
	t.Run("an unknown client", func(t *testing.T) {
		expect(t, server.target("nobody", clientSecret), map[string]string{
			"Reachable": "Passed", "Authenticated": "Failed ClientRejected", "Provisioned": "Passed",
		})
	})
	t.Run("a client that may not use the grant", func(t *testing.T) {
		expect(t, server.target(webClient, clientSecret), map[string]string{
			"Reachable": "Passed", "Authenticated": "Passed", "Authorized": "Failed ClientNotAllowed", "Provisioned": "Passed",
		})
	})
	t.Run("a scope that the client may not have", func(t *testing.T) {
		expect(t, server.target(allowedClient, clientSecret, "orders:write"), map[string]string{
			"Reachable": "Passed", "Authenticated": "Passed", "Authorized": "Failed ScopeMissing orders:write", "Provisioned": "Passed",
		})
	})
	t.Run("another issuer", func(t *testing.T) {
		target := server.target("", "")
		target.Wants, target.Credential, target.OptInDue = probe.AuthWants{Issuer: server.url + "/"}, probe.Secret{}, false
		expect(t, target, map[string]string{
			"Reachable": "Passed", "Authenticated": "NotApplicable", "Authorized": "NotApplicable",
			"Provisioned": "Failed WrongIssuer " + server.url + "/ " + server.url, "Working": "NotApplicable",
		})
	})
}

func TestOIDCProviderThatWantsTheSecretInTheForm(t *testing.T) {
	t.Parallel()
	server := startIssuer(t, "client_secret_post")
	expect(t, server.target(allowedClient, clientSecret, "orders:read"), granted)
}

func TestOIDCProviderThatWantsAKey(t *testing.T) {
	t.Parallel()
	server := startIssuer(t, "client_secret_jwt")
	expect(t, server.target(allowedClient, clientSecret), map[string]string{
		"Reachable": "Passed", "Authenticated": "Unprovable ClientNotShown", "Provisioned": "Passed", "Working": "NotApplicable",
	})
}
