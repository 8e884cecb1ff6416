// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Rule is one dated fact about what an answer of a provider means. All fields that are set must match;
// of several rules the first that matches decides.
type Rule struct {
	// Status is the HTTP status; 0 stands for any below 500.
	Status int
	// Code is one of the words in the places where providers put codes: code, type, name, status, reason.
	Code string
	// Message is a part of the provider's message, in lower case.
	Message string

	// Means is the symptom.
	Means Symptom
	// Unprovable says that the credential cannot show the stage of the symptom, rather than that the
	// stage failed.
	Unprovable bool
	// Args finds arguments in the message: the first group of each match, split at
	// commas, as far as Token admits it.
	Args *regexp.Regexp

	// Source is where the fact comes from, and Verified the month in which that was looked up.
	Source, Verified string
}

// Reading is what an answer means. The zero Reading is a good answer.
type Reading struct {
	Symptom    Symptom
	Args       []string
	Unprovable bool
}

// Good says whether nothing is wrong with the answer.
func (r Reading) Good() bool { return r.Symptom == Symptom{} }

// Classify reads an answer: first the fault of the way there, then a 5xx status, then what the rules know
// of the provider's code and message, and only then the status alone.
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
		return Reading{Symptom: ServerError}
	}
	said := readError(a.Body)
	good := a.Status >= 200 && a.Status < 300
	if !good || said.present {
		for _, rule := range rules {
			if rule.matches(a.Status, said) {
				return Reading{Symptom: rule.Means, Args: rule.args(said.message), Unprovable: rule.Unprovable}
			}
		}
	}
	if good {
		if said.present || a.Endless || !json.Valid(a.Body) {
			return Reading{Symptom: UnexpectedAnswer}
		}
		return Reading{}
	}
	return Reading{Symptom: byStatus(a)}
}

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

func (r Rule) matches(status int, said errorBody) bool {
	return (r.Status == 0 || r.Status == status) &&
		(r.Code == "" || slices.Contains(said.codes, r.Code)) &&
		(r.Message == "" || strings.Contains(strings.ToLower(said.message), r.Message))
}

func (r Rule) args(message string) []string {
	if r.Args == nil {
		return nil
	}
	var args []string
	for _, match := range r.Args.FindAllStringSubmatch(message, 4) {
		for name := range strings.SplitSeq(match[1], ",") {
			if token, ok := Token(strings.TrimSpace(name)); ok {
				args = append(args, token)
			}
		}
	}
	return args
}

// errorBody is what an error answer says in the places where providers say it.
type errorBody struct {
	present bool // an error member that is not null
	codes   []string
	message string
}

// readError understands the shapes seen in the wild: {"error": "text"}, {"error": {"code", "type",
// "message", …}}, {"name", "message"}, {"errors": [{"message"}]}, codes that are numbers, and a line of
// plain text. Whatever does not look like one of them says nothing.
func readError(body []byte) errorBody {
	var top map[string]json.RawMessage
	if json.Unmarshal(body, &top) != nil {
		if isMarkup(body) || isBrokenJSON(body) || len(body) > maxPlainText {
			return errorBody{}
		}
		return errorBody{message: string(body)}
	}
	var said errorBody
	said.read(top)
	for _, name := range []string{"error", "errors"} {
		raw := bytes.TrimSpace(top[name])
		if len(raw) == 0 || bytes.Equal(raw, []byte("null")) || bytes.Equal(raw, []byte("[]")) {
			continue
		}
		said.present = true
		var text string
		var object map[string]json.RawMessage
		var list []map[string]json.RawMessage
		switch {
		case json.Unmarshal(raw, &text) == nil:
			said.codes = append(said.codes, text)
			said.message += " " + text
		case json.Unmarshal(raw, &object) == nil:
			said.read(object)
		case json.Unmarshal(raw, &list) == nil:
			for _, object := range list {
				said.read(object)
			}
		}
	}
	return said
}

// maxPlainText is how long a plain text may be, in bytes, to count as an error message.
const maxPlainText = 1024

