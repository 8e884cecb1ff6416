// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// AIProviderSpec says which AI provider the app uses and what it needs there.
//
// +kubebuilder:validation:XValidation:rule="self.provider in ['None', 'OpenAICompatible'] || has(self.secretRef)",messageExpression="'spec.secretRef is required for provider ' + self.provider + ': name the Secret that holds its ' + (self.provider == 'Bedrock' ? 'access key' : 'API key')",reason="FieldValueRequired",fieldPath=".secretRef"
// +kubebuilder:validation:XValidation:rule="self.provider != 'OpenAICompatible' || has(self.endpoint)",message="spec.endpoint is required for provider OpenAICompatible: it has no fixed host",reason="FieldValueRequired",fieldPath=".endpoint"
// +kubebuilder:validation:XValidation:rule="self.provider != 'AzureOpenAI' || has(self.azureOpenAI) || has(self.endpoint)",message="provider AzureOpenAI needs to know where: name the resource in spec.azureOpenAI.resource or the base URL in spec.endpoint",reason="FieldValueRequired",fieldPath=".azureOpenAI"
// +kubebuilder:validation:XValidation:rule="!has(self.azureOpenAI) || !has(self.endpoint)",message="spec.azureOpenAI and spec.endpoint both say where provider AzureOpenAI is: remove one of them",reason="FieldValueForbidden",fieldPath=".azureOpenAI"
// +kubebuilder:validation:XValidation:rule="self.provider == 'AzureOpenAI' || !has(self.azureOpenAI)",message="spec.azureOpenAI applies to provider AzureOpenAI alone: choose that provider or remove it",reason="FieldValueForbidden",fieldPath=".azureOpenAI"
// +kubebuilder:validation:XValidation:rule="self.provider != 'Bedrock' || has(self.bedrock)",message="spec.bedrock.region is required for provider Bedrock: it has hosts in each region",reason="FieldValueRequired",fieldPath=".bedrock"
// +kubebuilder:validation:XValidation:rule="self.provider == 'Bedrock' || !has(self.bedrock)",message="spec.bedrock applies to provider Bedrock alone: choose that provider or remove it",reason="FieldValueForbidden",fieldPath=".bedrock"
// +kubebuilder:validation:XValidation:rule="self.provider != 'Bedrock' || !has(self.secretRef) || !has(self.secretRef.key)",message="spec.secretRef.key does not apply to provider Bedrock, which reads the keys accessKeyID, secretAccessKey and, where there is one, sessionToken: remove it",reason="FieldValueForbidden",fieldPath=".secretRef.key"
// +kubebuilder:validation:XValidation:rule="self.provider != 'None' || !has(self.endpoint)",message="spec.endpoint does not apply to provider None: choose a provider or remove the endpoint",reason="FieldValueForbidden",fieldPath=".endpoint"
// +kubebuilder:validation:XValidation:rule="!has(self.completion) || has(self.completion.model) || (has(self.models) && size(self.models) > 0)",message="spec.completion needs a model to ask: name it in spec.completion.model or in spec.models",reason="FieldValueRequired",fieldPath=".completion.model"
// +kubebuilder:validation:XValidation:rule="self.provider != 'None' || !has(self.completion)",message="spec.completion does not apply to provider None: choose a provider or remove it",reason="FieldValueForbidden",fieldPath=".completion"
type AIProviderSpec struct {
	// provider is the vendor that the app calls. None says that none is configured: the
	// object is neither Healthy nor Ready then, and its reason says why.
	// +optional
	// +kubebuilder:default=None
	Provider AIVendor `json:"provider,omitempty"`

	// models that the app calls, by the provider's names; at AzureOpenAI the names of deployments. Each must
	// exist and be open to this key.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=256
	// +kubebuilder:validation:items:Pattern=`^[A-Za-z0-9][A-Za-z0-9._:/@+-]*$`
	Models []string `json:"models,omitempty"`

	// completion opts in to asking a model for a few words now and then, which the provider bills. It proves
	// what no free request does: that the model answers, and that credit is left.
	// +optional
	Completion *CompletionSpec `json:"completion,omitempty"`

	// azureOpenAI says where provider AzureOpenAI is.
	// +optional
	AzureOpenAI *AzureOpenAISpec `json:"azureOpenAI,omitempty"`

	// bedrock says where provider Bedrock is.
	// +optional
	Bedrock *BedrockSpec `json:"bedrock,omitempty"`

	// What all kinds share: secretRef, endpoint, periodSeconds, readyWhen and more.
	DependencySpec `json:",inline"`
}

