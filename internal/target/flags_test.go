// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package target

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/spf13/pflag"

	"mainstay.dev/mainstay/internal/probe"
)

func TestGuardFlags(t *testing.T) {
	for name, row := range map[string]struct {
		args []string
		want Options
	}{
		"nothing is let through unless asked for": {},
		"all flags, given again or with commas": {
			args: []string{
				"--allow-cidr=10.0.0.7/8,fd00::/8", "--allow-cidr=127.0.0.1/32", "--allow-host=llm.shop.svc:8000",
				"--allow-host=other", "--allow-http", "--deny-cidr=2001:db9::/32,34.118.224.0/20", "--deny-cidr=64:ff9b::7/96",
				"--dns-server=ns.example.com:53", "--endpoint=OpenAI=https://a.example.com/v1,x", "--endpoint=Resend=http://b",
			},
			want: Options{
				Guard: probe.Guard{
					AllowCIDRs: []netip.Prefix{
						netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8"), netip.MustParsePrefix("127.0.0.1/32"),
					},
					AllowHosts: []probe.HostPort{{Host: "llm.shop.svc", Port: "8000"}, {Host: "other"}},
					AllowHTTP:  true,
					DenyCIDRs: []netip.Prefix{
						netip.MustParsePrefix("2001:db9::/32"), netip.MustParsePrefix("34.118.224.0/20"), netip.MustParsePrefix("64:ff9b::/96"),
					},
				},
				NameServer: "ns.example.com:53",
				Endpoints:  map[string]string{"OpenAI": "https://a.example.com/v1,x", "Resend": "http://b"},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var f GuardFlags
			set := pflag.NewFlagSet("test", pflag.ContinueOnError)
			f.AddTo(set)
			if err := set.Parse(row.args); err != nil {
				t.Fatal(err)
			}
			got, err := f.Options()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(row.want, got, cmpopts.EquateEmpty(), cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" {
				t.Error(diff)
			}
		})
	}
}
