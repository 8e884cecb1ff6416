// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/base64"
	"strings"
	"testing"

	"mainstay.dev/mainstay/internal/provider/providertest"
)

func TestCheckFindsTheCause(t *testing.T) {
	for name, row := range map[string]struct {
		input string
		// play is the case that all vendors play.
		play string
		args []string
		env  map[string]string

		code int
		want []string
	}{
		"all is well": {
			input: documents(secret("openai", goodKey), aiProvider("chat", openAISpec)),
			want:  []string{"shop AIProvider/chat OpenAI True True Passed"},
		},
		"the Secret is encoded, as the API server writes it": {
			input: documents(
				"apiVersion: v1\nkind: Secret\nmetadata: {name: openai, namespace: shop}\ndata: {apiKey: "+
					base64.StdEncoding.EncodeToString([]byte(goodKey))+"}",
				aiProvider("chat", openAISpec)),
			want: []string{"AIProvider/chat OpenAI True True Passed"},
		},
		"the key is wrong": {
			input: documents(secret("openai", badKey), aiProvider("chat", openAISpec)), code: exitUnmet,
			want: []string{
				"shop AIProvider/chat OpenAI False False InvalidAPIKey",
				"OpenAI rejects the API key in Secret openai (key apiKey).",
			},
		},
		"a model does not exist": {
			input: documents(secret("openai", goodKey), aiProvider("chat", "{provider: OpenAI, secretRef: {name: openai}, models: [gpt-4o, gpt-99]}")),
			code:  exitUnmet, want: []string{"False False ModelNotAvailable", "gpt-99."},
		},
		"the Secret is nowhere": {
			input: aiProvider("chat", openAISpec), code: exitUnmet,
			want: []string{
				"False False SecretNotFound", "Secret openai does not exist in namespace shop.",
				"--secret shop/openai/apiKey=env:VARIABLE",
			},
		},
		"kustomize has appended a hash": {
			input: documents(secret("openai-9t2gd8dm2c", goodKey), aiProvider("chat", openAISpec)), code: exitUnmet,
			want: []string{"SecretNotFound", "The input has Secret openai-9t2gd8dm2c: kustomize adds such a suffix"},
		},
		"the Secret is in another namespace": {
			input: documents(strings.ReplaceAll(secret("openai", goodKey), "shop", "bank"), aiProvider("chat", openAISpec)),
			code:  exitUnmet, want: []string{"SecretNotFound"},
		},
		"the Secret comes from the environment": {
			input: aiProvider("chat", openAISpec),
			args:  []string{"--secret", "shop/openai/apiKey=env:KEY"}, env: map[string]string{"KEY": goodKey},
			want: []string{"True True Passed"},
		},
		"the environment replaces what the manifest has": {
			input: documents(secret("openai", "changeme"), aiProvider("chat", openAISpec)),
			args:  []string{"--secret", "shop/openai/apiKey=env:KEY"}, env: map[string]string{"KEY": goodKey},
			want: []string{"True True Passed"},
		},
		"the environment variable is empty": {
			input: aiProvider("chat", openAISpec), args: []string{"--secret", "shop/openai/apiKey=env:KEY"},
			env: map[string]string{"KEY": ""}, code: exitUnmet, want: []string{"SecretKeyEmpty"},
		},
		"no email provider is configured": {
			input: emailProvider("mail", "{}"), code: exitUnmet,
			want: []string{"shop EmailProvider/mail None False False NoEmailProvider", "Set spec.provider of EmailProvider mail"},
		},
		"the vendor is down and all of the owner's part is right": {
			input: documents(secret("openai", goodKey), aiProvider("chat", openAISpec)),
			play:  providertest.ServerError, args: []string{"--require", "Ready"},
			want: []string{"True False ServerError"},
		},
		"the vendor is down and health is required": {
			input: documents(secret("openai", goodKey), aiProvider("chat", openAISpec)),
			play:  providertest.ServerError, code: exitUnmet, want: []string{"True False ServerError", "OpenAI answers with a server error"},
		},
		"one answer of rate limiting is evidence": {
			input: documents(secret("openai", goodKey), aiProvider("chat", openAISpec)),
			play:  providertest.RateLimited, code: exitUnmet, want: []string{"True False RateLimited"},
		},
		"a suspended object is not healthy": {
			input: aiProvider("chat", "{provider: OpenAI, secretRef: {name: openai}, suspend: true}"),
			code:  exitUnmet, want: []string{"True Unknown Suspended", "Probing is suspended by spec.suspend."},
		},
		"a suspended object is ready": {
			input: aiProvider("chat", "{provider: OpenAI, secretRef: {name: openai}, suspend: true}"),
			args:  []string{"--require", "Ready"}, want: []string{"True Unknown Suspended"},
		},
		"the namespace of the flag is for objects that name none": {
			input: documents(
				strings.ReplaceAll(secret("openai", goodKey), ", namespace: shop", ""),
				strings.ReplaceAll(aiProvider("chat", openAISpec), ", namespace: shop", "")),
			args: []string{"-n", "web"}, want: []string{"web AIProvider/chat OpenAI True True Passed"},
		},
		"a list holds the objects": {
			input: `{"apiVersion": "v1", "kind": "List", "items": [
				{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "openai"}, "stringData": {"apiKey": "` + goodKey + `"}},
				{"apiVersion": "mainstay.dev/v1alpha1", "kind": "AIProvider", "metadata": {"name": "chat"},
					"spec": {"provider": "OpenAI", "secretRef": {"name": "openai"}}}]}`,
			want: []string{"default AIProvider/chat OpenAI True True Passed"},
		},
		"an object read from a cluster, with its status, is checked anew": {
			input: documents(secret("openai", goodKey), strings.ReplaceAll(aiProvider("chat", openAISpec), "spec:",
				"status: {observedGeneration: 3, conditions: [{type: Healthy, status: 'False', reason: InvalidAPIKey, message: old, lastTransitionTime: '2026-01-01T00:00:00Z'}]}\nspec:")),
			want: []string{"AIProvider/chat OpenAI True True Passed"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			v := startVendors(t)
			if row.play != "" {
				v.openAI.Play(row.play)
			}
			r := command{args: v.args(row.args...), stdin: row.input, env: row.env}.run(t.Context(), t)
			mustExit(t, r, row.code)
			mustContain(t, r.out, row.want...)
			for _, problem := range v.openAI.Problems() {
				t.Errorf("the vendor complains: %s", problem)
			}
		})
	}
}

