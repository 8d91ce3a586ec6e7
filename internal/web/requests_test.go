package web_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"ukcloud_exporter/collector"
	"ukcloud_exporter/internal/snapshot"
	"ukcloud_exporter/internal/tickets"
	"ukcloud_exporter/internal/web"
	"ukcloud_exporter/portal"
)

// failing is a collector whose rounds fail.
type failing struct {
	still
	err string
}

func (f failing) Collect(context.Context, func(string) *collector.Part, func(...collector.Result)) ([]collector.Result, error) {
	return nil, errors.New(f.err)
}

// conn is a connection whose deadlines are looked at.
type conn struct {
	*httptest.ResponseRecorder
	read, write []time.Time
	stuck       chan struct{} // not nil: nobody reads the answer until it is closed
}

func (c *conn) SetReadDeadline(t time.Time) error  { c.read = append(c.read, t); return nil }
func (c *conn) SetWriteDeadline(t time.Time) error { c.write = append(c.write, t); return nil }

func (c *conn) Write(b []byte) (int, error) {
	if c.stuck != nil {
		<-c.stuck
	}
	return c.ResponseRecorder.Write(b)
}

// TestBodies: who may send a body, and what becomes of the connection's deadline.
func TestBodies(t *testing.T) {
	tests := []struct {
		name, path, body string
		status           int
		deadlines        int
	}{
		{"none", "/metrics", "", 200, 1},
		{"on a path that takes one", "/alerts", "{}", 200, 0},
		{"on another", "/metrics", "{}", 413, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			handler := web.Bodies(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), "/alerts")
			c := &conn{ResponseRecorder: httptest.NewRecorder()}
			handler.ServeHTTP(c, httptest.NewRequest(http.MethodPost, tt.path, strings.NewReader(tt.body)))
			if c.Code != tt.status || len(c.read) != tt.deadlines || len(c.read) > 0 && c.read[0].IsZero() != (tt.status == 200) {
				t.Errorf("%d, deadlines %v", c.Code, c.read)
			}
			if closed := c.Header().Get("Connection") == "close"; closed != (tt.status == 413) {
				t.Errorf("the connection is closed: %v", closed)
			}
		})
	}
}

// TestLargestBody: a webhook of 4 MiB is read whole, so that its own bound speaks.
func TestLargestBody(t *testing.T) {
	for size, fits := range map[int]bool{4<<20 + 1: true, 4<<20 + 2: false} {
		var err error
		handler := web.Bodies(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			buffer := make([]byte, 64<<10)
			for err == nil {
				_, err = r.Body.Read(buffer)
			}
		}), "/alerts")
		handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/alerts", strings.NewReader(strings.Repeat("x", size))))
		var large *http.MaxBytesError
		if errors.As(err, &large) == fits {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}

// TestPlacesToWait: with all of them taken a scrape takes what there is, at once.
func TestPlacesToWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := cacheOf(t, snapshot.Member{Name: "builds", Collector: hanging{still{"builds"}}, MinInterval: time.Hour, MaxAge: time.Hour})
		scrape := newScrape(c, prometheus.NewRegistry())
		scrape.Places = web.NewPlaces(2, web.NewDropped(slog.New(slog.DiscardHandler)))
		took := make(chan time.Duration, 3)
		for range 3 {
			go func() {
				began := time.Now()
				answer(scrape, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
				took <- time.Since(began)
			}()
		}
		for _, want := range []time.Duration{0, 10 * time.Second, 10 * time.Second} {
			if got := <-took; got != want {
				t.Errorf("waited %s, want %s", got, want)
			}
		}
	})
}

// TestNoBound: without a bound nobody is refused.
func TestNoBound(t *testing.T) {
	for _, n := range []int{0, -1} {
		scrape := newScrape(newCache(t, "builds"), prometheus.NewRegistry())
		scrape.Places = web.NewPlaces(n, web.NewDropped(slog.New(slog.DiscardHandler)))
		if w := answer(scrape, httptest.NewRequest(http.MethodGet, "/metrics", nil)); w.Code != http.StatusOK {
			t.Errorf("status %d with --web.max-requests=%d", w.Code, n)
		}
	}
}

