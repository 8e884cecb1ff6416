// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgproto3"
)

// The behaviour of real servers is tested in internal/provider/realtest. Here servers do what real ones do not do
// on demand, or never do.

// postgresAt is a transaction at a server that is played, in clear.
func postgresAt(server HostPort) Transaction {
	return Transaction{
		Server: server, Database: "shop", TLS: ClearText,
		Credential: NewSecretOf(map[string]string{UsernamePart: "checker", PasswordPart: "right password"}),
		Turns:      []Turn{{{SQL: "SELECT 1"}}},
	}
}

func postgresClient() *Network {
	return NewNetwork(NetworkOptions{UserAgent: "mainstay/test", Guard: Guard{AllowCIDRs: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}})
}

// playPostgres has a server do something with each connection.
func playPostgres(t testing.TB, play func(net.Conn)) HostPort {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			play(conn)
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		<-ended
	})
	server, err := ParseHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return server
}

// greet reads the first message of a client.
func greet(conn net.Conn) *pgproto3.Backend {
	backend := pgproto3.NewBackend(conn, conn)
	_, _ = backend.ReceiveStartupMessage()
	return backend
}

// refuse has a server greet with an error.
func refuse(code, message string) func(net.Conn) {
	return func(conn net.Conn) {
		backend := greet(conn)
		backend.Send(&pgproto3.ErrorResponse{Severity: "FATAL", Code: code, Message: message})
		_ = backend.Flush()
	}
}

// say has a server greet with bytes.
func say(text string) func(net.Conn) {
	return func(conn net.Conn) {
		greet(conn)
		_, _ = io.WriteString(conn, text)
	}
}

