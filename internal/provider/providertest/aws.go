// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package providertest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// awsAuthorization is what Signature Version 4 puts into the header Authorization.
var awsAuthorization = regexp.MustCompile(
	`^AWS4-HMAC-SHA256 Credential=([^/]+)/[0-9]{8}/([^/]+)/([^/]+)/aws4_request, SignedHeaders=([^,]+), Signature=[0-9a-f]{64}$`)

// signed finds the access key that a request is signed with, and holds the signature against one of our own
// over what has arrived. Only the sample's secret is known, so only its access key is let in.
func (f Fixture) signed(r *http.Request, posted []byte) (accessKeyID, problem string) {
	authorization := r.Header.Get("Authorization")
	parts := awsAuthorization.FindStringSubmatch(authorization)
	if parts == nil {
		return "", "no signature of version 4 in header Authorization"
	}
	accessKeyID, region, service, names := parts[1], parts[2], parts[3], parts[4]
	at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	switch {
	case err != nil:
		return accessKeyID, "no time of the signature in header X-Amz-Date"
	case accessKeyID != f.Credential.AccessKeyID:
		return accessKeyID, "an unknown access key"
	case region != f.Place || service != f.Credential.AWSService:
		return accessKeyID, fmt.Sprintf("signed for %s in %s, not for %s in %s", service, region, f.Credential.AWSService, f.Place)
	}
	again, err := http.NewRequestWithContext(r.Context(), r.Method, "http://"+r.Host+r.RequestURI, nil)
	if err != nil {
		return accessKeyID, err.Error()
	}
	again.ContentLength = int64(len(posted))
	for name := range strings.SplitSeq(names, ";") {
		if values := r.Header.Values(name); name != "content-length" && len(values) > 0 {
			again.Header[http.CanonicalHeaderKey(name)] = values
		}
	}
	hash := sha256.Sum256(posted)
	keys := aws.Credentials{AccessKeyID: accessKeyID, SecretAccessKey: f.Credential.Sample}
	if err := v4.NewSigner().SignHTTP(r.Context(), keys, again, hex.EncodeToString(hash[:]), service, region, at); err != nil {
		return accessKeyID, err.Error()
	}
	if again.Header.Get("Authorization") != authorization {
		return accessKeyID, "the signature does not match"
	}
	return accessKeyID, ""
}
