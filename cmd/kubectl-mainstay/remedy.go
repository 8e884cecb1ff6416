// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"regexp"
	"slices"
	"strings"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/internal/diagnosis"
	"mainstay.dev/mainstay/internal/provider"
	"mainstay.dev/mainstay/internal/target"
)

// Commands in which <words> stand for names. A value of a Secret is typed in, and never on a command line, where
// others can read it: a shell writes it to a pipe by itself.
const (
	createSecret = "<read> && printf '<lines>' <values> |\n" +
		"  kubectl create secret generic <secret> -n <namespace> --from-env-file=/dev/stdin"
	putKey = "<read> && printf 'stringData:\\n<fields>' <values> |\n" +
		"  kubectl patch secret <secret> -n <namespace> --patch-file=/dev/stdin"
	// typing goes before both.
	typing = "The command waits for you to type or paste <typed>, unseen."
	choose = "kubectl patch <object> -n <namespace> --type=merge \\\n" +
		`  -p '{"spec":{"provider":"<vendor>","secretRef":{"name":"<vendors>"}}}'`
	edit = `kubectl edit <object> -n <namespace>`
)

// remedies are the commands that mend a reason. Where there is none the advice says what to do elsewhere.
var remedies = map[string]string{
	v1alpha1.ReasonNoAIProvider:            choose,
	v1alpha1.ReasonNoEmailProvider:         choose,
	v1alpha1.ReasonRequestPathNotFound:     edit,
	v1alpha1.ReasonSecretNotFound:          createSecret,
	v1alpha1.ReasonSecretKeyMissing:        putKey,
	v1alpha1.ReasonSecretKeyEmpty:          putKey,
	v1alpha1.ReasonPlaceholderCredential:   putKey,
	v1alpha1.ReasonCredentialHasWhitespace: putKey,
	v1alpha1.ReasonCredentialHasLineBreak:  putKey,
	v1alpha1.ReasonCredentialMalformed:     putKey,
	v1alpha1.ReasonWrongKeyKind:            putKey,
	v1alpha1.ReasonInvalidAPIKey:           putKey,
	v1alpha1.ReasonAPIKeyRevokedOrExpired:  putKey,
	v1alpha1.ReasonAPIKeyExpired:           putKey,
	v1alpha1.ReasonInsufficientScope:       putKey,
	v1alpha1.ReasonSandboxMode:             putKey,
	v1alpha1.ReasonTestModeKey:             putKey,
	v1alpha1.ReasonLiveModeKey:             putKey,
	v1alpha1.ReasonSMTPStub:                edit,
	v1alpha1.ReasonSMTPSink:                edit,
	v1alpha1.ReasonWrongTLSMode:            edit,
	v1alpha1.ReasonEndpointNotFound:        edit,
	v1alpha1.ReasonWrongURL:                edit,
	v1alpha1.ReasonWrongEventSource:        edit,
	v1alpha1.ReasonEventNotSubscribed:      edit,
	v1alpha1.ReasonCredentialRequired:      edit,
	v1alpha1.ReasonModelNotAvailable:       edit,
	v1alpha1.ReasonDomainNotFound:          edit,
	v1alpha1.ReasonPathNotFound:            edit,
	v1alpha1.ReasonMemberNotFound:          edit,
	v1alpha1.ReasonTooFewMembers:           edit,
	v1alpha1.ReasonProviderNotSupported:    edit,
	v1alpha1.ReasonSuspended:               "kubectl mainstay resume <object> -n <namespace>",
	v1alpha1.ReasonProofTooOld:             "kubectl get pods -n <operator>",
	v1alpha1.ReasonCANotFound:              edit,
	v1alpha1.ReasonInvalidClient:           putKey,
	v1alpha1.ReasonWrongIssuer:             edit,
	v1alpha1.ReasonExpectationRefused:      edit,
	v1alpha1.ReasonServerNotNamed:          edit,
	v1alpha1.ReasonConnectionURIMalformed:  putKey,
	v1alpha1.ReasonRoleNotFound:            edit,
	v1alpha1.ReasonTableNotFound:           edit,
	v1alpha1.ReasonColumnNotFound:          edit,
	v1alpha1.ReasonColumnTypeMismatch:      edit,
	v1alpha1.ReasonServiceAccountNotFound:  edit,
	v1alpha1.ReasonResourceNotFound:        edit,
	v1alpha1.ReasonDiscoveryNotPublic:      edit,
	v1alpha1.ReasonAccessUnclear:           edit,
}

