package bill

import (
	"strings"

	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/money"
)

// Component is where money of the bill goes: the seven parts that a row has columns
// for, and Other.
type Component uint8

// Other is the money that stands in TotalPrice alone: a credit or a charge that no
// part explains.
const Other = Component(csvparse.Components)

// Components is how many components there are.
const Components = csvparse.Components + 1

// String returns the label value, for example storage_tier1.
func (c Component) String() string {
	if c == Other {
		return "other"
	}
	return csvparse.Component(c).String()
}

// Parts are sums by Component.
type Parts [Components]Sum

// Total returns the sum of the parts. It is in range where the parts come from
// a Bill, which has added up all of them.
func (p *Parts) Total() (total Sum) {
	for _, part := range p {
		total.add(part.Value, part.Valid)
	}
	return total
}

// Add adds other parts. It returns false when a sum would be out of range.
func (p *Parts) Add(other *Parts) bool {
	ok := true
	for i, part := range other {
		ok = p[i].add(part.Value, part.Valid) && ok
	}
	return ok
}

// Row is one row of a bill as everything that reads bills sees it.
type Row struct {
	csvparse.BillingRow

	// Costs is where the row's money goes. Other is only Valid when it is not 0.
	Costs Parts
	// Cost is what the row costs, the sum of Costs: TotalPrice, or the sum of the
	// parts where TotalPrice is blank. A row without either has no Valid cost.
	Cost Sum
	// Power is on, off, or "" for what has no power state. Another text is kept and
	// not known.
	Power      string
	PowerKnown bool
	// Late: the row's day is outside the month of its file. The file is the invoice
	// of its month, so the row is charged with it like any other.
	Late bool

	parts Sum // of the seven parts as written
	tags  *tagged
}

// settle decides what the row's cells mean. It returns false when its money is
// beyond what an Amount holds.
func (r *Row) settle(m Month) bool {
	r.parts = Sum{}
	ok := true
	for i := range r.BillingRow.Parts {
		part := &r.BillingRow.Parts[i]
		r.Costs[i] = Sum{part.Amount, part.Valid}
		ok = r.parts.add(part.Amount, part.Valid) && ok
	}
	r.Costs[Other], r.Cost = Sum{}, r.parts
	if r.Total.Valid {
		other, inRange := r.Total.Amount.Sub(r.parts.Value)
		r.Costs[Other] = Sum{other, other != 0}
		r.Cost = Sum{r.Total.Amount, true}
		ok = ok && inRange
	}
	r.Power, r.PowerKnown = powerState(r.PowerState)
	r.Late = m != (Month{}) && !m.Holds(r.EventDate)
	return ok
}

// powerState gives the label's on and off; the documents have both On and on. It
// reports whether the text is one that they have.
func powerState(text string) (state string, known bool) {
	switch text {
	case "On", "on":
		return "on", true
	case "Off", "off":
		return "off", true
	case "":
		return "", true
	}
	text = strings.ToLower(strings.TrimSpace(text))
	return text, text == "on" || text == "off" || text == ""
}

// Sum is an exact sum of cells of one kind: pounds without VAT, or hours. It is not
// Valid while all of them were blank: nothing is known then, which is not the same
// as nothing to pay.
type Sum struct {
	Value money.Amount
	Valid bool
}

// Add adds another sum of the same kind. It returns false when the result would be
// out of range, and s is then as it was.
func (s *Sum) Add(other Sum) bool { return s.add(other.Value, other.Valid) }

func (s *Sum) add(value money.Amount, valid bool) bool {
	if !valid {
		return true
	}
	sum, ok := s.Value.Add(value)
	if ok {
		s.Value, s.Valid = sum, true
	}
	return ok
}
