// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

// Package postgrestest starts real servers of PostgreSQL on loopback, with a small world of roles, tables and
// policies in which two tenants live. hack/real-servers.sh installs PostgreSQL.
package postgrestest

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"mainstay.dev/mainstay/internal/provider/providertest"
)

// The logins of the world. All have the same password.
const (
	// Checker may act as the roles that are to be checked, and nothing more.
	Checker  = "checker"
	Password = "right password"
	Database = "shop"
)

//go:embed world.sql
var world string

// admission is the server's pg_hba.conf.
const admission = `
host    all            barred      127.0.0.1/32  reject
host    all            teller      127.0.0.1/32  password
host    all            all         127.0.0.1/32  scram-sha-256
`

// Server is a server under way.
type Server struct {
	// Address is its host:port.
	Address string
	// CA are the certificates that its own is checked against, in PEM.
	CA []byte

	folder  string
	command *exec.Cmd
	log     bytes.Buffer
	ended   chan struct{}
}

// Installed says whether there is a PostgreSQL to start.
func Installed() bool {
	_, found := program("initdb")
	return found
}

// program finds a program of PostgreSQL, which Debian keeps off the path.
func program(name string) (path string, found bool) {
	if path, err := exec.LookPath(name); err == nil {
		return path, true
	}
	paths, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	slices.Sort(paths)
	if len(paths) == 0 {
		return "", false
	}
	return paths[len(paths)-1], true
}

// For starts a server for a test, and stops it with the test. The test is skipped where PostgreSQL is not installed.
func For(t providertest.Test) *Server {
	t.Helper()
	providertest.Need(t, Installed(), "PostgreSQL")
	server, err := Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	return server
}

// Start starts a server with the world in it.
func Start() (*Server, error) {
	s := &Server{ended: make(chan struct{})}
	err := s.start()
	if err != nil {
		s.Close()
		return nil, fmt.Errorf("PostgreSQL: %w\n%s", err, s.log.String())
	}
	return s, nil
}

func (s *Server) start() (err error) {
	if s.folder, err = os.MkdirTemp("", "postgres"); err != nil {
		return err
	}
	key, err := s.certify()
	if err != nil {
		return err
	}
	for name, text := range map[string]string{"password": Password, "cert.pem": string(s.CA), "key.pem": string(key)} {
		if err := os.WriteFile(filepath.Join(s.folder, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	if err := s.hand(); err != nil {
		return err
	}
	data := filepath.Join(s.folder, "data")
	initdb := s.run("initdb", "-D", data, "-U", "postgres", "-A", "scram-sha-256", "--pwfile", filepath.Join(s.folder, "password"),
		"-E", "UTF8", "--locale=C", "--no-sync")
	if err := initdb.Run(); err != nil {
		return fmt.Errorf("initdb: %w", err)
	}
	if err := os.WriteFile(filepath.Join(data, "pg_hba.conf"), []byte(admission), 0o600); err != nil {
		return err
	}
	if err := s.serve(data); err != nil {
		return err
	}
	// Nobody but its owner may connect to the vault.
	for _, statement := range []string{"CREATE DATABASE " + Database, "CREATE DATABASE vault", "REVOKE CONNECT ON DATABASE vault FROM PUBLIC"} {
		if err := s.Execute("postgres", statement); err != nil {
			return err
		}
	}
	return s.Execute(Database, world)
}

func (s *Server) certify() (key []byte, err error) {
	s.CA, key, err = providertest.Certify(providertest.MailOptions{})
	return key, err
}

// hand gives the folder to the user that the server runs as, which cannot be root.
func (s *Server) hand() error {
	uid, gid, other := owner()
	if !other {
		return nil
	}
	return filepath.WalkDir(s.folder, func(path string, _ os.DirEntry, err error) error {
		return errors.Join(err, os.Chown(path, uid, gid))
	})
}

// owner is the user that the server runs as, where that is not our own.
func owner() (uid, gid int, other bool) {
	if os.Geteuid() != 0 {
		return 0, 0, false
	}
	postgres, err := user.Lookup("postgres")
	if err != nil {
		return 0, 0, false
	}
	uid, _ = strconv.Atoi(postgres.Uid)
	gid, _ = strconv.Atoi(postgres.Gid)
	return uid, gid, true
}

// run prepares a program as the user of the server.
func (s *Server) run(name string, args ...string) *exec.Cmd {
	path, _ := program(name)
	command := exec.Command(path, args...)
	command.Dir, command.Stdout, command.Stderr = s.folder, &s.log, &s.log
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C"}
	if uid, gid, other := owner(); other {
		command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	}
	return command
}

// serve starts the server and waits until it takes logins.
func (s *Server) serve(data string) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.Address = listener.Addr().String()
	_ = listener.Close()
	_, port, _ := net.SplitHostPort(s.Address)
	command := s.run("postgres", "-D", data, "-p", port, "-k", s.folder, "-c", "listen_addresses=127.0.0.1", "-c", "ssl=on",
		"-c", "ssl_cert_file="+filepath.Join(s.folder, "cert.pem"), "-c", "ssl_key_file="+filepath.Join(s.folder, "key.pem"),
		"-c", "fsync=off", "-c", "max_connections=30")
	if err := command.Start(); err != nil {
		return err
	}
	s.command = command
	go func() {
		_ = command.Wait()
		close(s.ended)
	}()
	ready := time.Now().Add(30 * time.Second)
	for {
		err := s.Execute("postgres", "SELECT 1")
		if err == nil {
			return nil
		}
		select {
		case <-s.ended:
			return errors.New("the server ended")
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(ready) {
			return fmt.Errorf("the server takes no logins: %w", err)
		}
	}
}

// Execute has the superuser execute statements.
func (s *Server) Execute(database, statements string) error {
	_, err := s.Ask(database, statements)
	return err
}

// Ask has the superuser execute statements, and returns the first value of the last one.
func (s *Server) Ask(database, statements string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	conn, err := pgconn.Connect(ctx, fmt.Sprintf("postgres://postgres:%s@%s/%s?sslmode=disable",
		strings.ReplaceAll(Password, " ", "%20"), s.Address, database))
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close(ctx) }()
	results, err := conn.Exec(ctx, statements).ReadAll()
	if err != nil || len(results) == 0 || len(results[len(results)-1].Rows) == 0 {
		return "", err
	}
	return string(results[len(results)-1].Rows[0][0]), nil
}

// Close ends the server and removes what it had.
func (s *Server) Close() {
	if s.command != nil {
		_ = s.command.Process.Signal(syscall.SIGINT) // A fast shutdown, in which clients are cut off.
		<-s.ended
	}
	_ = os.RemoveAll(s.folder)
}
