// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package sender

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mainstay.dev/mainstay/internal/probe"
)

// zone answers with the texts of a name; a name with the text "?" is one whose name server fails.
func zone(t *testing.T, texts map[string][]string) (look Lookup, asked func() int) {
	count := 0
	return func(q probe.Question) probe.Records {
		count++
		found := texts[q.Name]
		if len(found) == 1 && found[0] == "?" {
			return probe.Records{Fault: probe.NameServerFailed}
		}
		if q.Type == probe.MX {
			t.Errorf("asked for the MX of %s", q.Name)
		}
		return probe.Records{Texts: found}
	}, func() int { return count }
}

func TestReadSPF(t *testing.T) {
	chain := map[string][]string{}
	for i := range 20 {
		chain[fmt.Sprint("n", i, ".test")] = []string{fmt.Sprintf("v=spf1 include:n%d.test -all", i+1)}
	}
	cases := map[string]struct {
		texts map[string][]string
		want  SPF
	}{
		"nothing":                {nil, SPF{}},
		"another text alone":     {map[string][]string{"a.test": {"v=spf10 x", "hello"}}, SPF{}},
		"one record among texts": {map[string][]string{"a.test": {"hello", "v=spf1 -all"}}, SPF{Records: 1}},
		"letters of any case":    {map[string][]string{"a.test": {"V=SPF1 A -ALL"}}, SPF{Records: 1, Lookups: 1, Others: true}},
		"several records":        {map[string][]string{"a.test": {"v=spf1 -all", "v=spf1 mx -all"}}, SPF{Records: 2}},
		"a name server fails":    {map[string][]string{"a.test": {"?"}}, SPF{Open: true}},
		"an included name's server fails": {
			map[string][]string{"a.test": {"v=spf1 include:b.test include:c.test -all"}, "b.test": {"?"}},
			SPF{Records: 1, Lookups: 2, Open: true, Includes: []string{"b.test"}},
		},
		"an include, and one in it": {
			map[string][]string{"a.test": {"v=spf1 include:b.test. ~all"}, "b.test": {"v=spf1 include:c.test -all"}, "c.test": {"v=spf1 ip4:192.0.2.1"}},
			SPF{Records: 1, Lookups: 2, Includes: []string{"b.test", "c.test"}},
		},
		"an include of nothing": {
			map[string][]string{"a.test": {"v=spf1 include:b.test -all"}},
			SPF{Records: 1, Lookups: 1, Broken: true, Includes: []string{"b.test"}},
		},
		"a redirect": {
			map[string][]string{"a.test": {"v=spf1 redirect=b.test"}, "b.test": {"v=spf1 +all"}},
			SPF{Records: 1, Lookups: 1, PassesAll: true, Includes: []string{"b.test"}},
		},
		"a redirect beside all counts for nothing": {
			map[string][]string{"a.test": {"v=spf1 redirect=b.test -all"}}, SPF{Records: 1},
		},
		"terms that need lookups": {
			map[string][]string{"a.test": {"v=spf1 a mx/24 ptr exists:%{i}.b.test a:c.test ip4:192.0.2.1 -all"}},
			SPF{Records: 1, Lookups: 5, Others: true},
		},
		"a name with macros": {
			map[string][]string{"a.test": {"v=spf1 include:%{i}.b.test -all"}}, SPF{Records: 1, Lookups: 1, Others: true},
		},
		"an address that may not send": {
			map[string][]string{"a.test": {"v=spf1 -ip4:192.0.2.1 ?all"}}, SPF{Records: 1},
		},
		"a record that includes itself": {
			map[string][]string{"a.test": {"v=spf1 include:a.test -all"}},
			SPF{Records: 1, Lookups: 11, Includes: strings.Fields(strings.Repeat("a.test ", 10))},
		},
		"all at once": {map[string][]string{"a.test": {"v=spf1 all"}}, SPF{Records: 1, PassesAll: true}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			look, asked := zone(t, c.texts)
			if diff := cmp.Diff(c.want, ReadSPF(look, "a.test")); diff != "" {
				t.Errorf("read wrong (-want +got):\n%s", diff)
			}
			if asked() > MaxLookups+1 {
				t.Errorf("asked %d times", asked())
			}
		})
	}
	t.Run("a chain without end", func(t *testing.T) {
		look, asked := zone(t, chain)
		if got := ReadSPF(look, "n0.test"); got.Lookups != MaxLookups+1 || asked() != MaxLookups+1 {
			t.Errorf("counted %d lookups after %d questions", got.Lookups, asked())
		}
	})
}

