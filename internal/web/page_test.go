package web

import (
	"testing"
	"time"
)

func TestAgo(t *testing.T) {
	now := time.Date(2018, 3, 8, 12, 0, 0, 0, time.UTC)
	tests := []struct {
		name, want string
		at         time.Time
	}{
		{"never", "never", time.Time{}},
		{"seconds", "12 s ago", now.Add(-12 * time.Second)},
		{"just not a minute", "59 s ago", now.Add(-time.Minute + 1)},
		{"a minute", "1 min ago", now.Add(-time.Minute)},
		{"an hour", "1 h ago", now.Add(-time.Hour)},
		{"two days", "2 days ago", now.Add(-48 * time.Hour)},
		{"just not two days", "47 h 59 min ago", now.Add(-48*time.Hour + time.Second)},
		{"now", "0 s ago", now},
		{"minutes", "59 min ago", now.Add(-59 * time.Minute)},
		{"whole hours", "4 h ago", now.Add(-4*time.Hour - 59*time.Second)},
		{"hours", "26 h 5 min ago", now.Add(-26*time.Hour - 5*time.Minute)},
		{"days", "3 days ago", now.Add(-80 * time.Hour)},
		{"later", "in 5 min", now.Add(5 * time.Minute)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := ago(now, tt.at); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}
