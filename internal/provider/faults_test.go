// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mainstay.dev/mainstay/internal/probe"
	"mainstay.dev/mainstay/internal/probe/dnstest"
	"mainstay.dev/mainstay/internal/provider/providertest"
)

// authority returns the certificate of a server as what its clients trust.
func authority(t testing.TB, server *httptest.Server) *probe.CA {
	t.Helper()
	return parseCA(t, server.Certificate().Raw)
}

func parseCA(t testing.TB, der []byte) *probe.CA {
	t.Helper()
	ca, ok := probe.ParseCA(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	if !ok {
		t.Fatal("the certificate of the server cannot be read")
	}
	return ca
}

// dead is where a faulty server is, and what its clients trust.
type dead struct {
	url string
	ca  *probe.CA
	// silent says that only a deadline ends the probe.
	silent bool
}

func TestFaultsOfTheWayAreTheSameForEveryProvider(t *testing.T) {
	faults := map[string]struct {
		begin func(*testing.T) dead
		want  string
	}{
		"the name has no address":                     {begin: nameServer(dnstest.NoSuchName), want: "Failed NameNotResolved"},
		"the name server fails":                       {begin: nameServer(dnstest.ServerFailure), want: "Failed NameServerFailed"},
		"the name server refuses to answer":           {begin: nameServer(dnstest.Refused), want: "Failed NameServerFailed"},
		"the name server is silent":                   {begin: nameServer(dnstest.Silence), want: "Failed NameServerFailed"},
		"nothing listens at the port":                 {begin: closedPort, want: "Failed ConnectionRefused"},
		"an unknown authority signed the certificate": {begin: unknownAuthority, want: "Failed CertificateInvalid it is signed by an unknown authority"},
		"the certificate is for another host":         {begin: wrongHost, want: "Failed CertificateInvalid it is for another host name"},
		"the certificate has expired":                 {begin: expired, want: "Failed CertificateInvalid it has expired or is not valid yet"},
		"the server speaks plain http at an https port": {
			begin: func(t *testing.T) dead {
				return dead{url: "https" + strings.TrimPrefix(serve(t, answer(200, "{}")).URL, "http")}
			},
			want: "Failed HandshakeFailed",
		},
		"the server accepts and never answers": {
			begin: func(t *testing.T) dead { return dead{url: "http://" + listen(t, hang), silent: true} },
			want:  "Failed TimedOut",
		},
		"the server never completes the TLS handshake": {
			begin: func(t *testing.T) dead { return dead{url: "https://" + listen(t, hang), silent: true} },
			want:  "Failed TimedOut",
		},
		"the server closes after the request": {
			begin: func(t *testing.T) dead { return dead{url: "http://" + listen(t, readThen(""))} },
			want:  "Failed ConnectionClosed",
		},
		"the server closes in the TLS handshake": {
			begin: func(t *testing.T) dead { return dead{url: "https://" + listen(t, readThen(""))} },
			want:  "Failed ConnectionClosed",
		},
		"the server closes in the middle of the body": {
			begin: func(t *testing.T) dead {
				return dead{url: "http://" + listen(t, readThen("HTTP/1.1 401 Unauthorized\r\nContent-Length: 100\r\n\r\n{\"error\":"))}
			},
			want: "Failed ConnectionClosed",
		},
		"the server does not speak HTTP": {
			begin: func(t *testing.T) dead { return dead{url: "http://" + listen(t, readThen("SSH-2.0-OpenSSH_9.2\r\n"))} },
			want:  "Failed UnexpectedAnswer",
		},
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			place := fault.begin(t)
			forEach(t, func(t *testing.T, _ Provider, f providertest.Fixture) {
				target := f.Target(f.Cases[providertest.Healthy], place.url)
				target.CA = place.ca
				outcome := probeOnce(t, target, place.silent)
				if diff := cmp.Diff(map[string]string{"Reachable": fault.want}, providertest.Describe(outcome)); diff != "" {
					t.Errorf("wrong outcome (-want +got):\n%s", diff)
				}
				checkSound(t, outcome, target)
			})
		})
	}
}

