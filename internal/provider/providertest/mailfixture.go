// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package providertest

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"sigs.k8s.io/yaml"

	"mainstay.dev/mainstay/internal/probe"
	"mainstay.dev/mainstay/internal/probe/dnstest"
)

// MailFixture is a mail server as seen from outside, in dialogues. Like a Fixture it is written from
// documents, and from what real servers said.
type MailFixture struct {
	Kind     string `json:"kind"`
	Provider string `json:"provider"`
	// Username and Password look like real ones, and are none.
	Username string              `json:"username"`
	Password string              `json:"password"`
	Cases    map[string]MailCase `json:"cases"`
}

// MailCase is one state in which a mail server may be found.
type MailCase struct {
	// Wants is what the spec asks for, and TLS how it has TLS begin; empty for STARTTLS.
	Wants Wants         `json:"wants,omitempty"`
	TLS   probe.TLSMode `json:"tls,omitempty"`
	// Anonymous says that the probe has no credential.
	Anonymous bool `json:"anonymous,omitempty"`
	// OptIn has what the spec opted in to done.
	OptIn bool `json:"optIn,omitempty"`
	// Impatient gives the probe so little time that only what comes at once counts.
	Impatient bool `json:"impatient,omitempty"`
	// Certificate is how many days the server's certificate is valid, and CertificateFor its host, where
	// these are not a year and the right host; Unknown says that the client does not know who signed it.
	Certificate    int    `json:"certificate,omitempty"`
	CertificateFor string `json:"certificateFor,omitempty"`
	Unknown        bool   `json:"unknown,omitempty"`
	// Lines are those that the server answers, before those that all cases share.
	Lines []Line `json:"lines,omitempty"`
	// DNS is what the name server knows of the sending domain.
	DNS dnstest.Zone `json:"dns,omitempty"`
	// Want is as in Case. Retry says that the probe must ask to be left alone for a while.
	Want  map[string]string `json:"want"`
	Retry bool              `json:"retry,omitempty"`
}

// common are the lines of a server that is well, for what a case does not say itself.
var common = []Line{
	{To: "CONNECT", Say: []string{"220 mail.example.com ESMTP Postfix"}},
	{To: "TLS CONNECT", Say: []string{"220 mail.example.com ESMTP Postfix"}},
	{To: "EHLO", Say: []string{"250-mail.example.com\n250-PIPELINING\n250-STARTTLS\n250 ENHANCEDSTATUSCODES"}},
	{To: "STARTTLS", Say: []string{"220 2.0.0 Ready to start TLS"}},
	{To: "TLS EHLO", Say: []string{"250-mail.example.com\n250-PIPELINING\n250-AUTH PLAIN LOGIN\n250 ENHANCEDSTATUSCODES"}},
	{To: "TLS AUTH PLAIN", Say: []string{"235 2.7.0 Authentication successful"}},
	{To: "TLS NOOP", Say: []string{"250 2.0.0 Ok"}},
	{To: "TLS QUIT", Say: []string{"221 2.0.0 Bye"}, Close: true},
	{To: "NOOP", Say: []string{"250 2.0.0 Ok"}},
	{To: "QUIT", Say: []string{"221 2.0.0 Bye"}, Close: true},
}

// LoadMail returns the fixtures of mail servers, by file name.
func LoadMail() ([]MailFixture, error) {
	const folder = "testdata/mail"
	entries, err := files.ReadDir(folder)
	if err != nil {
		return nil, fmt.Errorf("read fixtures: %w", err)
	}
	fixtures := make([]MailFixture, len(entries))
	for i, entry := range entries {
		data, err := files.ReadFile(path.Join(folder, entry.Name()))
		if err != nil {
			return nil, fmt.Errorf("read fixture: %w", err)
		}
		f := &fixtures[i]
		if err := yaml.UnmarshalStrict(data, f); err != nil {
			return nil, fmt.Errorf("fixture %s: %w", entry.Name(), err)
		}
		if want := strings.ToLower(f.Kind + "-" + f.Provider + ".yaml"); entry.Name() != want {
			return nil, fmt.Errorf("fixture %s: expected the file to be called %s", entry.Name(), want)
		}
	}
	return fixtures, nil
}

// Start starts a server that plays a case.
func (c MailCase) Start() (*MailServer, error) {
	server, err := StartMail(MailOptions{Lifetime: time.Duration(c.Certificate) * 24 * time.Hour, Host: c.CertificateFor})
	if err == nil {
		server.PlayCase(c)
	}
	return server, err
}

// PlayCase has the server play a case.
func (s *MailServer) PlayCase(c MailCase) {
	s.Play(slices.Concat(c.Lines, common), c.mode() == probe.ImplicitTLS)
}

// Zones returns all that the fixtures know of the DNS while everything is well.
func Zones() (dnstest.Zone, error) {
	fixtures, err := Load()
	if err != nil {
		return dnstest.Zone{}, err
	}
	mail, err := LoadMail()
	if err != nil {
		return dnstest.Zone{}, err
	}
	var all []string
	for _, f := range fixtures {
		all = append(all, f.DNS.Records...)
	}
	for _, f := range mail {
		all = append(all, f.Cases[Healthy].DNS.Records...)
	}
	slices.Sort(all)
	return dnstest.Zone{Records: slices.Compact(all)}, nil
}

func (c MailCase) mode() probe.TLSMode { return cmp.Or(c.TLS, probe.STARTTLS) }

// Target returns what a probe of a case needs, for a server at that host:port.
func (f MailFixture) Target(c MailCase, server *MailServer) probe.Target {
	t := probe.Target{
		Kind: f.Kind, Provider: f.Provider, BaseURL: "smtp://" + server.Address, OwnHost: true,
		TLS: c.mode(), Wants: c.Wants.of(f.Kind), OptInDue: c.OptIn,
	}
	if !c.Unknown {
		t.CA, _ = probe.ParseCA(server.CA)
	}
	if !c.Anonymous {
		t.Credential = probe.NewSecretOf(map[string]string{probe.UsernamePart: f.Username, probe.PasswordPart: f.Password})
	}
	return t
}
