// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"bytes"
	"encoding/json"
	"time"
)

// googleDetail is one of the details that the errors of Google's APIs come with, as far as it says more than
// the error does (google.rpc, error_details.proto; verified 2026-11).
type googleDetail struct {
	// Reason is the code of an ErrorInfo.
	Reason string `json:"reason"`
	// Violations are the quotas of a QuotaFailure.
	Violations []struct {
		QuotaID string `json:"quotaId"`
	} `json:"violations"`
	// RetryDelay is how long to wait, as a RetryInfo says it: 33s.
	RetryDelay string `json:"retryDelay"`
}

// googleDetails reads the first few of a list of details, which may be hostile, and stops at what is none.
func googleDetails(raw json.RawMessage) (details []googleDetail) {
	list := json.NewDecoder(bytes.NewReader(raw))
	if first, err := list.Token(); err != nil || first != json.Delim('[') || len(raw) > maxError {
		return nil
	}
	for range maxErrors {
		var detail googleDetail
		if !list.More() || list.Decode(&detail) != nil {
			break
		}
		details = append(details, detail)
	}
	return details
}

// readDetail takes up the code of a detail, and the names of the quotas that are used up.
func (e *errorBody) readDetail(d googleDetail) {
	if d.Reason != "" {
		e.codes = append(e.codes, d.Reason)
	}
	for _, quota := range d.Violations[:min(len(d.Violations), maxErrors)] {
		e.message += " " + quota.QuotaID
	}
}

// retryDelay is how long an error of Google's asks to wait; 0 where it does not say. They have no header for it.
func retryDelay(body []byte) time.Duration {
	var answer struct {
		Error struct {
			Details json.RawMessage `json:"details"`
		} `json:"error"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return 0
	}
	for _, detail := range googleDetails(answer.Error.Details) {
		if delay, err := time.ParseDuration(detail.RetryDelay); err == nil {
			return delay
		}
	}
	return 0
}
