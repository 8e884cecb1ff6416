// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"mainstay.dev/mainstay/internal/probe"
)

// outpost is the API of Hookdeck Outpost, managed or on a server of one's own. It calls an endpoint a destination,
// and an event a topic.
var outpost = Provider{
	Kind: "WebhookEndpoint", Name: "Outpost",
	BaseURL: "https://api.outpost.hookdeck.com/2025-07-01",
	Auth:    probe.Bearer,
	// Of the managed service, for a key.
	RequestsPerMinute: 240,
	Limits:            []LimitHeaders{{Resource: "requests", Limit: "X-Ratelimit-Limit", Remaining: "X-Ratelimit-Remaining"}},
	Steps: []Step{
		{Path: "/tenants/{name}", Each: webhookOwner, Read: readOutpostTenant},
		{
			Path: "/tenants/{name}/destinations?type=webhook", Each: webhookOwner, Read: readOutpostDestinations,
			Unless: func(page *Page) bool {
				return page.Outcome[probe.Authorized].Result == probe.Failed || page.Outcome[probe.Provisioned].Result == probe.Failed
			},
		},
		{At: outpostAttempts, Unless: noEndpoint, Needed: neverNeeded, Read: readOutpostAttempts},
	},
	Rules: []probe.Rule{
		{
			Status: 404, Message: "tenant not found", Means: probe.WebhookOwnerNotFound,
			Source: "server source v1.2", Verified: "2026-11",
		},
	},
	Facts: Facts{
		Proves: []string{
			"the key is accepted, and sees the tenant of `spec.outpost.tenant`",
			"a destination of the tenant has the URL of `spec.url`, and is not disabled",
			"it gets each event of `spec.events`, by name, by `*` or by a topic that ends in `*`",
			"the endpoint took the last delivery",
		},
		CannotProve: []string{
			"that a filter on payloads lets an event through", "that a topic is one that is ever published",
			"that the app has the right signing secret",
			"which deliveries were given up: attempts do not tell whether another one follows",
		},
		Requests: "3",
		KeysPage: "https://dashboard.hookdeck.com", StatusPage: "https://status.hookdeck.com",
		Source: "OpenAPI description and server source v1.2, documentation", Verified: "2026-11",
	},
}

// readOutpostTenant proves that this is the API, and that it knows the tenant. An empty list, as of a tenant
// without destinations, might be anybody's.
func readOutpostTenant(page *Page) error {
	var tenant struct {
		ID           string `json:"id"`
		Destinations *int   `json:"destinations_count"`
	}
	switch err := json.Unmarshal(page.Body, &tenant); {
	case err != nil:
		return fmt.Errorf("tenant: %w", err)
	case tenant.ID != page.Name || tenant.Destinations == nil:
		return errors.New("expected the tenant that was asked for, found none")
	}
	if *tenant.Destinations == 0 {
		page.Outcome.Set(probe.Provisioned, remembered(page).judge(ofWebhook(page.Wants)))
	}
	return nil
}

// readOutpostDestinations looks for the endpoint among a tenant's, which come at once. What a destination is
// called with is in its credentials, and is not decoded.
func readOutpostDestinations(page *Page) error {
	if absent(page.Body) {
		return errors.New("expected a list of destinations, found none")
	}
	wants, seen := ofWebhook(page.Wants), remembered(page)
	var bad error
	err := each(page.Body, func(d struct {
		ID       string          `json:"id"`
		Disabled *string         `json:"disabled_at"`
		Topics   json.RawMessage `json:"topics"`
		Config   struct {
			URL string `json:"url"`
		} `json:"config"`
	}) {
		found := receiver{id: d.ID, url: d.Config.URL, enabled: d.Disabled == nil}
		if found.url == wants.URL && string(d.Topics) != `"*"` {
			found.misses, bad = unnamed(d.Topics, wants.Events, bad)
		}
		seen.add(found, wants)
	})
	if err := errors.Join(err, bad); err != nil {
		return fmt.Errorf("list of destinations: %w", err)
	}
	page.Outcome.Set(probe.Provisioned, seen.judge(wants))
	return nil
}

// outpostAttempts are the latest attempts to deliver, the last first.
func outpostAttempts(page *Page) string {
	return "/attempts?" + url.Values{
		"tenant_id": {ofWebhook(page.Wants).Account}, "destination_id": {remembered(page).first()}, "limit": {"100"},
	}.Encode()
}

// readOutpostAttempts counts deliveries by the last attempt of each. Where there are more attempts than those read,
// the share of what failed among them is all that is known.
func readOutpostAttempts(page *Page) error {
	var list struct {
		Models     json.RawMessage `json:"models"`
		Pagination *struct {
			Next *string `json:"next"`
		} `json:"pagination"`
	}
	switch err := json.Unmarshal(page.Body, &list); {
	case err != nil:
		return fmt.Errorf("list of attempts: %w", err)
	case list.Pagination == nil:
		return errors.New("expected a list of attempts with its pagination, found none")
	}
	var last latest
	var count, failed int64
	judged, since, older := map[string]bool{}, time.Now().Add(-deliveryWindow), false
	err := each(list.Models, func(attempt struct {
		Event  string    `json:"event_id"`
		Status string    `json:"status"`
		Code   string    `json:"code"`
		At     time.Time `json:"delivered_at"`
	}) {
		if older = older || !attempt.At.IsZero() && attempt.At.Before(since); older || judged[attempt.Event] {
			return
		}
		judged[attempt.Event] = true
		status, _ := strconv.Atoi(attempt.Code) // Where there was no answer the code is a word.
		last.add(attempt.Status == "failed", status)
		count++
		if attempt.Status == "failed" {
			failed++
		}
	})
	if err != nil {
		return fmt.Errorf("list of attempts: %w", err)
	}
	page.Deliveries = &probe.Deliveries{Window: deliveryWindow, Count: &count, Failed: &failed}
	if list.Pagination.Next != nil && !older && count > 0 {
		page.Deliveries = &probe.Deliveries{Share: new(float64(failed) / float64(count))}
	}
	last.judge(page)
	return nil
}
