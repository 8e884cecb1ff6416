// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

// Package dnstest plays name servers for tests, so that none asks the DNS of the machine it runs on.
package dnstest

import (
	"context"
	"encoding/binary"
	"io"
	"net"
)

// Code is what a name server says of a question, as in RFC 1035, section 4.1.1.
type Code byte

// The codes. Silence is none of them: a server that says nothing.
const (
	ServerFailure Code = 2
	NoSuchName    Code = 3
	Refused       Code = 5
	Silence       Code = 255
)

// Play has every lookup of this process answered with one code, until restore is called.
func Play(code Code) (restore func()) {
	before := net.DefaultResolver
	net.DefaultResolver = Resolver(code)
	return func() { net.DefaultResolver = before }
}

// Resolver returns a resolver whose name server answers every question with one code.
func Resolver(code Code) *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go serve(theirs, code)
		return ours, nil
	}}
}

// serve answers one question. On a stream each message comes after its length, in two bytes.
func serve(conn net.Conn, code Code) {
	defer func() { _ = conn.Close() }()
	length := make([]byte, 2)
	if _, err := io.ReadFull(conn, length); err != nil {
		return
	}
	message := make([]byte, binary.BigEndian.Uint16(length))
	if _, err := io.ReadFull(conn, message); err != nil {
		return
	}
	if code == Silence {
		_, _ = io.Copy(io.Discard, conn) // until the other side gives up
		return
	}
	// The answer is the question with two marks, that it is an answer and that recursion is available,
	// and with the code.
	message[2] |= 0x80
	message[3] = 0x80 | byte(code)
	_, _ = conn.Write(append(length, message...))
}
