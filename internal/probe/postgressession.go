// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http/httptrace"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

const (
	// maxTransaction is how much is read of one connection to a database, in bytes, TLS included, and
	// maxMessage how long a message of the protocol may be.
	maxTransaction, maxMessage = 1 << 20, 256 << 10
	// maxRows is how many rows of a statement are kept, and maxColumns how wide one may be. A value takes far more
	// room here than it does on its way.
	maxRows, maxColumns = 1000, 64
	// maxSaid is how much is kept of what an error says.
	maxSaid = 512
)

// Transact implements Client.
func (c *Network) Transact(ctx context.Context, t Transaction) Results {
	var way progress
	ctx = way.watch(ctx)
	s := session{Transaction: t}
	conn, err := s.connect(ctx, c)
	if err != nil {
		s.fail(ctx, err, &way)
		return s.results
	}
	s.results.LoggedIn = true
	if err := s.hold(ctx, conn); err != nil {
		s.fail(ctx, err, &way)
	}
	// The end of the connection is the end of the transaction. The server may be told so, if it listens.
	farewell, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
	defer cancel()
	_ = conn.Close(farewell)
	return s.results
}

// session is a transaction under way.
type session struct {
	Transaction
	results Results
}

// blank is a configuration that comes from nowhere.
var blank = sync.OnceValues(newBlank)

// newBlank makes one. The library reads the variables, service files and password files of libpq, and has no
// other way to do it; what they may say is said here before they do.
func newBlank() (*pgconn.Config, error) {
	// A service cannot be overruled. Nothing else in this process has a use for it.
	_ = os.Unsetenv("PGSERVICE")
	config, err := pgconn.ParseConfig("host=none port=5432 user=none password=none database=none passfile='' options='' " +
		"sslmode=disable sslcertmode=disable sslrootcert='' sslnegotiation=postgres connect_timeout=0 " +
		"target_session_attrs=any min_protocol_version=3.0 max_protocol_version=3.0 channel_binding=prefer require_auth=''")
	if err != nil {
		return nil, fmt.Errorf("configuration of the driver: %w", err)
	}
	return config, nil
}

// connect opens the connection and logs in.
func (s *session) connect(ctx context.Context, c *Network) (*pgconn.PgConn, error) {
	port, err := strconv.ParseUint(s.Server.Port, 10, 16)
	if err != nil {
		return nil, fmt.Errorf("port: %w", err)
	}
	made, err := blank()
	if err != nil {
		return nil, err
	}
	config := made.Copy()
	config.Host, config.Port, config.Database = s.Server.Host, uint16(port), s.Database
	config.User, config.Password = s.Credential.Part(UsernamePart), s.Credential.Part(PasswordPart)
	config.RuntimeParams = map[string]string{"application_name": c.userAgent, "client_encoding": "UTF8"}
	config.MaxProtocolMessageBodyLen = maxMessage
	config.TLSConfig = s.tlsConfig()
	if s.TLS == ClearText || s.TLS == AnyCertificate {
		// Nobody knows who listens, so the password is proven and not told.
		config.RequireAuth = "scram-sha-256,none"
	}
	// The guard resolves the name, and judges what it resolves to.
	config.LookupFunc = func(_ context.Context, host string) ([]string, error) { return []string{host}, nil }
	config.DialFunc = func(ctx context.Context, _, address string) (net.Conn, error) {
		conn, err := c.dialServer(ctx, address, s.TLS)
		if err != nil {
			return nil, err
		}
		return &boundedConn{Conn: conn, left: maxTransaction}, nil
	}
	config.AfterNetConnect, config.BuildFrontend = s.secured, newFrontend
	return pgconn.ConnectConfig(ctx, config)
}

func (s *session) tlsConfig() *tls.Config {
	if s.TLS == ClearText {
		return nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: s.Server.Host}
	if s.CA != nil {
		config.RootCAs = s.CA.pool
	}
	config.InsecureSkipVerify = s.TLS != VerifyFull
	if s.TLS == VerifyCA {
		config.VerifyConnection = func(state tls.ConnectionState) error {
			between := x509.NewCertPool()
			for _, certificate := range state.PeerCertificates[1:] {
				between.AddCert(certificate)
			}
			_, err := state.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: config.RootCAs, Intermediates: between})
			return err
		}
	}
	return config
}

// secured completes TLS, takes down when the certificate ends, and tells that there is a connection.
func (s *session) secured(ctx context.Context, _ *pgconn.Config, conn net.Conn) (net.Conn, error) {
	if secure, is := conn.(*tls.Conn); is {
		if err := secure.HandshakeContext(ctx); err != nil {
			return conn, err // The caller closes what it gets, whatever the error.
		}
		s.results.Expires = secure.ConnectionState().PeerCertificates[0].NotAfter
	}
	s.results.Connected = true
	httptrace.ContextClientTrace(ctx).GotConn(httptrace.GotConnInfo{})
	return conn, nil
}

// powers are what a login may be that can do more than read and write tables: whoever has it owns the server. A
// superuser has all of them.
const superuser = "superuser"

var powers = []string{superuser, "pg_execute_server_program", "pg_read_server_files", "pg_write_server_files"}

