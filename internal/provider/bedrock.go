// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"mainstay.dev/mainstay/internal/probe"
)

// bedrock is Amazon Bedrock. One free request for each model names four causes why it may not be used, and one
// more for each inference profile shows whether it exists. Where the spec names no model, or only such as no
// free request can show, a short listing proves the key.
var bedrock = Provider{
	Kind: "AIProvider", Name: "Bedrock",
	BaseURL: "https://bedrock.{place}.amazonaws.com",
	Called:  "Amazon Bedrock", Credential: "access key",
	Renewal: "create an access key in IAM", GlobalKeys: true,
	Auth: probe.Auth{AWSService: "bedrock"},
	Keys: awsKeys,
	Steps: []Step{
		{
			Path: "/foundation-models?byProvider=Amazon", Read: readBedrockList,
			When: func(w probe.Wants) bool { return len(bedrockProfiles(w))+len(bedrockModels(w)) == 0 },
		},
		{Path: "/inference-profiles/{name}", Each: bedrockProfiles, Read: readBedrockProfile},
		{Path: "/foundation-model-availability/{name}", Each: bedrockModels, Spelled: bedrockModel, Read: readBedrockAvailability},
		bedrockCompletion(),
	},
	Rules: bedrockRules,
	Facts: Facts{
		Proves: []string{
			"the access key is accepted",
			"each model of `spec.models`: its agreement is accepted, the account is authorized and entitled to it, and the region has it; of an inference profile, that it exists, and the same of its model",
		},
		CannotProve: []string{
			"that the key may run a model, which is the permission `bedrock:InvokeModel`",
			"anything of a model without the permissions `bedrock:GetFoundationModelAvailability` and, for an inference profile, `bedrock:GetInferenceProfile`; an app needs neither, so that is no failure",
			"that a model of one's own exists, such as a custom or an imported one",
			"that quota is left",
			"that the first call of a model, which has its agreement accepted, will succeed in that; until then `Provisioned` is Unknown, and no completion is asked of the model",
		},
		OptIn:      []string{"with `spec.completion`, billed: the model answers, the key may run it, and quota is left"},
		Requests:   "1, or 1 for each model and 2 for each inference profile, and 1 to 9 for a completion",
		KeysPage:   "https://console.aws.amazon.com/iam",
		StatusPage: "https://health.aws.amazon.com/health/status",
		Source:     "aws-sdk-go-v2 service/bedrock and service/bedrockruntime, live bodies; statuses and links are not confirmed", Verified: "2026-11",
	},
}

// bedrockDay is a limit that waiting a while does not bring back, in the code of one that it does.
var bedrockDay = probe.Rule{
	Code: "ThrottlingException", Message: "tokens per day", Means: probe.QuotaExhausted,
	Source: "live bodies", Verified: "2026-11",
}

// bedrockRules follow those of AWS at large.
var bedrockRules = slices.Concat([]probe.Rule{bedrockDay}, awsRules, []probe.Rule{
	{
		Code: "ServiceQuotaExceededException", Means: probe.QuotaExhausted,
		Source: "aws-sdk-go-v2", Verified: "2026-11",
	},
	{
		Code: "AccessDeniedException", Message: "aws marketplace", Means: probe.ModelAgreementMissing,
		Source: "reports of users", Verified: "2026-11",
	},
	{
		Code: "AccessDeniedException", Message: "access to the model", Means: probe.ModelNotEntitled,
		Source: "reports of users", Verified: "2026-11",
	},
	{
		// An app needs none of what is read for free; what it needs is missing only where a completion is refused.
		Code: "AccessDeniedException", Message: "not authorized to perform", Means: probe.ScopeMissing, Unprovable: true,
		Args:   awsAction,
		Source: "live bodies", Verified: "2026-11",
	},
	{
		Code: "FTUFormNotFilled", Means: probe.ModelAgreementMissing,
		Source: "reports of users", Verified: "2026-11",
	},
	{
		Message: "use case details have not been submitted", Means: probe.ModelAgreementMissing,
		Source: "reports of users", Verified: "2026-11",
	},
	{
		Code: "ResourceNotFoundException", Means: probe.ModelNotAvailable,
		Source: "aws-sdk-go-v2", Verified: "2026-11",
	},
	{
		Code: "ValidationException", Message: "inference profile that contains this model", Means: probe.ModelNeedsProfile,
		Source: "live bodies", Verified: "2026-11",
	},
	{
		Code: "ValidationException", Message: "model identifier is invalid", Means: probe.ModelNotAvailable,
		Source: "reports of users", Verified: "2026-11",
	},
	{
		// Whatever is asked: the account is blocked, as new ones may be.
		Code: "ValidationException", Message: "operation not allowed", Means: probe.ModelNotAuthorized,
		Source: "reports of users", Verified: "2026-11",
	},
	{
		// Comes as 429, and is no limit: the model is being made ready.
		Code: "ModelNotReadyException", Means: probe.CompletionFailed,
		Source: "aws-sdk-go-v2", Verified: "2026-11",
	},
})

// bedrockGeography is what the name of an inference profile of AWS's own begins with, before the name of its
// model (2026-11). Other names have dots in them, too.
var bedrockGeography = regexp.MustCompile(`^(us|us-gov|eu|apac|au|jp|ca|global)\.`)

