// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"
)

// StatusPage is where a provider tells of its own outages, in the form that Statuspage made common.
type StatusPage struct {
	// URL of summary.json; empty where there is none.
	URL string
	// Component is the part of the provider that is probed; empty for the page as a whole.
	Component string
}

const (
	// pageAge is how long what a page said is used, and pageTimeout how long one reading may take.
	pageAge     = time.Minute
	pageTimeout = 5 * time.Second
)

// statusPages reads status pages, each at most once in pageAge, however many targets ask.
type statusPages struct {
	client Client

	mu    sync.Mutex
	pages map[StatusPage]*readPage
}

// readPage is what a page said last.
type readPage struct {
	reading sync.Mutex

	mu      sync.Mutex
	at      time.Time
	trouble bool
}

// trouble says whether the provider reports trouble. That a page cannot be read says nothing. It reads the
// page where what is known is too old, and does not wait for another that does.
func (s *statusPages) trouble(ctx context.Context, page StatusPage) bool {
	if page.URL == "" {
		return false
	}
	known := s.page(page)
	if known.reading.TryLock() {
		defer known.reading.Unlock()
		if known.age() >= pageAge {
			known.say(s.read(ctx, page))
		}
	}
	known.mu.Lock()
	defer known.mu.Unlock()
	return known.trouble
}

func (s *statusPages) page(page StatusPage) *readPage {
	s.mu.Lock()
	defer s.mu.Unlock()
	known := s.pages[page]
	if known == nil {
		known = &readPage{}
		if s.pages == nil {
			s.pages = map[StatusPage]*readPage{}
		}
		s.pages[page] = known
	}
	return known
}

func (p *readPage) age() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return time.Since(p.at)
}

func (p *readPage) say(trouble bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at, p.trouble = time.Now(), trouble
}

func (s *statusPages) read(ctx context.Context, page StatusPage) bool {
	ctx, cancel := context.WithTimeout(ctx, pageTimeout)
	defer cancel()
	a := s.client.Do(ctx, Request{URL: page.URL})
	return a.Fault == Symptom{} && isGood(a.Status) && reportsTrouble(a.Body, page.Component)
}

// reportsTrouble reads a summary: the status of the component that is probed, or where it is not listed the
// worst that the page says of the whole, in which a minor trouble may be of any other part.
func reportsTrouble(body []byte, component string) bool {
	var summary struct {
		Status struct {
			Indicator string `json:"indicator"`
		} `json:"status"`
		Components json.RawMessage `json:"components"`
	}
	if json.Unmarshal(body, &summary) != nil {
		return false
	}
	if status, listed := componentStatus(summary.Components, component); listed {
		return slices.Contains([]string{"degraded_performance", "partial_outage", "major_outage", "under_maintenance"}, status)
	}
	return slices.Contains([]string{"major", "critical"}, summary.Status.Indicator)
}

// componentStatus finds a component by its name. The list is read one by one, since it may be hostile.
func componentStatus(list json.RawMessage, name string) (status string, listed bool) {
	components := json.NewDecoder(bytes.NewReader(list))
	if start, err := components.Token(); name == "" || err != nil || start != json.Delim('[') {
		return "", false
	}
	for components.More() {
		var c struct {
			Name   string `json:"name"`
			Status string `json:"status"`
		}
		if components.Decode(&c) != nil {
			return "", false
		}
		if c.Name == name {
			return c.Status, true
		}
	}
	return "", false
}
