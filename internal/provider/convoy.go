// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"mainstay.dev/mainstay/internal/probe"
)

// convoy is the Convoy API, in its cloud or on a server of one's own. An endpoint gets what its subscriptions
// route to it, and nothing without one.
var convoy = Provider{
	Kind: "WebhookEndpoint", Name: "Convoy",
	BaseURL: "https://{place}.getconvoy.cloud/api",
	Places:  map[string]string{"US": "us", "EU": "eu"},
	Auth:    probe.Bearer,
	Steps: []Step{
		{Path: convoyEndpoints, Each: webhookOwner, Read: readConvoyEndpoints},
		{At: convoySubscriptions, Unless: noLiveEndpoint, Read: readConvoySubscriptions},
		{At: convoyCount("Success"), Unless: noEndpoint, Needed: neverNeeded, Read: readConvoySuccesses},
		{At: convoyCount("Failure", "Discarded"), Unless: noEndpoint, Needed: neverNeeded, Read: readConvoyFailures},
		{At: convoyLatest, Unless: noEndpoint, Needed: neverNeeded, Read: readConvoyLatest},
	},
	Rules: []probe.Rule{
		{
			// Keys that are wrong, revoked or expired are told apart in the server's log alone.
			Status: 401, Message: "authorization failed", Means: probe.KeyRejected,
			Source: "server source v26.7", Verified: "2026-11",
		},
		{
			// Said to who was let in with a key of another kind than the path takes.
			Status: 400, Message: "unauthorized", Means: probe.Forbidden,
			Source: "server source v26.7", Verified: "2026-11",
		},
		{
			Status: 404, Message: "project not found", Means: probe.WebhookOwnerNotFound,
			Source: "server source v26.7", Verified: "2026-11",
		},
	},
	Facts: Facts{
		Proves: []string{
			"the key is accepted, and sees the project of `spec.convoy.project`",
			"an endpoint of the project has the URL of `spec.url`, and its status is active",
			"it has subscriptions to each event of `spec.events`, by name or by `*`",
			"the endpoint took the last delivery, its circuit breaker is not open, and no delivery of the last day was given up or discarded",
		},
		CannotProve: []string{
			"that a filter on payloads lets an event through", "that the app has the right signing secret",
			"which status the endpoint answered, without reading what was sent",
		},
		Requests: "5, and 1 more for each further 100 endpoints of the project, at most 14",
		Source:   "OpenAPI description 26.3.5, server source v26.7", Verified: "2026-11",
	},
}

const convoyEndpoints = "/v1/projects/{name}/endpoints?perPage=100"

// convoyData opens the envelope of an answer.
func convoyData(page *Page, into any) error {
	var envelope struct {
		Status bool            `json:"status"`
		Data   json.RawMessage `json:"data"`
	}
	switch err := json.Unmarshal(page.Body, &envelope); {
	case err != nil:
		return fmt.Errorf("envelope: %w", err)
	case !envelope.Status || absent(envelope.Data):
		return errors.New("expected an envelope with data, found none")
	}
	if err := json.Unmarshal(envelope.Data, into); err != nil {
		return fmt.Errorf("data: %w", err)
	}
	return nil
}

// convoyList is a page of any listing.
type convoyList struct {
	Content    json.RawMessage `json:"content"`
	Pagination *struct {
		More bool   `json:"has_next_page"`
		Next string `json:"next_page_cursor"`
	} `json:"pagination"`
}

func readConvoyList(page *Page) (list convoyList, err error) {
	if err := convoyData(page, &list); err != nil {
		return list, err
	}
	if list.Pagination == nil {
		return list, errors.New("expected a list with its pagination, found none")
	}
	return list, nil
}

// readConvoyEndpoints looks for the endpoint on one page of a project's. What it is subscribed to is on another
// list. Its secrets are on this one, and are not decoded.
func readConvoyEndpoints(page *Page) error {
	list, err := readConvoyList(page)
	if err != nil {
		return err
	}
	wants, seen, nameless := ofWebhook(page.Wants), remembered(page), false
	err = each(list.Content, func(e struct {
		ID      string `json:"uid"`
		URL     string `json:"url"`
		Status  string `json:"status"`
		Breaker string `json:"cb_state"`
	}) {
		nameless = nameless || e.URL == ""
		seen.add(receiver{id: e.ID, url: e.URL, enabled: e.Status == "active", held: e.Breaker == "open"}, wants)
	})
	switch {
	case err != nil:
		return fmt.Errorf("list of endpoints: %w", err)
	case nameless:
		return errors.New("expected endpoints with a URL, found one without")
	}
	next := ""
	if list.Pagination.More && list.Pagination.Next != "" {
		next = strings.Replace(convoyEndpoints, "{name}", url.PathEscape(page.Name), 1) +
			"&direction=next&next_page_cursor=" + url.QueryEscape(list.Pagination.Next)
	}
	if !seen.goOn(page, next) && noLiveEndpoint(page) {
		page.Outcome.Set(probe.Provisioned, seen.judge(wants))
	}
	return nil
}