func TestServersThatAreNoGoodDatabases(t *testing.T) {
	longMessage := string(binary.BigEndian.AppendUint32([]byte("R"), 1<<30))
	for name, c := range map[string]struct {
		play func(net.Conn)
		tls  TLSMode
		want Results
	}{
		"one that is starting up": {
			play: refuse("57P03", "the database system is starting up"),
			want: Results{Connected: true, Refusal: SQLError{Code: "57P03", Message: "the database system is starting up"}},
		},
		"one that closes at once":       {play: func(net.Conn) {}, want: Results{Connected: true, Fault: ConnectionClosed}},
		"one that speaks HTTP":          {play: say("HTTP/1.1 400 Bad Request\r\n\r\n"), want: Results{Connected: true, Fault: UnexpectedAnswer}},
		"one that announces a gigabyte": {play: say(longMessage), want: Results{Connected: true, Fault: UnexpectedAnswer}},
		"one without TLS, where that is asked for": {
			tls:  VerifyFull,
			play: func(conn net.Conn) { _, _ = conn.Read(make([]byte, 8)); _, _ = io.WriteString(conn, "N") },
			want: Results{Fault: TLSNotOffered},
		},
		"one that wants to be told the password in clear": {
			play: func(conn net.Conn) {
				backend := greet(conn)
				backend.Send(&pgproto3.AuthenticationCleartextPassword{})
				_ = backend.Flush()
				if message, err := backend.Receive(); err == nil {
					panic(fmt.Sprintf("the client answered with %T", message))
				}
			},
			want: Results{Connected: true, Fault: PasswordAskedFor},
		},
		"one that asks for more work than a password is worth": {
			play: scram("s=c2FsdA==,i=600001"), want: Results{Connected: true, Fault: UnexpectedAnswer},
		},
		"one that asks for ten million rounds": {
			play: scram("s=c2FsdA==,i=+10000000"), want: Results{Connected: true, Fault: UnexpectedAnswer},
		},
		"one that asks for them after a salt that is long": {
			play: scram("s=" + strings.Repeat("c2FsdA==", 4<<10) + ",i=10000000"), want: Results{Connected: true, Fault: UnexpectedAnswer},
		},
		"one that sends rows without an end": {
			play: func(conn net.Conn) {
				backend := greet(conn)
				backend.Send(&pgproto3.AuthenticationOk{})
				backend.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
				backend.Send(&pgproto3.ParseComplete{})
				backend.Send(&pgproto3.BindComplete{})
				backend.Send(&pgproto3.RowDescription{Fields: []pgproto3.FieldDescription{{Name: []byte("x")}}})
				for {
					backend.Send(&pgproto3.DataRow{Values: [][]byte{make([]byte, 1<<10)}})
					if backend.Flush() != nil {
						return
					}
				}
			},
			want: Results{Connected: true, LoggedIn: true, Fault: UnexpectedAnswer},
		},
		"one whose rows have no columns": {
			play: answerThrice(&pgproto3.DataRow{}),
			want: Results{Connected: true, LoggedIn: true, Fault: UnexpectedAnswer},
		},
		"one that calls the login what it likes": {
			play: answerThrice(&pgproto3.DataRow{Values: [][]byte{[]byte("superuser, and see http://evil.example.com")}}),
			want: Results{Connected: true, LoggedIn: true, Fault: UnexpectedAnswer},
		},
		"one whose rows are as wide as a screen": {
			play: answerThrice(&pgproto3.DataRow{Values: append([][]byte{[]byte("pg_read_server_files")}, make([][]byte, maxColumns)...)}),
			want: Results{Connected: true, LoggedIn: true, Fault: UnexpectedAnswer},
		},
		"one that repeats itself": {
			play: answerThrice(&pgproto3.DataRow{Values: [][]byte{[]byte("pg_read_server_files")}}),
			want: Results{Connected: true, LoggedIn: true, TooMuch: []string{"pg_read_server_files"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			transaction := postgresAt(playPostgres(t, c.play))
			if c.tls != "" {
				transaction.TLS = c.tls
			}
			got := postgresClient().Transact(t.Context(), transaction)
			if diff := cmp.Diff(c.want, got, cmp.Comparer(func(a, b Symptom) bool { return a == b })); diff != "" {
				t.Errorf("wrong results (-want +got):\n%s", diff)
			}
		})
	}
}

// answerThrice has a server let anybody in, and answer each of the statements before the first turn with two rows.
func answerThrice(row *pgproto3.DataRow) func(net.Conn) {
	return func(conn net.Conn) {
		backend := greet(conn)
		backend.Send(&pgproto3.AuthenticationOk{})
		backend.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
		for range 3 {
			for _, message := range []pgproto3.BackendMessage{
				&pgproto3.ParseComplete{}, &pgproto3.BindComplete{}, &pgproto3.RowDescription{}, row, row,
				&pgproto3.CommandComplete{CommandTag: []byte("SELECT 2")}, &pgproto3.ReadyForQuery{TxStatus: 'T'},
			} {
				backend.Send(message)
			}
		}
		_ = backend.Flush()
		_, _ = io.Copy(io.Discard, conn)
	}
}

// TestASilentDatabaseIsLeftInTime has a server say nothing, at each point where it may stop to.
func TestASilentDatabaseIsLeftInTime(t *testing.T) {
	for name, play := range map[string]func(net.Conn){
		"before it greets": func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) },
		"after the login": func(conn net.Conn) {
			backend := greet(conn)
			backend.Send(&pgproto3.AuthenticationOk{})
			backend.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
			_ = backend.Flush()
			_, _ = io.Copy(io.Discard, conn)
		},
		"byte by byte": func(conn net.Conn) {
			greet(conn)
			for {
				if _, err := conn.Write([]byte{'S'}); err != nil {
					return
				}
				if _, err := conn.Write(binary.BigEndian.AppendUint32(nil, maxMessage)); err != nil {
					return
				}
				_, _ = io.Copy(io.Discard, conn)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer cancel()
			got := postgresClient().Transact(ctx, postgresAt(playPostgres(t, play)))
			if got.Fault != TimedOut {
				t.Errorf("expected that the time was up, found %+v", got)
			}
		})
	}
}

