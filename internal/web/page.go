package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/common/model"

	"ukcloud_exporter/internal/bill"
	ui "ukcloud_exporter/internal/page"
)

// page is a template with the style that all pages share.
type page struct {
	log      *slog.Logger
	template *template.Template
	policy   string // Content-Security-Policy
}

// newPage parses a page. The only style that a browser may use is ours, known by its
// hash; no script runs, nothing is fetched, and no other site may frame the page.
func newPage(log *slog.Logger, name, text string) *page {
	style := sha256.Sum256([]byte(ui.CSS))
	return &page{
		log: log,
		template: template.Must(template.New(name).Funcs(template.FuncMap{
			"ago": ago, "until": until, "clean": ui.Clean, "pounds": ui.Pounds,
			"month":   func(m bill.Month) string { return m.Start().Format("January 2006") },
			"css":     func() template.CSS { return template.CSS(ui.CSS) },
			"short":   func(d time.Duration) string { return d.Round(time.Millisecond).String() },
			"setting": func(d time.Duration) string { return model.Duration(d).String() },
			"utc":     func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") },
		}).Parse(text + ui.ChartHTML)),
		policy: "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(style[:]) +
			"'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
	}
}

// write answers with the page.
func (p *page) write(w http.ResponseWriter, data any) {
	var b bytes.Buffer
	if err := p.template.Execute(&b, data); err != nil {
		p.log.Error("Writing a page failed", "page", p.template.Name(), "err", err)
		http.Error(w, "writing the page failed", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", p.policy)
	protect(h)
	if _, err := w.Write(b.Bytes()); err != nil {
		p.log.Debug("A reader of a page went away", "err", err)
	}
}

// protect sets what every answer for people has: it is not kept, not guessed at, and
// its address is told to nobody.
func protect(h http.Header) {
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
}

// onlyGet refuses what does not read.
func onlyGet(w http.ResponseWriter, r *http.Request) bool {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return true
	}
	w.Header().Set("Allow", "GET, HEAD")
	http.Error(w, "only GET and HEAD", http.StatusMethodNotAllowed)
	return false
}

// ago is how long before now t was, in one unit or two.
func ago(now, t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	if t.After(now) {
		return "in " + span(t.Sub(now))
	}
	return span(now.Sub(t)) + " ago"
}

// until is how long it takes until t.
func until(now, t time.Time) string { return span(t.Sub(now)) }

func span(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour && int(d.Minutes())%60 == 0:
		return fmt.Sprintf("%d h", int(d.Hours()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%d days", int(d.Hours())/24)
}
