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
	doubtful bool // a bill is not proven whole
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
func (h *history) views(yield func(at time.Time, p bill.Standing)) {
	next := 0
	for n := range h.days() {
		start := h.month.Start().AddDate(0, 0, n)
		at := start.AddDate(0, 0, 1)
		view := bill.Standing{Account: h.account, VOrg: h.org, VMLimit: h.vmLimit, Role: bill.CurrentMonth}
		if next < len(h.toDate) && h.toDate[next].day == bill.DateOf(start) {
			if len(h.toDate[next].bill.On(h.toDate[next].day)) > 0 { // not only late rows
				view.Day = h.toDate[next].day
			}
			next++
		}
		if next > 0 {
			view.Bill = h.toDate[next-1].bill
			view.Forecast = bill.Forecast(view.Bill, h.previous, bill.DateOf(at))
			yield(at, view)
		}
		if h.previous != nil {
			yield(at, bill.Standing{Account: h.account, VOrg: h.org, Role: bill.PreviousMonth, Bill: h.previous})
		}
	}
}

// writeTo writes OpenMetrics: the families by name, each one's series by their
// labels, each one's samples by time.
func (h *history) writeTo(w io.Writer) error {
	families := collector.DatedBillingFamilies()
	slices.SortFunc(families, func(a, b collector.Family) int { return cmp.Compare(a.Name, b.Name) })
	var more []string
	for _, name := range slices.Sorted(maps.Keys(h.labels)) {
		more = append(more, name, h.labels[name])
	}
	out := bufio.NewWriterSize(w, 64<<10)
	for _, f := range families {
		points := points{series: map[string][]point{}, more: more}
		h.views(func(at time.Time, p bill.Standing) {
			points.add(at.Unix(), &f, f.Samples(&p))
		})
		h.samples += points.writeTo(out, &f)
	}
	fmt.Fprintln(out, "# EOF")
	return out.Flush()
}

// points are the samples of one family, by label set.
type points struct {
	more   []string // names and values of labels that every sample gets
	series map[string][]point
}

type point struct {
	at    int64
	value string
}

// add adds the samples of one moment.
func (p *points) add(at int64, f *collector.Family, samples []collector.Sample) {
	for _, s := range samples {
		var labels strings.Builder
		for i, name := range f.Labels {
			writeLabel(&labels, name, s.Labels[i])
		}
		for i := 0; i < len(p.more); i += 2 {
			writeLabel(&labels, p.more[i], p.more[i+1])
		}
		all := p.series[labels.String()]
		if n := len(all); n > 0 && all[n-1].at == at {
			continue // a resource whose id is the label value of the rest
		}
		p.series[labels.String()] = append(all, point{at, strconv.FormatFloat(s.Value, 'f', -1, 64)})
	}
}

var labelReplacer = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)

// writeLabel writes one label behind those that are there.
func writeLabel(b *strings.Builder, name, value string) {
	if b.Len() > 0 {
		b.WriteByte(',')
	}
	b.WriteString(name)
	b.WriteString(`="`)
	_, _ = labelReplacer.WriteString(b, exposition.Harmless(value)) // a Builder never fails
	b.WriteByte('"')
}

// writeTo writes a family and returns how many samples it has. Errors stay in w.
func (p *points) writeTo(w *bufio.Writer, f *collector.Family) (samples int) {
	if len(p.series) == 0 {
		return 0
	}
	fmt.Fprintf(w, "# HELP %s %s\n# TYPE %s %s\n", f.Name, labelReplacer.Replace(f.Help), f.Name, f.Type)
	for _, labels := range slices.Sorted(maps.Keys(p.series)) {
		for _, point := range p.series[labels] {
			fmt.Fprintf(w, "%s{%s} %s %d\n", f.Name, labels, point.value, point.at)
			samples++
		}
	}
	return samples
}