func TestReadDKIM(t *testing.T) {
	const (
		short = "MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAN+tzOJpL6eaziXj+iNCTwTRxTIzadGHXW66FN1qmPcGWRRdi03DcxXNMs6gKMr9hRhwO0kxXIe/mEmOJmHzRC0CAwEAAQ=="
		long  = "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDKlC3q1XJswQc2Pajl3ZKw6IeR7KRKFZFXwaUFRNvmNAltYbQJTkuu+kkUYx4dK09iRSbST5CFdX2G9LgLS1Mi9BNfC8YBlI1NTbQNGFNLE/xlBntNmsQ0LgiHv2EKWCM+K9PcHQn54ktnKMlopOqjV+D0xPr68Nwk6Z0/EnVoNQIDAQAB"
	)
	cases := map[string]struct {
		texts []string
		want  DKIM
	}{
		"nothing":                           {nil, DKIMMissing},
		"another text":                      {[]string{"hello"}, DKIMMissing},
		"another version":                   {[]string{"v=DKIM2; p=" + long}, DKIMMissing},
		"a name server fails":               {[]string{"?"}, DKIMOpen},
		"a key of 1024 bits":                {[]string{"v=DKIM1; k=rsa; p=" + long}, DKIMGood},
		"a key with blanks in it":           {[]string{"k=rsa;p=" + long[:40] + " \t" + long[40:] + " ;"}, DKIMGood},
		"a key of 512 bits":                 {[]string{"v=DKIM1; p=" + short}, DKIMUnusable},
		"a key that is cut off":             {[]string{"v=DKIM1; p=" + long[:100]}, DKIMUnusable},
		"no base64":                         {[]string{"v=DKIM1; p=*"}, DKIMUnusable},
		"a key of another kind than said":   {[]string{"v=DKIM1; k=ed25519; p=" + long}, DKIMUnusable},
		"Ed25519":                           {[]string{"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="}, DKIMGood},
		"revoked":                           {[]string{"v=DKIM1; p="}, DKIMRevoked},
		"a good key beside one that is not": {[]string{"v=DKIM1; p=", "v=DKIM1; p=" + long}, DKIMGood},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			look, _ := zone(t, map[string][]string{"s1._domainkey.a.test": c.texts})
			if got := ReadDKIM(look, "s1", "a.test"); got != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
		})
	}
}

func TestReadDMARC(t *testing.T) {
	const deep = "a.b.c.d.e.f.g.h.i.shop.test"
	cases := map[string]struct {
		domain string
		texts  map[string][]string
		want   DMARC
	}{
		"nothing":                  {"mail.shop.test", nil, DMARCMissing},
		"its own record":           {"mail.shop.test", map[string][]string{"mail.shop.test": {"v=DMARC1; p=reject"}}, DMARCEnforced},
		"its own record, none":     {"mail.shop.test", map[string][]string{"mail.shop.test": {"v=DMARC1;p=none"}, "shop.test": {"v=DMARC1; p=reject"}}, DMARCNotEnforced},
		"in test":                  {"shop.test", map[string][]string{"shop.test": {"v=DMARC1; p=reject; t=y"}}, DMARCNotEnforced},
		"a policy that is unknown": {"shop.test", map[string][]string{"shop.test": {"v=DMARC1; p=maybe"}}, DMARCNotEnforced},
		"a policy that is missing": {"shop.test", map[string][]string{"shop.test": {"v=DMARC1; rua=mailto:x@shop.test"}}, DMARCNotEnforced},
		"several records":          {"shop.test", map[string][]string{"shop.test": {"v=DMARC1; p=reject", "v=DMARC1; p=none"}}, DMARCMissing},
		"one record among texts":   {"shop.test", map[string][]string{"shop.test": {"hello", "v=DMARC1; p=quarantine"}}, DMARCEnforced},
		"that of the organization": {"mail.shop.test", map[string][]string{"shop.test": {"v=DMARC1; p=reject"}}, DMARCEnforced},
		"that for its subdomains":  {"mail.shop.test", map[string][]string{"shop.test": {"v=DMARC1; p=reject; sp=none"}}, DMARCNotEnforced},
		"of several above, the shortest": {
			"x.mail.shop.test", map[string][]string{"mail.shop.test": {"v=DMARC1; p=none"}, "shop.test": {"v=DMARC1; p=reject"}}, DMARCEnforced,
		},
		"one that says it is the organization's": {
			"x.mail.shop.test", map[string][]string{"mail.shop.test": {"v=DMARC1; p=none; psd=n"}, "shop.test": {"v=DMARC1; p=reject"}}, DMARCNotEnforced,
		},
		"one of a public suffix": {
			"shop.test", map[string][]string{"test": {"v=DMARC1; p=reject; psd=y"}}, DMARCEnforced,
		},
		"one right below a public suffix": {
			"mail.shop.test", map[string][]string{"shop.test": {"v=DMARC1; p=none"}, "test": {"v=DMARC1; p=reject; psd=y"}}, DMARCNotEnforced,
		},
		"a name server fails":             {"mail.shop.test", map[string][]string{"mail.shop.test": {"?"}}, DMARCOpen},
		"a name server fails further up":  {"mail.shop.test", map[string][]string{"shop.test": {"?"}}, DMARCOpen},
		"a record that the walk skips":    {deep, map[string][]string{"b.c.d.e.f.g.h.i.shop.test": {"v=DMARC1; p=reject"}}, DMARCMissing},
		"a record where the walk goes on": {deep, map[string][]string{"e.f.g.h.i.shop.test": {"v=DMARC1; p=reject"}}, DMARCEnforced},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			texts := map[string][]string{}
			for domain, records := range c.texts {
				texts["_dmarc."+domain] = records
			}
			look, asked := zone(t, texts)
			if got := ReadDMARC(look, c.domain); got != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
			if asked() > maxLabels+1 {
				t.Errorf("asked %d times", asked())
			}
		})
	}
}

// FuzzRecords has a zone of one text: whatever it is, reading it comes to its end.
func FuzzRecords(f *testing.F) {
	for _, text := range []string{"v=spf1 include:a.test a mx -all", "v=DKIM1; p=", "v=DMARC1; p=none; psd=y", "v=spf1 redirect=%{d}", "v=spf1 :/="} {
		f.Add(text)
	}
	f.Fuzz(func(_ *testing.T, text string) {
		look := func(probe.Question) probe.Records { return probe.Records{Texts: []string{text}} }
		ReadSPF(look, "a.test")
		ReadDKIM(look, "s", "a.test")
		ReadDMARC(look, "a.b.test")
	})
}
