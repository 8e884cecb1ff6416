// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"net"
	"testing"

	"mainstay.dev/mainstay/internal/probe/dnstest"
)

// noNames has DNS know no name for the rest of a test.
func noNames(t *testing.T) {
	t.Helper()
	before := net.DefaultResolver
	net.DefaultResolver = dnstest.Resolver(dnstest.NoSuchName)
	t.Cleanup(func() { net.DefaultResolver = before })
}

func TestAResourceWithoutAnAddressIsTheOwnersMistake(t *testing.T) {
	noNames(t)
	r := command{
		args:  []string{"check", "-f", "-", "--require", "Ready", "--secret", "shop/azure/apiKey=env:KEY"},
		stdin: aiProvider("chat", "{provider: AzureOpenAI, azureOpenAI: {resource: shpo}, secretRef: {name: azure}, models: [chat]}"),
		env:   map[string]string{"KEY": ownKey},
	}.run(t.Context(), t)
	mustExit(t, r, exitUnmet)
	mustContain(t, r.out, "False False NameNotResolved", "DNS has no address for shpo.openai.azure.com", "where the spec or the Secret sets it")
}
