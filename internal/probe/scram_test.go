// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
)

func TestWhatAProofOfAPasswordMayCost(t *testing.T) {
	for challenge, want := range map[string]bool{
		"r=nonce,s=c2FsdA==,i=4096":                 false,
		"r=nonce,s=c2FsdA==,i=600000":               false,
		"r=nonce,s=c2FsdA==,i=600001":               true,
		"r=nonce,s=c2FsdA==,i=+600001":              true,
		"r=nonce,s=c2FsdA==,i=0000600001":           true,
		"r=nonce,s=c2FsdA==,i=99999999999999999999": true,
		"r=nonce,s=c2FsdA==,i=":                     true,
		"i=1,s=c2FsdA==,i=600001":                   true,
		"v=signature":                               false,
		"<1896.697170952@mail.example.com>":         false,
		"Password:":                                 false,
		"":                                          false,
	} {
		if got := costly([]byte(challenge)); got != want {
			t.Errorf("%q: got %t, want %t", challenge, got, want)
		}
	}
}

// askForProof has a server ask for a proof of the password, with a salt and a number of rounds.
func askForProof(conn net.Conn, saltAndRounds string) (answer pgproto3.FrontendMessage, err error) {
	backend := greet(conn)
	backend.Send(&pgproto3.AuthenticationSASL{AuthMechanisms: []string{"SCRAM-SHA-256"}})
	_ = backend.Flush()
	_ = backend.SetAuthType(pgproto3.AuthTypeSASL)
	message, err := backend.Receive()
	if err != nil {
		return nil, err
	}
	_, nonce, _ := strings.Cut(string(message.(*pgproto3.SASLInitialResponse).Data), "r=")
	backend.Send(&pgproto3.AuthenticationSASLContinue{Data: []byte("r=" + nonce + "x," + saltAndRounds)})
	_ = backend.Flush()
	_ = backend.SetAuthType(pgproto3.AuthTypeSASLContinue)
	return backend.Receive()
}

// scram is a server that must get no such proof.
func scram(saltAndRounds string) func(net.Conn) {
	return func(conn net.Conn) {
		if answer, err := askForProof(conn, saltAndRounds); err == nil {
			panic(fmt.Sprintf("the client answered with %T", answer))
		}
	}
}

func TestADatabaseMayAskForTheWorkThatIsRecommended(t *testing.T) {
	answered := make(chan pgproto3.FrontendMessage, 1)
	server := playPostgres(t, func(conn net.Conn) {
		answer, _ := askForProof(conn, "s=c2FsdA==,i=600000")
		answered <- answer
	})
	postgresClient().Transact(t.Context(), postgresAt(server))
	if answer, is := (<-answered).(*pgproto3.SASLResponse); !is {
		t.Errorf("expected a proof of the password, found %T", answer)
	}
}
