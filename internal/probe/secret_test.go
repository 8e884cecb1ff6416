// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"unsafe"

	"mainstay.dev/mainstay/internal/probe"
)

// canary is a value that must turn up nowhere.
const canary = "canary-7f3a9c51e2"

// shows says whether a text shows the canary, as it is or in hexadecimal digits.
func shows(text string) bool {
	low := strings.ToLower(text)
	return strings.Contains(low, canary) || strings.Contains(low, hex.EncodeToString([]byte(canary)))
}

type exported struct{ Key probe.Secret }

type unexported struct{ key probe.Secret }

type nested struct {
	Map   map[string]probe.Secret
	Slice []probe.Secret
	Any   any
	inner *unexported
}

// holders are the ways in which a Secret may end up in what is printed.
func holders() map[string]any {
	secret := probe.NewSecret(canary)
	return map[string]any{
		"the secret":                       secret,
		"a pointer to it":                  &secret,
		"a struct with an exported field":  exported{secret},
		"a struct with a hidden field":     unexported{secret},
		"a pointer to a struct with it":    &unexported{secret},
		"a struct of structs with it":      nested{map[string]probe.Secret{"k": secret}, []probe.Secret{secret}, secret, &unexported{secret}},
		"a slice of it":                    []any{secret, &secret},
		"a map with it":                    map[string]any{"k": secret},
		"a target":                         probe.Target{Kind: "AIProvider", Credential: secret},
		"a request":                        probe.Request{URL: "https://x.test", Auth: probe.Bearer, Credential: secret},
		"an error made with it":            fmt.Errorf("key %v, %s, %q: %w", secret, secret, secret, errors.New("refused")),
		"its fingerprint, which is no key": secret.Fingerprint(),
	}
}

func TestASecretShowsNothingWhenPrinted(t *testing.T) {
	for name, holder := range holders() {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%#x", "% x", "%d", "%t", "%T", "%10.3s", "%w"} {
			if text := fmt.Sprintf(verb, holder); shows(text) {
				t.Errorf("%s shows itself with %s: %s", name, verb, text)
			}
		}
	}
}

func TestASecretShowsNothingWhenEncoded(t *testing.T) {
	for name, holder := range holders() {
		encoded, err := json.Marshal(holder)
		if err != nil && !strings.Contains(err.Error(), "unsupported type") {
			t.Errorf("%s: %v", name, err)
		}
		if shows(string(encoded)) {
			t.Errorf("%s shows itself in JSON: %s", name, encoded)
		}
		if encoded, _ := xml.Marshal(holder); shows(string(encoded)) { // Maps have no XML.
			t.Errorf("%s shows itself in XML: %s", name, encoded)
		}
	}
}

func TestASecretShowsNothingInLogs(t *testing.T) {
	var out bytes.Buffer
	loggers := map[string]*slog.Logger{
		"text": slog.New(slog.NewTextHandler(&out, nil)),
		"json": slog.New(slog.NewJSONHandler(&out, nil)),
	}
	for format, logger := range loggers {
		for name, holder := range holders() {
			out.Reset()
			logger.With("with", holder).WithGroup("group").Info("probing", "target", holder, slog.Any("any", holder))
			if out.Len() == 0 || shows(out.String()) {
				t.Errorf("%s shows itself in a %s log: %s", name, format, out.String())
			}
		}
	}
}

func TestASecretSaysThatItIsRedacted(t *testing.T) {
	secret := probe.NewSecret(canary)
	encoded, err := json.Marshal(exported{secret})
	if err != nil {
		t.Fatal(err)
	}
	for _, shown := range []string{
		fmt.Sprint(secret), fmt.Sprintf("%#v", secret), fmt.Sprintf("%x", secret), fmt.Sprint(secret.MarshalLog()), string(encoded),
	} {
		if !strings.Contains(shown, probe.Redacted) {
			t.Errorf("got %s, want it to say %s", shown, probe.Redacted)
		}
	}
}

func TestARevealedSecretIsTheValue(t *testing.T) {
	var zero probe.Secret
	if !zero.IsZero() || zero.Reveal() != "" || !probe.NewSecret("").IsZero() {
		t.Error("a secret without a value is not zero")
	}
	if secret := probe.NewSecret(canary); secret.IsZero() || secret.Reveal() != canary {
		t.Error("a secret with a value does not reveal it")
	}
}

