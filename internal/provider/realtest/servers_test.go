// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package realtest_test

import (
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"mainstay.dev/mainstay/internal/provider/providertest"
)

// postfix is Postfix, with Dovecot to ask about passwords.
type postfix struct {
	place
	// port is for STARTTLS, tlsPort for TLS from the start.
	port, tlsPort string
	stopDovecot   func()
}

const dovecotConfig = `base_dir = {folder}/run/dovecot
state_dir = {folder}/run/state
log_path = {folder}/dovecot.log
protocols =
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
auth_failure_delay = 0
auth_mechanisms = plain login cram-md5 scram-sha-1 scram-sha-256
passdb {
  driver = passwd-file
  args = scheme=PLAIN {folder}/users
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home={folder}/mbox/%u
}
service auth {
  unix_listener {folder}/spool/private/auth {
    mode = 0660
    user = postfix
    group = postfix
  }
}
`

const postfixConfig = `compatibility_level = 3.6
queue_directory = {folder}/spool
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mail.test.local
mydestination = test.local
mynetworks =
alias_maps =
default_transport = error:no outside here
local_transport = discard:
maillog_file = {folder}/postfix.log
maillog_file_prefixes = {folder}
smtpd_tls_cert_file = {folder}/cert.pem
smtpd_tls_key_file = {folder}/key.pem
smtpd_tls_security_level = may
smtpd_tls_auth_only = yes
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = private/auth
smtpd_recipient_restrictions = permit_sasl_authenticated, reject_unauth_destination
`

var (
	chrooted   = regexp.MustCompile(`(?m)^(\S+\s+(?:inet|unix|unix-dgram|fifo|pass)\s+\S+\s+\S+\s+)y`)
	smtpdPorts = regexp.MustCompile(`(?m)^smtp\s+inet.*$`)
)

func startPostfix(t *testing.T) postfix {
	t.Helper()
	_, noPostfix := exec.LookPath("postfix")
	_, noDovecot := exec.LookPath("dovecot")
	providertest.Need(t, noPostfix == nil && noDovecot == nil && os.Geteuid() == 0, "Postfix with Dovecot, which root alone may start,")
	p := postfix{place: newPlace(t)}
	p.port, p.tlsPort = p.freePort(), p.freePort()
	fill := strings.NewReplacer("{folder}", p.folder).Replace
	p.write("users", username+":{PLAIN}"+password+"\n")
	p.write("dovecot.conf", fill(dovecotConfig))
	p.write("postfix/main.cf", fill(postfixConfig))
	p.write("postfix/master.cf", p.services())
	// Postfix has to get through to its folders as a user of its own.
	if err := os.Chmod(filepath.Dir(p.folder), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{"spool/private", "data"} {
		p.giveToPostfix(folder)
	}
	p.startDovecot()
	p.run("start")
	t.Cleanup(func() { p.run("stop") })
	p.await("Postfix listens", func() bool { return answers(p.port) && answers(p.tlsPort) })
	return p
}

// services are those of the package, without a change of root, and with our ports in place of smtp.
func (p postfix) services() string {
	p.Helper()
	for _, name := range []string{"/usr/share/postfix/master.cf.dist", "/etc/postfix/master.cf"} {
		if text, err := os.ReadFile(name); err == nil {
			services := chrooted.ReplaceAllString(string(text), "${1}n")
			return smtpdPorts.ReplaceAllString(services, "127.0.0.1:"+p.port+" inet n - n - - smtpd\n"+
				"127.0.0.1:"+p.tlsPort+" inet n - n - - smtpd\n  -o smtpd_tls_wrappermode=yes")
		}
	}
	p.Fatal("Postfix has no master.cf to start from")
	return ""
}

func (p postfix) giveToPostfix(folder string) {
	p.Helper()
	owner, err := user.Lookup("postfix")
	if err != nil {
		p.Fatal(err)
	}
	uid, _ := strconv.Atoi(owner.Uid)
	gid, _ := strconv.Atoi(owner.Gid)
	if err := os.MkdirAll(p.path(folder), 0o755); err != nil {
		p.Fatal(err)
	}
	if err := os.Chown(p.path(folder), uid, gid); err != nil {
		p.Fatal(err)
	}
}

// run has Postfix start or stop. Its daemons keep what they are given to write to, so that is a file.
func (p postfix) run(what string) {
	p.Helper()
	output, err := os.Create(p.path("postfix-" + what + ".log"))
	if err != nil {
		p.Fatal(err)
	}
	defer func() { _ = output.Close() }()
	command := exec.Command("postfix", "-c", p.path("postfix"), what)
	command.Stdout, command.Stderr = output, output
	if err := command.Run(); err != nil {
		said, _ := os.ReadFile(output.Name())
		logged, _ := os.ReadFile(p.path("postfix.log"))
		p.Fatalf("postfix %s: %v\n%s%s", what, err, said, logged)
	}
}

func (p *postfix) startDovecot() {
	p.Helper()
	p.stopDovecot = p.background(exec.Command("dovecot", "-F", "-c", p.path("dovecot.conf")))
	p.await("Dovecot listens", func() bool {
		_, err := os.Stat(p.path("spool/private/auth"))
		return err == nil
	})
}

// background runs a program until the function that it returns is called, or the test ends.
func (p place) background(command *exec.Cmd) (stop func()) {
	p.Helper()
	if err := command.Start(); err != nil {
		p.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = command.Wait()
		close(ended)
	}()
	stop = func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		<-ended
	}
	p.Cleanup(stop)
	return stop
}

