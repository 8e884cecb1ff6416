// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"mainstay.dev/mainstay/internal/probe"
	"mainstay.dev/mainstay/internal/probe/dnstest"
)

// nameServer starts a name server that knows a zone, and a client that asks it.
func nameServer(t *testing.T, zone dnstest.Zone) (*dnstest.Server, *probe.Network) {
	t.Helper()
	server, err := dnstest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	if err := server.Load(zone); err != nil {
		t.Fatal(err)
	}
	return server, probe.NewNetwork(probe.NetworkOptions{NameServer: server.Address})
}

func TestWhatANameServerAnswers(t *testing.T) {
	long := strings.Repeat("x", 200)
	var many []string
	for i := range 20 {
		many = append(many, fmt.Sprintf("many.test. TXT %q", fmt.Sprint(i, long)))
	}
	server, client := nameServer(t, dnstest.Zone{
		Records: append(many,
			`shop.test. TXT "v=spf1 " "-all"`, `quoted.test. TXT "a \"quoted\" text"`,
			`alias.test. CNAME other.test.`, `other.test. CNAME shop.test.`,
			`shop.test. MX 10 MX1.shop.test.`, `null.test. MX 0 .`,
		),
		Fails: []string{"fails.test"},
	})
	questions := map[string]struct {
		name string
		kind probe.RecordType
		want probe.Records
	}{
		"strings of one record are one text":             {"shop.test", probe.TXT, probe.Records{Texts: []string{"v=spf1 -all"}}},
		"a name is asked for in any case, and full":      {"Shop.Test.", probe.TXT, probe.Records{Texts: []string{"v=spf1 -all"}}},
		"quotes are as they were written":                {"quoted.test", probe.TXT, probe.Records{Texts: []string{`a "quoted" text`}}},
		"an alias has the records of what it stands for": {"alias.test", probe.TXT, probe.Records{Texts: []string{"v=spf1 -all"}}},
		"the hosts that take mail":                       {"shop.test", probe.MX, probe.Records{Exchanges: []string{"mx1.shop.test"}}},
		"the record of a domain that takes none":         {"null.test", probe.MX, probe.Records{Exchanges: []string{""}}},
		"a name without a record of this type":           {"null.test", probe.TXT, probe.Records{}},
		"a name that does not exist":                     {"nowhere.test", probe.TXT, probe.Records{}},
		"a name that cannot be one":                      {strings.Repeat("x", 64) + ".test", probe.TXT, probe.Records{}},
		"a name server that fails":                       {"fails.test", probe.TXT, probe.Records{Fault: probe.NameServerFailed}},
	}
	for name, q := range questions {
		t.Run(name, func(t *testing.T) {
			got := client.LookUp(t.Context(), probe.Question{Name: q.name, Type: q.kind})
			if diff := cmp.Diff(q.want, got, symptoms, cmpopts.IgnoreUnexported(probe.Records{})); diff != "" {
				t.Errorf("wrong records (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("an answer that does not fit into UDP comes over TCP", func(t *testing.T) {
		got := client.LookUp(t.Context(), probe.Question{Name: "many.test", Type: probe.TXT})
		if len(got.Texts) != len(many) {
			t.Errorf("got %d texts, want %d", len(got.Texts), len(many))
		}
	})
	if !slices.Contains(server.Asked(), "shop.test TXT") {
		t.Errorf("the name server was asked for %v", server.Asked())
	}
}

// symptoms compares symptoms, which are the same where they are the same variable.
var symptoms = cmp.Comparer(func(a, b probe.Symptom) bool { return a == b })

func TestASilentNameServerIsAQuestionLeftOpen(t *testing.T) {
	_, client := nameServer(t, dnstest.Zone{Silent: []string{"silent.test"}})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if got := client.LookUp(ctx, probe.Question{Name: "silent.test", Type: probe.TXT}); got.Fault != probe.TimedOut {
		t.Errorf("got the fault %q, want TimedOut", got.Fault)
	}
}

func TestNoNameServerIsAQuestionLeftOpen(t *testing.T) {
	client := probe.NewNetwork(probe.NetworkOptions{})
	if got := client.LookUp(t.Context(), probe.Question{Name: "shop.test", Type: probe.TXT}); got.Fault != probe.NameServerFailed {
		t.Errorf("got the fault %q, want NameServerFailed", got.Fault)
	}
}

func TestAQuestionIsAskedOnceForAWhile(t *testing.T) {
	server, client := nameServer(t, dnstest.Zone{Records: []string{`shop.test. 300 TXT "v=spf1 -all"`}})
	var asking sync.WaitGroup
	for range 16 {
		asking.Go(func() { client.LookUp(t.Context(), probe.Question{Name: "shop.test", Type: probe.TXT}) })
	}
	asking.Wait()
	client.LookUp(t.Context(), probe.Question{Name: "SHOP.test.", Type: probe.TXT})
	if diff := cmp.Diff([]string{"shop.test TXT"}, server.Asked()); diff != "" {
		t.Errorf("wrong questions (-want +got):\n%s", diff)
	}
}

// text writes a TXT record of a length, in strings of 250 bytes.
func text(name string, length int) string {
	var strs strings.Builder
	for rest := length; rest > 0; rest -= 250 {
		fmt.Fprintf(&strs, " %q", strings.Repeat("x", min(rest, 250)))
	}
	return name + " 300 TXT" + strs.String()
}

func TestWhatIsKeptOfAnAnswerIsBounded(t *testing.T) {
	const kib = 1 << 10
	records := []string{text("long.test.", 5*kib), `long.test. TXT "v=spf1 -all"`, text("fits.test.", 4*kib)}
	for range 15 {
		records = append(records, text("much.test.", 3*kib))
	}
	for range 20 {
		// Each of these bytes is kept in four.
		records = append(records, "escaped.test. TXT"+strings.Repeat(` "`+strings.Repeat(`\001`, 250)+`"`, 4))
	}
	_, client := nameServer(t, dnstest.Zone{Records: records})
	for name, want := range map[string]int{
		"long.test": len("v=spf1 -all"), "fits.test": 4 * kib, "much.test": 15 * kib, "escaped.test": 16000,
	} {
		got := client.LookUp(t.Context(), probe.Question{Name: name, Type: probe.TXT})
		if size := len(strings.Join(got.Texts, "")); size != want || got.Fault != (probe.Symptom{}) {
			t.Errorf("%s: expected %d bytes, found %d (%s)", name, want, size, got.Fault)
		}
	}
}

func TestWhatIsKeptOfAllAnswersIsBounded(t *testing.T) {
	const names, kib = 600, 1 << 10
	var records []string
	for range 5 {
		records = append(records, text("much.test.", 3*kib))
	}
	for i := range names {
		records = append(records, fmt.Sprintf("alias%d.test. 300 CNAME much.test.", i))
	}
	server, client := nameServer(t, dnstest.Zone{Records: records})
	ask := func(i int) int {
		question := fmt.Sprintf("alias%d.test", i)
		client.LookUp(t.Context(), probe.Question{Name: question, Type: probe.TXT})
		return len(slices.DeleteFunc(server.Asked(), func(asked string) bool { return asked != question+" TXT" }))
	}
	for i := range names {
		ask(i)
	}
	if first := ask(0); first != 4 {
		t.Errorf("the first answer is kept beside %d others of 15 KiB: it was asked for %d times, and not 4", names-1, first)
	}
	if last := ask(names - 1); last != 2 {
		t.Errorf("the last answer was forgotten: it was asked for %d times, and not 2, by UDP and TCP", last)
	}
}
