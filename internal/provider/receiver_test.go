// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mainstay.dev/mainstay/internal/probe"
	"mainstay.dev/mainstay/internal/provider/providertest"
)

const receiverURL = "https://shop.example.com/webhooks"

// receiverTarget is a target of a receiver that a test plays in place of shop.example.com. A ping is due where the
// spec asks for one.
func receiverTarget(server *httptest.Server, ping probe.TestPing) probe.Target {
	target := probe.Target{
		Kind: "WebhookEndpoint", Provider: "Receiver", BaseURL: server.URL, OwnHost: true,
		Wants: probe.WebhookWants{URL: receiverURL, Ping: ping},
	}
	if ping != (probe.TestPing{}) {
		target.Credential, target.OptIn, target.OptInDue = probe.NewSecret(providertest.ReceiverSecret), time.Hour, true
	}
	return target
}

func standard(forged bool) probe.TestPing {
	return probe.TestPing{Signature: probe.StandardWebhooks, Forged: forged}
}

// posts answers what is posted with a status, whatever the signature.
func posts(status int, headers ...string) func(http.ResponseWriter, bool) {
	return func(w http.ResponseWriter, _ bool) { answer(status, "{}", headers...)(w, nil) }
}

// found is what a probe of a receiver finds; unpinged where no ping was sent.
func found(provisioned string) map[string]string {
	return map[string]string{
		"Reachable": "Passed", "Authenticated": "NotApplicable", "Authorized": "NotApplicable",
		"Provisioned": provisioned, "Working": "NotApplicable",
	}
}

func TestWhatSomeoneWhoListensAnswersIsTold(t *testing.T) {
	const unproven, unclear = "Unprovable ReceiverUnproven " + receiverURL, "Undecided ReceiverPathUnclear " + receiverURL
	for name, c := range map[string]struct {
		listens http.HandlerFunc
		want    string
	}{
		"405, as for a path that takes POST alone":   {nil, unproven},
		"204, as what allows other origins":          {answer(204, "", "Allow", "POST"), unproven},
		"a page with 200":                            {answer(200, page), unproven},
		"400, as an app that misses a signature":     {answer(400, "no signature"), unproven},
		"501, as a server that knows no OPTIONS":     {answer(501, ""), unproven},
		"429":                                        {answer(429, "", "Retry-After", "7"), unproven},
		"404":                                        {answer(404, "404 page not found"), unclear},
		"410":                                        {answer(410, ""), "Failed ReceiverGone " + receiverURL},
		"401 by the app":                             {answer(401, "{}"), "Unprovable ReceiverGuarded " + receiverURL},
		"403, as a list of addresses":                {answer(403, page), "Unprovable ReceiverGuarded " + receiverURL},
		"401 by a proxy that asks for a password":    {answer(401, page, "WWW-Authenticate", `Basic realm="shop"`), "Undecided ReceiverAsksLogin " + receiverURL},
		"a redirect to a slash":                      {answer(308, "", "Location", "https://shop.example.com/webhooks/"), "Failed ReceiverRedirects " + receiverURL + " https://shop.example.com/webhooks/"},
		"a redirect to a login with a query":         {answer(302, "", "Location", "https://sso.example.com/login?state=s3cr3t"), "Failed ReceiverRedirects " + receiverURL + " https://sso.example.com/login"},
		"a redirect to what cannot be shown":         {answer(301, "", "Location", "https://shop.example.com/<script>"), "Failed ReceiverRedirects " + receiverURL},
		"304, which leads nowhere":                   {answer(304, ""), unproven},
		"a redirect that repeats a password, to us":  {answer(302, "", "Location", "https://me:pass@sso.example.com/"), "Failed ReceiverRedirects " + receiverURL + " https://sso.example.com/"},
		"a redirect whose Location is no URL at all": {answer(302, "", "Location", "%zz"), "Failed ReceiverRedirects " + receiverURL},
	} {
		t.Run(name, func(t *testing.T) {
			receiver := providertest.NewReceiver("/webhooks", providertest.ReceiverSecret)
			receiver.Answers(c.listens, nil)
			target := receiverTarget(serve(t, receiver.ServeHTTP), probe.TestPing{})
			client := newClient()
			defer client.Renew()
			outcome := Probe(t.Context(), client, target).Outcome
			if diff := cmp.Diff(found(c.want), providertest.Describe(outcome)); diff != "" {
				t.Errorf("wrong outcome (-want +got):\n%s", diff)
			}
			checkSound(t, outcome, target)
			if got := receiver.Received(); len(got) > 0 {
				t.Errorf("a probe without a ping posted %+v", got)
			}
		})
	}
}

