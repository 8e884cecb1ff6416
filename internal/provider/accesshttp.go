// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"mainstay.dev/mainstay/internal/probe"
)

// accessHTTP is who may do what at an API that takes bearer tokens. The status decides, and of a refusal the words
// that bearer knows as well.
var accessHTTP = Provider{
	Kind: "AccessCheck", Name: "HTTP", Called: "the API", Credential: "token", Renewal: tokenRenewal,
	Auth: probe.Bearer,
	Asks: (*run).checkRequests, Rules: bearerRules,
	Facts: Facts{
		Proves: []string{
			"each token is accepted", "what is expected to be allowed is answered with a 2xx status",
			"what is expected to be denied is answered with 403, with 401 where nobody asks, or with 404 where another expectation shows that the path is there",
		},
		CannotProve: []string{
			"what may be written: only `GET`, `HEAD` and `OPTIONS` are sent",
			"who a token is for: the key of the Secret is its name",
			"anything by a redirect, which is not followed, by a web page, which may come from whatever stands before the API, or by a refusal of Cloudflare's own",
		},
		Requests: "1 for each of `spec.expectations`",
		Source:   "RFC 9110, RFC 6750, RFC 9457", Verified: "2026-11",
	},
}

// tokenRenewal is how one comes by a new token of an app, which the API that takes it may not issue.
const tokenRenewal = "get a new token from whoever issues the app's tokens"

// checkRequests sends what each expectation of the spec says, and says whether it came to the end of them.
func (r *run) checkRequests(ctx context.Context) bool {
	expectations, all := r.expectations(func(e probe.Expectation) bool { return e.HTTP != nil && e.HTTP.Sendable() })
	if !all {
		return false
	}
	var visits []visit
	for _, e := range expectations {
		visits = append(visits, visit{expected: expected{e}, as: e.HTTP.As, at: e.HTTP.Path})
	}
	return r.tour(ctx, visits, r.call)
}

// call sends the request of a visit.
func (r *run) call(ctx context.Context, v *visit) (sight, bool) {
	request := probe.Request{Method: v.HTTP.Method, URL: r.target.BaseURL + v.HTTP.Path, CA: r.target.CA}
	if v.as != "" {
		request.Auth, request.Credential = r.Auth, r.target.Credential.Only(v.as)
	}
	answer := r.visited(ctx, request)
	reading := probe.Classify(answer, r.Rules)
	if isOfServer(answer, reading) {
		r.ends(answer, reading)
		return sight{}, false
	}
	r.reached(answer.Expires)
	seen := readRequest(answer, reading, v.as)
	seen.args = r.admitted(seen.args)
	return seen, true
}

// isOfServer says whether an answer is of the server as a whole, and tells nothing of an access.
func isOfServer(a probe.Answer, reading probe.Reading) bool {
	return a.Fault != (probe.Symptom{}) || isOutage(a.Status) || a.Status == http.StatusProxyAuthRequired ||
		!reading.Good() && reading.Symptom.Stage() == probe.Working
}

// readRequest says what an answer shows to who asks, which is nobody where as is empty.
func readRequest(a probe.Answer, reading probe.Reading, as string) sight {
	switch {
	case a.Status == http.StatusNotFound, a.Status == http.StatusGone:
		return sight{view: hidden, means: probe.RouteNotFound}
	case a.Status == http.StatusMethodNotAllowed, a.Status == http.StatusNotImplemented:
		return sight{view: lacking, means: probe.RouteNotFound}
	case a.Status >= http.StatusMultipleChoices && a.Status < http.StatusBadRequest:
		return sight{means: probe.RequestRedirected}
	case isPage(a), reading.Edge:
		return sight{means: probe.PageAnswered}
	case as == "" && slices.Contains([]int{http.StatusUnauthorized, http.StatusForbidden}, a.Status):
		return sight{view: refused, means: probe.RequestForbidden}
	case reading.Symptom == probe.ScopeMissing:
		return sight{view: refused, means: probe.TokenScopeMissing, args: reading.Args}
	case as != "" && !reading.Good() && reading.Symptom.Stage() == probe.Authenticated:
		return sight{view: rejected, means: reading.Symptom}
	case isSuccess(a) && as == "":
		return sight{view: granted, means: probe.OpenToAll}
	case isSuccess(a):
		return sight{view: granted, means: probe.RequestAllowed}
	case a.Status == http.StatusUnauthorized:
		return sight{view: rejected, means: probe.KeyRejected}
	case a.Status == http.StatusForbidden:
		return sight{view: refused, means: probe.RequestForbidden}
	}
	return sight{means: probe.AnswerUnclear, args: []string{strconv.Itoa(a.Status)}}
}

// isPage says whether an answer is a web page, although JSON was asked for. What stands before an API answers with
// such, and apps that are a page themselves do so at every path, so it tells nothing of the API behind.
func isPage(a probe.Answer) bool {
	kind := a.Header.Get("Content-Type")
	if kind == "" {
		kind = http.DetectContentType(a.Body)
	}
	return strings.HasPrefix(strings.ToLower(kind), "text/html")
}
