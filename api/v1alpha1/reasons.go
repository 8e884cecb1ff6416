// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Reasons that say how far a condition has come rather than what is wrong.
const (
	// ReasonPassed: proven by the last probes.
	ReasonPassed = "Passed"
	// ReasonNotApplicable: this provider, or this spec, has nothing to prove at this stage.
	ReasonNotApplicable = "NotApplicable"
	// ReasonNotReached: an earlier stage keeps the probe from getting here.
	ReasonNotReached = "NotReached"
	// ReasonProbing: the first probe has not ended yet.
	ReasonProbing = "Probing"
	// ReasonUnproven: on Ready, nothing that the owner can fix is wrong, but not all is proven.
	ReasonUnproven = "Unproven"
	// ReasonSuspended: spec.suspend is true.
	ReasonSuspended = "Suspended"
)

// Reasons of stage Configured.
const (
	// ReasonNoAIProvider: no AI provider is configured.
	ReasonNoAIProvider = "NoAIProvider"
	// ReasonNoEmailProvider: no email provider is configured.
	ReasonNoEmailProvider = "NoEmailProvider"
	// ReasonSMTPStub: the name and port of the mail server are those of a stub, which delivers nothing.
	ReasonSMTPStub = "SMTPStub"
	// ReasonNoPublicAPI: no API is declared, although an app requires one.
	ReasonNoPublicAPI = "NoPublicAPI"
	// ReasonNoStripeAccount: no Stripe account is declared, although an app requires one.
	ReasonNoStripeAccount = "NoStripeAccount"
	// ReasonNoWebhookEndpoint: no webhook endpoint is declared, although an app requires one.
	ReasonNoWebhookEndpoint = "NoWebhookEndpoint"
	// ReasonNoAuthProvider: no sign-in is declared, although an app requires one.
	ReasonNoAuthProvider = "NoAuthProvider"
	// ReasonNoAccessCheck: no access check is declared, although an app requires one.
	ReasonNoAccessCheck = "NoAccessCheck"
	// ReasonExpectationRefused: an expectation has a name or a setting that is never sent to a database.
	ReasonExpectationRefused = "ExpectationRefused"
	// ReasonConnectionURIMalformed: the Secret holds something else in place of a connection URI.
	ReasonConnectionURIMalformed = "ConnectionURIMalformed"
	// ReasonServerNotNamed: neither the spec nor the Secret says where the server is.
	ReasonServerNotNamed = "ServerNotNamed"
	// ReasonSecretNotFound: the Secret does not exist.
	ReasonSecretNotFound = "SecretNotFound"
	// ReasonSecretKeyMissing: the Secret exists but lacks the key.
	ReasonSecretKeyMissing = "SecretKeyMissing"
	// ReasonSecretKeyEmpty: the key of the Secret holds nothing.
	ReasonSecretKeyEmpty = "SecretKeyEmpty"
	// ReasonPlaceholderCredential: the value is a sample, such as changeme or sk-xxx.
	ReasonPlaceholderCredential = "PlaceholderCredential"
	// ReasonCredentialHasWhitespace: the value holds blanks or tabs.
	ReasonCredentialHasWhitespace = "CredentialHasWhitespace"
	// ReasonCredentialHasLineBreak: the value holds a line break, usually the last byte.
	ReasonCredentialHasLineBreak = "CredentialHasLineBreak"
	// ReasonCredentialMalformed: the value holds bytes that no credential has, or more than 16 KiB of them.
	ReasonCredentialMalformed = "CredentialMalformed"
	// ReasonWrongKeyKind: the value is a credential, but of another vendor or for another use.
	ReasonWrongKeyKind = "WrongKeyKind"
	// ReasonTestModeKey: the key is one for testing, and the spec says that the app is live.
	ReasonTestModeKey = "TestModeKey"
	// ReasonLiveModeKey: the key moves real money, and the spec says that the app only tests.
	ReasonLiveModeKey = "LiveModeKey"
	// ReasonSigningSecretUnfit: the signing secret has not the form that the scheme of signatures needs.
	ReasonSigningSecretUnfit = "SigningSecretUnfit"
	// ReasonCANotFound: the ConfigMap or Secret of spec.caRef, or its key, does not exist.
	ReasonCANotFound = "CANotFound"
	// ReasonCAInvalid: spec.caRef holds no PEM certificate, or more than 256 KiB of them.
	ReasonCAInvalid = "CAInvalid"
	// ReasonConsentMissing: the Secret does not allow its credential to be sent to the spec's host.
	ReasonConsentMissing = "ConsentMissing"
	// ReasonDestinationNotAllowed: Mainstay's dial guard refuses the address.
	ReasonDestinationNotAllowed = "DestinationNotAllowed"
	// ReasonMemberNotFound: of a DependencySet, no object has the name or labels that it requires.
	ReasonMemberNotFound = "MemberNotFound"
	// ReasonTooFewMembers: of a DependencySet, there are fewer objects than have to be healthy.
	ReasonTooFewMembers = "TooFewMembers"
	// ReasonProviderNotSupported: of a DependencySet, the app cannot use the provider of a member.
	ReasonProviderNotSupported = "ProviderNotSupported"
)

