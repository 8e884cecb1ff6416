// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"regexp"
	"strings"
)

// postgRESTStatus is how PostgREST names the code of an error in a header, since the answer to a HEAD has no body
// (RFC 9209; since version 13).
var postgRESTStatus = regexp.MustCompile(`(?:^|,)[ \t]*PostgREST[ \t]*;[ \t]*error=([A-Za-z0-9]{1,16})[ \t]*(?:$|[;,])`)

// PostgRESTCode returns the code of an error that a header of PostgREST names: one of PostgREST's own, or a SQLSTATE.
// It is empty where no header does.
func (a Answer) PostgRESTCode() string {
	for _, value := range a.Header["Proxy-Status"] {
		if len(value) > maxPlainText || !strings.Contains(value, "PostgREST") {
			continue
		}
		if match := postgRESTStatus.FindStringSubmatch(value); match != nil {
			return match[1]
		}
	}
	return ""
}

// contentRange is how PostgREST says which rows an answer has: 0-0/* for the first, and */* for none.
var contentRange = regexp.MustCompile(`^(\*|[0-9]{1,18}-[0-9]{1,18})/(?:\*|[0-9]{1,18})$`)

// PostgRESTRows says whether an answer of PostgREST has rows, and whether it is one of PostgREST's at all. The answer
// to a HEAD says so too.
func (a Answer) PostgRESTRows() (some, told bool) {
	match := contentRange.FindStringSubmatch(a.first("Content-Range"))
	return match != nil && match[1] != "*", match != nil
}
