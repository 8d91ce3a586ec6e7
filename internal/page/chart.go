package page

import (
	_ "embed"
	"fmt"
	"math/bits"

	"ukcloud_exporter/internal/bill"
	"ukcloud_exporter/money"
)

// ChartHTML defines the template "chart", which draws a Chart.
//
//go:embed chart.html
var ChartHTML string

// Chart is the days of two months as bars, side by side, in the drawing's own units.
type Chart struct {
	Width, Height int

	Words     string // the text alternative
	Now, Then string // names of the months; Then is "" where it has no bar
	Most      string // what the highest bar is
	Bars      []Bar
	Labels    []string // below the days, "" for most of them
}

// Bar is a rectangle. Its class is now or then.
type Bar struct{ Class, X, Y, W, H string }

const (
	dayWidth = 24  // of a day's two bars, the month before on the left
	height   = 160 // of the highest bar
)

// NewChart draws what each day of two months cost, from the 1st on; nil when no day
// is known. A day of credits has no bar: its sum stands in the table beside it.
func NewChart(current, previous []bill.Sum) *Chart {
	var most money.Amount
	known := false
	for _, days := range [][]bill.Sum{current, previous} {
		for _, cost := range days {
			known = known || cost.Valid
			most = max(most, cost.Value)
		}
	}
	if !known {
		return nil
	}
	days := max(len(current), len(previous))
	c := &Chart{Width: days * dayWidth, Height: height, Most: Pounds(most)}
	for i := range days {
		c.draw("then", previous, i, most, 1)
		c.draw("now", current, i, most, 12)
		label := ""
		if i%5 == 0 {
			label = fmt.Sprint(i + 1)
		}
		c.Labels = append(c.Labels, label)
	}
	return c
}

func (c *Chart) draw(class string, days []bill.Sum, i int, most money.Amount, offset int) {
	if i >= len(days) || days[i].Value <= 0 {
		return
	}
	tall := Share(days[i].Value, most, height*10)
	c.Bars = append(c.Bars, Bar{class, fmt.Sprint(i*dayWidth + offset), tenths(height*10 - tall), "10", tenths(tall)})
}

func tenths(n uint64) string { return fmt.Sprintf("%d.%d", n/10, n%10) }

// Share returns how many of units a part is of a whole, rounded, both of them without
// their signs. It is units at most, and 0 of nothing.
func Share(part, whole money.Amount, units uint64) uint64 {
	p, w := magnitude(part), magnitude(whole)
	if w == 0 {
		return 0
	}
	hi, lo := bits.Mul64(min(p, w), units)
	share, rest := bits.Div64(hi, lo, w) // hi < w, because p <= w and units fit a word
	if rest >= w-rest {
		share++
	}
	return share
}
