package billing

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"ukcloud_exporter/collector"
	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/internal/bill"
	"ukcloud_exporter/internal/exposition"
	"ukcloud_exporter/money"
)

// history is what a daemon would have exposed of one compute service in one
// month, at the end of each day. It holds the sums of every day, and while it is
// written the samples of one family.
type history struct {
	service
	month    bill.Month
	vmLimit  int
	labels   map[string]string // that every sample gets
	now      time.Time
	previous *bill.Bill // of the month before, nil when it is not known
	last     *bill.Bill // of the whole month, nil when it has no row

	toDate   []dayToDate // of the days that are over
	rejected int
	samples  int
}

// dayToDate is the bill as it stood at the end of a day that has rows.
type dayToDate struct {
	day  csvparse.Date
	bill *bill.Bill
}

// add takes the next day of the bill. A day that is not over is no sample yet.
func (h *history) add(day csvparse.Date, toDate *bill.Bill) error {
	h.last = toDate
	if day.Compare(bill.DateOf(h.now)) < 0 {
		h.toDate = append(h.toDate, dayToDate{day, toDate})
	}
	return nil
}

// days returns how many days have samples: those of a month that is over, else
// those up to the newest that is in the bill.
func (h *history) days() int {
	if end := h.month.Next().Start(); !end.After(h.now) {
		return end.AddDate(0, 0, -1).Day()
	}
	if len(h.toDate) == 0 {
		return 0
	}
	return int(h.toDate[len(h.toDate)-1].day.Day)
}

// views calls yield with what was exposed at the end of each day, and when that
// was. On a day without rows the month to date stays as it was.
func (h *history) views(yield func(at time.Time, v collector.BillingView)) {
	next := 0
	for n := range h.days() {
		start := h.month.Start().AddDate(0, 0, n)
		at := start.AddDate(0, 0, 1)
		view := collector.BillingView{Account: h.account, VOrg: h.org, VMLimit: h.vmLimit, Role: collector.CurrentMonth}
		if next < len(h.toDate) && h.toDate[next].day == bill.DateOf(start) {
			view.Day = h.toDate[next].day
			next++
		}
		if next > 0 {
			view.Bill = h.toDate[next-1].bill
			yield(at, view)
		}
		if h.previous != nil {
			yield(at, collector.BillingView{Account: h.account, VOrg: h.org, Role: collector.PreviousMonth, Bill: h.previous})
		}
	}
}

// writeTo writes OpenMetrics: the families by name, each one's series by their
// labels, each one's samples by time.
func (h *history) writeTo(w io.Writer) error {
	families := collector.DatedBillingFamilies()
	slices.SortFunc(families, func(a, b collector.BillingFamily) int { return cmp.Compare(a.Name, b.Name) })
	var more []string
	for _, name := range slices.Sorted(maps.Keys(h.labels)) {
		more = append(more, name, h.labels[name])
	}
	out := bufio.NewWriterSize(w, 64<<10)
	for _, f := range families {
		points := points{series: map[string][]point{}, more: more}
		h.views(func(at time.Time, v collector.BillingView) {
			points.at = at.Unix()
			f.Write(&v, &points)
		})
		h.samples += points.writeTo(out, &f.Desc)
	}
	fmt.Fprintln(out, "# EOF")
	return out.Flush()
}

// points are the samples of one family, by label set. It is a collector.BillingSink.
type points struct {
	at     int64
	more   []string // labels that every sample gets
	series map[string][]point
}

type point struct {
	at    int64
	value string
}

func (p *points) add(l exposition.Labels, pairs []string, value string) {
	labels := string(l)
	if pairs = slices.Concat(pairs, p.more); len(pairs) > 0 {
		labels += "," + string(exposition.LabelsOf(pairs...))
	}
	all := p.series[labels]
	if n := len(all); n > 0 && all[n-1].at == p.at {
		return // a resource that is called as the sum of the others is
	}
	p.series[labels] = append(all, point{p.at, value})
}

// Money implements collector.BillingSink.
func (p *points) Money(l exposition.Labels, value money.Amount, pairs ...string) {
	p.add(l, pairs, value.String())
}

// Int implements collector.BillingSink.
func (p *points) Int(l exposition.Labels, value int64, pairs ...string) {
	p.add(l, pairs, strconv.FormatInt(value, 10))
}

// Sample implements collector.BillingSink.
func (p *points) Sample(l exposition.Labels, value float64, pairs ...string) {
	p.add(l, pairs, strconv.FormatFloat(value, 'g', -1, 64))
}

// writeTo writes a family and returns how many samples it has. Errors stay in w.
func (p *points) writeTo(w *bufio.Writer, d *exposition.Desc) (samples int) {
	if len(p.series) == 0 {
		return 0
	}
	help := strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`).Replace(d.Help)
	fmt.Fprintf(w, "# HELP %s %s\n# TYPE %s %s\n", d.Name, help, d.Name, d.Type)
	for _, labels := range slices.Sorted(maps.Keys(p.series)) {
		for _, point := range p.series[labels] {
			fmt.Fprintf(w, "%s{%s} %s %d\n", d.Name, labels, point.value, point.at)
			samples++
		}
	}
	return samples
}
