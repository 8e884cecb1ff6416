// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"mainstay.dev/mainstay/internal/probe"
)

// svix is the Svix API. What Svix calls an application is a customer of who sends, with endpoints of its own.
var svix = Provider{
	Kind: "WebhookEndpoint", Name: "Svix",
	BaseURL: "https://api.{place}svix.com/api/v1",
	Places:  svixRegions,
	PlaceIn: svixRegion,
	Auth:    probe.Bearer,
	NotKeys: map[string]string{"whsec_": "it is the signing secret of a webhook endpoint"},
	Steps: []Step{
		{Path: svixEndpoints, Each: webhookOwner, Read: readSvixEndpoints},
		{At: svixStats, Unless: noEndpoint, Needed: neverNeeded, Read: readSvixStats},
		{At: svixGivenUp, Unless: svixGaveUpNone, Needed: neverNeeded, Read: readSvixGivenUp},
		{At: svixAttempts, Unless: noEndpoint, Needed: neverNeeded, Read: readSvixAttempts},
	},
	Rules: []probe.Rule{
		{
			Status: 401, Code: "authentication_failed", Means: probe.KeyRejected,
			Source: "OpenAPI description 1.947", Verified: "2026-11",
		},
		{
			// The blank in the code is Svix's own.
			Status: 403, Code: "insufficient access", Means: probe.Forbidden,
			Source: "server source", Verified: "2026-11",
		},
		{
			Status: 404, Code: "not_found", Means: probe.WebhookOwnerNotFound,
			Source: "OpenAPI description 1.947, server source", Verified: "2026-11",
		},
	},
	Facts: Facts{
		Proves: []string{
			"the key is accepted, and sees the application of `spec.svix.application`",
			"an endpoint of the application has the URL of `spec.url`, and is not disabled",
			"it gets each event of `spec.events`: `filterTypes` is null, which stands for all, or names it",
			"the endpoint took the last delivery, and none of the last day was given up",
		},
		CannotProve: []string{
			"that messages are sent to the channels of an endpoint that listens to some alone",
			"that the app has the right signing secret", "why an endpoint was disabled: by hand, or after days of failures",
			"how old the oldest delivery is that waits",
		},
		Requests: "3, 1 more where deliveries failed for good, and 1 more for each further 250 endpoints, at most 13",
		KeysPage: "https://dashboard.svix.com", StatusPage: "https://status.svix.com",
		Source: "OpenAPI description 1.947, Go SDK and server source", Verified: "2026-11",
	},
}

// svixRegions are the regions, by how tokens name them; the first of all has no name.
var svixRegions = map[string]string{"": "", "us": "us.", "eu": "eu.", "in": "in.", "ca": "ca.", "au": "au."}

// svixRegion is the region that a token names at its end, as in "sk_….eu".
func svixRegion(token probe.Secret) string {
	value := token.Reveal()
	region := value[strings.LastIndex(value, ".")+1:]
	if _, known := svixRegions[region]; known {
		return region
	}
	return ""
}

const svixEndpoints = "/app/{name}/endpoint?limit=250"

// svixList is a page of any listing.
type svixList struct {
	Data     json.RawMessage `json:"data"`
	Done     *bool           `json:"done"`
	Iterator string          `json:"iterator"`
}

func readSvixList(page *Page) (list svixList, err error) {
	if err := json.Unmarshal(page.Body, &list); err != nil {
		return list, fmt.Errorf("list: %w", err)
	}
	if absent(list.Data) || list.Done == nil {
		return list, errors.New("expected a list that says whether it is done, found none")
	}
	return list, nil
}

