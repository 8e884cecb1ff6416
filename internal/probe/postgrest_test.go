// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"net/http"
	"testing"
)

func TestTheCodeOfPostgRESTIsFoundInAHeader(t *testing.T) {
	for name, c := range map[string]struct {
		headers []string
		want    string
	}{
		"a SQLSTATE":                   {[]string{"PostgREST; error=42501"}, "42501"},
		"a code of its own":            {[]string{"PostgREST; error=PGRST301"}, "PGRST301"},
		"after what a proxy says":      {[]string{"cdn; fwd=miss, PostgREST; error=42501; details=\"no\""}, "42501"},
		"in a header of its own":       {[]string{"cdn; error=dns_error", "PostgREST; error=PGRST106"}, "PGRST106"},
		"what another server says":     {[]string{"NotPostgREST; error=42501"}, ""},
		"what is no code":              {[]string{"PostgREST; error=\"<script>\""}, ""},
		"what is longer than any code": {[]string{"PostgREST; error=" + string(make([]byte, 40))}, ""},
		"no header":                    {nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := (Answer{Header: http.Header{"Proxy-Status": c.headers}}).PostgRESTCode(); got != c.want {
				t.Errorf("expected %q, found %q", c.want, got)
			}
		})
	}
}

func TestRowsOfPostgRESTAreToldByAHeader(t *testing.T) {
	for header, want := range map[string][2]bool{
		"0-0/*": {true, true}, "0-0/1": {true, true}, "*/*": {false, true}, "*/0": {false, true},
		"": {}, "bytes 0-0/1": {}, "0-0": {}, "0-0/*, */*": {},
	} {
		some, told := Answer{Header: http.Header{"Content-Range": {header}}}.PostgRESTRows()
		if some != want[0] || told != want[1] {
			t.Errorf("%q: expected rows %v, told %v; found %v and %v", header, want[0], want[1], some, told)
		}
	}
}

// TestTheFirstTokenToExpireCounts has a credential of several JWTs, of which one says nothing of its end.
func TestTheFirstTokenToExpireCounts(t *testing.T) {
	const soon, later, never = "e30.eyJleHAiOjE4MDAwMDAwMDB9.s", "e30.eyJleHAiOjE5MDAwMDAwMDB9.s", "e30.e30.s"
	s := NewSecretOf(map[string]string{"a": later, "b": soon, "c": never, "d": "opaque"})
	if got := s.Expiry().Unix(); got != 1800000000 {
		t.Errorf("expected the first, found %d", got)
	}
	if got := s.Only("c").Expiry(); !got.IsZero() {
		t.Errorf("expected no end, found %s", got)
	}
	if got := (Secret{}).Expiry(); !got.IsZero() {
		t.Errorf("expected no end of no secret, found %s", got)
	}
}
