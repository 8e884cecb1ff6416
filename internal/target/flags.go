// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package target

import (
	"fmt"
	"net/netip"

	"github.com/spf13/pflag"

	"mainstay.dev/mainstay/internal/probe"
)

// GuardFlags are the flags with which an administrator says where probes may go. The operator and the
// CLI take the same ones, so that both give the same answer.
type GuardFlags struct {
	allowCIDRs, denyCIDRs, allowHosts, endpoints []string
	allowHTTP                                    bool
	nameServer                                   string
}

// AddTo registers the flags.
func (f *GuardFlags) AddTo(flags *pflag.FlagSet) {
	flags.StringSliceVar(&f.allowCIDRs, "allow-cidr", nil,
		"`range` of loopback or private addresses that may be probed, such as 10.20.0.0/16 (repeatable)")
	flags.StringSliceVar(&f.denyCIDRs, "deny-cidr", nil,
		"`range` of addresses that are never probed, such as a public one that Pods or nodes have (repeatable)")
	flags.StringSliceVar(&f.allowHosts, "allow-host", nil,
		"`host[:port]` that may be probed although its address is loopback or private (repeatable)")
	flags.BoolVar(&f.allowHTTP, "allow-http", false,
		"allow probes, and the credentials they carry, over plain http")
	flags.StringVar(&f.nameServer, "dns-server", "",
		"name server, as `host:port`, that is asked for the DNS records of sending domains (default: the first of /etc/resolv.conf)")
	flags.StringArrayVar(&f.endpoints, "endpoint", nil,
		"`PROVIDER=URL` at which a provider is probed, whatever specs say, such as a gateway or a simulator (repeatable)")
}

// Options returns what the flags say.
func (f GuardFlags) Options() (Options, error) {
	o := Options{Guard: probe.Guard{AllowHTTP: f.allowHTTP}}
	var err error
	if o.Guard.AllowCIDRs, err = parseRanges(f.allowCIDRs); err != nil {
		return Options{}, fmt.Errorf("--allow-cidr: %w", err)
	}
	if o.Guard.DenyCIDRs, err = parseRanges(f.denyCIDRs); err != nil {
		return Options{}, fmt.Errorf("--deny-cidr: %w", err)
	}
	for _, text := range f.allowHosts {
		host, err := probe.ParseHostPort(text)
		if err != nil {
			return Options{}, fmt.Errorf("--allow-host: %w", err)
		}
		o.Guard.AllowHosts = append(o.Guard.AllowHosts, host)
	}
	if f.nameServer != "" {
		server, err := probe.ParseHostPort(f.nameServer)
		if err != nil || server.Port == "" {
			return Options{}, fmt.Errorf("--dns-server: expected host:port, such as 10.96.0.10:53, found %q", f.nameServer)
		}
		o.NameServer = server.String()
	}
	endpoints, err := ParseEndpoints(f.endpoints)
	if err != nil {
		return Options{}, fmt.Errorf("--endpoint: %w", err)
	}
	o.Endpoints = endpoints
	return o, nil
}

// parseRanges reads ranges of addresses.
func parseRanges(texts []string) (ranges []netip.Prefix, err error) {
	for _, text := range texts {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("expected a range such as 10.20.0.0/16, found %q", text)
		}
		if prefix.Addr().Is4In6() {
			return nil, fmt.Errorf("write the range %q as one of IPv4", text)
		}
		ranges = append(ranges, prefix.Masked())
	}
	return ranges, nil
}
