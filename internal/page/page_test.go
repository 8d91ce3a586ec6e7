package page_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"ukcloud_exporter/internal/bill"
	"ukcloud_exporter/internal/page"
	"ukcloud_exporter/money"
)

func TestPounds(t *testing.T) {
	tests := []struct{ amount, want string }{
		{"0", "£0.00"}, {"0.004999999", "£0.00"}, {"0.005", "£0.01"}, {"36389.44", "£36,389.44"}, {"999.99", "£999.99"}, {"999.995", "£1,000.00"},
		{"1234567.891", "£1,234,567.89"}, {"-2.12", "−£2.12"}, {"-0.001", "£0.00"}, {"-0.005", "−£0.01"}, {"-0.000000001", "£0.00"},
	}
	for _, tt := range tests {
		amount, err := money.Parse(tt.amount)
		if err != nil {
			t.Fatal(err)
		}
		if got := page.Pounds(amount); got != tt.want {
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
		{"another line", "a\u2028b", "a�b"},
		{"no UTF-8", "caf\xe9", "caf�"},
		{"as long as may be", strings.Repeat("ü", page.Longest), strings.Repeat("ü", page.Longest)},
		{"long", strings.Repeat("ü", 500), strings.Repeat("ü", page.Longest) + "…"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := page.Clean(tt.text); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

func TestShare(t *testing.T) {
	tests := []struct {
		name        string
		part, whole money.Amount
		units, want uint64
	}{
		{"half", 5, 10, 100, 50},
		{"rounded up", 2, 3, 100, 67},
		{"rounded down", 1, 3, 100, 33},
		{"half a unit", 1, 2, 1, 1},
		{"credit", -5, 10, 100, 50},
		{"more than the whole", 11, 10, 100, 100},
		{"of nothing", 1, 0, 100, 0},
		{"of the largest", math.MaxInt64, math.MaxInt64, 1600, 1600},
		{"of the smallest", math.MinInt64, math.MinInt64, 1600, 1600},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := page.Share(tt.part, tt.whole, tt.units); got != tt.want {
				t.Errorf("%d, want %d", got, tt.want)
			}
		})
	}
}

func TestChart(t *testing.T) {
	day := func(pounds money.Amount) bill.Sum { return bill.Sum{Value: pounds * money.Pound, Valid: true} }
	if c := page.NewChart(make([]bill.Sum, 31), nil); c != nil {
		t.Errorf("a chart of unknown days: %+v", c)
	}
	c := page.NewChart([]bill.Sum{day(40), day(-1), {}}, []bill.Sum{day(30)})
	want := []page.Bar{{"then", "1", "40.0", "10", "120.0"}, {"now", "12", "0.0", "10", "160.0"}}
	if len(c.Bars) != 2 || c.Bars[0] != want[0] || c.Bars[1] != want[1] || c.Most != "£40.00" || c.Width != 72 {
		t.Errorf("chart %+v, want the bars %v", c, want)
	}
}

// TestChartOfManyDays: each day has its place, and every fifth its number.
func TestChartOfManyDays(t *testing.T) {
	days := make([]bill.Sum, 12)
	for i := range days {
		days[i] = bill.Sum{Value: money.Pound, Valid: true}
	}
	c := page.NewChart(days, nil)
	if want := []string{"1", "", "", "", "", "6", "", "", "", "", "11", ""}; !slices.Equal(c.Labels, want) {
		t.Errorf("labels %q, want %q", c.Labels, want)
	}
	if len(c.Bars) != 12 || c.Bars[1].X != "36" || c.Bars[11].X != "276" {
		t.Errorf("bars %+v", c.Bars)
	}
}
