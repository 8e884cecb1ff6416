// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// How TLS begins at a database is always the same: the client asks for it, in clear. What differs is which
// certificate will do. ClearText is a mode as well.
const (
	// VerifyFull: one that a known authority signed for the host.
	VerifyFull TLSMode = "VerifyFull"
	// VerifyCA: one that a known authority signed, for whatever host.
	VerifyCA TLSMode = "VerifyCA"
	// AnyCertificate: any. Who can get between reads along, and the password is not told.
	AnyCertificate TLSMode = "Require"
)

// Transaction is a transaction of a PostgreSQL database that reads only, and is rolled back. The login must
// not be one that can do more than read and write tables: nothing is asked with such a one.
type Transaction struct {
	Server   HostPort
	Database string
	TLS      TLSMode
	// Credential has the parts username and password.
	Credential Secret
	CA         *CA
	// Turns are taken in order. What one sets, such as a role, is gone when it ends.
	Turns []Turn
}

// Turn are statements that build upon each other. The first that is refused ends it.
type Turn []Statement

// Statement is SQL of ours. What comes from a spec is in Args, as $1 and so on, or is an identifier that was
// quoted.
type Statement struct {
	SQL  string
	Args []string
}

// Results are what a database answered.
type Results struct {
	// Fault is set where the connection failed, FaultArgs are fixed words of ours.
	Fault     Symptom
	FaultArgs []string
	// Connected says that there was a connection, with TLS where that was asked for; LoggedIn that the
	// credential was accepted.
	Connected, LoggedIn bool
	// Expires is when the server's certificate ends; zero without TLS.
	Expires time.Time
	// Refusal is the error with which the server did not let us in, or ended the transaction.
	Refusal SQLError
	// TooMuch is what the login may do that no probe needs. Nothing was asked then.
	TooMuch []string
	// Turns are what came of the turns that were taken.
	Turns []TurnResult
}

// TurnResult is what came of a turn.
type TurnResult struct {
	// Tables has the rows of each statement that was answered, in order. NULL is an empty text.
	Tables [][]Row
	// Refusal is the error at the statement after those; zero where all were answered.
	Refusal SQLError
}

// Row is a row of a result, as text.
type Row []string

// SQLError is an error of the server.
type SQLError struct {
	// Code is its SQLSTATE; empty where there was no error.
	Code string
	// Routine is the function of the server that found it; servers that only speak the protocol have none.
	Routine string
	// Message and Where, which is what the server was about, are remote text: for patterns, and never for a reader.
	Message, Where string
}

// transactionKey is equal for two transactions that ask the same of the same database.
type transactionKey struct {
	server     HostPort
	database   string
	tls        TLSMode
	credential Fingerprint
	ca, turns  string
}

func (t Transaction) key() any {
	return transactionKey{
		server: t.Server, database: t.Database, tls: t.TLS, credential: t.Credential.Fingerprint(),
		ca: t.CA.text(), turns: fmt.Sprintf("%q", t.Turns),
	}
}

func (t Transaction) place() string { return fmt.Sprintf("%s/%s\n%q", t.Server, t.Database, t.Turns) }

func (t Transaction) through(ctx context.Context, c Client) Results { return c.Transact(ctx, t) }

func (t Transaction) unanswered(l loss) Results {
	return Results{Fault: l.symptom, FaultArgs: l.args, Connected: l.connected}
}

func (r Results) way() (Symptom, bool) { return r.Fault, r.Connected }

func (r Results) size() int {
	size := 0
	for _, turn := range r.Turns {
		for _, table := range turn.Tables {
			for _, row := range table {
				size += len(strings.Join(row, ""))
			}
		}
	}
	return size
}
