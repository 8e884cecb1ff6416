// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"errors"
	"fmt"

	"mainstay.dev/mainstay/internal/probe"
)

// azureOpenAI is the OpenAI API of a resource in Azure, which has a host of its own. An app names the
// deployments of the resource as its models, and what the API lists are the models that could be deployed:
// the listing proves the key and the resource, and only a call proves a deployment.
var azureOpenAI = Provider{
	Kind: "AIProvider", Name: "AzureOpenAI",
	BaseURL:  "https://{place}.openai.azure.com/openai/v1",
	OwnPlace: true,
	Called:   "Azure OpenAI",
	// A key of one resource is none of another. Azure says the same of both mistakes: the key or the endpoint.
	Credential: "API key of the resource",
	Renewal:    "copy KEY 1 or KEY 2 from Keys and Endpoint of that very resource",
	Auth:       probe.Auth{Header: "Api-Key"},
	Limits: []LimitHeaders{
		{"requests", "X-Ratelimit-Limit-Requests", "X-Ratelimit-Remaining-Requests"},
		{"tokens", "X-Ratelimit-Limit-Tokens", "X-Ratelimit-Remaining-Tokens"},
	},
	Steps: []Step{{Path: "/models", Read: readAzureModels}, chat(maxCompletionTokens).step()},
	Rules: []probe.Rule{
		{
			Status: 403, Message: "virtual network", Means: probe.IPNotAllowed,
			Source: "troubleshooting page; live bodies", Verified: "2026-11",
		},
		{
			Status: 403, Message: "public access is disabled", Means: probe.PublicAccessDisabled,
			Source: "troubleshooting page; live bodies", Verified: "2026-11",
		},
		{
			Status: 403, Message: "temporarily blocked", Means: probe.KeySuspended,
			Source: "troubleshooting page", Verified: "2026-11",
		},
		{
			Code: "AuthenticationTypeDisabled", Means: probe.KeysDisabled,
			Source: "public reports, which quote code and text alike", Verified: "2026-11",
		},
		{
			Code: "DeploymentNotFound", Means: probe.ModelNotAvailable,
			Source: "live bodies; also for about 5 minutes after a deployment was made", Verified: "2026-11",
		},
		{
			Code: "content_filter", Means: probe.OutputBlocked,
			Source: "troubleshooting page", Verified: "2026-11",
		},
		{
			Code: "insufficient_quota", Means: probe.QuotaExhausted,
			Source: "as OpenAI", Verified: "2026-11",
		},
		{
			// These two come as 429, and are a shortage of theirs. That a limit is lowered for a time, since many
			// share it, comes in the words of a limit that the app uses up.
			Message: "high demand", Means: probe.ServerError,
			Source: "page on quota", Verified: "2026-11",
		},
		{
			Message: "temporarily unable to process", Means: probe.ServerError,
			Source: "page on quota", Verified: "2026-11",
		},
	},
	Facts: Facts{
		Proves: []string{
			"the resource exists: a wrong name has no address",
			"the key is accepted by that resource, and the network rules of the resource admit the cluster",
		},
		CannotProve: []string{
			"that a deployment exists: the models listed are those that could be deployed",
			"that the deployment has tokens a minute left",
			"whether the key or the resource is the wrong one of the two, where both exist",
		},
		OptIn:      []string{"with `spec.completion`, billed: the deployment exists and answers, and its content filter lets a plain answer through"},
		Requests:   "1, and 1 to 9 for a completion",
		KeysPage:   "https://portal.azure.com",
		StatusPage: "https://azure.status.microsoft",
		Source:     "openai-go azure package, troubleshooting page, live bodies; the limit headers are not confirmed", Verified: "2026-11",
	},
}

// readAzureModels reads the listing for what it proves of the key, and says what it does not prove.
func readAzureModels(page *Page) error {
	list, err := openAIList(page.Body)
	if err != nil {
		return err
	}
	if absent(list) {
		return errors.New("expected a list of models, found none")
	}
	if err := each(list, func(modelID) {}); err != nil {
		return fmt.Errorf("list of models: %w", err)
	}
	if !page.Wants.Empty() {
		page.Outcome.Set(probe.Provisioned, probe.Finding{
			Result: probe.Unprovable, Symptom: probe.ModelNotVisible, Args: page.Wants.Names(),
		})
	}
	return nil
}
