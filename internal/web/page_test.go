package web

import (
	"strings"
	"testing"
	"time"

	"ukcloud_exporter/money"
)

func TestPounds(t *testing.T) {
	tests := []struct{ amount, want string }{
		{"0", "£0.00"}, {"0.004999999", "£0.00"}, {"0.005", "£0.01"}, {"36389.44", "£36,389.44"}, {"999.995", "£1,000.00"},
		{"1234567.891", "£1,234,567.89"}, {"-2.12", "−£2.12"}, {"-0.001", "−£0.00"},
	}
	for _, tt := range tests {
		amount, err := money.Parse(tt.amount)
		if err != nil {
			t.Fatal(err)
		}
		if got := pounds(amount); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.amount, got, tt.want)
		}
	}
}

func TestClean(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"plain", "web01 (live)", "web01 (live)"},
		{"escape", "a\x1b[31mb", "a�[31mb"},
		{"newline", "a\nb", "a�b"},
		{"direction", "a\u202eb", "a�b"},
		{"no UTF-8", "caf\xe9", "caf�"},
		{"long", strings.Repeat("ü", 500), strings.Repeat("ü", longest) + "…"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := clean(tt.text); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

func TestAgo(t *testing.T) {
	now := time.Date(2018, 3, 8, 12, 0, 0, 0, time.UTC)
	tests := []struct {
		name, want string
		at         time.Time
	}{
		{"never", "never", time.Time{}},
		{"seconds", "12 s ago", now.Add(-12 * time.Second)},
		{"minutes", "59 min ago", now.Add(-59 * time.Minute)},
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
