package tickets

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"

	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"ukcloud_exporter/internal/atomicfile"
	"ukcloud_exporter/internal/testutil"
	"ukcloud_exporter/portal"
	"ukcloud_exporter/portal/simulator"
)

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		child() // does not return
	}
	goleak.VerifyTestMain(m)
}

const (
	email    = "exporter@example.com"
	password = "canary-p4ss/w+rd="
	timeout  = 10 * time.Second
)

// noon is when tests begin, on the fake clock.
var noon = time.Date(2018, 3, 8, 12, 0, 0, 0, time.UTC)

// settings are the defaults with what they lack.
func settings(change ...func(*Settings)) Settings {
	s := Defaults()
	s.Service = "My Service"
	for _, f := range change {
		f(&s)
	}
	return s
}

// world is a simulated portal and a bridge before it, in a synctest bubble. The bridge
// dies and is started again on the same directory.
type world struct {
	t        *testing.T
	portal   *simulator.Portal
	settings Settings
	dir      string
	life     *life
	bridge   *Bridge
	metrics  *Metrics
	logs     *logBuffer
	wire     http.RoundTripper // to the portal
	deaths   func() int        // at which point the bridge dies that takes the place of a dead one; nil is never

	// between stands between the bridge and the portal.
	between func(next http.RoundTripper, r *http.Request) (*http.Response, error)
}

func newWorld(t *testing.T, options simulator.Options, s Settings) *world {
	t.Helper()
	if wait := time.Until(noon); wait > 0 {
		time.Sleep(wait)
	}
	options.Email, options.Password = email, password
	options.Seed = 7
	p, err := simulator.New(options)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, portal: p, settings: s, dir: t.TempDir() + "/tickets", metrics: NewMetrics(), logs: new(logBuffer), wire: testutil.Direct{Handler: p}}
	t.Cleanup(func() {
		w.portal.Close()
		if w.bridge != nil {
			w.bridge.Stop()
		}
	})
	return w
}

func (w *world) nextDeath() int {
	if w.deaths == nil {
		return 0
	}
	return w.deaths()
}

