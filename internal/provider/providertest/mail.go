// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package providertest

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"strings"
	"sync"
	"time"
)

// Line is one line of a client that a mail server answers.
type Line struct {
	// To is how the client's line begins: a command, with "TLS " before it for one that came after TLS began.
	// CONNECT stands for the connection itself. The first line that matches is answered.
	To string `json:"to"`
	// Say are the answers: the first to the command, each further one to the next line of a login. Each may
	// have several lines.
	Say []string `json:"say,omitempty"`
	// Close closes the connection after the answers, or in place of them where there are none.
	Close bool `json:"close,omitempty"`
	// Hang keeps the connection and says nothing more.
	Hang bool `json:"hang,omitempty"`
}

// MailServer plays dialogues over TCP and TLS on loopback.
type MailServer struct {
	// Address is its host:port.
	Address string
	// CA are the certificates that its own is checked against, in PEM.
	CA []byte

	listener net.Listener
	tls      *tls.Config
	pretends bool

	mu       sync.Mutex
	lines    []Line
	implicit bool
	said     []string
	all      sync.WaitGroup
	open     map[net.Conn]struct{}
}

// MailOptions are what a mail server is started with.
type MailOptions struct {
	// Lifetime is how long its certificate is valid; 0 for a year. Host is what it is for; 127.0.0.1 where
	// it is empty.
	Lifetime time.Duration
	Host     string
	// Pretend has it answer in clear what it would answer after TLS began, for a simulator whose certificate
	// nobody knows.
	Pretend bool
}

// StartMail starts a mail server that plays nothing yet.
func StartMail(o MailOptions) (*MailServer, error) {
	authority, key, err := Certify(o)
	if err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	certificate, err := tls.X509KeyPair(authority, key)
	if err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &MailServer{
		Address: listener.Addr().String(), CA: authority, listener: listener, pretends: o.Pretend,
		tls: &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}, open: map[net.Conn]struct{}{},
	}
	s.all.Go(s.accept)
	return s, nil
}

// Close ends the server and every connection.
func (s *MailServer) Close() {
	_ = s.listener.Close()
	s.mu.Lock()
	for conn := range s.open {
		_ = conn.Close()
	}
	s.mu.Unlock()
	s.all.Wait()
}

// Play has the server answer with these lines, after TLS from the first byte where implicit says so. It
// forgets what clients said.
func (s *MailServer) Play(lines []Line, implicit bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines, s.implicit, s.said = lines, implicit, nil
}

// Said returns what clients said, line by line, with "TLS " before what came after TLS began.
func (s *MailServer) Said() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.said...)
}

func (s *MailServer) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.open[conn] = struct{}{}
		play := play{MailServer: s, conn: conn, lines: s.lines}
		implicit := s.implicit
		s.mu.Unlock()
		s.all.Go(func() {
			play.run(implicit)
			_ = conn.Close()
			s.mu.Lock()
			delete(s.open, conn)
			s.mu.Unlock()
		})
	}
}

// play is one dialogue.
type play struct {
	*MailServer
	conn   net.Conn
	read   *bufio.Reader
	lines  []Line
	secure string
}

func (p *play) run(implicit bool) {
	p.read = bufio.NewReader(p.conn)
	if implicit && !p.begin() {
		return
	}
	for line := "CONNECT"; p.answer(line); {
		text, err := p.read.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(text, "\r\n")
		p.note(line)
	}
}

// find returns the line that answers a command.
func (p *play) find(command string) (Line, bool) {
	ways := []string{p.secure}
	if p.pretends {
		ways = []string{"TLS ", ""}
	}
	for _, way := range ways {
		for _, line := range p.lines {
			if strings.HasPrefix(strings.ToUpper(way+command), line.To) {
				return line, true
			}
		}
	}
	return Line{}, false
}

// begin begins TLS.
func (p *play) begin() bool {
	conn := tls.Server(p.conn, p.tls)
	p.conn, p.read, p.secure = conn, bufio.NewReader(conn), "TLS "
	return conn.Handshake() == nil
}

func (p *play) note(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.said = append(p.said, p.secure+line)
}

// answer answers a command and says whether the dialogue goes on.
func (p *play) answer(command string) bool {
	line, found := p.find(command)
	if found {
		for i, said := range line.Say {
			if i > 0 {
				text, err := p.read.ReadString('\n')
				if err != nil {
					return false
				}
				p.note(strings.TrimRight(text, "\r\n"))
			}
			if _, err := io.WriteString(p.conn, strings.ReplaceAll(said, "\n", "\r\n")+"\r\n"); err != nil {
				return false
			}
		}
		if line.Hang {
			_, _ = io.Copy(io.Discard, p.conn)
		}
		if line.Close || line.Hang {
			return false
		}
		begins := command == "STARTTLS" && len(line.Say) > 0 && strings.HasPrefix(line.Say[0], "220")
		return !begins || p.begin()
	}
	_, err := io.WriteString(p.conn, "502 5.5.2 Error: command not recognized\r\n")
	return err == nil
}

// Certify makes a certificate that signs itself, with its key, both in PEM.
func Certify(o MailOptions) (certificate, private []byte, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	lifetime := o.Lifetime
	if lifetime == 0 {
		lifetime = 365 * 24 * time.Hour
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-365 * 24 * time.Hour), NotAfter: time.Now().Add(lifetime),
	}
	if o.Host == "" {
		template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	} else {
		template.DNSNames = []string{o.Host}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, nil, err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, err
	}
	certificate = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return certificate, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), nil
}
