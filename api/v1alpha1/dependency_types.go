// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Annotations that Mainstay reads.
const (
	// RequestedAtAnnotation on a dependency asks for a probe now. Any new value is a new request;
	// status.lastHandledRequest echoes the value once that probe has ended.
	RequestedAtAnnotation = "mainstay.dev/requestedAt"

	// AllowedHostsAnnotation on a Secret names the hosts, comma-separated as host[:port], to which its
	// owner lets Mainstay send the credential. Only hosts that come from a spec need it; a vendor's own
	// fixed host does not.
	AllowedHostsAnnotation = "mainstay.dev/allowed-hosts"
)

// DependencySpec is what every probed kind shares. Names and meanings follow Pod probes.
//
// +kubebuilder:validation:XValidation:rule="self.timeoutSeconds <= self.periodSeconds",message="spec.timeoutSeconds must not be greater than spec.periodSeconds, since a probe has to end before the next one is due",fieldPath=".timeoutSeconds",reason="FieldValueInvalid"
type DependencySpec struct {
	// secretRef names the key of a Secret, in the namespace of this object, that holds the credential.
	// The Secret may be created later: until then the object reports SecretNotFound.
	// +optional
	SecretRef *SecretKeyRef `json:"secretRef,omitempty"`

	// endpoint replaces the whole base URL of the provider, version path included, as in
	// https://host/v1 for OpenAI. The Secret must consent to the host through its annotation
	// mainstay.dev/allowed-hosts.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:XValidation:rule="!self.contains('@') && !self.contains('?') && !self.contains('#')",message="spec.endpoint must not carry a user, a query or a fragment: credentials belong into the Secret"
	// +kubebuilder:validation:XValidation:rule="self.matches('^https?://([A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?[.]?|[[][0-9A-Fa-f:.]+[]])(:[0-9]{1,5})?(/[A-Za-z0-9._~%:/-]*)?$') && isURL(self) && url(self).getHostname().size() <= 253",messageExpression="'spec.endpoint must be an absolute http or https URL such as https://llm.example.com/v1' + (self.contains('@') ? '' : ', found ' + self)"
	// +kubebuilder:validation:XValidation:rule="!isURL(self) || url(self).getPort() == '' || (int(url(self).getPort()) > 0 && int(url(self).getPort()) < 65536)",message="spec.endpoint must name a port from 1 to 65535, or none"
	Endpoint string `json:"endpoint,omitempty"`

	// caRef names PEM certificates that the endpoint's certificate is checked against, in place of the
	// system's.
	// +optional
	CARef *CARef `json:"caRef,omitempty"`

	// periodSeconds is how often to probe, in seconds.
	// +optional
	// +kubebuilder:default=60
	// +kubebuilder:validation:Minimum=10
	// +kubebuilder:validation:Maximum=86400
	PeriodSeconds int32 `json:"periodSeconds,omitempty"`

	// timeoutSeconds is how long one probe may take, all its requests together, in seconds.
	// +optional
	// +kubebuilder:default=10
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=300
	TimeoutSeconds int32 `json:"timeoutSeconds,omitempty"`

	// failureThreshold is how many probes in a row must fail before a condition that was proven turns
	// False. What the owner got wrong from the start, and what is wrong with the Secret itself, counts at
	// once.
	// +optional
	// +kubebuilder:default=3
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	FailureThreshold int32 `json:"failureThreshold,omitempty"`

	// successThreshold is how many probes in a row must succeed before a condition recovers.
	// +optional
	// +kubebuilder:default=1
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	SuccessThreshold int32 `json:"successThreshold,omitempty"`

	// suspend stops probing while true. Healthy is then Unknown and Ready stays True, both with reason
	// Suspended.
	// +optional
	Suspend bool `json:"suspend,omitempty"`

	// readyWhen says how far the owner's part must be right for Ready: Configured, Authenticated or
	// Provisioned gate rollouts on what the owner can fix, up to that stage; Healthy gates them on the
	// provider's health as well.
	// +optional
	// +kubebuilder:default=Provisioned
	ReadyWhen ReadyWhen `json:"readyWhen,omitempty"`
}