// Reasons of stage Reachable.
const (
	// ReasonNameNotResolved: DNS has no address for the host.
	ReasonNameNotResolved = "NameNotResolved"
	// ReasonNameServerFailed: DNS did not say whether the host has an address.
	ReasonNameServerFailed = "NameServerFailed"
	// ReasonConnectionRefused: nothing listens at the address.
	ReasonConnectionRefused = "ConnectionRefused"
	// ReasonNetworkUnreachable: there is no route to the address.
	ReasonNetworkUnreachable = "NetworkUnreachable"
	// ReasonConnectionClosed: the connection was closed before an answer came.
	ReasonConnectionClosed = "ConnectionClosed"
	// ReasonTLSInvalid: the certificate, or the TLS handshake, cannot be accepted.
	ReasonTLSInvalid = "TLSInvalid"
	// ReasonWrongTLSMode: TLS begins at this port of the mail server in another way than spec.smtp.tls says.
	ReasonWrongTLSMode = "WrongTLSMode"
	// ReasonSTARTTLSNotOffered: the mail server does not offer TLS where spec.smtp.tls asks for it.
	ReasonSTARTTLSNotOffered = "STARTTLSNotOffered"
	// ReasonServiceRefused: the mail server refuses to talk to the cluster.
	ReasonServiceRefused = "ServiceRefused"
	// ReasonCertificateEnding: the certificate of the mail server is valid, but ends soon.
	ReasonCertificateEnding = "CertificateEnding"
	// ReasonProxyFailed: the proxy between Mainstay and the provider did not let the probe through.
	ReasonProxyFailed = "ProxyFailed"
	// ReasonTimedOut: no answer came within spec.timeoutSeconds.
	ReasonTimedOut = "TimedOut"
	// ReasonServerError: the provider answered that it failed: a 5xx status, or a 4yz code of a mail server.
	ReasonServerError = "ServerError"
	// ReasonPathNotFound: the host answers, but the API is not at this path.
	ReasonPathNotFound = "PathNotFound"
	// ReasonUnexpectedAnswer: something answered, but not as this provider does.
	ReasonUnexpectedAnswer = "UnexpectedAnswer"
	// ReasonProjectPaused: the provider has paused the project, until its owner resumes it.
	ReasonProjectPaused = "ProjectPaused"
	// ReasonTLSNotOffered: the server does not offer TLS, and the spec asks for it.
	ReasonTLSNotOffered = "TLSNotOffered"
	// ReasonTooManyConnections: the database takes no more connections.
	ReasonTooManyConnections = "TooManyConnections"
	// ReasonProviderIncident: the fault is the provider's own, as its status page or many refused keys tell.
	ReasonProviderIncident = "ProviderIncident"
	// ReasonClusterEgressDown: nothing outside the cluster can be reached, so nothing is known of it.
	ReasonClusterEgressDown = "ClusterEgressDown"
	// ReasonProbeFailed: Mainstay itself failed; the dependency is not to blame.
	ReasonProbeFailed = "ProbeFailed"
	// ReasonClocksDiffer: the clock of the issuer and that of Mainstay's node are far apart.
	ReasonClocksDiffer = "ClocksDiffer"
	// ReasonDiscoveryNotPublic: the issuer's discovery document is not shown without a login.
	ReasonDiscoveryNotPublic = "DiscoveryNotPublic"
)

