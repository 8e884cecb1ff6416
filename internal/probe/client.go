// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/net/http/httpproxy"
)

const (
	// maxHeader is how large the header of an answer may be, in bytes.
	maxHeader = 64 << 10
	// idleTimeout is how long a connection is kept for the next probe.
	idleTimeout = 90 * time.Second
	// maxOpen is how many connections may be open before all that no request uses are given up. Each takes
	// 60 KB and more. The limits of http.Transport do not count connections of HTTP/2.
	maxOpen = 1024
	// renewal is how often all connections are given up, so that changes of DNS and of certificates are
	// seen although probes come more often than idleTimeout.
	renewal = 5 * time.Minute
	// silence is for how long a connection may wait for an acknowledgement; a path that swallows packets would else
	// keep it for minutes. With this one a lost connection is given up before three probes in a row have met it.
	// Pings of HTTP/2 would do the same at a price: they wake the process between probes, and their timers hold on
	// to connections that are closed long since.
	silence = 20 * time.Second
)

// Request is one request to a provider: a GET, or a POST where it has a body, unless Method says otherwise.
type Request struct {
	URL, Method string
	// Body is what is posted; JSON where Header names no other Content-Type.
	Body string
	// Header holds what the provider wants besides the credential.
	Header map[string]string
	// Auth says how Credential is sent. Nothing is sent for an empty credential.
	Auth       Auth
	Credential Secret
	CA         *CA
}

// Answer is what came back: a fault of the way there, or an HTTP answer. It may be shared, so nobody
// changes what is in it.
type Answer struct {
	// Fault is set where there is no complete HTTP answer.
	Fault Symptom
	// FaultArgs are fixed words of ours.
	FaultArgs []string

	Status int
	Header http.Header
	Body   []byte
	// Endless says that the body was longer than what is read of it.
	Endless bool
	// Anonymous says that no credential was sent.
	Anonymous bool
	// Connected says that there was a connection, with TLS where the URL asks for it.
	Connected bool
	// Expires is when the server's certificate ends; zero without TLS.
	Expires time.Time
}

// Network is the Client that talks to the network. Over HTTP it follows no redirect. It sends a credential
// nowhere but to where its request says, reads a bounded part of an answer, and dials through a Guard.
type Network struct {
	guard     Guard
	userAgent string
	proxy     func(*url.URL) (*url.URL, error)
	resolver  resolver
	reviewer  Reviewer
	large     chan struct{} // one for each large body that is being read

	open       atomic.Int32 // connections
	most       int32        // how many may be open
	mu         sync.Mutex
	transports map[string]*http.Transport // by what stands for the text of the CA
}

// NetworkOptions are what a Network works with.
type NetworkOptions struct {
	Guard     Guard
	UserAgent string
	// NameServer is the host:port that is asked for the DNS records of a domain; where it is empty, no
	// question is answered. The addresses of hosts come from the system's resolver.
	NameServer string
	// Reviewer asks the cluster's API server; nil where there is no cluster.
	Reviewer Reviewer
	// InFlight is how many probes run at once; 0 for some, whose memory nobody has to bound.
	InFlight int
}

// NewNetwork returns a client. It takes a proxy for HTTP from the environment variables HTTPS_PROXY,
// HTTP_PROXY and NO_PROXY.
func NewNetwork(o NetworkOptions) *Network {
	return &Network{
		guard:      o.Guard,
		userAgent:  o.UserAgent,
		proxy:      httpproxy.FromEnvironment().ProxyFunc(),
		most:       maxOpen,
		resolver:   newResolver(o.NameServer),
		reviewer:   o.Reviewer,
		large:      make(chan struct{}, max(cmp.Or(o.InFlight, maxOpen)/largeShare, 1)),
		transports: map[string]*http.Transport{},
	}
}

// Do implements Client.
func (c *Network) Do(ctx context.Context, r Request) Answer {
	var way progress
	ctx = way.watch(ctx)
	req, err := r.prepare(ctx, c.userAgent)
	if err != nil {
		return Answer{Fault: ProbeFailed}
	}
	if proxy, err := c.proxy(req.URL); err == nil && proxy != nil {
		way.proxied = true
		req = req.WithContext(context.WithValue(ctx, viaProxy{}, true))
	}
	// A RoundTrip follows no redirect, and it keeps apart "no answer came" from "an answer that is bad".
	resp, err := c.transport(r.CA).RoundTrip(req)
	if err != nil {
		return r.unanswered(way.stopped(err))
	}
	defer func() { _ = resp.Body.Close() }()
	limit := maxError
	if isGood(resp.StatusCode) {
		limit = maxBody
	}
	body, err := c.read(ctx, resp.Body, limit)
	if errors.Is(err, errCrowded) {
		return Answer{Fault: ProbeFailed, Connected: true}
	}
	if err != nil {
		answer := fault(err)
		answer.Connected = true
		return answer
	}
	answer := Answer{
		Connected: true, Status: resp.StatusCode, Header: resp.Header, Body: body[:min(len(body), limit)],
		Endless: len(body) > limit, Anonymous: r.Credential.IsZero(),
	}
	if resp.TLS != nil {
		answer.Expires = resp.TLS.PeerCertificates[0].NotAfter
	}
	return answer
}

