// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"time"
)

const (
	// maxDialogue is how much is read of one connection to a mail server, in bytes, TLS included. It bounds
	// the lines of a reply, and their lengths.
	maxDialogue = 64 << 10
	// maxLine and maxLines are how much of a reply is kept.
	maxLine, maxLines = 512, 64
	// farewell is how long the answer to QUIT is waited for.
	farewell = time.Second
)

// TLSMode is how TLS begins at a server that speaks no HTTP, and what certificate will do.
type TLSMode string

// The modes of a mail server.
const (
	// STARTTLS: the server greets in clear, and TLS begins by a command (RFC 3207).
	STARTTLS TLSMode = "STARTTLS"
	// ImplicitTLS: TLS comes before all else (RFC 8314).
	ImplicitTLS TLSMode = "Implicit"
	// ClearText: there is no TLS.
	ClearText TLSMode = "None"
)

// Dialogue is one talk with a mail server, in which nothing is sent: greeting, TLS, login, farewell.
type Dialogue struct {
	Server HostPort
	TLS    TLSMode
	// Credential has the parts username and password; where it is empty there is no login.
	Credential Secret
	CA         *CA
	// TellOnce has the login tried once, by a mechanism that tells the password: for one that has to fail.
	TellOnce bool
}

// Step is a step of a dialogue.
type Step int

// The steps, in order.
const (
	Connecting Step = iota
	Greeting
	Hello
	Securing
	SecureHello
	LoggingIn
	Idling
	Leaving
)

// Session is what a mail server said in a dialogue.
type Session struct {
	// Fault is set where the connection failed, FaultArgs are fixed words of ours. At is the step at which
	// the dialogue ended, and Leaving for one that came to its end.
	Fault     Symptom
	FaultArgs []string
	At        Step
	// Code is the code of the reply that refused the step At, and 0 where none did. Said is how the reply goes on that
	// refused a login: for patterns to look at, and for nobody to be shown.
	Code int
	Said string
	// Connected says that there was a connection, Secure that TLS was agreed on.
	Connected, Secure bool
	// Banner is the server's greeting, and Extensions the lines of its last answer to EHLO: the first
	// greets too.
	Banner     string
	Extensions []string
	// Expires is when the server's certificate ends; zero without TLS.
	Expires time.Time
	// LoggedIn says that the credential was accepted.
	LoggedIn bool
}

// Offers returns the parameters of an extension that the server offers.
func (s Session) Offers(extension string) (parameters []string, offered bool) {
	if len(s.Extensions) < 2 {
		return nil, false
	}
	for _, line := range s.Extensions[1:] {
		// Old servers write AUTH=PLAIN.
		words := strings.Fields(strings.Replace(strings.ToUpper(line), "=", " ", 1))
		if len(words) > 0 && words[0] == extension {
			parameters, offered = append(parameters, words[1:]...), true
		}
	}
	return parameters, offered
}

// Errors that end a dialogue and are none of the connection.
var (
	errTooLong     = errors.New("the server says more than is read")
	errNotOffered  = errors.New("the server does not offer what is needed")
	errNoMechanism = errors.New("none of the server's mechanisms is ours")
)

// Converse implements Client.
func (c *Network) Converse(ctx context.Context, d Dialogue) Session {
	var way progress
	ctx = way.watch(ctx)
	conn, err := c.dialServer(ctx, d.Server.String(), d.TLS)
	if err != nil {
		return d.unanswered(way.stopped(err))
	}
	defer func() { _ = conn.Close() }()
	// A dial does not tell it, and those who share the dialogue want to know.
	httptrace.ContextClientTrace(ctx).GotConn(httptrace.GotConnInfo{})
	// The dialogue ends with its context, whatever it waits for.
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()
	t := talk{Dialogue: d, conn: &boundedConn{Conn: conn, left: maxDialogue}}
	t.session.Connected = true
	t.listen()
	if err := t.hold(ctx); err != nil {
		t.fail(ctx, err)
	}
	if t.session.Fault == (Symptom{}) {
		t.leave()
	}
	return t.session
}

// dialServer dials a server to which a credential goes as it is said in a mode of TLS.
func (c *Network) dialServer(ctx context.Context, address string, mode TLSMode) (net.Conn, error) {
	if mode == ClearText {
		return c.guard.DialClear(ctx, address)
	}
	return c.guard.DialContext(ctx, "tcp", address)
}

// boundedConn is a connection of which only so much is read.
type boundedConn struct {
	net.Conn
	left int
}

// Read implements net.Conn.
func (c *boundedConn) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, errTooLong
	}
	n, err := c.Conn.Read(p[:min(len(p), c.left)])
	c.left -= n
	return n, err
}

// talk is a dialogue under way.
type talk struct {
	Dialogue
	conn    net.Conn
	text    *textproto.Conn
	session Session
}

// listen reads the server's lines from the connection as it is now.
func (t *talk) listen() { t.text = textproto.NewConn(t.conn) }