func TestTheDialGuardJudgesDatabases(t *testing.T) {
	server := playPostgres(t, func(net.Conn) { panic("the guard let a connection through") })
	for _, mode := range []TLSMode{VerifyFull, VerifyCA, AnyCertificate, ClearText} {
		transaction := postgresAt(server)
		transaction.TLS = mode
		if got := NewNetwork(NetworkOptions{}).Transact(t.Context(), transaction); got.Fault != AddressRefused {
			t.Errorf("%s: expected the address to be refused, found %+v", mode, got)
		}
	}
}

// TestTheEnvironmentSaysNothingToADatabase sets what libpq reads, each to something that would not work.
func TestTheEnvironmentSaysNothingToADatabase(t *testing.T) {
	for _, variable := range []string{
		"PGHOST", "PGPORT", "PGDATABASE", "PGUSER", "PGPASSWORD", "PGPASSFILE", "PGAPPNAME", "PGCONNECT_TIMEOUT", "PGSSLMODE", "PGSSLKEY",
		"PGSSLCERT", "PGSSLCERTMODE", "PGSSLSNI", "PGSSLROOTCERT", "PGSSLPASSWORD", "PGSSLNEGOTIATION", "PGTARGETSESSIONATTRS", "PGSERVICE",
		"PGSERVICEFILE", "PGTZ", "PGOPTIONS", "PGMINPROTOCOLVERSION", "PGMAXPROTOCOLVERSION", "PGCHANNELBINDING", "PGREQUIREAUTH",
	} {
		t.Setenv(variable, "elsewhere")
	}
	said := make(chan map[string]string, 1)
	server := playPostgres(t, func(conn net.Conn) {
		message, err := pgproto3.NewBackend(conn, conn).ReceiveStartupMessage()
		if startup, is := message.(*pgproto3.StartupMessage); err == nil && is {
			said <- startup.Parameters
		}
	})
	if _, err := newBlank(); err != nil {
		t.Fatal(err)
	}
	postgresClient().Transact(t.Context(), postgresAt(server))
	want := map[string]string{"user": "checker", "database": "shop", "application_name": "mainstay/test", "client_encoding": "UTF8"}
	if diff := cmp.Diff(want, <-said); diff != "" {
		t.Errorf("wrong start-up message (-want +got):\n%s", diff)
	}
}

// FuzzTransact has a server answer with any bytes: a transaction has to come to its end, and not to panic.
func FuzzTransact(f *testing.F) {
	ok := "R\x00\x00\x00\x08\x00\x00\x00\x00Z\x00\x00\x00\x05I"
	for _, seed := range []string{
		"", "N", ok, ok + "1\x00\x00\x00\x042\x00\x00\x00\x04n\x00\x00\x00\x04C\x00\x00\x00\x0aBEGIN\x00Z\x00\x00\x00\x05T",
		ok + "E\x00\x00\x00\x14SERROR\x00C42501\x00\x00Z\x00\x00\x00\x05T", "E\x00\x00\x00\x10SFATAL\x00C57P03\x00\x00",
		"R\x00\x00\x00\x17\x00\x00\x00\x0aSCRAM-SHA-256\x00\x00", "R\x00\x00\x00\x0c\x00\x00\x00\x05abcd", "HTTP/1.1 400\r\n\r\n",
	} {
		f.Add([]byte(seed))
	}
	answers, over := make(chan []byte), f.Context()
	server := playPostgres(f, func(conn net.Conn) {
		greet(conn)
		select {
		case answer := <-answers:
			_, _ = conn.Write(answer)
		case <-over.Done(): // The connection was one more than answers, to cancel what took too long.
		}
	})
	client := postgresClient()
	f.Fuzz(func(t *testing.T, answer []byte) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		go func() { answers <- answer }()
		got := client.Transact(ctx, postgresAt(server))
		if got.Fault == (Symptom{}) && got.Refusal.Code == "" && len(got.TooMuch) == 0 && len(got.Turns) != 1 {
			t.Errorf("nothing went wrong, and the turn was not taken: %+v", got)
		}
	})
}
