// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"bytes"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// Rule is one dated fact about what an answer of a provider means. All fields that are set must match;
// of several rules the first that matches decides.
type Rule struct {
	// Status is the HTTP status; 0 stands for any below 500.
	Status int
	// Code is one of the words in the places where providers put codes: code, type, name, status, reason,
	// ErrorCode; and __type and the header X-Amzn-Errortype of AWS.
	Code string
	// Message is a part of the provider's message, in lower case. The names of quotas that the errors of
	// Google's APIs have in a place of their own count as parts of it.
	Message string
	// Waits says that the answer has a Retry-After.
	Waits bool

	// Means is the symptom. Its stage says how far the answer got: the stages before are proven by it, but for those of
	// stage Working, which prove no more than Reachable.
	Means Symptom
	// Unprovable says that the credential cannot show the stage of the symptom, rather than that the
	// stage failed.
	Unprovable bool
	// Undecided says that the answer leaves the stage of the symptom open, since it may mean two things.
	Undecided bool
	// Edge says that the answer comes from before the API, so that nobody has looked at the credential.
	Edge bool
	// Args finds arguments in the message: the first group of each match, split at commas, as far as
	// Token admits it.
	Args *regexp.Regexp

	// Source is where the fact comes from, and Verified the month in which that was looked up.
	Source, Verified string
}

// Reading is what an answer means. The zero Reading is a good answer.
type Reading struct {
	Symptom    Symptom
	Args       []string
	Unprovable bool
	Undecided  bool
	// Edge says that it comes from before the API, and tells nothing of the credential.
	Edge bool
}

// Good says whether nothing is wrong with the answer.
func (r Reading) Good() bool { return r.Symptom == Symptom{} }

// Classify reads an answer: first the fault of the way there, then what Cloudflare says for itself, then what the rules
// know of the provider's status, code and message, and only then the status alone. Of a 5xx status none but a rule that
// names it knows anything.
func Classify(a Answer, rules []Rule) Reading {
	reading := classify(a, rules)
	if a.Anonymous && (reading.Symptom == KeyRejected || reading.Symptom == Forbidden) {
		return Reading{Symptom: CredentialRequired}
	}
	return reading
}

func classify(a Answer, rules []Rule) Reading {
	if a.Fault != (Symptom{}) {
		return Reading{Symptom: a.Fault, Args: a.FaultArgs}
	}
	if a.Status >= 500 {
		if reading, known := decide(a, readError(a.Body), rules); known {
			return reading
		}
		return Reading{Symptom: ServerError}
	}
	good := isGood(a.Status)
	if good && !mentionsError(a.Body) {
		return readGood(a, json.Valid(a.Body))
	}
	said := readError(a.Body)
	if said.cloudflare && a.Status != http.StatusTooManyRequests {
		return Reading{Symptom: UnexpectedAnswer, Edge: true}
	}
	if code := awsCode(a.first(awsErrorType)); code != "" {
		said.codes = append(said.codes, code)
	}
	if !good {
		said.readChallenge(a.first("Www-Authenticate"))
		if code := a.PostgRESTCode(); code != "" {
			said.codes = append(said.codes, code)
		}
	}
	if !good || said.present {
		if reading, known := decide(a, said, rules); known {
			return reading
		}
	}
	if good {
		return readGood(a, !said.present && (said.isObject || json.Valid(a.Body)))
	}
	return Reading{Symptom: byStatus(a)}
}

// decide reads an answer by the first rule that matches; false where none does.
func decide(a Answer, said errorBody, rules []Rule) (Reading, bool) {
	for _, rule := range rules {
		if rule.matches(a, said) {
			return Reading{
				Symptom: rule.Means, Args: rule.args(said),
				Unprovable: rule.Unprovable, Undecided: rule.Undecided, Edge: rule.Edge,
			}, true
		}
	}
	return Reading{}, false
}

// mentionsError says whether a good answer may have an error in it. Almost none has, and to look for the word costs
// a fraction of decoding a listing for it. The decoder takes the name of a member in any case.
func mentionsError(body []byte) bool {
	return bytes.Contains(body, []byte(`"error`)) || bytes.Contains(body, []byte(`"Error`)) || bytes.Contains(body, []byte(`"ERROR`))
}

// readGood reads an answer of a good status, given whether its body is JSON without an error in it.
func readGood(a Answer, sound bool) Reading {
	if a.Status == http.StatusNoContent || sound && !a.Endless {
		return Reading{}
	}
	return Reading{Symptom: UnexpectedAnswer}
}

func isGood(status int) bool { return status >= 200 && status < 300 }