func TestFaultsOfTheWayToAReceiver(t *testing.T) {
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		want    map[string]string
	}{
		"503":                       {answer(503, page), map[string]string{"Reachable": "Failed ServerError"}},
		"a proxy that wants to see": {answer(407, page), map[string]string{"Reachable": "Failed ProxyFailed"}},
		"a server that hangs up":    {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, map[string]string{"Reachable": "Failed ConnectionClosed"}},
	} {
		t.Run(name, func(t *testing.T) {
			target := receiverTarget(serve(t, c.handler), standard(true))
			client := newClient()
			defer client.Renew()
			report := Probe(t.Context(), client, target)
			if diff := cmp.Diff(c.want, providertest.Describe(report.Outcome)); diff != "" {
				t.Errorf("wrong outcome (-want +got):\n%s", diff)
			}
			if report.OptIn != 0 {
				t.Error("the ping counts as sent")
			}
		})
	}
}

func TestAnAddressOfAReceiverThatTheGuardRefusesIsAFaultOfTheSpec(t *testing.T) {
	receiver := providertest.NewReceiver("/webhooks", providertest.ReceiverSecret)
	target := receiverTarget(serve(t, receiver.ServeHTTP), standard(false))
	client := probe.NewNetwork(probe.NetworkOptions{Guard: probe.Guard{AllowHTTP: true}, UserAgent: "mainstay/test"})
	got := providertest.Describe(Probe(t.Context(), client, target).Outcome)
	if diff := cmp.Diff(map[string]string{"Configured": "Failed AddressRefused"}, got); diff != "" {
		t.Errorf("wrong outcome (-want +got):\n%s", diff)
	}
}

