// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"mainstay.dev/mainstay/internal/probe"
)

// What senders of webhooks tell of their deliveries is read alike: an endpoint that did not take the last one is
// failing now, whatever came before, and what was given up is lost until somebody has it resent.

// windowStart is since when deliveries are looked at. It moves once an hour, so that all who ask within one ask
// the same.
func windowStart(now time.Time) time.Time { return now.Add(-deliveryWindow).Truncate(time.Hour).UTC() }

// webhookOwner is the account, application, project or tenant whose endpoint is meant.
func webhookOwner(w probe.Wants) []string { return []string{ofWebhook(w).Account} }

// noEndpoint says that earlier answers did not have the endpoint of the spec.
func noEndpoint(page *Page) bool { return !hasEndpoint(page) }

// neverNeeded is of steps that a key may be refused: what they show is then unknown, and nothing has failed.
func neverNeeded(probe.Wants) bool { return false }

// latest is how the last delivery that came to an end did so.
type latest struct {
	known, failed bool
	// status is the HTTP status of the endpoint's answer; 0 where it gave none.
	status int
}

// add takes note of a delivery, unless there was a later one.
func (l *latest) add(failed bool, status int) {
	if !l.known {
		*l = latest{known: true, failed: failed, status: status}
	}
}

// judge says how deliveries fare. Where nothing was delivered in the window there is nothing to say.
func (l latest) judge(page *Page) {
	if page.Deliveries == nil {
		page.Deliveries = &probe.Deliveries{}
	}
	page.Deliveries.LastStatus = l.status
	switch lost := page.Deliveries.DeadLettered; {
	case l.failed:
		page.Outcome.Fail(probe.DeliveriesFailing)
	case lost != nil && *lost > 0:
		page.Outcome.Fail(probe.DeadLettered)
	case !l.known:
		page.Outcome.Set(probe.Working, probe.Finding{Result: probe.NotApplicable})
	default:
		page.Outcome.Set(probe.Working, probe.Pass())
	}
}

// unnamed returns the wanted events that a list of names does not have. A name that ends in * stands for all that
// begin as it does.
func unnamed(list json.RawMessage, wanted []string, before error) ([]string, error) {
	covered := map[string]bool{}
	err := each(list, func(name string) {
		prefix, wildcard := strings.CutSuffix(name, "*")
		for _, event := range wanted {
			if name == event || wildcard && strings.HasPrefix(event, prefix) {
				covered[event] = true
			}
		}
	})
	misses := slices.DeleteFunc(slices.Clone(wanted), func(event string) bool { return covered[event] })
	return misses, errors.Join(before, err)
}
