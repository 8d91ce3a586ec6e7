package web

import (
	_ "embed"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"ukcloud_exporter/internal/bill"
	"ukcloud_exporter/internal/estate"
	"ukcloud_exporter/internal/snapshot"
	"ukcloud_exporter/money"
)

//go:embed estate.html
var estateHTML string

// Estate serves the page of the estate at /, and its tables as CSV and JSON. It is
// made from the snapshots alone.
type Estate struct {
	Log         *slog.Logger
	Cache       func() *snapshot.Cache
	MetricsPath string
}

// rowsShown is how many rows of a table the page has; CSV and JSON have all.
const rowsShown = 20

// Handler returns the page's handler.
func (e *Estate) Handler() http.Handler {
	page := newPage(e.Log, "estate", estateHTML)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			http.NotFound(w, r)
			return
		}
		if !onlyGet(w, r) {
			return
		}
		query := r.URL.Query()
		cache := e.Cache()
		made, ok := estate.New(time.Now(), query.Get("account"), cache)
		if !ok {
			http.Error(w, fmt.Sprintf("no account %q is known", shorten(clean(query.Get("account")))), http.StatusNotFound)
			return
		}
		switch format := query.Get("format"); format {
		case "", "html":
			page.write(w, e.page(made, cache.Status()))
		case "csv", "json":
			e.tables(w, made, query.Get("table"), format)
		default:
			http.Error(w, fmt.Sprintf("no format %q: there are html, csv and json", shorten(clean(format))), http.StatusBadRequest)
		}
	})
}

// tables writes one table, or all of them.
func (e *Estate) tables(w http.ResponseWriter, page *estate.Page, id, format string) {
	tables := page.Tables
	if id != "" {
		tables = nil
		var ids []string
		for _, t := range page.Tables {
			ids = append(ids, t.ID)
			if t.ID == id {
				tables = []estate.Table{t}
			}
		}
		if tables == nil {
			http.Error(w, fmt.Sprintf("no table %q: there are %s", shorten(clean(id)), clean(strings.Join(ids, ", "))), http.StatusNotFound)
			return
		}
	}
	protect(w.Header())
	var err error
	if format == "csv" {
		w.Header().Set("Content-Type", "text/csv; charset=utf-8")
		err = estate.WriteCSV(w, tables)
	} else {
		w.Header().Set("Content-Type", "application/json")
		err = estate.WriteJSON(w, page, tables)
	}
	if err != nil {
		e.Log.Debug("A reader of the tables went away", "err", err)
	}
}

// estatePage is what the template shows.
type estatePage struct {
	Page        *estatePageData
	MetricsPath string
	Failing     []string
	Collectors  int
	Chart       *chart // nil while there is no bill
	Tables      []shownTable
}

// estatePageData is estate.Page with the headline in words.
type estatePageData struct {
	*estate.Page
	Money shownMoney
}

type shownMoney struct{ estate.Money }

// LastDay is the newest complete day.
func (m shownMoney) LastDay() string { return m.Through.Add(-time.Hour).Format("2 January") }

// Change is the difference to the same days of the month before, "" when it is not
// known.
func (m shownMoney) Change() string {
	change, ok := m.ToDate.Value.Sub(m.PreviousSameDays.Value)
	switch {
	case !ok || !m.ToDate.Valid || !m.PreviousSameDays.Valid:
		return ""
	case change < 0:
		return pounds(-change) + " less"
	}
	return pounds(change) + " more"
}

// Link is the address of a table, "" for all, in a format.
func (p *estatePage) Link(table, format string) string {
	query := url.Values{"format": {format}}
	if table != "" {
		query.Set("table", table)
	}
	if p.Page.Account != "" {
		query.Set("account", p.Page.Account)
	}
	return "/?" + query.Encode()
}

type shownTable struct {
	Anchor, Title, Note, Empty, CSV string
	Columns                         []shownColumn
	Rows                            [][]shownCell
	Total                           int
	More                            bool
}

type shownColumn struct{ Title, Class string }

type shownCell struct{ Text, Class string }

