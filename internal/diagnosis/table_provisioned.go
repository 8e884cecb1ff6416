// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package diagnosis

import (
	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/probe"
)

// provisionedRows are the rows of what a provider has for an app, and of how it works there.
var provisionedRows = []Diagnosis{
	// Provisioned
	{
		Symptom: probe.ModelNotAvailable, Reason: v1alpha1.ReasonModelNotAvailable, Blame: Owner,
		Seen:   "{provider} does not offer a model that spec.models names[: {names}].",
		Advice: "Correct spec.models, or give the key's project access to the model at {provider}.",
	},
	{
		Symptom: probe.ModelAgreementMissing, Reason: v1alpha1.ReasonModelNotAvailable, Blame: Owner,
		Seen:   "The account has not accepted the agreement of a model that spec.models names[: {names}], or not said what it is used for.",
		Advice: "Accept the agreement and fill in the form on the use case, in the console of {provider}.",
	},
	{
		Symptom: probe.ModelAgreementPending, Reason: v1alpha1.ReasonModelAgreementPending, Blame: Owner, Shows: probe.Undecided,
		Seen: "Nobody has accepted the agreement of a model that spec.models names[: {names}]. {provider} does so itself with the first call, " +
			"where the caller's permissions and the account's means of payment let it.",
		Advice: "Have the app call the model once, or accept the agreement in the console of {provider}. Mainstay does neither.",
	},
	{
		Symptom: probe.ModelNotAuthorized, Reason: v1alpha1.ReasonModelNotAvailable, Blame: Owner,
		Seen:   "The account is not authorized to use a model that spec.models names[: {names}].",
		Advice: "Have the policies of the organization and of the account at {provider} allow it; where they do, ask their support whether the account is blocked.",
	},
	{
		Symptom: probe.ModelNotEntitled, Reason: v1alpha1.ReasonModelNotAvailable, Blame: Owner,
		Seen:   "The account has no access to a model that spec.models names[: {names}].",
		Advice: "Request access to the model in the console of {provider}.",
	},
	{
		Symptom: probe.ModelNotInRegion, Reason: v1alpha1.ReasonModelNotAvailable, Blame: Owner,
		Seen:   "{provider} does not offer a model that spec.models names in this region[: {names}].",
		Advice: "Set spec.bedrock.region to one that has it, or name an inference profile that reaches it from here.",
	},
	{
		Symptom: probe.ModelNeedsProfile, Reason: v1alpha1.ReasonModelNotAvailable, Blame: Owner,
		Seen:   "{provider} runs a model that spec.models names only through an inference profile[: {names}].",
		Advice: "Name the profile in its place, as in us. and the name of the model.",
	},
	{
		Symptom: probe.ModelBarredByPrivacy, Reason: v1alpha1.ReasonModelNotAvailable, Blame: Owner,
		Seen:   "The privacy settings at {provider} leave nobody to serve a model[: {names}].",
		Advice: "Change what they allow, in the settings for privacy at {provider}, or name another model.",
	},
	{
		Symptom: probe.ModelNotVisible, Reason: v1alpha1.ReasonModelNotVisible, Shows: probe.Unprovable,
		Seen:   "No free request shows whether {provider} serves what spec.models names[: {names}].",
		Advice: "Nothing has to change. To have it proven, opt in to spec.completion, which is billed.",
	},
	{
		Symptom: probe.DomainNotFound, Reason: v1alpha1.ReasonDomainNotFound, Blame: Owner,
		Seen:   "The domain[ {names}] is not registered at {provider} with this account.",
		Advice: "Add the domain at {provider}[, look for it in other regions than {region}], or correct spec.domain.",
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
		Symptom: probe.DomainProvenByDNS, Reason: v1alpha1.ReasonProvenByDNS, Shows: probe.Passed,
		Seen:   "The {credential}[ in {secret}] cannot show the domain at {provider}, and DNS proves it instead[: {names}].",
		Advice: "Nothing has to change: a key that may only send is the safest choice.",
	},
	{
		Symptom: probe.SandboxMode, Reason: v1alpha1.ReasonSandboxMode, Blame: Owner,
		Seen:   "The {credential}[ in {secret}] belongs to a sandbox: {provider} accepts emails with it and delivers none of them.",
		Advice: "Use a key at {provider} that is not for testing.",
	},
	{
		Symptom: probe.RequestPathNotFound, Reason: v1alpha1.ReasonRequestPathNotFound, Blame: Owner,
		Seen:   "{host} answers, and has nothing at a path of spec.requests[: {names}].",
		Advice: "Correct the path, or the base URL in spec.endpoint; some APIs answer so where a key may not see a path.",
	},
	{
		Symptom: probe.SandboxAccount, Reason: v1alpha1.ReasonSandboxMode, Blame: Owner,
		Seen:   "This account at {provider}, or the domain, is for testing: emails go to recipients alone that were verified there.",
		Advice: "Ask {provider} for access to production[ in region {region}], or send from a domain that is not for testing.",
	},
	{
		Symptom: probe.AccountMayNotSend, Reason: v1alpha1.ReasonAccountMayNotSend, Blame: Owner,
		Seen:   "{provider} does not let this account send: it is suspended, paused or not activated yet.",
		Advice: "Look at the account's page at {provider} for what it waits for, or ask their support.",
	},
	{
		Symptom: probe.EndpointNotFound, Reason: v1alpha1.ReasonEndpointNotFound, Blame: Owner,
		Seen:   "{provider} has no webhook endpoint with the URL of spec.url[: {names}].",
		Advice: "Create it at {provider}, or correct spec.url; look whether the key is of the account that has it.",
	},
	{
		Symptom: probe.WrongURL, Reason: v1alpha1.ReasonWrongURL, Blame: Owner,
		Seen:   "No webhook endpoint of {provider} has exactly the URL of spec.url, but one comes close[: {names}].",
		Advice: "Make both the same to the letter: scheme, host, path, and the slash at the end.",
	},
	{
		Symptom: probe.EndpointInactive, Reason: v1alpha1.ReasonEndpointInactive, Blame: Owner,
		Seen:   "The webhook endpoint[ {names}] is disabled at {provider}.",
		Advice: "Mend what it answers, enable it at {provider}, and have the events resent that it missed.",
	},
	{
		Symptom: probe.WrongEventSource, Reason: v1alpha1.ReasonWrongEventSource, Blame: Owner,
		Seen:   "The webhook endpoint[ {names}] gets the events of other accounts than spec.stripe.eventsFrom says.",
		Advice: "Create one at {provider} for those events, or correct spec.stripe.eventsFrom.",
	},
	{
		Symptom: probe.EventNotSubscribed, Reason: v1alpha1.ReasonEventNotSubscribed, Blame: Owner,
		Seen:   "The webhook endpoint is not subscribed to an event of spec.events[: {names}].",
		Advice: "Add it to the events of the endpoint at {provider}, or remove it from spec.events.",
	},
	{
		Symptom: probe.DuplicateEndpoint, Reason: v1alpha1.ReasonDuplicateEndpoint, Blame: Owner, Shows: probe.Passed,
		Seen:   "{provider} has several enabled webhook endpoints with the same URL[: {names}], so events arrive more than once.",
		Advice: "Disable all but one at {provider}; each signs with a secret of its own.",
	},
	{
		Symptom: probe.EndpointNotShown, Reason: v1alpha1.ReasonEndpointNotShown, Blame: Owner, Shows: probe.Undecided,
		Seen:   "No webhook endpoint that the {credential}[ in {secret}] may list has the URL of spec.url[, {names}], and it may not list event destinations.",
		Advice: "Give the key the permission to read event destinations at {provider}, or look there.",
	},
	{
		Symptom: probe.AccountRestricted, Reason: v1alpha1.ReasonAccountRestricted, Blame: Owner,
		Seen:   "{provider} has restricted the account[: {names}].",
		Advice: "See in the dashboard of {provider} what it asks for, or ask their support.",
	},
	{
		Symptom: probe.ChargesDisabled, Reason: v1alpha1.ReasonChargesDisabled, Blame: Owner,
		Seen:   "{provider} lets the account take no payments[: {names}].",
		Advice: "Give {provider} in its dashboard what it asks to know of the account.",
	},
	{
		Symptom: probe.PayoutsDisabled, Reason: v1alpha1.ReasonPayoutsDisabled, Blame: Owner,
		Seen:   "{provider} pays nothing out from the account[: {names}].",
		Advice: "Check the bank account in the dashboard of {provider}, and what it asks to know of the account.",
	},
	{
		Symptom: probe.CapabilityInactive, Reason: v1alpha1.ReasonCapabilityInactive, Blame: Owner,
		Seen:   "A capability that spec.requires.capabilities names is not active[: {names}].",
		Advice: "Request it for the account at {provider}, and give there what it needs.",
	},
	{
		Symptom: probe.RequirementsPastDue, Reason: v1alpha1.ReasonRequirementsPastDue, Blame: Owner,
		Seen:   "What {provider} asked to know of the account is overdue[: {names}].",
		Advice: "Give it in the dashboard of {provider}, before the account is restricted.",
	},
	{
		Symptom: probe.RequirementsDue, Reason: v1alpha1.ReasonRequirementsDue, Blame: Owner, Shows: probe.Passed,
		Seen:   "The account works, and {provider} asks to know more of it[: {names}].",
		Advice: "Give it in the dashboard of {provider} before the time in status.actionRequiredBy.",
	},
	{
		Symptom: probe.AccountNotShown, Reason: v1alpha1.ReasonAccountNotShown, Shows: probe.Unprovable,
		Seen:   "{provider} does not show all of the account's state to this {credential}[: {names} is missing].",
		Advice: "Nothing has to change. To be sure, look at the account in the dashboard of {provider}.",
	},
	{
		Symptom: probe.AccountUnderReview, Reason: v1alpha1.ReasonAccountUnderReview, Blame: Owner, Shows: probe.Passed,
		Seen:   "The account still sends, but {provider} has put it under review for the emails that it sent.",
		Advice: "Look at the account's page at {provider} for what is wrong, and mend it before sending is paused.",
	},
	{
		Symptom: probe.AccountNotVisible, Reason: v1alpha1.ReasonAccountNotVisible, Shows: probe.Unprovable,
		Seen:   "The {credential}[ in {secret}] cannot read the account at {provider}, so it cannot show whether that is one for testing.",
		Advice: "Nothing has to change: sending needs no such access. To be sure, allow it, or look at the account's page at {provider}.",
	},
	{
		Symptom: probe.ListTooLong, Reason: v1alpha1.ReasonListTooLong, Blame: Mainstay, Shows: probe.Undecided,
		Seen:   "{provider} lists more than Mainstay reads, and what is needed[, {names},] was not in what it read.",
		Advice: "Look it up at {provider}; deleting what is not used there shortens the list.",
	},
	{
		Symptom: probe.SendOnlyKey, Reason: v1alpha1.ReasonSendOnlyKey, Shows: probe.Unprovable,
		Seen:   "The {credential}[ in {secret}] may send and nothing else[, so it cannot show whether {names} is verified].",
		Advice: "Nothing has to change: a send-only key is the safest choice.",
	},
	{
		Symptom: probe.DomainNotVisible, Reason: v1alpha1.ReasonDomainNotVisible, Shows: probe.Unprovable,
		Seen:   "The {credential}[ in {secret}] cannot read domains at {provider}[, so it cannot show whether {names} is verified].",
		Advice: "Nothing has to change: sending needs no such access. To be sure, look the domain up at {provider}.",
	},

	// Working, which has no condition of its own and shows in Healthy
	{
		Symptom: probe.RateLimited, Reason: v1alpha1.ReasonRateLimited, Blame: Owner, Counts: InARow,
		Seen:   "{provider} answers that the rate limit of this key or account is used up (429)[: {names}].",
		Advice: "Let the app call less often or back off, or have {provider} raise the limit.",
	},
	{
		Symptom: probe.QuotaExhausted, Reason: v1alpha1.ReasonQuotaExhausted, Blame: Owner, Counts: AtOnce,
		Seen:   "{provider} answers that credit, quota or a spend limit is used up.",
		Advice: "Add credit or raise the limit in the billing settings at {provider}; waiting helps only where it is a limit of the day.",
	},
	{
		// Seen by the engine, of probes that did not come: it puts the whole verdict in doubt.
		Symptom: probe.ProofTooOld, Reason: v1alpha1.ReasonProofTooOld, Blame: Mainstay, Shows: probe.Undecided,
		Seen:   "No probe of {object} has ended for more than three periods, so nobody knows whether what was found still holds.",
		Advice: "Look at the operator: its log, and its metrics mainstay_probes_waiting and mainstay_probe_schedule_lag_seconds.",
	},
	{
		Symptom: probe.DeliveriesFailing, Reason: v1alpha1.ReasonDeliveriesFailing, Blame: Owner, Counts: InARow,
		Seen:   "The webhook endpoint is set up, and does not take what {provider} sends[: {names}].",
		Advice: "See at {provider} what it answers; with 400 or 401 the receiver most likely has another signing secret.",
	},
	{
		Symptom: probe.DeliveriesStuck, Reason: v1alpha1.ReasonDeliveriesStuck, Blame: Owner, Counts: InARow,
		Seen:   "Deliveries to the webhook endpoint wait for their first attempt for longer than a quarter of an hour.",
		Advice: "See whether the app's worker that sends webhooks runs, and keeps up; status.deliveries says how many wait, and since when.",
	},
	{
		Symptom: probe.DeadLettered, Reason: v1alpha1.ReasonDeadLettered, Blame: Owner, Counts: InARow,
		Seen:   "Some of what {provider} was to deliver in the last day was given up and will not be sent again.",
		Advice: "Have it resent, by {provider} or the app that sends; status.deliveries says how much it is.",
	},
	{
		Symptom: probe.DeliveriesUnclear, Reason: v1alpha1.ReasonDeliveriesUnclear, Blame: Owner, Shows: probe.Undecided,
		Seen:   "Deliveries of {provider} fail or wait[: {names}], and it does not say whether at this webhook endpoint.",
		Advice: "See the deliveries of each endpoint at {provider}.",
	},
	{
		Symptom: probe.EmptyOutput, Reason: v1alpha1.ReasonEmptyOutput, Blame: Provider, Counts: InARow,
		Seen:   "The model[ {names}] ends its answer to a test completion without a word.",
		Advice: "Try the model at {provider}; where it stays empty there too, name another one in spec.completion.model.",
	},
	{
		Symptom: probe.OutputBlocked, Reason: v1alpha1.ReasonOutputBlocked, Blame: Owner, Counts: InARow,
		Seen:   "The model[ {names}] refuses to answer, or a content filter of {provider} keeps the answer back, although only the word OK is asked for.",
		Advice: "Check the content filters and guardrails of the project or deployment at {provider}.",
	},
	{
		Symptom: probe.ProbeBudgetTooSmall, Reason: v1alpha1.ReasonProbeBudgetTooSmall, Blame: Owner, Shows: probe.Undecided,
		Seen:   "The model[ {names}] reasons for longer than spec.completion.maxOutputTokens lets it, so whether it answers is open.",
		Advice: "Raise spec.completion.maxOutputTokens.",
	},
	{
		Symptom: probe.CompletionFailed, Reason: v1alpha1.ReasonCompletionFailed, Blame: Provider, Counts: InARow,
		Seen:   "{provider} accepts the {credential} and does not run a test completion with the model[ {names}].",
		Advice: "Try the model at {provider}, and check the permissions of the key and the status page.",
	},
	{
		Symptom: probe.TestEmailRefused, Reason: v1alpha1.ReasonTestEmailRefused, Blame: Provider, Counts: InARow,
		Seen:   "{provider} accepts the {credential} and does not accept a test email[ from {names}].",
		Advice: "Send an email from there by hand, and check the permissions of the key and the status page of {provider}.",
	},
}
