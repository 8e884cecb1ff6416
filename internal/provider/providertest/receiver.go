// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package providertest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// Receiver is an app that takes webhooks at one path. It checks their signatures as an app does, whichever of the
// schemes they are signed by, and reads of other requests no more than that they are none.
type Receiver struct {
	// Path is where it takes webhooks.
	Path string

	mu     sync.Mutex
	secret string
	// listens answers what is no POST, and takes answers a POST whose signature was looked at; nil for what an app
	// does.
	listens  http.HandlerFunc
	takes    func(w http.ResponseWriter, verified bool)
	received []Request
}

// ReceiverSecret looks like a signing secret, and is none.
const ReceiverSecret = "whsec_bm90IGEgcmVhbCBzZWNyZXQsIG9ubHkgZm9yIHRlc3Rz"

// NewReceiver returns a receiver that has a signing secret.
func NewReceiver(path, secret string) *Receiver { return &Receiver{Path: path, secret: secret} }

// Holds gives it another signing secret.
func (r *Receiver) Holds(secret string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.secret = secret
}

// Answers has it answer all that is no POST in another way, and POSTs in another way; nil for as an app does.
func (r *Receiver) Answers(listens http.HandlerFunc, takes func(w http.ResponseWriter, verified bool)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.listens, r.takes = listens, takes
}

// Received returns what was posted to it. Problem says what was wrong with a signature.
func (r *Receiver) Received() []Request {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Request(nil), r.received...)
}

// ServeHTTP implements http.Handler.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	secret, listens, takes := r.secret, r.listens, r.takes
	r.mu.Unlock()
	switch {
	case req.Method != http.MethodPost && listens != nil:
		listens(w, req)
	case req.URL.Path != r.Path:
		notFound.write(w, "")
	case req.Method != http.MethodPost:
		w.Header().Set("Allow", http.MethodPost)
		w.WriteHeader(http.StatusMethodNotAllowed)
	default:
		problem := r.receive(req, secret)
		if takes == nil {
			takes = takeVerified
		}
		takes(w, problem == "")
	}
}

func takeVerified(w http.ResponseWriter, verified bool) {
	if !verified {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// receive takes note of an event, and says what is wrong with its signature.
func (r *Receiver) receive(req *http.Request, secret string) (problem string) {
	body, _ := io.ReadAll(io.LimitReader(req.Body, maxPosted))
	problem = badSignature(req.Header, body, secret)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.received = append(r.received, Request{
		Method: req.Method, Host: req.Host, Path: req.URL.RequestURI(), Header: req.Header.Clone(), Body: string(body), Problem: problem,
	})
	return problem
}

// badSignature says what is wrong with a signature; empty for nothing.
func badSignature(h http.Header, body []byte, secret string) string {
	if signed, found := strings.CutPrefix(h.Get("X-Signature"), "sha256="); found {
		return unlike(signed, mac(secret, body))
	}
	if at, signed, found := strings.Cut(h.Get("Stripe-Signature"), ","); found {
		at, signed = strings.TrimPrefix(at, "t="), strings.TrimPrefix(signed, "v1=")
		sent, err := strconv.ParseInt(at, 10, 64)
		if age := time.Since(time.Unix(sent, 0)).Abs(); err != nil || age > 5*time.Minute {
			return "the time of the signature is not now"
		}
		return unlike(signed, mac(secret, append([]byte(at+"."), body...)))
	}
	webhook, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		return err.Error()
	}
	if err := webhook.Verify(body, h); err != nil {
		return err.Error()
	}
	return ""
}

func unlike(signed string, want []byte) string {
	if got, err := hex.DecodeString(signed); err != nil || !hmac.Equal(got, want) {
		return "the signature does not match"
	}
	return ""
}

func mac(secret string, text []byte) []byte {
	m := hmac.New(sha256.New, []byte(secret))
	_, _ = m.Write(text)
	return m.Sum(nil)
}
