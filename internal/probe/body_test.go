// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"
)

// withholding is a server whose bodies do not end before released is closed. It counts what is taken of them.
type withholding struct {
	*httptest.Server
	released chan struct{}
	taken    atomic.Int64
}

func withhold(t *testing.T, http2 bool) *withholding {
	t.Helper()
	s := &withholding{released: make(chan struct{})}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for range map[string]int{"/small": 1, "/large": 10, "/endless": 1000}[r.URL.Path] {
			n, _ := w.Write(make([]byte, smallBody/8))
			s.taken.Add(int64(n))
			w.(http.Flusher).Flush()
			if r.Context().Err() != nil {
				return
			}
		}
		<-s.released
	}))
	if s.EnableHTTP2 = http2; http2 {
		s.StartTLS()
	} else {
		s.Start()
	}
	t.Cleanup(s.Close)
	return s
}

// holder returns a client that reads one large body at a time, and is about to read one.
func holder(t *testing.T, s *withholding) (*Network, <-chan Answer) {
	t.Helper()
	c := NewNetwork(NetworkOptions{Guard: here(), UserAgent: "mainstay/test", InFlight: largeShare})
	t.Cleanup(c.Renew)
	held := make(chan Answer, 1)
	go func() { held <- c.Do(t.Context(), Request{URL: s.URL + "/large"}) }()
	for begun := time.Now(); len(c.large) == 0; time.Sleep(time.Millisecond) {
		if time.Since(begun) > 10*time.Second {
			t.Fatal("waited in vain for the body to be large")
		}
	}
	return c, held
}

func TestLargeBodiesWaitForEachOther(t *testing.T) {
	s := withhold(t, false)
	c, held := holder(t, s)
	short, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if got := c.Do(short, Request{URL: s.URL + "/large"}); got.Fault != ProbeFailed || !got.Connected {
		t.Errorf("expected it to be our own fault that a body has to wait for too long, found %+v", got.Fault)
	}
	small, large := make(chan Answer, 1), make(chan Answer, 1)
	go func() { small <- c.Do(t.Context(), Request{URL: s.URL + "/small"}) }()
	go func() { large <- c.Do(t.Context(), Request{URL: s.URL + "/large"}) }()
	close(s.released)
	for name, answer := range map[string]<-chan Answer{"the first": held, "a small one": small, "the one that waited": large} {
		if got := <-answer; got.Fault != (Symptom{}) || got.Status != http.StatusOK {
			t.Errorf("%s: expected an answer, found %+v", name, got.Fault)
		}
	}
	if len(c.large) != 0 {
		t.Error("expected nothing to be held once all is read")
	}
}

// TestABodyThatWaitsTakesLittle has the server send as much as anybody takes, over HTTP/2.
func TestABodyThatWaitsTakesLittle(t *testing.T) {
	plain, s := withhold(t, false), withhold(t, true)
	defer close(plain.released)
	defer close(s.released)
	c, _ := holder(t, plain)
	ca := &CA{pool: s.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs, id: "test"}
	c.transport(ca).TLSClientConfig.ServerName = "example.com" // Which the certificate is for.
	short, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if got := c.Do(short, Request{URL: s.URL + "/endless", CA: ca}); got.Fault != ProbeFailed {
		t.Errorf("expected it to be our own fault, found %+v", got.Fault)
	}
	if got := s.taken.Load(); got > 4*smallBody {
		t.Errorf("expected no more to be taken than is read and may lie unread, found %d bytes", got)
	}
}
