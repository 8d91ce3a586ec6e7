// Command generate writes the dashboards' JSON to the current directory, and the
// list of their panels into the document.
package main

import (
	"fmt"
	"os"

	"ukcloud_exporter/dashboards/internal/boards"
)

const document = "../docs/dashboards.md"

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	for _, d := range boards.All() {
		text, err := d.JSON()
		if err != nil {
			return err
		}
		if err := write(d.UID+".json", text); err != nil {
			return err
		}
	}
	text, err := os.ReadFile(document)
	if err != nil {
		return err
	}
	listed, err := boards.Document(string(text))
	if err != nil {
		return fmt.Errorf("%s: %w", document, err)
	}
	return write(document, []byte(listed))
}

func write(path string, text []byte) error {
	return os.WriteFile(path, text, 0o644) // they are public
}
