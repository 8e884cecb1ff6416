// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package sender

import (
	"slices"
	"strings"

	"mainstay.dev/mainstay/internal/probe"
)

// DMARC is what the DMARC policy of a domain asks receivers to do.
type DMARC int

// The policies.
const (
	// DMARCOpen: it is not known which records there are.
	DMARCOpen DMARC = iota
	// DMARCMissing: no record applies. Several records of one name count for none.
	DMARCMissing
	// DMARCNotEnforced: the policy is none, or is being tested.
	DMARCNotEnforced
	DMARCEnforced
)

// maxLabels is how many labels a name may have at which the walk up the tree goes on (RFC 9989).
const maxLabels = 7

// policy is a DMARC record, and the name that has it.
type policy struct {
	name string
	tags map[string]string
}

// ReadDMARC finds the policy that applies to a domain: its own, or else that of its organization, which a
// walk up the tree of names finds.
func ReadDMARC(look Lookup, domain string) DMARC {
	own, found, open := readPolicy(look, domain)
	if open {
		return DMARCOpen
	}
	if found {
		return own.asks("p")
	}
	var above []policy
	for name := parent(domain); name != ""; name = parent(name) {
		next, found, open := readPolicy(look, name)
		if open {
			return DMARCOpen
		}
		if !found {
			continue
		}
		above = append(above, next)
		if next.tags["psd"] == "n" || next.tags["psd"] == "y" {
			break // The record says where the organization begins.
		}
	}
	if len(above) == 0 {
		return DMARCMissing
	}
	// The record of the shortest name is the organization's. One of a public suffix applies where the
	// organization right below has none.
	applies := above[len(above)-1]
	if applies.tags["psd"] == "y" && len(above) > 1 {
		below := above[len(above)-2]
		if parent(below.name) == applies.name {
			applies = below
		}
	}
	if _, found := applies.tags["sp"]; found {
		return applies.asks("sp")
	}
	return applies.asks("p")
}

// readPolicy reads the DMARC record of one name.
func readPolicy(look Lookup, name string) (p policy, found, open bool) {
	records := look(probe.Question{Name: "_dmarc." + name, Type: probe.TXT})
	if records.Fault != (probe.Symptom{}) {
		return p, false, true
	}
	texts := slices.DeleteFunc(slices.Clone(records.Texts), func(text string) bool {
		version, _, _ := strings.Cut(text, ";")
		return strings.Join(strings.Fields(version), "") != "v=DMARC1"
	})
	if len(texts) != 1 {
		return p, false, false
	}
	return policy{name: name, tags: readTags(texts[0])}, true, false
}

// asks says what a policy asks for, by one of its tags. A policy that is missing or unknown is none.
func (p policy) asks(tag string) DMARC {
	asked := strings.ToLower(p.tags[tag])
	if (asked == "quarantine" || asked == "reject") && !strings.EqualFold(p.tags["t"], "y") {
		return DMARCEnforced
	}
	return DMARCNotEnforced
}

// parent is the name at which the walk goes on: one label shorter, and no longer than maxLabels.
func parent(name string) string {
	labels := strings.Split(name, ".")
	skip := max(1, len(labels)-maxLabels)
	return strings.Join(labels[skip:], ".")
}
