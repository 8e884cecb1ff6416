// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"mainstay.dev/mainstay/internal/probe"
)

// listing is how a vendor lists models.
type listing[T any] struct {
	// names returns the names that an element of the list goes by.
	names func(T) []string
	// spellings returns how the list may spell what a spec names; nil for alike.
	spellings func(wanted string) []string
}

// spelled returns how the list may spell a wanted model.
func (l listing[T]) spelled(wanted string) []string {
	if l.spellings == nil {
		return []string{wanted}
	}
	return l.spellings(wanted)
}

// find looks for the models that the spec names on one page of the listing, whose next page is at next;
// empty where it is the last.
func (l listing[T]) find(page *Page, list json.RawMessage, next string) error {
	if absent(list) {
		return errors.New("expected a list of models, found none")
	}
	listed := map[string]bool{} // Of the wanted ones alone, since a list may be long.
	for _, wanted := range page.Wants.Names() {
		for _, name := range l.spelled(wanted) {
			listed[name] = false
		}
	}
	err := each(list, func(element T) {
		for _, name := range l.names(element) {
			if _, wanted := listed[name]; wanted {
				listed[name] = true
			}
		}
	})
	if err != nil {
		return fmt.Errorf("list of models: %w", err)
	}
	lookFor(page, func(wanted string) bool {
		return slices.ContainsFunc(l.spelled(wanted), func(name string) bool { return listed[name] })
	}, next)
	return nil
}

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
