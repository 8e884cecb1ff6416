// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// exception matches what a NetworkPolicy leaves out of a range.
var exception = regexp.MustCompile(`except: \[([^\]]*)\]`)

// TestTheNetworkPolicyHoldsBackWhatTheGuardDoes compares the addresses of clouds' metadata with those that are left
// out of what Pods of the operator may reach, were it taken over.
func TestTheNetworkPolicyHoldsBackWhatTheGuardDoes(t *testing.T) {
	linkLocal := []netip.Prefix{netip.MustParsePrefix("169.254.0.0/16"), netip.MustParsePrefix("fe80::/10")}
	for _, file := range []string{"network-policy/network_policy.yaml", "chart/templates/network_policy.yaml"} {
		text, err := os.ReadFile(filepath.Join("..", "..", "config", file))
		if err != nil {
			t.Fatal(err)
		}
		var held []netip.Prefix
		for _, list := range exception.FindAllStringSubmatch(string(text), -1) {
			for _, word := range strings.Split(list[1], ",") {
				held = append(held, netip.MustParsePrefix(strings.Trim(word, ` "`)))
			}
		}
		for _, p := range slices.Concat(metadata, linkLocal) {
			within := func(h netip.Prefix) bool { return h.Bits() <= p.Bits() && h.Contains(p.Addr()) }
			if !slices.ContainsFunc(held, within) {
				t.Errorf("config/%s: expected %s among %v", file, p, held)
			}
		}
	}
}