func TestFingerprintsAreEqualForEqualValues(t *testing.T) {
	one, same, other := probe.NewSecret(canary), probe.NewSecret(canary), probe.NewSecret(canary+"x")
	if one.Fingerprint() != same.Fingerprint() {
		t.Error("two secrets of one value differ")
	}
	if one.Fingerprint() == other.Fingerprint() || one.Fingerprint() == (probe.Secret{}).Fingerprint() {
		t.Error("two secrets of different values do not differ")
	}
	if (probe.Secret{}).Fingerprint() == (probe.Fingerprint{}) {
		t.Error("no credential has the fingerprint that stands for none accepted")
	}
}

func TestATextThatRepeatsASecretIsRecognised(t *testing.T) {
	secret := probe.NewSecret(canary)
	cases := map[string]struct {
		secret probe.Secret
		text   string
		want   bool
	}{
		"the value itself":         {secret, canary, true},
		"the value inside a text":  {secret, "key/" + canary, true},
		"most of the value":        {secret, canary[:12], true},
		"a few characters of it":   {secret, canary[:7], false},
		"another text":             {secret, "api.model.read", false},
		"no text":                  {secret, "", false},
		"no value and some text":   {probe.Secret{}, "api.model.read", false},
		"no value and no text":     {probe.Secret{}, "", false},
		"a short value and itself": {probe.NewSecret("abc"), "abc", true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := c.secret.ShownBy(c.text); got != c.want {
				t.Errorf("got %t, want %t", got, c.want)
			}
		})
	}
}

