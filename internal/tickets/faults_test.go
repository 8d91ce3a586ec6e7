package tickets

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"ukcloud_exporter/portal/simulator"
)

// TestAnswersLost: each write of the story in turn is answered in a way that says nothing,
// after the portal did it, before, or long after the bridge gave up waiting.
func TestAnswersLost(t *testing.T) {
	broken := func() (*http.Response, error) { return nil, errors.New("connection reset") }
	status := func(code int) (*http.Response, error) {
		return &http.Response{StatusCode: code, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(nil))}, nil
	}
	const writes = 8 // create, 4 notes, 2 closes, a reopening
	for name, lose := range map[string]func(next http.RoundTripper, r *http.Request) (*http.Response, error){
		"done, connection broken": func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
			_, _ = next.RoundTrip(r)
			return broken()
		},
		"done, 502": func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
			_, _ = next.RoundTrip(r)
			return status(502)
		},
		"done, nonsense": func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
			_, _ = next.RoundTrip(r)
			response, err := status(200)
			response.Header.Set("Content-Type", "text/html")
			return response, err
		},
		"not done, connection broken": func(http.RoundTripper, *http.Request) (*http.Response, error) { return broken() },
		"not done, 500":               func(http.RoundTripper, *http.Request) (*http.Response, error) { return status(500) },
		"done after the timeout": func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
			if err := sendLater(next, r, timeout+5*time.Second); err != nil {
				return nil, err
			}
			<-r.Context().Done()
			return nil, r.Context().Err()
		},
	} {
		t.Run(name, func(t *testing.T) {
			for lost := 1; lost <= writes; lost++ {
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, simulator.Options{}, settings())
					n := 0
					w.between = func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
						if r.Method == http.MethodGet || r.URL.Path == "/api/authenticate" {
							return next.RoundTrip(r)
						}
						if n++; n == lost {
							return lose(next, r)
						}
						return next.RoundTrip(r)
					}
					w.start(0)
					w.nights()
					if n < writes {
						t.Errorf("%d writes", n)
					}
					w.checkNights(fmt.Sprintf("write %d", lost))
				})
			}
		})
	}
}

// TestKilledWhileThePortalIsSlow: the process dies while the portal is still at work on
// what it was asked, which it does when the next process is there already.
func TestKilledWhileThePortalIsSlow(t *testing.T) {
	for _, call := range []string{"create", "note", "close", "reopen"} {
		t.Run(call, func(t *testing.T) {
			at := 0
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, simulator.Options{}, settings())
				w.start(0)
				w.nights()
				at = slices.Index(w.life.names, "after "+call) + 1
			})
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, simulator.Options{}, settings())
				w.start(at)
				first, slow := w.life, false
				w.between = func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
					first.mu.Lock()
					fatal := !slow && first.points == at-1 && first.names[at-2] == "before "+call
					first.mu.Unlock()
					if !fatal || r.Method == http.MethodGet || r.URL.Path == "/api/authenticate" {
						return next.RoundTrip(r)
					}
					slow = true
					if err := sendLater(next, r, timeout+timeout/2); err != nil {
						return nil, err
					}
					return nil, errors.New("the process has gone")
				}
				w.nights()
				if !slow {
					t.Error("the portal was never slow")
				}
				w.checkNights(call)
			})
		})
	}
}

// TestPortalOutOfOrder: whatever is wrong with the portal for an hour, there is one ticket
// with one note afterwards, and the portal was not stormed.
func TestPortalOutOfOrder(t *testing.T) {
	skip := map[string]bool{ // they take for ever in real time, and say no more
		"endless": true,
	}
	for _, kind := range simulator.FaultKinds() {
		fault := simulator.Fault{Endpoint: "my_calls", Kind: kind}
		if _, err := simulator.ParseFault(fault.String()); err != nil || skip[kind] {
			continue
		}
		t.Run(kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, simulator.Options{}, settings())
				w.connect()
				w.start(0)
				w.portal.SetFaults(fault)
				g, begin := about("1"), time.Now()
				w.deliver(g.with("web-01", begin, time.Time{}))
				time.Sleep(30 * time.Minute)
				w.deliver(g.with("web-01", begin, time.Time{}).with("web-02", time.Now(), time.Time{}))
				time.Sleep(30 * time.Minute)
				synctest.Wait()
				calls := w.portal.Requests()["my_calls"]
				w.portal.SetFaults()
				w.rest()
				all := w.tickets()
				if len(all) != 1 || len(all[0].Notes) > 1 {
					t.Fatalf("%+v\n%s", all, w.logs)
				}
				if said := all[0].Details + fmt.Sprint(all[0].Notes); !bytes.Contains([]byte(said), []byte("web-01")) || !bytes.Contains([]byte(said), []byte("web-02")) {
					t.Errorf("an alert is lost: %q", said)
				}
				// At most ten attempts, each of which asks no more than twice, with two
				// retries; and what is done.
				if calls > 60 {
					t.Errorf("%d calls in an hour", calls)
				}
			})
		})
	}
}

// TestPortalGone: every endpoint out of order for an hour, also the login.
func TestPortalGone(t *testing.T) {
	for _, test := range []struct {
		kind  string
		calls int // of every kind
	}{{"500", 80}, {"401", 30}, {"403", 40}, {"422", 40}, {"hang", 40}, {"reset", 80}, {"late@30s", 40}} {
		t.Run(test.kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, simulator.Options{}, settings())
				fault, err := simulator.ParseFault("*=" + test.kind)
				if err != nil {
					t.Fatal(err)
				}
				w.portal.SetFaults(fault)
				w.connect()
				w.start(0)
				for account := range 5 {
					w.deliver(about(fmt.Sprint(account)).with("web-01", time.Now(), time.Time{}))
				}
				if _, oldest := w.bridge.counts(); !oldest.Equal(time.Now()) {
					t.Errorf("the oldest waits since %s", oldest)
				}
				time.Sleep(time.Hour)
				calls := 0
				for _, n := range w.portal.Requests() {
					calls += n
				}
				if calls > test.calls || calls == 0 {
					t.Errorf("%d calls in an hour", calls)
				}
				if counts, _ := w.bridge.counts(); counts[Waiting]+counts[Failed] != 5 {
					t.Errorf("%v", counts)
				}
				w.portal.SetFaults()
				w.rest()
				if all := w.tickets(); len(all) != 5 {
					t.Errorf("%d tickets\n%s", len(all), w.logs)
				}
			})
		})
	}
}

// sendLater has a request reach the portal when nobody waits for it any more.
func sendLater(next http.RoundTripper, r *http.Request, after time.Duration) error {
	late := r.Clone(context.WithoutCancel(r.Context()))
	if r.Body != nil {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return err
		}
		late.Body = io.NopCloser(bytes.NewReader(body))
	}
	go func() {
		time.Sleep(after)
		_, _ = next.RoundTrip(late)
	}()
	return nil
}
