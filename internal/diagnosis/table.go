// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package diagnosis

import (
	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/probe"
)

// Diagnosis is what a symptom means: the cause, whose it is, and what to do. Seen and Advice are
// sentences in which {provider}, {names} and the like stand for what the Subject and the finding say. A
// part in brackets is left out where what it names is not known.
type Diagnosis struct {
	Symptom probe.Symptom
	// Reason is a constant of api/v1alpha1.
	Reason string
	// Blame is who can mend it; empty where nothing has to be mended.
	Blame Blame
	// OwnHostBlame replaces Blame for a host that the spec chose and that never answered in this
	// generation.
	OwnHostBlame Blame
	// Counts says how many probes in a row it takes. What is found without a probe counts at once.
	Counts Counts
	// Shows is the result of a finding with this symptom, and Failed where it is not set. Passed marks an
	// early warning: the stage is good, and an event tells of what is to come.
	Shows probe.Result
	// Stalls says that nothing but an edit of the spec, or of the operator's flags, can help.
	Stalls bool
	// Seen is what was observed, Advice what a person should do next.
	Seen, Advice string
}

// Blame is who can mend a fault.
type Blame string

// The parties.
const (
	Owner    Blame = "Owner"
	Provider Blame = "Provider"
	Network  Blame = "Network"
	Mainstay Blame = "Mainstay"
)

// Counts says how many probes in a row make a failure stand.
type Counts string

const (
	// ByBlame: what the owner got wrong counts at once on a stage that was never proven; all else takes
	// spec.failureThreshold probes in a row.
	ByBlame Counts = "by blame"
	// InARow: always takes spec.failureThreshold probes in a row.
	InARow Counts = "in a row"
	// AtOnce: one answer proves it.
	AtOnce Counts = "at once"
)

