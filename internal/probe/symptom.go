// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"encoding/json"
	"regexp"
)

// Symptom is what can be seen of a fault from outside, before any judgement. The set is closed: it is
// this file. Each symptom belongs to one stage, and internal/diagnosis has one row for each.
type Symptom struct{ *symptom }

type symptom struct {
	stage Stage
	name  string
}

// Symptoms of stage Configured. They are in the order in which they are looked for.
var (
	NoAIProvider            = define(Configured, "NoAIProvider")
	NoEmailProvider         = define(Configured, "NoEmailProvider")
	SMTPStub                = define(Configured, "SMTPStub")
	NoPublicAPI             = define(Configured, "NoPublicAPI")
	NoStripeAccount         = define(Configured, "NoStripeAccount")
	NoWebhookEndpoint       = define(Configured, "NoWebhookEndpoint")
	NoAuthProvider          = define(Configured, "NoAuthProvider")
	SecretNotFound          = define(Configured, "SecretNotFound")
	SecretKeyMissing        = define(Configured, "SecretKeyMissing")
	SecretKeyEmpty          = define(Configured, "SecretKeyEmpty")
	PlaceholderCredential   = define(Configured, "PlaceholderCredential")
	CredentialHasLineBreak  = define(Configured, "CredentialHasLineBreak")
	CredentialHasWhitespace = define(Configured, "CredentialHasWhitespace")
	CredentialMalformed     = define(Configured, "CredentialMalformed")
	CredentialTooLong       = define(Configured, "CredentialTooLong")
	WrongKeyKind            = define(Configured, "WrongKeyKind")
	TestModeKey             = define(Configured, "TestModeKey")
	LiveModeKey             = define(Configured, "LiveModeKey")
	SigningSecretUnfit      = define(Configured, "SigningSecretUnfit")
	CANotFound              = define(Configured, "CANotFound")
	CAInvalid               = define(Configured, "CAInvalid")
	CATooLarge              = define(Configured, "CATooLarge")
	ConsentMissing          = define(Configured, "ConsentMissing")
	ConsentForOthers        = define(Configured, "ConsentForOthers")
	ConsentElsewhere        = define(Configured, "ConsentElsewhere")
	SigningNotConsented     = define(Configured, "SigningNotConsented")
	PortNotConsented        = define(Configured, "PortNotConsented")
	PlainHTTPRefused        = define(Configured, "PlainHTTPRefused")
	ClearTextRefused        = define(Configured, "ClearTextRefused")
	AddressNeverAdmitted    = define(Configured, "AddressNeverAdmitted")
	AddressRefused          = define(Configured, "AddressRefused")
	UnresolvedBehindProxy   = define(Configured, "UnresolvedBehindProxy")

	// What is wrong with a DependencySet is seen without a probe.
	MemberNotFound       = define(Configured, "MemberNotFound")
	TooFewMembers        = define(Configured, "TooFewMembers")
	TransportStub        = define(Configured, "TransportStub")
	ProviderNotSupported = define(Configured, "ProviderNotSupported")

	// Of access checks, and of databases.
	NoAccessCheck          = define(Configured, "NoAccessCheck")
	ExpectationRefused     = define(Configured, "ExpectationRefused")
	ConnectionURIMalformed = define(Configured, "ConnectionURIMalformed")
	ServerMalformed        = define(Configured, "ServerMalformed")
	ServerNotNamed         = define(Configured, "ServerNotNamed")
)

