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