// byStatus is the common reading of HTTP, for where the provider's own words are not known. A page of
// HTML comes from something in front of the API and says nothing about the credential. The same holds
// for a body that was cut off, and for a 403 in plain text, as firewalls and service meshes say it.
func byStatus(a Answer) Symptom {
	switch {
	case a.Status == http.StatusTooManyRequests:
		return RateLimited
	case a.Status == http.StatusProxyAuthRequired:
		return ProxyFailed
	case a.Endless || isMarkup(a.Body) || isBrokenJSON(a.Body):
		return UnexpectedAnswer
	case a.Status == http.StatusUnauthorized:
		return KeyRejected
	case a.Status == http.StatusPaymentRequired:
		return QuotaExhausted
	case a.Status == http.StatusForbidden && json.Valid(a.Body):
		return Forbidden
	case a.Status == http.StatusNotFound, a.Status == http.StatusMethodNotAllowed:
		return PathNotFound
	}
	return UnexpectedAnswer
}

func isMarkup(body []byte) bool {
	body = bytes.TrimPrefix(body, []byte("\ufeff")) // a byte order mark
	return bytes.HasPrefix(bytes.TrimSpace(body), []byte("<"))
}

func isBrokenJSON(body []byte) bool {
	body = bytes.TrimSpace(body)
	return bytes.HasPrefix(body, []byte("{")) && !json.Valid(body)
}

func (r Rule) matches(a Answer, said errorBody) bool {
	return (r.Status == a.Status || r.Status == 0 && a.Status < 500) && (!r.Waits || a.first("Retry-After") != "") &&
		(r.Code == "" || slices.Contains(said.codes, r.Code)) &&
		(r.Message == "" || strings.Contains(strings.ToLower(said.message), r.Message))
}

// maxArgs is how many arguments one finding takes up from a message.
const maxArgs = 8

// args are sorted, and each is there once: the same arguments in another order are the same finding. A
// scope that the answer names in its own place needs no pattern.
func (r Rule) args(said errorBody) []string {
	var args []string
	if r.Means == ScopeMissing {
		args = append(args, said.scopes...)
	}
	if r.Args != nil {
		for _, match := range r.Args.FindAllStringSubmatch(said.message, -1) {
			args = append(args, tokens(strings.Split(match[1], ","))...)
		}
	}
	slices.Sort(args)
	args = slices.Compact(args)
	return args[:min(len(args), maxArgs)]
}

// errorBody is what an error answer says in the places where providers say it.
type errorBody struct {
	isObject bool // a JSON object
	present  bool // an error member that is not null
	// cloudflare says that Cloudflare itself answers, and not the API behind it: a block, say. Who asks for JSON
	// gets it as a problem document (changelog of 2026-03-11; verified 2026-11).
	cloudflare bool
	codes      []string
	// scopes are those that the answer says are needed.
	scopes  []string
	message string
}

// tokens returns those of some words that Token admits.
func tokens(words []string) (admitted []string) {
	for _, word := range words {
		if token, ok := Token(strings.TrimSpace(word)); ok {
			admitted = append(admitted, token)
		}
	}
	return admitted
}

// challenge finds the parameters of a challenge, of which RFC 6750 names error, error_description and scope.
var challenge = regexp.MustCompile(`(\w+)="([^"]{0,512})"`)

// readChallenge reads what WWW-Authenticate says of a bearer token (RFC 6750, section 3).
func (e *errorBody) readChallenge(header string) {
	if !strings.HasPrefix(header, "Bearer ") || len(header) > maxPlainText {
		return
	}
	for _, parameter := range challenge.FindAllStringSubmatch(header, -1) {
		switch value := parameter[2]; parameter[1] {
		case "error":
			e.codes = append(e.codes, value)
		case "error_description":
			e.message += " " + value
		case "scope":
			e.scopes = append(e.scopes, tokens(strings.Fields(value))...)
		}
	}
}

const (
	// maxPlainText is how long a plain text may be, in bytes, to count as an error message.
	maxPlainText = 1024
	// maxError is how long an error may be, in bytes; what is longer was not written to be read.
	maxError = 64 << 10
	// maxErrors is how many errors of a list are read.
	maxErrors = 8
)