// examples are what to apply in a namespace that has no object of a kind.
var examples = map[string]string{
	"AccessCheck": `apiVersion: mainstay.dev/v1alpha1
kind: AccessCheck
metadata:
  name: tenant-isolation
  namespace: <namespace>
spec:
  provider: Postgres
  secretRef:
    name: db            # its keys username, password, host, port and dbname
  expectations:
    - name: other-tenants-are-hidden
      expect: Deny
      postgres:
        role: app
        settings: [{name: app.tenant, value: acme}]
        verb: Select
        table: orders
        rows: {column: tenant, value: globex}
`,
	"AIProvider": `apiVersion: mainstay.dev/v1alpha1
kind: AIProvider
metadata:
  name: assistant
  namespace: <namespace>
spec:
  provider: OpenAI
  secretRef:
    name: openai        # its key apiKey
`,
	"EmailProvider": `apiVersion: mainstay.dev/v1alpha1
kind: EmailProvider
metadata:
  name: transactional
  namespace: <namespace>
spec:
  provider: Resend
  secretRef:
    name: resend        # its key apiKey
`,
	"PublicAPI": `apiVersion: mainstay.dev/v1alpha1
kind: PublicAPI
metadata:
  name: api
  namespace: <namespace>
spec:
  provider: Bearer
  endpoint: https://api.example.com
  secretRef:
    name: api           # its key apiKey
  requests:
    - path: /v1/me
`,
	"StripeAccount": `apiVersion: mainstay.dev/v1alpha1
kind: StripeAccount
metadata:
  name: checkout
  namespace: <namespace>
spec:
  provider: Stripe
  mode: Live
  secretRef:
    name: stripe        # its key apiKey
`,
	"WebhookEndpoint": `apiVersion: mainstay.dev/v1alpha1
kind: WebhookEndpoint
metadata:
  name: invoices
  namespace: <namespace>
spec:
  provider: Stripe
  url: https://shop.example.com/webhooks/stripe
  events: [invoice.paid]
  stripe:
    mode: Live
  secretRef:
    name: stripe        # its key apiKey
`,
	"AuthProvider": `apiVersion: mainstay.dev/v1alpha1
kind: AuthProvider
metadata:
  name: login
  namespace: <namespace>
spec:
  provider: OIDC
  endpoint: https://login.example.com   # the issuer, to the letter
`,
}

// suggested is the vendor of each kind that a command names where none is chosen yet; the reader puts
// another in its place.
var suggested = regexp.MustCompile(`(?m)^  provider: (\w+)$`)

// fill puts the names of an object into a command.
func (c *cluster) fill(command string, n named, namespace string, d *dependency) string {
	vendor := ""
	if m := suggested.FindStringSubmatch(examples[n.kind]); m != nil {
		vendor = m[1]
	}
	words := []string{
		"<object>", n.String(), "<namespace>", namespace, "<operator>", c.operatorNamespace,
		"<vendor>", vendor, "<vendors>", strings.ToLower(vendor),
	}
	if d != nil && d.SharedSpec().SecretRef != nil {
		var read, typed, values []string
		lines, fields := "", ""
		for _, key := range d.keysMeant() {
			name := variable(*d, key)
			read, typed, values = append(read, "read -rs "+name), append(typed, name), append(values, `"$`+name+`"`)
			lines += key + `=%s\n`
			fields += `  ` + key + `: |-\n    %s\n` // A block takes every sign as it is.
		}
		words = append(words, "<secret>", d.SharedSpec().SecretRef.Name, "<read>", strings.Join(read, " && "), "<typed>", strings.Join(typed, ", then "),
			"<values>", strings.Join(values, " "), "<lines>", lines, "<fields>", fields)
	}
	return strings.NewReplacer(words...).Replace(command)
}

