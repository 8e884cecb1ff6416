// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"compress/gzip"
	"context"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mainstay.dev/mainstay/internal/probe/dnstest"
)

// here admits this machine.
func here() Guard {
	return Guard{AllowCIDRs: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, AllowHTTP: true}
}

func server(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return s
}

func client(t *testing.T, guard Guard) *Network {
	t.Helper()
	c := NewNetwork(NetworkOptions{Guard: guard, UserAgent: "mainstay/test"})
	t.Cleanup(c.Renew)
	return c
}

func TestARequestCarriesWhatItSaysAndNoMore(t *testing.T) {
	var got *http.Request
	s := server(t, func(w http.ResponseWriter, r *http.Request) {
		got = r
		w.Header().Set("X-Answer", "yes")
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, "body")
	})
	answer := client(t, here()).Do(t.Context(), Request{
		URL: s.URL + "/v1/models?limit=1", Header: map[string]string{"X-Version": "1"}, Auth: Bearer, Credential: NewSecret("key"),
	})
	if answer.Fault != (Symptom{}) || answer.Status != http.StatusTeapot || string(answer.Body) != "body" || answer.Header.Get("X-Answer") != "yes" {
		t.Errorf("wrong answer: %+v", answer)
	}
	if answer.Endless || answer.Anonymous {
		t.Errorf("got endless %t and anonymous %t, want neither", answer.Endless, answer.Anonymous)
	}
	if got.Method != http.MethodGet || got.URL.RequestURI() != "/v1/models?limit=1" || got.ContentLength != 0 {
		t.Errorf("got %s %s with %d bytes", got.Method, got.URL.RequestURI(), got.ContentLength)
	}
	want := http.Header{
		"User-Agent": {"mainstay/test"}, "Accept": {"application/json"}, "Accept-Encoding": {"gzip"},
		"X-Version": {"1"}, "Authorization": {"Bearer key"},
	}
	if diff := cmp.Diff(want, got.Header); diff != "" {
		t.Errorf("wrong header (-want +got):\n%s", diff)
	}
}

func TestARequestWithoutACredentialHasNoHeaderForIt(t *testing.T) {
	var header http.Header
	s := server(t, func(_ http.ResponseWriter, r *http.Request) { header = r.Header })
	answer := client(t, here()).Do(t.Context(), Request{URL: s.URL, Auth: Bearer})
	if _, sent := header["Authorization"]; sent || !answer.Anonymous {
		t.Errorf("got header %v and anonymous %t", header, answer.Anonymous)
	}
}

func TestABodyIsReadUpToItsBound(t *testing.T) {
	cases := map[string]struct {
		handler http.HandlerFunc
		length  int
		endless bool
	}{
		"exactly as much as is read": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, strings.Repeat("x", maxBody))
		}, maxBody, false},
		"one byte more": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, strings.Repeat("x", maxBody+1))
		}, maxBody, true},
		"compressed to a thousandth": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			zipped := gzip.NewWriter(w)
			for range 64 {
				_, _ = zipped.Write(make([]byte, maxBody))
			}
			_ = zipped.Close()
		}, maxBody, true},
		"as much as is read of an error": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, strings.Repeat("x", maxError))
		}, maxError, false},
		"an error of one byte more": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, strings.Repeat("x", maxError+1))
		}, maxError, true},
		"nothing": {func(http.ResponseWriter, *http.Request) {}, 0, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			answer := client(t, here()).Do(t.Context(), Request{URL: server(t, c.handler).URL})
			if len(answer.Body) != c.length || answer.Endless != c.endless {
				t.Errorf("got %d bytes and endless %t, want %d and %t", len(answer.Body), answer.Endless, c.length, c.endless)
			}
		})
	}
}

func TestAHeaderIsReadUpToItsBound(t *testing.T) {
	s := server(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Long", strings.Repeat("x", 2*maxHeader))
	})
	answer := client(t, here()).Do(t.Context(), Request{URL: s.URL})
	if answer.Fault != UnexpectedAnswer {
		t.Errorf("got %s, want %s", answer.Fault, UnexpectedAnswer)
	}
}

func TestARequestThatCannotBeMadeIsOurOwnFault(t *testing.T) {
	for _, bad := range []string{"://", "http://a b", "http://host/\x00"} {
		if answer := client(t, here()).Do(t.Context(), Request{URL: bad}); answer.Fault != ProbeFailed {
			t.Errorf("%q: got %s, want %s", bad, answer.Fault, ProbeFailed)
		}
	}
}