func (e *errorBody) read(object map[string]json.RawMessage) {
	for _, name := range []string{"code", "type", "name", "status", "reason"} {
		var text string
		var number json.Number
		if json.Unmarshal(object[name], &text) == nil && text != "" {
			e.codes = append(e.codes, text)
		} else if json.Unmarshal(object[name], &number) == nil && number != "" {
			e.codes = append(e.codes, number.String())
		}
	}
	for _, name := range []string{"message", "detail"} {
		var text string
		if json.Unmarshal(object[name], &text) == nil {
			e.message += " " + text
		}
	}
	var details struct {
		ErrorCode string `json:"error_code"` // Anthropic, for spend limits
	}
	if json.Unmarshal(object["details"], &details) == nil && details.ErrorCode != "" {
		e.codes = append(e.codes, details.ErrorCode)
	}
	e.codes = append(e.codes, reasons(object["details"])...)
}

// reasons finds the codes that Google's APIs put into a list of details, of which one is an ErrorInfo. It
// reads no more than the first few of a list that may be hostile.
func reasons(details json.RawMessage) (codes []string) {
	const most, longest = 8, 64 << 10
	list := json.NewDecoder(bytes.NewReader(details))
	if first, err := list.Token(); err != nil || first != json.Delim('[') || len(details) > longest {
		return nil
	}
	for range most {
		var detail struct {
			Reason string `json:"reason"`
		}
		if !list.More() || list.Decode(&detail) != nil {
			break
		}
		if detail.Reason != "" {
			codes = append(codes, detail.Reason)
		}
	}
	return codes
}

// RetryAfter is how long the answer asks to wait before the next request; 0 where it does not say.
// It reads retry-after-ms (milliseconds), and Retry-After in seconds or as an HTTP date (RFC 9110).
func (a Answer) RetryAfter(now time.Time) time.Duration {
	if ms, ok := number(a.Header.Get("Retry-After-Ms")); ok {
		return wait(ms * float64(time.Millisecond))
	}
	value := a.Header.Get("Retry-After")
	if seconds, ok := number(value); ok {
		return wait(seconds * float64(time.Second))
	}
	if at, err := http.ParseTime(value); err == nil {
		return wait(float64(at.Sub(now)))
	}
	return 0
}

// maxWait bounds what a provider, or something that poses as one, can ask us to wait.
const maxWait = time.Hour

func wait(nanoseconds float64) time.Duration {
	return time.Duration(min(max(nanoseconds, 0), float64(maxWait)))
}

// number reads a finite number; what is none counts as absent.
func number(text string) (float64, bool) {
	n, err := strconv.ParseFloat(text, 64)
	return n, err == nil && !math.IsNaN(n) && !math.IsInf(n, 0)
}

// fault turns an error of the transport into the symptom that it is.
func fault(err error) Answer {
	symptom, args := faultSymptom(err)
	return Answer{Fault: symptom, FaultArgs: args}
}

func faultSymptom(err error) (Symptom, []string) {
	var (
		dns       *net.DNSError
		op        *net.OpError
		unknownCA x509.UnknownAuthorityError
		hostname  x509.HostnameError
		invalid   x509.CertificateInvalidError
		verify    *tls.CertificateVerificationError
		record    tls.RecordHeaderError
		alert     tls.AlertError
	)
	switch {
	case errors.Is(err, errRefused):
		return AddressRefused, nil
	case errors.Is(err, context.Canceled):
		return ProbeFailed, nil
	case errors.Is(err, errProxy), errors.As(err, &op) && op.Op == "proxyconnect":
		return ProxyFailed, nil
	case errors.As(err, &dns) && !dns.IsTimeout:
		return NameNotResolved, nil
	case errors.As(err, &unknownCA):
		return CertificateInvalid, []string{"it is signed by an unknown authority"}
	case errors.As(err, &hostname):
		return CertificateInvalid, []string{"it is for another host name"}
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return CertificateInvalid, []string{"it has expired or is not valid yet"}
	case errors.As(err, &invalid), errors.As(err, &verify):
		return CertificateInvalid, []string{"it cannot be verified"}
	case errors.As(err, &record), errors.As(err, &alert):
		return HandshakeFailed, nil
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), isTimeout(err):
		return TimedOut, nil
	case errors.Is(err, syscall.ECONNREFUSED):
		return ConnectionRefused, nil
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return NetworkUnreachable, nil
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF),
		errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), hungUp.MatchString(err.Error()):
		return ConnectionClosed, nil
	}
	// What is left are answers that are not HTTP.
	return UnexpectedAnswer, nil
}

// hungUp matches the errors of net/http for an end of the connection that have no type to ask for.
var hungUp = regexp.MustCompile(`server closed idle connection|client connection lost|server sent GOAWAY`)

func isTimeout(err error) bool {
	var netErr net.Error
	return errors.As(err, &netErr) && netErr.Timeout()
}
