// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"encoding/json"
	"runtime"
	"strings"
	"testing"
)

func TestWhatAStatusPageSays(t *testing.T) {
	for name, c := range map[string]struct {
		body, component string
		want            bool
	}{
		"all is well":                        {`{"status":{"indicator":"none"}}`, "", false},
		"a minor trouble may be elsewhere":   {`{"status":{"indicator":"minor"}}`, "", false},
		"a major one":                        {`{"status":{"indicator":"major"}}`, "", true},
		"the component is down":              {`{"status":{"indicator":"minor"},"components":[{"name":"Web","status":"operational"},{"name":"API","status":"partial_outage"}]}`, "API", true},
		"another component is":               {`{"status":{"indicator":"major"},"components":[{"name":"Web","status":"major_outage"},{"name":"API","status":"operational"}]}`, "API", false},
		"the component is not listed":        {`{"status":{"indicator":"major"},"components":[{"name":"Web","status":"operational"}]}`, "API", true},
		"the list is none":                   {`{"status":{"indicator":"critical"},"components":{}}`, "API", true},
		"a state that nobody knows":          {`{"components":[{"name":"API","status":"shaky"}]}`, "API", false},
		"half a JSON":                        {`{"status":{"indicator":"major"`, "", false},
		"nothing":                            {``, "", false},
		"another kind of value in its place": {`{"status":"major"}`, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := reportsTrouble([]byte(c.body), c.component); got != c.want {
				t.Errorf("got %t, want %t", got, c.want)
			}
		})
	}
}

func TestAHostileStatusPageCostsNoMoreThanItsLength(t *testing.T) {
	body := []byte(`{"components":[` + strings.Repeat("{},", maxBody/3-10) + `{}]}`)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	reportsTrouble(body, "API")
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 64<<20 {
		t.Errorf("expected decoding to take little, found %d MiB", got>>20)
	}
}

func FuzzStatusPage(f *testing.F) {
	f.Add([]byte(`{"status":{"indicator":"major"},"components":[{"name":"API","status":"operational"}]}`), "API")
	f.Add([]byte(`{"components":[{"name":1}]}`), "")
	f.Fuzz(func(t *testing.T, body []byte, component string) {
		if reportsTrouble(body, component) && !json.Valid(body) {
			t.Errorf("expected nothing of what is no JSON, found trouble in %q", body)
		}
	})
}
