// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"bytes"
	"context"
	"errors"
	"io"
)

const (
	// maxBody is how much of a good answer is read, in bytes, after decompression. A listing of all models
	// of the largest catalogues takes about half of it. Of any other answer no more than maxError is read.
	maxBody = 1 << 20
	// smallBody is how much is read of any body at any time, in bytes, and how much more may lie unread over HTTP/2.
	// Most end before.
	smallBody = 64 << 10
	// largeShare is the part of all probes in flight that may read more than that at a time. It bounds the memory of
	// all: a large body takes up to twice maxBody, of which half is there for the moment in which it ends. Servers
	// that send theirs byte by byte do not use it up for all others, since a namespace has fewer probes in flight.
	largeShare = 3
)

// errCrowded says that the bodies of others took too long.
var errCrowded = errors.New("too many large bodies at once")

// read reads a body up to a limit, and one byte beyond it where there is more.
func (c *Network) read(ctx context.Context, body io.Reader, limit int) ([]byte, error) {
	bounded := io.LimitReader(body, int64(limit)+1)
	beginning, err := io.ReadAll(io.LimitReader(bounded, smallBody))
	if err != nil || len(beginning) < smallBody {
		return beginning, err
	}
	select {
	case c.large <- struct{}{}:
	case <-ctx.Done():
		return nil, errCrowded
	}
	defer func() { <-c.large }()
	return io.ReadAll(io.MultiReader(bytes.NewReader(beginning), bounded))
}
