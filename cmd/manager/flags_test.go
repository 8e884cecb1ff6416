// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"
)

func TestFlagsThatCannotWorkAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"a switch with its value apart":    {[]string{"--allow-http", "false"}, "--allow-http=false"},
		"no probe may run":                 {[]string{"--max-in-flight=0"}, "--max-in-flight: expected 1 or more, found 0"},
		"nothing is reconciled":            {[]string{"--concurrent=-1"}, "--concurrent: expected 1 or more, found -1"},
		"a heartbeat into the past":        {[]string{"--heartbeat=-1h"}, "--heartbeat"},
		"an empty namespace, which is all": {[]string{"--watch-namespaces=shop,"}, `--watch-namespaces: expected names of namespaces separated by commas, found ""`},
		"no name of a namespace":           {[]string{"--watch-namespaces=Shop!"}, `"Shop!"`},
		"an unknown flag":                  {[]string{"--allow-https"}, "unknown flag"},
	} {
		t.Run(name, func(t *testing.T) {
			var f flags
			err := f.parse(c.args)
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("expected an error with %q, found %v", c.says, err)
			}
		})
	}
}

func TestTheManifestsFlagsAreKnown(t *testing.T) {
	var f flags
	if err := f.parse([]string{"--enable-leader-election", "--metrics-addr=:8443", "--health-addr=:9440", "--watch-namespaces=shop,blog", "--watch-secrets=false"}); err != nil {
		t.Fatal(err)
	}
	if _, err := f.logger(); err != nil {
		t.Error(err)
	}
	if _, err := f.cache(); err != nil {
		t.Error(err)
	}
	f.logLevel = "panic"
	if _, err := f.logger(); err == nil {
		t.Error("expected an unknown log level to be refused")
	}
	f.watchLabels = "a=b=c"
	if _, err := f.cache(); err == nil {
		t.Error("expected a broken selector to be refused")
	}
}