// bedrockModel returns the name of the foundation model behind a name of the spec, which may be an ARN or an
// inference profile; empty where the name does not tell.
func bedrockModel(name string) string {
	if strings.HasPrefix(name, "arn:") {
		kind, rest, _ := strings.Cut(name, "/")
		if !strings.HasSuffix(kind, ":foundation-model") && !strings.HasSuffix(kind, ":inference-profile") {
			return ""
		}
		name = rest
	}
	return bedrockGeography.ReplaceAllString(name, "")
}

func isBedrockProfile(name string) bool {
	return bedrockGeography.MatchString(name) || strings.Contains(name, "inference-profile/")
}

func bedrockModels(w probe.Wants) []string {
	return slices.DeleteFunc(slices.Clone(w.Names()), func(name string) bool { return bedrockModel(name) == "" })
}

func bedrockProfiles(w probe.Wants) []string {
	return slices.DeleteFunc(slices.Clone(w.Names()), func(name string) bool { return !isBedrockProfile(name) })
}

// leaveOpen says of which models of the spec no free request shows anything.
func leaveOpen(page *Page) {
	open := slices.DeleteFunc(slices.Clone(page.Wants.Names()), func(name string) bool {
		return bedrockModel(name) != "" || isBedrockProfile(name)
	})
	if len(open) > 0 && page.Outcome[probe.Provisioned].Result == probe.NotReached {
		page.Outcome.Set(probe.Provisioned, probe.Finding{
			Result: probe.Unprovable, Symptom: probe.ModelNotVisible, Args: open,
		})
	}
}

func readBedrockList(page *Page) error {
	var list struct {
		Models json.RawMessage `json:"modelSummaries"`
	}
	if err := json.Unmarshal(page.Body, &list); err != nil {
		return fmt.Errorf("list of models: %w", err)
	}
	if absent(list.Models) {
		return errors.New("expected a list of models, found none")
	}
	leaveOpen(page)
	return each(list.Models, func(struct{}) {})
}

func readBedrockProfile(page *Page) error {
	var profile struct {
		ID string `json:"inferenceProfileId"`
	}
	if err := json.Unmarshal(page.Body, &profile); err != nil {
		return fmt.Errorf("inference profile: %w", err)
	}
	if profile.ID == "" {
		return errors.New("expected an inference profile, found none")
	}
	leaveOpen(page)
	return nil
}

func readBedrockAvailability(page *Page) error {
	var model struct {
		Agreement struct {
			Status string `json:"status"`
		} `json:"agreementAvailability"`
		Authorization string `json:"authorizationStatus"`
		Entitlement   string `json:"entitlementAvailability"`
		Region        string `json:"regionAvailability"`
	}
	if err := json.Unmarshal(page.Body, &model); err != nil {
		return fmt.Errorf("availability of a model: %w", err)
	}
	switch {
	case model.Region == "" || model.Authorization == "":
		return errors.New("expected the availability of a model, found none")
	case model.Region != "AVAILABLE":
		page.Outcome.Fail(probe.ModelNotInRegion, page.Name)
	case model.Authorization != "AUTHORIZED":
		page.Outcome.Fail(probe.ModelNotAuthorized, page.Name)
	case model.Agreement.Status != "AVAILABLE":
		// No call has been made, which would have accepted it (user guide, access to models; verified 2026-11).
		page.Outcome.Leave(probe.Undecided, probe.ModelAgreementPending, page.Name)
	case model.Entitlement != "AVAILABLE":
		page.Outcome.Fail(probe.ModelNotEntitled, page.Name)
	}
	leaveOpen(page)
	return nil
}

// bedrockCompletion asks for a completion. A model whose agreement nobody has accepted is left alone, since the
// first call accepts it: that is for the app to do.
func bedrockCompletion() Step {
	step := bedrockConverse.step()
	step.Unless = func(page *Page) bool {
		found := page.Outcome[probe.Provisioned]
		return found.Symptom == probe.ModelAgreementPending && slices.Contains(found.Args, completionOf(page.Wants).Model)
	}
	return step
}

// bedrockConverse asks by the operation that is the same for all models. What a model thinks counts as output
// too (aws-sdk-go-v2, verified 2026-11).
var bedrockConverse = completion{
	baseURL: "https://bedrock-runtime.{place}.amazonaws.com", path: "/model/{name}/converse",
	body: func(_ string, tokens int) any {
		return map[string]any{
			"messages":        []any{map[string]any{"role": "user", "content": []any{map[string]any{"text": prompt}}}},
			"inferenceConfig": map[string]any{"maxTokens": tokens},
		}
	},
	read: readBedrockConverse,
}

func readBedrockConverse(body []byte) (s said, err error) {
	var answer struct {
		Output struct {
			Message struct {
				Content json.RawMessage `json:"content"`
			} `json:"message"`
		} `json:"output"`
		Stop string `json:"stopReason"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return said{}, fmt.Errorf("conversation: %w", err)
	}
	if answer.Stop == "" {
		return said{}, errors.New("expected why the model stopped, found nothing")
	}
	s.cut = answer.Stop == "max_tokens"
	s.blocked = answer.Stop == "guardrail_intervened" || answer.Stop == "content_filtered"
	// A part of another kind, such as what the model thought, has no text.
	return s, each(answer.Output.Message.Content, func(part struct {
		Text string `json:"text"`
	}) {
		s.say(part.Text)
	})
}
