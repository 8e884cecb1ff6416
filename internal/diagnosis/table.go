// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package diagnosis

import (
	"cmp"
	"slices"

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
	// Blame is who can mend it; empty where nothing has to be mended. What the Owner can mend turns Ready False once it
	// counts as a failure, where it is of a stage up to spec.readyWhen; where that is Healthy, whatever keeps Healthy from
	// True does, whoever is to blame.
	Blame Blame
	// OwnHostBlame replaces Blame for a host that the spec chose and at which Reachable was never True in this
	// generation.
	OwnHostBlame Blame
	// Counts says how many probes in a row it takes; ByBlame where it is not set.
	Counts Counts
	// Shows is the result that a finding with this symptom has as a rule, and Failed where it is not set: alerts, docs
	// and what a restart recalls go by it. The probe decides, since one answer proves less at one provider than at another;
	// but what shows Undecided here never counts as a failure. Passed marks an
	// early warning: the stage is good, and an event tells of what is to come. Without a blame it is no more
	// than a notice.
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

// Counts says when a failure turns its condition False. Until then a condition that is True stays so, and one that
// showed nothing yet is Unknown, with the failure's reason.
type Counts string

const (
	// ByBlame: what the owner got wrong counts at once on a stage that was never proven for this spec and this
	// credential; all else takes spec.failureThreshold probes in a row.
	ByBlame Counts = "by blame"
	// InARow: always takes spec.failureThreshold probes in a row.
	InARow Counts = "in a row"
	// AtOnce: one answer proves it.
	AtOnce Counts = "at once"
)

// table has one row for each symptom, in the order of the stages. Each stage has a condition, but for Working, which
// shows in Healthy alone; internal/probe/symptom.go tells the stage of a symptom. What conditions, events, metrics,
// the CLI and docs/reasons.md say of a fault comes from here.
var table = byStage(slices.Concat(
	configuredRows, generalRows, provisionedRows, mailRows, authRows, receiverRows, accessHTTPRows, accessRows, kubernetesRows,
))

// byStage puts rows in order, and into their fields what holds where they say nothing.
func byStage(rows []Diagnosis) []Diagnosis {
	slices.SortStableFunc(rows, func(a, b Diagnosis) int { return int(a.Symptom.Stage()) - int(b.Symptom.Stage()) })
	for i := range rows {
		row := &rows[i]
		row.Counts = cmp.Or(row.Counts, ByBlame)
		row.Shows = cmp.Or(row.Shows, probe.Failed)
	}
	return rows
}

// generalRows are those of the way to a provider, of the credential and of what it may do. A few are worded for the one
// vendor that shows them.
var generalRows = []Diagnosis{
	// Reachable
	{
		Symptom: probe.NameNotResolved, Reason: v1alpha1.ReasonNameNotResolved, Blame: Network, OwnHostBlame: Owner,
		Seen:   "DNS has no address for {hostname}.",
		Advice: "Check the name where the spec or the Secret sets it, and the cluster's DNS.",
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
		Advice: "Check that TLS is spoken at this port, in version 1.2 or later.",
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
		Advice: "Check the path of spec.endpoint: it replaces the whole base URL of {provider}, version included where that has one.",
	},
	{
		Symptom: probe.UnexpectedAnswer, Reason: v1alpha1.ReasonUnexpectedAnswer, Blame: Provider,
		Seen:   "{host} answers, but not as {provider} does.",
		Advice: "Check whether a proxy, a firewall or a login page answers in its place.",
	},
	{
		Symptom: probe.ProbeFailed, Reason: v1alpha1.ReasonProbeFailed, Blame: Mainstay, Shows: probe.Undecided,
		Seen:   "Mainstay failed to probe; this says nothing about {provider}.",
		Advice: "See the log of the operator, and report it to Mainstay's maintainers.",
	},
	{
		Symptom: probe.ClockWrong, Reason: v1alpha1.ReasonProbeFailed, Blame: Mainstay, Shows: probe.Undecided,
		Seen:   "{provider} finds that the clock of Mainstay's node is wrong, which spoils its signatures; this says nothing about the {credential}.",
		Advice: "Set the clock of the node on which Mainstay runs, by NTP.",
	},
	{
		Symptom: probe.IncidentReported, Reason: v1alpha1.ReasonProviderIncident, Blame: Provider,
		Seen:   "{provider} does not answer as it should, and its status page reports trouble.",
		Advice: "Wait for {provider}; nothing in the cluster has to change.",
	},
	{
		// Seen across credentials, by the engine.
		Symptom: probe.KeysRefused, Reason: v1alpha1.ReasonProviderIncident, Blame: Provider,
		Seen:   "{host} refuses several credentials that it accepted before, all at about the same time.",
		Advice: "Check the status page of {provider} before any of them is replaced: most likely the fault is not theirs.",
	},
	{
		// Seen across hosts, by the engine, and never of one probe: Healthy turns Unknown for it, and the stages stand.
		Symptom: probe.ClusterEgressDown, Reason: v1alpha1.ReasonClusterEgressDown, Blame: Network, Shows: probe.Undecided,
		Seen:   "No provider can be reached from the cluster: connections to several hosts of several domains fail.",
		Advice: "Check the cluster's way out: DNS, NAT, firewall, proxy. Verdicts are renewed once it works again.",
	},

	// Authenticated
	// KeyRevoked is never an answer's own symptom: Settle makes it of KeyRejected and KeyUnproven for a key that
	// was accepted before.
	{
		Symptom: probe.KeyRejected, Reason: v1alpha1.ReasonInvalidAPIKey, Blame: Owner,
		Seen:   "{provider} rejects the {credential}[ in {secret}].",
		Advice: "Check that it was copied in full[ and is of region {keyRegion}], or {renewal} and put it there.",
	},
	{
		Symptom: probe.KeyRevoked, Reason: v1alpha1.ReasonAPIKeyRevokedOrExpired, Blame: Owner,
		Seen:   "{provider} no longer accepts the {credential}[ in {secret}], which it accepted before.",
		Advice: "It was revoked or has expired: {renewal} and put it there.",
	},
	{
		Symptom: probe.KeyExpired, Reason: v1alpha1.ReasonAPIKeyExpired, Blame: Owner,
		Seen:   "{provider} says that the {credential}[ in {secret}] has expired.",
		Advice: "{Renewal} and put it there.",
	},
	{
		Symptom: probe.KeySuspended, Reason: v1alpha1.ReasonAPIKeySuspended, Blame: Owner,
		Seen:   "{provider} says that the {credential}[ in {secret}] is suspended or inactive.",
		Advice: "Reactivate it at {provider}, or settle with their support why it was suspended.",
	},
	{
		Symptom: probe.KeysDisabled, Reason: v1alpha1.ReasonAPIKeySuspended, Blame: Owner,
		Seen:   "Keys are switched off for the resource (disableLocalAuth).",
		Advice: "Allow key access to the resource at {provider}; Mainstay does not log in by Entra ID.",
	},
	{
		Symptom: probe.CredentialRequired, Reason: v1alpha1.ReasonCredentialRequired, Blame: Owner,
		Seen:   "{host} asks for a credential, and the spec names none.",
		Advice: "Set spec.secretRef of {object} to the Secret that holds it.",
	},
	{
		Symptom: probe.IPNotAllowed, Reason: v1alpha1.ReasonIPNotAllowed, Blame: Owner,
		Seen:   "{provider} does not accept the {credential}[ in {secret}] from the cluster's address.",
		Advice: "Add the cluster's egress address to the allow-list of the key or account at {provider}.",
	},
	{
		Symptom: probe.PublicAccessDisabled, Reason: v1alpha1.ReasonIPNotAllowed, Blame: Owner,
		Seen:   "{provider} does not let the cluster reach the resource: its public access is disabled.",
		Advice: "Give the cluster a private endpoint, or enable public access; no allow-list helps before.",
	},
	{
		Symptom: probe.KeyExpiringSoon, Reason: v1alpha1.ReasonAPIKeyExpiringSoon, Blame: Owner, Shows: probe.Passed,
		Seen:   "The {credential}[ in {secret}] works, and expires soon: within two weeks.",
		Advice: "{Renewal} and put it there before that.",
	},
	{
		Symptom: probe.KeyUnproven, Reason: v1alpha1.ReasonAPIKeyUnproven, Blame: Owner, Shows: probe.Undecided,
		Seen: "{provider} shows nothing to the {credential}[ in {secret}]: it may be a sending key, which can read nothing, or a wrong key, " +
			"and the answers to both look the same[, as do those to keys of another region than {region}].",
		Advice: "Set spec.testEmail of {object} to tell them apart, or use a key that may read domains.",
	},
	{
		Symptom: probe.KeyOfOtherRegion, Reason: v1alpha1.ReasonInvalidAPIKey, Blame: Owner,
		Seen: "The project of the {credential}[ in {secret}] keeps its data in a region, and is not served at {host}[: {names} serves it].",
		Advice: "Set spec.endpoint to the host of its region, as in https://us.api.openai.com/v1, and have the Secret allow that host: " +
			"kubectl edit {object} -n {namespace}",
	},

	// Authorized
	{
		Symptom: probe.ScopeMissing, Reason: v1alpha1.ReasonInsufficientScope, Blame: Owner,
		Seen:   "The {credential}[ in {secret}] is valid but lacks a scope[: {names}].",
		Advice: "Issue one with that scope at {provider}, or grant it to this one.",
	},
	{
		Symptom: probe.Forbidden, Reason: v1alpha1.ReasonRoleForbidden, Blame: Owner,
		Seen:   "{provider} forbids this request[, although it accepts the {credential} in {secret}].",
		Advice: "Check the permissions of the key, and of the project or role behind it, at {provider}.",
	},
	{
		// This one and the next are Google's, whose projects enable each API.
		Symptom: probe.APINotEnabled, Reason: v1alpha1.ReasonRoleForbidden, Blame: Owner,
		Seen:   "The Generative Language API is not enabled in the project of the {credential}[ in {secret}].",
		Advice: "Enable it in the Google Cloud console; it takes some minutes.",
	},
	{
		Symptom: probe.KeyRestricted, Reason: v1alpha1.ReasonRoleForbidden, Blame: Owner,
		Seen:   "A restriction on the {credential}[ in {secret}] keeps it from this API.",
		Advice: "Edit its API, website or address restrictions in the Google Cloud console.",
	},
	{
		Symptom: probe.RegionNotSupported, Reason: v1alpha1.ReasonRegionNotSupported, Blame: Owner,
		Seen:   "{provider} does not serve the country, region or network that the cluster calls from.",
		Advice: "Call from a region and a network that it serves, or choose another provider.",
	},
	{
		Symptom: probe.AccountNotAccessible, Reason: v1alpha1.ReasonAccountNotAccessible, Blame: Owner,
		Seen:   "The {credential}[ in {secret}] may not act for the account that the spec names[, {names}], or there is none.",
		Advice: "Check the account in the spec and the mode of the key, and whether the account still grants access to the platform.",
	},
	{
		Symptom: probe.WebhookOwnerNotFound, Reason: v1alpha1.ReasonAccountNotAccessible, Blame: Owner,
		Seen:   "{provider} has no application, project or tenant of the name in the spec, or the {credential}[ in {secret}] may not see it.",
		Advice: "Correct spec.svix.application, spec.convoy.project or spec.outpost.tenant, or use a key of the environment that has it.",
	},
	{
		Symptom: probe.ViewForbidden, Reason: v1alpha1.ReasonRoleForbidden, Blame: Owner,
		Seen:   "The {credential}[ in {secret}] may not read a view of spec.postgres, or a column of it[: {names}].",
		Advice: "GRANT USAGE ON its SCHEMA, and SELECT ON the view, to the role; and what the view reads to its owner, or to the role where it is a security_invoker.",
	},
}