// readSvixEndpoints looks for the endpoint on one page of an application's.
func readSvixEndpoints(page *Page) error {
	list, err := readSvixList(page)
	if err != nil {
		return err
	}
	wants, seen := ofWebhook(page.Wants), remembered(page)
	var bad error
	err = each(list.Data, func(e struct {
		ID       string          `json:"id"`
		URL      string          `json:"url"`
		Disabled bool            `json:"disabled"`
		Types    json.RawMessage `json:"filterTypes"`
	}) {
		found := receiver{id: e.ID, url: e.URL, enabled: !e.Disabled}
		if e.URL == wants.URL && !absent(e.Types) {
			found.misses, bad = unnamed(e.Types, wants.Events, bad)
		}
		seen.add(found, wants)
	})
	if err := errors.Join(err, bad); err != nil {
		return fmt.Errorf("list of endpoints: %w", err)
	}
	next := ""
	if !*list.Done && list.Iterator != "" {
		next = strings.Replace(svixEndpoints, "{name}", url.PathEscape(page.Name), 1) + "&iterator=" + url.QueryEscape(list.Iterator)
	}
	if !seen.goOn(page, next) {
		page.Outcome.Set(probe.Provisioned, seen.judge(wants))
	}
	return nil
}

// svixAt returns a path below the application of a spec, for the endpoint that was found.
func svixAt(page *Page, path string) string {
	return strings.NewReplacer(
		"{app}", url.PathEscape(ofWebhook(page.Wants).Account), "{endpoint}", url.PathEscape(remembered(page).first()),
		"{since}", url.QueryEscape(windowStart(time.Now()).Format(time.RFC3339)),
	).Replace(path)
}

func svixStats(page *Page) string {
	return svixAt(page, "/app/{app}/endpoint/{endpoint}/stats?since={since}")
}

// readSvixStats counts the deliveries of the last day by how they stand.
func readSvixStats(page *Page) error {
	var stats struct{ Success, Fail, Pending, Sending *int64 }
	if err := json.Unmarshal(page.Body, &stats); err != nil {
		return fmt.Errorf("statistics of an endpoint: %w", err)
	}
	if stats.Success == nil || stats.Fail == nil || stats.Pending == nil || stats.Sending == nil {
		return errors.New("expected statistics of an endpoint, found others")
	}
	page.Deliveries = &probe.Deliveries{
		Window: deliveryWindow, Count: new(*stats.Success + *stats.Fail), Failed: stats.Fail,
		Waiting: new(*stats.Pending + *stats.Sending),
	}
	if *stats.Fail == 0 {
		page.Deliveries.DeadLettered = stats.Fail
	}
	return nil
}

// svixGaveUpNone says whether no delivery failed for good, as far as the statistics tell.
func svixGaveUpNone(page *Page) bool {
	return page.Deliveries == nil || page.Deliveries.Failed == nil || *page.Deliveries.Failed == 0
}

// svixGivenUp are messages that failed. Without a next attempt they are given up.
func svixGivenUp(page *Page) string {
	return svixAt(page, "/app/{app}/endpoint/{endpoint}/msg?status=2&limit=100&with_content=false&after={since}")
}

func readSvixGivenUp(page *Page) error {
	list, err := readSvixList(page)
	if err != nil {
		return err
	}
	var givenUp int64
	err = each(list.Data, func(message struct {
		Next *string `json:"nextAttempt"`
	}) {
		if message.Next == nil {
			givenUp++
		}
	})
	if err != nil {
		return fmt.Errorf("list of messages: %w", err)
	}
	if givenUp > 0 || *list.Done {
		page.Deliveries.DeadLettered = &givenUp
	}
	return nil
}

// svixAttempts are the latest attempts, the last first, without what was sent.
func svixAttempts(page *Page) string {
	return svixAt(page, "/app/{app}/attempt/endpoint/{endpoint}?limit=10&with_content=false&expanded_statuses=true&after={since}")
}

// readSvixAttempts says whether the endpoint took the last delivery. An attempt that is under way says nothing.
func readSvixAttempts(page *Page) error {
	const success, fail = 0, 2
	list, err := readSvixList(page)
	if err != nil {
		return err
	}
	var last latest
	err = each(list.Data, func(attempt struct {
		Status   *int `json:"status"`
		Response int  `json:"responseStatusCode"`
	}) {
		if attempt.Status != nil && (*attempt.Status == success || *attempt.Status == fail) {
			last.add(*attempt.Status == fail, attempt.Response)
		}
	})
	if err != nil {
		return fmt.Errorf("list of attempts: %w", err)
	}
	last.judge(page)
	return nil
}