// TestAServerThatHangsUpIsNoStranger has a server accept and close, as a balancer without backends does.
// The client sees the end before, while or after it writes the request, and says the same each time.
func TestAServerThatHangsUpIsNoStranger(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_ = conn.Close()
		}
	}()
	c := client(t, here())
	for range 200 {
		if answer := c.Do(t.Context(), Request{URL: "http://" + listener.Addr().String()}); answer.Fault != ConnectionClosed {
			t.Fatalf("got %s, want %s", answer.Fault, ConnectionClosed)
		}
	}
}

func TestACertificateIsCheckedAgainstTheAuthorityOfTheRequest(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer s.Close()
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	ca, ok := ParseCA(text)
	if !ok {
		t.Fatal("the certificate cannot be read")
	}
	c := client(t, here())
	if answer := c.Do(t.Context(), Request{URL: s.URL, CA: ca}); answer.Status != http.StatusOK {
		t.Errorf("with the authority: got %+v", answer)
	}
	// The connection of a request that trusts more must not serve one that trusts less.
	if answer := c.Do(t.Context(), Request{URL: s.URL}); answer.Fault != CertificateInvalid {
		t.Errorf("without it: got %+v", answer)
	}
	if again, _ := ParseCA(text); c.transport(ca) != c.transport(again) {
		t.Error("equal authorities do not share connections")
	}
}

func TestReadingAnAuthority(t *testing.T) {
	for _, text := range []string{"", "no PEM", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"} {
		if _, ok := ParseCA([]byte(text)); ok {
			t.Errorf("%q was read as a certificate", text)
		}
	}
}

// TestWhatANameServerSays asks for a name directly, and through a proxy that would have to know it alone.
func TestWhatANameServerSays(t *testing.T) {
	cases := map[string]struct {
		code            dnstest.Code
		direct, proxied Symptom
	}{
		"that there is no such name":   {dnstest.NoSuchName, NameNotResolved, UnresolvedBehindProxy},
		"that it failed":               {dnstest.ServerFailure, NameServerFailed, NameServerFailed},
		"that it does not answer us":   {dnstest.Refused, NameServerFailed, NameServerFailed},
		"nothing until the time is up": {dnstest.Silence, NameServerFailed, NameServerFailed},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Cleanup(dnstest.Play(c.code))
			do := func() Symptom {
				ctx := t.Context()
				if c.code == dnstest.Silence {
					ctx = untilNameIsAsked(ctx)
				}
				return client(t, here()).Do(ctx, Request{URL: "https://api.vendor.invalid/v1"}).Fault
			}
			if got := do(); got != c.direct {
				t.Errorf("got %s, want %s", got, c.direct)
			}
			t.Setenv("HTTPS_PROXY", "http://127.0.0.1:1")
			t.Setenv("NO_PROXY", "")
			if got := do(); got != c.proxied {
				t.Errorf("behind a proxy: got %s, want %s", got, c.proxied)
			}
		})
	}
}

// expiring returns a context whose time is up when it is told so, however fast the machine is.
func expiring(ctx context.Context) (limited context.Context, expire func()) {
	e := expiry{ctx, make(chan struct{})}
	return e, sync.OnceFunc(func() { close(e.expired) })
}

type expiry struct {
	context.Context
	expired chan struct{}
}

func (e expiry) Done() <-chan struct{} { return e.expired }

