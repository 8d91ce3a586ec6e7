package web

import (
	_ "embed"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"ukcloud_exporter/internal/bill"
	"ukcloud_exporter/internal/estate"
	ui "ukcloud_exporter/internal/page"
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
			http.Error(w, fmt.Sprintf("no account %q is known", shorten(ui.Clean(query.Get("account")))), http.StatusNotFound)
			return
		}
		switch format := query.Get("format"); format {
		case "", "html":
			page.write(w, e.page(made, cache.Status()))
		case "csv", "json":
			e.tables(w, made, query.Get("table"), format)
		default:
			http.Error(w, fmt.Sprintf("no format %q: there are html, csv and json", shorten(ui.Clean(format))), http.StatusBadRequest)
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
			http.Error(w, fmt.Sprintf("no table %q: there are %s", shorten(ui.Clean(id)), ui.Clean(strings.Join(ids, ", "))), http.StatusNotFound)
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
	Bills, VMs  time.Time // when the oldest of them were read; zero when none is held
	Needs       []need
	Chart       *ui.Chart // nil while there is no bill
	Days        []chartDay
	Tables      []shownTable
}

// estatePageData is estate.Page with the headline in words.
type estatePageData struct {
	*estate.Page
	Money shownMoney
}

type shownMoney struct{ estate.Money }

// LastDay is the newest complete day, or the range of those of several bills.
func (m shownMoney) LastDay() string {
	const day = "2 January"
	newest := m.Newest.Add(-time.Hour).Format(day)
	switch {
	case m.Through.IsZero():
		return "the end of " + newest + " at most, one bill has no day yet"
	case m.Through.Equal(m.Newest):
		return "the end of " + newest
	}
	return "the end of " + m.Through.Add(-time.Hour).Format(day) + " to " + newest + ", by bill"
}

// Change is the difference to the same days of the month before, "" when it is not
// known.
func (m shownMoney) Change() string {
	change, ok := m.Complete.Value.Sub(m.PreviousSameDays.Value)
	switch {
	case !ok || !m.Complete.Valid || !m.PreviousSameDays.Valid:
		return ""
	case ui.Pounds(change) == ui.Pounds(0):
		return "as much as"
	case change < 0:
		return ui.Pounds(-change) + " less than"
	}
	return ui.Pounds(change) + " more than"
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

// need is a table that somebody may have to do something about.
type need struct{ Anchor, Title, Count string }

// needs are the ids of those tables.
func needs() []string {
	return []string{"backup_failed", "backup_overdue", "unprotected", "idle", "tickets", "builds"}
}

type shownTable struct {
	Anchor, Title, Note, Empty, CSV string
	Columns                         []shownColumn
	Rows                            [][]shownCell
	Total                           int
	More                            bool
}

type shownColumn struct{ Title, Class string }

// shownCell is a cell. Head is one that names the row.
type shownCell struct {
	Text, ID, Class string
	Head            bool
}

// Long reports whether a phone can do without the id.
func (c shownCell) Long() bool { return len(c.ID) > 16 }

func (e *Estate) page(made *estate.Page, collectors []snapshot.Status) *estatePage {
	p := &estatePage{
		Page: &estatePageData{made, shownMoney{made.Money}}, MetricsPath: e.MetricsPath,
		Collectors: len(collectors),
	}
	p.Chart, p.Days = chartOf(made)
	for _, c := range collectors {
		if c.Attempts > 0 && !c.Success {
			p.Failing = append(p.Failing, c.Name)
		}
	}
	for i, t := range made.Tables {
		p.Tables = append(p.Tables, p.shown(i, t, made.Now))
		if slices.Contains(needs(), t.ID) {
			count := fmt.Sprint(len(t.Rows))
			if t.Unread {
				count = "not known"
			}
			p.Needs = append(p.Needs, need{p.Tables[i].Anchor, t.Title, count})
		}
	}
	for _, age := range made.Ages {
		switch age.Collector {
		case "billing_csv":
			p.Bills = age.Oldest
		case "compute_services":
			p.VMs = age.Oldest
		}
	}
	return p
}

func (p *estatePage) shown(number int, t estate.Table, now time.Time) shownTable {
	s := shownTable{
		Anchor: fmt.Sprintf("table-%d", number), Title: t.Title, Note: t.Note, Empty: t.Empty,
		CSV: p.Link(t.ID, "csv"), Total: len(t.Rows), More: len(t.Rows) > rowsShown,
	}
	order, id := inOrder(t.Columns)
	for _, i := range order {
		s.Columns = append(s.Columns, shownColumn{t.Columns[i].Title, classOf(t.Columns[i].Kind)})
	}
	for _, row := range t.Rows[:min(len(t.Rows), rowsShown)] {
		cells := make([]shownCell, len(order))
		for n, i := range order {
			cells[n] = shownCell{Text: words(row[i], now), Class: classOf(t.Columns[i].Kind)}
		}
		cells[0].Head = true
		if id >= 0 {
			cells[0].ID = words(row[id], now)
		}
		if cells[0].Text == "" {
			cells[0].Text, cells[0].ID = cells[0].ID, ""
		}
		s.Rows = append(s.Rows, cells)
	}
	return s
}

// inOrder is the order in which people read columns, that of the name first. The id
// stands below the name; it is -1 where there is none.
func inOrder(columns []estate.Column) (order []int, id int) {
	id = -1
	for i, c := range columns {
		switch c.Kind {
		case estate.Name:
			order = slices.Insert(order, 0, i)
		case estate.ID:
			id = i
		case estate.Text, estate.Detail, estate.Number, estate.Pounds, estate.Time:
			order = append(order, i)
		}
	}
	return order, id
}

func classOf(k estate.Kind) string {
	switch k {
	case estate.Number, estate.Pounds:
		return "number"
	case estate.Detail:
		return "minor"
	case estate.Time:
		return "time"
	case estate.Text, estate.Name, estate.ID:
	}
	return ""
}

// words is a cell for people.
func words(cell any, now time.Time) string {
	switch v := cell.(type) {
	case nil:
		return "–"
	case money.Amount:
		return ui.Pounds(v)
	case time.Time:
		return ago(now, v)
	}
	return ui.Clean(estate.Plain(cell))
}

// chartDay is a day of the month in both months, in words.
type chartDay struct {
	Number            int
	Current, Previous string
}

// chartOf draws the days, and says them in words; nil when no day is known.
func chartOf(p *estate.Page) (*ui.Chart, []chartDay) {
	current, previous := costs(p.Days.Current), costs(p.Days.Previous)
	c := ui.NewChart(current, previous)
	if c == nil {
		return nil, nil
	}
	c.Now, c.Then = p.Money.Month.Start().Format("January 2006"), p.Money.PreviousMonth.Start().Format("January 2006")
	c.Words = fmt.Sprintf("Cost by day of %s and %s; the dearest day is %s. The table below has the same figures.", c.Now, c.Then, c.Most)
	var days []chartDay
	for i := range max(len(current), len(previous)) {
		days = append(days, chartDay{i + 1, sumWords(at(current, i)), sumWords(at(previous, i))})
	}
	return c, days
}

func costs(days []estate.Day) []bill.Sum {
	costs := make([]bill.Sum, len(days))
	for i, d := range days {
		costs[i] = d.Cost
	}
	return costs
}

func at(days []bill.Sum, i int) bill.Sum {
	if i >= len(days) {
		return bill.Sum{}
	}
	return days[i]
}

func sumWords(s bill.Sum) string {
	if !s.Valid {
		return "–"
	}
	return ui.Pounds(s.Value)
}
