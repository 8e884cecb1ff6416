// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestWhatAllProbesReadFitsIntoTheMemory holds the default of a flag and the memory of the Pod together.
func TestWhatAllProbesReadFitsIntoTheMemory(t *testing.T) {
	const (
		large, small = 2 << 20, 2 << 16 // A third of the probes may read so much, the others so little at a time.
		mebibyte     = 1 << 20
	)
	var f flags
	if err := f.parse(nil); err != nil {
		t.Fatal(err)
	}
	read := f.maxInFlight/3*large + (f.maxInFlight-f.maxInFlight/3)*small
	for _, file := range []string{"../../config/manager/manager.yaml", "../../config/chart/values.yaml"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found := regexp.MustCompile(`limits:\s+memory: (\d+)Mi`).FindSubmatch(text)
		if found == nil {
			t.Fatalf("%s: expected a limit of memory in MiB", file)
		}
		limit, _ := strconv.Atoi(string(found[1]))
		if read > limit*mebibyte*3/4 {
			t.Errorf("%s: expected all answers to fit into three quarters of %d MiB, found %d MiB", file, limit, read/mebibyte)
		}
	}
}

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