// ReadyWhen is the stage up to which the Ready condition counts.
// +kubebuilder:validation:Enum=Configured;Authenticated;Provisioned;Healthy
type ReadyWhen string

// The values of spec.readyWhen.
const (
	ReadyWhenConfigured    ReadyWhen = "Configured"
	ReadyWhenAuthenticated ReadyWhen = "Authenticated"
	ReadyWhenProvisioned   ReadyWhen = "Provisioned"
	ReadyWhenHealthy       ReadyWhen = "Healthy"
)

// SecretKeyRef names one key of a Secret in the same namespace.
type SecretKeyRef struct {
	// name of the Secret.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$`
	Name string `json:"name,omitempty"`

	// key within the Secret's data; apiKey where none is named. Providers that need several values read
	// them from documented keys of the same Secret.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[-._a-zA-Z0-9]+$`
	Key string `json:"key,omitempty"`
}

// DefaultSecretKey is the key of a Secret that is read where the spec names none. It is no default of the
// CRD, which would claim a key for providers that read several.
const DefaultSecretKey = "apiKey"

// DataKey returns the key to read.
func (r SecretKeyRef) DataKey() string {
	if r.Key == "" {
		return DefaultSecretKey
	}
	return r.Key
}

// CARef names one key of a ConfigMap or Secret in the same namespace.
type CARef struct {
	// kind of the object that holds the certificates.
	// +required
	// +kubebuilder:validation:Enum=ConfigMap;Secret
	Kind string `json:"kind,omitempty"`

	// name of that object.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$`
	Name string `json:"name,omitempty"`

	// key within its data.
	// +optional
	// +kubebuilder:default=ca.crt
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[-._a-zA-Z0-9]+$`
	Key string `json:"key,omitempty"`
}

// DependencyStatus is what every probed kind reports.
type DependencyStatus struct {
	// conditions hold one observation per stage (Configured, Reachable, Authenticated, Authorized,
	// Provisioned), then Healthy, the verdict, and Ready, the gate for rollouts.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +patchStrategy=merge
	// +patchMergeKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty" patchStrategy:"merge" patchMergeKey:"type"`

	// observedGeneration is the metadata.generation that the conditions speak of; -1 before the first
	// visit.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// lastProbeTime is when a probe last ended. It is coarse on purpose: it moves with a change of the
	// conditions and otherwise once per heartbeat. The metric mainstay_probe_last_time_seconds is exact.
	// +optional
	LastProbeTime *metav1.Time `json:"lastProbeTime,omitempty"`

	// lastHandledRequest echoes the annotation mainstay.dev/requestedAt once the probe that it asked
	// for has ended.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	LastHandledRequest string `json:"lastHandledRequest,omitempty"`

	// lastRequestFinding is what the probe of lastHandledRequest found and the conditions do not show, since it
	// has to be seen several times in a row first. It speaks of that probe alone: only another request
	// replaces it.
	// +optional
	LastRequestFinding *UnconfirmedFinding `json:"lastRequestFinding,omitempty"`

	// observedSecret is the version of the Secret that the conditions speak of, as observedGeneration is
	// that of the spec.
	// +optional
	ObservedSecret *SecretVersion `json:"observedSecret,omitempty"`

	// acceptedSecret is the version of the Secret whose credential the provider last accepted.
	// +optional
	AcceptedSecret *SecretVersion `json:"acceptedSecret,omitempty"`

	// credentialExpiresAt is when the credential expires, as the spec, the credential itself or the provider
	// says.
	// +optional
	CredentialExpiresAt *metav1.Time `json:"credentialExpiresAt,omitempty"`

	// actionRequiredBy is by when the provider wants the owner of the account to act, before it restricts what
	// it provides. It is there while the provider names such a time.
	// +optional
	ActionRequiredBy *metav1.Time `json:"actionRequiredBy,omitempty"`

	// headroom is how much of the provider's limits is used, as far as the provider tells. It is coarse on
	// purpose and moves as lastProbeTime does; the metrics mainstay_provider_limit and
	// mainstay_provider_remaining are exact.
	// +optional
	// +listType=map
	// +listMapKey=resource
	// +kubebuilder:validation:MaxItems=16
	Headroom []Headroom `json:"headroom,omitempty"`

	// deliveries is how the deliveries of a sender of webhooks to the endpoint fare, as far as the sender tells. It
	// is coarse on purpose and moves as lastProbeTime does; the metrics mainstay_webhook_… are exact.
	// +optional
	Deliveries *Deliveries `json:"deliveries,omitempty"`

	// effectivePeriodSeconds is set while probing is slower than spec.periodSeconds, because the
	// credential's share of the provider's rate limit is too small for all that use it.
	// +optional
	// +kubebuilder:validation:Minimum=1
	EffectivePeriodSeconds int32 `json:"effectivePeriodSeconds,omitempty"`
}

