// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var rules = []Rule{
	{Status: 403, Code: "restricted", Message: "not active", Means: KeySuspended},
	{Status: 401, Code: "restricted", Means: SendOnlyKey, Unprovable: true},
	{Code: "quota", Means: QuotaExhausted},
	{Code: "invalid_key", Means: KeyRejected},
	{Message: "lacks scope", Means: ScopeMissing, Args: regexp.MustCompile(`scope ([^ ;]+)`)},
	{Code: "404", Means: ModelNotAvailable},
	{Code: "narrow", Means: ScopeMissing},
	{Status: 540, Means: ProjectPaused},
}

// challenging is an answer that asks for a credential.
func challenging(status int, challenge string) Answer {
	return Answer{Status: status, Header: http.Header{"Www-Authenticate": {challenge}}, Body: []byte("{}")}
}

func TestClassify(t *testing.T) {
	is := func(s Symptom, args ...string) Reading { return Reading{Symptom: s, Args: args} }
	cases := map[string]struct {
		answer Answer
		want   Reading
	}{
		"a good answer": {Answer{Status: 200, Body: []byte(`{"data":[]}`)}, Reading{}},
		"a good answer with an error that is null":   {Answer{Status: 200, Body: []byte(`{"data":[],"error":null}`)}, Reading{}},
		"a good answer with an empty list of errors": {Answer{Status: 201, Body: []byte(`{"errors":[]}`)}, Reading{}},
		"a good answer that has a rule's word":       {Answer{Status: 200, Body: []byte(`{"name":"quota","message":"lacks scope x"}`)}, Reading{}},
		"a fault of the way, whatever else is there": {
			Answer{Fault: CertificateInvalid, FaultArgs: []string{"it cannot be verified"}, Status: 401}, is(CertificateInvalid, "it cannot be verified"),
		},
		"a server error in the words of a rule":       {Answer{Status: 503, Body: []byte(`{"name":"quota"}`)}, is(ServerError)},
		"a server error that a rule names":            {Answer{Status: 540, Body: []byte("<html>")}, is(ProjectPaused)},
		"a server error next to it":                   {Answer{Status: 544, Body: []byte(`{}`)}, is(ServerError)},
		"a status beyond all that exist":              {Answer{Status: 999}, is(ServerError)},
		"a known error inside a 200":                  {Answer{Status: 200, Body: []byte(`{"error":{"code":"quota"}}`)}, is(QuotaExhausted)},
		"an unknown error inside a 200":               {Answer{Status: 200, Body: []byte(`{"error":{"code":"rain"}}`)}, is(UnexpectedAnswer)},
		"a code before a status":                      {Answer{Status: 401, Body: []byte(`{"error":{"code":"quota"}}`)}, is(QuotaExhausted)},
		"a code as the type":                          {Answer{Status: 429, Body: []byte(`{"error":{"type":"quota","code":null}}`)}, is(QuotaExhausted)},
		"a code as the name at the top":               {Answer{Status: 400, Body: []byte(`{"statusCode":400,"name":"quota"}`)}, is(QuotaExhausted)},
		"a code as a number":                          {Answer{Status: 404, Body: []byte(`{"object":"error","code":404}`)}, is(ModelNotAvailable)},
		"a code as the error itself":                  {Answer{Status: 402, Body: []byte(`{"error":"quota"}`)}, is(QuotaExhausted)},
		"a code as a number under the name ErrorCode": {Answer{Status: 401, Body: []byte(`{"ErrorCode":404,"Message":"rain"}`)}, is(ModelNotAvailable)},
		"a code of AWS under __type, in its namespace": {
			Answer{Status: 400, Body: []byte(`{"__type":"com.amazon.coral.service#quota","Message":"rain"}`)}, is(QuotaExhausted),
		},
		"a code of AWS in its header": {
			Answer{
				Status: 403, Header: http.Header{"X-Amzn-Errortype": {"invalid_key:http://internal.example.com/coral/"}},
				Body: []byte(`{"message":"rain"}`),
			}, is(KeyRejected),
		},
		"a code in the header of a good answer": {
			Answer{Status: 200, Header: http.Header{"X-Amzn-Errortype": {"quota"}}, Body: []byte(`{}`)}, Reading{},
		},
		"a code in a list of errors":                     {Answer{Status: 400, Body: []byte(`{"errors":[{"code":"other"},{"reason":"quota"}]}`)}, is(QuotaExhausted)},
		"a code in the details":                          {Answer{Status: 400, Body: []byte(`{"error":{"details":{"error_code":"quota"}}}`)}, is(QuotaExhausted)},
		"a code in a list of details":                    {Answer{Status: 400, Body: []byte(`{"error":{"code":400,"details":[{"@type":"Help"},{"reason":"quota"}]}}`)}, is(QuotaExhausted)},
		"a code after a detail that is none":             {Answer{Status: 400, Body: []byte(`{"error":{"details":[1,{"reason":"quota"}]}}`)}, is(UnexpectedAnswer)},
		"a code beyond the first eight details":          {Answer{Status: 400, Body: []byte(`{"error":{"details":[` + strings.Repeat("{},", 8) + `{"reason":"quota"}]}}`)}, is(UnexpectedAnswer)},
		"a code in details that are too long":            {Answer{Status: 400, Body: []byte(`{"error":{"details":[{"reason":"quota"},"` + strings.Repeat("a", 64<<10) + `"]}}`)}, is(UnexpectedAnswer)},
		"a code that only looks alike":                   {Answer{Status: 400, Body: []byte(`{"error":{"code":"quotas"}}`)}, is(UnexpectedAnswer)},
		"the first rule that matches":                    {Answer{Status: 403, Body: []byte(`{"name":"restricted","message":"API key is NOT ACTIVE"}`)}, is(KeySuspended)},
		"the same code at another status":                {Answer{Status: 401, Body: []byte(`{"name":"restricted"}`)}, Reading{Symptom: SendOnlyKey, Unprovable: true}},
		"arguments in the message":                       {Answer{Status: 403, Body: []byte(`{"message":"It lacks scope a.read; and scope b:write"}`)}, is(ScopeMissing, "a.read", "b:write")},
		"arguments in another order":                     {Answer{Status: 403, Body: []byte(`{"message":"It lacks scope b:write and scope a.read"}`)}, is(ScopeMissing, "a.read", "b:write")},
		"arguments in one list in another order":         {Answer{Status: 403, Body: []byte(`{"message":"lacks scope b:write,a.read"}`)}, is(ScopeMissing, "a.read", "b:write")},
		"an argument that is said twice":                 {Answer{Status: 403, Body: []byte(`{"message":"lacks scope b,a and scope b"}`)}, is(ScopeMissing, "a", "b")},
		"no more than eight arguments":                   {Answer{Status: 403, Body: []byte(`{"message":"lacks scope j,i,h,g,f,e,d,c,b,a"}`)}, is(ScopeMissing, "a", "b", "c", "d", "e", "f", "g", "h")},
		"no more than eight arguments of many matches":   {Answer{Status: 403, Body: []byte(`{"message":"lacks` + strings.Repeat(" scope b scope a", 99) + `"}`)}, is(ScopeMissing, "a", "b")},
		"an error that is too long to be one":            {Answer{Status: 400, Body: []byte(`{"error":{"code":"quota","message":"` + strings.Repeat("x", maxError) + `"}}`)}, is(UnexpectedAnswer)},
		"an error too long to be one inside a 200":       {Answer{Status: 200, Body: []byte(`{"error":{"code":"quota","message":"` + strings.Repeat("x", maxError) + `"}}`)}, is(UnexpectedAnswer)},
		"a code after more errors than are read":         {Answer{Status: 400, Body: []byte(`{"errors":[` + strings.Repeat("{},", maxErrors) + `{"code":"quota"}]}`)}, is(UnexpectedAnswer)},
		"a code in the last error that is read":          {Answer{Status: 400, Body: []byte(`{"errors":[` + strings.Repeat("{},", maxErrors-1) + `{"code":"quota"}]}`)}, is(QuotaExhausted)},
		"an argument that is no token is left out":       {Answer{Status: 403, Body: []byte(`{"message":"lacks scope <b> or scope ok"}`)}, is(ScopeMissing, "ok")},
		"an argument that is too long is left out":       {Answer{Status: 403, Body: []byte(`{"message":"lacks scope ` + strings.Repeat("a", 65) + `"}`)}, is(ScopeMissing)},
		"a message in plain text":                        {Answer{Status: 401, Body: []byte("lacks scope a.read")}, is(ScopeMissing, "a.read")},
		"a message in a page says nothing":               {Answer{Status: 401, Body: []byte("<p>lacks scope a.read</p>")}, is(UnexpectedAnswer)},
		"a message in half a JSON says nothing":          {Answer{Status: 401, Body: []byte(`{"message":"lacks scope a.read"`)}, is(UnexpectedAnswer)},
		"a message in a long plain text says nothing":    {Answer{Status: 401, Body: []byte("lacks scope a.read" + strings.Repeat(".", 1024))}, is(KeyRejected)},
		"401 and nothing known":                          {Answer{Status: 401, Body: []byte(`{"error":"Unauthorized"}`)}, is(KeyRejected)},
		"401 and no body":                                {Answer{Status: 401}, is(KeyRejected)},
		"401 without a credential":                       {Answer{Status: 401, Anonymous: true}, is(CredentialRequired)},
		"a rejected key without a credential":            {Answer{Status: 400, Anonymous: true, Body: []byte(`{"code":"invalid_key"}`)}, is(CredentialRequired)},
		"401 with a body that goes on and on":            {Answer{Status: 401, Endless: true}, is(UnexpectedAnswer)},
		"200 with a body that goes on and on":            {Answer{Status: 200, Endless: true, Body: []byte(`{}`)}, is(UnexpectedAnswer)},
		"402":                                            {Answer{Status: 402, Body: []byte(`{}`)}, is(QuotaExhausted)},
		"403 in JSON":                                    {Answer{Status: 403, Body: []byte(`{}`)}, is(Forbidden)},
		"403 in plain text":                              {Answer{Status: 403, Body: []byte("RBAC: access denied")}, is(UnexpectedAnswer)},
		"404":                                            {Answer{Status: 404, Body: []byte("404 page not found")}, is(PathNotFound)},
		"404 as a page":                                  {Answer{Status: 404, Body: []byte("<html>")}, is(UnexpectedAnswer)},
		"405":                                            {Answer{Status: 405, Body: []byte(`{}`)}, is(PathNotFound)},
		"407":                                            {Answer{Status: 407, Body: []byte("<html>")}, is(ProxyFailed)},
		"429":                                            {Answer{Status: 429, Body: []byte("<html>")}, is(RateLimited)},
		"400 and nothing known":                          {Answer{Status: 400, Body: []byte(`{}`)}, is(UnexpectedAnswer)},
		"a redirect":                                     {Answer{Status: 302}, is(UnexpectedAnswer)},
		"a good status with a page":                      {Answer{Status: 200, Body: []byte("<html>")}, is(UnexpectedAnswer)},
		"a good status with no body":                     {Answer{Status: 200}, is(UnexpectedAnswer)},
		"a status that says that there is no body":       {Answer{Status: 204}, Reading{}},
		"a code in a challenge":                          {challenging(401, `Bearer realm="x", error="quota"`), is(QuotaExhausted)},
		"scopes in a challenge":                          {challenging(403, `Bearer error="narrow", scope="b:read a:read"`), is(ScopeMissing, "a:read", "b:read")},
		"a scope in a challenge that is no token":        {challenging(403, `Bearer error="narrow", scope="<script>"`), is(ScopeMissing)},
		"a challenge of another scheme":                  {challenging(401, `Basic realm="x", error="quota"`), is(KeyRejected)},
		"a challenge without end":                        {challenging(401, `Bearer error="quota", `+strings.Repeat("x", 2000)), is(KeyRejected)},
		"a scope under the name need":                    {Answer{Status: 403, Body: []byte(`{"error":"narrow","need":"leads:read"}`)}, is(ScopeMissing, "leads:read")},
		"a need that is no text":                         {Answer{Status: 403, Body: []byte(`{"error":"narrow","need":{"a":1}}`)}, is(ScopeMissing)},
		"an answer of nothing at all is no good answer":  {Answer{}, is(UnexpectedAnswer)},
		"an error of another type than is known":         {Answer{Status: 401, Body: []byte(`{"error":[1,2],"code":{},"message":7}`)}, is(KeyRejected)},
		"a code that is an object or a list":             {Answer{Status: 400, Body: []byte(`{"error":{"code":["quota"]}}`)}, is(UnexpectedAnswer)},
		"JSON that is no object, as plain text":          {Answer{Status: 403, Body: []byte(`"lacks scope a.read or so"`)}, is(ScopeMissing, "a.read")},
		"a number that would not fit into an int64 code": {Answer{Status: 400, Body: []byte(`{"code":1e999}`)}, is(UnexpectedAnswer)},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := Classify(c.answer, rules)
			if got.Symptom != c.want.Symptom || got.Unprovable != c.want.Unprovable || !slices.Equal(got.Args, c.want.Args) {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
			if got.Good() != (c.want.Symptom == Symptom{}) {
				t.Errorf("got good %t", got.Good())
			}
		})
	}
}

