package bill

import (
	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/internal/exposition"
	"ukcloud_exporter/money"
)

// Role is what a bill is at a moment. Each role has families of its own, so that
// no month is counted as another one.
type Role uint8

// The roles.
const (
	Current  Role = iota // of the month that runs
	Previous             // of the month before
)

// View is what is shown of one bill. It is comparable: equal views give equal
// samples.
type View struct {
	Account, VOrg string // labels
	Role          Role
	Bill          *Bill

	// Before is the bill of the month before, for a current one; nil when it is
	// not known.
	Before *Bill

	// Day is the newest complete day, in the one of the two bills that holds it;
	// the zero Date in the other.
	Day csvparse.Date

	// Restatement is what a previous bill changed by since it was first seen
	// final; not Valid before.
	Restatement Cost

	// VMLimit is how many resources are shown by themselves.
	VMLimit int
}

// Sink takes the samples of a family: an exposition.Writer, or who else has a
// use for them.
type Sink interface {
	Money(l exposition.Labels, value money.Amount, pairs ...string)
	Int(l exposition.Labels, value int64, pairs ...string)
	Sample(l exposition.Labels, value float64, pairs ...string)
}

// Other is the label value under which what is not shown by itself is summed.
const Other = "__other__"

// maxTagValues is how many values of a tag are shown, beside "" for what is
// untagged.
const maxTagValues = 200

// Family is a metric family of the bill.
type Family struct {
	exposition.Desc
	Write func(v *View, w Sink)
}

// desc describes a family; its labels stand behind account and vorg.
func desc(name, help string, labels ...string) exposition.Desc {
	return exposition.Desc{Name: "ukcloud_billing_" + name, Help: help, Labels: append([]string{"account", "vorg"}, labels...)}
}

// of is a family that bills of one role have.
func of(role Role, d exposition.Desc, write func(v *View, w Sink)) Family {
	return Family{d, func(v *View, w Sink) {
		if v.Role == role {
			write(v, w)
		}
	}}
}

// ofDay is a family of the newest complete day, which either bill may hold.
func ofDay(d exposition.Desc, write func(v *View, w Sink)) Family {
	return Family{d, func(v *View, w Sink) {
		if v.Day != (csvparse.Date{}) {
			write(v, w)
		}
	}}
}

func (v *View) labels() exposition.Labels {
	return exposition.LabelsOf("account", v.Account, "vorg", v.VOrg)
}

// write writes those of the parts that are known.
func (p *Parts) write(w Sink, l exposition.Labels, pairs ...string) {
	pairs = append(pairs, "component", "")
	for i, part := range p {
		if part.Valid {
			pairs[len(pairs)-1] = csvparse.Component(i).String()
			w.Money(l, part.Value, pairs...)
		}
	}
}

func writeCosts(v *View, w Sink) {
	l := v.labels()
	for i := range v.Bill.Costs {
		c := &v.Bill.Costs[i]
		c.Parts.write(w, l, "vdc_name", c.VDC, "service", c.Service)
	}
}

func writeDay(v *View, w Sink) {
	l := v.labels()
	day := v.Bill.On(v.Day)
	for i := range day {
		day[i].Parts.write(w, l, "service", day[i].Service)
	}
}

// writeResources writes the dearest by themselves and the sum of the others.
func writeResources(v *View, w Sink) {
	l := v.labels()
	var other Cost
	for i, r := range v.Bill.Resources {
		switch {
		case i >= v.VMLimit:
			other.add(r.Cost.Value, r.Cost.Valid)
		case r.Cost.Valid:
			w.Money(l, r.Cost.Value, "vm", r.ID)
		}
	}
	if other.Valid {
		w.Money(l, other.Value, "vm", Other)
	}
}

func writeTags(v *View, w Sink) {
	l := v.labels()
	for _, tag := range v.Bill.Tags {
		var other Cost
		shown := 0
		for _, value := range tag.Values {
			if value.Value != "" && value.Cost.Valid {
				if shown++; shown > maxTagValues {
					other.add(value.Cost.Value, true)
					continue
				}
			}
			if value.Cost.Valid {
				w.Money(l, value.Cost.Value, "tag", tag.Key, "tag_value", value.Value)
			}
		}
		if other.Valid {
			w.Money(l, other.Value, "tag", tag.Key, "tag_value", Other)
		}
	}
}

// writeUsage writes hours as seconds: whole hours, as the portal bills them, stay
// whole numbers.
func writeUsage(v *View, w Sink) {
	l := v.labels()
	for _, u := range v.Bill.Usage {
		if !u.Hours.Valid {
			continue
		}
		whole, part := u.Hours.Value/csvparse.One, u.Hours.Value%csvparse.One*3600
		if part%csvparse.One == 0 {
			w.Int(l, int64(whole)*3600+int64(part/csvparse.One), "service", u.Service, "power_state", u.Power)
			continue
		}
		seconds := float64(whole)*3600 + float64(part)/float64(csvparse.One)
		w.Sample(l, seconds, "service", u.Service, "power_state", u.Power)
	}
}

// writeRejected writes every reason, for both months together.
func writeRejected(v *View, w Sink) {
	l := v.labels()
	for _, reason := range Reasons() {
		rows := v.Bill.Rejected[reason]
		if v.Before != nil {
			rows += v.Before.Rejected[reason]
		}
		w.Int(l, rows, "reason", string(reason))
	}
}

func writeDifference(v *View, w Sink) {
	check := [...]string{Current: "total", Previous: "previous_total"}[v.Role]
	if difference, ok := v.Bill.Difference(); ok {
		w.Money(v.labels(), difference, "check", check)
	}
}