func TestCheckDoesNotPassOffReadyAsHealthy(t *testing.T) {
	v := startVendors(t)
	v.openAI.Play(providertest.ServerError)
	r := v.check(t, documents(secret("openai", goodKey), aiProvider("chat", openAISpec)), "--require", "Ready")
	mustExit(t, r, exitMet)
	mustContain(t, r.err, "All are Ready, but 1 of 1 not Healthy: 1 probed live")
}

// TestCheckDoesNotPassOffAClusterThatItDidNotAsk checks what only the API server of a cluster can say: it is not
// proven, not wrong, and not probed.
func TestCheckDoesNotPassOffAClusterThatItDidNotAsk(t *testing.T) {
	input := "apiVersion: mainstay.dev/v1alpha1\nkind: AccessCheck\nmetadata: {name: app-permissions, namespace: shop}\nspec: {provider: Kubernetes, " +
		"expectations: [{name: no-secrets, expect: Deny, kubernetes: {serviceAccountName: app, verb: list, resource: secrets}}]}\n"
	r := command{args: []string{"check", "-f", "-"}, stdin: input}.run(t.Context(), t)
	mustExit(t, r, exitUnmet)
	mustContain(t, r.out, "shop AccessCheck/app-permissions Kubernetes True Unknown ClusterNotAsked",
		"no-secrets (ServiceAccount app: list secrets)", "--require Ready lets it pass until then.")
	mustContain(t, r.err, "1 of 1 not Healthy: 0 probed live, 1 judged by their configuration alone.")

	r = command{args: []string{"check", "-f", "-", "--require", "Ready"}, stdin: input}.run(t.Context(), t)
	mustExit(t, r, exitMet)
	mustContain(t, r.err, "All are Ready, but 1 of 1 not Healthy")

	r = command{args: []string{"check", "-f", "-", "--endpoint", "Kubernetes=https://10.0.0.1"}, stdin: input}.run(t.Context(), t)
	mustExit(t, r, exitBadInput)
}

