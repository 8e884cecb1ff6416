// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package providertest

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Vendor plays one fixture over HTTP. It is an http.Handler, begins with the case Healthy, and may be
// told to play another one at any time and from any goroutine.
type Vendor struct {
	fixture Fixture
	// also are fixtures of the same vendor for other kinds.
	also []Fixture

	mu           sync.Mutex
	playing      string
	byCredential map[string]string
	requests     []Request
}

// Request is one request that a vendor got.
type Request struct {
	Method, Host string
	// Path is the path with the query, as it was sent.
	Path   string
	Header http.Header
	// Body is what was posted.
	Body string
	// Credential is what the credential's header carried, without the prefix.
	Credential string
	// Case is the name of the case that was played.
	Case string
	// Problem says what was wrong with the request; empty where nothing was.
	Problem string
}

// maxPosted is how much of what is posted a vendor reads, in bytes.
const maxPosted = 64 << 10

// maxRequests is how many requests a vendor remembers, so that a long demo stays small.
const maxRequests = 1000

// NewVendor returns a vendor that plays the case Healthy.
func NewVendor(f Fixture) *Vendor {
	return &Vendor{fixture: f, playing: Healthy, byCredential: map[string]string{}}
}

// Also has the vendor answer as another kind's fixture of the same vendor says. A case that one of the fixtures
// does not have is played healthy by it.
func (v *Vendor) Also(f Fixture) { v.also = append(v.also, f) }

// fixtures are all that the vendor plays.
func (v *Vendor) fixtures() []Fixture { return append([]Fixture{v.fixture}, v.also...) }

// Play switches to another case, for every credential that has none of its own. A name that the fixture
// does not have is a mistake of the program and panics.
func (v *Vendor) Play(name string) {
	v.mustHave(name)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.playing = name
}

// PlayFor switches one credential to a case of its own. An empty name takes that back.
func (v *Vendor) PlayFor(credential, name string) {
	if name != "" {
		v.mustHave(name)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if name == "" {
		delete(v.byCredential, credential)
		return
	}
	v.byCredential[credential] = name
}

func (v *Vendor) mustHave(name string) {
	if !slices.ContainsFunc(v.fixtures(), func(f Fixture) bool { _, ok := f.Case(name); return ok }) {
		panic(fmt.Sprintf("the fixture of %s has no case %q", v.fixture.Provider, name))
	}
}

// Requests returns the latest requests, in the order in which they came.
func (v *Vendor) Requests() []Request {
	v.mu.Lock()
	defer v.mu.Unlock()
	return append([]Request(nil), v.requests...)
}

// Forget drops the requests so far.
func (v *Vendor) Forget() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.requests = nil
}

// Problems returns what was wrong with the requests so far, such as a credential in the wrong place.
func (v *Vendor) Problems() []string {
	var problems []string
	for _, r := range v.Requests() {
		if r.Problem != "" {
			problems = append(problems, fmt.Sprintf("%s %s: %s", r.Method, r.Path, r.Problem))
		}
	}
	return problems
}

// ServeHTTP implements http.Handler.
func (v *Vendor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	posted, _ := io.ReadAll(io.LimitReader(r.Body, maxPosted)) // What was cut off matches no reply.
	request := Request{Method: r.Method, Host: r.Host, Path: r.URL.RequestURI(), Header: r.Header.Clone(), Body: string(posted)}
	request.Credential, request.Problem = v.credential(r, posted)
	request.Case = v.caseFor(request)
	reply, found := v.reply(request, r)
	switch {
	case request.Problem != "":
	case r.Method != http.MethodGet && r.Method != http.MethodPost:
		request.Problem = "a probe reads, or posts what a spec opted in to"
	case !found:
		request.Problem = "the case has no reply for this path"
	}
	v.record(request)
	reply.write(w, v.base(r))
}

// credential finds the credential, or says why there is none.
func (v *Vendor) credential(r *http.Request, posted []byte) (credential, problem string) {
	how := v.fixture.Credential
	switch {
	case how.AWSService != "":
		return v.fixture.signed(r, posted)
	case how.User != "":
		return basic(r, how.User)
	case how.ClientID != "":
		return how.client(r, posted)
	}
	value := r.Header.Get(how.Header)
	switch {
	case value == "" && how.Optional:
		return "", ""
	case value == "":
		return "", "no credential in header " + how.Header
	case !strings.HasPrefix(value, how.Prefix):
		return "", fmt.Sprintf("header %s does not begin with %q", how.Header, how.Prefix)
	}
	return strings.TrimPrefix(value, how.Prefix), ""
}

