// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"
)

func TestBadInputIsNamed(t *testing.T) {
	for name, row := range map[string]struct {
		input string
		want  []string
	}{
		"nothing": {"", []string{"nothing to check: the input holds no objects"}},
		"no Mainstay object": {
			secret("openai", goodKey),
			[]string{"nothing to check: found 1 object, and none is of a Mainstay kind (AIProvider, EmailProvider, PublicAPI, StripeAccount, WebhookEndpoint, AuthProvider, AccessCheck, DependencySet in mainstay.dev/v1alpha1)"},
		},
		"broken YAML, with the line of the file": {
			documents(secret("openai", goodKey), "kind: AIProvider\nspec: {provider: OpenAI\n"),
			[]string{"stdin:7: document 2: cannot be read: line 8:"},
		},
		"a field twice":           {"kind: AIProvider\nspec: {provider: OpenAI, provider: None}", []string{`key "provider" already set`}},
		"a field twice, in JSON":  {`{"kind": "A", "kind": "B"}`, []string{`duplicate field "kind"`}},
		"a template":              {"kind: {{ .Values.kind }}\nspec: [", []string{"this looks like a template"}},
		"no object":               {"- a\n- b", []string{"stdin:1: document 1: is no Kubernetes object", "found a list"}},
		"no kind":                 {"apiVersion: v1", []string{"kind is missing"}},
		"an unknown kind of ours": {"apiVersion: mainstay.dev/v1alpha1\nkind: AIProvidr\nmetadata: {name: a}", []string{"kind: found \"AIProvidr\", known are AIProvider, AccessCheck, AuthProvider, DependencySet, EmailProvider", "; did you mean AIProvider?"}},
		"an unknown version": {
			strings.ReplaceAll(aiProvider("chat", openAISpec), "v1alpha1", "v9"),
			[]string{`AIProvider shop/chat: apiVersion: found "mainstay.dev/v9", allowed is "mainstay.dev/v1alpha1"`},
		},
		"the same object twice": {
			documents(aiProvider("chat", openAISpec), aiProvider("chat", openAISpec)),
			[]string{"stdin:7: document 2: AIProvider shop/chat: is declared twice; the first time at stdin:1: document 1"},
		},
		"an unknown provider":        {aiProvider("chat", "{provider: OpenAi, secretRef: {name: a}}"), []string{`spec.provider: found "OpenAi", allowed are "None", "OpenAI", "Anthropic", "AzureOpenAI", "Bedrock", "Gemini", "Mistral", "Groq", "Cohere", "OpenRouter", "OpenAICompatible"; did you mean OpenAI?`}},
		"a pattern is shown whole":   {aiProvider("chat", "{provider: OpenAI, secretRef: {name: a}, models: ['gpt 4o']}"), []string{"Error: 1 problem", "spec.models[0]: should match '^[A-Za-z0-9", `$', found "gpt 4o"`}},
		"one mistake is one problem": {aiProvider("chat", "{provider: OpenAI, secretRef: {name: a}, models: gpt-4o}"), []string{"Error: 1 problem", "(further rules were not checked: they need this to be right)"}},
		"a key of no token": {
			"apiVersion: mainstay.dev/v1alpha1\nkind: AccessCheck\nmetadata: {name: roles}\nspec: {provider: HTTP, endpoint: 'https://a.example.com', secretRef: {name: a}, " +
				"expectations: [{name: x, expect: Deny, http: {path: /v1/me}}]}",
			[]string{"spec.expectations[0].http.tokenKey is required: name the key of the Secret that holds the token"},
		},
		"an unknown field":       {aiProvider("chat", "{provider: None, modles: [a]}"), []string{"spec.modles: unknown field, did you mean models?"}},
		"an unknown inner field": {aiProvider("chat", "{provider: OpenAI, secretRef: {name: a, foo: b}}"), []string{"spec.secretRef.foo: unknown field, known are key, name"}},
		"an unknown metadata":    {strings.ReplaceAll(aiProvider("chat", openAISpec), "name: chat", "name: chat, lables: {}"), []string{"metadata.lables: unknown field"}},
		"an unknown top field":   {aiProvider("chat", openAISpec) + "spek: {}", []string{"spek: unknown field, did you mean spec?"}},
		"the wrong type":         {aiProvider("chat", "{provider: OpenAI, secretRef: openai}"), []string{"spec.secretRef: must be of type object, found string"}},
		"a number out of range":  {aiProvider("chat", "{periodSeconds: 5}"), []string{"spec.periodSeconds: should be greater than or equal to 10, found 5"}},
		"part of a second":       {aiProvider("chat", "{periodSeconds: 60.5}"), []string{"Error: 1 problem", "spec.periodSeconds: must be of type int32, found float64"}},
		"a label that is a number": {
			strings.ReplaceAll(aiProvider("chat", "{models: gpt-4o}"), "name: chat", "name: chat, labels: {a: 1}"),
			[]string{"metadata.labels: holds a number where a string belongs", "spec.models: must be of type array, found string"},
		},
		"metadata that is a number":      {"apiVersion: mainstay.dev/v1alpha1\nkind: AIProvider\nmetadata: 5", []string{"metadata: must be of type object, found integer"}},
		"a time that is none":            {strings.ReplaceAll(aiProvider("chat", "{}"), "name: chat", "name: chat, creationTimestamp: now"), []string{"metadata: cannot be read: parsing time"}},
		"a missing inner field":          {aiProvider("chat", "{provider: OpenAI, secretRef: {key: a}}"), []string{"spec.secretRef.name: is required"}},
		"a bad inner name":               {aiProvider("chat", "{provider: OpenAI, secretRef: {name: Open_AI}}"), []string{"spec.secretRef.name: should match", `found "Open_AI"`}},
		"a bad name":                     {aiProvider("Chat", openAISpec), []string{"metadata.name", "Chat"}},
		"no name":                        {"apiVersion: mainstay.dev/v1alpha1\nkind: AIProvider", []string{"stdin:1: document 1: AIProvider: metadata.name"}},
		"the same model twice":           {aiProvider("chat", "{provider: OpenAI, secretRef: {name: a}, models: [gpt-4o, gpt-4o]}"), []string{`spec.models[1]: Duplicate value: "gpt-4o"`}},
		"no Secret named":                {aiProvider("chat", "{provider: OpenAI}"), []string{"spec.secretRef is required for provider OpenAI"}},
		"no Secret named, email":         {emailProvider("mail", "{provider: Resend}"), []string{"spec.secretRef is required for provider Resend"}},
		"no mail server":                 {emailProvider("mail", "{provider: SMTP}"), []string{"spec.smtp is required for provider SMTP", "smtp: {host: smtp.example.com}"}},
		"a mail server for another":      {emailProvider("mail", "{provider: Resend, secretRef: {name: a}, smtp: {host: a.test}}"), []string{"spec.smtp applies to provider SMTP alone, found provider Resend"}},
		"a mail server with its port":    {emailProvider("mail", "{provider: SMTP, smtp: {host: 'a.test:587'}}"), []string{"spec.smtp.host must be a DNS name or an IP address", "without a port, found a.test:587"}},
		"an endpoint for a mail server":  {emailProvider("mail", "{provider: SMTP, smtp: {host: a.test}, endpoint: 'https://a.test'}"), []string{"spec.endpoint does not apply to provider SMTP"}},
		"a key for a mail server":        {emailProvider("mail", "{provider: SMTP, smtp: {host: a.test}, secretRef: {name: a, key: b}}"), []string{"spec.secretRef.key does not apply to provider SMTP"}},
		"an unknown way to begin TLS":    {emailProvider("mail", "{provider: SMTP, smtp: {host: a.test, tls: SSL}}"), []string{`spec.smtp.tls: found "SSL", allowed are "STARTTLS", "Implicit", "None"`}},
		"no endpoint":                    {aiProvider("chat", "{provider: OpenAICompatible}"), []string{"spec.endpoint is required for provider OpenAICompatible"}},
		"no resource in Azure":           {aiProvider("chat", "{provider: AzureOpenAI, secretRef: {name: a}}"), []string{"provider AzureOpenAI needs to know where"}},
		"two places in Azure":            {aiProvider("chat", "{provider: AzureOpenAI, secretRef: {name: a}, azureOpenAI: {resource: shop}, endpoint: 'https://a.example.com'}"), []string{"remove one of them"}},
		"a resource elsewhere":           {aiProvider("chat", "{provider: OpenAI, secretRef: {name: a}, azureOpenAI: {resource: shop}}"), []string{"spec.azureOpenAI applies to provider AzureOpenAI alone"}},
		"a resource that is a host":      {aiProvider("chat", "{provider: AzureOpenAI, secretRef: {name: a}, azureOpenAI: {resource: shop.openai.azure.com}}"), []string{"spec.azureOpenAI.resource: should match"}},
		"no region of AWS":               {aiProvider("chat", "{provider: Bedrock, secretRef: {name: a}}"), []string{"spec.bedrock.region is required for provider Bedrock"}},
		"no access key of AWS":           {aiProvider("chat", "{provider: Bedrock, bedrock: {region: us-east-1}}"), []string{"spec.secretRef is required for provider Bedrock: name the Secret that holds its access key"}},
		"a region elsewhere":             {aiProvider("chat", "{provider: OpenAI, secretRef: {name: a}, bedrock: {region: us-east-1}}"), []string{"spec.bedrock applies to provider Bedrock alone"}},
		"a region that is none":          {aiProvider("chat", "{provider: Bedrock, secretRef: {name: a}, bedrock: {region: Frankfurt}}"), []string{"spec.bedrock.region: should match"}},
		"one key where several are read": {aiProvider("chat", "{provider: Bedrock, secretRef: {name: a, key: b}, bedrock: {region: us-east-1}}"), []string{"spec.secretRef.key does not apply to provider Bedrock"}},
		"an endpoint for nothing":        {aiProvider("chat", "{endpoint: 'https://a.example.com/v1'}"), []string{"spec.endpoint does not apply to provider None"}},
		"an endpoint for nothing, email": {emailProvider("mail", "{endpoint: 'https://a.example.com/v1'}"), []string{"spec.endpoint does not apply to provider None"}},
		"a region for another vendor":    {emailProvider("mail", "{provider: Resend, secretRef: {name: a}, mailgun: {region: EU}}"), []string{"spec.mailgun applies to provider Mailgun alone, found provider Resend"}},
		"a region that is none, email":   {emailProvider("mail", "{provider: Mailgun, secretRef: {name: a}, mailgun: {region: Asia}}"), []string{`spec.mailgun.region`, `found "Asia"`}},
		"selectors of a mail server":     {emailProvider("mail", "{provider: SMTP, smtp: {host: a.test}, domain: a.test, dkimSelectors: [s1]}"), []string{"spec.dkimSelectors does not apply to provider SMTP", "spec.smtp.dkimSelectors"}},
		"selectors of no domain":         {emailProvider("mail", "{provider: Resend, secretRef: {name: a}, dkimSelectors: [s1]}"), []string{"spec.domain is required with spec.dkimSelectors"}},
		"a search for a sink that is meant": {
			emailProvider("mail", "{provider: SMTP, smtp: {host: a.test, sink: Accept, sinkTest: {}}}"), []string{"spec.smtp.sinkTest looks for what spec.smtp.sink accepts"},
		},
		"logins that fail all the time": {emailProvider("mail", "{provider: SMTP, smtp: {host: a.test, sinkTest: {periodSeconds: 60}}}"), []string{"spec.smtp.sinkTest.periodSeconds"}},
		"SES without a region":          {emailProvider("mail", "{provider: SES, secretRef: {name: a}}"), []string{"spec.ses.region is required for provider SES"}},
		"SES without an access key":     {emailProvider("mail", "{provider: SES, ses: {region: eu-west-1}}"), []string{"name the Secret that holds its access key"}},
		"SES with a key of one value":   {emailProvider("mail", "{provider: SES, ses: {region: eu-west-1}, secretRef: {name: a, key: b}}"), []string{"spec.secretRef.key does not apply to provider SES, which reads the keys accessKeyID"}},
		"a region of SES that is none":  {emailProvider("mail", "{provider: SES, ses: {region: Ireland}, secretRef: {name: a}}"), []string{"spec.ses.region", `found "Ireland"`}},
		"a region for another than SES": {emailProvider("mail", "{provider: Resend, ses: {region: eu-west-1}, secretRef: {name: a}}"), []string{"spec.ses applies to provider SES alone, found provider Resend"}},
		"a test email of nobody":        {emailProvider("mail", "{testEmail: {from: a@example.com}}"), []string{"spec.testEmail does not apply to provider None"}},
		"a test email without a sender": {emailProvider("mail", "{provider: Resend, secretRef: {name: a}, testEmail: {}}"), []string{"spec.testEmail needs a sender"}},
		"a sender that is no address":   {emailProvider("mail", "{provider: Resend, secretRef: {name: a}, testEmail: {from: shop}}"), []string{"spec.testEmail.from"}},
		"test emails all the time":      {emailProvider("mail", "{provider: Resend, secretRef: {name: a}, domain: a.example.com, testEmail: {periodSeconds: 60}}"), []string{"spec.testEmail.periodSeconds"}},
		"a timeout above the period":    {aiProvider("chat", "{timeoutSeconds: 30, periodSeconds: 20}"), []string{"spec.timeoutSeconds must not be greater than spec.periodSeconds"}},
		"an endpoint that is no URL":    {aiProvider("chat", "{provider: OpenAICompatible, endpoint: 'llm:8000'}"), []string{"spec.endpoint must be an absolute http or https URL", "found llm:8000"}},
		"a credential in the endpoint": {
			aiProvider("chat", "{provider: OpenAICompatible, endpoint: 'https://user:"+goodKey+"@llm/v1?key="+goodKey+"'}"),
			[]string{"spec.endpoint must not carry a user, a query or a fragment"},
		},
		"a credential in what is no endpoint": {
			aiProvider("chat", "{provider: OpenAICompatible, endpoint: 'ftp://user:"+goodKey+"@llm/v1?key="+goodKey+"'}"),
			[]string{"spec.endpoint must be an absolute http or https URL"},
		},
		"a Secret that is not base64": {
			documents("apiVersion: v1\nkind: Secret\nmetadata: {name: openai}\ndata: {apiKey: "+goodKey+"}", aiProvider("chat", openAISpec)),
			[]string{"stdin:1: document 1: Secret default/openai: data.apiKey: is not base64"},
		},
		"a Secret with a number": {
			documents("apiVersion: v1\nkind: Secret\nmetadata: {name: openai}\nstringData: {apiKey: 12345}", aiProvider("chat", openAISpec)),
			[]string{"stringData.apiKey: expected text, found a number: put the value in quotes"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := command{args: []string{"check", "-f", "-"}, stdin: row.input}.run(t.Context(), t)
			mustExit(t, r, exitBadInput)
			mustContain(t, r.err, row.want...)
			if r.out != "" {
				t.Errorf("expected nothing on standard output, got:\n%s", r.out)
			}
		})
	}
}

