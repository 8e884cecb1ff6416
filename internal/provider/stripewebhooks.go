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

// stripeWebhooks is the Stripe API as a WebhookEndpoint sees it. An endpoint may be one of v1 or, since 2024, an
// event destination of v2: the second listing is asked where the first does not have it.
var stripeWebhooks = Provider{
	Kind: "WebhookEndpoint", Name: "Stripe",
	BaseURL:           "https://api.stripe.com",
	Auth:              probe.Bearer,
	KeyPrefix:         "sk_live_",
	NotKeys:           stripeNotKeys,
	Header:            stripeVersion,
	RequestsPerMinute: 1500,
	LimitHeader:       "Stripe-Rate-Limited-Reason",
	Unfit:             stripe.Unfit,
	Steps: []Step{
		{
			Path: stripeEndpoints, Header: stripeFor, Permission: "rak_webhook_read", Read: readStripeEndpoints,
		},
		{
			Path: stripeDestinations, Header: stripeContext, Missing: probe.EndpointNotFound,
			Unless: hasEndpoint, Needed: neverNeeded, Read: readStripeDestinations,
		},
		{
			Path: "/v1/events?delivery_success=false&limit=10", Header: stripeFor, Permission: "rak_event_read",
			Unless: noEndpoint, Needed: neverNeeded, Read: readStripeEvents,
		},
	},
	Rules: stripeRules,
	Facts: Facts{
		Proves: []string{
			"the key is accepted, and of the mode of `spec.stripe.mode`", "an endpoint has the URL of `spec.url`, and is enabled",
			"it gets each event of `spec.events`, of the accounts that `spec.stripe.eventsFrom` names",
			"no event of the last day waits for its delivery (with the permission `rak_event_read`)",
		},
		CannotProve: []string{
			"that the app has the right signing secret: Stripe shows it once, when the endpoint is made",
			"at which of several enabled endpoints of the account a delivery fails: Stripe does not tell",
			"that `*` covers an event that Stripe has marked as selection required since 2026-11",
			"that one endpoint of v1 and one of v2 have the same URL",
		},
		Requests: "2 for an endpoint of v1 and 3 for one of v2, and 1 more for each further 100 endpoints of either, at most 21",
		KeysPage: "https://dashboard.stripe.com/apikeys", StatusPage: "https://status.stripe.com",
		Source: "stripe-go v86, documentation; texts of errors from public reports", Verified: "2026-11",
	},
}

const (
	stripeEndpoints    = "/v1/webhook_endpoints?limit=100"
	stripeDestinations = "/v2/core/event_destinations?include[0]=webhook_endpoint.url&limit=100"
)

// stripeContext names the connected account in the way of v2.
func stripeContext(page *Page) map[string]string {
	if account := ofWebhook(page.Wants).Account; account != "" {
		return map[string]string{"Stripe-Context": account}
	}
	return map[string]string{}
}

func ofWebhook(w probe.Wants) probe.WebhookWants {
	wants, _ := w.(probe.WebhookWants)
	return wants
}

// hasEndpoint says whether an earlier answer had the endpoint of the spec.
func hasEndpoint(page *Page) bool {
	seen, ok := page.Memory.(*receivers)
	return ok && len(seen.wanted) > 0
}

// remembered returns what earlier pages told.
func remembered(page *Page) *receivers {
	if seen, ok := page.Memory.(*receivers); ok {
		return seen
	}
	seen := &receivers{}
	page.Memory = seen
	return seen
}

// stripeEndpoint is what is decoded of an endpoint of v1.
type stripeEndpoint struct {
	ID          string          `json:"id"`
	URL         string          `json:"url"`
	Status      string          `json:"status"`
	Events      json.RawMessage `json:"enabled_events"`
	Application *string         `json:"application"`
	Live        *bool           `json:"livemode"`
}