// noLiveEndpoint says that earlier answers had no endpoint with the URL of the spec that gets anything.
func noLiveEndpoint(page *Page) bool { return noEndpoint(page) || len(remembered(page).live()) == 0 }

// convoyAt returns a path below the project of a spec, with a query.
func convoyAt(page *Page, path string, query url.Values) string {
	return "/v1/projects/" + url.PathEscape(ofWebhook(page.Wants).Account) + path + "?" + query.Encode()
}

// convoySubscriptions are those of the endpoints with the URL of the spec. More than a page of them would be a
// mistake.
func convoySubscriptions(page *Page) string {
	query := url.Values{"perPage": {"100"}}
	for _, found := range remembered(page).live() {
		query.Add("endpointId", found.id)
	}
	return convoyAt(page, "/subscriptions", query)
}

// readConvoySubscriptions judges the endpoint by what is routed to it.
func readConvoySubscriptions(page *Page) error {
	list, err := readConvoyList(page)
	if err != nil {
		return err
	}
	wants, seen := ofWebhook(page.Wants), remembered(page)
	missed := slices.Clone(wants.Events)
	var bad error
	err = each(list.Content, func(s struct {
		Filter struct {
			Types json.RawMessage `json:"event_types"`
		} `json:"filter_config"`
	}) {
		missed, bad = unnamed(s.Filter.Types, missed, bad)
	})
	if err := errors.Join(err, bad); err != nil {
		return fmt.Errorf("list of subscriptions: %w", err)
	}
	if len(missed) > 0 && list.Pagination.More {
		page.Outcome.Set(probe.Provisioned, probe.Finding{Result: probe.Undecided, Symptom: probe.ListTooLong, Args: missed})
		return nil
	}
	for i := range seen.wanted {
		seen.wanted[i].misses = missed
	}
	page.Outcome.Set(probe.Provisioned, seen.judge(wants))
	return nil
}

// convoyCount counts the deliveries of the last day that stand as one of some words says.
func convoyCount(statuses ...string) func(*Page) string {
	return func(page *Page) string {
		return convoyAt(page, "/eventdeliveries/countbatchretryevents", convoyDeliveries(page, statuses))
	}
}

func convoyDeliveries(page *Page, statuses []string) url.Values {
	return url.Values{
		"endpointId": {remembered(page).first()}, "status": statuses,
		"startDate": {windowStart(time.Now()).Format("2006-01-02T15:04:05")},
	}
}

func readConvoyCount(page *Page) (*int64, error) {
	var data struct{ Num *int64 }
	if err := convoyData(page, &data); err != nil {
		return nil, err
	}
	if data.Num == nil {
		return nil, errors.New("expected a count of deliveries, found none")
	}
	return data.Num, nil
}

func readConvoySuccesses(page *Page) error {
	count, err := readConvoyCount(page)
	if err == nil {
		page.Deliveries = &probe.Deliveries{Window: deliveryWindow, Count: count}
	}
	return err
}

// readConvoyFailures counts what was given up: retries are spent, or the endpoint was not active.
func readConvoyFailures(page *Page) error {
	count, err := readConvoyCount(page)
	if err != nil {
		return err
	}
	if page.Deliveries == nil {
		page.Deliveries = &probe.Deliveries{}
	}
	d := page.Deliveries
	d.DeadLettered = count
	if d.Count != nil {
		d.Count, d.Failed = new(*d.Count+*count), count
	}
	return nil
}

// convoyLatest is the last delivery that was tried. It comes with what was sent, so there is but one.
func convoyLatest(page *Page) string {
	query := convoyDeliveries(page, []string{"Success", "Retry", "Failure"})
	query.Set("perPage", "1")
	return convoyAt(page, "/eventdeliveries", query)
}

func readConvoyLatest(page *Page) error {
	list, err := readConvoyList(page)
	if err != nil {
		return err
	}
	var last latest
	if remembered(page).held() {
		last.add(true, 0) // An open breaker lets nothing through.
	}
	err = each(list.Content, func(delivery struct {
		Status string `json:"status"`
	}) {
		last.add(delivery.Status != "Success", 0)
	})
	if err != nil {
		return fmt.Errorf("list of deliveries: %w", err)
	}
	last.judge(page)
	return nil
}