func TestWhatCloudflareSaysForItself(t *testing.T) {
	blocked := Reading{Symptom: UnexpectedAnswer, Edge: true}
	cases := map[string]struct {
		status  int
		members string
		want    Reading
	}{
		"a block":                       {403, `"cloudflare_error":true,"status":403,"error_code":1010`, blocked},
		"a block in the words of rules": {403, `"cloudflare_error":true,"detail":"lacks scope a.read","name":"quota"`, blocked},
		"a rate limit":                  {429, `"cloudflare_error":true,"error_code":1015`, Reading{Symptom: RateLimited}},
		"an origin that is not there":   {530, `"cloudflare_error":true,"error_code":1016`, Reading{Symptom: ServerError}},
		"nothing":                       {403, `"cloudflare_error":false,"status":403`, Reading{Symptom: Forbidden}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			for _, anonymous := range []bool{false, c.want.Edge} {
				got := Classify(Answer{Status: c.status, Anonymous: anonymous, Body: []byte("{" + c.members + "}")}, rules)
				if diff := cmp.Diff(c.want, got, cmp.Comparer(func(a, b Symptom) bool { return a == b })); diff != "" {
					t.Errorf("wrong reading (-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestReadingAnError(t *testing.T) {
	cases := map[string]struct {
		body string
		want errorBody
	}{
		"a text":            {`{"error":"Unauthorized"}`, errorBody{present: true, codes: []string{"Unauthorized"}, message: " Unauthorized"}},
		"an object":         {`{"error":{"code":"c","type":"t","message":"m","param":null}}`, errorBody{present: true, codes: []string{"c", "t"}, message: " m"}},
		"flat":              {`{"statusCode":401,"name":"n","message":"m"}`, errorBody{present: false, codes: []string{"n"}, message: " m"}},
		"flat with numbers": {`{"object":"error","message":"m","type":"T","param":null,"code":404}`, errorBody{present: false, codes: []string{"404", "T"}, message: " m"}},
		"a list":            {`{"errors":[{"message":"m1"},{"message":"m2","code":"c"}]}`, errorBody{present: true, codes: []string{"c"}, message: " m1 m2"}},
		"a list of texts":   {`{"errors":["m1"]}`, errorBody{present: true}},
		"an error and text": {`{"errors":[{"code":"c"},"m1",{"code":"d"}]}`, errorBody{present: true, codes: []string{"c"}}},
		"one code twice":    {`{"code":"c","code":"d"}`, errorBody{codes: []string{"d"}}},
		"details of a list": {`{"error":{"code":"c","details":[{"error_code":"d"}]}}`, errorBody{present: true, codes: []string{"c"}}},
		"a problem of RFC 9457": {
			`{"type":"https://example.com/problem","status":403,"detail":"m"}`,
			errorBody{present: false, codes: []string{"https://example.com/problem", "403"}, message: " m"},
		},
		"null":          {`{"error":null}`, errorBody{}},
		"false":         {`{"error":false}`, errorBody{present: true}},
		"nothing":       {``, errorBody{}},
		"plain text":    {`no`, errorBody{message: "no"}},
		"a page":        {` <html>`, errorBody{}},
		"half a JSON":   {`{"error":"m"`, errorBody{}},
		"another value": {`[1]`, errorBody{message: "[1]"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			found := readError([]byte(c.body))
			if object := json.Valid([]byte(c.body)) && strings.HasPrefix(c.body, "{"); found.isObject != object {
				t.Errorf("expected it to be told that this is an object: %t", object)
			}
			found.isObject = false
			if diff := cmp.Diff(c.want, found, cmp.AllowUnexported(errorBody{})); diff != "" {
				t.Errorf("wrong reading (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	cases := map[string]struct {
		header http.Header
		want   time.Duration
	}{
		"seconds":                     {http.Header{"Retry-After": {"20"}}, 20 * time.Second},
		"a part of a second":          {http.Header{"Retry-After": {"1.5"}}, 1500 * time.Millisecond},
		"milliseconds":                {http.Header{"Retry-After-Ms": {"250"}}, 250 * time.Millisecond},
		"milliseconds before seconds": {http.Header{"Retry-After-Ms": {"250"}, "Retry-After": {"20"}}, 250 * time.Millisecond},
		"seconds where the milliseconds are no number": {http.Header{"Retry-After-Ms": {"soon"}, "Retry-After": {"20"}}, 20 * time.Second},
		"seconds where the milliseconds are NaN":       {http.Header{"Retry-After-Ms": {"NaN"}, "Retry-After": {"20"}}, 20 * time.Second},
		"a date":                                       {http.Header{"Retry-After": {"Sun, 22 Nov 2026 12:01:30 GMT"}}, 90 * time.Second},
		"a date in the older forms":                    {http.Header{"Retry-After": {"Sunday, 22-Nov-26 12:01:30 GMT"}}, 90 * time.Second},
		"a date in the past":                           {http.Header{"Retry-After": {"Sun, 22 Nov 2026 11:00:00 GMT"}}, 0},
		"a date far away":                              {http.Header{"Retry-After": {"Fri, 01 Jan 2100 00:00:00 GMT"}}, maxWait},
		"nothing":                                      {nil, 0},
		"an empty value":                               {http.Header{"Retry-After": {""}}, 0},
		"no number":                                    {http.Header{"Retry-After": {"soon"}}, 0},
		"a duration, which this header should not hold": {http.Header{"Retry-After": {"6m0s"}}, 6 * time.Minute},
		"NaN":                            {http.Header{"Retry-After": {"NaN"}}, 0},
		"infinity":                       {http.Header{"Retry-After": {"Inf"}}, 0},
		"a number too large for a float": {http.Header{"Retry-After": {"1e400"}}, 0},
		"a huge number":                  {http.Header{"Retry-After": {"1e300"}}, maxWait},
		"zero":                           {http.Header{"Retry-After": {"0"}}, 0},
		"a negative number":              {http.Header{"Retry-After": {"-5"}}, 0},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := (Answer{Header: c.header}).RetryAfter(now); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// dialError is how the dial of an IPv4 address fails.
func dialError(err error) error {
	return &net.OpError{
		Op: "dial", Net: "tcp", Addr: &net.TCPAddr{IP: net.IPv4(93, 184, 216, 34), Port: 443}, Err: os.NewSyscallError("connect", err),
	}
}

func TestFaultsOfTheTransport(t *testing.T) {
	cases := map[string]struct {
		err  error
		want Symptom
		args []string
	}{
		"the guard":               {&net.OpError{Op: "dial", Err: fmt.Errorf("control: %w", refusal{AddressRefused})}, AddressRefused, nil},
		"the guard, for good":     {&net.OpError{Op: "dial", Err: fmt.Errorf("control: %w", refusal{AddressNeverAdmitted})}, AddressNeverAdmitted, nil},
		"the proxy":               {fmt.Errorf("%w: CONNECT answered 403", errProxy), ProxyFailed, nil},
		"the way to the proxy":    {&net.OpError{Op: "proxyconnect", Err: syscall.ECONNREFUSED}, ProxyFailed, nil},
		"no such name":            {&net.DNSError{IsNotFound: true}, NameNotResolved, nil},
		"a name server's failure": {&net.DNSError{IsTemporary: true}, NameServerFailed, nil},
		"a name server's refusal": {&net.OpError{Op: "dial", Err: &net.DNSError{}}, NameServerFailed, nil},
		"a silent name server":    {&net.DNSError{IsTimeout: true}, NameServerFailed, nil},
		"a silent name server at the deadline": {
			&net.DNSError{IsTimeout: true, UnwrapErr: context.DeadlineExceeded}, NameServerFailed, nil,
		},
		"the proxy's name":       {&net.OpError{Op: "proxyconnect", Err: &net.DNSError{IsNotFound: true}}, ProxyFailed, nil},
		"an unknown authority":   {&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}, CertificateInvalid, []string{"it is signed by an unknown authority"}},
		"another host":           {x509.HostnameError{Certificate: &x509.Certificate{}, Host: "x"}, CertificateInvalid, []string{"it is for another host name"}},
		"an expired certificate": {x509.CertificateInvalidError{Reason: x509.Expired}, CertificateInvalid, []string{"it has expired or is not valid yet"}},
		"a certificate for something else": {
			x509.CertificateInvalidError{Reason: x509.IncompatibleUsage}, CertificateInvalid, []string{"it cannot be verified"},
		},
		"a certificate in another way": {&tls.CertificateVerificationError{Err: errors.New("x")}, CertificateInvalid, []string{"it cannot be verified"}},
		"no TLS":                       {tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"}, HandshakeFailed, nil},
		"a TLS alert":                  {&net.OpError{Op: "remote error", Err: tls.AlertError(40)}, HandshakeFailed, nil},
		"the deadline":                 {context.DeadlineExceeded, TimedOut, nil},
		"the deadline of a connection": {&net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}, TimedOut, nil},
		"a time-out of the system":     {&net.OpError{Op: "dial", Err: syscall.ETIMEDOUT}, TimedOut, nil},
		"a refused connection":         {&net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}, ConnectionRefused, nil},
		"no route to the host":         {&net.OpError{Op: "dial", Err: syscall.EHOSTUNREACH}, NetworkUnreachable, nil},
		"no route to the network":      {&net.OpError{Op: "dial", Err: syscall.ENETUNREACH}, NetworkUnreachable, nil},
		"a policy of the kernel":       {dialError(syscall.EPERM), NetworkUnreachable, nil},
		"another policy of the kernel": {dialError(syscall.EACCES), NetworkUnreachable, nil},
		"no file is left":              {dialError(syscall.EMFILE), ProbeFailed, nil},
		"no file of the node is left":  {dialError(syscall.ENFILE), ProbeFailed, nil},
		"no buffer is left":            {dialError(syscall.ENOBUFS), ProbeFailed, nil},
		"no port of ours is left":      {dialError(syscall.EADDRNOTAVAIL), ProbeFailed, nil},
		"no IPv6 on this node": {
			&net.OpError{Op: "dial", Addr: &net.TCPAddr{IP: net.ParseIP("2606:2800::1"), Port: 443}, Err: syscall.EADDRNOTAVAIL}, NetworkUnreachable, nil,
		},
		"any other fault of a dial": {dialError(syscall.EPROTONOSUPPORT), NetworkUnreachable, nil},
		"a dial that was reset":     {dialError(syscall.ECONNRESET), ConnectionClosed, nil},
		"an end too early":          {fmt.Errorf("transport connection broken: %w", io.EOF), ConnectionClosed, nil},
		"an end in the body":        {io.ErrUnexpectedEOF, ConnectionClosed, nil},
		"a reset":                   {&net.OpError{Op: "read", Err: syscall.ECONNRESET}, ConnectionClosed, nil},
		"a broken pipe":             {&net.OpError{Op: "write", Err: syscall.EPIPE}, ConnectionClosed, nil},
		"an end before the request": {errors.New("http: server closed idle connection"), ConnectionClosed, nil},
		"an end of HTTP/2":          {errors.New("http2: server sent GOAWAY and closed the connection"), ConnectionClosed, nil},
		"our own end":               {context.Canceled, ProbeFailed, nil},
		"our own end in a lookup":   {&net.DNSError{UnwrapErr: context.Canceled}, ProbeFailed, nil},
		"anything else":             {errors.New("malformed HTTP response"), UnexpectedAnswer, nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := fault(fmt.Errorf("round trip: %w", c.err))
			if got.Fault != c.want || !slices.Equal(got.FaultArgs, c.args) {
				t.Errorf("got %s %q, want %s %q", got.Fault, got.FaultArgs, c.want, c.args)
			}
		})
	}
}