func TestCheckAsksForConsent(t *testing.T) {
	v := startVendors(t)
	host := strings.TrimSuffix(strings.TrimPrefix(v.ownURL, "http://"), "/v1")
	input := func(annotations string) string {
		return documents(
			strings.Replace(secret("own", ownKey), "namespace: shop", "namespace: shop, annotations: {"+annotations+"}", 1),
			aiProvider("llm", "{provider: OpenAICompatible, endpoint: '"+v.ownURL+"', secretRef: {name: own}}"))
	}

	r := v.check(t, input(""))
	mustExit(t, r, exitUnmet)
	mustContain(t, r.out, "ConsentMissing", "mainstay.dev/allowed-hosts="+host)
	if len(v.own.Requests()) > 0 {
		t.Error("the credential was sent without consent")
	}

	mustExit(t, v.check(t, input("mainstay.dev/allowed-hosts: '"+host+"'")), exitMet)

	consenting := command{
		args:  v.args("--secret", "shop/own/apiKey=env:KEY"),
		stdin: input(""), env: map[string]string{"KEY": ownKey},
	}
	mustExit(t, consenting.run(t.Context(), t), exitMet)
}

func TestCheckHoldsTheDialGuard(t *testing.T) {
	v := startVendors(t)
	input := aiProvider("llm", "{provider: OpenAICompatible, endpoint: '"+v.ownURL+"'}")
	for name, row := range map[string]struct {
		args []string
		code int
		want string
	}{
		"plain http":                   {nil, exitUnmet, "is plain http"},
		"a loopback address":           {[]string{"--allow-http"}, exitUnmet, "dial guard does not admit"},
		"the address is let through":   {[]string{"--allow-http", "--allow-host", "127.0.0.1"}, exitMet, "Passed"},
		"its range is let through":     {[]string{"--allow-http", "--allow-cidr", "127.0.0.0/8"}, exitMet, "Passed"},
		"another range is let through": {[]string{"--allow-http", "--allow-cidr", "10.0.0.0/8"}, exitUnmet, "dial guard does not admit"},
	} {
		t.Run(name, func(t *testing.T) {
			r := command{args: append([]string{"check", "-f", "-"}, row.args...), stdin: input}.run(t.Context(), t)
			mustExit(t, r, row.code)
			mustContain(t, r.out, row.want)
		})
	}
}

func TestCheckSendsEachDistinctRequestOnce(t *testing.T) {
	v := startVendors(t)
	input := []string{secret("openai", goodKey), secret("same", goodKey), secret("other", badKey)}
	for _, name := range []string{"a", "b", "c"} {
		input = append(input, aiProvider(name, openAISpec))
	}
	input = append(input,
		aiProvider("d", "{provider: OpenAI, secretRef: {name: same}}"),
		aiProvider("e", "{provider: OpenAI, secretRef: {name: other}}"))
	r := v.check(t, documents(input...))
	mustExit(t, r, exitUnmet)
	mustContain(t, r.err, "1 of 5 not Healthy: 5 probed live")
	if got := len(v.openAI.Requests()); got != 2 {
		t.Errorf("expected one request for each of 2 keys, got %d", got)
	}
}

