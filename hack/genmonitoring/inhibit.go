// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package main

import "strings"

// inhibition keeps symptoms quiet while their cause is told of.
type inhibition struct {
	// Why is for the page, and not for Alertmanager.
	Why    string   `json:"-"`
	Source []string `json:"source_matchers"`
	Target []string `json:"target_matchers"`
	Equal  []string `json:"equal,omitempty"`
}

var inhibitions = []inhibition{
	{
		Why:    "An app lacks what it requires: the alert on the dependency says why.",
		Source: is(alertUnhealthy), Target: is(alertSet), Equal: []string{"namespace", "reason"},
	},
	{
		Why:    "What comes of a fault with the same credential, or is open meanwhile, waits until that is mended.",
		Source: is(alertUnhealthy), Target: is(alertUndecided, alertWarning, alertExpiring),
		Equal: []string{"namespace", "provider", "secret"},
	},
	{
		Why:    "Three days before a credential expires its alert takes the place of the early warning.",
		Source: is(alertExpiring), Target: append(is(alertWarning), `reason = "APIKeyExpiringSoon"`),
		Equal: []string{"namespace", "provider", "secret"},
	},
	{
		Why:    "Nothing outside can be reached: that every provider is unreachable is no news.",
		Source: is(alertEgress), Target: append(is(alertUnhealthy), `blame = "Network"`),
	},
	{
		Why:    "Nothing outside can be reached: probes hang, wait and come to nothing.",
		Source: is(alertEgress), Target: is(alertUndecided, alertStale, alertLate, alertSkipped),
	},
	{
		Why:    "Probes begin late: that some are left out, and proofs grow old, comes of it.",
		Source: is(alertLate), Target: is(alertSkipped, alertStale),
	},
	{
		Why:    "Prometheus sees nothing of Mainstay: whatever else it lacks comes of it.",
		Source: is(alertAbsent), Target: is(alertLease, alertNoLeader, alertNotSeen, alertVerdictsAbsent),
	},
	{
		Why:    "Nobody leads: that no verdicts are shown comes of it.",
		Source: is(alertNoLeader, alertLease), Target: is(alertNotSeen, alertVerdictsAbsent, alertStale),
	},
	{
		Why:    "Nobody leads: that the Lease is not renewed says the same.",
		Source: is(alertNoLeader), Target: is(alertLease),
	},
}

// is matches alerts by name.
func is(alerts ...string) []string {
	return []string{`alertname =~ "` + strings.Join(alerts, "|") + `"`}
}

// inhibitRules is the part of Alertmanager's configuration that goes with the rules.
func inhibitRules() ([]byte, error) {
	return document(`# Add these to inhibit_rules of Alertmanager's own configuration: an AlertmanagerConfig would not do, since it
# sees the alerts of one namespace alone.
`, map[string]any{"inhibit_rules": inhibitions})
}
