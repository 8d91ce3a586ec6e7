// Command generate writes the dashboards' JSON to the current directory.
package main

import (
	"fmt"
	"os"

	"ukcloud_exporter/dashboards/internal/boards"
)

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
		if err := os.WriteFile(d.UID+".json", text, 0o644); err != nil { //nolint:gosec // they are public
			return err
		}
	}
	return nil
}
