package elsewhere

import (
	"testing"

	"ukcloud_exporter/mutate/testdata/beside"
)

func TestSign(t *testing.T) {
	if !beside.Positive(5) || beside.Positive(-5) {
		t.Error("not the sign")
	}
}

func TestZero(t *testing.T) {
	if beside.Positive(0) {
		t.Error("0 is positive")
	}
}