// readStripeEndpoints looks for the endpoint on one page of the listing of v1. An endpoint for the events of
// connected accounts is one of an application.
func readStripeEndpoints(page *Page) error {
	var list struct {
		Data    json.RawMessage `json:"data"`
		HasMore bool            `json:"has_more"`
	}
	if err := stripeObject(page.Body, "list", &list); err != nil {
		return err
	}
	wants, seen, last := ofWebhook(page.Wants), remembered(page), ""
	var bad error
	err := each(list.Data, func(e stripeEndpoint) {
		last = e.ID
		if e.URL == "" {
			return // It is no endpoint that Stripe would list.
		}
		if e.Live != nil {
			judgeStripeMode(page, *e.Live)
		}
		found := receiver{url: e.URL, enabled: e.Status == "enabled", elsewhere: (e.Application != nil) != wants.FromAccounts}
		if e.URL == wants.URL {
			found.misses, bad = notSubscribed(e.Events, wants.Events, bad)
		}
		seen.add(found, wants)
	})
	next := ""
	if list.HasMore && last != "" {
		next = stripeEndpoints + "&starting_after=" + url.QueryEscape(last)
	}
	switch err := errors.Join(err, bad); {
	case err != nil:
		return fmt.Errorf("list of webhook endpoints: %w", err)
	case seen.goOn(page, next):
	case len(seen.wanted) > 0:
		page.Outcome.Set(probe.Provisioned, seen.judge(wants))
	default: // It may be an event destination, which not every key may list.
		page.Outcome.Set(probe.Provisioned, probe.Finding{
			Result: probe.Undecided, Symptom: probe.EndpointNotShown, Args: []string{wants.URL},
		})
	}
	return nil
}

// judgeStripeMode holds the mode of what a key lists against the spec.
func judgeStripeMode(page *Page, live bool) {
	if symptom, wrong := wrongStripeMode(live, page.Wants); wrong {
		page.Outcome.Fail(symptom)
	}
}

// stripeDestination is what is decoded of an event destination of v2.
type stripeDestination struct {
	Status   string          `json:"status"`
	Events   json.RawMessage `json:"enabled_events"`
	From     []string        `json:"events_from"`
	Live     *bool           `json:"livemode"`
	Endpoint *struct {
		URL string `json:"url"`
	} `json:"webhook_endpoint"`
}

// readStripeDestinations looks for the endpoint on one page of the listing of v2, which is the last to have it.
func readStripeDestinations(page *Page) error {
	var list struct {
		Data json.RawMessage `json:"data"`
		Next *string         `json:"next_page_url"`
	}
	if err := json.Unmarshal(page.Body, &list); err != nil {
		return fmt.Errorf("list of event destinations: %w", err)
	}
	if absent(list.Data) {
		return errors.New("expected a list of event destinations, found none")
	}
	wants, seen := ofWebhook(page.Wants), remembered(page)
	var bad error
	err := each(list.Data, func(d stripeDestination) {
		if d.Endpoint == nil { // Not every destination is a webhook.
			return
		}
		if d.Live != nil {
			judgeStripeMode(page, *d.Live)
		}
		found := receiver{url: d.Endpoint.URL, enabled: d.Status == "enabled", elsewhere: !d.isFrom(wants.FromAccounts)}
		if found.url == wants.URL {
			found.misses, bad = notSubscribed(d.Events, wants.Events, bad)
		}
		seen.add(found, wants)
	})
	if err := errors.Join(err, bad); err != nil {
		return fmt.Errorf("list of event destinations: %w", err)
	}
	if list.Next != nil && strings.HasPrefix(*list.Next, "/v2/core/event_destinations?") && len(*list.Next) < maxNextPath {
		page.Next = *list.Next
		return nil
	}
	if page.Outcome[probe.Provisioned].Symptom != probe.ListTooLong || len(seen.wanted) > 0 {
		page.Outcome.Set(probe.Provisioned, seen.judge(wants))
	}
	return nil
}