func TestAReceiverTellsByItsAnswerToAPingWhatIsWrong(t *testing.T) {
	const url = " " + receiverURL
	unproven := map[string]string{"Provisioned": "Unprovable ReceiverUnproven" + url}
	taken := map[string]string{"Authenticated": "Passed", "Provisioned": "Passed", "Working": "Passed"}
	with := func(base map[string]string, stage, finding string) map[string]string {
		want := map[string]string{stage: finding}
		for known, f := range base {
			if _, set := want[known]; !set {
				want[known] = f
			}
		}
		return want
	}
	for name, c := range map[string]struct {
		secret  string
		listens http.HandlerFunc
		takes   func(http.ResponseWriter, bool)
		want    map[string]string
		pings   int
	}{
		"it takes it":                            {want: taken, pings: 2},
		"it takes it, and answers 404 to others": {listens: answer(404, ""), want: taken, pings: 2},
		"it has another secret":                  {secret: "whsec_" + "YW5vdGhlciBzZWNyZXQ=", want: with(unproven, "Authenticated", "Failed SignatureRejected"+url), pings: 1},
		"it answers 401":                         {takes: posts(401), want: with(unproven, "Authenticated", "Failed SignatureRejected"+url), pings: 1},
		"it takes whatever comes":                {takes: posts(200), want: with(taken, "Authenticated", "Failed SignatureNotVerified"+url), pings: 2},
		"it fails at what it does not verify": {takes: func(w http.ResponseWriter, verified bool) {
			w.WriteHeader(map[bool]int{true: 200, false: 500}[verified])
		}, want: taken, pings: 2},
		"it is not there":                   {takes: posts(404), want: map[string]string{"Provisioned": "Failed ReceiverNotFound" + url}, pings: 1},
		"it takes no POST":                  {takes: posts(405), want: map[string]string{"Provisioned": "Failed ReceiverNotFound" + url}, pings: 1},
		"it is gone":                        {takes: posts(410), want: map[string]string{"Provisioned": "Failed ReceiverGone" + url}, pings: 1},
		"it redirects POSTs alone":          {takes: posts(307, "Location", "/webhooks/"), want: map[string]string{"Provisioned": "Failed ReceiverRedirects" + url + " {server}/webhooks/"}, pings: 1},
		"a proxy asks for a password":       {takes: posts(401, "WWW-Authenticate", "Basic"), want: map[string]string{"Provisioned": "Undecided ReceiverAsksLogin" + url}, pings: 1},
		"it does not know the type":         {takes: posts(422), want: with(unproven, "Working", "Failed TestPingRefused 422"), pings: 1},
		"it fails":                          {takes: posts(500), want: with(unproven, "Working", "Failed TestPingUnanswered"+url), pings: 1},
		"it is throttled":                   {takes: posts(429, "Retry-After", "7"), want: with(unproven, "Working", "Failed TestPingUnanswered"+url), pings: 1},
		"it hangs up":                       {takes: func(http.ResponseWriter, bool) { panic(http.ErrAbortHandler) }, want: with(unproven, "Working", "Failed TestPingUnanswered"+url), pings: 1},
		"it is known before to be redirect": {listens: answer(301, "", "Location", receiverURL+"/"), want: map[string]string{"Provisioned": "Failed ReceiverRedirects" + url + url + "/", "Working": "NotApplicable"}},
	} {
		t.Run(name, func(t *testing.T) {
			receiver := providertest.NewReceiver("/webhooks", providertest.ReceiverSecret)
			if c.secret != "" {
				receiver.Holds(c.secret)
			}
			receiver.Answers(c.listens, c.takes)
			server := serve(t, receiver.ServeHTTP)
			target := receiverTarget(server, standard(true))
			client := newClient()
			defer client.Renew()
			report := Probe(t.Context(), client, target)
			want := with(map[string]string{"Reachable": "Passed", "Authorized": "NotApplicable"}, "Provisioned", "")
			for stage, finding := range c.want {
				want[stage] = strings.ReplaceAll(finding, "{server}", server.URL)
			}
			if diff := cmp.Diff(want, providertest.Describe(report.Outcome)); diff != "" {
				t.Errorf("wrong outcome (-want +got):\n%s", diff)
			}
			checkSound(t, report.Outcome, target)
			if got := len(receiver.Received()); got != c.pings {
				t.Errorf("found %d pings, want %d", got, c.pings)
			}
			if report.OptIn.Has(probe.Working) != (c.pings > 0) {
				t.Errorf("%d pings were sent, and the report says %b of what was opted in", c.pings, report.OptIn)
			}
			checkPings(t, receiver.Received())
		})
	}
}

// checkPings holds pings to what is promised of them.
func checkPings(t *testing.T, pings []providertest.Request) {
	t.Helper()
	for _, ping := range pings {
		if !strings.Contains(ping.Body, `"type":"mainstay.test_ping"`) {
			t.Errorf("a ping is of another type: %s", ping.Body)
		}
		if strings.Contains(ping.Body, providertest.ReceiverSecret) || ping.Header.Get("User-Agent") != "mainstay/test" {
			t.Errorf("a ping shows the secret, or does not show us: %+v", ping)
		}
		for _, values := range ping.Header {
			if slices.ContainsFunc(values, func(v string) bool { return strings.Contains(v, providertest.ReceiverSecret) }) {
				t.Error("the signing secret was sent")
			}
		}
	}
}

