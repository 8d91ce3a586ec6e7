package lake_test

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// TestMain also is the process that TestKilled kills.
func TestMain(m *testing.M) {
	if dir := os.Getenv(exportInto); dir != "" {
		if err := exportAgain(dir, os.Getenv(exportSeed)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}
