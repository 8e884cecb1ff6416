// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"regexp"
	"slices"
	"syscall"
)

// fault turns an error of the transport into the symptom that it is.
func fault(err error) Answer {
	symptom, args := faultSymptom(err)
	return Answer{Fault: symptom, FaultArgs: args}
}

func faultSymptom(err error) (Symptom, []string) {
	var (
		refused refusal
		dns     *net.DNSError
	)
	switch {
	case errors.As(err, &refused):
		return refused.symptom, nil
	case errors.Is(err, context.Canceled):
		return ProbeFailed, nil
	case errors.Is(err, errProxy), failedTo("proxyconnect", err) != nil:
		return ProxyFailed, nil
	case errors.As(err, &dns):
		if dns.IsNotFound {
			return NameNotResolved, nil
		}
		// A name server that is silent, overloaded or broken says nothing about the name.
		return NameServerFailed, nil
	}
	if words, bad := certificateFault(err); bad {
		return CertificateInvalid, []string{words}
	}
	return connectionFault(err), nil
}

// certificateFault says what is wrong with a server's certificate, in fixed words of ours.
func certificateFault(err error) (words string, bad bool) {
	var (
		unknownCA x509.UnknownAuthorityError
		hostname  x509.HostnameError
		invalid   x509.CertificateInvalidError
		verify    *tls.CertificateVerificationError
	)
	switch {
	case errors.As(err, &unknownCA):
		return "it is signed by an unknown authority", true
	case errors.As(err, &hostname):
		return "it is for another host name", true
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "it has expired or is not valid yet", true
	case errors.As(err, &invalid), errors.As(err, &verify):
		return "it cannot be verified", true
	}
	return "", false
}

func connectionFault(err error) Symptom {
	var (
		record tls.RecordHeaderError
		alert  tls.AlertError
	)
	dial := failedTo("dial", err)
	switch {
	case errors.As(err, &record), errors.As(err, &alert):
		return HandshakeFailed
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), isTimeout(err):
		return TimedOut
	case errors.Is(err, syscall.ECONNREFUSED):
		return ConnectionRefused
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return NetworkUnreachable
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed),
		errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), hungUp.MatchString(err.Error()):
		return ConnectionClosed
	case dial != nil && usedUp(dial):
		return ProbeFailed
	case dial != nil:
		// Whatever else keeps a connection from being made, a policy of the kernel for one, nobody answered.
		return NetworkUnreachable
	}
	// What is left are answers that are not HTTP.
	return UnexpectedAnswer
}

// hungUp matches the errors of net/http for an end of the connection that have no type to ask for.
var hungUp = regexp.MustCompile(`server closed idle connection|client connection lost|server sent GOAWAY`)

// failedTo returns the error of the network operation with this name, or nil where another one failed.
func failedTo(operation string, err error) *net.OpError {
	if op := (*net.OpError)(nil); errors.As(err, &op) && op.Op == operation {
		return op
	}
	return nil
}

// usedUp says whether a connection failed for what this machine has run out of. Where there is no IPv6,
// the kernel calls it an address that is not available too, but that is a matter of the network.
func usedUp(dial *net.OpError) bool {
	if errors.Is(dial, syscall.EADDRNOTAVAIL) {
		remote, ok := dial.Addr.(*net.TCPAddr)
		return !ok || remote.IP.To4() != nil
	}
	spent := []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM}
	return slices.ContainsFunc(spent, func(target error) bool { return errors.Is(dial, target) })
}

func isTimeout(err error) bool {
	var netErr net.Error
	return errors.As(err, &netErr) && netErr.Timeout()
}
