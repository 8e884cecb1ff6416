// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"math"
	"net/http"
	"regexp"
	"strconv"
	"time"
)

const (
	// maxWait bounds what a provider, or something that poses as one, can ask us to wait.
	maxWait = time.Hour
	// maxCourtesy bounds how long we wait since a header says that nothing is left, where the answer itself
	// is no 429: what is counted there may be other calls than ours.
	maxCourtesy = 5 * time.Minute
)

// RetryAfter is how long the answer asks to wait before the next request; 0 where it does not say.
// It reads retry-after-ms (milliseconds), and Retry-After in seconds or as an HTTP date (RFC 9110); what the
// errors of Google's APIs say in their body; and where a header says that no request is left, when there will
// be some.
func (a Answer) RetryAfter(now time.Time) time.Duration {
	if ms, ok := number(a.first("Retry-After-Ms")); ok {
		return wait(ms*float64(time.Millisecond), maxWait)
	}
	if asked, ok := moment(a.first("Retry-After"), now); ok {
		return wait(asked, maxWait)
	}
	most := maxCourtesy
	if a.Status == http.StatusTooManyRequests {
		most = maxWait
		if delay := retryDelay(a.Body); delay > 0 {
			return wait(float64(delay), most)
		}
	}
	for _, limit := range limitHeaders {
		// An answer that it is enough need not say that nothing is left: Mailgun's says only until when.
		left, known := number(a.first(limit.remaining))
		if known && left <= 0 || !known && a.Status == http.StatusTooManyRequests {
			if reset, ok := moment(a.first(limit.reset), now); ok {
				return wait(reset, most)
			}
		}
	}
	if found := structured.FindStringSubmatch(a.first("Ratelimit")); found != nil {
		reset, _ := number(found[1])
		return wait(reset*float64(time.Second), most)
	}
	return 0
}

// Headroom reads the limit and what is left of it from a pair of headers, whose names are in the form that
// net/http gives them.
func (a Answer) Headroom(limitHeader, remainingHeader string) (limit, remaining float64, ok bool) {
	limit, known := number(a.first(limitHeader))
	remaining, left := number(a.first(remainingHeader))
	return limit, remaining, known && left && limit > 0 && remaining >= 0
}

// limitHeaders are the pairs of headers in which providers tell how many requests are left and when there
// are more (2026-11).
var limitHeaders = []struct{ remaining, reset string }{
	{"Ratelimit-Remaining", "Ratelimit-Reset"}, // draft-ietf-httpapi-ratelimit-headers-06: Resend
	{"X-Ratelimit-Remaining", "X-Ratelimit-Reset"},
	{"X-Ratelimit-Remaining-Requests", "X-Ratelimit-Reset-Requests"}, // OpenAI, Groq: durations such as 6m0s
	{"Anthropic-Ratelimit-Requests-Remaining", "Anthropic-Ratelimit-Requests-Reset"},
}

// first returns the first value of a header, whose name is in the form that net/http gives it. To bring names
// into that form on every answer would cost more than the rest of reading them.
func (a Answer) first(name string) string {
	if values := a.Header[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// structured finds the seconds until there are more requests in a field of the later drafts that says that
// none is left: RateLimit: "default";r=0;t=30.
var structured = regexp.MustCompile(`;\s*r=0\s*;\s*t=(\d{1,9})\b`)

// moment reads when something will be, in nanoseconds from now, in one of the forms in use: seconds to
// wait, a duration such as 6m0s, a Unix time in seconds or milliseconds, an HTTP date, or RFC 3339. Numbers
// are told apart by their size.
func moment(text string, now time.Time) (nanoseconds float64, ok bool) {
	if text == "" {
		return 0, false
	}
	const unixSeconds, unixMilliseconds = 1e9, 1e12
	if n, ok := number(text); ok {
		switch {
		case n >= unixMilliseconds:
			return (n - float64(now.UnixMilli())) * float64(time.Millisecond), true
		case n >= unixSeconds:
			return (n - float64(now.Unix())) * float64(time.Second), true
		}
		return n * float64(time.Second), true
	}
	if d, err := time.ParseDuration(text); err == nil {
		return float64(d), true
	}
	if at, err := http.ParseTime(text); err == nil {
		return float64(at.Sub(now)), true
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return float64(at.Sub(now)), true
	}
	return 0, false
}

func wait(nanoseconds float64, most time.Duration) time.Duration {
	return time.Duration(min(max(nanoseconds, 0), float64(most)))
}

// number reads a finite number; what is none counts as absent. Most headers are absent from most answers, and to
// have that found out by a parser costs an error each.
func number(text string) (float64, bool) {
	if text == "" {
		return 0, false
	}
	n, err := strconv.ParseFloat(text, 64)
	return n, err == nil && !math.IsNaN(n) && !math.IsInf(n, 0)
}
