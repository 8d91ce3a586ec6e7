package lake

import (
	"time"

	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/internal/bill"
	"ukcloud_exporter/money"
)

// evidenceNames are the columns of the bill by names that every engine takes without
// quotes: those of the API reference have blanks and hyphens.
func evidenceNames() map[csvparse.Column]string {
	return map[csvparse.Column]string{
		csvparse.EventDate: "event_date", csvparse.ProjectID: "project_id", csvparse.VApp: "vapp", csvparse.VDC: "vdc",
		csvparse.ResourceName: "resource_name", csvparse.ResourceID: "resource_id", csvparse.OSID: "os_id", csvparse.Service: "service",
		csvparse.Metadata: "metadata", csvparse.StartTime: "start_time", csvparse.EndTime: "end_time", csvparse.PowerState: "power_state",
		csvparse.UsageMins: "usage_minutes", csvparse.UsageHours: "usage_hours", csvparse.MachineType: "machine_type",
		csvparse.PowerType: "power_type", csvparse.SecurityDomain: "security_domain", csvparse.VCPU: "vcpu", csvparse.Memory: "memory",
		csvparse.ComputePrice: "compute_price", csvparse.ComputeTotal: "compute_total",
		csvparse.GPUType: "gpu_type", csvparse.GPUCount: "gpu_count", csvparse.GPUPrice: "gpu_price", csvparse.GPUTotal: "gpu_total",
		csvparse.Tier1Used: "tier1_used", csvparse.Tier1Snapshot: "tier1_snapshot", csvparse.Tier1Included: "tier1_included",
		csvparse.Tier1Chargeable: "tier1_chargeable", csvparse.Tier1Price: "tier1_price", csvparse.Tier1Total: "tier1_total",
		csvparse.Tier2Used: "tier2_used", csvparse.Tier2Snapshot: "tier2_snapshot", csvparse.Tier2Included: "tier2_included",
		csvparse.Tier2Chargeable: "tier2_chargeable", csvparse.Tier2Price: "tier2_price", csvparse.Tier2Total: "tier2_total",
		csvparse.GeoUsed: "geo_used", csvparse.GeoSnapshot: "geo_snapshot", csvparse.GeoIncluded: "geo_included",
		csvparse.GeoChargeable: "geo_chargeable", csvparse.GeoPrice: "geo_price", csvparse.GeoTotal: "geo_total",
		csvparse.ProtectionType: "protection_type", csvparse.ComputeProtectionPrice: "compute_protection_price",
		csvparse.ComputeProtectionTotal: "compute_protection_total", csvparse.Tier1ProtectionPrice: "tier1_protection_price",
		csvparse.Tier2ProtectionPrice: "tier2_protection_price", csvparse.GeoProtectionPrice: "geo_protection_price",
		csvparse.Tier1ProtectionTotal: "tier1_protection_total", csvparse.Tier2ProtectionTotal: "tier2_protection_total",
		csvparse.GeoProtectionTotal: "geo_protection_total", csvparse.ProtectionTotal: "protection_total",
		csvparse.LicencePrice: "licence_price", csvparse.LicenceTotal: "licence_total", csvparse.TotalPrice: "total_price",
	}
}

// evidence is a row of the bill as it is, with what it means: see docs/lake.md.
type evidence struct {
	vorg    string
	row     *bill.Row
	tags    tagParser
	badTags int64
	badTime int64
	days    dayCache
}

// newEvidence describes the sheet. Its cells are of the row that it is given.
func newEvidence(vorg string, row *bill.Row) (*evidence, *sheet) {
	e := &evidence{vorg: vorg, row: row}
	s := &sheet{}
	add := func(name string, k kind, value func() cell) {
		c := column{name: name, kind: k, cell: value}
		if k == decimal {
			c.places = money.Scale
		}
		s.columns = append(s.columns, c)
	}
	add("vorg", text, func() cell { return word(e.vorg) })
	names := evidenceNames()
	for _, c := range csvparse.Columns() {
		e.column(c, names[c], add)
	}
	add("tags", tags, e.tagCell)
	add("cost", decimal, func() cell { return amount(row.Cost.Value, row.Cost.Valid) })
	add("other", decimal, func() cell { return amount(row.Costs[bill.Other].Value, row.Costs[bill.Other].Valid) })
	add("power", text, func() cell { return word(row.Power) })
	add("late", boolean, func() cell { return yes(row.Late) })
	add("line", integer, func() cell { return cell{n: row.Line} })
	return e, s
}

