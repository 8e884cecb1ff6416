// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"regexp"

	"mainstay.dev/mainstay/internal/probe"
)

// awsKeys are the keys of a Secret that hold an access key of AWS. A temporary one has a session token too.
var awsKeys = []Key{{Name: probe.AWSAccessKeyID}, {Name: probe.AWSSecretAccessKey}, {Name: probe.AWSSessionToken, Optional: true}}

// awsAction finds what a key is not allowed to do.
var awsAction = regexp.MustCompile(`not authorized to perform: ([\w:-]+)`)

// awsRules are what AWS says at large. It answers 403 to a wrong key as well as to a missing permission.
var awsRules = []probe.Rule{
	{
		Message: "signature expired", Means: probe.ClockWrong,
		Source: "live bodies", Verified: "2026-11",
	},
	{
		Message: "signature not yet current", Means: probe.ClockWrong,
		Source: "live bodies", Verified: "2026-11",
	},
	{
		Code: "RequestExpired", Means: probe.ClockWrong,
		Source: "common errors", Verified: "2026-11",
	},
	{
		// The signature lacks a part. It is we who sign.
		Code: "IncompleteSignature", Means: probe.ProbeFailed,
		Source: "common errors", Verified: "2026-11",
	},
	{
		Code: "UnrecognizedClientException", Means: probe.KeyRejected,
		Source: "live bodies", Verified: "2026-11",
	},
	{
		Code: "InvalidClientTokenId", Means: probe.KeyRejected,
		Source: "common errors", Verified: "2026-11",
	},
	{
		Code: "InvalidSignatureException", Means: probe.KeyRejected,
		Source: "live bodies", Verified: "2026-11",
	},
	{
		Code: "SignatureDoesNotMatch", Means: probe.KeyRejected,
		Source: "public client code", Verified: "2026-11",
	},
	{
		Code: "ExpiredTokenException", Means: probe.KeyExpired,
		Source: "public client code", Verified: "2026-11",
	},
	{
		Code: "ThrottlingException", Means: probe.RateLimited,
		Source: "aws-sdk-go-v2", Verified: "2026-11",
	},
}