// TestPlacesToWrite: the slowest reader loses its place once it is slow, one for each
// scrape that needs one; before that a scrape is refused after a second.
func TestPlacesToWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dropped := web.NewDropped(slog.New(slog.DiscardHandler))
		program := prometheus.NewRegistry()
		program.MustRegister(dropped)
		scrape := newScrape(newCache(t, "builds"), program)
		scrape.Places = web.NewPlaces(2, dropped)
		get := func(c *conn) (took time.Duration) {
			began := time.Now()
			scrape.ServeHTTP(c, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
			return time.Since(began)
		}
		answered := &conn{ResponseRecorder: httptest.NewRecorder()}
		get(answered)
		if n := len(answered.write); n != 2 || time.Until(answered.write[0]) != time.Minute || !answered.write[1].IsZero() {
			t.Errorf("deadlines %v: a minute to read the answer, and none for what comes next", answered.write)
		}
		var slow [2]*conn
		for i := range slow {
			slow[i] = &conn{ResponseRecorder: httptest.NewRecorder(), stuck: make(chan struct{})}
			go get(slow[i])
			synctest.Wait()
			time.Sleep(time.Second)
		}
		refused := &conn{ResponseRecorder: httptest.NewRecorder()}
		if took := get(refused); took != time.Second || refused.Code != http.StatusServiceUnavailable {
			t.Errorf("%d after %s while two are read", refused.Code, took)
		}
		if len(slow[0].write) != 1 {
			t.Errorf("deadlines %v: after three seconds nobody is slow", slow[0].write)
		}
		time.Sleep(2 * time.Second) // the first reads for five seconds now, the second for four
		done := make(chan int)
		next := &conn{ResponseRecorder: httptest.NewRecorder()}
		go func() {
			get(next)
			done <- next.Code
		}()
		synctest.Wait()
		if n := len(slow[0].write); n != 2 || slow[0].write[1].After(time.Now()) || len(slow[1].write) != 1 {
			t.Errorf("deadlines %v and %v: the first is to end, the second not", slow[0].write, slow[1].write)
		}
		close(slow[0].stuck) // as its connection does at the deadline
		if status := <-done; status != http.StatusOK {
			t.Errorf("status %d in the place of the first", status)
		}
		if n := len(slow[0].write); n != 2 {
			t.Errorf("deadlines %v: what was cut off stays so", slow[0].write)
		}
		close(slow[1].stuck)
		synctest.Wait()
		if n := len(slow[1].write); n != 2 || !slow[1].write[1].IsZero() {
			t.Errorf("deadlines %v of the one that was read in the end", slow[1].write)
		}
		for when, c := range map[int]*conn{0: answered, 1: next} {
			for _, reason := range []string{"cut_off", "refused"} {
				if want := fmt.Sprintf("\nukcloud_scrapes_dropped_total{reason=%q} %d\n", reason, when); !strings.Contains(c.Body.String(), want) {
					t.Errorf("no %q in\n%s", want, c.Body)
				}
			}
		}
	})
}

// TestDroppedScrapesInTheLog: the first is told at once, and then at most a line a
// minute says how many since the last one.
func TestDroppedScrapesInTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var logs []string
		log := slog.New(slog.NewTextHandler(writerFunc(func(line []byte) {
			_, text, _ := strings.Cut(string(line), "--web.max-requests\" ")
			logs = append(logs, fmt.Sprint(time.Since(began), " ", strings.TrimSpace(text)))
		}), nil))
		scrape := newScrape(newCache(t, "builds"), prometheus.NewRegistry())
		scrape.Places = web.NewPlaces(1, web.NewDropped(log))
		get := func() {
			scrape.ServeHTTP(&conn{ResponseRecorder: httptest.NewRecorder()}, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
		}
		slow := &conn{ResponseRecorder: httptest.NewRecorder(), stuck: make(chan struct{})}
		go scrape.ServeHTTP(slow, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
		synctest.Wait()
		for range 4 {
			get() // a second each
		}
		time.Sleep(time.Second)
		get() // cuts the slow one off, which goes on all the same
		time.Sleep(130 * time.Second)
		get()
		close(slow.stuck)
		time.Sleep(10 * time.Minute)
		want := []string{"1s refused=1 cut_off=0", "1m1s refused=4 cut_off=1", "2m17s refused=1 cut_off=0"}
		if !slices.Equal(logs, want) {
			t.Errorf("log\n%s\nwant\n%s", strings.Join(logs, "\n"), strings.Join(want, "\n"))
		}
	})
}

