// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"net/http"
	"testing"
	"time"
)

func TestRateLimitHeadersAreObeyed(t *testing.T) {
	now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	cases := map[string]struct {
		status int
		header map[string]string
		want   time.Duration
	}{
		"Resend: seconds to wait":                            {200, map[string]string{"Ratelimit-Remaining": "0", "Ratelimit-Reset": "1"}, time.Second},
		"something is left":                                  {200, map[string]string{"Ratelimit-Remaining": "3", "Ratelimit-Reset": "60"}, 0},
		"OpenAI: a duration":                                 {429, map[string]string{"X-Ratelimit-Remaining-Requests": "0", "X-Ratelimit-Reset-Requests": "6m0s"}, 6 * time.Minute},
		"OpenAI: a fraction of a second":                     {200, map[string]string{"X-Ratelimit-Remaining-Requests": "0", "X-Ratelimit-Reset-Requests": "17ms"}, 17 * time.Millisecond},
		"Anthropic: RFC 3339":                                {429, map[string]string{"Anthropic-Ratelimit-Requests-Remaining": "0", "Anthropic-Ratelimit-Requests-Reset": "2026-11-01T12:00:30Z"}, 30 * time.Second},
		"SendGrid: Unix seconds":                             {200, map[string]string{"X-Ratelimit-Remaining": "0", "X-Ratelimit-Reset": "1793534460"}, time.Minute},
		"OpenRouter: Unix milliseconds":                      {200, map[string]string{"X-Ratelimit-Remaining": "0", "X-Ratelimit-Reset": "1793534460000"}, time.Minute},
		"the structured field of the later drafts":           {200, map[string]string{"Ratelimit": `"default";r=0;t=30`}, 30 * time.Second},
		"the structured field, something left":               {200, map[string]string{"Ratelimit": `"default";r=50;t=30`}, 0},
		"a moment that is over":                              {200, map[string]string{"X-Ratelimit-Remaining": "0", "X-Ratelimit-Reset": "1793534399"}, 0},
		"words":                                              {200, map[string]string{"X-Ratelimit-Remaining": "none", "X-Ratelimit-Reset": "soon"}, 0},
		"nothing is left, and no word of when":               {200, map[string]string{"X-Ratelimit-Remaining": "0"}, 0},
		"Retry-After comes first":                            {429, map[string]string{"Retry-After": "5", "X-Ratelimit-Remaining": "0", "X-Ratelimit-Reset": "60"}, 5 * time.Second},
		"Mailgun: Unix seconds, and no word of what is left": {429, map[string]string{"X-Ratelimit-Reset": "1793534460"}, time.Minute},
		"a reset alone, of an answer that is good":           {200, map[string]string{"X-Ratelimit-Reset": "1793534460"}, 0},
		"a day, of an answer that is good":                   {200, map[string]string{"X-Ratelimit-Remaining-Requests": "0", "X-Ratelimit-Reset-Requests": "24h"}, 5 * time.Minute},
		"a day, of an answer that says it is enough":         {429, map[string]string{"X-Ratelimit-Remaining-Requests": "0", "X-Ratelimit-Reset-Requests": "24h"}, time.Hour},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			a := Answer{Status: c.status, Header: http.Header{}}
			for key, value := range c.header {
				a.Header.Set(key, value)
			}
			if got := a.RetryAfter(now); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestGooglesErrorsSayInTheirBodyHowLongToWait(t *testing.T) {
	cases := map[string]struct {
		status int
		body   string
		want   time.Duration
	}{
		"a delay":                     {429, `{"error":{"details":[{"violations":[{"quotaId":"a"}]},{"retryDelay":"33s"}]}}`, 33 * time.Second},
		"a part of a second":          {429, `{"error":{"details":[{"retryDelay":"0.5s"}]}}`, 500 * time.Millisecond},
		"an hour at most":             {429, `{"error":{"details":[{"retryDelay":"86400s"}]}}`, time.Hour},
		"nothing that is over":        {429, `{"error":{"details":[{"retryDelay":"-5s"}]}}`, 0},
		"no duration":                 {429, `{"error":{"details":[{"retryDelay":"soon"}]}}`, 0},
		"details that are no list":    {429, `{"error":{"details":{"retryDelay":"33s"}}}`, 0},
		"no JSON":                     {429, `33s`, 0},
		"an answer that is no limit":  {400, `{"error":{"details":[{"retryDelay":"33s"}]}}`, 0},
		"nothing after what is wrong": {429, `{"error":{"details":[7,{"retryDelay":"33s"}]}}`, 0},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			a := Answer{Status: c.status, Body: []byte(c.body)}
			if got := a.RetryAfter(time.Unix(0, 0)); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func FuzzRetryAfter(f *testing.F) {
	f.Add("Retry-After", "120")
	f.Add("Retry-After", "31536000")
	f.Add("Retry-After", "-1")
	f.Add("Retry-After-Ms", "1e300")
	f.Add("X-Ratelimit-Reset-Requests", "6m0s")
	f.Add("Anthropic-Ratelimit-Requests-Reset", "2026-11-01T12:00:00Z")
	f.Add("X-Ratelimit-Reset", "1793534460000")
	f.Add("Retry-After", "Sun, 01 Nov 2026 12:00:00 GMT")
	f.Add("RateLimit", `"default";r=0;t=30`)
	f.Fuzz(func(t *testing.T, name, value string) {
		a := Answer{Status: 429, Header: http.Header{http.CanonicalHeaderKey(name): {value}, "X-Ratelimit-Remaining": {"0"}, "X-Ratelimit-Reset": {value}}}
		if got := a.RetryAfter(time.Unix(1793534400, 0)); got < 0 || got > maxWait {
			t.Errorf("%s: %q: %s", name, value, got)
		}
	})
}
