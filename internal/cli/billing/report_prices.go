package billing

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strings"

	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/internal/bill"
	"ukcloud_exporter/internal/report"
	"ukcloud_exporter/money"
)

// priceChange is a unit price that is another one from a day on.
type priceChange struct {
	column   csvparse.Column
	of       string
	from, to money.Amount
	day      int // of the month
}

// priceChanges are the changes within the month, and since the month before, and for how
// many resources. A price changes where the resource stays what it is.
func (m *invoice) priceChanges() map[priceChange]int64 {
	changes := map[priceChange]int64{}
	for _, p := range m.resources {
		if p.now == nil {
			continue
		}
		for shape, now := range p.now.prices {
			before := new([len(priced)]seenPrices)
			if p.before != nil && p.before.prices[shape] != nil {
				before = p.before.prices[shape]
			}
			for i, column := range priced {
				for c := range changesOf(before[i], now[i], m.month) {
					c.column, c.of = column, shape.of(column)
					changes[c]++
				}
			}
		}
	}
	return changes
}

// changesOf yields the prices and the days of the changes in a month.
func changesOf(before, now seenPrices, month bill.Month) iter.Seq[priceChange] {
	return func(yield func(priceChange) bool) {
		last, known := before.newest(month.Previous())
		for day := 1; day <= 31; day++ {
			prices := now.on(month, day)
			if len(prices) == 0 || known && slices.Contains(prices, last) {
				continue
			}
			if known && !yield(priceChange{from: last, to: prices[0], day: day}) {
				return
			}
			last, known = prices[0], true
		}
	}
}

// newest is the price of the newest day of a month that has one.
func (h seenPrices) newest(month bill.Month) (price money.Amount, known bool) {
	for day := 31; day > 0; day-- {
		if prices := h.on(month, day); len(prices) > 0 {
			return prices[0], true
		}
	}
	return 0, false
}

// of says what a price is paid for.
func (s shape) of(column csvparse.Column) string {
	var words []string
	switch column {
	case csvparse.LicencePrice:
		words = []string{s.os}
	case csvparse.GPUPrice:
		words = []string{s.gpu}
	case csvparse.ComputePrice:
		words = []string{s.machine, s.powerType, s.domain}
	case csvparse.ComputeProtectionPrice, csvparse.Tier1ProtectionPrice, csvparse.Tier2ProtectionPrice, csvparse.GeoProtectionPrice:
		words = []string{s.protection}
	default:
		words = []string{s.domain}
	}
	words = append([]string{s.service}, words...)
	if s.power != "" && column == csvparse.ComputePrice {
		words = append(words, "powered "+s.power)
	}
	return strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), ", ")
}

func (m *invoice) pricesSection() report.Section {
	s := report.Section{Title: "Prices that changed"}
	changes := m.priceChanges()
	if len(changes) == 0 {
		s.Text = []string{"Nothing that stayed what it is has another price than before."}
		return s
	}
	keys := make([]priceChange, 0, len(changes))
	for key := range changes {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b priceChange) int {
		return cmp.Or(cmp.Compare(changes[b], changes[a]), cmp.Compare(a.column, b.column), strings.Compare(a.of, b.of),
			cmp.Compare(a.day, b.day), cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to))
	})
	t := report.Table{
		Caption: "Unit prices in pounds, of resources that stayed what they are; " + strings.ToLower(shownOf(len(keys))),
		Columns: []report.Column{
			{Title: "What"}, {Title: "Price"}, {Title: "Before", Kind: report.Number}, {Title: "After", Kind: report.Number}, {Title: "Change", Kind: report.Number},
			{Title: "From"}, {Title: "Resources", Kind: report.Number},
		},
	}
	for _, key := range keys[:min(len(keys), reportRows)] {
		t.Rows = append(t.Rows, []report.Cell{
			report.Text(key.of), report.Text(key.column.String()), report.Text("£" + key.from.String()), report.Text("£" + key.to.String()),
			report.Text(report.Percent(changeOf(bill.Sum{Value: key.to, Valid: true}, bill.Sum{Value: key.from, Valid: true}), bill.Sum{Value: key.from, Valid: true})),
			report.Text(fmt.Sprintf("%s-%02d", m.month, key.day)), report.Text(fmt.Sprint(changes[key])),
		})
	}
	s.Tables = []report.Table{t}
	return s
}
