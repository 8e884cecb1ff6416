// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"mainstay.dev/mainstay/internal/probe/dnstest"
	"mainstay.dev/mainstay/internal/provider/providertest"
)

// mail is the mail server that is played, and the name server of all sending domains.
type mail struct {
	fixture providertest.MailFixture
	server  *providertest.MailServer
	names   *dnstest.Server
}

func startMail() (*mail, error) {
	fixtures, err := providertest.LoadMail()
	if err != nil {
		return nil, err
	}
	zone, err := providertest.Zones()
	if err != nil {
		return nil, err
	}
	m := &mail{fixture: fixtures[0]}
	if m.names, err = dnstest.Start(); err != nil {
		return nil, fmt.Errorf("name server: %w", err)
	}
	if err := m.names.Load(zone); err != nil {
		return nil, fmt.Errorf("name server: %w", err)
	}
	if m.server, err = providertest.StartMail(providertest.MailOptions{Pretend: true}); err != nil {
		return nil, fmt.Errorf("mail server: %w", err)
	}
	m.server.PlayCase(m.fixture.Cases[providertest.Healthy])
	return m, nil
}

func (m *mail) close() {
	m.names.Close()
	m.server.Close()
}

func (m *mail) cases() []string { return slices.Sorted(maps.Keys(m.fixture.Cases)) }

// play switches the mail server to a case. Of the names that the case knows, the name server knows no more then.
func (m *mail) play(name string) error {
	c, known := m.fixture.Cases[name]
	if !known {
		return fmt.Errorf("no case %q of provider %s; GET / lists them", name, m.fixture.Provider)
	}
	m.server.PlayCase(c)
	zone, err := providertest.Zones()
	if err != nil {
		return err
	}
	zone.Records = slices.DeleteFunc(zone.Records, func(base string) bool {
		return slices.ContainsFunc(c.DNS.Records, func(own string) bool { return owner(own) == owner(base) })
	})
	zone.Records, zone.Fails, zone.Silent = append(zone.Records, c.DNS.Records...), c.DNS.Fails, c.DNS.Silent
	return m.names.Load(zone)
}

// owner is the name that a record belongs to.
func owner(record string) string {
	name, _, _ := strings.Cut(record, " ")
	return name
}
