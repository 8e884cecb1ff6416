// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"net/url"
	"slices"
	"strings"

	"mainstay.dev/mainstay/internal/probe"
)

// receiver is an endpoint as a sender of webhooks lists it.
type receiver struct {
	// id is the sender's name for it.
	id      string
	url     string
	enabled bool
	// held says that the sender holds deliveries back, since too many have failed.
	held bool
	// elsewhere says that it gets the events of other accounts than the spec asks for.
	elsewhere bool
	// misses are the events of the spec that it is not subscribed to.
	misses []string
}

// receivers are what the pages of a listing told of the endpoint that a spec names.
type receivers struct {
	// wanted have the URL of the spec.
	wanted []receiver
	// near is a URL that differs from the spec's in what people get wrong; empty for none.
	near string
	// others says that there are other enabled endpoints.
	others bool
}

// most endpoints of one URL are judged; more than two are a mistake already.
const mostReceivers = 8

// add takes note of an endpoint.
func (r *receivers) add(found receiver, wants probe.WebhookWants) {
	switch {
	case found.url == wants.URL:
		if len(r.wanted) < mostReceivers {
			r.wanted = append(r.wanted, found)
		}
		return
	case r.near == "" && nearlySame(found.url, wants.URL):
		r.near = found.url
	}
	r.others = r.others || found.enabled
}

// nearlySame says whether two URLs differ only in what people get wrong: the scheme, a slash at the end, upper
// case, a www, a default port or a query.
func nearlySame(a, b string) bool { return plainURL(a) != "" && plainURL(a) == plainURL(b) }

func plainURL(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		return ""
	}
	host := strings.TrimPrefix(strings.ToLower(u.Host), "www.")
	host = strings.TrimSuffix(strings.TrimSuffix(host, ":443"), ":80")
	return host + strings.ToLower(strings.TrimRight(u.Path, "/"))
}

// goOn says whether a listing has another page at next to read; empty where it has none.
func (r *receivers) goOn(page *Page, next string) bool {
	switch {
	case next == "":
		return false
	case len(r.wanted) > 0 && page.Turn == maxPages-1:
		r.others = true // Whatever is on the pages that are not read.
		return false
	}
	page.Next = next
	return true
}

// live are the endpoints with the URL of the spec that get anything.
func (r *receivers) live() []receiver {
	return slices.DeleteFunc(slices.Clone(r.wanted), func(f receiver) bool { return !f.enabled || f.elsewhere })
}

// first is the id of the endpoint whose deliveries are looked at: one that gets some, where there is one.
func (r *receivers) first() string {
	if found := slices.Concat(r.live(), r.wanted); len(found) > 0 {
		return found[0].id
	}
	return ""
}

// held says whether the sender holds back what an endpoint would get.
func (r *receivers) held() bool {
	return slices.ContainsFunc(r.live(), func(f receiver) bool { return f.held })
}

// judge says what the listings amount to, the gravest first. Deliveries that an endpoint gets twice are told
// of early.
func (r *receivers) judge(wants probe.WebhookWants) probe.Finding {
	here := r.live()
	switch {
	case len(r.wanted) == 0 && r.near != "":
		return probe.Fail(probe.WrongURL, append([]string{wants.URL}, probe.Tokens(r.near)...)...)
	case len(r.wanted) == 0:
		return probe.Fail(probe.EndpointNotFound, wants.URL)
	case !slices.ContainsFunc(r.wanted, func(f receiver) bool { return f.enabled }):
		return probe.Fail(probe.EndpointInactive, wants.URL)
	case len(here) == 0:
		return probe.Fail(probe.WrongEventSource, wants.URL)
	}
	var missed []string
	for _, event := range wants.Events {
		if !slices.ContainsFunc(here, func(f receiver) bool { return !slices.Contains(f.misses, event) }) {
			missed = append(missed, event)
		}
	}
	switch {
	case len(missed) > 0:
		return probe.Fail(probe.EventNotSubscribed, missed...)
	case len(here) > 1:
		return probe.Finding{Result: probe.Passed, Symptom: probe.DuplicateEndpoint, Args: []string{wants.URL}}
	}
	return probe.Pass()
}
