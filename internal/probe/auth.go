// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// Auth says how a credential is sent: in a header, as the password of a user, as a signature, or as OAuth 2.0
// has it. The zero Auth sends none.
type Auth struct {
	// Header carries the value of the credential, and Prefix stands before it there.
	Header, Prefix string
	// User is the name that goes with the value in HTTP Basic authentication.
	User string
	// AWSService signs requests to that service by Signature Version 4, for Region, with the values
	// AWSAccessKeyID, AWSSecretAccessKey and AWSSessionToken of the credential. The secret itself is not sent.
	AWSService, Region string
	// Client has a client of OAuth 2.0 say who it is, with the values ClientID and ClientSecret of the credential.
	Client ClientMethod
	// Signature signs the body, as that of the message MessageID, in the way of webhooks. The secret itself is not
	// sent.
	Signature SignatureScheme
	MessageID string
}

// ClientMethod is how a client of OAuth 2.0 authenticates at a token endpoint, by the names of OpenID Connect.
type ClientMethod string

// The methods that need no more than a secret.
const (
	ClientSecretBasic ClientMethod = "client_secret_basic"
	ClientSecretPost  ClientMethod = "client_secret_post"
)

// The values of a credential of OAuth 2.0.
const (
	ClientID     = "clientID"
	ClientSecret = "clientSecret"
)

// Bearer is the authentication of RFC 6750.
var Bearer = Auth{Header: "Authorization", Prefix: "Bearer "}

// The values of an AWS credential.
const (
	AWSAccessKeyID     = "accessKeyID"
	AWSSecretAccessKey = "secretAccessKey"
	AWSSessionToken    = "sessionToken"
)

// apply puts the credential on a request with that body.
func (a Auth) apply(req *http.Request, credential Secret, body string) error {
	switch {
	case a.AWSService != "":
		return a.sign(req, credential, body)
	case a.Signature != "":
		return a.Signature.sign(req, credential, a.MessageID, body)
	case a.User != "":
		req.SetBasicAuth(a.User, credential.Reveal())
	case a.Client == ClientSecretBasic:
		// Both are encoded as in a form before they are joined (RFC 6749, section 2.3.1).
		req.SetBasicAuth(url.QueryEscape(credential.Part(ClientID)), url.QueryEscape(credential.Part(ClientSecret)))
	case a.Client == ClientSecretPost:
		login := url.Values{"client_id": {credential.Part(ClientID)}, "client_secret": {credential.Part(ClientSecret)}}
		form := body + "&" + login.Encode()
		req.ContentLength, req.Body = int64(len(form)), io.NopCloser(strings.NewReader(form))
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(form)), nil }
	default:
		req.Header.Set(a.Header, a.Prefix+credential.Reveal())
	}
	return nil
}

func (a Auth) sign(req *http.Request, credential Secret, body string) error {
	hash := sha256.Sum256([]byte(body))
	keys := aws.Credentials{
		AccessKeyID: credential.Part(AWSAccessKeyID), SecretAccessKey: credential.Part(AWSSecretAccessKey),
		SessionToken: credential.Part(AWSSessionToken),
	}
	return v4.NewSigner().SignHTTP(req.Context(), keys, req, hex.EncodeToString(hash[:]), a.AWSService, a.Region, time.Now())
}
