// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func dependencySet(name, requires string) string {
	return "apiVersion: mainstay.dev/v1alpha1\nkind: DependencySet\nmetadata: {name: " + name + ", namespace: shop}\nspec: {requires: " + requires + "}\n"
}

func TestASetIsJudgedByTheObjectsOfTheInput(t *testing.T) {
	v := startVendors(t)
	r := v.check(t, documents(secret("openai", goodKey), aiProvider("chat", openAISpec),
		dependencySet("bot", "[{kind: AIProvider}]"), dependencySet("shop", "[{kind: AIProvider}, {kind: EmailProvider}]")))
	mustExit(t, r, exitUnmet)
	want := `NAMESPACE   KIND/NAME            PROVIDER   READY   HEALTHY   REASON
shop        AIProvider/chat      OpenAI     True    True      Passed
shop        DependencySet/bot    -          True    True      Passed
shop        DependencySet/shop   -          False   False     NoEmailProvider
    Down: no email provider configured. No email provider is configured, so no email is sent. Create
    an object of kind EmailProvider in namespace shop.
`
	if diff := cmp.Diff(want, r.out); diff != "" {
		t.Error(diff)
	}
	mustContain(t, r.err, "Checking 3 objects", "1 of 3 not Healthy: 1 probed live, 0 judged by their configuration alone, 2 sets by their members.")
}

func TestASetOfAnotherNamespaceSeesNothing(t *testing.T) {
	v := startVendors(t)
	set := strings.Replace(dependencySet("bot", "[{kind: AIProvider}]"), "namespace: shop", "namespace: blog", 1)
	r := v.check(t, documents(secret("openai", goodKey), aiProvider("chat", openAISpec), set))
	mustExit(t, r, exitUnmet)
	mustContain(t, r.out, "blog DependencySet/bot - False False NoAIProvider")
}

func TestJUnitIsWhatCISystemsRead(t *testing.T) {
	v := startVendors(t)
	r := v.check(t, documents(secret("openai", goodKey), aiProvider("chat", openAISpec), emailProvider("mail", "{}")), "-o", "junit")
	mustExit(t, r, exitUnmet)
	want := `<?xml version="1.0" encoding="UTF-8"?>
<testsuite name="mainstay" tests="2" failures="1">
  <testcase classname="shop" name="AIProvider/chat"></testcase>
  <testcase classname="shop" name="EmailProvider/mail">
    <failure type="NoEmailProvider" message="Healthy is False: NoEmailProvider">No email provider is configured, so no email is sent. Set spec.provider of EmailProvider mail, and spec.secretRef to the Secret with its API key.</failure>
  </testcase>
</testsuite>
`
	if diff := cmp.Diff(want, r.out); diff != "" {
		t.Error(diff)
	}
}