// Reasons of stage Authenticated.
const (
	// ReasonInvalidAPIKey: the provider rejects the key, and never accepted these bytes before.
	ReasonInvalidAPIKey = "InvalidAPIKey"
	// ReasonAPIKeyRevokedOrExpired: the provider rejects a key that it accepted before.
	ReasonAPIKeyRevokedOrExpired = "APIKeyRevokedOrExpired"
	// ReasonAPIKeyExpired: the provider says that the key has expired.
	ReasonAPIKeyExpired = "APIKeyExpired"
	// ReasonAPIKeySuspended: the provider says that the key is suspended or inactive.
	ReasonAPIKeySuspended = "APIKeySuspended"
	// ReasonCredentialRequired: the endpoint asks for a credential and the spec names none.
	ReasonCredentialRequired = "CredentialRequired"
	// ReasonIPNotAllowed: the key may not be used from the cluster's address.
	ReasonIPNotAllowed = "IPNotAllowed"
	// ReasonAPIKeyUnproven: the provider shows nothing to the key, which is wrong or may only send.
	ReasonAPIKeyUnproven = "APIKeyUnproven"
	// ReasonLoginNotOffered: the mail server offers no login, and the spec has a user name and a password.
	ReasonLoginNotOffered = "LoginNotOffered"
	// ReasonLoginNeedsTLS: the mail server takes logins over TLS alone.
	ReasonLoginNeedsTLS = "LoginNeedsTLS"
	// ReasonSignatureRejected: the receiver of webhooks does not accept what is signed with the signing secret.
	ReasonSignatureRejected = "SignatureRejected"
	// ReasonSignatureNotVerified: the receiver of webhooks accepts what anybody may have signed.
	ReasonSignatureNotVerified = "SignatureNotVerified"
	// ReasonMechanismUnknown: the mail server offers no way to log in that Mainstay knows.
	ReasonMechanismUnknown = "MechanismUnknown"
	// ReasonInvalidClient: the issuer rejects the client ID or its secret.
	ReasonInvalidClient = "InvalidClient"
	// ReasonClientUnproven: the issuer takes clients by methods that Mainstay does not have.
	ReasonClientUnproven = "ClientUnproven"
	// ReasonWeakLoginRefused: the server asks to be told the password, and nothing proves who it is.
	ReasonWeakLoginRefused = "WeakLoginRefused"
)

// Early warnings of stage Authenticated.
const (
	// ReasonAPIKeyExpiringSoon: the key works and expires within 14 days.
	ReasonAPIKeyExpiringSoon = "APIKeyExpiringSoon"
)

// Reasons of stage Authorized.
const (
	// ReasonInsufficientScope: the key lacks a scope.
	ReasonInsufficientScope = "InsufficientScope"
	// ReasonRoleForbidden: the account or role behind the key may not do this.
	ReasonRoleForbidden = "RoleForbidden"
	// ReasonRegionNotSupported: the provider does not serve the region that the request comes from.
	ReasonRegionNotSupported = "RegionNotSupported"
	// ReasonAccountNotAccessible: the key may not act for the account, application, project or tenant that the
	// spec names.
	ReasonAccountNotAccessible = "AccountNotAccessible"
	// ReasonUnauthorizedClient: the issuer knows the client, which may not use the client-credentials grant.
	ReasonUnauthorizedClient = "UnauthorizedClient"
	// ReasonOverprivilegedCredential: the login can do more than a probe may, so nothing was asked with it.
	ReasonOverprivilegedCredential = "OverprivilegedCredential"
	// ReasonRowLevelSecurityDisabled: nothing isolates rows that are expected to be hidden.
	ReasonRowLevelSecurityDisabled = "RowLevelSecurityDisabled"
	// ReasonRowLevelSecurityBypassed: row-level security does not hold for the role.
	ReasonRowLevelSecurityBypassed = "RowLevelSecurityBypassed"
	// ReasonAccessNotDenied: what is expected to be denied is allowed.
	ReasonAccessNotDenied = "AccessNotDenied"
	// ReasonRowLevelSecurityDenied: the role has the privilege, and row-level security denies.
	ReasonRowLevelSecurityDenied = "RowLevelSecurityDenied"
	// ReasonStatementTooSlow: the database took too long to look, so the expectation is open.
	ReasonStatementTooSlow = "StatementTooSlow"
	// ReasonPolicyDecides: policies decide on each row that is written, which nothing shows without writing.
	ReasonPolicyDecides = "PolicyDecides"
	// ReasonRowsUnproven: no row shows, and whether one is there cannot be told.
	ReasonRowsUnproven = "RowsUnproven"
	// ReasonExpectationUnproven: something is missing, so that the expectation could not be looked at.
	ReasonExpectationUnproven = "ExpectationUnproven"
	// ReasonAuthorizationUndecided: an authorizer of the cluster failed, so the expectation is open.
	ReasonAuthorizationUndecided = "AuthorizationUndecided"
	// ReasonClusterNotAsked: the cluster decides, and no cluster was asked.
	ReasonClusterNotAsked = "ClusterNotAsked"
	// ReasonAccessUnclear: an answer neither allows nor denies what is expected.
	ReasonAccessUnclear = "AccessUnclear"
)

