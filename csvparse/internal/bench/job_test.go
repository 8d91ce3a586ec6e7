//go:build unix

package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"ukcloud_exporter/internal/testutil/billgen"
)

// What is raced must come to the same, or the race says nothing.
func TestJobsHaveTheSameTotals(t *testing.T) {
	for _, columns := range []string{"total", "parts"} {
		wanted, err := amounts(columns)
		if err != nil {
			t.Fatal(err)
		}
		estate := billgen.Estate{Rows: 2_000, Resources: 300, Seed: 1}
		ours, theirs := newTotals(), newTotals()
		if err := viaCSVParse(estate.Reader(), wanted, ours); err != nil {
			t.Fatal(err)
		}
		if err := viaEncodingCSV(estate.Reader(), wanted, theirs); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(theirs, ours); diff != "" {
			t.Errorf("%s: %s", columns, diff)
		}
		if len(ours[0]) != 300 {
			t.Errorf("%s: %d resources", columns, len(ours[0]))
		}
	}
	if _, err := amounts("everything"); err == nil {
		t.Error("columns that are none of the two are no error")
	}
}
