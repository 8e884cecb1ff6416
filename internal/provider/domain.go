// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"slices"

	"mainstay.dev/mainstay/internal/probe"
	"mainstay.dev/mainstay/internal/provider/sender"
)

// Records are what a vendor has its customers write into the DNS of a sending domain.
type Records struct {
	// Selectors are those under which the domain has the vendor's DKIM keys. Usual says that a domain may have
	// others in their place: then one key among them proves the domain, and what is not there, or is of the
	// past, proves nothing.
	Selectors []string
	Usual     bool
	// MailFrom is the name below the domain that bounces go to, whose SPF record counts, or "@" for the domain
	// itself; a customer may choose another one. Where it is empty nothing is known of SPF.
	MailFrom string
	// Include is what that SPF record includes.
	Include string
	// Source and Verified say where the facts come from, and when that was looked up.
	Source, Verified string
}

// hideDomain records that the credential cannot show the domain that the spec names.
func hideDomain(page *Page) {
	if !page.Wants.Empty() {
		page.Outcome.Leave(probe.Unprovable, probe.DomainNotVisible, page.Wants.Names()...)
	}
}

// hides are the symptoms of a credential that cannot show the domain, so that DNS has to.
var hides = []probe.Symptom{probe.SendOnlyKey, probe.DomainNotVisible, probe.AccountNotVisible}

// domain adds what DNS says of the sending domain. Where the vendor's API has shown that the domain is
// verified its word stands: DNS then adds what is surely wrong, and warnings. Where it cannot show the
// domain, DNS proves it instead, by the selectors that the spec names or those that the vendor is known for.
func (r *run) domain(ctx context.Context) {
	wants, isEmail := r.target.Wants.(probe.EmailWants)
	found := r.outcome[probe.Provisioned]
	hidden := found.Result == probe.Unprovable && slices.Contains(hides, found.Symptom)
	shown := found.Result == probe.Passed && found.Symptom != probe.SinkIntended
	if !isEmail || wants.Empty() || !hidden && !shown {
		return
	}
	c := records{Records: r.Records, domain: wants.Domain, hidden: hidden, shown: !hidden && r.Speaks != SMTP}
	c.look = patient(ctx, r.client)
	if c.named = r.Speaks == SMTP || len(wants.Selectors) > 0; c.named {
		c.Selectors = wants.Selectors
	}
	c.unproven = hidden && len(c.Selectors) == 0 // Nobody knows what to look for.
	c.dkim()
	switch {
	case c.unproven:
	case r.Speaks == SMTP, c.MailFrom == "@" && hidden:
		c.spf(wants.Domain)
	case c.MailFrom == "@": // The vendor has looked at it, and the domain may have it for others as well.
	case c.MailFrom != "":
		c.spf(c.MailFrom + "." + wants.Domain)
	}
	c.policy()
	r.outcome.Set(probe.Provisioned, c.finding(found))
}

// patient looks records up until the name server lets a question time out: to wait for each of the others
// would only keep the probe from ending.
func patient(ctx context.Context, client probe.Client) sender.Lookup {
	silent := false
	return func(q probe.Question) probe.Records {
		if silent {
			return probe.Records{Fault: probe.TimedOut}
		}
		found := client.LookUp(ctx, q)
		silent = found.Fault == probe.TimedOut
		return found
	}
}

// records are what is found of a domain's records.
type records struct {
	Records
	domain string
	look   sender.Lookup
	// shown says that the vendor's API has shown that the domain is verified, hidden that it cannot, and named that
	// the selectors are those of the spec.
	shown, hidden, named bool

	// wrong are symptoms of what is wrong, the gravest first, with the names that have it.
	wrong    probe.Outcome
	warnings []probe.Warning
	// good are the names at which all is as it should be.
	good []string
	// open says that a question was left open, unproven that records of another name may serve instead.
	open, unproven bool
}

// fails records what is surely wrong.
func (c *records) fails(s probe.Symptom, name string) { c.wrong.Fail(s, name) }

