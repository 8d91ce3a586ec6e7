package web

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"ukcloud_exporter/internal/bill"
	"ukcloud_exporter/internal/estate"
	"ukcloud_exporter/internal/snapshot"
	"ukcloud_exporter/money"
)

func pounds(n int64) bill.Sum { return bill.Sum{Value: money.Amount(n) * money.Pound, Valid: true} }

// TestChange: the month beside the same days of the one before, in words.
func TestChange(t *testing.T) {
	penny := bill.Sum{Value: money.Pound + money.Pound/1000, Valid: true}
	tests := []struct {
		name        string
		now, before bill.Sum
		want        string
	}{
		{"more", pounds(7), pounds(5), "£2.00 more than"},
		{"less", pounds(5), pounds(7), "£2.00 less than"},
		{"the same", pounds(5), pounds(5), "as much as"},
		{"a tenth of a penny", penny, pounds(1), "as much as"},
		{"nothing this month", bill.Sum{}, pounds(5), ""},
		{"nothing the month before", pounds(5), bill.Sum{}, ""},
		{"nothing", bill.Sum{}, bill.Sum{}, ""},
		{"beyond what can be reckoned", bill.Sum{Value: math.MaxInt64, Valid: true}, pounds(-5), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := (shownMoney{estate.Money{Complete: tt.now, PreviousSameDays: tt.before}}).Change(); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

func TestLink(t *testing.T) {
	for _, tt := range []struct{ account, table, want string }{
		{"", "", "/?format=csv"},
		{"", "idle", "/?format=csv&table=idle"},
		{"7", "", "/?account=7&format=csv"},
		{"7", "idle", "/?account=7&format=csv&table=idle"},
	} {
		p := &estatePage{Page: &estatePageData{Page: &estate.Page{Account: tt.account}}}
		if got := p.Link(tt.table, "csv"); got != tt.want {
			t.Errorf("account %q, table %q: %s, want %s", tt.account, tt.table, got, tt.want)
		}
	}
}

// TestShownTable: what the page has of a table, and what it leaves to CSV and JSON.
func TestShownTable(t *testing.T) {
	now := time.Date(2018, 3, 8, 12, 0, 0, 0, time.UTC)
	made := estate.Table{
		ID: "idle", Title: "Idle", Columns: []estate.Column{{Title: "id", Kind: estate.ID}, {Title: "cost", Kind: estate.Pounds}, {Title: "name", Kind: estate.Name}},
		Rows: [][]any{{"an-id-of-sixteen", money.Pound, "web"}, {"an-id-of-seventeen", nil, ""}},
	}
	p := &estatePage{Page: &estatePageData{Page: &estate.Page{}}}
	got := p.shown(3, made, now)
	want := shownTable{
		Anchor: "table-3", Title: "Idle", CSV: "/?format=csv&table=idle", Total: 2,
		Columns: []shownColumn{{"name", ""}, {"cost", "number"}},
		Rows: [][]shownCell{
			{{Text: "web", ID: "an-id-of-sixteen", Head: true}, {Text: "£1.00", Class: "number"}},
			{{Text: "an-id-of-seventeen", Head: true}, {Text: "–", Class: "number"}},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got.Rows[0][0].Long() || !(shownCell{ID: "an-id-of-seventeen"}).Long() {
		t.Error("a phone shows ids of up to sixteen bytes")
	}
	without := p.shown(0, estate.Table{Columns: []estate.Column{{Kind: estate.Name}, {Kind: estate.Text}}, Rows: [][]any{{"web", "a text"}}}, now)
	if id := without.Rows[0][0].ID; id != "" {
		t.Errorf("the id %q of a table without one", id)
	}
	for rows, more := range map[int]bool{rowsShown: false, rowsShown + 1: true} {
		table := estate.Table{Columns: made.Columns}
		for range rows {
			table.Rows = append(table.Rows, made.Rows[0])
		}
		if many := p.shown(0, table, now); len(many.Rows) != rowsShown || many.More != more || many.Total != rows {
			t.Errorf("of %d rows %d are shown, more: %v, of %d", rows, len(many.Rows), many.More, many.Total)
		}
	}
}

// TestChartDays: the days in words are those of the longer month, from the first on.
func TestChartDays(t *testing.T) {
	march := bill.Month{Year: 2018, Month: time.March}
	page := &estate.Page{Money: estate.Money{Month: march, PreviousMonth: march.Previous()}, Days: estate.Days{
		Current: []estate.Day{{Number: 1, Cost: pounds(2)}, {Number: 2}}, Previous: []estate.Day{{Number: 1, Cost: pounds(3)}},
	}}
	chart, days := chartOf(page)
	want := []chartDay{{1, "£2.00", "£3.00"}, {2, "–", "–"}}
	if diff := cmp.Diff(want, days); chart == nil || diff != "" {
		t.Errorf("chart %v, -want +got:\n%s", chart, diff)
	}
	if chart, days := chartOf(&estate.Page{}); chart != nil || days != nil {
		t.Errorf("without a day: %v, %v", chart, days)
	}
}

// TestFailingCollectors: what has not been tried yet does not fail.
func TestFailingCollectors(t *testing.T) {
	p := new(Estate).page(&estate.Page{}, []snapshot.Status{
		{Name: "not tried"}, {Name: "tried once", Attempts: 1}, {Name: "well", Attempts: 1, Success: true},
	})
	if diff := cmp.Diff([]string{"tried once"}, p.Failing); diff != "" || p.Collectors != 3 {
		t.Errorf("of %d collectors (-want +got):\n%s", p.Collectors, diff)
	}
}

// empty is a cache without collectors.
func empty(t *testing.T) func() *snapshot.Cache {
	c := snapshot.New(slog.New(slog.DiscardHandler), nil)
	t.Cleanup(func() { _ = c.Stop(context.Background()) })
	return func() *snapshot.Cache { return c }
}

// TestEstateTables: the addresses of the page and its tables, also while nothing is known.
func TestEstateTables(t *testing.T) {
	handler := (&Estate{Log: slog.New(slog.DiscardHandler), Cache: empty(t), MetricsPath: "/metrics"}).Handler()
	for _, tt := range []struct {
		target string
		status int
		want   string // how the answer begins
	}{
		{"/", 200, "<!DOCTYPE html>"},
		{"/?format=html", 200, "<!DOCTYPE html>"},
		{"/favicon.ico", 404, "404 page not found\n"},
		{"/?format=csv&table=accounts", 200, "account,account_name,"},
		{"/?format=csv", 200, "table,account,account_name,"},
		{"/?format=json&table=accounts", 200, "{"},
		{"/?format=csv&table=nonsense", 404, `no table "nonsense": there are accounts, `},
		{"/?format=xml", 400, `no format "xml": there are html, csv and json`},
		{"/?account=7", 404, `no account "7" is known`},
	} {
		t.Run(tt.target, func(t *testing.T) {
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, tt.target, nil))
			if w.Code != tt.status || !strings.HasPrefix(w.Body.String(), tt.want) {
				t.Errorf("%d %.200q, want %d %q", w.Code, w.Body, tt.status, tt.want)
			}
		})
	}
}

// away is a reader who is gone.
type away struct{ http.ResponseWriter }

func (away) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

// TestReaderWhoGoesAway is no fault of ours, and is told to those who look for it.
func TestReaderWhoGoesAway(t *testing.T) {
	var logs bytes.Buffer
	log := slog.New(slog.NewTextHandler(&logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	program := prometheus.NewRegistry()
	program.MustRegister(prometheus.NewGauge(prometheus.GaugeOpts{Name: "own"}))
	page := (&Estate{Log: log, Cache: empty(t)}).Handler()
	for target, handler := range map[string]http.Handler{
		"/": page, "/?format=csv": page, "/metrics": &Scrape{Log: log, Cache: empty(t), Program: program},
	} {
		for gone, w := range map[bool]http.ResponseWriter{true: away{httptest.NewRecorder()}, false: httptest.NewRecorder()} {
			t.Run(target+" gone: "+strconv.FormatBool(gone), func(t *testing.T) {
				logs.Reset()
				handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, target, nil))
				if said := strings.Contains(logs.String(), "level=DEBUG") && strings.Contains(logs.String(), "went away"); said != gone {
					t.Errorf("logged %q", logs.String())
				}
			})
		}
	}
}

func TestTicketsURL(t *testing.T) {
	for portal, want := range map[string]string{
		"https://portal.example.com:8443/api": "https://portal.example.com:8443/support/my_calls",
		"https://portal.example.com/%zz":      "",
	} {
		if got := ticketsURL(portal); got != want {
			t.Errorf("%s: %q, want %q", portal, got, want)
		}
	}
}
