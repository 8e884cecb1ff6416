// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"maps"
	"net/http"
	"slices"

	"mainstay.dev/mainstay/internal/provider/providertest"
)

// receiverName is the provider of an app's own end of webhooks.
const receiverName = "Receiver"

// receiver is an app that takes webhooks of Stripe, at the path of the samples.
type receiver struct{ *providertest.Receiver }

func newReceiver() receiver {
	return receiver{providertest.NewReceiver("/webhooks/stripe", providertest.ReceiverSecret)}
}

// receiverCases are the states in which the app may be found, each with the signing secret that it has and how it
// answers a POST; nil for as an app does.
var receiverCases = map[string]struct {
	secret string
	takes  func(w http.ResponseWriter, verified bool)
}{
	providertest.Healthy:        {secret: providertest.ReceiverSecret},
	"another signing secret":    {secret: "whsec_b2YgYW5vdGhlciBlbmRwb2ludA=="},
	"signatures go unchecked":   {providertest.ReceiverSecret, always(http.StatusOK)},
	"nothing takes webhooks":    {providertest.ReceiverSecret, always(http.StatusNotFound)},
	"unknown types are refused": {providertest.ReceiverSecret, always(http.StatusUnprocessableEntity)},
}

func always(status int) func(http.ResponseWriter, bool) {
	return func(w http.ResponseWriter, _ bool) { w.WriteHeader(status) }
}

func (r receiver) cases() []string { return slices.Sorted(maps.Keys(receiverCases)) }

func (r receiver) play(name string) error {
	c, known := receiverCases[name]
	if !known {
		return fmt.Errorf("no case %q of provider %s; GET / lists them", name, receiverName)
	}
	r.Holds(c.secret)
	r.Answers(nil, c.takes)
	return nil
}