// lacks records what is not there. Where the vendor has shown the domain to be verified that proves
// nothing.
func (c *records) lacks(s probe.Symptom, name string) {
	if !c.shown {
		c.wrong.Fail(s, name)
	}
}

func (c *records) warns(s probe.Symptom, name string) {
	c.warnings = append(c.warnings, probe.Warning{Symptom: s, Args: []string{name}})
}

func (c *records) dkim() {
	if c.Usual && !c.named {
		if !c.shown {
			c.usualKey()
		}
		return
	}
	for _, selector := range c.Selectors {
		name := sender.DKIMName(selector, c.domain)
		switch sender.ReadDKIM(c.look, selector, c.domain) {
		case sender.DKIMOpen:
			c.open = true
		case sender.DKIMMissing:
			c.lacks(probe.DKIMMissing, name)
		case sender.DKIMRevoked:
			c.fails(probe.DKIMRevoked, name)
		case sender.DKIMUnusable:
			c.fails(probe.DKIMUnusable, name)
		case sender.DKIMGood:
			c.good = append(c.good, name)
		}
	}
}

// usualKey looks for one good key at names that the domain need not have.
func (c *records) usualKey() {
	open := false
	for _, selector := range c.Selectors {
		switch sender.ReadDKIM(c.look, selector, c.domain) {
		case sender.DKIMGood:
			c.good = append(c.good, sender.DKIMName(selector, c.domain))
			return
		case sender.DKIMOpen:
			open = true
		case sender.DKIMMissing, sender.DKIMRevoked, sender.DKIMUnusable:
		}
	}
	c.open, c.unproven = open, true
}

func (c *records) spf(name string) {
	s := sender.ReadSPF(c.look, name)
	switch {
	case s.Records > 1:
		c.fails(probe.SPFSeveral, name)
	case s.Lookups > sender.MaxLookups:
		c.fails(probe.SPFTooManyLookups, name)
	case s.Broken:
		c.fails(probe.SPFBroken, name)
	case s.Open:
		c.open = true
	case s.Records == 0 && c.MailFrom != "", c.Usual && c.excludes(s):
		c.unproven = true
	case s.Records == 0:
		c.lacks(probe.SPFMissing, name)
	case c.excludes(s):
		c.lacks(probe.SPFLacksProvider, name)
	case s.PassesAll:
		c.warns(probe.SPFPassesAll, name)
		c.good = append(c.good, name)
	default:
		c.good = append(c.good, name)
	}
}

// excludes says whether an SPF record lets others than the vendor send.
func (c *records) excludes(s sender.SPF) bool {
	return c.Include != "" && !slices.Contains(s.Includes, c.Include) && !s.Others && !s.PassesAll
}

// policy looks at what stops no email by itself.
func (c *records) policy() {
	if sender.TakesNoMail(c.look, c.domain) {
		c.warns(probe.TakesNoMail, c.domain)
	}
	switch sender.ReadDMARC(c.look, c.domain) {
	case sender.DMARCMissing:
		c.warns(probe.DMARCMissing, c.domain)
	case sender.DMARCNotEnforced:
		c.warns(probe.DMARCNotEnforced, c.domain)
	case sender.DMARCOpen, sender.DMARCEnforced:
	}
}

// finding is what all of it comes to, where found is what was known without DNS.
func (c *records) finding(found probe.Finding) probe.Finding {
	switch wrong := c.wrong[probe.Provisioned]; {
	case wrong.Result == probe.Failed:
		return wrong
	case c.open && !c.shown:
		return probe.Finding{Result: probe.Undecided, Symptom: probe.RecordsUndecided, Args: []string{c.domain}}
	case c.hidden && !c.unproven && found.Symptom != probe.AccountNotVisible:
		found = probe.Finding{Result: probe.Passed, Symptom: probe.DomainProvenByDNS, Args: c.good}
	}
	for _, w := range c.warnings {
		found.Warn(w.Symptom, w.Args...)
	}
	return found
}