// Symptoms of stage Reachable.
var (
	NameNotResolved    = define(Reachable, "NameNotResolved")
	NameServerFailed   = define(Reachable, "NameServerFailed")
	ConnectionRefused  = define(Reachable, "ConnectionRefused")
	NetworkUnreachable = define(Reachable, "NetworkUnreachable")
	ConnectionClosed   = define(Reachable, "ConnectionClosed")
	CertificateInvalid = define(Reachable, "CertificateInvalid")
	HandshakeFailed    = define(Reachable, "HandshakeFailed")
	ProxyFailed        = define(Reachable, "ProxyFailed")
	TimedOut           = define(Reachable, "TimedOut")
	ServerError        = define(Reachable, "ServerError")
	PathNotFound       = define(Reachable, "PathNotFound")
	UnexpectedAnswer   = define(Reachable, "UnexpectedAnswer")
	ProbeFailed        = define(Reachable, "ProbeFailed")
	ClockWrong         = define(Reachable, "ClockWrong")
	IncidentReported   = define(Reachable, "IncidentReported")
	KeysRefused        = define(Reachable, "KeysRefused")
	ClusterEgressDown  = define(Reachable, "ClusterEgressDown")
	GreetsInClear      = define(Reachable, "GreetsInClear")
	ExpectsTLSFirst    = define(Reachable, "ExpectsTLSFirst")
	STARTTLSNotOffered = define(Reachable, "STARTTLSNotOffered")
	MailServerBusy     = define(Reachable, "MailServerBusy")
	MailServerHungUp   = define(Reachable, "MailServerHungUp")
	MailServerRefuses  = define(Reachable, "MailServerRefuses")
	CertificateEnding  = define(Reachable, "CertificateEnding")
	DiscoveryNotFound  = define(Reachable, "DiscoveryNotFound")
	DiscoveryNotPublic = define(Reachable, "DiscoveryNotPublic")
	ClocksDiffer       = define(Reachable, "ClocksDiffer")
	ProjectPaused      = define(Reachable, "ProjectPaused")

	// Of databases.
	TLSNotOffered       = define(Reachable, "TLSNotOffered")
	DatabaseUnavailable = define(Reachable, "DatabaseUnavailable")
	TooManyConnections  = define(Reachable, "TooManyConnections")

	// Of an API server.
	APIServerUnavailable = define(Reachable, "APIServerUnavailable")
	ReviewForbidden      = define(Reachable, "ReviewForbidden")
)

// Symptoms of stage Authenticated.
var (
	KeyRejected           = define(Authenticated, "KeyRejected")
	KeyRevoked            = define(Authenticated, "KeyRevoked")
	KeyExpired            = define(Authenticated, "KeyExpired")
	KeySuspended          = define(Authenticated, "KeySuspended")
	KeysDisabled          = define(Authenticated, "KeysDisabled")
	CredentialRequired    = define(Authenticated, "CredentialRequired")
	IPNotAllowed          = define(Authenticated, "IPNotAllowed")
	PublicAccessDisabled  = define(Authenticated, "PublicAccessDisabled")
	KeyExpiringSoon       = define(Authenticated, "KeyExpiringSoon")
	KeyUnproven           = define(Authenticated, "KeyUnproven")
	KeyOfOtherRegion      = define(Authenticated, "KeyOfOtherRegion")
	LoginNotOffered       = define(Authenticated, "LoginNotOffered")
	LoginNeedsTLS         = define(Authenticated, "LoginNeedsTLS")
	PasswordLoginDisabled = define(Authenticated, "PasswordLoginDisabled")
	AppPasswordNeeded     = define(Authenticated, "AppPasswordNeeded")
	MechanismUnknown      = define(Authenticated, "MechanismUnknown")
	ClientRejected        = define(Authenticated, "ClientRejected")
	ClientSecretExpired   = define(Authenticated, "ClientSecretExpired")
	ClientNotShown        = define(Authenticated, "ClientNotShown")

	// Of signatures of webhooks.
	SignatureRejected    = define(Authenticated, "SignatureRejected")
	SignatureNotVerified = define(Authenticated, "SignatureNotVerified")

	// Of tokens, and of gateways.
	TokenUnproven      = define(Authenticated, "TokenUnproven")
	GatewayKeyMissing  = define(Authenticated, "GatewayKeyMissing")
	GatewayKeyRejected = define(Authenticated, "GatewayKeyRejected")

	// Of databases.
	LoginNotAdmitted     = define(Authenticated, "LoginNotAdmitted")
	LoginNotPermitted    = define(Authenticated, "LoginNotPermitted")
	PasswordAskedFor     = define(Authenticated, "PasswordAskedFor")
	PoolerProjectUnknown = define(Authenticated, "PoolerProjectUnknown")
)

