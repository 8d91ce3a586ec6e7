package web

import (
	_ "embed"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/prometheus/common/version"

	"ukcloud_exporter/internal/snapshot"
	"ukcloud_exporter/internal/tickets"
	"ukcloud_exporter/portal"
)

//go:embed status.html
var statusHTML string

// Status serves /status: what the daemon does, for people.
type Status struct {
	Log         *slog.Logger
	Cache       func() *snapshot.Cache
	Session     func() portal.SessionStatus
	Tickets     func() *tickets.Bridge // nil where alerts become no tickets
	Daemon      func() Daemon          // asked at each look: a reload changes it
	Started     time.Time
	MetricsPath string
	Lifecycle   bool // --web.enable-lifecycle
	Profiling   bool // --web.enable-pprof
}

// Daemon is what the page says of the configuration in force.
type Daemon struct {
	PortalURL string
	Email     string
	Accounts  []string // empty: every one that the login sees
	Disabled  []string // collectors that are switched off
	Settings  []Setting
	Reload    Reloaded
}

// Setting is one key of the configuration in force. No secret is one.
type Setting struct{ Key, Value string }

// Reloaded is how the last reading of the configuration ended.
type Reloaded struct {
	At  time.Time
	Err string // "" when it succeeded
}

// statusPage is what the template shows.
type statusPage struct {
	Daemon
	Version, Revision string
	Ready             bool
	Session           portal.SessionStatus
	Collectors        []snapshot.Status
	Failing, Waiting  []string // names of collectors
	Common            string   // what most of those that fail say, when it is more than one
	Saying            int      // how many of them say it
	Tickets           *tickets.Status
	TicketsURL        string
	MetricsPath       string
	Lifecycle         bool
	Profiling         bool
	Now, Started      time.Time
}

// Handler returns the page's handler.
func (s *Status) Handler() http.Handler {
	page := newPage(s.Log, "status", statusHTML)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if onlyGet(w, r) {
			page.write(w, s.page())
		}
	})
}

func (s *Status) page() *statusPage {
	c := s.Cache()
	ready, waiting, _ := c.Ready()
	p := &statusPage{
		Daemon: s.Daemon(), Version: version.Version, Revision: version.GetRevision(), Ready: ready,
		Session: s.Session(), Collectors: c.Status(), Waiting: waiting,
		MetricsPath: s.MetricsPath, Lifecycle: s.Lifecycle, Profiling: s.Profiling,
		Now: time.Now(), Started: s.Started,
	}
	saying := map[string]int{}
	for _, c := range p.Collectors {
		if c.Attempts == 0 || c.Success {
			continue
		}
		p.Failing = append(p.Failing, c.Name)
		saying[c.LastError]++
		if n := saying[c.LastError]; n > max(p.Saying, 1) {
			p.Common, p.Saying = c.LastError, n
		}
	}
	if bridge := s.Tickets(); bridge != nil {
		status := bridge.Status()
		p.Tickets, p.TicketsURL = &status, ticketsURL(p.PortalURL)
	}
	return p
}

// ticketsURL is the portal's page of support tickets, the only one of them that a public
// document names.
func ticketsURL(portal string) string {
	u, err := url.Parse(portal)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host + "/support/my_calls"
}