func TestTheShapeOfACredential(t *testing.T) {
	const good = ""
	cases := map[string]struct {
		value string
		// issued and own are what is wrong with it as a vendor's key, and as a key of the user's own server.
		issued, own string
	}{
		"a key of OpenAI":                     {"sk-proj-Ab3dEf6hIj9kLm2nOp5qRs8tUv1wXy4z", good, good},
		"a key of Anthropic":                  {"sk-ant-api03-Ab3dEf6hIj9kLm2nOp5qRs8tUv1wXy4z-AA", good, good},
		"a key of Resend":                     {"re_Ab3dEf6h_Ij9kLm2nOp5qRs8tUv1wXy4z", good, good},
		"a key with a run of x inside":        {"sk-Ab3dxxxxxxxxxf6hIj9kLm2nOp5q", good, good},
		"a key that ends in a filler word":    {"sk-Ab3dEf6hIj9kLm2nOp5qtest", good, good},
		"a key with signs of base64":          {"Ab3+/dEf6hIj9k==", good, good},
		"nothing":                             {"", "SecretKeyEmpty", "SecretKeyEmpty"},
		"a line break alone":                  {"\n", "SecretKeyEmpty", "SecretKeyEmpty"},
		"blanks alone":                        {" \t ", "SecretKeyEmpty", "SecretKeyEmpty"},
		"changeme":                            {"changeme", "PlaceholderCredential", good},
		"CHANGE_ME":                           {"CHANGE_ME", "PlaceholderCredential", good},
		"changeme with a line break":          {"changeme\n", "PlaceholderCredential", "CredentialHasLineBreak"},
		"your-api-key":                        {"your-api-key", "PlaceholderCredential", good},
		"your_api_key_here":                   {"your_api_key_here", "PlaceholderCredential", good},
		"sk-your-api-key":                     {"sk-your-api-key", "PlaceholderCredential", good},
		"sk-xxx":                              {"sk-xxx", "PlaceholderCredential", good},
		"sk-xxxxxxxx":                         {"sk-xxxxxxxx", "PlaceholderCredential", good},
		"sk-proj-XXXXXXXXXXXX":                {"sk-proj-XXXXXXXXXXXX", "PlaceholderCredential", good},
		"re_xxxxxxxxx":                        {"re_xxxxxxxxx", "PlaceholderCredential", good},
		"sk-ant-api03-xxxx":                   {"sk-ant-api03-xxxx", "PlaceholderCredential", good},
		"sk-...":                              {"sk-...", "PlaceholderCredential", good},
		"sk-…":                                {"sk-…", "PlaceholderCredential", "CredentialMalformed"},
		"stars":                               {"********", "PlaceholderCredential", good},
		"zeros":                               {"re_00000000", "PlaceholderCredential", good},
		"the test token of Postmark":          {"POSTMARK_API_TEST", "PlaceholderCredential", good},
		"<your-key>":                          {"<your-key>", "PlaceholderCredential", good},
		"<your key>":                          {"<your key>", "PlaceholderCredential", "CredentialHasWhitespace"},
		"${KEY}":                              {"${KEY}", "PlaceholderCredential", good},
		"$(KEY)":                              {"$(KEY)", "PlaceholderCredential", good},
		"{{ .Values.key }}":                   {"{{ .Values.key }}", "PlaceholderCredential", "CredentialHasWhitespace"},
		"{{.Values.key}}":                     {"{{.Values.key}}", "PlaceholderCredential", good},
		"a key with a line break at its end":  {"sk-Ab3dEf6hIj9k\n", "CredentialHasLineBreak", "CredentialHasLineBreak"},
		"a key with CRLF at its end":          {"sk-Ab3dEf6hIj9k\r\n", "CredentialHasLineBreak", "CredentialHasLineBreak"},
		"a key with a carriage return":        {"sk-Ab3dEf6hIj9k\r", "CredentialHasLineBreak", "CredentialHasLineBreak"},
		"a key with a line break at the head": {"\nsk-Ab3dEf6hIj9k", "CredentialHasLineBreak", "CredentialHasLineBreak"},
		"two lines":                           {"sk-Ab3dEf6hIj9k\nsk-Ab3dEf6hIj9l", "CredentialHasLineBreak", "CredentialHasLineBreak"},
		"a key with a blank inside":           {"sk-Ab3d Ef6hIj9k", "CredentialHasWhitespace", "CredentialHasWhitespace"},
		"a key with a blank at its end":       {"sk-Ab3dEf6hIj9k ", "CredentialHasWhitespace", "CredentialHasWhitespace"},
		"a key with a tab":                    {"sk-Ab3d\tEf6hIj9k", "CredentialHasWhitespace", "CredentialHasWhitespace"},
		"a key with a scheme before it":       {"Bearer sk-Ab3dEf6hIj9k", "CredentialHasWhitespace", "CredentialHasWhitespace"},
		"a key with letters that are no ASCII": {
			"sk-Ab3dÉf6hIj9k", "CredentialMalformed", "CredentialMalformed",
		},
		"a key with a no-break space":      {"sk-Ab3d\u00a0f6hIj9k", "CredentialMalformed", "CredentialMalformed"},
		"a key with a zero byte":           {"sk-Ab3d\x00f6hIj9k", "CredentialMalformed", "CredentialMalformed"},
		"a key after a byte order mark":    {"\ufeffsk-Ab3dEf6hIj9k", "CredentialMalformed", "CredentialMalformed"},
		"bytes that are no text":           {"\xff\xfe\x01", "CredentialMalformed", "CredentialMalformed"},
		"a key with a delete character":    {"sk-Ab3d\x7ff6hIj9k", "CredentialMalformed", "CredentialMalformed"},
		"a key in typographical quotation": {"“sk-Ab3dEf6hIj9k”", "CredentialMalformed", "CredentialMalformed"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			for issued, want := range map[bool]string{true: c.issued, false: c.own} {
				symptom, bad := probe.NewSecret(c.value).Shape(issued)
				if symptom.String() != want || bad != (want != good) {
					t.Errorf("issued by the vendor %t: got %q, want %q", issued, symptom, want)
				}
			}
		})
	}
}

// TestCredentialsOfOneValueHoldItOnce reads one Secret for two objects.
func TestCredentialsOfOneValueHoldItOnce(t *testing.T) {
	read := func() probe.Secret {
		return probe.NewSecretOf(map[string]string{"token": strings.Clone("a-token-that-is-long"), "other": strings.Clone("x")})
	}
	one, again := read(), read()
	if a, b := one.Part("token"), again.Part("token"); a != "a-token-that-is-long" || unsafe.StringData(a) != unsafe.StringData(b) {
		t.Errorf("expected one value in one place, found %q and %q", a, b)
	}
}