// errorObject holds the places where providers say what is wrong. They stay undecoded until one of them
// is needed, so an answer that repeats them a thousand times costs no more than one that does not.
type errorObject struct {
	Code   json.RawMessage `json:"code"`
	Type   json.RawMessage `json:"type"`
	Name   json.RawMessage `json:"name"`
	Status json.RawMessage `json:"status"`
	Reason json.RawMessage `json:"reason"`
	// Need is where DevSphere names the scope that is missing.
	Need json.RawMessage `json:"need"`
	// Scope is where issuers of OAuth 2.0 name the scopes that they do not grant.
	Scope json.RawMessage `json:"scope"`
	// ErrorCode is Postmark's name for it.
	ErrorCode json.RawMessage `json:"ErrorCode"`
	AWSType   json.RawMessage `json:"__type"`
	Message   json.RawMessage `json:"message"`
	Detail    json.RawMessage `json:"detail"`
	Details   json.RawMessage `json:"details"`
	// Description is OAuth's name for the message (RFC 6749, section 5.2).
	Description json.RawMessage `json:"error_description"`
}

// readError understands the shapes seen in the wild: {"error": "text"}, {"error": {"code", "type",
// "message", …}}, {"name", "message"}, {"errors": [{"message"}]}, codes that are numbers, and a line of
// plain text. Whatever does not look like one of them says nothing. The body is walked once and may be
// hostile: what is taken out of it is bounded by its length, maxError and maxErrors.
func readError(body []byte) errorBody {
	var top struct {
		errorObject
		Error  json.RawMessage `json:"error"`
		Errors json.RawMessage `json:"errors"`

		Cloudflare json.RawMessage `json:"cloudflare_error"`
	}
	if json.Unmarshal(body, &top) != nil {
		if isMarkup(body) || isBrokenJSON(body) || len(body) > maxPlainText {
			return errorBody{}
		}
		return errorBody{message: string(body)}
	}
	said := errorBody{isObject: true, cloudflare: string(top.Cloudflare) == "true"}
	said.read(top.errorObject)
	said.readMember(top.Error)
	said.readMember(top.Errors)
	return said
}

// readMember reads what stands under error or errors: a text, an object, or a list of objects.
func (e *errorBody) readMember(raw json.RawMessage) {
	if len(raw) == 0 || bytes.Equal(raw, []byte("null")) || bytes.Equal(raw, []byte("[]")) {
		return
	}
	e.present = true
	if len(raw) > maxError {
		return
	}
	switch raw[0] {
	case '"':
		if text, ok := readText(raw); ok {
			e.codes = append(e.codes, text)
			e.message += " " + text
		}
	case '{':
		var object errorObject
		if json.Unmarshal(raw, &object) == nil {
			e.read(object)
		}
	case '[':
		e.readList(raw)
	}
}

// readList reads the first errors of a list, one by one, and stops at what is none.
func (e *errorBody) readList(raw json.RawMessage) {
	list := json.NewDecoder(bytes.NewReader(raw))
	if _, err := list.Token(); err != nil { // the opening bracket
		return
	}
	for range maxErrors {
		var object errorObject
		if !list.More() || list.Decode(&object) != nil {
			return
		}
		e.read(object)
	}
}

func (e *errorBody) read(o errorObject) {
	for _, raw := range []json.RawMessage{o.Code, o.Type, o.Name, o.Status, o.Reason, o.ErrorCode} {
		if len(raw) == 0 {
			continue
		}
		var number json.Number
		if text, ok := readText(raw); ok && text != "" {
			e.codes = append(e.codes, text)
		} else if !ok && len(raw) <= maxError && json.Unmarshal(raw, &number) == nil {
			e.codes = append(e.codes, number.String())
		}
	}
	if text, ok := readText(o.AWSType); ok && text != "" {
		e.codes = append(e.codes, awsCode(text))
	}
	for _, raw := range []json.RawMessage{o.Message, o.Detail, o.Description} {
		if len(raw) == 0 {
			continue
		}
		if text, ok := readText(raw); ok {
			e.message += " " + text
		}
	}
	if text, ok := readText(o.Need); ok && len(o.Need) > 0 {
		e.scopes = append(e.scopes, tokens([]string{text})...)
	}
	if text, ok := readText(o.Scope); ok && len(o.Scope) > 0 {
		e.scopes = append(e.scopes, tokens(strings.Fields(text))...)
	}
	var details struct {
		ErrorCode json.RawMessage `json:"error_code"` // Anthropic, for spend limits
	}
	if len(o.Details) == 0 {
		return
	}
	if len(o.Details) <= maxError && json.Unmarshal(o.Details, &details) == nil {
		if text, ok := readText(details.ErrorCode); ok && text != "" {
			e.codes = append(e.codes, text)
		}
	}
	for _, detail := range googleDetails(o.Details) {
		e.readDetail(detail)
	}
}

// readText reads a text, and null as an empty one.
func readText(raw json.RawMessage) (text string, ok bool) {
	return text, len(raw) <= maxError && json.Unmarshal(raw, &text) == nil
}