// start starts a bridge that dies at a point of its life; 0 is never.
func (w *world) start(diesAt int) {
	w.t.Helper()
	if w.bridge != nil {
		w.bridge.Stop()
	}
	w.life = &life{diesAt: diesAt}
	b, err := newBridge(Options{
		Settings: w.settings, Portal: w.life.api(w.client(w)), Log: slog.New(slog.NewTextHandler(w.logs, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Metrics: w.metrics, Dir: w.dir, Timeout: timeout, Ended: []string{"Closed", "Resolved", "Cancelled"},
	}, w.life.files())
	if err != nil {
		w.t.Fatal(err)
	}
	w.bridge = b
	b.Start()
}

// logBuffer is written to and read at the same time.
type logBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// RoundTrip is the bridge's way to the portal.
func (w *world) RoundTrip(r *http.Request) (*http.Response, error) {
	if w.between != nil {
		return w.between(w.wire, r)
	}
	return w.wire.RoundTrip(r)
}

// connect lays connections between the bridge and the portal, for faults of those.
func (w *world) connect() {
	network := testutil.NewNetwork()
	transport, stop := network.Transport(), network.Serve(w.portal)
	w.wire = transport
	w.t.Cleanup(func() {
		w.portal.Close()
		w.bridge.Stop()
		w.bridge = nil
		transport.CloseIdleConnections()
		stop()
	})
}

func (w *world) client(transport http.RoundTripper) *portal.Client {
	w.t.Helper()
	c, err := portal.New("http://portal.test/api", func() (portal.Credentials, error) {
		return portal.Credentials{Email: email, Password: portal.NewSecret(password)}, nil
	}, portal.WithTransport(transport), portal.WithTimeout(timeout))
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// post sends a webhook, and returns the status.
func (w *world) post(m *message) int {
	w.t.Helper()
	status, _ := w.postBody(m.body(w.t))
	return status
}

func (w *world) postBody(body string) (int, string) {
	recorder := httptest.NewRecorder()
	w.bridge.ServeHTTP(recorder, httptest.NewRequestWithContext(context.Background(), http.MethodPost, "/alerts", strings.NewReader(body)))
	return recorder.Code, recorder.Body.String()
}

// deliver sends a webhook until it is taken, as Alertmanager does, and starts the bridge
// again where it has died.
func (w *world) deliver(m *message) {
	w.t.Helper()
	for range 50 {
		status := w.post(m)
		if !w.life.dead() {
			if status != http.StatusOK {
				w.t.Fatalf("status %d\n%s", status, w.logs)
			}
			return
		}
		w.start(w.nextDeath())
		if status == http.StatusOK {
			return // its death came after it
		}
	}
	w.t.Fatal("not delivered")
}

// rest waits until the bridge has nothing to do, and starts it again where it has died.
func (w *world) rest() {
	w.t.Helper()
	for range 24 * 60 {
		synctest.Wait()
		if w.life.dead() {
			w.start(w.nextDeath())
			continue
		}
		w.bridge.mu.Lock()
		settled := w.bridge.recount.IsZero()
		w.bridge.mu.Unlock()
		if counts, _ := w.bridge.counts(); settled && counts[Waiting]+counts[Failed] == 0 {
			return
		}
		time.Sleep(time.Minute)
	}
	w.t.Fatalf("never at rest: %+v\n%s", w.bridge.Status(), w.logs)
}

// opened is a ticket as the simulated portal has it.
type opened struct {
	ID, Summary, Status, Details string
	Notes, Changes               []string
}

// tickets are what users opened at the portal.
func (w *world) tickets() (all []opened) {
	w.t.Helper()
	c := w.client(testutil.Direct{Handler: w.portal})
	ctx := context.Background()
	list, err := c.MyCalls(ctx, portal.ScopeUser)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, t := range list {
		if len(t.ID) != len("INC10001") {
			continue // drawn
		}
		d, err := c.MyCall(ctx, t.ID, portal.ScopeUser)
		if err != nil {
			w.t.Fatal(err)
		}
		o := opened{ID: t.ID, Summary: t.Summary, Status: t.Status, Details: d.Description}
		for _, u := range d.Updates {
			o.Notes = append(o.Notes, u.Text)
		}
		for _, u := range d.Changes {
			if u.Type == "status" {
				o.Changes = append(o.Changes, u.Text)
			}
		}
		all = append(all, o)
	}
	return all
}

// message is a webhook.
type message struct {
	key    string
	labels map[string]string
	alerts []map[string]any
}

// about is a webhook about the group of an account.
func about(account string) *message {
	return &message{
		key:    fmt.Sprintf("{}:{alertname=\"UKCloudBackupFailed\", account=%q}", account),
		labels: map[string]string{"alertname": "UKCloudBackupFailed", "account": account},
	}
}

// with adds an alert. end is zero while it fires.
func (m *message) with(vm string, begin, end time.Time) *message {
	a := map[string]any{
		"status": "firing", "startsAt": begin.Format(time.RFC3339Nano), "endsAt": time.Time{}.Format(time.RFC3339Nano),
		"labels":      map[string]string{"alertname": "UKCloudBackupFailed", "vm": "urn:" + vm, "vm_name": vm, "vdc_name": "Prod", "account": m.labels["account"]},
		"annotations": map[string]string{"description": "The last backup of VM " + vm + " failed: 1 night(s) without a good backup."},
		"fingerprint": "fp-" + vm, "generatorURL": "http://prometheus.test/graph?g0=1",
	}
	if !end.IsZero() {
		a["status"], a["endsAt"] = "resolved", end.Format(time.RFC3339Nano)
	}
	return &message{key: m.key, labels: m.labels, alerts: append(slices.Clone(m.alerts), a)}
}

func (m *message) body(t *testing.T) string {
	t.Helper()
	status := "resolved"
	for _, a := range m.alerts {
		if a["status"] == "firing" {
			status = "firing"
		}
	}
	text, err := json.Marshal(map[string]any{
		"version": "4", "groupKey": m.key, "truncatedAlerts": 0, "status": status, "receiver": "tickets",
		"groupLabels": m.labels, "commonLabels": m.labels, "commonAnnotations": map[string]string{},
		"externalURL": "http://alertmanager.test", "alerts": m.alerts,
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// life is what a process does, up to the point at which it is killed. Whatever is done
// after that has no effect.
type life struct {
	mu     sync.Mutex
	points int
	diesAt int
	names  []string
	kill   bool // the process in earnest
}

var errDead = errors.New("the process was killed")

// point is a place at which the process may be killed. It reports whether it is alive
// behind it.
func (l *life) point(name string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.diesAt > 0 && l.points >= l.diesAt {
		return false
	}
	l.points++
	l.names = append(l.names, name)
	if l.kill && l.points == l.diesAt {
		if self, err := os.FindProcess(os.Getpid()); err == nil {
			_ = self.Kill()
		}
		select {}
	}
	return l.points != l.diesAt
}

func (l *life) dead() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.diesAt > 0 && l.points >= l.diesAt
}

func (l *life) files() filesystem      { return mortalFS{l, osFiles()} }
func (l *life) api(next API) mortalAPI { return mortalAPI{l, next} }

// mortalFS dies before each of its operations.
type mortalFS struct {
	life *life
	next filesystem
}

func (m mortalFS) do(name string, f func() error) error {
	if !m.life.point(name) {
		return errDead
	}
	return f()
}

func (m mortalFS) file(name string, f func() (atomicfile.File, error)) (file atomicfile.File, err error) {
	err = m.do(name, func() error { file, err = f(); return err })
	return mortalFile{m, file}, err
}

func (m mortalFS) Open(name string) (atomicfile.File, error) {
	return m.file("open", func() (atomicfile.File, error) { return m.next.Open(name) })
}

func (m mortalFS) Create(name string) (atomicfile.File, error) {
	return m.file("create", func() (atomicfile.File, error) { return m.next.Create(name) })
}

func (m mortalFS) Rename(from, to string) error {
	return m.do("rename", func() error { return m.next.Rename(from, to) })
}

func (m mortalFS) Remove(name string) error {
	return m.do("remove", func() error { return m.next.Remove(name) })
}

func (m mortalFS) MkdirAll(dir string) error {
	return m.do("mkdir", func() error { return m.next.MkdirAll(dir) })
}

func (m mortalFS) ReadDir(dir string) (names []string, err error) {
	err = m.do("readdir", func() error { names, err = m.next.ReadDir(dir); return err })
	return names, err
}

type mortalFile struct {
	fs   mortalFS
	next atomicfile.File
}

func (m mortalFile) Read(p []byte) (int, error) { return m.next.Read(p) }

// Write may end in the middle.
func (m mortalFile) Write(p []byte) (n int, err error) {
	if m.fs.life.dead() {
		return 0, errDead
	}
	if !m.fs.life.point("write") {
		_, _ = m.next.Write(p[:len(p)/2])
		return 0, errDead
	}
	return m.next.Write(p)
}

// Sync does not wait for the disk: a killed process loses nothing that it has written.
func (m mortalFile) Sync() error { return m.fs.do("sync", func() error { return nil }) }

// Close always closes: the system closes what a dead process had open.
func (m mortalFile) Close() error { return m.next.Close() }

// mortalAPI dies before each call, and between the portal's doing it and its answer.
type mortalAPI struct {
	life *life
	next API
}

func call[T any](m mortalAPI, name string, f func() (T, error)) (T, error) {
	var none T
	if !m.life.point("before " + name) {
		return none, errDead
	}
	got, err := f()
	if !m.life.point("after " + name) {
		return none, fmt.Errorf("%w: %w", portal.ErrOutcomeUnknown, errDead)
	}
	return got, err
}

func (m mortalAPI) MyCalls(ctx context.Context, scope string) ([]portal.Ticket, error) {
	return call(m, "list", func() ([]portal.Ticket, error) { return m.next.MyCalls(ctx, scope) })
}

func (m mortalAPI) MyCall(ctx context.Context, id, scope string) (portal.TicketDetails, error) {
	return call(m, "get", func() (portal.TicketDetails, error) { return m.next.MyCall(ctx, id, scope) })
}

func (m mortalAPI) CreateIncident(ctx context.Context, i portal.Incident) (*portal.Ticket, error) {
	return call(m, "create", func() (*portal.Ticket, error) { return m.next.CreateIncident(ctx, i) })
}

func (m mortalAPI) CreateServiceRequest(ctx context.Context, s portal.ServiceRequest) (*portal.Ticket, error) {
	return call(m, "create", func() (*portal.Ticket, error) { return m.next.CreateServiceRequest(ctx, s) })
}

func (m mortalAPI) AddNote(ctx context.Context, id, text string) ([]portal.TicketUpdate, error) {
	return call(m, "note", func() ([]portal.TicketUpdate, error) { return m.next.AddNote(ctx, id, text) })
}

func (m mortalAPI) CloseTicket(ctx context.Context, id string) error {
	_, err := call(m, "close", func() (any, error) { return nil, m.next.CloseTicket(ctx, id) })
	return err
}

func (m mortalAPI) ReopenTicket(ctx context.Context, id string) error {
	_, err := call(m, "reopen", func() (any, error) { return nil, m.next.ReopenTicket(ctx, id) })
	return err
}