// basic finds the password of a user.
func basic(r *http.Request, user string) (password, problem string) {
	name, password, ok := r.BasicAuth()
	switch {
	case !ok:
		return "", "no HTTP Basic authentication"
	case name != user:
		return "", fmt.Sprintf("the user is %q and not %q", name, user)
	}
	return password, ""
}

// client finds the secret of a client of OAuth 2.0, in the header or in the form.
func (c Credential) client(r *http.Request, posted []byte) (secret, problem string) {
	if r.Method == http.MethodGet {
		if r.Header.Get("Authorization") != "" {
			return "", "what is open to all was asked for with a credential"
		}
		return "", ""
	}
	id, secret, inHeader := r.BasicAuth()
	form, err := url.ParseQuery(string(posted))
	switch {
	case err != nil:
		return "", "what was posted is no form"
	case inHeader && form.Has("client_secret"):
		return "", "the client says twice who it is"
	case inHeader:
		id, _ = url.QueryUnescape(id)
		secret, _ = url.QueryUnescape(secret)
	default:
		id, secret = form.Get("client_id"), form.Get("client_secret")
	}
	if id != c.ClientID {
		return "", fmt.Sprintf("the client is %q and not %q", id, c.ClientID)
	}
	return secret, ""
}

// caseFor picks the case for a request. Who sends no credential, or sends it in the wrong place, is not
// let in.
func (v *Vendor) caseFor(r Request) string {
	v.mu.Lock()
	defer v.mu.Unlock()
	if name, ok := v.byCredential[r.Credential]; ok {
		return name
	}
	if v.playing == Healthy && r.Problem != "" {
		return Unauthorized
	}
	return v.playing
}

func (v *Vendor) record(r Request) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.requests) == maxRequests {
		v.requests = v.requests[1:]
	}
	v.requests = append(v.requests, r)
}

// notFound is what servers answer at a path that they do not have.
var notFound = Reply{
	Status: http.StatusNotFound, Headers: map[string]string{"Content-Type": "text/plain"}, Body: "404 page not found\n",
}

func (v *Vendor) reply(request Request, r *http.Request) (Reply, bool) {
	rest, found := strings.CutPrefix(r.URL.EscapedPath(), v.fixture.BasePath)
	if !found {
		return notFound, false
	}
	var replies []Reply
	for _, f := range v.fixtures() {
		if c, known := f.Case(request.Case); known {
			replies = append(replies, c.Replies...)
		}
	}
	for _, f := range v.also {
		replies = append(replies, f.Cases[Healthy].Replies...)
	}
	if len(v.also) > 0 {
		replies = append(replies, v.fixture.Cases[Healthy].Replies...)
	}
	for _, reply := range replies {
		if (reply.Posted != "") != (r.Method == http.MethodPost) || !strings.Contains(request.Body, reply.Posted) {
			continue
		}
		pattern, query, exact := strings.Cut(reply.Path, "?")
		if matches(pattern, rest) && (!exact || matches(query, r.URL.RawQuery)) {
			return reply, true
		}
	}
	return notFound, false
}

func matches(pattern, text string) bool {
	matched, err := path.Match(pattern, text)
	return err == nil && matched
}

// ago stands in a body for the time so long ago, in seconds since 1970; after time, it is written as RFC 3339 has it.
var ago = regexp.MustCompile(`\{(ago|time) ([0-9hms]+)\}`)

// base stands in a body for the URL at which the vendor is played.
const base = "{base}"

// base returns the URL at which a request found the vendor, with the path that comes before all others.
func (v *Vendor) base(r *http.Request) string {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	asked, _, _ := strings.Cut(r.RequestURI, "?")
	return scheme + "://" + r.Host + strings.TrimSuffix(asked, r.URL.EscapedPath()) + v.fixture.BasePath
}

func (r Reply) write(w http.ResponseWriter, at string) {
	w.Header().Set("Content-Type", "application/json")
	for name, value := range r.Headers {
		w.Header().Set(name, value)
	}
	w.WriteHeader(cmp.Or(r.Status, http.StatusOK))
	body := strings.ReplaceAll(r.Body, base, at)
	_, _ = io.WriteString(w, ago.ReplaceAllStringFunc(body, func(what string) string {
		match := ago.FindStringSubmatch(what)
		d, _ := time.ParseDuration(match[2])
		then := time.Now().Add(-d)
		if match[1] == "time" {
			return then.UTC().Format(time.RFC3339)
		}
		return strconv.FormatInt(then.Unix(), 10)
	}))
}
