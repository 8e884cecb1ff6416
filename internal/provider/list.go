// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// absent says whether a member of an answer is missing or null.
func absent(raw json.RawMessage) bool { return len(raw) == 0 || bytes.Equal(raw, []byte("null")) }

// each hands over the elements of a list, one by one, and stops at the first that is not of their type.
// A list is never decoded as a whole: a body of a hundred thousand empty elements is short, but what they
// decode to is not. Of what is absent there are no elements.
func each[T any](list json.RawMessage, do func(T)) error {
	if absent(list) {
		return nil
	}
	elements := json.NewDecoder(bytes.NewReader(list))
	if start, err := elements.Token(); err != nil || start != json.Delim('[') {
		return errors.New("expected a list, found another value")
	}
	var element, blank T
	for elements.More() {
		element = blank
		if err := elements.Decode(&element); err != nil {
			return fmt.Errorf("element of a list: %w", err)
		}
		do(element)
	}
	return nil
}

// members hands over the members of an object, one by one, as each does the elements of a list. An object that
// is absent is an error.
func members(object json.RawMessage, do func(name string, value json.RawMessage)) error {
	all := json.NewDecoder(bytes.NewReader(object))
	if start, err := all.Token(); err != nil || start != json.Delim('{') {
		return errors.New("expected an object, found another value")
	}
	for all.More() {
		name, err := all.Token()
		if err != nil {
			return fmt.Errorf("member of an object: %w", err)
		}
		var value json.RawMessage
		if err := all.Decode(&value); err != nil {
			return fmt.Errorf("member of an object: %w", err)
		}
		text, _ := name.(string)
		do(text, value)
	}
	return nil
}