// Reasons of stage Provisioned.
const (
	// ReasonModelNotAvailable: a model does not exist, or this key may not use it.
	ReasonModelNotAvailable = "ModelNotAvailable"
	// ReasonModelAgreementPending: nobody has accepted the agreement of a model, and the first call may.
	ReasonModelAgreementPending = "ModelAgreementPending"
	// ReasonModelNotVisible: no free request shows whether the model exists.
	ReasonModelNotVisible = "ModelNotVisible"
	// ReasonDomainNotFound: the sending domain is not registered at the provider.
	ReasonDomainNotFound = "DomainNotFound"
	// ReasonDomainNotVerified: the sending domain is registered, but its DNS records are not verified.
	ReasonDomainNotVerified = "DomainNotVerified"
	// ReasonDomainSendingDisabled: sending is switched off for the domain at the provider.
	ReasonDomainSendingDisabled = "DomainSendingDisabled"
	// ReasonDomainVerificationLapsing: the domain still sends, but a DNS record of it has vanished.
	ReasonDomainVerificationLapsing = "DomainVerificationLapsing"
	// ReasonSandboxMode: emails with this key are not delivered, or to recipients alone that were verified.
	ReasonSandboxMode = "SandboxMode"
	// ReasonRequestPathNotFound: the API answers, and has nothing at a path of spec.requests.
	ReasonRequestPathNotFound = "RequestPathNotFound"
	// ReasonAccountMayNotSend: the provider does not let the account send.
	ReasonAccountMayNotSend = "AccountMayNotSend"
	// ReasonDatabaseNotFound: the server has no such database.
	ReasonDatabaseNotFound = "DatabaseNotFound"
	// ReasonRoleNotFound: the database server has no such role.
	ReasonRoleNotFound = "RoleNotFound"
	// ReasonTableNotFound: the database has no such table, or no such schema.
	ReasonTableNotFound = "TableNotFound"
	// ReasonColumnNotFound: the table has no such column.
	ReasonColumnNotFound = "ColumnNotFound"
	// ReasonColumnTypeMismatch: the column is of another type than the value that it is compared with.
	ReasonColumnTypeMismatch = "ColumnTypeMismatch"
	// ReasonServiceAccountNotFound: the namespace has no such ServiceAccount.
	ReasonServiceAccountNotFound = "ServiceAccountNotFound"
	// ReasonResourceNotFound: the API server has no such resource, or not in namespaces.
	ReasonResourceNotFound = "ResourceNotFound"
	// ReasonViewFails: reading a view of the database ends with an error.
	ReasonViewFails = "ViewFails"
	// ReasonEndpointNotFound: the sender has no webhook endpoint with the URL of the spec.
	ReasonEndpointNotFound = "EndpointNotFound"
	// ReasonWrongURL: the sender has a webhook endpoint with nearly the URL of the spec.
	ReasonWrongURL = "WrongURL"
	// ReasonEndpointInactive: the webhook endpoint is disabled at the sender.
	ReasonEndpointInactive = "EndpointInactive"
	// ReasonWrongEventSource: the webhook endpoint gets the events of other accounts than those of the spec.
	ReasonWrongEventSource = "WrongEventSource"
	// ReasonEventNotSubscribed: the webhook endpoint is not subscribed to an event that the app handles.
	ReasonEventNotSubscribed = "EventNotSubscribed"
	// ReasonDuplicateEndpoint: the webhook endpoint works, and a second one sends the same to the same URL.
	ReasonDuplicateEndpoint = "DuplicateEndpoint"
	// ReasonEndpointNotShown: the key may not see all places where the webhook endpoint may be.
	ReasonEndpointNotShown = "EndpointNotShown"
	// ReasonAccountRestricted: the provider has restricted or rejected the account.
	ReasonAccountRestricted = "AccountRestricted"
	// ReasonChargesDisabled: the account cannot take payments.
	ReasonChargesDisabled = "ChargesDisabled"
	// ReasonPayoutsDisabled: the account takes payments, and its money does not reach its bank.
	ReasonPayoutsDisabled = "PayoutsDisabled"
	// ReasonCapabilityInactive: the account lacks a capability that the spec names.
	ReasonCapabilityInactive = "CapabilityInactive"
	// ReasonRequirementsPastDue: the account works, and what the provider asked to know of it is overdue.
	ReasonRequirementsPastDue = "RequirementsPastDue"
	// ReasonRequirementsDue: the account works, and the provider asks to know more of it, by a deadline.
	ReasonRequirementsDue = "RequirementsDue"
	// ReasonAccountNotShown: the provider does not show the state of the account to this key.
	ReasonAccountNotShown = "AccountNotShown"
	// ReasonAccountUnderReview: the account still sends, but the provider has put it under review.
	ReasonAccountUnderReview = "AccountUnderReview"
	// ReasonAccountNotVisible: this key cannot read the account.
	ReasonAccountNotVisible = "AccountNotVisible"
	// ReasonListTooLong: the provider lists more than Mainstay reads, and what is needed was not in it.
	ReasonListTooLong = "ListTooLong"
	// ReasonSendOnlyKey: the key may send and nothing else, so it cannot show the domain's state.
	ReasonSendOnlyKey = "SendOnlyKey"
	// ReasonDomainNotVisible: the key is not one that reads domains, so it cannot show the domain's state.
	ReasonDomainNotVisible = "DomainNotVisible"
	// ReasonSMTPSink: the mail server says that it is a sink, which delivers nothing.
	ReasonSMTPSink = "SMTPSink"
	// ReasonSMTPSinkIntended: the mail server is a sink, and the spec says that it may be.
	ReasonSMTPSinkIntended = "SMTPSinkIntended"
	// ReasonSPFMissing: the sending domain has no SPF record.
	ReasonSPFMissing = "SPFMissing"
	// ReasonSPFInvalid: the SPF record of the sending domain is broken, so it counts for nothing.
	ReasonSPFInvalid = "SPFInvalid"
	// ReasonSPFLacksProvider: the SPF record of the sending domain does not let the provider send.
	ReasonSPFLacksProvider = "SPFLacksProvider"
	// ReasonDKIMMissing: the sending domain lacks a DKIM key.
	ReasonDKIMMissing = "DKIMMissing"
	// ReasonDKIMRevoked: a DKIM key of the sending domain is revoked.
	ReasonDKIMRevoked = "DKIMRevoked"
	// ReasonDKIMInvalid: a DKIM key of the sending domain is one that receivers do not accept.
	ReasonDKIMInvalid = "DKIMInvalid"
	// ReasonProvenByDNS: the credential cannot show the domain at the provider, and DNS proves it instead.
	ReasonProvenByDNS = "ProvenByDNS"
	// ReasonDNSUndecided: DNS did not say which records the sending domain has.
	ReasonDNSUndecided = "DNSUndecided"
	// ReasonSPFPassesAll: the SPF record of the sending domain lets anyone send.
	ReasonSPFPassesAll = "SPFPassesAll"
	// ReasonNullMX: the sending domain declares that it takes no email.
	ReasonNullMX = "NullMX"
	// ReasonDMARCMissing: no DMARC policy applies to the sending domain.
	ReasonDMARCMissing = "DMARCMissing"
	// ReasonDMARCNotEnforced: the DMARC policy of the sending domain asks for nothing.
	ReasonDMARCNotEnforced = "DMARCNotEnforced"
	// ReasonPrivateKeyPublished: the issuer shows everyone a key that only itself may know.
	ReasonPrivateKeyPublished = "PrivateKeyPublished"
	// ReasonWrongIssuer: the discovery document is that of another issuer than the spec names.
	ReasonWrongIssuer = "WrongIssuer"
	// ReasonDiscoveryInvalid: the discovery document lacks what apps need, or has it over plain http.
	ReasonDiscoveryInvalid = "DiscoveryInvalid"
	// ReasonSigningKeysNotReadable: the keys with which tokens are checked cannot be read.
	ReasonSigningKeysNotReadable = "SigningKeysNotReadable"
	// ReasonNoSigningKey: the issuer publishes no key that apps can check its tokens with.
	ReasonNoSigningKey = "NoSigningKey"
	// ReasonSigningCertificateExpired: the certificate of a signing key has expired, which some apps mind.
	ReasonSigningCertificateExpired = "SigningCertificateExpired"
	// ReasonGrantNotOffered: the issuer does not offer the client-credentials grant.
	ReasonGrantNotOffered = "GrantNotOffered"
	// ReasonSignInMethodDisabled: a method of sign-in that the spec names is off.
	ReasonSignInMethodDisabled = "SignInMethodDisabled"
	// ReasonSignUpsDisabled: nobody can sign up, although the spec says that users must be able to.
	ReasonSignUpsDisabled = "SignUpsDisabled"
	// ReasonConfirmationEmailsNotShown: sign-ups wait for an email of which nobody knows who sends it.
	ReasonConfirmationEmailsNotShown = "ConfirmationEmailsNotShown"
	// ReasonReceiverNotFound: the host answers, and nobody takes webhooks at the URL.
	ReasonReceiverNotFound = "ReceiverNotFound"
	// ReasonReceiverRedirects: the URL redirects, which senders of webhooks do not follow.
	ReasonReceiverRedirects = "ReceiverRedirects"
	// ReasonReceiverGone: the receiver asks senders to send no more.
	ReasonReceiverGone = "ReceiverGone"
	// ReasonReceiverPathUnclear: the host answers that it has nothing at the URL, which may hold for webhooks or not.
	ReasonReceiverPathUnclear = "ReceiverPathUnclear"
	// ReasonReceiverAsksLogin: something in front of the receiver asks for a login, which senders do not have.
	ReasonReceiverAsksLogin = "ReceiverAsksLogin"
	// ReasonReceiverGuarded: the receiver, or something in front of it, shows nothing to who is not the sender.
	ReasonReceiverGuarded = "ReceiverGuarded"
	// ReasonReceiverUnproven: someone listens, and only a test ping shows whether they take webhooks.
	ReasonReceiverUnproven = "ReceiverUnproven"
)