func TestEverySchemeSignsAndForges(t *testing.T) {
	for _, scheme := range []probe.SignatureScheme{probe.StandardWebhooks, probe.StripeSignature, probe.HMACSHA256} {
		t.Run(string(scheme), func(t *testing.T) {
			receiver := providertest.NewReceiver("/webhooks", providertest.ReceiverSecret)
			target := receiverTarget(serve(t, receiver.ServeHTTP), probe.TestPing{Signature: scheme, Forged: true})
			client := newClient()
			defer client.Renew()
			got := providertest.Describe(Probe(t.Context(), client, target).Outcome)
			if got["Authenticated"] != "Passed" || got["Provisioned"] != "Passed" || got["Working"] != "Passed" {
				t.Errorf("expected the ping to be taken, found %v", got)
			}
			pings := receiver.Received()
			if len(pings) != 2 || pings[0].Problem != "" || pings[1].Problem == "" {
				t.Errorf("expected one ping that is signed well and one that is not, found %+v", pings)
			}
			checkPings(t, pings)
		})
	}
}

// TestAPingThatIsSentAgainIsTheSame has a receiver that has seen it know it by its id.
func TestAPingThatIsSentAgainIsTheSame(t *testing.T) {
	wants := probe.WebhookWants{URL: receiverURL, Ping: standard(false)}
	period := time.Date(2026, 11, 24, 20, 0, 0, 0, time.UTC)
	first, again, next := newTestPing(wants, period), newTestPing(wants, period), newTestPing(wants, period.Add(time.Hour))
	if first.id != again.id || first.body() != again.body() {
		t.Errorf("expected the same ping twice, found %s and %s", first.body(), again.body())
	}
	if first.id == next.id || strings.Contains(first.id, ".") {
		t.Errorf("expected another id in another period, and no dot in it, found %s and %s", first.id, next.id)
	}
}

func TestACertificateOfAReceiverThatEndsSoonIsWarnedOf(t *testing.T) {
	for days, want := range map[int]string{5: "Passed CertificateEnding", 200: "Passed"} {
		receiver := providertest.NewReceiver("/webhooks", providertest.ReceiverSecret)
		server, ca := certified(t, receiver, days)
		target := receiverTarget(server, probe.TestPing{})
		target.CA = ca
		client := newClient()
		if got := providertest.Describe(Probe(t.Context(), client, target).Outcome)["Reachable"]; got != want {
			t.Errorf("a certificate of %d days: found %q, want %q", days, got, want)
		}
		client.Renew()
	}
}

// certified serves over TLS, with a certificate that ends in so many days.
func certified(t *testing.T, handler http.Handler, days int) (*httptest.Server, *probe.CA) {
	t.Helper()
	certificate, key, err := providertest.Certify(providertest.MailOptions{Lifetime: time.Duration(days) * 24 * time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(handler)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	server.StartTLS()
	t.Cleanup(server.Close)
	ca, _ := probe.ParseCA(certificate)
	return server, ca
}

// FuzzRedirect reads a Location header: whatever it is, what is shown of it is a token.
func FuzzRedirect(f *testing.F) {
	for _, location := range []string{"/webhooks/", "https://sso.example.com/login?state=x", "//other", "https://a:b@c/", "%zz", "\x00", "javascript:alert(1)"} {
		f.Add(302, location)
	}
	f.Fuzz(func(t *testing.T, status int, location string) {
		moved, to := redirects(probe.Answer{Status: status, Header: http.Header{"Location": {location}}}, receiverURL)
		if len(to) > 0 && !moved {
			t.Errorf("nobody moved, and yet to %v", to)
		}
		for _, place := range to {
			u, err := url.Parse(place)
			if _, admitted := probe.Token(place); !admitted || err != nil || u.User != nil || u.RawQuery != "" {
				t.Errorf("%q is shown of %q", place, location)
			}
		}
	})
}
