package collector

import (
	"math"
	"testing"
	"time"

	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/money"
	"ukcloud_exporter/portal"
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

// TestPlausibleTime: from the second after 1970 began to the end of 2199.
func TestPlausibleTime(t *testing.T) {
	for _, tt := range []struct {
		at   time.Time
		want bool
	}{
		{time.Time{}, false},
		{time.Unix(0, 0), false},
		{time.Unix(1, 0), true},
		{time.Date(2199, 12, 31, 23, 59, 59, 0, time.UTC), true},
		{time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC), false},
	} {
		if got := plausibleTime(portal.MomentOf(tt.at)); got != tt.want {
			t.Errorf("%s: %v", tt.at, got)
		}
	}
}

// TestWhose: an account that my_vm names, among those that are configured.
func TestWhose(t *testing.T) {
	demo, other, twin, nameless := portal.Account{ID: "1", Name: "Demo"}, portal.Account{ID: "2", Name: "Other"}, portal.Account{ID: "3", Name: "Demo"}, portal.Account{ID: "4"}
	for _, tt := range []struct {
		what      string
		name      string
		accounts  []portal.Account
		id, known string
		chosen    bool
	}{
		{"the only one", "", []portal.Account{demo}, "1", "Demo", true},
		{"no name, and two", "", []portal.Account{demo, other}, "", "", true},
		{"no name, and none", "", nil, "", "", true},
		{"one of two", "Other", []portal.Account{demo, other}, "2", "Other", true},
		{"two of that name", "Demo", []portal.Account{demo, other, twin}, "Demo", "Demo", true},
		{"another", "Third", []portal.Account{demo, other}, "", "", false},
		{"another, beside one without a name", "Third", []portal.Account{demo, nameless}, "Third", "Third", true},
		{"another, beside none with a name", "Third", []portal.Account{nameless}, "Third", "Third", true},
		{"another, and none is known", "Third", nil, "Third", "Third", true},
	} {
		t.Run(tt.what, func(t *testing.T) {
			if id, known, chosen := whose(tt.name, tt.accounts); id != tt.id || known != tt.known || chosen != tt.chosen {
				t.Errorf("%q, %q, %v", id, known, chosen)
			}
		})
	}
}