// askPowers asks which of them the login has.
var askPowers = `
	SELECT DISTINCT CASE WHEN rolsuper THEN '` + superuser + `' ELSE rolname::text END
	FROM pg_catalog.pg_roles
	WHERE pg_catalog.pg_has_role(session_user, oid, 'MEMBER') AND (rolsuper OR rolname IN
		('` + strings.Join(powers, "', '") + `'))
	ORDER BY 1`

// hold takes the turns.
func (s *session) hold(ctx context.Context, conn *pgconn.PgConn) error {
	if _, err := execute(ctx, conn, Statement{SQL: "BEGIN READ ONLY"}); err != nil {
		return err
	}
	if _, err := execute(ctx, conn, patience(ctx)); err != nil {
		return err
	}
	found, err := execute(ctx, conn, Statement{SQL: askPowers})
	if err != nil {
		return err
	}
	if s.weigh(found); s.results.Fault != (Symptom{}) || len(s.results.TooMuch) > 0 {
		return nil
	}
	for _, turn := range s.Turns {
		if err := s.take(ctx, conn, turn); err != nil {
			return err
		}
	}
	return nil
}

// weigh takes down what the login may do that no probe needs. What is no word of ours was said by no PostgreSQL.
func (s *session) weigh(found []Row) {
	for _, row := range found {
		switch power := row.At(0); {
		case !slices.Contains(powers, power):
			s.results.Fault = UnexpectedAnswer
			return
		case !slices.Contains(s.results.TooMuch, power):
			s.results.TooMuch = append(s.results.TooMuch, power)
		}
	}
	if slices.Contains(s.results.TooMuch, superuser) {
		s.results.TooMuch = []string{superuser} // It is a member of all the others.
	}
}

// take takes a turn. An error is one that ends the transaction.
func (s *session) take(ctx context.Context, conn *pgconn.PgConn, turn Turn) error {
	before := Turn{{SQL: "SAVEPOINT turn"}, patience(ctx)}
	for _, statement := range before {
		if _, err := execute(ctx, conn, statement); err != nil {
			return err
		}
	}
	var result TurnResult
	for _, statement := range turn {
		rows, err := execute(ctx, conn, statement)
		if refusal, is := refusalOf(err); is && !conn.IsClosed() {
			result.Refusal = refusal
			break
		}
		if err != nil {
			return err
		}
		result.Tables = append(result.Tables, rows)
	}
	s.results.Turns = append(s.results.Turns, result)
	_, err := execute(ctx, conn, Statement{SQL: "ROLLBACK TO SAVEPOINT turn"})
	return err
}

// patience has the server give up a statement before our own time is up, so that one which takes too long can
// be told from a server that does not answer, and the ones after it still get a turn.
func patience(ctx context.Context) Statement {
	left := 10 * time.Second
	if deadline, ends := ctx.Deadline(); ends {
		left = time.Until(deadline)
	}
	milliseconds := func(d time.Duration) string { return strconv.FormatInt(max(d.Milliseconds(), 1), 10) }
	return Statement{
		SQL: `SELECT pg_catalog.set_config('statement_timeout', $1, true), pg_catalog.set_config('lock_timeout', $1, true),
			pg_catalog.set_config('idle_in_transaction_session_timeout', $2, true)`,
		Args: []string{milliseconds(left * 3 / 4), milliseconds(left)},
	}
}

// errWide says that a row has more columns than anybody asked for.
var errWide = errors.New("a row is too wide")

// execute has the server execute one statement, and returns its rows.
func execute(ctx context.Context, conn *pgconn.PgConn, s Statement) ([]Row, error) {
	values := make([][]byte, len(s.Args))
	for i, arg := range s.Args {
		values[i] = []byte(arg)
	}
	var rows []Row
	answer := conn.ExecParams(ctx, s.SQL, values, nil, nil, nil)
	for answer.NextRow() {
		if len(answer.Values()) > maxColumns {
			return nil, errWide // The connection is of no more use.
		}
		if len(rows) == maxRows {
			continue
		}
		row := Row{}
		for _, value := range answer.Values() {
			row = append(row, string(value))
		}
		rows = append(rows, row)
	}
	_, err := answer.Close()
	return rows, err
}

// refusalOf returns the error of the server that an error is.
func refusalOf(err error) (SQLError, bool) {
	var refused *pgconn.PgError
	if !errors.As(err, &refused) {
		return SQLError{}, false
	}
	beginning := func(text string) string { return text[:min(len(text), maxSaid)] }
	return SQLError{
		Code: refused.Code, Routine: beginning(refused.Routine),
		Message: beginning(refused.Message), Where: beginning(refused.Where),
	}, true
}

// fail says what an error means that kept us out or ended the transaction.
func (s *session) fail(ctx context.Context, err error, way *progress) {
	refusal, refused := refusalOf(err)
	switch {
	case refused:
		s.results.Refusal = refusal
		// These routines of the server come after it has accepted the credential.
		s.results.LoggedIn = s.results.LoggedIn || refusal.Routine == "InitPostgres" || refusal.Routine == "CheckMyDatabase"
	case strings.Contains(err.Error(), "server refused TLS connection"):
		s.results.Fault = TLSNotOffered
	case strings.Contains(err.Error(), "authentication method requirement"):
		s.results.Fault = PasswordAskedFor
	case ctx.Err() != nil:
		s.lose(way.stopped(ctx.Err()))
	default:
		s.lose(way.stopped(err))
	}
}

func (s *session) lose(l loss) { s.results.Fault, s.results.FaultArgs = l.symptom, l.args }
