// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package dnstest

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"

	"github.com/miekg/dns"
)

// Zone is what a name server knows.
type Zone struct {
	// Records are lines of a zone file, such as mail.example.com. TXT "v=spf1 -all".
	Records []string `json:"records,omitempty"`
	// Fails are names for which it answers that it failed, Silent names for which it answers nothing.
	Fails  []string `json:"fails,omitempty"`
	Silent []string `json:"silent,omitempty"`
}

// Server is a name server on loopback, over UDP and TCP.
type Server struct {
	// Address is its host:port.
	Address string

	udp, tcp *dns.Server
	mu       sync.Mutex
	zone     Zone
	records  []dns.RR
	asked    []string
}

// Start starts a name server that knows nothing.
func Start() (s *Server, err error) {
	// The port that is free for UDP may be taken for TCP.
	for range 10 {
		if s, err = start(); err == nil {
			break
		}
	}
	return s, err
}

func start() (*Server, error) {
	packets, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &Server{Address: packets.LocalAddr().String()}
	streams, err := net.Listen("tcp", s.Address)
	if err != nil {
		_ = packets.Close()
		return nil, err
	}
	s.udp = &dns.Server{PacketConn: packets, Handler: s}
	s.tcp = &dns.Server{Listener: streams, Handler: s}
	for _, server := range []*dns.Server{s.udp, s.tcp} {
		started := make(chan struct{})
		server.NotifyStartedFunc = func() { close(started) }
		go func() { _ = server.ActivateAndServe() }()
		<-started
	}
	return s, nil
}

// Close ends the server.
func (s *Server) Close() {
	_ = s.udp.Shutdown()
	_ = s.tcp.Shutdown()
}

// Resolver returns a resolver that asks the server.
func (s *Server) Resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, s.Address)
	}}
}

// Load has the server know a zone, and nothing else. Load forgets what was asked.
func (s *Server) Load(z Zone) error {
	records := make([]dns.RR, len(z.Records))
	for i, line := range z.Records {
		record, err := dns.NewRR(line)
		if err != nil || record == nil {
			return fmt.Errorf("record %q: expected a line of a zone file: %w", line, err)
		}
		records[i] = record
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.zone, s.records, s.asked = z, records, nil
	return nil
}

// Asked returns the questions so far, as name and type.
func (s *Server) Asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.asked)
}

// ServeDNS implements dns.Handler.
func (s *Server) ServeDNS(w dns.ResponseWriter, question *dns.Msg) {
	q := question.Question[0]
	name := strings.ToLower(q.Name)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, strings.TrimSuffix(name, ".")+" "+dns.TypeToString[q.Qtype])
	answer := new(dns.Msg)
	answer.SetReply(question)
	answer.RecursionAvailable = true
	is := func(other string) bool { return dns.Fqdn(strings.ToLower(other)) == name }
	switch {
	case slices.ContainsFunc(s.zone.Silent, is):
		return
	case slices.ContainsFunc(s.zone.Fails, is):
		answer.Rcode = dns.RcodeServerFailure
	default:
		answer.Answer, answer.Rcode = s.find(name, q.Qtype)
	}
	if _, packets := w.RemoteAddr().(*net.UDPAddr); packets {
		size := dns.MinMsgSize
		if options := question.IsEdns0(); options != nil {
			size = int(options.UDPSize())
		}
		answer.Truncate(size)
	}
	_ = w.WriteMsg(answer)
}

// maxAliases bounds how far a chain of aliases is followed.
const maxAliases = 8

// find returns the records of a name, and of what it is an alias of.
func (s *Server) find(name string, kind uint16) (found []dns.RR, code int) {
	code = dns.RcodeNameError
	for range maxAliases {
		next := ""
		for _, record := range s.records {
			header := record.Header()
			if strings.ToLower(header.Name) != name {
				continue
			}
			code = dns.RcodeSuccess
			if alias, ok := record.(*dns.CNAME); ok {
				next = strings.ToLower(alias.Target)
			}
			if header.Rrtype == kind || header.Rrtype == dns.TypeCNAME {
				found = append(found, record)
			}
		}
		if next == "" {
			break
		}
		name = next
	}
	return found, code
}