type writerFunc func([]byte)

func (f writerFunc) Write(b []byte) (int, error) { f(b); return len(b), nil }

// TestScraperThatGoesAway does not wait for a place.
func TestScraperThatGoesAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		scrape := newScrape(newCache(t, "builds"), prometheus.NewRegistry())
		scrape.Places = web.NewPlaces(1, web.NewDropped(slog.New(slog.DiscardHandler)))
		slow := &conn{ResponseRecorder: httptest.NewRecorder(), stuck: make(chan struct{})}
		go scrape.ServeHTTP(slow, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		began := time.Now()
		answer(scrape, httptest.NewRequestWithContext(ctx, http.MethodGet, "/metrics", nil))
		if took := time.Since(began); took != time.Millisecond {
			t.Errorf("waited %s", took)
		}
		close(slow.stuck)
	})
}

// TestHealthAndReadiness: when a probe is answered with what, and that one finds data
// where nobody scrapes.
func TestHealthAndReadiness(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCache(t, "builds", "my_vm")
		ready := web.Ready(func() *snapshot.Cache { return c })
		want := func(when string, status int, body string) {
			t.Helper()
			if w := answer(ready, httptest.NewRequest(http.MethodGet, "/-/ready", nil)); w.Code != status || w.Body.String() != body {
				t.Errorf("%s: %d %q, want %d %q", when, w.Code, w.Body, status, body)
			}
			synctest.Wait()
		}
		want("at first", 503, "ukcloud_exporter is not ready.\nfirst round not ended: builds, my_vm\n")
		c.Refresh(t.Context(), time.Now().Add(time.Second), c.Names())
		want("after the first round", 200, "ukcloud_exporter is ready.\n")
		time.Sleep(90 * time.Minute)
		want("when nobody scraped", 200, "ukcloud_exporter is ready.\nstale: builds, my_vm\n")
		want("after the round of that probe", 200, "ukcloud_exporter is ready.\n")
		time.Sleep(90 * time.Minute)
		c.Refresh(t.Context(), time.Now().Add(time.Second), []string{"builds"})
		for range 2 {
			want("with one of two stale, which is no reason for a round", 200, "ukcloud_exporter is ready.\nstale: my_vm\n")
		}
		if w := answer(web.Healthy(), httptest.NewRequest(http.MethodGet, "/-/healthy", nil)); w.Code != 200 || w.Body.String() != "ukcloud_exporter is healthy.\n" {
			t.Errorf("%d %q", w.Code, w.Body)
		}
	})
	none := cacheOf(t)
	if w := answer(web.Ready(func() *snapshot.Cache { return none }), httptest.NewRequest(http.MethodGet, "/-/ready", nil)); strings.Contains(w.Body.String(), "stale") {
		t.Errorf("without collectors: %q", w.Body)
	}
}