// probeOnce probes with a client of its own; silent gives the probe a deadline.
func probeOnce(t *testing.T, target probe.Target, silent bool) probe.Outcome {
	t.Helper()
	ctx := t.Context()
	if silent {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, 50*time.Millisecond)
		defer cancel()
	}
	client := newClient()
	defer client.Renew()
	return Probe(ctx, client, target).Outcome
}

func TestAnAddressThatTheGuardRefusesIsAFaultOfTheSpec(t *testing.T) {
	var arrived atomic.Int32
	server := serve(t, func(http.ResponseWriter, *http.Request) { arrived.Add(1) })
	client := probe.NewNetwork(probe.NetworkOptions{Guard: probe.Guard{AllowHTTP: true}, UserAgent: "mainstay/test"})
	cases := map[string]struct{ url, want string }{
		"an address that could be admitted": {server.URL, "Failed AddressRefused"},
		"an address that never is":          {strings.Replace(server.URL, "127.0.0.1", "0.0.0.0", 1), "Failed AddressNeverAdmitted"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			forEach(t, func(t *testing.T, _ Provider, f providertest.Fixture) {
				target := f.Target(f.Cases[providertest.Healthy], c.url)
				outcome := Probe(t.Context(), client, target).Outcome
				if diff := cmp.Diff(map[string]string{"Configured": c.want}, providertest.Describe(outcome)); diff != "" {
					t.Errorf("wrong outcome (-want +got):\n%s", diff)
				}
			})
		})
	}
	if arrived.Load() != 0 {
		t.Error("a request arrived at the refused address")
	}
}

func TestCancellationEndsAProbe(t *testing.T) {
	forEach(t, func(t *testing.T, _ Provider, f providertest.Fixture) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		gone := make(chan struct{}, 1)
		server := serve(t, func(_ http.ResponseWriter, r *http.Request) {
			cancel()
			<-r.Context().Done() // The server sees that the client went away.
			gone <- struct{}{}
		})
		client := newClient()
		defer client.Renew()
		// A probe that outlives its context would wait here for a server that never answers.
		outcome := Probe(ctx, client, f.Target(f.Cases[providertest.Healthy], server.URL)).Outcome
		<-gone
		if diff := cmp.Diff(map[string]string{"Reachable": "Failed ProbeFailed"}, providertest.Describe(outcome)); diff != "" {
			t.Errorf("wrong outcome (-want +got):\n%s", diff)
		}
	})
}

// The faults.

func nameServer(code dnstest.Code) func(*testing.T) dead {
	return func(t *testing.T) dead {
		t.Cleanup(dnstest.Play(code))
		return dead{url: "https://nowhere.invalid", silent: code == dnstest.Silence}
	}
}

func closedPort(t *testing.T) dead {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	return dead{url: "http://" + listener.Addr().String()}
}

func unknownAuthority(t *testing.T) dead {
	return dead{url: serveTLS(t, nil).URL}
}

func wrongHost(t *testing.T) dead {
	server := serveTLS(t, nil)
	return dead{url: strings.Replace(server.URL, "127.0.0.1", "localhost", 1), ca: authority(t, server)}
}

func expired(t *testing.T) dead {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2020, 2, 1, 0, 0, 0, 0, time.UTC),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	server := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}})
	return dead{url: server.URL, ca: parseCA(t, der)}
}

// The servers.

func serve(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server
}

func serveTLS(t *testing.T, config *tls.Config) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(answer(http.StatusOK, "{}"))
	server.TLS = config
	server.Config.ErrorLog = quiet
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

// listen runs a server below HTTP and returns its address.
func listen(t *testing.T, talk func(net.Conn, <-chan struct{})) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	over := make(chan struct{})
	t.Cleanup(func() {
		close(over)
		_ = listener.Close()
	})
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = conn.Close() }()
				talk(conn, over)
			}()
		}
	}()
	return listener.Addr().String()
}

// hang keeps the connection and says nothing.
func hang(_ net.Conn, over <-chan struct{}) { <-over }

// readThen reads what comes first, says text and closes.
func readThen(text string) func(net.Conn, <-chan struct{}) {
	return func(conn net.Conn, _ <-chan struct{}) {
		_, _ = conn.Read(make([]byte, 64<<10))
		_, _ = io.WriteString(conn, text)
	}
}
