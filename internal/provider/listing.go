// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"slices"

	"mainstay.dev/mainstay/internal/probe"
)

// lookFor looks for the models that the spec names on one page of a listing, and goes on at next while
// some are missing. Until the last page the missing ones stand in the outcome as open: the next page looks
// for no others, and a page that does not come leaves no verdict on them.
func lookFor(page *Page, listed func(wanted string) bool, next string) {
	if page.Wants.Empty() {
		return
	}
	missing := slices.Clone(page.Wants.Names())
	if open := page.Outcome[probe.Provisioned]; open.Symptom == probe.ListTooLong {
		missing = slices.Clone(open.Args)
	}
	missing = slices.DeleteFunc(missing, listed)
	switch {
	case len(missing) == 0:
		page.Outcome.Set(probe.Provisioned, probe.Pass())
	case next != "":
		page.Outcome.Set(probe.Provisioned, probe.Finding{
			Result: probe.Undecided, Symptom: probe.ListTooLong, Args: missing,
		})
		page.Next = next
	default:
		page.Outcome.Set(probe.Provisioned, probe.Fail(probe.ModelNotAvailable, missing...))
	}
}