// keysMeant are the keys of the Secret that the verdict names, where it names some of several; else all that are
// needed.
func (d dependency) keysMeant() []string {
	all := target.RequiredKeys(d.kind, d.Dependency)
	words := strings.FieldsFunc(d.condition(v1alpha1.ConditionHealthy).Message, func(r rune) bool { return strings.ContainsRune(" (),:", r) })
	meant := slices.DeleteFunc(slices.Clone(all), func(key string) bool {
		return !slices.Contains(words, key) && !slices.Contains(words, key+".")
	})
	if len(meant) == 0 {
		return all
	}
	return meant
}

// variable is the shell variable for the value under a key of a Secret. Shells have a use of their own for some words
// that are the names of keys: USERNAME changes the user of a zsh, and nothing is found by a PATH of ours.
func variable(d dependency, key string) string {
	if len(target.RequiredKeys(d.kind, d.Dependency)) == 1 {
		return "API_KEY"
	}
	return "NEW_" + strings.ToUpper(noWord.ReplaceAllString(camel.ReplaceAllString(key, "${1}_${2}"), "_"))
}

// camel finds where a word begins within another, as in accessKeyID.
var camel = regexp.MustCompile(`([a-z])([A-Z])`)

// noWord finds what may be in the key of a Secret and not in the name of a variable.
var noWord = regexp.MustCompile(`[^A-Za-z0-9_]`)

// split takes the advice off a message of the table, and a command off the advice.
func split(message string, reason string, s diagnosis.Subject) (seen, advice, command string) {
	seen = message
	for _, d := range diagnosis.ForReason(reason) {
		said := s.Say(d.Advice, nil)
		if rest, found := strings.CutSuffix(message, said); found && rest != "" {
			seen, advice = strings.TrimSpace(rest), said
			break
		}
	}
	if at := strings.Index(advice, "kubectl "); at >= 0 {
		advice, command = strings.TrimSpace(advice[:at]), advice[at:]
	}
	return seen, advice, command
}

// vendorsOf are the names of a kind's providers.
func vendorsOf(kind string) []string {
	var vendors []string
	for _, p := range provider.All() {
		if p.Kind == kind {
			vendors = append(vendors, p.Name)
		}
	}
	return vendors
}

// links are the pages of a vendor where a reason is mended or waited for.
func links(kind, vendor, reason string) []string {
	p, found := provider.Find(kind, vendor)
	known := diagnosis.ForReason(reason)
	if !found || len(known) == 0 {
		return nil
	}
	switch {
	case slices.Contains([]string{putKey, createSecret}, remedies[reason]) && p.Facts.KeysPage != "":
		return []string{"Keys of " + vendor + ": " + p.Facts.KeysPage}
	case known[0].Blame == diagnosis.Provider && p.Facts.StatusPage != "":
		return []string{"Status of " + vendor + ": " + p.Facts.StatusPage}
	}
	return nil
}

// exampleOf is what creates an object of a kind, as a command.
func exampleOf(kind, namespace string) string {
	if namespace == "" {
		namespace = "<namespace>"
	}
	return "kubectl apply -f - <<'EOF'\n" + strings.ReplaceAll(examples[kind], "<namespace>", namespace) + "EOF"
}

// probedKinds are the names of all probed kinds.
func probedKinds() []string {
	kinds := make([]string, len(target.Kinds))
	for i, k := range target.Kinds {
		kinds[i] = k.Name
	}
	return kinds
}
