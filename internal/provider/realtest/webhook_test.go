// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package realtest_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mainstay.dev/mainstay/internal/probe"
	"mainstay.dev/mainstay/internal/provider/providertest"
)

// receiverScript is an app that has the libraries of Stripe and of Standard Webhooks check its webhooks, each at the
// path of its own name.
const receiverScript = `
const [, , modules, port, secret] = process.argv, {createHmac, timingSafeEqual} = require("crypto");
const stripe = new (require(modules + "/stripe"))("sk_test_not_a_key"), {Webhook} = require(modules + "/standardwebhooks");
const verify = {
  "/StandardWebhooks": (body, headers) => new Webhook(secret).verify(body, headers),
  "/Stripe": (body, headers) => stripe.webhooks.constructEvent(body, headers["stripe-signature"], secret),
  "/HMACSHA256": (body, headers) => {
    const want = "sha256=" + createHmac("sha256", secret).update(body).digest("hex");
    if (!timingSafeEqual(Buffer.from(want), Buffer.from(headers["x-signature"]))) throw new Error("signature");
    return JSON.parse(body);
  },
};
require("http").createServer((request, response) => {
  const end = status => response.writeHead(status).end();
  if (request.method !== "POST") return end(405);
  let body = "";
  request.on("data", part => body += part).on("end", () => {
    try { end(verify[request.url](body, request.headers).type === "mainstay.test_ping" ? 204 : 422); } catch { end(400); }
  });
}).listen(Number(port), "127.0.0.1");
`

// TestLibrariesOfOthersTakeOurSignatures has apps that use the vendors' own libraries judge test pings.
func TestLibrariesOfOthersTakeOurSignatures(t *testing.T) {
	modules := filepath.Join(cache(), "npm", "node_modules")
	_, noNode := exec.LookPath("node")
	_, noStripe := os.Stat(filepath.Join(modules, "stripe"))
	_, noStandard := os.Stat(filepath.Join(modules, "standardwebhooks"))
	providertest.Need(t, noNode == nil && noStripe == nil && noStandard == nil, "stripe and standardwebhooks of npm")
	p := newPlace(t)
	port := p.freePort()
	p.write("app.js", receiverScript)
	p.background(exec.Command("node", p.path("app.js"), modules, port, providertest.ReceiverSecret))
	p.await("the app listens", func() bool { return answers(port) })
	for _, scheme := range []probe.SignatureScheme{probe.StandardWebhooks, probe.StripeSignature, probe.HMACSHA256} {
		for name, c := range map[string]struct {
			secret string
			want   map[string]string
		}{
			"the right secret": {providertest.ReceiverSecret, map[string]string{
				"Reachable": "Passed", "Authenticated": "Passed", "Authorized": "NotApplicable", "Provisioned": "Passed", "Working": "Passed",
			}},
			"another secret": {"whsec_YW5vdGhlciBzZWNyZXQ=", map[string]string{
				"Reachable": "Passed", "Authenticated": "Failed SignatureRejected http://app.test/" + string(scheme),
				"Authorized": "NotApplicable", "Provisioned": "Unprovable ReceiverUnproven http://app.test/" + string(scheme),
			}},
		} {
			t.Run(string(scheme)+", "+name, func(t *testing.T) {
				got := probed(t, probe.Target{
					Kind: "WebhookEndpoint", Provider: "Receiver", BaseURL: "http://127.0.0.1:" + port, OwnHost: true,
					Credential: probe.NewSecret(c.secret), OptIn: time.Hour, OptInDue: true,
					Wants: probe.WebhookWants{
						URL: "http://app.test/" + string(scheme), Ping: probe.TestPing{Signature: scheme, Forged: true},
					},
				})
				if diff := cmp.Diff(c.want, got); diff != "" {
					t.Errorf("wrong outcome (-want +got):\n%s", diff)
				}
			})
		}
	}
}