// AzureOpenAISpec says which resource in Azure serves the models.
type AzureOpenAISpec struct {
	// resource is the name of the Azure OpenAI resource, as in https://NAME.openai.azure.com. Since a spec
	// chooses that host, the Secret must consent to it through its annotation mainstay.dev/allowed-hosts.
	// +required
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`
	Resource string `json:"resource,omitempty"`
}

// BedrockSpec says which part of Amazon Bedrock serves the models.
type BedrockSpec struct {
	// region of AWS, such as eu-central-1.
	// +required
	// +kubebuilder:validation:MinLength=9
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Pattern=`^[a-z]{2}(-[a-z]+)+-[0-9]+$`
	Region string `json:"region,omitempty"`
}

// CompletionSpec is a short completion that a model is asked for, in a rhythm of its own.
type CompletionSpec struct {
	// model to ask; the first of spec.models where none is named. It has to exist and be open to the key, as those
	// of spec.models.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9][A-Za-z0-9._:/@+-]*$`
	Model string `json:"model,omitempty"`

	// periodSeconds is how often to ask, in seconds; each request is billed. It asks at once after an edit, a new
	// credential or a request to probe, more often while a failure is not believed yet, and not at all while a free request
	// finds a fault.
	// +optional
	// +kubebuilder:default=3600
	// +kubebuilder:validation:Minimum=300
	// +kubebuilder:validation:Maximum=604800
	PeriodSeconds int32 `json:"periodSeconds,omitempty"`

	// maxOutputTokens is how many tokens one request may be given at most. Mainstay begins with 16 and doubles
	// them, in a request of its own each time, while a model that reasons uses them up before it says anything.
	// +optional
	// +kubebuilder:default=256
	// +kubebuilder:validation:Minimum=16
	// +kubebuilder:validation:Maximum=4096
	MaxOutputTokens int32 `json:"maxOutputTokens,omitempty"`
}

// AIVendor is a vendor of AI models. Each word but None has a row in internal/provider.
// +kubebuilder:validation:Enum=None;OpenAI;Anthropic;AzureOpenAI;Bedrock;Gemini;Mistral;Groq;Cohere;OpenRouter;OpenAICompatible
// +kubebuilder:validation:MaxLength=64
type AIVendor string

// AIProviderStatus is what Mainstay found out about an AI provider.
type AIProviderStatus struct {
	DependencyStatus `json:",inline"`
}

// AIProvider declares that an app depends on an AI provider. Mainstay proves with free, read-only
// requests that the key is accepted and, where the provider shows that for free, that the models named exist
// for it; whether a model answers takes spec.completion, which is billed.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=ai,categories=dependencies
// +kubebuilder:selectablefield:JSONPath=`.spec.provider`
// +kubebuilder:selectablefield:JSONPath=`.spec.secretRef.name`
// +kubebuilder:selectablefield:JSONPath=`.spec.suspend`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Healthy",type=string,JSONPath=`.status.conditions[?(@.type=="Healthy")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Healthy")].reason`
// +kubebuilder:printcolumn:name="Provider",type=string,JSONPath=`.spec.provider`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Healthy")].message`
type AIProvider struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is what the app needs. An empty spec, {}, says that nothing is configured.
	// +required
	Spec AIProviderSpec `json:"spec"`

	// status is what Mainstay found out.
	// +optional
	// +kubebuilder:default={"observedGeneration":-1}
	Status AIProviderStatus `json:"status,omitzero"`
}

// Provider returns the name of the vendor.
func (a *AIProvider) Provider() string { return string(a.Spec.Provider) }

// SharedSpec returns the part of the spec that every probed kind has.
func (a *AIProvider) SharedSpec() *DependencySpec { return &a.Spec.DependencySpec }

// SharedStatus returns the part of the status that every probed kind has.
func (a *AIProvider) SharedStatus() *DependencyStatus { return &a.Status.DependencyStatus }

// AIProviderList is a list of AIProviders.
//
// +kubebuilder:object:root=true
type AIProviderList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	// items are the AIProviders.
	Items []AIProvider `json:"items"`
}
