// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// server is how a server is reached: at every address of 127.0.0.0/8.
type server struct {
	Port string
	// CA signs its certificates.
	CA string
	// Stats is the URL of its counts.
	Stats string
}

// stats are what a server has counted.
type stats struct{ Requests, Connections int64 }

// answer is what a listing of models looks like.
const answer = `{"object":"list","data":[{"id":"gpt-4o-mini","object":"model","created":1721172741,"owned_by":"system"},` +
	`{"id":"gpt-4o","object":"model","created":1715367049,"owned_by":"system"},` +
	`{"id":"text-embedding-3-small","object":"model","created":1705948997,"owned_by":"system"}]}`

// serve serves HTTPS, prints how it is reached, and ends with the context.
func serve(ctx context.Context, slow time.Duration) error {
	ca, err := newAuthority()
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "0.0.0.0:0")
	if err != nil {
		return err
	}
	counts, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	var requests, connections atomic.Int64
	https := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			requests.Add(1)
			time.Sleep(slow)
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, answer)
		}),
		TLSConfig: &tls.Config{GetCertificate: ca.certificate, NextProtos: []string{"h2", "http/1.1"}},
		ErrorLog:  log.New(io.Discard, "", 0),
		ConnState: func(_ net.Conn, state http.ConnState) {
			if state == http.StateNew {
				connections.Add(1)
			}
		},
	}
	plain := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(stats{requests.Load(), connections.Load()})
	})}
	go func() { _ = https.ServeTLS(listener, "", "") }()
	go func() { _ = plain.Serve(counts) }()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	err = json.NewEncoder(os.Stdout).Encode(server{Port: port, CA: ca.pem, Stats: "http://" + counts.Addr().String()})
	<-ctx.Done()
	return err
}

// authority signs a certificate for each address of this machine, when it is first asked for.
type authority struct {
	pem  string
	cert *x509.Certificate
	key  crypto.Signer

	mu     sync.Mutex
	issued map[string]*tls.Certificate
}

func newAuthority() (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "bench"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	text := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	return &authority{pem: text, cert: cert, key: key, issued: map[string]*tls.Certificate{}}, nil
}

func (a *authority) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	host, _, err := net.SplitHostPort(hello.Conn.LocalAddr().String())
	if err != nil {
		return nil, fmt.Errorf("local address: %w", err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if issued := a.issued[host]; issued != nil {
		return issued, nil
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(int64(len(a.issued) + 2)), IPAddresses: []net.IP{net.ParseIP(host)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, a.key.Public(), a.key)
	if err != nil {
		return nil, err
	}
	a.issued[host] = &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: a.key}
	return a.issued[host], nil
}
