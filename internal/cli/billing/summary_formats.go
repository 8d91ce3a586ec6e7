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

func (t *totals) table(w io.Writer) error {
	groups := t.groups()
	width, places := len("parts less TotalPrice"), max(2, placesOf(t.cost.Value))
	for _, g := range groups {
		for _, l := range g.lines {
			width = max(width, utf8.RuneCountInString(t.shown(l.lineKey)))
			places = max(places, placesOf(l.cost.Value))
		}
	}
	var b strings.Builder
	row := func(name string, cost bill.Sum) {
		fmt.Fprintf(&b, "%-*s  %*s\n", width, name, 14+places, decimal(cost, places))
	}
	fmt.Fprintf(&b, "%s in %s", count(t.rows, "row"), count(int64(t.files), "file"))
	if t.first != "" {
		fmt.Fprintf(&b, ", %s to %s (UTC)", t.first, t.last)
	}
	b.WriteString(", GBP without VAT\n\n")
	row("total", t.cost)
	if difference, ok := t.parts.Value.Sub(t.totalPrice.Value); !ok || difference != 0 {
		row("parts less TotalPrice", bill.Sum{Value: difference, Valid: ok})
	}
	for _, g := range groups {
		kind := strings.Replace(g.kind, "vorg", "compute service", 1)
		fmt.Fprintf(&b, "\nby %s\n", strings.TrimSpace(kind+" "+g.key))
		for _, l := range g.lines {
			row(t.shown(l.lineKey), l.cost)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// shown is a line's name, with whose it is where the bills are of several.
func (t *totals) shown(key lineKey) string {
	name := shownName(key.name)
	if key.vorg != "" && len(t.owners) > 1 {
		name += " of " + shownName(key.vorg)
	}
	return name
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
	_ = out.Write([]string{"group", "tag", "name", "cost_gbp", "account", "vorg"}) // Error has what goes wrong
	_ = out.Write([]string{"total", "", "", amount(t.cost), "", ""})
	_ = out.Write([]string{"parts", "", "", amount(t.parts), "", ""})
	_ = out.Write([]string{"total_price", "", "", amount(t.totalPrice), "", ""})
	for _, g := range t.groups() {
		for _, l := range g.lines {
			_ = out.Write([]string{g.kind, g.key, l.name, amount(l.cost), l.account, l.vorg})
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
	Late       tallyJSON        `json:"late"`        // of days outside their bill's month
	Unnamed    tallyJSON        `json:"no_resource"` // without a ResourceId
	FirstDay   *string          `json:"first_day"`
	LastDay    *string          `json:"last_day"`
	Total      *string          `json:"total"`
	Parts      *string          `json:"parts"`
	TotalPrice *string          `json:"total_price"`
	Groups     []groupJSON      `json:"groups"`
}

type tallyJSON struct {
	Rows int64   `json:"rows"`
	Cost *string `json:"cost"`
}

type groupJSON struct {
	Group string     `json:"group"`
	Tag   string     `json:"tag,omitzero"`
	Costs []costJSON `json:"costs"`
}

type costJSON struct {
	Name    string  `json:"name"`
	Account string  `json:"account,omitzero"`
	VOrg    string  `json:"vorg,omitzero"`
	Cost    *string `json:"cost"`
}

func textOrNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func (t *totals) json(w io.Writer) error {
	tally := func(t bill.Tally) tallyJSON { return tallyJSON{t.Rows, textOrNull(amount(t.Cost))} }
	out := summaryJSON{
		Currency: "GBP", Files: t.files, Rows: t.rows, Rejected: t.rejected, Late: tally(t.late), Unnamed: tally(t.unnamed),
		FirstDay: textOrNull(t.first), LastDay: textOrNull(t.last),
		Total: textOrNull(amount(t.cost)), Parts: textOrNull(amount(t.parts)), TotalPrice: textOrNull(amount(t.totalPrice)),
	}
	for _, g := range t.groups() {
		group := groupJSON{Group: g.kind, Tag: g.key, Costs: []costJSON{}}
		for _, l := range g.lines {
			group.Costs = append(group.Costs, costJSON{l.name, l.account, l.vorg, textOrNull(amount(l.cost))})
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