// Symptoms of stage Authorized.
var (
	ScopeMissing         = define(Authorized, "ScopeMissing")
	Forbidden            = define(Authorized, "Forbidden")
	APINotEnabled        = define(Authorized, "APINotEnabled")
	KeyRestricted        = define(Authorized, "KeyRestricted")
	RegionNotSupported   = define(Authorized, "RegionNotSupported")
	AccountNotAccessible = define(Authorized, "AccountNotAccessible")
	WebhookOwnerNotFound = define(Authorized, "WebhookOwnerNotFound")
	ViewForbidden        = define(Authorized, "ViewForbidden")
	ClientNotAllowed     = define(Authorized, "ClientNotAllowed")
	ScopeMalformed       = define(Authorized, "ScopeMalformed")

	// Of access over HTTP that is checked, the gravest first.
	OverprivilegedToken = define(Authorized, "OverprivilegedToken")
	OpenToAll           = define(Authorized, "OpenToAll")
	RowsShown           = define(Authorized, "RowsShown")
	RequestAllowed      = define(Authorized, "RequestAllowed")
	RoleNotGranted      = define(Authorized, "RoleNotGranted")
	TokenScopeMissing   = define(Authorized, "TokenScopeMissing")
	RequestForbidden    = define(Authorized, "RequestForbidden")
	RowsNotShown        = define(Authorized, "RowsNotShown")
	PolicyRecurses      = define(Authorized, "PolicyRecurses")
	RequestRedirected   = define(Authorized, "RequestRedirected")
	PageAnswered        = define(Authorized, "PageAnswered")
	PathUnclear         = define(Authorized, "PathUnclear")
	AnswerUnclear       = define(Authorized, "AnswerUnclear")

	// Of access to a database that is checked, the gravest first.
	OverprivilegedLogin    = define(Authorized, "OverprivilegedLogin")
	RowSecurityDisabled    = define(Authorized, "RowSecurityDisabled")
	RoleBypassesPolicies   = define(Authorized, "RoleBypassesPolicies")
	OwnerBypassesPolicies  = define(Authorized, "OwnerBypassesPolicies")
	RowsVisible            = define(Authorized, "RowsVisible")
	AccessAllowed          = define(Authorized, "AccessAllowed")
	ConnectDenied          = define(Authorized, "ConnectDenied")
	SetRoleDenied          = define(Authorized, "SetRoleDenied")
	SettingDenied          = define(Authorized, "SettingDenied")
	SchemaUsageMissing     = define(Authorized, "SchemaUsageMissing")
	TablePrivilegeMissing  = define(Authorized, "TablePrivilegeMissing")
	ColumnPrivilegeMissing = define(Authorized, "ColumnPrivilegeMissing")
	NoPolicyApplies        = define(Authorized, "NoPolicyApplies")
	PolicyFails            = define(Authorized, "PolicyFails")
	RowsHidden             = define(Authorized, "RowsHidden")
	StatementTooSlow       = define(Authorized, "StatementTooSlow")
	PolicyDecides          = define(Authorized, "PolicyDecides")
	RowsUnproven           = define(Authorized, "RowsUnproven")
	ExpectationUnproven    = define(Authorized, "ExpectationUnproven")

	// Of access that an API server decides, the gravest first.
	AccountAllowed   = define(Authorized, "AccountAllowed")
	AuthorizerDenies = define(Authorized, "AuthorizerDenies")
	BoundRoleMissing = define(Authorized, "BoundRoleMissing")
	NoRoleAllows     = define(Authorized, "NoRoleAllows")
	AuthorizerUnsure = define(Authorized, "AuthorizerUnsure")
	ClusterNotAsked  = define(Authorized, "ClusterNotAsked")
)