func TestAllProblemsAreReportedAtOnce(t *testing.T) {
	dir := folder(t, map[string]string{
		"a.yaml": documents(aiProvider("one", "{provider: Nope, periodSeconds: 1, foo: bar}"), "kind: ["),
		"b.yaml": emailProvider("two", "{provider: Resend, timeoutSeconds: 100}"),
	})
	r := mainstay(t, "check", "-f", dir, "-f", dir+"/missing.yaml")
	mustExit(t, r, exitBadInput)
	mustContain(t, r.err,
		"Error: 7 problems with the input:",
		"a.yaml:1: document 1: AIProvider shop/one: spec.foo: unknown field",
		"a.yaml:1: document 1: AIProvider shop/one: spec.provider: found \"Nope\"",
		"a.yaml:1: document 1: AIProvider shop/one: spec.periodSeconds: should be greater than or equal to 10, found 1",
		"further rules were not checked",
		"a.yaml:7: document 2: cannot be read",
		"b.yaml:1: document 1: EmailProvider shop/two: spec.secretRef is required",
		"b.yaml:1: document 1: EmailProvider shop/two: spec.timeoutSeconds must not be greater",
		"missing.yaml: no such file or directory",
	)
}

func TestBadUsageIsBadInput(t *testing.T) {
	for name, row := range map[string]struct {
		args []string
		want string
	}{
		"no manifest":                  {[]string{"check"}, "nothing to check: name manifests with -f or a kustomization with -k"},
		"a file without a flag":        {[]string{"check", "-f", "a.yaml", "b.yaml"}, `kubectl mainstay check takes no arguments, found "b.yaml"`},
		"an unknown flag":              {[]string{"check", "--nope"}, "unknown flag: --nope"},
		"an unknown command":           {[]string{"chek"}, `unknown command "chek": did you mean check?`},
		"a command unlike all":         {[]string{"frobnicate"}, "See 'kubectl mainstay --help'"},
		"a word for status":            {[]string{"status", "chat"}, `kubectl mainstay status takes no arguments, found "chat": for one object ask 'kubectl mainstay why chat'`},
		"a word for version":           {[]string{"version", "x"}, `kubectl mainstay version takes no arguments, found "x"`},
		"two reasons":                  {[]string{"reasons", "A", "B"}, `kubectl mainstay reasons takes one name, found "A" and "B"`},
		"nothing to probe":             {[]string{"probe"}, "kubectl mainstay probe: name an object as KIND/NAME, such as emailprovider/transactional: 'kubectl mainstay status' lists them"},
		"nothing to suspend":           {[]string{"suspend", "-n", "shop"}, "kubectl mainstay suspend: name an object"},
		"two objects to probe":         {[]string{"probe", "ai", "a", "b"}, "takes one object, found aiprovider/a and aiprovider/b"},
		"nothing on standard input":    {[]string{"check", "-f", "-"}, "nothing to check: the input holds no objects"},
		"no cluster":                   {[]string{"status", "--server", "127.0.0.1:1"}, "the cluster does not answer: is it up, and the one that you mean (KUBECONFIG, --kubeconfig, --context)?"},
		"an unknown format":            {[]string{"check", "-f", "-", "-o", "xml"}, `--output: expected table, json, yaml or junit, found "xml"`},
		"an unknown requirement":       {[]string{"check", "-f", "-", "--require", "Green"}, `--require: expected Healthy or Ready, found "Green"`},
		"no range":                     {[]string{"check", "-f", "-", "--allow-cidr", "10.0.0.1"}, `--allow-cidr: expected a range such as 10.20.0.0/16, found "10.0.0.1"`},
		"no range to deny":             {[]string{"check", "-f", "-", "--deny-cidr", "::ffff:10.0.0.0/104"}, `--deny-cidr: write the range "::ffff:10.0.0.0/104" as one of IPv4`},
		"no host":                      {[]string{"check", "-f", "-", "--allow-host", "http://a"}, "--allow-host: expected host[:port]"},
		"an unknown provider":          {[]string{"check", "-f", "-", "--endpoint", "Nope=https://a"}, "--endpoint: expected PROVIDER=URL"},
		"standard input twice":         {[]string{"check", "-f", "-", "-f", "-"}, "stdin: can be read only once"},
		"an empty folder":              {[]string{"check", "-f", t.TempDir()}, "holds no .yaml, .yml or .json file"},
		"a Secret without a variable":  {[]string{"check", "-f", "-", "--secret", "shop/openai/apiKey=env:UNSET"}, "--secret shop/openai/apiKey: the environment variable that it names is not set"},
		"a Secret on the command line": {[]string{"check", "-f", "-", "--secret", "shop/openai/apiKey=" + goodKey}, "a value is never taken from the command line"},
		"a Secret and nothing else":    {[]string{"check", "-f", "-", "--secret", goodKey}, "--secret number 1: expected NAMESPACE/NAME/KEY=env:VARIABLE"},
		"a value in place of its name": {[]string{"check", "-f", "-", "--secret", "shop/openai/apiKey=env:" + goodKey}, "is not set"},
		"an unknown reason":            {[]string{"reasons", "InvalidAPIKeys"}, "did you mean InvalidAPIKey?"},
		"a reason far from all":        {[]string{"reasons", "xyzzy"}, "'kubectl mainstay reasons' lists them all"},
		"an unknown format of reasons": {[]string{"reasons", "-o", "yaml"}, "--output: expected table or json"},
	} {
		t.Run(name, func(t *testing.T) {
			r := mainstay(t, row.args...)
			mustExit(t, r, exitBadInput)
			mustContain(t, r.err, row.want)
			if r.out != "" {
				t.Errorf("expected nothing on standard output, got:\n%s", r.out)
			}
		})
	}
}
