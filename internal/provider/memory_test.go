// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"runtime"
	"strings"
	"testing"

	"mainstay.dev/mainstay/internal/probe"
	"mainstay.dev/mainstay/internal/provider/providertest"
)

// mostRead is how much is read of an answer, in bytes.
const mostRead = 1 << 20

// fill writes a body of a length: the same piece over and over between a head and a tail.
func fill(length int, head, piece, tail string) string {
	count := (length - len(head) - len(piece) - len(tail)) / (len(piece) + 1)
	return head + strings.Repeat(piece+",", count) + piece + tail
}

// TestNoAnswerTakesMoreThanItsShareOfMemory has every vendor send bodies that are short as text and large
// once they are decoded. It counts all that is allocated, not what is held at a time. A part of
// what is read tells as much as the whole.
func TestNoAnswerTakesMoreThanItsShareOfMemory(t *testing.T) {
	const length, most = mostRead / 16, 32 << 20 / 16
	const wanted = `"id":"x","name":"mail.example.com"`
	bodies := map[string]string{
		"a list of empty errors":             fill(length, `{"errors":[`, `{}`, `]}`),
		"a list of errors with codes":        fill(length, `{"errors":[`, `{"code":1}`, `]}`),
		"a list under error":                 fill(length, `{"error":[`, `{"a":1}`, `]}`),
		"an error of many members":           fill(length, `{"error":{`, `"a":1`, `}}`),
		"many errors under one name":         fill(length, `{`, `"error":{}`, `}`),
		"many codes under one name":          fill(length, `{"error":"x",`, `"code":"x"`, `}`),
		"many messages under one name":       fill(length, `{"error":{`, `"message":"x"`, `}}`),
		"an error of one long text":          `{"error":"` + strings.Repeat("x", length-12) + `"}`,
		"a listing of empty elements":        fill(length, `{"object":"list","data":[`, `{}`, `]}`),
		"a listing that goes on":             fill(length, `{"has_more":true,"data":[`, `{}`, `]}`),
		"a listing of nulls":                 fill(length, `{"object":"list","data":[`, `null`, `]}`),
		"a listing of numbers":               fill(length, `{"object":"list","data":[`, `1`, `]}`),
		"a listing of short names":           fill(length, `{"object":"list","data":[`, `{"id":"x"}`, `]}`),
		"a listing of wrong types":           fill(length, `{"object":"list","data":[{`, `"id":1`, `}]}`),
		"many listings under one name":       fill(length, `{`, `"data":[]`, `}`),
		"a domain of empty records":          fill(length, `{`+wanted+`,"records":[`, `{}`, `]}`),
		"a listing whose domain has records": fill(length, `{"data":[{`+wanted+`,"records":[`, `{}`, `]}]}`),
		"an element of many wrong members":   fill(length, `{`, `"id":1`, `}`),
		"a list at the top":                  fill(length, `[`, `{}`, `]`),
		"lists inside of lists":              strings.Repeat(`[`, 9_999) + strings.Repeat(`]`, 9_999),
	}
	for name, body := range bodies {
		t.Run(name, func(t *testing.T) {
			forEach(t, func(t *testing.T, _ Provider, f providertest.Fixture) {
				target := f.Target(f.Cases[providertest.Healthy], "http://127.0.0.1")
				for _, status := range []int{200, 400} {
					client := &parrot{answer: probe.Answer{Status: status, Body: []byte(body)}}
					before := allocated()
					Probe(t.Context(), client, target)
					if share := (allocated() - before) / uint64(client.requests); share > most {
						t.Errorf("status %d: one answer of %d KiB took %d KiB, want at most %d", status, len(body)>>10, share>>10, most>>10)
					}
				}
			})
		})
	}
}

// allocated returns how many bytes were allocated since the process began.
func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}