// TestReloadRequests: what reloads, and what is answered.
func TestReloadRequests(t *testing.T) {
	tests := []struct {
		name, method, site string
		err                error
		status, reloads    int
		body               string
	}{
		{"POST", "POST", "", nil, 200, 1, ""},
		{"PUT", "PUT", "", nil, 200, 1, ""},
		{"GET", "GET", "", nil, 405, 0, "only POST and PUT\n"},
		{"a page of another site", "POST", "cross-site", nil, 403, 0, "refused: the request comes from a page of another site\n"},
		{"a bad configuration", "POST", "", errors.New("a\x1b[31mb\nc"), 500, 1, "failed to reload config: a [31mb\nc\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			reloads := 0
			r := httptest.NewRequest(tt.method, "/-/reload", nil)
			r.Header.Set("Sec-Fetch-Site", tt.site)
			w := answer(web.Reload(func() error { reloads++; return tt.err }), r)
			if w.Code != tt.status || reloads != tt.reloads || w.Body.String() != tt.body {
				t.Errorf("%d %q after %d reloads", w.Code, w.Body, reloads)
			}
			if allow := w.Header().Get("Allow"); (allow == "POST, PUT") != (tt.status == 405) {
				t.Errorf("Allow %q", allow)
			}
		})
	}
}

// TestAlertsWithoutABridge: the webhook is not there where alerts become no tickets.
func TestAlertsWithoutABridge(t *testing.T) {
	w := answer(web.Alerts(func() *tickets.Bridge { return nil }), httptest.NewRequest(http.MethodPost, "/alerts", strings.NewReader("{}")))
	if w.Code != http.StatusNotFound {
		t.Errorf("status %d", w.Code)
	}
}

// TestStatusOfFailures: what several say is said once.
func TestStatusOfFailures(t *testing.T) {
	member := func(name string, c collector.Collector) snapshot.Member {
		return snapshot.Member{Name: name, Collector: c, MinInterval: time.Hour, MaxAge: time.Hour}
	}
	good := member("builds", still{"builds"})
	fails := func(name, err string) snapshot.Member { return member(name, failing{still{name}, err}) }
	tests := []struct {
		name    string
		members []snapshot.Member
		scraped bool
		want    []string
		not     []string
	}{
		{"before the first round", []snapshot.Member{good, fails("a", "x")}, false, []string{"not ready", "2 of 2 collectors have not ended their first round"}, []string{"fail ("}},
		{"all is well", []snapshot.Member{good}, true, []string{">ready<", "1 collectors, none fails"}, []string{"as above"}},
		{"one fails", []snapshot.Member{good, fails("a", "it is broken")}, true, []string{"ready, with trouble", "1 of 2 collectors fails (a)", "it is broken"}, []string{"as above", "say:"}},
		{"all that fail say one thing", []snapshot.Member{good, fails("a", "no session"), fails("b", "no session")}, true, []string{"2 of 3 collectors fail (a, b)", "All that fail say: no session", "as above"}, nil},
		{"most say one thing", []snapshot.Member{good, fails("a", "broken"), fails("b", "no session"), fails("c", "no session"), fails("d", "no session"), fails("e", "broken")}, true, []string{"5 of 6 collectors fail (a, b, c, d, e)", "3 of them say: no session", ">broken"}, nil},
		{"each says another thing", []snapshot.Member{good, fails("a", "broken"), fails("b", "no session")}, true, []string{">broken", ">no session"}, []string{"say:", "as above"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := cacheOf(t, tt.members...)
				if tt.scraped {
					c.Refresh(t.Context(), time.Now().Add(time.Second), c.Names())
					synctest.Wait()
				}
				status := &web.Status{
					Log: slog.New(slog.DiscardHandler), Cache: func() *snapshot.Cache { return c },
					Session: func() portal.SessionStatus { return portal.SessionStatus{} },
					Tickets: func() *tickets.Bridge { return nil }, Daemon: func() web.Daemon { return web.Daemon{PortalURL: "https://portal.test/api"} },
				}
				page := answer(status.Handler(), httptest.NewRequest(http.MethodGet, "/status", nil)).Body.String()
				for _, want := range tt.want {
					if !strings.Contains(page, want) {
						t.Errorf("no %q in\n%s", want, page)
					}
				}
				for _, not := range tt.not {
					if strings.Contains(page, not) {
						t.Errorf("%q in\n%s", not, page)
					}
				}
			})
		})
	}
}