// table has one row for each symptom, by stage, which internal/probe/symptom.go tells. Conditions, events, metric labels, the CLI and
// docs/reasons.md all come from it.
var table = []Diagnosis{
	// Configured
	{
		Symptom: probe.NoAIProvider, Reason: v1alpha1.ReasonNoAIProvider, Blame: Owner, Stalls: true,
		Seen:   "No AI provider is configured.",
		Advice: "Set spec.provider of {object}, and spec.secretRef to the Secret with its API key.",
	},
	{
		Symptom: probe.NoEmailProvider, Reason: v1alpha1.ReasonNoEmailProvider, Blame: Owner, Stalls: true,
		Seen:   "No email provider is configured, so no email is sent.",
		Advice: "Set spec.provider of {object}, and spec.secretRef to the Secret with its API key.",
	},
	{
		Symptom: probe.SecretNotFound, Reason: v1alpha1.ReasonSecretNotFound, Blame: Owner,
		Seen:   "Secret {secretName} does not exist in namespace {namespace}.",
		Advice: "Create it with the {provider} API key under the key {secretKey}, or correct spec.secretRef.",
	},
	{
		Symptom: probe.SecretKeyMissing, Reason: v1alpha1.ReasonSecretKeyMissing, Blame: Owner,
		Seen:   "Secret {secretName} has no key {secretKey}.",
		Advice: "Add the key to the Secret, or set spec.secretRef.key to the key that holds the {provider} API key.",
	},
	{
		Symptom: probe.SecretKeyEmpty, Reason: v1alpha1.ReasonSecretKeyEmpty, Blame: Owner,
		Seen:   "Key {secretKey} of Secret {secretName} is empty.",
		Advice: "Put the {provider} API key there.",
	},
	{
		Symptom: probe.PlaceholderCredential, Reason: v1alpha1.ReasonPlaceholderCredential, Blame: Owner,
		Seen:   "Key {secretKey} of Secret {secretName} holds a placeholder, not a key.",
		Advice: "Put the real {provider} API key there.",
	},
	{
		Symptom: probe.CredentialHasLineBreak, Reason: v1alpha1.ReasonCredentialHasLineBreak, Blame: Owner,
		Seen:   "Key {secretKey} of Secret {secretName} holds a line break, most likely at its end.",
		Advice: "Write the value again without it, for example with printf in place of echo.",
	},
	{
		Symptom: probe.CredentialHasWhitespace, Reason: v1alpha1.ReasonCredentialHasWhitespace, Blame: Owner,
		Seen:   "Key {secretKey} of Secret {secretName} holds blanks or tabs.",
		Advice: "Write the key again without them.",
	},
	{
		Symptom: probe.CredentialMalformed, Reason: v1alpha1.ReasonCredentialMalformed, Blame: Owner,
		Seen:   "Key {secretKey} of Secret {secretName} holds characters that no API key has.",
		Advice: "Write the key again as plain text; data of a Secret is base64-encoded once, not twice.",
	},
	{
		Symptom: probe.WrongKeyKind, Reason: v1alpha1.ReasonWrongKeyKind, Blame: Owner,
		Seen:   "Key {secretKey} of Secret {secretName} holds a credential of another kind[: {names}].",
		Advice: "Put the {provider} API key there, or correct spec.provider or spec.secretRef.",
	},
	{
		Symptom: probe.CANotFound, Reason: v1alpha1.ReasonCANotFound, Blame: Owner,
		Seen:   "What spec.caRef names[, {names},] does not exist.",
		Advice: "Create it with the PEM certificates, or correct spec.caRef.",
	},
	{
		Symptom: probe.CAInvalid, Reason: v1alpha1.ReasonCAInvalid, Blame: Owner,
		Seen:   "What spec.caRef names[, {names},] holds no PEM certificate.",
		Advice: "Put the certificate of the authority that signs the endpoint's certificate there, in PEM.",
	},
	{
		Symptom: probe.ConsentMissing, Reason: v1alpha1.ReasonConsentMissing, Blame: Owner,
		Seen:   "Secret {secretName} does not allow its key to be sent to {host}.",
		Advice: "If it may: kubectl annotate secret -n {namespace} {secretName} " + v1alpha1.AllowedHostsAnnotation + "={host}",
	},
	{
		Symptom: probe.ConsentForOthers, Reason: v1alpha1.ReasonConsentMissing, Blame: Owner,
		Seen:   "Secret {secretName} allows its key to be sent to other hosts, but not to {host}.",
		Advice: "If it may, add {host} to its annotation " + v1alpha1.AllowedHostsAnnotation + ", after a comma.",
	},
	{
		Symptom: probe.PlainHTTPRefused, Reason: v1alpha1.ReasonDestinationNotAllowed, Blame: Owner, Stalls: true,
		Seen:   "The endpoint at {host} is plain http, which Mainstay does not speak.",
		Advice: "Use https, or start Mainstay with --allow-http.",
	},
	{
		Symptom: probe.AddressNeverAdmitted, Reason: v1alpha1.ReasonDestinationNotAllowed, Blame: Owner, Stalls: true,
		Seen: "The address of {host} is link-local, a cloud's metadata service, multicast or reserved: " +
			"Mainstay never connects there.",
		Advice: "Use another endpoint.",
	},
	{
		Symptom: probe.AddressRefused, Reason: v1alpha1.ReasonDestinationNotAllowed, Blame: Owner, Stalls: true,
		Seen:   "Mainstay's dial guard does not admit the address of {host}: it is private, loopback or reserved.",
		Advice: "If it is meant to be probed, start Mainstay with --allow-host={host}",
	},
	{
		Symptom: probe.UnresolvedBehindProxy, Reason: v1alpha1.ReasonDestinationNotAllowed, Blame: Owner, Stalls: true,
		Seen:   "{hostname} cannot be resolved here, only by the proxy, so its address cannot be judged.",
		Advice: "If it is meant to be probed, start Mainstay with --allow-host={host}",
	},
	{
		// These three are of a DependencySet, and speak of one of its members.
		Symptom: probe.MemberNotFound, Reason: v1alpha1.ReasonMemberNotFound, Blame: Owner,
		Seen:   "Namespace {namespace} has no {kind} that matches what is required[: {names}].",
		Advice: "Create it, or correct spec.requires of the DependencySet.",
	},
	{
		Symptom: probe.TooFewMembers, Reason: v1alpha1.ReasonTooFewMembers, Blame: Owner,
		Seen:   "Namespace {namespace} has fewer objects of kind {kind} that match than minHealthy asks for.",
		Advice: "Create more, or lower minHealthy in spec.requires of the DependencySet.",
	},
	{
		Symptom: probe.ProviderNotSupported, Reason: v1alpha1.ReasonProviderNotSupported, Blame: Owner,
		Seen:   "The app cannot use the provider of {object}, which is {provider}[: it accepts {names}].",
		Advice: "Choose a provider that the app can use, or add this one to acceptedProviders of the DependencySet.",
	},

	// Reachable
	{
		Symptom: probe.NameNotResolved, Reason: v1alpha1.ReasonNameNotResolved, Blame: Network, OwnHostBlame: Owner,
		Seen:   "DNS has no address for {hostname}.",
		Advice: "Check the name in spec.endpoint where it is set, and the cluster's DNS.",
	},
	{
		Symptom: probe.NameServerFailed, Reason: v1alpha1.ReasonNameServerFailed, Blame: Network,
		Seen:   "The name server gave no answer for {hostname}.",
		Advice: "Check the cluster's DNS, or see --allow-host where only a proxy resolves names.",
	},
	{
		Symptom: probe.ConnectionRefused, Reason: v1alpha1.ReasonConnectionRefused, Blame: Network, OwnHostBlame: Owner,
		Seen:   "Nothing accepts connections at {host}.",
		Advice: "Check the port, whether the server runs, and any network policy between.",
	},
	{
		Symptom: probe.NetworkUnreachable, Reason: v1alpha1.ReasonNetworkUnreachable, Blame: Network,
		Seen:   "There is no route from the cluster to {host}.",
		Advice: "Check the cluster's egress, firewall and network policies.",
	},
	{
		Symptom: probe.ConnectionClosed, Reason: v1alpha1.ReasonConnectionClosed, Blame: Network,
		Seen:   "The connection to {host} was closed before an answer came.",
		Advice: "Check proxies and firewalls between; where there are none, the provider has a problem.",
	},
	{
		Symptom: probe.CertificateInvalid, Reason: v1alpha1.ReasonTLSInvalid, Blame: Network, OwnHostBlame: Owner,
		Seen:   "The certificate of {host} is not accepted[: {names}].",
		Advice: "Renew or correct the certificate, or name the authority that signed it in spec.caRef.",
	},
	{
		Symptom: probe.HandshakeFailed, Reason: v1alpha1.ReasonTLSInvalid, Blame: Network, OwnHostBlame: Owner,
		Seen:   "{host} does not complete a TLS handshake.",
		Advice: "Check that https is spoken at this port, with TLS 1.2 or later.",
	},
	{
		Symptom: probe.ProxyFailed, Reason: v1alpha1.ReasonProxyFailed, Blame: Network,
		Seen:   "The proxy did not let the probe through to {host}.",
		Advice: "Check HTTPS_PROXY and NO_PROXY of the operator, and what the proxy allows.",
	},
	{
		Symptom: probe.TimedOut, Reason: v1alpha1.ReasonTimedOut, Blame: Network,
		Seen:   "{host} did not answer within spec.timeoutSeconds.",
		Advice: "Check the provider's status page and the cluster's egress.",
	},
	{
		Symptom: probe.ServerError, Reason: v1alpha1.ReasonServerError, Blame: Provider,
		Seen:   "{provider} answers with a server error (5xx).",
		Advice: "Wait, and check the status page of {provider}; nothing in the cluster has to change.",
	},
	{
		Symptom: probe.PathNotFound, Reason: v1alpha1.ReasonPathNotFound, Blame: Provider, OwnHostBlame: Owner,
		Seen:   "{host} answers, but the API of {provider} is not at this path (404).",
		Advice: "Check the path of spec.endpoint: it must include the version, as in https://host/v1.",
	},
	{
		Symptom: probe.UnexpectedAnswer, Reason: v1alpha1.ReasonUnexpectedAnswer, Blame: Provider,
		Seen:   "{host} answers, but not as {provider} does.",
		Advice: "Check whether a proxy, a firewall or a login page answers in its place.",
	},
	{
		Symptom: probe.ProbeFailed, Reason: v1alpha1.ReasonProbeFailed, Blame: Mainstay,
		Seen:   "Mainstay failed to probe; this says nothing about {provider}.",
		Advice: "See the log of the operator, and report it to Mainstay's maintainers.",
	},
	{
		Symptom: probe.IncidentReported, Reason: v1alpha1.ReasonProviderIncident, Blame: Provider,
		Seen:   "{provider} does not answer as it should, and its status page reports trouble.",
		Advice: "Wait for {provider}; nothing in the cluster has to change.",
	},
	{
		// Seen across credentials, by the engine.
		Symptom: probe.KeysRefused, Reason: v1alpha1.ReasonProviderIncident, Blame: Provider,
		Seen:   "{host} refuses several API keys that it accepted before, all at about the same time.",
		Advice: "Check the status page of {provider} before any key is replaced: most likely the fault is not the keys'.",
	},
	{
		// Seen across hosts, by the engine, and never of one probe: it puts the whole verdict in doubt.
		Symptom: probe.ClusterEgressDown, Reason: v1alpha1.ReasonClusterEgressDown, Blame: Network, Shows: probe.Undecided,
		Seen:   "No provider can be reached from the cluster: connections to several hosts of several domains fail.",
		Advice: "Check the cluster's way out: DNS, NAT, firewall, proxy. Verdicts are renewed once it works again.",
	},

	// Authenticated
	// KeyRevoked is never an answer's own symptom: Settle makes it of KeyRejected for a key that was
	// accepted before.
	{
		Symptom: probe.KeyRejected, Reason: v1alpha1.ReasonInvalidAPIKey, Blame: Owner,
		Seen:   "{provider} rejects the API key[ in {secret}].",
		Advice: "Check that the key was copied in full, or create a new one at {provider} and put it there.",
	},
	{
		Symptom: probe.KeyRevoked, Reason: v1alpha1.ReasonAPIKeyRevokedOrExpired, Blame: Owner,
		Seen:   "{provider} no longer accepts the API key[ in {secret}], which it accepted before.",
		Advice: "It was revoked or has expired: create a new key at {provider} and put it there.",
	},
	{
		Symptom: probe.KeyExpired, Reason: v1alpha1.ReasonAPIKeyExpired, Blame: Owner,
		Seen:   "{provider} says that the API key[ in {secret}] has expired.",
		Advice: "Create a new key at {provider} and put it there.",
	},
	{
		Symptom: probe.KeySuspended, Reason: v1alpha1.ReasonAPIKeySuspended, Blame: Owner,
		Seen:   "{provider} says that the API key[ in {secret}] is suspended or inactive.",
		Advice: "Reactivate it at {provider}, or settle with their support why it was suspended.",
	},
	{
		Symptom: probe.CredentialRequired, Reason: v1alpha1.ReasonCredentialRequired, Blame: Owner,
		Seen:   "{host} asks for an API key, and the spec names none.",
		Advice: "Set spec.secretRef of {object} to the Secret that holds the key.",
	},
	{
		Symptom: probe.IPNotAllowed, Reason: v1alpha1.ReasonIPNotAllowed, Blame: Owner,
		Seen:   "{provider} does not accept the API key[ in {secret}] from the cluster's address.",
		Advice: "Add the cluster's egress address to the allow-list of the key or account at {provider}.",
	},

	// Authorized
	{
		Symptom: probe.ScopeMissing, Reason: v1alpha1.ReasonInsufficientScope, Blame: Owner,
		Seen:   "The API key[ in {secret}] is valid but lacks a scope[: {names}].",
		Advice: "Issue a key with that scope at {provider}, or grant it to this key.",
	},
	{
		Symptom: probe.Forbidden, Reason: v1alpha1.ReasonRoleForbidden, Blame: Owner,
		Seen:   "{provider} forbids this request[, although it accepts the API key in {secret}].",
		Advice: "Check the permissions of the key, and of the project or role behind it, at {provider}.",
	},
	{
		Symptom: probe.RegionNotSupported, Reason: v1alpha1.ReasonRegionNotSupported, Blame: Owner,
		Seen:   "{provider} does not serve the country or region that the cluster calls from.",
		Advice: "Call from a supported region, or choose another provider.",
	},

	// Provisioned
	{
		Symptom: probe.ModelNotAvailable, Reason: v1alpha1.ReasonModelNotAvailable, Blame: Owner,
		Seen:   "{provider} does not offer a model that spec.models names[: {names}].",
		Advice: "Correct spec.models, or give the key's project access to the model at {provider}.",
	},
	{
		Symptom: probe.DomainNotFound, Reason: v1alpha1.ReasonDomainNotFound, Blame: Owner,
		Seen:   "The domain[ {names}] is not registered at {provider} with this account.",
		Advice: "Add the domain at {provider}, or correct spec.domain.",
	},
	{
		Symptom: probe.DomainNotVerified, Reason: v1alpha1.ReasonDomainNotVerified, Blame: Owner,
		Seen:   "The domain[ {names}] is registered at {provider} but not verified.",
		Advice: "Create the DNS records that {provider} shows for the domain, then verify it there.",
	},
	{
		Symptom: probe.DomainSendingDisabled, Reason: v1alpha1.ReasonDomainSendingDisabled, Blame: Owner,
		Seen:   "Sending is switched off for the domain[ {names}] at {provider}.",
		Advice: "Enable sending for the domain at {provider}.",
	},
	{
		Symptom: probe.DomainVerificationLapsing, Reason: v1alpha1.ReasonDomainVerificationLapsing, Blame: Owner, Shows: probe.Passed,
		Seen:   "The domain[ {names}] still sends, but {provider} no longer finds all of its DNS records.",
		Advice: "Restore the DNS records that {provider} shows for the domain before its verification ends.",
	},
	{
		Symptom: probe.SandboxMode, Reason: v1alpha1.ReasonSandboxMode, Blame: Owner,
		Seen:   "The API key[ in {secret}] belongs to a sandbox: {provider} accepts emails with it and delivers none of them.",
		Advice: "Use a key at {provider} that is not for testing.",
	},
	{
		Symptom: probe.ListTooLong, Reason: v1alpha1.ReasonListTooLong, Blame: Mainstay, Shows: probe.Undecided,
		Seen:   "{provider} lists more than Mainstay reads, and what is needed[, {names},] was not in what it read.",
		Advice: "Look it up at {provider}; deleting what is not used there shortens the list.",
	},
	{
		Symptom: probe.SendOnlyKey, Reason: v1alpha1.ReasonSendOnlyKey, Shows: probe.Unprovable,
		Seen:   "The API key[ in {secret}] may send and nothing else[, so it cannot show whether {names} is verified].",
		Advice: "Nothing has to change: a send-only key is the safest choice.",
	},
	{
		Symptom: probe.DomainNotVisible, Reason: v1alpha1.ReasonDomainNotVisible, Shows: probe.Unprovable,
		Seen:   "The API key[ in {secret}] cannot read domains at {provider}[, so it cannot show whether {names} is verified].",
		Advice: "Nothing has to change: sending needs no such access. To be sure, look the domain up at {provider}.",
	},

	// Working, which has no condition of its own and shows in Healthy
	{
		Symptom: probe.RateLimited, Reason: v1alpha1.ReasonRateLimited, Blame: Owner, Counts: InARow,
		Seen:   "{provider} answers that the rate limit of this key or account is used up (429).",
		Advice: "Let the app call less often or back off, or have {provider} raise the limit.",
	},
	{
		Symptom: probe.QuotaExhausted, Reason: v1alpha1.ReasonQuotaExhausted, Blame: Owner, Counts: AtOnce,
		Seen:   "{provider} answers that credit, quota or a spend limit is used up.",
		Advice: "Add credit or raise the limit in the billing settings at {provider}; waiting does not help.",
	},
	{
		// Seen by the engine, of probes that did not come: it puts the whole verdict in doubt.
		Symptom: probe.ProofTooOld, Reason: v1alpha1.ReasonProofTooOld, Blame: Mainstay, Shows: probe.Undecided,
		Seen:   "No probe of {object} has ended for more than three periods, so nobody knows whether what was found still holds.",
		Advice: "Look at the operator: its log, and its metrics mainstay_probes_waiting and mainstay_probe_schedule_lag_seconds.",
	},
}

