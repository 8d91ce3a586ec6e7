package web

import (
	"bytes"
	_ "embed"
	"html/template"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/common/version"

	"ukcloud_exporter/internal/snapshot"
	"ukcloud_exporter/portal"
)

//go:embed status.html
var statusHTML string

// Status answers GET /: what the daemon does, for people.
type Status struct {
	Log         *slog.Logger
	Cache       func() *snapshot.Cache
	Session     func() portal.SessionStatus
	MetricsPath string
	Lifecycle   bool // --web.enable-lifecycle
	Profiling   bool // --web.enable-pprof
}

// statusPage is what the template shows.
type statusPage struct {
	Version     string
	Revision    string
	Ready       bool
	Session     portal.SessionStatus
	Collectors  []snapshot.Status
	MetricsPath string
	Lifecycle   bool
	Profiling   bool
	Now         time.Time
}

// Handler returns the handler. Only / is the page; other paths are not found.
func (s *Status) Handler() http.Handler {
	page := template.Must(template.New("status").Funcs(template.FuncMap{
		"ago": ago, "short": func(d time.Duration) string { return d.Round(time.Millisecond).String() },
		"setting": func(d time.Duration) string { return model.Duration(d).String() },
		"utc":     func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
	}).Parse(statusHTML))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			http.NotFound(w, r)
			return
		}
		var b bytes.Buffer
		if err := page.Execute(&b, s.page()); err != nil {
			s.Log.Error("Writing the status page failed", "err", err)
			http.Error(w, "writing the status page failed", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
		if _, err := w.Write(b.Bytes()); err != nil {
			s.Log.Debug("A reader of the status page went away", "err", err)
		}
	})
}

func (s *Status) page() statusPage {
	c := s.Cache()
	ready, _, _ := c.Ready()
	return statusPage{
		Version: version.Version, Revision: version.GetRevision(), Ready: ready,
		Session: s.Session(), Collectors: c.Status(),
		MetricsPath: s.MetricsPath, Lifecycle: s.Lifecycle, Profiling: s.Profiling,
		Now: time.Now(),
	}
}

// ago is the time since t, or "never".
func ago(now, t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return now.Sub(t).Round(time.Second).String() + " ago"
}
