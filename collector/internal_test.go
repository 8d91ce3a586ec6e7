package collector

import (
	"math"
	"testing"
	"time"

	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/money"
)

// TestClockAgrees: up to a day this way or that, and not with a portal that has not
// told its time.
func TestClockAgrees(t *testing.T) {
	day := 24 * time.Hour
	for _, tt := range []struct {
		offset      time.Duration
		known, want bool
	}{
		{0, true, true}, {day, true, true}, {-day, true, true}, {day + 1, true, false}, {-day - 1, true, false}, {0, false, false},
	} {
		c := clock(func() (time.Duration, bool) { return tt.offset, tt.known })
		if c.agrees() != tt.want {
			t.Errorf("%s, known %v: %v", tt.offset, tt.known, !tt.want)
		}
	}
	if !clock(nil).agrees() {
		t.Error("without a clock nothing agrees")
	}
}

// TestBucketsBeyondTheBoundAddUp, or say that they cannot.
func TestBucketsBeyondTheBoundAddUp(t *testing.T) {
	half := money.Amount(math.MaxInt64/2 + 1)
	for _, tt := range []struct {
		name              string
		cost, consumption money.Amount
		want              bool
	}{
		{"both in range", money.Pound, money.Pound, true},
		{"cost out of range", half, money.Pound, false},
		{"consumption out of range", money.Pound, half, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := &storageReport{rows: make([]csvparse.CloudStorageRow, maxBuckets), rejected: map[string]int{}}
			row := csvparse.CloudStorageRow{
				Cost: csvparse.Money{Amount: tt.cost, Valid: true}, Consumption: csvparse.Quantity{Value: tt.consumption, Valid: true},
			}
			if !r.add(row) {
				t.Error("one row is out of range")
			}
			if got := r.add(row); got != tt.want {
				t.Errorf("two rows add up: %v", got)
			}
		})
	}
}