// UnconfirmedFinding is what a probe found that is not believed yet.
type UnconfirmedFinding struct {
	// reason that Healthy will have once it is believed; Passed where it is that something recovered.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	Reason string `json:"reason,omitempty"`

	// message says what was seen, and what to do.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32768
	Message string `json:"message,omitempty"`

	// seen is how many probes in a row had found it by then.
	// +required
	// +kubebuilder:validation:Minimum=1
	Seen int32 `json:"seen,omitempty"`

	// threshold is how many it takes: spec.failureThreshold, or spec.successThreshold where it recovered.
	// +required
	// +kubebuilder:validation:Minimum=1
	Threshold int32 `json:"threshold,omitempty"`
}

// Headroom is how much of one limit of a provider is used.
type Headroom struct {
	// resource that is limited, in the plural, such as requests, tokens, emails or credits.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Resource string `json:"resource,omitempty"`

	// limit is how much there is of it.
	// +required
	// +kubebuilder:validation:Minimum=0
	Limit *int64 `json:"limit,omitempty"`

	// usedPercent is how much of the limit is used, rounded down to tens.
	// +required
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	UsedPercent *int32 `json:"usedPercent,omitempty"`
}

// Deliveries is how the deliveries to a webhook endpoint fare. What the sender does not tell is not there, which is
// not the same as zero.
//
// +kubebuilder:validation:MinProperties=1
type Deliveries struct {
	// windowSeconds is how far back count and failedPercent reach.
	// +optional
	// +kubebuilder:validation:Minimum=1
	WindowSeconds int32 `json:"windowSeconds,omitempty"`

	// count is how many deliveries were tried and came to an end, well or not, rounded down to two digits.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Count *int64 `json:"count,omitempty"`

	// failedPercent is how many in a hundred of them failed, rounded up: 0 stands for none.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	FailedPercent *int32 `json:"failedPercent,omitempty"`

	// lastStatus is the HTTP status that the endpoint answered last.
	// +optional
	// +kubebuilder:validation:Minimum=100
	// +kubebuilder:validation:Maximum=599
	LastStatus int32 `json:"lastStatus,omitempty"`

	// deadLettered is how many deliveries the sender has given up, rounded down to two digits.
	// +optional
	// +kubebuilder:validation:Minimum=0
	DeadLettered *int64 `json:"deadLettered,omitempty"`

	// waiting is how many deliveries wait for their first or next attempt, rounded down to two digits.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Waiting *int64 `json:"waiting,omitempty"`

	// waitingSince is since when the oldest of them waits.
	// +optional
	WaitingSince *metav1.Time `json:"waitingSince,omitempty"`
}

// SecretVersion identifies one version of a Secret.
type SecretVersion struct {
	// uid of the Secret.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	UID string `json:"uid,omitempty"`

	// resourceVersion of the Secret.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	ResourceVersion string `json:"resourceVersion,omitempty"`
}
