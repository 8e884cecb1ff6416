// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/textproto"
	"slices"

	"github.com/wneessen/go-mail/smtp"
)

// Parts of the credential of a mail server.
const (
	UsernamePart = "username"
	PasswordPart = "password"
)

// mechanism is a way to log in.
type mechanism struct {
	name string
	// tells says that the server learns the password, so that it can log in whatever it keeps of passwords.
	tells bool
	begin func(t *talk, username, password string) smtp.Auth
}

// mechanisms are those that are known, from the strongest to the weakest.
var mechanisms = []mechanism{
	{name: "SCRAM-SHA-256", begin: func(_ *talk, u, p string) smtp.Auth { return smtp.ScramSHA256Auth(u, p) }},
	{name: "SCRAM-SHA-1", begin: func(_ *talk, u, p string) smtp.Auth { return smtp.ScramSHA1Auth(u, p) }},
	{name: "CRAM-MD5", begin: func(_ *talk, u, p string) smtp.Auth { return smtp.CRAMMD5Auth(u, p) }},
	{name: "PLAIN", tells: true, begin: func(t *talk, u, p string) smtp.Auth {
		return smtp.PlainAuth("", u, p, t.Server.Host, t.TLS == ClearText)
	}},
	{name: "LOGIN", tells: true, begin: func(t *talk, u, p string) smtp.Auth {
		return smtp.LoginAuth(u, p, t.Server.Host, t.TLS == ClearText)
	}},
}

// maxLogins is how often a login is tried. Servers lock out who tries often.
const maxLogins = 2

// maxRounds is how many challenges of one login are answered.
const maxRounds = 8

// logIn tries the strongest mechanism that the server offers. Where that is refused, it may be that the
// account has no such secret, which some servers offer for none; so a mechanism that tells the password is
// tried once before the password counts as wrong.
func (t *talk) logIn() error {
	offered, _ := t.session.Offers("AUTH")
	var refusal error
	tries := 0
	for _, m := range mechanisms {
		if tries == maxLogins || !slices.Contains(offered, m.name) || (refusal != nil || t.TellOnce) && !m.tells {
			continue
		}
		tries++
		err := t.try(m)
		if err == nil {
			return nil
		}
		if refusal == nil {
			refusal = err
		}
		if m.tells || !refused(err) {
			break
		}
	}
	if refusal == nil && len(offered) > 0 {
		return errNoMechanism
	}
	if refusal == nil {
		return errNotOffered
	}
	return refusal
}

// refused says whether the server answered that it does not let us in, this way or at all.
func refused(err error) bool {
	var reply *textproto.Error
	return errors.As(err, &reply) && reply.Code >= 500
}

// try logs in with one mechanism. Its words are taken from the library, and the lines are ours.
func (t *talk) try(m mechanism) error {
	auth := m.begin(t, t.Credential.Part(UsernamePart), t.Credential.Part(PasswordPart))
	_, first, err := auth.Start(&smtp.ServerInfo{Name: t.Server.Host, TLS: t.session.Secure, Auth: []string{m.name}})
	if err != nil {
		return err
	}
	line := "AUTH " + m.name
	if len(first) > 0 {
		line += " " + base64.StdEncoding.EncodeToString(first)
	}
	for range maxRounds {
		code, said, err := t.say(line)
		if err != nil {
			return err
		}
		switch code {
		case 235:
			return nil
		case 334:
		default:
			return &textproto.Error{Code: code, Msg: said}
		}
		answer, err := t.answer(auth, said)
		if err != nil {
			_, _, _ = t.say("*") // RFC 4954: who gives up says so.
			return err
		}
		line = base64.StdEncoding.EncodeToString(answer)
	}
	return errTooLong
}

// say sends one line and returns the code of the reply, with its text.
func (t *talk) say(line string) (code int, said string, err error) {
	if err := t.text.PrintfLine("%s", line); err != nil {
		return 0, "", err
	}
	return t.text.ReadResponse(0)
}

// answer is what a mechanism answers to a challenge.
func (t *talk) answer(auth smtp.Auth, said string) ([]byte, error) {
	challenge, err := base64.StdEncoding.DecodeString(said)
	if err != nil {
		return nil, fmt.Errorf("challenge: %w", err)
	}
	if costly(challenge) {
		return nil, errTooLong
	}
	return auth.Next(challenge, true)
}
