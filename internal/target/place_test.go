// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package target_test

import (
	"testing"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/probe"
	"mainstay.dev/mainstay/internal/target"
)

func TestAPlaceOfTheSpecDecidesTheHost(t *testing.T) {
	azure := func(spec *v1alpha1.AIProviderSpec) {
		spec.Provider, spec.AzureOpenAI = "AzureOpenAI", &v1alpha1.AzureOpenAISpec{Resource: "shop"}
	}
	bedrock := func(spec *v1alpha1.AIProviderSpec) {
		spec.Provider, spec.Bedrock = "Bedrock", &v1alpha1.BedrockSpec{Region: "eu-central-1"}
	}
	data := map[string][]byte{
		"apiKey": []byte("k3y-of-a-resource"), "accessKeyID": []byte("an-access-key"), "secretAccessKey": []byte("its-s3cret"),
	}
	for name, c := range map[string]struct {
		spec    func(*v1alpha1.AIProviderSpec)
		allowed string
		options target.Options
		base    string
		symptom probe.Symptom
	}{
		"a resource in Azure is a host of the spec's choosing": {
			spec: azure, base: "https://shop.openai.azure.com/openai/v1", symptom: probe.ConsentMissing,
		},
		"the Secret consents to the resource": {
			spec: azure, allowed: "shop.openai.azure.com", base: "https://shop.openai.azure.com/openai/v1",
		},
		"the Secret consents to another resource": {
			spec: azure, allowed: "blog.openai.azure.com", base: "https://shop.openai.azure.com/openai/v1", symptom: probe.ConsentForOthers,
		},
		"a region chooses among the vendor's own hosts": {
			spec: bedrock, base: "https://bedrock.eu-central-1.amazonaws.com",
		},
		"the administrator's host needs no consent": {
			spec:    azure,
			options: target.Options{Endpoints: map[string]string{"AzureOpenAI": "https://gateway.example.com/openai/v1"}},
			base:    "https://gateway.example.com/openai/v1",
		},
	} {
		t.Run(name, func(t *testing.T) {
			ai := &v1alpha1.AIProvider{}
			c.spec(&ai.Spec)
			ai.Spec.SecretRef = &v1alpha1.SecretKeyRef{Name: "credential"}
			got, finding := c.options.Build(target.Inputs{
				Kind: target.Kinds[0], Object: ai,
				Secret: &target.Referent{Data: data, AllowedHosts: c.allowed},
			})
			if got.BaseURL != c.base || finding.Symptom != c.symptom {
				t.Errorf("expected %s and %q, found %s and %q", c.base, c.symptom, got.BaseURL, finding.Symptom)
			}
		})
	}
}
