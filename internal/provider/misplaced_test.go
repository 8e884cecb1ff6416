// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"testing"

	"mainstay.dev/mainstay/internal/probe"
)

func TestAKeyOfAnotherVendorIsRecognisedByItsPrefix(t *testing.T) {
	cases := map[string]struct{ kind, name, key, want string }{
		"its own key":                             {"AIProvider", "OpenAI", "sk-proj-Ab3dEf6h", ""},
		"its own key, longer prefix":              {"AIProvider", "Anthropic", "sk-ant-api03-Ab3dEf6h", ""},
		"a longer prefix that begins like its":    {"AIProvider", "OpenAI", "sk-ant-api03-Ab3dEf6h", "it looks like a key of Anthropic"},
		"a shorter prefix that its begins with":   {"AIProvider", "Anthropic", "sk-proj-Ab3dEf6h", "it looks like a key of OpenAI"},
		"a key of another kind of dependency":     {"AIProvider", "OpenAI", "re_Ab3dEf6h", "it looks like a key of Resend"},
		"a key of OpenRouter at OpenAI":           {"AIProvider", "OpenAI", "sk-or-v1-Ab3dEf6h", "it looks like a key of OpenRouter"},
		"a key without the prefix of every key":   {"PublicAPI", "DevSphere", "Ab3dEf6h", "its keys begin with dvs_live_"},
		"a key with it":                           {"PublicAPI", "DevSphere", "dvs_live_Ab3dEf6h", ""},
		"a later key of OpenRouter":               {"AIProvider", "OpenRouter", "sk-or-v2-Ab3dEf6h", ""},
		"a key of OpenAI at OpenRouter":           {"AIProvider", "OpenRouter", "sk-proj-Ab3dEf6h", "it looks like a key of OpenAI"},
		"a key of Groq at Gemini":                 {"AIProvider", "Gemini", "gsk_Ab3dEf6h", "it looks like a key of Groq"},
		"a newer key of Gemini":                   {"AIProvider", "Gemini", "AQ.Ab3dEf6h", ""},
		"another vendor without a prefix":         {"AIProvider", "Mistral", "gsk_Ab3dEf6h", ""},
		"a key for another use":                   {"AIProvider", "OpenAI", "sk-admin-Ab3dEf6h", "it is an admin key, which calls no models"},
		"a key for another use of Anthropic":      {"AIProvider", "Anthropic", "sk-ant-admin01-Ab3d", "it is an admin key, which calls no models"},
		"a token of Claude Code":                  {"AIProvider", "Anthropic", "sk-ant-oat01-Ab3dEf6h", "it is an OAuth token of Claude Code, which the API takes from no app"},
		"a key of nobody that is known":           {"AIProvider", "OpenAI", "Ab3dEf6h", ""},
		"a vendor whose keys have no prefix":      {"AIProvider", "OpenAICompatible", "re_Ab3dEf6h", ""},
		"a key that has a prefix in its middle":   {"EmailProvider", "Resend", "Ab3d-sk-Ef6h", ""},
		"a key of another vendor at an email one": {"EmailProvider", "Resend", "sk-Ab3dEf6h", "it looks like a key of OpenAI"},
		"a key of another vendor of email":        {"EmailProvider", "SendGrid", "re_Ab3dEf6h", "it looks like a key of Resend"},
		"a restricted key of Stripe":              {"StripeAccount", "Stripe", "rk_live_Ab3dEf6h", ""},
		"a test key of Stripe":                    {"StripeAccount", "Stripe", "sk_test_Ab3dEf6h", ""},
		"a publishable key of Stripe":             {"StripeAccount", "Stripe", "pk_test_Ab3dEf6h", "it is a publishable key, which is for browsers"},
		"the secret of a webhook":                 {"StripeAccount", "Stripe", "whsec_Ab3dEf6h", "it is the signing secret of a webhook endpoint"},
		"a key of Stripe at OpenAI":               {"AIProvider", "OpenAI", "sk_live_Ab3dEf6h", "it looks like a key of Stripe"},
		"a key of SendGrid at a vendor without":   {"EmailProvider", "Postmark", "SG.Ab3dEf6h", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			p, ok := Find(c.kind, c.name)
			if !ok {
				t.Fatalf("no provider %s", c.name)
			}
			what, misplaced := p.Misplaced(probe.NewSecret(c.key))
			if what != c.want || misplaced != (c.want != "") {
				t.Errorf("got %q, want %q", what, c.want)
			}
		})
	}
}

func TestFindingAProvider(t *testing.T) {
	if _, ok := Find("EmailProvider", "OpenAI"); ok {
		t.Error("found a provider of another kind")
	}
	if _, ok := Find("AIProvider", "None"); ok {
		t.Error("found a provider that stands for none")
	}
}
