// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mainstay.dev/mainstay/internal/probe"
	"mainstay.dev/mainstay/internal/provider/providertest"
)

// stripeWith is a Stripe account with so many webhook endpoints, 100 to a page.
func stripeWith(t *testing.T, endpoints int, asked *atomic.Int32) string {
	t.Helper()
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		switch r.URL.Path {
		case "/v1/webhook_endpoints":
			after := 0
			_, _ = fmt.Sscanf(r.URL.Query().Get("starting_after"), "we_%d", &after)
			last := min(after+100, endpoints)
			var page []string
			for i := after + 1; i <= last; i++ {
				page = append(page, fmt.Sprintf(`{"id":"we_%[1]d","url":"https://shop.example.com/%[1]d","status":"enabled",
					"livemode":true,"application":null,"enabled_events":["*"]}`, i))
			}
			_, _ = fmt.Fprintf(w, `{"object":"list","data":[%s],"has_more":%t}`, strings.Join(page, ","), last < endpoints)
		case "/v2/core/event_destinations":
			_, _ = fmt.Fprint(w, `{"data":[],"next_page_url":null}`)
		default:
			_, _ = fmt.Fprint(w, `{"object":"list","data":[],"has_more":false}`)
		}
	}).URL
}

func TestAnEndpointIsFoundOnALaterPage(t *testing.T) {
	for name, c := range map[string]struct {
		endpoints, requests int
		want                string
	}{
		"number 250 of 300":          {300, 4, "Passed"},
		"one page":                   {99, 2, "Failed EndpointNotFound https://shop.example.com/250"},
		"number 250 of far too many": {100_000, 11, "Passed"},
		"none of 249":                {249, 4, "Failed EndpointNotFound https://shop.example.com/250"},
	} {
		t.Run(name, func(t *testing.T) {
			var asked atomic.Int32
			target := probe.Target{
				Kind: "WebhookEndpoint", Provider: "Stripe", BaseURL: stripeWith(t, c.endpoints, &asked),
				Credential: probe.NewSecret("rk_live_not_a_real_key_only_for_tests"),
				Wants:      probe.WebhookWants{URL: "https://shop.example.com/250", Events: []string{"invoice.paid"}, Live: true},
			}
			client := newClient()
			defer client.Renew()
			got := providertest.Describe(Probe(t.Context(), client, target).Outcome)["Provisioned"]
			if got != c.want {
				t.Errorf("found %q, want %q", got, c.want)
			}
			if int(asked.Load()) != c.requests {
				t.Errorf("the probe took %d requests, want %d", asked.Load(), c.requests)
			}
		})
	}
}

// TestTheListingsOfOtherSendersAreBounded has senders list 300 endpoints, of which the wanted one is number 250, and
// far too many.
func TestTheListingsOfOtherSendersAreBounded(t *testing.T) {
	for name, c := range map[string]struct {
		provider            string
		endpoints, requests int
		want                string
	}{
		"number 250 of 300 at Svix":            {"Svix", 300, 4, "Passed"},
		"number 250 of far too many at Svix":   {"Svix", 100_000, 12, "Passed"},
		"none of 249 at Svix":                  {"Svix", 249, 1, "Failed EndpointNotFound https://shop.example.com/250"},
		"number 250 of 300 at Convoy":          {"Convoy", 300, 7, "Passed"},
		"number 250 of far too many at Convoy": {"Convoy", 100_000, 14, "Passed"},
		"none of 249 at Convoy":                {"Convoy", 249, 3, "Failed EndpointNotFound https://shop.example.com/250"},
		"number 250 of 300 at Outpost":         {"Outpost", 300, 3, "Passed"},
	} {
		t.Run(name, func(t *testing.T) {
			var asked atomic.Int32
			sender := serve(t, func(w http.ResponseWriter, r *http.Request) {
				asked.Add(1)
				_, _ = fmt.Fprint(w, crowded(r, c.endpoints))
			})
			target := probe.Target{
				Kind: "WebhookEndpoint", Provider: c.provider, BaseURL: sender.URL,
				Credential: probe.NewSecret("not_a_real_key_only_for_tests"),
				Wants:      probe.WebhookWants{URL: "https://shop.example.com/250", Events: []string{"order.paid"}, Account: "shop"},
			}
			client := newClient()
			defer client.Renew()
			if got := providertest.Describe(Probe(t.Context(), client, target).Outcome)["Provisioned"]; got != c.want {
				t.Errorf("found %q, want %q", got, c.want)
			}
			if int(asked.Load()) != c.requests {
				t.Errorf("the probe took %d requests, want %d", asked.Load(), c.requests)
			}
		})
	}
}