// prepare returns the request as it is sent.
func (r Request) prepare(ctx context.Context, userAgent string) (*http.Request, error) {
	method, body := http.MethodGet, io.Reader(nil)
	if r.Body != "" {
		method, body = http.MethodPost, strings.NewReader(r.Body)
	}
	req, err := http.NewRequestWithContext(ctx, cmp.Or(r.Method, method), r.URL, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", userAgent)
	req.Header.Set("Accept", "application/json")
	if r.Body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for name, value := range r.Header {
		req.Header.Set(name, value)
	}
	if r.Credential.IsZero() {
		return req, nil
	}
	return req, r.Auth.apply(req, r.Credential, r.Body)
}

// progress knows how far a request has come. The transport does not say it: when the time is up it answers
// that, whatever its dial was waiting for.
type progress struct {
	// proxied says that a proxy does the dialing, so no name is looked up on the way to the host.
	proxied bool
	// asked says that the address of the host was asked for, resolved that it is known, and connected that
	// there is a connection, after TLS.
	asked, resolved, connected atomic.Bool
}

// watch returns a context that tells of the progress of its request.
func (p *progress) watch(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		DNSStart: func(httptrace.DNSStartInfo) { p.asked.Store(true) },
		DNSDone: func(info httptrace.DNSDoneInfo) {
			if info.Err == nil {
				p.resolved.Store(true)
			}
		},
		// It may be the connection of another request, that became free before the address was known.
		GotConn: func(httptrace.GotConnInfo) { p.connected.Store(true) },
	})
}

// stopped turns an error into the symptom that it is where the request had come so far.
func (p *progress) stopped(err error) loss {
	lost := loss{connected: p.connected.Load()}
	lost.symptom, lost.args = faultSymptom(err)
	if lost.symptom == TimedOut && p.waitsForName() {
		lost.symptom = NameServerFailed
	}
	return lost
}

func (p *progress) waitsForName() bool {
	return !p.proxied && p.asked.Load() && !p.resolved.Load() && !p.connected.Load()
}

// Start renews the connections from time to time until the context ends. It fits a manager of
// controller-runtime.
func (c *Network) Start(ctx context.Context) error {
	ticker := time.NewTicker(renewal)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			c.Renew()
			return nil
		case <-ticker.C:
			c.Renew()
		}
	}
}

// Renew gives up all connections: those that no request uses at once, the others once they have been idle.
func (c *Network) Renew() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, t := range c.transports {
		t.CloseIdleConnections()
	}
	clear(c.transports)
}

func (c *Network) transport(ca *CA) *http.Transport {
	id := ca.text()
	c.mu.Lock()
	defer c.mu.Unlock()
	if t := c.transports[id]; t != nil {
		return t
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if ca != nil {
		config.RootCAs = ca.pool
	}
	t := &http.Transport{
		Proxy:                  c.proxyFor,
		DialContext:            c.dial,
		TLSClientConfig:        config,
		ForceAttemptHTTP2:      true,
		MaxIdleConnsPerHost:    2,
		IdleConnTimeout:        idleTimeout,
		MaxResponseHeaderBytes: maxHeader,
		HTTP2:                  &http.HTTP2Config{MaxReceiveBufferPerStream: smallBody},
		OnProxyConnectResponse: func(_ context.Context, _ *url.URL, _ *http.Request, resp *http.Response) error {
			if resp.StatusCode != http.StatusOK {
				return fmt.Errorf("%w: CONNECT answered %d", errProxy, resp.StatusCode)
			}
			return nil
		},
	}
	c.transports[id] = t
	return t
}

var errProxy = errors.New("proxy failed")

// viaProxy marks the context of a request that goes to a proxy.
type viaProxy struct{}

// dial opens a connection, and gives up those that are not used where there are too many.
func (c *Network) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := c.connect(ctx, network, address)
	if err != nil {
		return nil, err
	}
	if c.open.Add(1) > c.most {
		c.closeIdle()
	}
	return &countedConn{Conn: conn, closed: sync.OnceFunc(func() { c.open.Add(-1) })}, nil
}

// countedConn tells when it is closed.
type countedConn struct {
	net.Conn
	closed func()
}

// Close implements net.Conn.
func (c *countedConn) Close() error {
	c.closed()
	return c.Conn.Close()
}

func (c *Network) closeIdle() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, t := range c.transports {
		t.CloseIdleConnections()
	}
}

// connect lets the connection to a proxy through, since the administrator chose its address.
func (c *Network) connect(ctx context.Context, network, address string) (net.Conn, error) {
	if ctx.Value(viaProxy{}) != nil {
		dialer := net.Dialer{Control: func(_, _ string, raw syscall.RawConn) error { return endSilence(raw) }}
		return dialer.DialContext(ctx, network, address)
	}
	return c.guard.DialContext(ctx, network, address)
}

// proxyFor picks the proxy of a request. The proxy does the dialing then, so the target's name is judged
// here.
func (c *Network) proxyFor(req *http.Request) (*url.URL, error) {
	proxy, err := c.proxy(req.URL)
	if err != nil || proxy == nil {
		return nil, err
	}
	return proxy, c.guard.CheckName(req.Context(), URLHostPort(req.URL))
}