// maxNextPath is how long the path of a next page may be, in bytes.
const maxNextPath = 1024

// isFrom says whether a destination gets the events of connected accounts, or of the account itself. The words
// had no @ before 2026.
func (d stripeDestination) isFrom(accounts bool) bool {
	if len(d.From) == 0 {
		return !accounts
	}
	return slices.ContainsFunc(d.From, func(source string) bool { return (strings.TrimPrefix(source, "@") != "self") == accounts })
}

// notSubscribed returns the wanted events that a list of subscriptions does not cover: * stands for all that need
// not be selected by their names, and a.* for all that begin with a.
func notSubscribed(list json.RawMessage, wanted []string, before error) ([]string, error) {
	covered := map[string]bool{}
	err := each(list, func(subscribed string) {
		prefix, wildcard := strings.CutSuffix(subscribed, "*")
		for _, event := range wanted {
			// The snapshot events of v2 have the names of v1 with its version before them.
			name := strings.TrimPrefix(subscribed, "v1.")
			if name == event || subscribed == event || wildcard && strings.HasPrefix(event, prefix) && !slices.Contains(selectedByName, event) {
				covered[event] = true
			}
		}
	})
	misses := slices.DeleteFunc(slices.Clone(wanted), func(event string) bool { return covered[event] })
	return misses, errors.Join(before, err)
}

// selectedByName are the events that no wildcard covers, which Stripe marks as "selection required".
// Source: docs.stripe.com/api/events/types. Verified: 2026-11.
var selectedByName = []string{
	"identity.verification_session.redacted", "issuing_authorization.request", "reporting.report_type.updated",
}

const (
	// deliveryGrace is how old an event may be before its delivery counts as failing, and deliveryWindow how old
	// before it counts no more: Stripe has given up by then, or the app was down for reasons that are past.
	deliveryGrace, deliveryWindow = 15 * time.Minute, 24 * time.Hour
)

// readStripeEvents looks at the latest events that some endpoint did not take. The list does not tell which
// endpoint, so it proves a failure only where there is no other.
func readStripeEvents(page *Page) error {
	var list struct {
		Data    json.RawMessage `json:"data"`
		HasMore bool            `json:"has_more"`
	}
	if err := stripeObject(page.Body, "list", &list); err != nil {
		return err
	}
	wants, now := ofWebhook(page.Wants), time.Now()
	var failing []string
	var oldest time.Time
	fresh, count, waiting := 0, 0, int64(0)
	err := each(list.Data, func(e struct {
		Type    string  `json:"type"`
		Created float64 `json:"created"`
	}) {
		count++
		age := now.Sub(unix(e.Created))
		if age < deliveryWindow && slices.Contains(wants.Events, e.Type) {
			waiting, oldest = waiting+1, unix(e.Created) // The newest come first.
		}
		switch {
		case age < deliveryGrace:
			fresh++
		case age < deliveryWindow && slices.Contains(wants.Events, e.Type) && !slices.Contains(failing, e.Type):
			failing = append(failing, e.Type)
		}
	})
	if err != nil {
		return fmt.Errorf("list of events: %w", err)
	}
	if len(wants.Events) > 0 && !list.HasMore && !remembered(page).others {
		page.Deliveries = &probe.Deliveries{Waiting: &waiting, WaitingSince: oldest}
	}
	slices.Sort(failing)
	hidden := list.HasMore && fresh == count // What waits for longer is on pages that are not read.
	switch {
	case len(failing) > 0 && !remembered(page).others:
		page.Outcome.Fail(probe.DeliveriesFailing, failing...)
	case len(failing) > 0 || hidden:
		page.Outcome.Set(probe.Working, probe.Finding{Result: probe.Undecided, Symptom: probe.DeliveriesUnclear, Args: failing})
	default:
		page.Outcome.Set(probe.Working, probe.Pass())
	}
	return nil
}