func (e expiry) Err() error {
	select {
	case <-e.expired:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

// untilNameIsAsked returns a context whose time is up once a name server was asked.
func untilNameIsAsked(ctx context.Context) context.Context {
	limited, expire := expiring(ctx)
	return httptrace.WithClientTrace(limited, &httptrace.ClientTrace{DNSStart: func(httptrace.DNSStartInfo) { expire() }})
}

func TestWhoGivesUpOnASharedRequestKnowsThatTheNameServerIsSilent(t *testing.T) {
	t.Cleanup(dnstest.Play(dnstest.Silence))
	shared := Share(client(t, here()))
	got := shared.Do(untilNameIsAsked(t.Context()), Request{URL: "https://api.vendor.invalid/v1"})
	if got.Fault != NameServerFailed {
		t.Errorf("got %s, want %s", got.Fault, NameServerFailed)
	}
}

// TestASilentServerIsNoSilentNameServer has the name resolved before nothing comes.
func TestASilentServerIsNoSilentNameServer(t *testing.T) {
	ctx, expire := expiring(t.Context())
	s := server(t, func(_ http.ResponseWriter, r *http.Request) {
		expire()
		<-r.Context().Done()
	})
	url := strings.Replace(s.URL, "127.0.0.1", "localhost", 1)
	if answer := client(t, here()).Do(ctx, Request{URL: url}); answer.Fault != TimedOut {
		t.Errorf("got %s, want %s", answer.Fault, TimedOut)
	}
}

func TestARequestWaitsForItsNameUntilAnAddressOrAConnectionIsThere(t *testing.T) {
	cases := map[string]struct {
		tell func(*httptrace.ClientTrace)
		want bool
	}{
		"nothing was looked up": {func(*httptrace.ClientTrace) {}, false},
		"it was begun":          {func(c *httptrace.ClientTrace) { c.DNSStart(httptrace.DNSStartInfo{}) }, true},
		"it failed, as it does when the request is given up": {func(c *httptrace.ClientTrace) {
			c.DNSStart(httptrace.DNSStartInfo{})
			c.DNSDone(httptrace.DNSDoneInfo{Err: context.Canceled})
		}, true},
		"it came to its end": {func(c *httptrace.ClientTrace) {
			c.DNSStart(httptrace.DNSStartInfo{})
			c.DNSDone(httptrace.DNSDoneInfo{})
		}, false},
		"another connection became free": {func(c *httptrace.ClientTrace) {
			c.DNSStart(httptrace.DNSStartInfo{})
			c.GotConn(httptrace.GotConnInfo{})
		}, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var way progress
			c.tell(httptrace.ContextClientTrace(way.watch(t.Context())))
			if got := way.waitsForName(); got != c.want {
				t.Errorf("got pending %t, want %t", got, c.want)
			}
		})
	}
}

// TestRequestsThroughAProxy has a proxy on this machine, which the guard would not admit as a target.
func TestRequestsThroughAProxy(t *testing.T) {
	cases := map[string]struct {
		guard Guard
		url   string
		// proxied is how many requests must reach the proxy.
		proxied int32
		fault   Symptom
	}{
		"a public address":             {Guard{AllowHTTP: true}, "http://93.184.216.34/v1", 1, Symptom{}},
		"a private address":            {Guard{AllowHTTP: true}, "http://10.0.0.1/v1", 0, AddressRefused},
		"metadata":                     {Guard{AllowHTTP: true, AllowHosts: hosts(t, "169.254.169.254")}, "http://169.254.169.254/v1", 0, AddressNeverAdmitted},
		"a name that the proxy knows":  {Guard{AllowHTTP: true}, "http://inside.example.com/v1", 0, UnresolvedBehindProxy},
		"the same, allowed by name":    {Guard{AllowHTTP: true, AllowHosts: hosts(t, "inside.example.com")}, "http://inside.example.com/v1", 1, Symptom{}},
		"a tunnel that it refuses":     {Guard{}, "https://93.184.216.34/v1", 1, ProxyFailed},
		"this machine, without proxy":  {Guard{AllowHTTP: true}, "", 0, AddressRefused},
		"a private address, by ranges": {Guard{AllowHTTP: true, AllowCIDRs: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}, "http://10.0.0.1/v1", 1, Symptom{}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Cleanup(dnstest.Play(dnstest.NoSuchName))
			var proxied atomic.Int32
			proxy := server(t, func(w http.ResponseWriter, r *http.Request) {
				proxied.Add(1)
				if r.Method == http.MethodConnect {
					w.WriteHeader(http.StatusForbidden)
					return
				}
				_, _ = io.WriteString(w, r.URL.String())
			})
			t.Setenv("HTTP_PROXY", proxy.URL)
			t.Setenv("HTTPS_PROXY", proxy.URL)
			t.Setenv("NO_PROXY", "")
			target := c.url
			if target == "" {
				target = proxy.URL // Loopback never goes through a proxy.
			}
			answer := client(t, c.guard).Do(t.Context(), Request{URL: target, Auth: Bearer, Credential: NewSecret("key")})
			if answer.Fault != c.fault || proxied.Load() != c.proxied {
				t.Errorf("got fault %q and %d requests at the proxy, want %q and %d", answer.Fault, proxied.Load(), c.fault, c.proxied)
			}
			if c.fault == (Symptom{}) && string(answer.Body) != target {
				t.Errorf("the proxy was asked for %s, want %s", answer.Body, target)
			}
		})
	}
}

func TestAProxyThatIsNotThere(t *testing.T) {
	gone := server(t, func(http.ResponseWriter, *http.Request) {})
	gone.Close()
	t.Setenv("HTTPS_PROXY", gone.URL)
	t.Setenv("NO_PROXY", "")
	answer := client(t, Guard{}).Do(t.Context(), Request{URL: (&url.URL{Scheme: "https", Host: "93.184.216.34"}).String()})
	if answer.Fault != ProxyFailed {
		t.Errorf("got %s, want %s", answer.Fault, ProxyFailed)
	}
}
