// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// SignatureScheme is how senders sign webhooks with a secret that the receiver has as well. The secret itself is
// not sent.
type SignatureScheme string

// The schemes.
const (
	// StandardWebhooks signs id, time and body, in the header Webhook-Signature.
	StandardWebhooks SignatureScheme = "StandardWebhooks"
	// StripeSignature signs time and body, in the header Stripe-Signature.
	StripeSignature SignatureScheme = "Stripe"
	// HMACSHA256 signs the body alone, in the header X-Signature.
	HMACSHA256 SignatureScheme = "HMACSHA256"
)

// SigningSecretPrefix is how signing secrets begin that a machine has made, of Stripe and by Standard Webhooks.
const SigningSecretPrefix = "whsec_"

// Fits says whether a secret is one that the scheme can sign with.
func (s SignatureScheme) Fits(secret Secret) bool {
	switch value := secret.Reveal(); s {
	case StandardWebhooks:
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(value, SigningSecretPrefix))
		return err == nil && len(key) > 0
	case StripeSignature:
		return strings.HasPrefix(value, SigningSecretPrefix) && value != SigningSecretPrefix
	case HMACSHA256:
	}
	return true
}

// ForgersSecret returns a secret that every scheme can sign with and that no receiver has. It is the same for as long
// as the process lives, so that who asks for the same again is told the same.
var ForgersSecret = sync.OnceValue(func() Secret {
	key := make([]byte, sha256.Size)
	_, _ = rand.Read(key) // crypto/rand.Read never fails.
	return NewSecret(SigningSecretPrefix + base64.StdEncoding.EncodeToString(key))
})

// sign signs a request with a message of that id as its body, at this moment: receivers refuse what is older than a
// few minutes.
func (s SignatureScheme) sign(req *http.Request, secret Secret, id, body string) error {
	now := time.Now()
	switch s {
	case StandardWebhooks:
		signer, err := standardwebhooks.NewWebhook(secret.Reveal())
		if err != nil {
			return fmt.Errorf("signing secret: %w", err)
		}
		signature, err := signer.Sign(id, now, []byte(body))
		if err != nil {
			return fmt.Errorf("sign: %w", err)
		}
		req.Header.Set(standardwebhooks.HeaderWebhookID, id)
		req.Header.Set(standardwebhooks.HeaderWebhookTimestamp, fmt.Sprint(now.Unix()))
		req.Header.Set(standardwebhooks.HeaderWebhookSignature, signature)
	case StripeSignature:
		signed := hmacSHA256(secret, fmt.Sprintf("%d.%s", now.Unix(), body))
		req.Header.Set("Stripe-Signature", fmt.Sprintf("t=%d,v1=%s", now.Unix(), signed))
	case HMACSHA256:
		req.Header.Set("X-Signature", "sha256="+hmacSHA256(secret, body))
	}
	return nil
}

func hmacSHA256(secret Secret, text string) string {
	mac := hmac.New(sha256.New, []byte(secret.Reveal()))
	_, _ = mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil))
}
