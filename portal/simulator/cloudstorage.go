package simulator

import (
	"encoding/csv"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"ukcloud_exporter/money"
)

// bucket is a bucket of Cloud Storage.
type bucket struct {
	name  string
	level string // service level
	start int    // GiB at the beginning of 2015
	grows int    // GiB a month
}

// storageReportHeader are the columns of cloud-storage-report.
var storageReportHeader = []string{"Org Id", "Company Id", "Account Id", "Service Id", "Bucket Name", "Service Level", "Consumption (GB)", "Cost"}

// storageTiers are the prices of a GiB for a month by the GiB that a bucket
// holds. The vendor's TiB is 1,000 GiB; the last price is a public "from 1.46p".
// ENHANCED had no public price: here it costs half as much again.
var storageTiers = []struct {
	upTo  int64
	price money.Amount
}{{250_000, 20 * milli}, {500_000, 18 * milli}, {1_000_000, 16_200_000}, {1 << 40, 14_600_000}}

func (e *estate) addBuckets(v *vorg, d draw) {
	names := [...]string{"archive", "backups", "media, public", "logs"}
	for n := range d.of(topicBucket, 0).within(1, len(names)) {
		d := d.of(topicBucket, int64(n+1))
		b := bucket{name: names[n] + "-" + d.hex(4), level: "STANDARD", start: d.within(1, 900), grows: d.of(topicBucket, 1).within(0, 60)}
		if n%2 == 1 {
			b.level = "ENHANCED"
		}
		if v.number == 1 && v.account.number == 0 && n == 0 {
			b.start, b.grows = 240_000, 900 // large enough to cross a tier
		}
		v.buckets = append(v.buckets, b)
	}
}

// consumption is the average over the days of a month that have data, rounded
// up to whole GiB.
func (b bucket) consumption(from, to int64) int64 {
	epoch := monthStart(2015, time.January)
	var sum, days int64
	for d := from; d < to; d += day {
		sum += int64(b.start)*30 + int64(b.grows)*max(d-epoch, 0)/day
		days++
	}
	if days == 0 {
		return 0
	}
	return (sum + 30*days - 1) / (30 * days)
}

// cost is what the consumption costs in a whole month. Each tier's price is for
// the GiB inside it.
func (b bucket) cost(gib int64) money.Amount {
	var cost money.Amount
	below := int64(0)
	for _, t := range storageTiers {
		price := t.price
		if b.level == "ENHANCED" {
			price = price * 3 / 2
		}
		cost += money.Amount(max(min(gib, t.upTo)-below, 0)) * price
		below = t.upTo
	}
	return cost
}

// cloudStorageReport answers GET /api/billing/cloud-storage-report: the month
// that a date is in.
func (p *Portal) cloudStorageReport(c *call) answer {
	v, date, refusal := p.orgOf(c, "date", parseDate)
	if refusal != nil {
		return *refusal
	}
	start, _ := monthAround(date)
	from, to := p.billed(start, c.now)
	var text strings.Builder
	p.writeStorageReport(&text, v, from, to)
	a := whole(http.StatusOK, typeCSV, []byte(text.String()))
	a.etag = `W/"` + hashText(text.String()).hex(16) + `"`
	return a
}

func (p *Portal) writeStorageReport(to io.Writer, v *vorg, from, until int64) {
	w := csv.NewWriter(to)
	_ = w.Write(storageReportHeader)
	if from < until {
		for _, b := range v.buckets {
			gib := b.consumption(from, until)
			_ = w.Write([]string{
				v.serviceID, strconv.Itoa(v.account.company), strconv.Itoa(v.account.id), strconv.Itoa(v.number),
				b.name, b.level, strconv.FormatInt(gib, 10), b.cost(gib).String(),
			})
		}
	}
	w.Flush() // to memory, which takes everything
}
