// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"mainstay.dev/mainstay/internal/probe"
)

// What test emails say. They reach nobody, but their sender may find them in a log of the vendor.
const (
	testSubject = "Test by Mainstay"
	testText    = "Mainstay asks the provider whether it accepts emails. Nobody gets this one."
)

// testEmail is how a vendor is asked to accept an email that reaches nobody.
type testEmail struct {
	// path is where to post; {name} in it stands for the sender's domain.
	path string
	// header is what the request needs besides; nil for nothing.
	header func(from string) map[string]string
	// body is what to post for a sender.
	body func(from string) string
	// silent says that the vendor accepts it without a word.
	silent bool
	// anySender says that the vendor accepts it from any domain, so that it proves none.
	anySender bool
}

// step returns the step that has the email sent.
func (e testEmail) step() Step {
	step := Step{
		Path: e.path, OptIn: true, Refused: probe.TestEmailRefused, Silent: e.silent,
		When: func(w probe.Wants) bool { return senderOf(w) != "" },
		Each: func(w probe.Wants) []string { return []string{domainOf(senderOf(w))} },
		Body: func(page *Page) string { return e.body(senderOf(page.Wants)) },
		Read: e.accepted,
	}
	if e.header != nil {
		step.Header = func(page *Page) map[string]string { return e.header(senderOf(page.Wants)) }
	}
	return step
}

// provenBySending are open questions about a domain that are answered where an email from it is accepted.
var provenBySending = []probe.Symptom{{}, probe.SendOnlyKey, probe.DomainNotVisible, probe.ListTooLong}

// accepted reads the answer to an email that was accepted. It proves the key, whatever that may read, and
// the domain, unless the vendor does not look at it.
func (e testEmail) accepted(page *Page) error {
	if !e.silent {
		var answer struct {
			ID, MessageID string // Resend and Mailgun, Postmark and SES
		}
		if err := json.Unmarshal(page.Body, &answer); err != nil {
			return fmt.Errorf("test email: %w", err)
		}
		if cmp.Or(answer.ID, answer.MessageID) == "" {
			return errors.New("expected the id of an email, found none")
		}
	}
	o := page.Outcome
	for _, stage := range []probe.Stage{probe.Authenticated, probe.Authorized, probe.Working} {
		o.Set(stage, probe.Pass())
	}
	domain := o[probe.Provisioned]
	open := !domain.Result.Good() && slices.Contains(provenBySending, domain.Symptom)
	if open && !e.anySender && slices.Equal(page.Wants.Names(), []string{page.Name}) {
		o.Set(probe.Provisioned, probe.Pass())
	}
	return nil
}

// senderOf returns the address that test emails come from; empty where none are to be sent.
func senderOf(w probe.Wants) string {
	email, _ := w.(probe.EmailWants)
	return email.From
}

// domainOf returns the domain of an address.
func domainOf(address string) string {
	return address[strings.LastIndexByte(address, '@')+1:]
}

// asJSON writes a value of our own, which marshals.
func asJSON(value any) string {
	text, _ := json.Marshal(value)
	return string(text)
}