// hold goes through the steps up to the farewell.
func (t *talk) hold(ctx context.Context) error {
	if t.TLS == ImplicitTLS {
		if err := t.secure(ctx); err != nil {
			return err
		}
	}
	t.session.At = Greeting
	_, banner, err := t.text.ReadResponse(220)
	if err != nil {
		return err
	}
	t.session.Banner = kept(banner)[0]
	if err := t.hello(Hello); err != nil {
		return err
	}
	if t.TLS == STARTTLS {
		if err := t.startTLS(ctx); err != nil {
			return err
		}
	}
	if !t.Credential.IsZero() {
		t.session.At = LoggingIn
		if err := t.logIn(); err != nil {
			return err
		}
		t.session.LoggedIn = true
	}
	t.session.At = Idling
	_, err = t.command(250, "NOOP")
	if err == nil {
		t.session.At = Leaving
	}
	return err
}

// hello introduces us. Our host name means nothing to a server outside the cluster, so it is told our
// address, as RFC 5321 asks for then.
func (t *talk) hello(step Step) error {
	t.session.At = step
	name := "[127.0.0.1]"
	if addr, ok := t.conn.LocalAddr().(*net.TCPAddr); ok {
		if ip := addr.AddrPort().Addr().Unmap().WithZone(""); ip.Is4() {
			name = "[" + ip.String() + "]"
		} else {
			name = "[IPv6:" + ip.String() + "]"
		}
	}
	said, err := t.command(250, "EHLO "+name)
	if err == nil {
		t.session.Extensions = kept(said)
	}
	return err
}

func (t *talk) startTLS(ctx context.Context) error {
	t.session.At = Securing
	if _, offered := t.session.Offers("STARTTLS"); !offered {
		return errNotOffered
	}
	if _, err := t.command(220, "STARTTLS"); err != nil {
		return err
	}
	if t.text.R.Buffered() > 0 {
		return errTooLong // Somebody put words in front of TLS that are to be read behind it.
	}
	if err := t.secure(ctx); err != nil {
		return err
	}
	return t.hello(SecureHello)
}

// secure begins TLS and takes down when the certificate ends.
func (t *talk) secure(ctx context.Context) error {
	t.session.At = Securing
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: t.Server.Host}
	if t.CA != nil {
		config.RootCAs = t.CA.pool
	}
	conn := tls.Client(t.conn, config)
	if err := conn.HandshakeContext(ctx); err != nil {
		return err
	}
	t.conn = conn
	t.listen()
	t.session.Secure = true
	t.session.Expires = conn.ConnectionState().PeerCertificates[0].NotAfter
	return nil
}

// command sends one line and returns what came after the code that is expected.
func (t *talk) command(expect int, line string) (string, error) {
	code, said, err := t.say(line)
	if err == nil && code != expect {
		err = &textproto.Error{Code: code, Msg: said}
	}
	return said, err
}

// leave says farewell, and does not mind the answer.
func (t *talk) leave() {
	_ = t.conn.SetDeadline(time.Now().Add(farewell))
	_, _ = t.command(221, "QUIT")
}

// fail says what an error means.
func (t *talk) fail(ctx context.Context, err error) {
	var (
		refused *textproto.Error
		record  tls.RecordHeaderError
	)
	switch {
	case errors.As(err, &refused):
		t.session.Code = refused.Code
		if t.session.At == LoggingIn {
			t.session.Said = refused.Msg[:min(len(refused.Msg), maxLine)]
		}
	case errors.Is(err, errNotOffered), errors.Is(err, errNoMechanism):
		// The step tells.
	case errors.As(err, &record) && strings.HasPrefix(string(record.RecordHeader[:]), "220"):
		t.session.Fault = GreetsInClear
	case ctx.Err() != nil:
		t.session.Fault, t.session.FaultArgs = faultSymptom(ctx.Err())
	default:
		t.session.Fault, t.session.FaultArgs = faultSymptom(err)
	}
}

// kept is what is kept of a reply: its first lines, and the beginning of each.
func kept(said string) []string {
	lines := strings.Split(said, "\n")
	lines = lines[:min(len(lines), maxLines)]
	for i, line := range lines {
		lines[i] = line[:min(len(line), maxLine)]
	}
	return lines
}

// dialogueKey is equal for two dialogues that say the same to the same server.
type dialogueKey struct {
	server     HostPort
	tls        TLSMode
	credential Fingerprint
	ca         string
}

func (d Dialogue) key() any {
	return dialogueKey{server: d.Server, tls: d.TLS, credential: d.Credential.Fingerprint(), ca: d.CA.text()}
}

func (d Dialogue) place() string { return d.Server.String() }

func (d Dialogue) through(ctx context.Context, c Client) Session { return c.Converse(ctx, d) }

func (d Dialogue) unanswered(l loss) Session {
	return Session{Fault: l.symptom, FaultArgs: l.args, Connected: l.connected}
}

func (s Session) way() (Symptom, bool) { return s.Fault, s.Connected }

func (s Session) size() int {
	return len(s.Banner) + len(s.Said) + len(strings.Join(s.Extensions, "\n"))
}