// crowded is what senders answer that have so many endpoints, and nothing to tell of deliveries.
func crowded(r *http.Request, endpoints int) string {
	list := func(cursor string, perPage int, element string) (page string, last int) {
		after := 0
		_, _ = fmt.Sscanf(r.URL.Query().Get(cursor), "ep_%d", &after)
		last = min(after+perPage, endpoints)
		var elements []string
		for i := after + 1; i <= last; i++ {
			elements = append(elements, strings.NewReplacer("{id}", fmt.Sprintf("ep_%d", i), "{url}", fmt.Sprintf("https://shop.example.com/%d", i)).Replace(element))
		}
		return strings.Join(elements, ","), last
	}
	switch path := r.URL.Path; {
	case path == "/app/shop/endpoint":
		page, last := list("iterator", 250, `{"id":"{id}","url":"{url}","disabled":false,"filterTypes":null}`)
		return fmt.Sprintf(`{"data":[%s],"iterator":"ep_%d","done":%t}`, page, last, last == endpoints)
	case strings.HasSuffix(path, "/stats"):
		return `{"success":0,"fail":0,"pending":0,"sending":0}`
	case strings.HasPrefix(path, "/app/shop/"):
		return `{"data":[],"iterator":null,"done":true}`
	case path == "/v1/projects/shop/endpoints":
		page, last := list("next_page_cursor", 100, `{"uid":"{id}","url":"{url}","status":"active"}`)
		return fmt.Sprintf(`{"status":true,"data":{"content":[%s],"pagination":{"has_next_page":%t,"next_page_cursor":"ep_%d"}}}`, page, last < endpoints, last)
	case strings.HasSuffix(path, "/subscriptions"):
		return `{"status":true,"data":{"content":[{"filter_config":{"event_types":["*"]}}],"pagination":{"has_next_page":false}}}`
	case strings.HasSuffix(path, "/countbatchretryevents"):
		return `{"status":true,"data":{"num":0}}`
	case strings.HasSuffix(path, "/eventdeliveries"):
		return `{"status":true,"data":{"content":[],"pagination":{"has_next_page":false}}}`
	case path == "/tenants/shop":
		return fmt.Sprintf(`{"id":"shop","destinations_count":%d}`, endpoints)
	case path == "/tenants/shop/destinations":
		page, _ := list("", endpoints, `{"id":"{id}","type":"webhook","topics":"*","disabled_at":null,"config":{"url":"{url}"}}`)
		return "[" + page + "]"
	}
	return `{"models":[],"pagination":{"next":null}}`
}

func TestARegionIsReadFromATokenOfSvix(t *testing.T) {
	for token, want := range map[string]string{
		"sk_abc.eu": "https://api.eu.svix.com/api/v1", "sk_abc.us": "https://api.us.svix.com/api/v1", "sk_abc": "https://api.svix.com/api/v1",
		"sk_abc.example.com/": "https://api.svix.com/api/v1", "": "https://api.svix.com/api/v1",
	} {
		if got := svix.Base(svix.PlaceIn(probe.NewSecret(token))); got != want {
			t.Errorf("%q: got %s, want %s", token, got, want)
		}
	}
}

func TestNearlySameURLs(t *testing.T) {
	const url = "https://shop.example.com/hooks"
	for other, want := range map[string]bool{
		url + "/": true, "http://shop.example.com/hooks": true, "https://Shop.Example.com/Hooks": true,
		"https://www.shop.example.com/hooks": true, "https://shop.example.com:443/hooks?x=1": true,
		"https://shop.example.com/": false, "https://shop.example.org/hooks": false, "": false, "/hooks": false, "::": false,
	} {
		if got := nearlySame(other, url); got != want {
			t.Errorf("%q: got %t, want %t", other, got, want)
		}
	}
}

func TestSubscriptionsAndTheirWildcards(t *testing.T) {
	for name, c := range map[string]struct {
		list   string
		wanted []string
		misses []string
	}{
		"by name":             {`["invoice.paid"]`, []string{"invoice.paid", "invoice.voided"}, []string{"invoice.voided"}},
		"all":                 {`["*"]`, []string{"invoice.paid"}, nil},
		"all but some":        {`["*"]`, selectedByName, selectedByName},
		"one of them by name": {`["*","` + selectedByName[1] + `"]`, selectedByName[1:2], nil},
		"their prefix":        {`["issuing_authorization.*"]`, selectedByName[1:2], selectedByName[1:2]},
		"a prefix":            {`["invoice.*"]`, []string{"invoice.paid", "charge.refunded"}, []string{"charge.refunded"}},
		"a name of version 2": {`["v1.invoice.paid"]`, []string{"invoice.paid"}, nil},
		"none":                {`[]`, []string{"invoice.paid"}, []string{"invoice.paid"}},
	} {
		t.Run(name, func(t *testing.T) {
			misses, err := notSubscribed([]byte(c.list), c.wanted, nil)
			if err != nil {
				t.Fatal(err)
			}
			if len(misses)+len(c.misses) > 0 && !cmp.Equal(c.misses, misses) {
				t.Errorf("got %v, want %v", misses, c.misses)
			}
		})
	}
	if _, err := notSubscribed([]byte(`[1]`), []string{"a"}, nil); err == nil {
		t.Error("expected a list of numbers to be no list of events")
	}
}
