// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package sender

import "mainstay.dev/mainstay/internal/probe"

// TakesNoMail says whether a domain declares that it takes no mail at all (RFC 7505). Some receivers refuse
// what such a domain sends, since nobody could answer.
func TakesNoMail(look Lookup, domain string) bool {
	exchanges := look(probe.Question{Name: domain, Type: probe.MX}).Exchanges
	return len(exchanges) == 1 && exchanges[0] == ""
}
