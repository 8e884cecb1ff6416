// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import "strings"

// awsErrorType is the header in which AWS names an error, whose body may name it again under __type.
const awsErrorType = "X-Amzn-Errortype"

// awsCode takes the name of an error out of what AWS wraps around it: the namespace before a hash, and a URL
// after a colon.
func awsCode(text string) string {
	_, name, wrapped := strings.Cut(text, "#")
	if !wrapped {
		name = text
	}
	name, _, _ = strings.Cut(name, ":")
	return name
}
