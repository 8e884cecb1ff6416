// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package diagnosis

import (
	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/probe"
)

// mailRows are the rows of what only mail servers, and the domains that emails come from, can show.
var mailRows = []Diagnosis{
	// Reachable
	{
		Symptom: probe.GreetsInClear, Reason: v1alpha1.ReasonWrongTLSMode, Blame: Owner,
		Seen:   "{host} greets in clear, where TLS was to come before all else.",
		Advice: "Set spec.smtp.tls to STARTTLS, which is the way of port 587, or spec.smtp.port to 465.",
	},
	{
		Symptom: probe.ExpectsTLSFirst, Reason: v1alpha1.ReasonWrongTLSMode, Blame: Owner,
		Seen:   "{host} does not greet: servers at its port wait for TLS to come before all else.",
		Advice: "Set spec.smtp.tls to Implicit, or spec.smtp.port to 587.",
	},
	{
		Symptom: probe.STARTTLSNotOffered, Reason: v1alpha1.ReasonSTARTTLSNotOffered, Blame: Owner,
		Seen: "{host} does not offer STARTTLS, so no password was sent there.",
		Advice: "Enable TLS at the server, or set spec.smtp.tls to Implicit and the port of that; where the server offers it to others, " +
			"a firewall between takes it out.",
	},
	{
		Symptom: probe.MailServerBusy, Reason: v1alpha1.ReasonServerError, Blame: Provider,
		Seen:   "{host} answers that it cannot do this now[ (SMTP code {names})]. This says nothing about the password.",
		Advice: "Wait, and look at the server: its authentication service may be down. Some vendors answer so when credit is used up or an address is blocked.",
	},
	{
		Symptom: probe.MailServerHungUp, Reason: v1alpha1.ReasonConnectionClosed, Blame: Network,
		Seen:   "{host} closed the connection in the middle of the dialogue, after it had greeted. This says nothing about the password.",
		Advice: "Look at the log of the server, whose authentication service may be down, and at firewalls between.",
	},
	{
		Symptom: probe.MailServerRefuses, Reason: v1alpha1.ReasonServiceRefused, Blame: Provider, OwnHostBlame: Owner,
		Seen:   "{host} refuses to go on[ (SMTP code {names})], without judging a password.",
		Advice: "Servers do so with addresses that they block: have the cluster's egress address admitted, or correct spec.smtp.host.",
	},
	{
		Symptom: probe.CertificateEnding, Reason: v1alpha1.ReasonCertificateEnding, Blame: Owner, Shows: probe.Passed,
		Seen:   "The certificate of {host} ends within two weeks.",
		Advice: "Renew it, and see why it was not renewed by itself.",
	},

	// Authenticated
	{
		Symptom: probe.LoginNotOffered, Reason: v1alpha1.ReasonLoginNotOffered, Blame: Owner,
		Seen:   "{host} offers no login, although {object} has a user name and a password.",
		Advice: "Enable logins at this port of the server, correct spec.smtp.port (587 is the port for logins), or drop spec.secretRef where it needs none.",
	},
	{
		Symptom: probe.LoginNeedsTLS, Reason: v1alpha1.ReasonLoginNeedsTLS, Blame: Owner,
		Seen:   "{host} takes logins over TLS alone.",
		Advice: "Set spec.smtp.tls to STARTTLS or Implicit.",
	},
	{
		Symptom: probe.PasswordLoginDisabled, Reason: v1alpha1.ReasonAPIKeySuspended, Blame: Owner,
		Seen:   "{host} does not let this account log in with a password.",
		Advice: "Have SMTP AUTH enabled for the mailbox and the tenant, or use a provider with an API.",
	},
	{
		Symptom: probe.AppPasswordNeeded, Reason: v1alpha1.ReasonInvalidAPIKey, Blame: Owner,
		Seen:   "{host} takes an app password here, and not the one of the account.",
		Advice: "Create an app password in the account's security settings and put it there.",
	},
	{
		Symptom: probe.MechanismUnknown, Reason: v1alpha1.ReasonMechanismUnknown, Shows: probe.Unprovable,
		Seen:   "{host} offers no way to log in with a password that Mainstay knows[, only {names}], so the password stays unproven.",
		Advice: "Where the app logs in that way nothing has to change; else enable PLAIN or LOGIN over TLS at the server.",
	},

	// Provisioned
	{
		Symptom: probe.SMTPSink, Reason: v1alpha1.ReasonSMTPSink, Blame: Owner,
		Seen:   "{host} greets as an email sink[, {names}]: it takes every email and delivers none.",
		Advice: "Name a real mail server in spec.smtp.host, or set spec.smtp.sink to Accept where a sink is meant.",
	},
	{
		Symptom: probe.AcceptsAnyPassword, Reason: v1alpha1.ReasonSMTPSink, Blame: Owner,
		Seen:   "{host} accepted a user name and a password that nobody has, as email sinks do: they take every email and deliver none.",
		Advice: "Name a real mail server in spec.smtp.host. Where this one does deliver, or a sink is meant, remove spec.smtp.sinkTest.",
	},
	{
		Symptom: probe.SinkIntended, Reason: v1alpha1.ReasonSMTPSinkIntended, Shows: probe.Passed,
		Seen:   "{host} greets as an email sink[, {names}], which delivers nothing, as spec.smtp.sink says it may.",
		Advice: "Nothing has to change where no email is meant to arrive.",
	},
	{
		Symptom: probe.SPFMissing, Reason: v1alpha1.ReasonSPFMissing, Blame: Owner,
		Seen:   "DNS has no SPF record for the sending domain[ at {names}].",
		Advice: "Create a TXT record there that begins with v=spf1 and names who sends for the domain.",
	},
	{
		Symptom: probe.SPFSeveral, Reason: v1alpha1.ReasonSPFInvalid, Blame: Owner,
		Seen:   "DNS has several SPF records for the sending domain[ at {names}]; receivers take none of them then.",
		Advice: "Join them to one TXT record that begins with v=spf1.",
	},
	{
		Symptom: probe.SPFTooManyLookups, Reason: v1alpha1.ReasonSPFInvalid, Blame: Owner,
		Seen:   "The SPF record of the sending domain[ at {names}] needs more than 10 lookups, with all that it includes; receivers take it for broken.",
		Advice: "Drop the includes that nobody sends through any more.",
	},
	{
		Symptom: probe.SPFBroken, Reason: v1alpha1.ReasonSPFInvalid, Blame: Owner,
		Seen:   "The SPF record of the sending domain[ at {names}] includes a name that has no SPF record, or several; receivers take it for broken.",
		Advice: "Correct or drop that include.",
	},
	{
		Symptom: probe.SPFLacksProvider, Reason: v1alpha1.ReasonSPFLacksProvider, Blame: Owner,
		Seen:   "The SPF record of the sending domain[ at {names}] does not let {provider} send.",
		Advice: "Add the include that {provider} shows for the domain.",
	},
	{
		Symptom: probe.DKIMMissing, Reason: v1alpha1.ReasonDKIMMissing, Blame: Owner,
		Seen:   "DNS has no DKIM key of the sending domain[ at {names}].",
		Advice: "Create the DKIM record that {provider} shows for the domain, or correct the domain or selector in the spec.",
	},
	{
		Symptom: probe.DKIMRevoked, Reason: v1alpha1.ReasonDKIMRevoked, Blame: Owner,
		Seen:   "The DKIM key of the sending domain[ at {names}] is revoked: its record has an empty p=.",
		Advice: "Publish the key that {provider} signs with.",
	},
	{
		Symptom: probe.DKIMUnusable, Reason: v1alpha1.ReasonDKIMInvalid, Blame: Owner,
		Seen:   "The DKIM record of the sending domain[ at {names}] holds no key that receivers accept: it is cut off, or shorter than 1024 bits.",
		Advice: "Publish the key again in full, in a length of 2048 bits where {provider} lets you choose.",
	},
	{
		Symptom: probe.RecordsUndecided, Reason: v1alpha1.ReasonDNSUndecided, Blame: Network, Shows: probe.Undecided,
		Seen:   "The name server did not say which SPF and DKIM records the sending domain[ {names}] has.",
		Advice: "Check the name servers of the domain, and the one that Mainstay asks (--dns-server).",
	},
	{
		Symptom: probe.SPFPassesAll, Reason: v1alpha1.ReasonSPFPassesAll, Blame: Owner, Shows: probe.Passed,
		Seen:   "The SPF record of the sending domain[ at {names}] lets anyone send in the name of the domain (+all).",
		Advice: "End it with ~all or -all.",
	},
	{
		Symptom: probe.TakesNoMail, Reason: v1alpha1.ReasonNullMX, Blame: Owner, Shows: probe.Passed,
		Seen:   "The sending domain[ {names}] declares that it takes no email (a null MX record), and some receivers refuse emails from such a domain.",
		Advice: "Drop the record, or send from a domain that takes replies and bounces.",
	},
	{
		Symptom: probe.DMARCMissing, Reason: v1alpha1.ReasonDMARCMissing, Blame: Owner, Shows: probe.Passed,
		Seen:   "No DMARC record applies to the sending domain[ {names}], or there are several; large receivers reject or hide emails of such domains.",
		Advice: "Create one TXT record at _dmarc of the domain, such as v=DMARC1; p=none.",
	},
	{
		Symptom: probe.DMARCNotEnforced, Reason: v1alpha1.ReasonDMARCNotEnforced, Blame: Owner, Shows: probe.Passed,
		Seen:   "The DMARC policy of the sending domain[ {names}] asks receivers to do nothing (p=none, or t=y), so others can send in its name.",
		Advice: "Raise it to quarantine or reject once its reports show that all real senders pass.",
	},
}
