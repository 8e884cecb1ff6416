// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"context"
	"errors"
	"net"
	"strings"
	"time"

	"github.com/miekg/dns"
)

const (
	// lookupTries is how often a question is sent, since UDP may lose it, and lookupTimeout how long one
	// try may take.
	lookupTries   = 2
	lookupTimeout = 2 * time.Second
	// udpSize is how large an answer over UDP may be, in bytes: what passes any network in one piece. What
	// is larger comes over TCP.
	udpSize = 1232
	// maxRecords is how many records of an answer are read, maxText how long a text may be that is kept, in bytes,
	// and maxKept how much is kept of an answer. No record that is looked for comes near: the longest is a DKIM key.
	maxRecords       = 100
	maxText, maxKept = 4 << 10, 16 << 10
	// minLife and maxLife bound how long an answer is used again, whatever its own time to live. Nothing
	// found is used for minLife, and that no answer came for faultLife.
	minLife, maxLife = 30 * time.Second, 5 * time.Minute
	faultLife        = 10 * time.Second
	// maxAnswers is how many answers are kept, and maxMemory how many bytes they may take.
	maxAnswers, maxMemory = 4096, 8 << 20
)

// RecordType is a type of DNS record.
type RecordType uint16

// The types that are asked for.
const (
	TXT = RecordType(dns.TypeTXT)
	MX  = RecordType(dns.TypeMX)
)

// Question asks for the records of one type that a name has.
type Question struct {
	// Name is a domain name without search domains, with or without a final dot.
	Name string
	Type RecordType
}

// Records are what a name server answers. No fault and no records means that there are none; a name that is
// an alias has the records of what it stands for.
type Records struct {
	// Fault is set where it is not known which records there are: no answer came, or it was that the name
	// server cannot tell.
	Fault Symptom
	// Texts are the TXT records, each with its strings in one piece.
	Texts []string
	// Exchanges are the hosts of the MX records, without a final dot: "" stands for none at all (RFC 7505).
	Exchanges []string

	life time.Duration
}

// resolver asks one name server, and remembers for a while what it said.
type resolver struct {
	server string
	known  memo
}

func newResolver(server string) resolver {
	return resolver{server: server, known: memo{
		most: maxAnswers, room: maxMemory, life: func(answer any) time.Duration { return answer.(Records).life },
	}}
}

// SystemNameServer returns the host:port of the first name server that this machine is set up with; nothing
// where it has none.
func SystemNameServer() string {
	config, err := dns.ClientConfigFromFile("/etc/resolv.conf")
	if err != nil || len(config.Servers) == 0 {
		return ""
	}
	return net.JoinHostPort(config.Servers[0], config.Port)
}

// LookUp implements Client.
func (c *Network) LookUp(ctx context.Context, q Question) Records {
	q.Name = strings.ToLower(dns.Fqdn(q.Name))
	if _, valid := dns.IsDomainName(q.Name); !valid {
		return Records{} // Nobody can have made a record for it.
	}
	return once(ctx, &c.resolver.known, q, func(ctx context.Context) Records { return c.resolver.ask(ctx, q) })
}

// ask sends a question, over TCP where the answer does not fit into UDP.
func (r *resolver) ask(ctx context.Context, q Question) Records {
	if r.server == "" {
		return Records{Fault: NameServerFailed, life: faultLife}
	}
	question := new(dns.Msg)
	question.SetQuestion(q.Name, uint16(q.Type))
	question.SetEdns0(udpSize, false)
	client := dns.Client{Timeout: lookupTimeout}
	answer, err := r.try(ctx, &client, question)
	if err == nil && answer.Truncated {
		client.Net = "tcp"
		answer, err = r.try(ctx, &client, question)
	}
	switch {
	case err != nil && (isTimeout(err) || errors.Is(err, context.DeadlineExceeded)):
		return Records{Fault: TimedOut, life: faultLife}
	case err != nil, answer.Truncated, !answers(answer, q):
		return Records{Fault: NameServerFailed, life: faultLife}
	}
	return read(answer)
}

func (r *resolver) try(ctx context.Context, client *dns.Client, question *dns.Msg) (answer *dns.Msg, err error) {
	for range lookupTries {
		answer, _, err = client.ExchangeContext(ctx, question, r.server)
		if err == nil || ctx.Err() != nil {
			break
		}
	}
	return answer, err
}

// answers says whether a message tells which records there are.
func answers(m *dns.Msg, q Question) bool {
	return m.Response && len(m.Question) == 1 && strings.EqualFold(m.Question[0].Name, q.Name) &&
		m.Question[0].Qtype == uint16(q.Type) && (m.Rcode == dns.RcodeSuccess || m.Rcode == dns.RcodeNameError)
}

// read takes the records out of an answer, as far as there is room for them.
func read(m *dns.Msg) Records {
	found := Records{life: minLife}
	ttl, room := maxLife, maxKept
	for _, record := range m.Answer[:min(len(m.Answer), maxRecords)] {
		ttl = min(ttl, time.Duration(record.Header().Ttl)*time.Second)
		kind, text := found.place(record)
		if kind == nil || len(text) > maxText {
			continue
		}
		if room -= len(text); room < 0 {
			break
		}
		*kind = append(*kind, text)
	}
	if len(found.Texts)+len(found.Exchanges) > 0 {
		found.life = max(ttl, minLife)
	}
	return found
}

// place says where a record goes, and as which text; nil where it is none of those that are asked for.
func (r *Records) place(record dns.RR) (kind *[]string, text string) {
	switch record := record.(type) {
	case *dns.TXT:
		return &r.Texts, unescape(strings.Join(record.Txt, ""))
	case *dns.MX:
		return &r.Exchanges, strings.TrimSuffix(strings.ToLower(record.Mx), ".")
	}
	return nil, ""
}

// unescape undoes how the library writes quotes and backslashes. Other bytes that it escapes mean nothing in
// the records that are read.
func unescape(text string) string { return strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(text) }

func (q Question) key() any { return q }

// place is empty: the name server is not the provider.
func (q Question) place() string { return "" }

func (q Question) through(ctx context.Context, c Client) Records { return c.LookUp(ctx, q) }

func (q Question) unanswered(l loss) Records { return Records{Fault: l.symptom} }

func (r Records) way() (Symptom, bool) { return r.Fault, false }

func (r Records) size() int {
	size := 0
	for _, texts := range [][]string{r.Texts, r.Exchanges} {
		for _, text := range texts {
			size += len(text)
		}
	}
	return size
}