func TestCheckReadsFilesAndFolders(t *testing.T) {
	v := startVendors(t)
	chart := folder(t, map[string]string{
		"secret.yml":       secret("openai", goodKey),
		"chat.yaml":        aiProvider("chat", openAISpec),
		"notes.txt":        "not a manifest",
		"nested/mail.yaml": documents(secret("resend", resendKey), emailProvider("mail", "{provider: Resend, secretRef: {name: resend}, domain: mail.example.com}")),
	})

	r := v.check(t, "", "-f", chart)
	mustExit(t, r, exitMet)
	mustContain(t, r.err, "Checking 1 object", "All are Healthy: 1 probed live")

	r = v.check(t, "", "-f", chart, "-R")
	mustExit(t, r, exitMet)
	mustContain(t, r.out, "EmailProvider/mail Resend True True Passed")

	r = v.check(t, "", "-f", chart+"/chat.yaml", "-f", chart+"/secret.yml")
	mustExit(t, r, exitMet)
}

func TestCheckBuildsKustomizations(t *testing.T) {
	v := startVendors(t)
	dir := folder(t, map[string]string{
		"base/kustomization.yaml": "resources: [chat.yaml]\n",
		"base/chat.yaml":          strings.ReplaceAll(aiProvider("chat", openAISpec), ", namespace: shop", ""),
		"prod/kustomization.yaml": "namespace: prod\nnamePrefix: eu-\nresources: [../base]\n" +
			"secretGenerator: [{name: openai, literals: [apiKey=" + goodKey + "]}]\n" +
			"generatorOptions: {disableNameSuffixHash: true}\n" +
			`patches: [{target: {kind: AIProvider}, patch: '[{"op": "replace", "path": "/spec/secretRef/name", "value": "eu-openai"}]'}]`,
	})
	r := v.check(t, "", "-k", dir+"/prod")
	mustExit(t, r, exitMet)
	mustContain(t, r.out, "prod AIProvider/eu-chat OpenAI True True Passed")

	r = v.check(t, "", "-k", dir)
	mustExit(t, r, exitBadInput)
	mustContain(t, r.err, dir+": kustomize cannot build it")

	broken := folder(t, map[string]string{
		"literal/kustomization.yaml": "secretGenerator: [{name: openai, literals: [" + goodKey + "]}]\n",
		"patch/kustomization.yaml":   "patches: [{patch: '[{key: " + goodKey + "}]'}]\n",
	})
	r = v.check(t, "", "-k", broken+"/literal", "-k", broken+"/patch")
	mustExit(t, r, exitBadInput)
	mustContain(t, r.err, "/literal: kustomize cannot build it: a generator has a literal that is not of the form key=value",
		"/patch: kustomize cannot build it: trouble configuring builtin PatchTransformer: unable to parse SM or JSON patch")

	r = v.check(t, "", "-f", dir+"/base")
	mustExit(t, r, exitBadInput)
	mustContain(t, r.err, "kustomization.yaml: is a kustomization, not an object: name its folder with -k")
}

func TestCheckSaysWhichSecretsNobodyAskedFor(t *testing.T) {
	v := startVendors(t)
	c := command{
		args:  v.args("--secret", "shop/opneai/apiKey=env:KEY"),
		stdin: documents(secret("openai", goodKey), aiProvider("chat", openAISpec)), env: map[string]string{"KEY": goodKey},
	}
	r := c.run(t.Context(), t)
	mustExit(t, r, exitMet)
	mustContain(t, r.err, "no object of the input refers to --secret shop/opneai/apiKey")
}

func TestTheHintAsksForNoMoreThanIsNeeded(t *testing.T) {
	v := startVendors(t)
	r := v.check(t, emailProvider("mail", "{provider: SES, ses: {region: eu-west-1}, secretRef: {name: aws}, domain: mail.example.com}"))
	mustExit(t, r, exitUnmet)
	mustContain(t, r.out, "SecretNotFound", "--secret shop/aws/accessKeyID=env:VARIABLE \\ --secret shop/aws/secretAccessKey=env:VARIABLE")
	if strings.Contains(r.out, "sessionToken") {
		t.Errorf("expected nothing to ask for what is optional:\n%s", r.out)
	}
}