// Symptoms of stage Provisioned.
var (
	ModelNotAvailable         = define(Provisioned, "ModelNotAvailable")
	ModelAgreementMissing     = define(Provisioned, "ModelAgreementMissing")
	ModelAgreementPending     = define(Provisioned, "ModelAgreementPending")
	ModelNotAuthorized        = define(Provisioned, "ModelNotAuthorized")
	ModelNotEntitled          = define(Provisioned, "ModelNotEntitled")
	ModelNotInRegion          = define(Provisioned, "ModelNotInRegion")
	ModelNeedsProfile         = define(Provisioned, "ModelNeedsProfile")
	ModelBarredByPrivacy      = define(Provisioned, "ModelBarredByPrivacy")
	ModelNotVisible           = define(Provisioned, "ModelNotVisible")
	DomainNotFound            = define(Provisioned, "DomainNotFound")
	DomainNotVerified         = define(Provisioned, "DomainNotVerified")
	DomainSendingDisabled     = define(Provisioned, "DomainSendingDisabled")
	DomainVerificationLapsing = define(Provisioned, "DomainVerificationLapsing")
	DomainProvenByDNS         = define(Provisioned, "DomainProvenByDNS")
	SandboxMode               = define(Provisioned, "SandboxMode")
	RequestPathNotFound       = define(Provisioned, "RequestPathNotFound")
	SandboxAccount            = define(Provisioned, "SandboxAccount")
	AccountMayNotSend         = define(Provisioned, "AccountMayNotSend")
	EndpointNotFound          = define(Provisioned, "EndpointNotFound")
	WrongURL                  = define(Provisioned, "WrongURL")
	EndpointInactive          = define(Provisioned, "EndpointInactive")
	WrongEventSource          = define(Provisioned, "WrongEventSource")
	EventNotSubscribed        = define(Provisioned, "EventNotSubscribed")
	DuplicateEndpoint         = define(Provisioned, "DuplicateEndpoint")
	EndpointNotShown          = define(Provisioned, "EndpointNotShown")
	AccountRestricted         = define(Provisioned, "AccountRestricted")
	ChargesDisabled           = define(Provisioned, "ChargesDisabled")
	PayoutsDisabled           = define(Provisioned, "PayoutsDisabled")
	CapabilityInactive        = define(Provisioned, "CapabilityInactive")
	RequirementsPastDue       = define(Provisioned, "RequirementsPastDue")
	RequirementsDue           = define(Provisioned, "RequirementsDue")
	AccountNotShown           = define(Provisioned, "AccountNotShown")
	AccountUnderReview        = define(Provisioned, "AccountUnderReview")
	AccountNotVisible         = define(Provisioned, "AccountNotVisible")
	ListTooLong               = define(Provisioned, "ListTooLong")
	SendOnlyKey               = define(Provisioned, "SendOnlyKey")
	DomainNotVisible          = define(Provisioned, "DomainNotVisible")
	SMTPSink                  = define(Provisioned, "SMTPSink")
	AcceptsAnyPassword        = define(Provisioned, "AcceptsAnyPassword")
	SinkIntended              = define(Provisioned, "SinkIntended")
	SPFMissing                = define(Provisioned, "SPFMissing")
	SPFSeveral                = define(Provisioned, "SPFSeveral")
	SPFTooManyLookups         = define(Provisioned, "SPFTooManyLookups")
	SPFBroken                 = define(Provisioned, "SPFBroken")
	SPFLacksProvider          = define(Provisioned, "SPFLacksProvider")
	DKIMMissing               = define(Provisioned, "DKIMMissing")
	DKIMRevoked               = define(Provisioned, "DKIMRevoked")
	DKIMUnusable              = define(Provisioned, "DKIMUnusable")
	RecordsUndecided          = define(Provisioned, "RecordsUndecided")
	SPFPassesAll              = define(Provisioned, "SPFPassesAll")
	TakesNoMail               = define(Provisioned, "TakesNoMail")
	DMARCMissing              = define(Provisioned, "DMARCMissing")
	DMARCNotEnforced          = define(Provisioned, "DMARCNotEnforced")

	// Of sign-in.
	PrivateKeyPublished        = define(Provisioned, "PrivateKeyPublished")
	WrongIssuer                = define(Provisioned, "WrongIssuer")
	IssuerIsTemplate           = define(Provisioned, "IssuerIsTemplate")
	DiscoveryIncomplete        = define(Provisioned, "DiscoveryIncomplete")
	DiscoveryInClear           = define(Provisioned, "DiscoveryInClear")
	SigningKeysNotReadable     = define(Provisioned, "SigningKeysNotReadable")
	NoSigningKey               = define(Provisioned, "NoSigningKey")
	SigningAlgorithmMissing    = define(Provisioned, "SigningAlgorithmMissing")
	SigningCertificateExpired  = define(Provisioned, "SigningCertificateExpired")
	GrantNotOffered            = define(Provisioned, "GrantNotOffered")
	SignInMethodDisabled       = define(Provisioned, "SignInMethodDisabled")
	SignUpsDisabled            = define(Provisioned, "SignUpsDisabled")
	ConfirmationEmailsNotShown = define(Provisioned, "ConfirmationEmailsNotShown")
	// Of the receiving end of webhooks.
	ReceiverNotFound    = define(Provisioned, "ReceiverNotFound")
	ReceiverRedirects   = define(Provisioned, "ReceiverRedirects")
	ReceiverGone        = define(Provisioned, "ReceiverGone")
	ReceiverPathUnclear = define(Provisioned, "ReceiverPathUnclear")
	ReceiverAsksLogin   = define(Provisioned, "ReceiverAsksLogin")
	ReceiverGuarded     = define(Provisioned, "ReceiverGuarded")
	ReceiverUnproven    = define(Provisioned, "ReceiverUnproven")
	// Of access over HTTP.
	RouteNotFound   = define(Provisioned, "RouteNotFound")
	SchemaNotServed = define(Provisioned, "SchemaNotServed")
	TableNotServed  = define(Provisioned, "TableNotServed")
	// Of databases.
	DatabaseNotFound   = define(Provisioned, "DatabaseNotFound")
	RoleNotFound       = define(Provisioned, "RoleNotFound")
	SchemaNotFound     = define(Provisioned, "SchemaNotFound")
	TableNotFound      = define(Provisioned, "TableNotFound")
	ColumnNotFound     = define(Provisioned, "ColumnNotFound")
	ColumnTypeMismatch = define(Provisioned, "ColumnTypeMismatch")
	ViewNotFound       = define(Provisioned, "ViewNotFound")
	ViewColumnNotFound = define(Provisioned, "ViewColumnNotFound")
	ViewColumnMismatch = define(Provisioned, "ViewColumnMismatch")
	ViewFails          = define(Provisioned, "ViewFails")

	// Of clusters.
	ServiceAccountNotFound = define(Provisioned, "ServiceAccountNotFound")
	ResourceNotFound       = define(Provisioned, "ResourceNotFound")
	ResourceNotNamespaced  = define(Provisioned, "ResourceNotNamespaced")
)