// Reasons of stage Working, which has no condition of its own and shows in Healthy.
const (
	// ReasonRateLimited: the app uses up the provider's rate limit.
	ReasonRateLimited = "RateLimited"
	// ReasonQuotaExhausted: credit, quota or a spend limit is used up; waiting helps only where it is a limit of the day.
	ReasonQuotaExhausted = "QuotaExhausted"
	// ReasonDeliveriesFailing: the webhook endpoint is set up, and what is sent to it is not taken.
	ReasonDeliveriesFailing = "DeliveriesFailing"
	// ReasonDeliveriesUnclear: deliveries fail, and the sender does not say at which webhook endpoint.
	ReasonDeliveriesUnclear = "DeliveriesUnclear"
	// ReasonDeliveriesStuck: deliveries to the webhook endpoint wait for their first attempt for too long.
	ReasonDeliveriesStuck = "DeliveriesStuck"
	// ReasonDeadLettered: the sender has given up some of what it was to deliver to the webhook endpoint in the last
	// day.
	ReasonDeadLettered = "DeadLettered"
	// ReasonProofTooOld: no probe has ended for long, so nobody knows whether the verdict still holds.
	ReasonProofTooOld = "ProofTooOld"
	// ReasonEmptyOutput: the model of spec.completion ends its answer without a word.
	ReasonEmptyOutput = "EmptyOutput"
	// ReasonOutputBlocked: a filter of the provider keeps back what the model of spec.completion answers.
	ReasonOutputBlocked = "OutputBlocked"
	// ReasonProbeBudgetTooSmall: the model of spec.completion uses up its tokens before it says anything.
	ReasonProbeBudgetTooSmall = "ProbeBudgetTooSmall"
	// ReasonCompletionFailed: the provider lists the model of spec.completion, and does not run it.
	ReasonCompletionFailed = "CompletionFailed"
	// ReasonTestEmailRefused: the provider accepts the key and does not accept a test email.
	ReasonTestEmailRefused = "TestEmailRefused"
	// ReasonTokenRefused: the issuer grants the client no token, and does not say why.
	ReasonTokenRefused = "TokenRefused"
	// ReasonTestPingFailed: the receiver of webhooks neither takes a test ping nor says that its signature is wrong.
	ReasonTestPingFailed = "TestPingFailed"
)
