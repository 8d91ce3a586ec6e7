package billing

import (
	"encoding/csv"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"ukcloud_exporter/internal/bill"
	"ukcloud_exporter/money"
)

func (t *totals) write(w io.Writer, format string) error {
	switch format {
	case "json":
		return t.json(w)
	case "csv":
		return t.csv(w)
	default:
		return t.table(w)
	}
}

// period is the first and the last day with rows, "" when there is none.
func (t *totals) period() (first, last string) {
	if days := t.bill.Days; len(days) > 0 {
		return days[0].Day.String(), days[len(days)-1].Day.String()
	}
	return "", ""
}

func (t *totals) table(w io.Writer) error {
	first, last := t.period()
	width, places := len("total less TotalPrice"), 2
	for _, g := range t.groups {
		for _, l := range g.lines {
			width = max(width, utf8.RuneCountInString(shownName(l.name)))
			places = max(places, placesOf(l.cost.Value))
		}
	}
	var b strings.Builder
	row := func(name string, cost bill.Sum) {
		fmt.Fprintf(&b, "%-*s  %*s\n", width, shownName(name), 14+places, decimal(cost, places))
	}
	fmt.Fprintf(&b, "%s in %s", count(t.bill.Rows, "row"), count(int64(t.files), "file"))
	if first != "" {
		fmt.Fprintf(&b, ", %s to %s (UTC)", first, last)
	}
	b.WriteString(", GBP without VAT\n\n")
	row("total", t.bill.Parts)
	if difference, ok := t.bill.Difference(); !ok || difference != 0 {
		row("total less TotalPrice", bill.Sum{Value: difference, Valid: ok})
	}
	for _, g := range t.groups {
		fmt.Fprintf(&b, "\nby %s\n", strings.TrimSpace(g.kind+" "+g.key))
		for _, l := range g.lines {
			row(l.name, l.cost)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// shownName keeps a name on one line.
func shownName(name string) string {
	if name == "" {
		return "(none)"
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, name)
}

func placesOf(a money.Amount) int {
	_, places, _ := strings.Cut(a.String(), ".")
	return len(places)
}

// decimal writes an amount with at least so many places, so that columns align.
func decimal(c bill.Sum, places int) string {
	if !c.Valid {
		return "-"
	}
	text := c.Value.String()
	if placesOf(c.Value) == 0 {
		text += "."
	}
	return text + strings.Repeat("0", places-placesOf(c.Value))
}

// amount is a sum for programs: exact, "" when nothing is known.
func amount(c bill.Sum) string {
	if !c.Valid {
		return ""
	}
	return c.Value.String()
}

func (t *totals) csv(w io.Writer) error {
	out := csv.NewWriter(w)
	_ = out.Write([]string{"group", "tag", "name", "cost_gbp"})
	_ = out.Write([]string{"total", "", "", amount(t.bill.Parts)})
	_ = out.Write([]string{"total_price", "", "", amount(t.bill.Total)})
	for _, g := range t.groups {
		for _, l := range g.lines {
			_ = out.Write([]string{g.kind, g.key, l.name, amount(l.cost)})
		}
	}
	out.Flush()
	return out.Error()
}

// summaryJSON is the form of --format json. Money is decimal text in pounds,
// null when nothing is known.
type summaryJSON struct {
	Currency   string           `json:"currency"`
	Files      int              `json:"files"`
	Rows       int64            `json:"rows"`
	Rejected   map[string]int64 `json:"rows_rejected"`
	FirstDay   *string          `json:"first_day"`
	LastDay    *string          `json:"last_day"`
	Total      *string          `json:"total"`
	TotalPrice *string          `json:"total_price"`
	Groups     []groupJSON      `json:"groups"`
}

type groupJSON struct {
	Group string     `json:"group"`
	Tag   string     `json:"tag,omitzero"`
	Costs []costJSON `json:"costs"`
}

type costJSON struct {
	Name string  `json:"name"`
	Cost *string `json:"cost"`
}

func textOrNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func (t *totals) json(w io.Writer) error {
	first, last := t.period()
	out := summaryJSON{
		Currency: "GBP", Files: t.files, Rows: t.bill.Rows, Rejected: map[string]int64{},
		FirstDay: textOrNull(first), LastDay: textOrNull(last),
		Total: textOrNull(amount(t.bill.Parts)), TotalPrice: textOrNull(amount(t.bill.Total)),
	}
	for reason, n := range t.bill.Rejected {
		if n > 0 {
			out.Rejected[string(reason)] = n
		}
	}
	for _, g := range t.groups {
		group := groupJSON{Group: g.kind, Tag: g.key, Costs: []costJSON{}}
		for _, l := range g.lines {
			group.Costs = append(group.Costs, costJSON{l.name, textOrNull(amount(l.cost))})
		}
		out.Groups = append(out.Groups, group)
	}
	err := json.MarshalWrite(w, out, json.Deterministic(true), jsontext.WithIndent("  "), jsontext.AllowInvalidUTF8(true))
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, "\n")
	return err
}