// Symptoms of stage Working.
var (
	RateLimited    = define(Working, "RateLimited")
	QuotaExhausted = define(Working, "QuotaExhausted")
	ProofTooOld    = define(Working, "ProofTooOld")

	// Of webhooks.
	DeliveriesFailing = define(Working, "DeliveriesFailing")
	DeliveriesStuck   = define(Working, "DeliveriesStuck")
	DeadLettered      = define(Working, "DeadLettered")
	DeliveriesUnclear = define(Working, "DeliveriesUnclear")

	// Of what a spec opted in to.
	EmptyOutput         = define(Working, "EmptyOutput")
	OutputBlocked       = define(Working, "OutputBlocked")
	ProbeBudgetTooSmall = define(Working, "ProbeBudgetTooSmall")
	CompletionFailed    = define(Working, "CompletionFailed")
	TestEmailRefused    = define(Working, "TestEmailRefused")
	TokenRefused        = define(Working, "TokenRefused")
	TestPingRefused     = define(Working, "TestPingRefused")
	TestPingUnanswered  = define(Working, "TestPingUnanswered")
)

var symptoms []Symptom

// define is called by the declarations above and by nothing else, so the set is closed once the package
// is initialised.
func define(stage Stage, name string) Symptom {
	s := Symptom{&symptom{stage: stage, name: name}}
	symptoms = append(symptoms, s)
	return s
}

// Symptoms returns every symptom, by stage.
func Symptoms() []Symptom { return append([]Symptom(nil), symptoms...) }

// Stage returns the stage that the symptom belongs to.
func (s Symptom) Stage() Stage { return s.stage }

// String returns the name of the symptom, or nothing for the zero value.
func (s Symptom) String() string {
	if s.symptom == nil {
		return ""
	}
	return s.name
}

// MarshalJSON writes the name of the symptom.
func (s Symptom) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }

var tokenPattern = regexp.MustCompile(`^[A-Za-z0-9_.:/-]{1,64}$`)

// Tokens admits a piece of remote text that may be missing, as Token does.
func Tokens(s string) []string { return tokens([]string{s}) }

// Token admits a piece of remote text as an argument of a finding: only what looks like a name, so that
// no provider can write prose, markup or a secret's neighbourhood into a condition.
func Token(s string) (string, bool) { return s, tokenPattern.MatchString(s) }