func (e *Estate) page(made *estate.Page, collectors []snapshot.Status) *estatePage {
	p := &estatePage{
		Page: &estatePageData{made, shownMoney{made.Money}}, MetricsPath: e.MetricsPath,
		Collectors: len(collectors), Chart: newChart(made),
	}
	for _, c := range collectors {
		if c.Attempts > 0 && !c.Success {
			p.Failing = append(p.Failing, c.Name)
		}
	}
	for i, t := range made.Tables {
		p.Tables = append(p.Tables, p.shown(i, t, made.Now))
	}
	return p
}

func (p *estatePage) shown(number int, t estate.Table, now time.Time) shownTable {
	s := shownTable{
		Anchor: fmt.Sprintf("table-%d", number), Title: t.Title, Note: t.Note, Empty: t.Empty,
		CSV: p.Link(t.ID, "csv"), Total: len(t.Rows), More: len(t.Rows) > rowsShown,
	}
	class := func(k estate.Kind) string {
		if k.Numeric() {
			return "number"
		}
		return ""
	}
	for _, c := range t.Columns {
		s.Columns = append(s.Columns, shownColumn{c.Title, class(c.Kind)})
	}
	for _, row := range t.Rows[:min(len(t.Rows), rowsShown)] {
		cells := make([]shownCell, len(row))
		for i, cell := range row {
			cells[i] = shownCell{words(cell, now), class(t.Columns[i].Kind)}
		}
		s.Rows = append(s.Rows, cells)
	}
	return s
}

// words is a cell for people.
func words(cell any, now time.Time) string {
	switch v := cell.(type) {
	case nil:
		return "–"
	case money.Amount:
		return pounds(v)
	case time.Time:
		return ago(now, v)
	}
	return clean(estate.Plain(cell))
}

// chart is the days of both months as bars, side by side.
type chart struct {
	Width, Height, Base, LabelY int
	Words, Most                 string
	Bars                        []bar
	Labels                      []label
	Days                        []chartDay
}

type bar struct{ Class, X, Y, W, H string }

type label struct {
	X    int
	Text string
}

type chartDay struct {
	Number            int
	Current, Previous string
}

// dayWidth is the width of a day's two bars, in the drawing's own units.
const dayWidth = 24

// newChart draws the days; nil when no day is known. A day of credits has no bar:
// its sum stands in the table.
func newChart(p *estate.Page) *chart {
	var most money.Amount
	anyKnown := false
	for _, d := range append(append([]estate.Day{}, p.Days.Current...), p.Days.Previous...) {
		anyKnown = anyKnown || d.Cost.Valid
		most = max(most, d.Cost.Value)
	}
	if !anyKnown {
		return nil
	}
	days := max(len(p.Days.Current), len(p.Days.Previous))
	c := &chart{Width: days * dayWidth, Height: 200, Base: 180, LabelY: 196, Most: pounds(most)}
	draw := func(class string, d estate.Day, offset float64) {
		if !d.Cost.Valid || d.Cost.Value <= 0 || most == 0 {
			return
		}
		height := d.Cost.Value.Float64() / most.Float64() * 160
		c.Bars = append(c.Bars, bar{
			class, fmt.Sprintf("%.0f", float64((d.Number-1)*dayWidth)+offset),
			fmt.Sprintf("%.1f", float64(c.Base)-height), "10", fmt.Sprintf("%.1f", height),
		})
	}
	for i := range days {
		var current, previous estate.Day
		if i < len(p.Days.Current) {
			current = p.Days.Current[i]
		}
		if i < len(p.Days.Previous) {
			previous = p.Days.Previous[i]
		}
		draw("then", previous, 1)
		draw("now", current, 12)
		c.Days = append(c.Days, chartDay{i + 1, sumWords(current.Cost), sumWords(previous.Cost)})
		if i%5 == 0 {
			c.Labels = append(c.Labels, label{i*dayWidth + 6, fmt.Sprint(i + 1)})
		}
	}
	c.Words = fmt.Sprintf("Cost by day of %s and %s; the dearest day is %s. The table below has the same figures.",
		p.Money.Month.Start().Format("January 2006"), p.Money.PreviousMonth.Start().Format("January 2006"), c.Most)
	return c
}

func sumWords(s bill.Sum) string {
	if !s.Valid {
		return "–"
	}
	return pounds(s.Value)
}