// column adds a column of the bill.
func (e *evidence) column(c csvparse.Column, name string, add func(string, kind, func() cell)) {
	switch field := e.row.Field(c).(type) {
	case *csvparse.Date:
		add(name, date, func() cell { return cell{n: e.days.of(*field)} })
	case *csvparse.Money:
		add(name, decimal, func() cell { return amount(field.Amount, field.Valid) })
	case *csvparse.Quantity:
		add(name, decimal, func() cell { return amount(field.Value, field.Valid) })
	case *string:
		if c != csvparse.StartTime && c != csvparse.EndTime {
			add(name, text, func() cell { return word(*field) })
			return
		}
		parser := &timeParser{}
		add(name, timestamp, func() cell {
			value := parser.cell(*field)
			if value.null && *field != "" {
				e.badTime++
			}
			return value
		})
	}
}

func (e *evidence) tagCell() cell {
	all, ok := e.tags.of(e.row.Metadata)
	if !ok {
		e.badTags++
	}
	return cell{null: len(all) == 0, tags: all}
}

// tagParser parses the Metadata column, each text once. Where what it keeps exceeds its
// bound it forgets texts, any of them: a bill comes back to its texts in turn, and whoever
// forgot the oldest, or all of them, would forget each just before it comes.
type tagParser struct {
	known map[string]parsed
	bytes int
}

type parsed struct {
	tags []bill.Tag
	ok   bool
}

// tagBytes is how much a tagParser keeps, about.
const tagBytes = 8 << 20

// cost is what a text takes with its tags, about.
func cost(text string) int { return 256 + 3*len(text) }

func (p *tagParser) of(text string) ([]bill.Tag, bool) {
	if text == "" {
		return nil, true
	}
	if known, is := p.known[text]; is {
		return known.tags, known.ok
	}
	tags, err := bill.ParseMetadata(text)
	if p.known == nil {
		p.known = map[string]parsed{}
	}
	if p.bytes += cost(text); p.bytes > tagBytes {
		p.forget(cost(text))
	}
	p.known[text] = parsed{tags, err == nil}
	return tags, err == nil
}

// forget makes room for a text that has been counted, and a little more.
func (p *tagParser) forget(text int) {
	for old := range p.known { // in no order
		if p.bytes <= tagBytes-tagBytes/64 || p.bytes <= text {
			return
		}
		delete(p.known, old)
		p.bytes -= cost(old)
	}
}

// dayCache counts the days of the last date that was asked for.
type dayCache struct {
	day csvparse.Date
	n   int64
}

func (d *dayCache) of(day csvparse.Date) int64 {
	if day != d.day {
		*d = dayCache{day, day.Time().Unix() / 86400}
	}
	return d.n
}

// timeParser reads the times of a chargeable period, which are UTC. Rows that follow
// each other mostly have the same.
type timeParser struct {
	text  string
	value cell
}

func (p *timeParser) cell(text string) cell {
	if text != p.text {
		p.text, p.value = text, parseTime(text)
	}
	if text == "" {
		return cell{null: true}
	}
	return p.value
}

// parseTime reads the forms that the portal's dates have: see csvparse.Date.
func parseTime(text string) cell {
	for _, form := range []string{
		"2006-01-02T15:04:05Z07:00", "2006-01-02 15:04:05Z07:00", "2006-01-02T15:04:05Z0700", "2006-01-02 15:04:05Z0700", "2006-01-02 15:04:05Z07",
		"2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02 15:04:05 UTC", "2006-01-02T15:04", "2006-01-02 15:04",
		"02/01/2006 15:04:05", "02/01/2006 15:04", "2006-01-02", "02/01/2006",
	} {
		if t, err := time.Parse(form, text); err == nil {
			return cell{n: t.UnixMilli()}
		}
	}
	return cell{null: true}
}