// nodemailer is the smtp-server of Nodemailer.
type nodemailer struct {
	place
	port string
}

const nodemailerScript = `
const {SMTPServer} = require(process.argv[2]);
const fs = require("fs"), [, , , folder, port, user, password] = process.argv;
new SMTPServer({
  key: fs.readFileSync(folder + "/key.pem"), cert: fs.readFileSync(folder + "/cert.pem"),
  authMethods: ["PLAIN", "LOGIN", "CRAM-MD5"], authOptional: true,
  onAuth(auth, session, done) {
    const right = auth.method === "CRAM-MD5" ? auth.validatePassword(password) : auth.password === password;
    done(!password || right && auth.username === user ? null : new Error("Invalid username or password"), {user});
  },
}).listen(Number(port), "127.0.0.1");
`

// module is where a server from npm is; the test is skipped where it is not.
func module(t *testing.T, name, what string) string {
	t.Helper()
	folder := filepath.Join(cache(), "npm", "node_modules", name)
	_, noNode := exec.LookPath("node")
	_, noModule := os.Stat(folder)
	providertest.Need(t, noNode == nil && noModule == nil, what)
	return folder
}

// startNodemailer starts one that takes a password, or any where it is empty.
func startNodemailer(t *testing.T, password string) nodemailer {
	t.Helper()
	module := module(t, "smtp-server", "smtp-server of Nodemailer")
	n := nodemailer{place: newPlace(t)}
	n.port = n.freePort()
	n.write("server.js", nodemailerScript)
	n.background(exec.Command("node", n.path("server.js"), module, n.folder, n.port, username, password))
	n.await("the server listens", func() bool { return answers(n.port) })
	return n
}

// maildev is MailDev, a sink for developers.
type maildev struct {
	place
	port string
}

func startMailDev(t *testing.T, args ...string) maildev {
	t.Helper()
	module := module(t, "maildev", "MailDev")
	m := maildev{place: newPlace(t)}
	m.port = m.freePort()
	command := exec.Command("node", append([]string{
		filepath.Join(module, "dist", "bin", "maildev.js"), "--smtp", m.port, "--ip", "127.0.0.1", "--disable-web", "--mail-directory", m.path("mails"),
	}, args...)...)
	m.background(command)
	m.await("MailDev listens", func() bool { return answers(m.port) })
	return m
}
