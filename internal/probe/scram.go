// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"bufio"
	"encoding/binary"
	"io"
	"regexp"
	"strconv"

	"github.com/jackc/pgx/v5/pgproto3"
)

// maxIterations is how many rounds of PBKDF2 a proof of a password may take (SCRAM, RFC 5802). The server says how
// many, and nothing ends them once they have begun. PostgreSQL comes with 4,096; this is what OWASP recommends for
// SHA-256 (Password Storage Cheat Sheet, 2026-11). It takes 0.1 s of a processor that knows SHA, and 1.6 s of others.
const maxIterations = 600_000

var iterations = regexp.MustCompile(`(?:^|,)i=([^,]*)`)

// costly says whether a challenge of SCRAM asks for more work than any server has a reason for.
func costly(challenge []byte) bool {
	for _, found := range iterations.FindAllSubmatch(challenge, -1) {
		if n, err := strconv.Atoi(string(found[1])); err != nil || n > maxIterations {
			return true
		}
	}
	return false
}

// newFrontend reads the messages of a database, but for challenges that are costly.
func newFrontend(r io.Reader, w io.Writer) *pgproto3.Frontend {
	return pgproto3.NewFrontend(&frugal{r: bufio.NewReader(r)}, w)
}

// frugal are the messages of a database up to a challenge that is costly.
type frugal struct {
	r *bufio.Reader
	// left is how much of a message was not read yet.
	left int
}

// headerSize is how long the beginning of a message is: its type, and how long all that follows the type is.
const headerSize = 5

// Read implements io.Reader.
func (f *frugal) Read(p []byte) (int, error) {
	if f.left <= 0 {
		header, err := f.r.Peek(headerSize)
		if err != nil {
			return 0, err
		}
		f.left = max(headerSize, 1+int(binary.BigEndian.Uint32(header[1:])))
		if header[0] == 'R' {
			if err := f.weigh(); err != nil {
				return 0, err
			}
		}
	}
	n, err := f.r.Read(p[:min(len(p), f.left)])
	f.left -= n
	return n, err
}

// weigh judges a message of a login before it is read.
func (f *frugal) weigh() error {
	if f.left > f.r.Size() {
		return errTooLong
	}
	message, err := f.r.Peek(f.left)
	if err != nil {
		return err
	}
	if costly(message[headerSize:]) {
		return errTooLong
	}
	return nil
}
