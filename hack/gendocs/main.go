// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

// Command gendocs writes the pages of docs/ that say what the tables in the code say. Run it from the
// root of the repository.
package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
)

// pages are the generated pages by their file names in docs/.
var pages = map[string]func(*bytes.Buffer){
	"reasons.md":   reasons,
	"providers.md": providers,
}

func main() {
	for name, write := range pages {
		var page bytes.Buffer
		write(&page)
		if err := os.WriteFile(filepath.Join("docs", name), page.Bytes(), 0o644); err != nil {
			fmt.Fprintln(os.Stderr, "gendocs:", err)
			os.Exit(1)
		}
	}
}