var bySymptom = func() map[probe.Symptom]Diagnosis {
	index := make(map[probe.Symptom]Diagnosis, len(table))
	for _, d := range table {
		if d.Counts == "" {
			d.Counts = ByBlame
		}
		if d.Shows == probe.NotReached {
			d.Shows = probe.Failed
		}
		index[d.Symptom] = d
	}
	return index
}()

// Progress is a reason that says how far a condition has come rather than what is wrong.
type Progress struct{ Reason, Seen, Advice string }

// ProgressReasons returns the reasons that name no fault.
func ProgressReasons() []Progress {
	return []Progress{
		{Reason: v1alpha1.ReasonPassed, Seen: "Proven by the last probes."},
		{Reason: v1alpha1.ReasonNotApplicable, Seen: "This provider, or this spec, has nothing to prove at this stage."},
		{
			Reason: v1alpha1.ReasonNotReached, Seen: "An earlier stage keeps the probe from getting here.",
			Advice: "Look at the first condition that is not True.",
		},
		{
			Reason: v1alpha1.ReasonProbing, Seen: "The first probe has not ended yet.",
			Advice: "Wait for it: it takes no longer than spec.timeoutSeconds.",
		},
		{
			Reason: v1alpha1.ReasonUnproven,
			Seen:   "On Ready: nothing that the owner can mend is known to be wrong, but not all is proven.",
			Advice: "Rollouts may go on; the reason of Healthy says what is open.",
		},
		{
			Reason: v1alpha1.ReasonSuspended, Seen: "Nothing is probed, since spec.suspend is true.",
			Advice: "Set spec.suspend to false to probe again.",
		},
	}
}

// Of returns the diagnosis of a symptom.
func Of(s probe.Symptom) Diagnosis { return bySymptom[s] }

// All returns every diagnosis, by stage.
func All() []Diagnosis {
	all := make([]Diagnosis, len(table))
	for i, d := range table {
		all[i] = Of(d.Symptom)
	}
	return all
}

// ForReason returns the diagnoses that share a reason.
func ForReason(reason string) []Diagnosis {
	var found []Diagnosis
	for _, d := range All() {
		if d.Reason == reason {
			found = append(found, d)
		}
	}
	return found
}
