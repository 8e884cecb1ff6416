// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package target

import (
	"net/url"
	"time"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/probe"
)

// receiverPlace is where the receiving end of webhooks is, without the path; empty where a sender is asked.
func receiverPlace(spec v1alpha1.WebhookEndpointSpec) string {
	u, err := url.Parse(spec.URL)
	if err != nil || spec.Provider != "Receiver" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// testPing is what a spec asks to have sent to the receiving end.
func testPing(spec v1alpha1.WebhookEndpointSpec) probe.TestPing {
	if spec.TestPing == nil {
		return probe.TestPing{}
	}
	return probe.TestPing{
		Signature: probe.SignatureScheme(spec.TestPing.Signature), Forged: spec.TestPing.Forged == v1alpha1.SendForgedPing,
	}
}

func testPingPeriod(d Dependency) time.Duration {
	if p := d.(*v1alpha1.WebhookEndpoint).Spec.TestPing; p != nil {
		return time.Duration(p.PeriodSeconds) * time.Second
	}
	return 0
}
