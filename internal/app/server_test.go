package app

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ukcloud_exporter/internal/config"
	"ukcloud_exporter/internal/testutil"
	"ukcloud_exporter/portal/simulator"
)

// served is the daemon's own server on a network without buffers, where who does not
// read is not written to.
func (s *setup) served() (dial func() net.Conn) {
	network := testutil.NewNetwork()
	server := s.server()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(network)
	}()
	s.t.Cleanup(func() {
		_ = network.Close()
		_ = server.Close()
		<-done
	})
	return func() net.Conn {
		conn, err := network.DialContext(context.Background(), "", "")
		if err != nil {
			s.t.Fatal(err)
		}
		s.t.Cleanup(func() { _ = conn.Close() })
		return conn
	}
}

// ask sends a request on its connection and reads the answer's header.
func ask(t *testing.T, conn net.Conn, request string) *http.Response {
	t.Helper()
	if _, err := io.WriteString(conn, strings.ReplaceAll(request, "\n", "\r\n")+"\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

// TestBodiesAreRefused: a body that nobody asked for is not waited for, and a header or
// body that does not come ends its connection.
func TestBodiesAreRefused(t *testing.T) {
	tests := []struct {
		name, request string
		status        int
		closed        time.Duration // after at most
	}{
		{"drip on /metrics", "GET /metrics HTTP/1.1\nHost: a\nContent-Length: 1000000", 413, time.Second},
		{"drip on the page", "POST / HTTP/1.1\nHost: a\nContent-Length: 1000", 413, time.Second},
		{"chunks", "POST /-/reload HTTP/1.1\nHost: a\nTransfer-Encoding: chunked", 413, time.Second},
		{"drip on the webhook", "POST /alerts HTTP/1.1\nHost: a\nContent-Length: 1000", 0, 11 * time.Second},
		{"half a header", "GET /metrics HTTP/1.1\nHost: a\nX: ", 0, 11 * time.Second},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				clockTo(noon)
				s := newSetup(t, estate(), "", only())
				conn := s.served()()
				end := "\r\n\r\n"
				if test.status == 0 && !strings.Contains(test.request, "Content-Length") {
					end = ""
				}
				began := time.Now()
				if _, err := io.WriteString(conn, strings.ReplaceAll(test.request, "\n", "\r\n")+end); err != nil {
					t.Fatal(err)
				}
				answer, err := io.ReadAll(conn)
				if err != nil {
					t.Fatal(err)
				}
				if want := fmt.Sprintf("HTTP/1.1 %d ", test.status); test.status != 0 && !strings.HasPrefix(string(answer), want) {
					t.Errorf("answered %.40q, want %q", answer, want)
				}
				if took := time.Since(began); took > test.closed {
					t.Errorf("the connection was closed after %s", took)
				}
			})
		})
	}
}

// TestHungPortalKeepsNobodyOut: callers with the longest timeouts wait for a portal
// that hangs, two minutes at most, and Prometheus is answered.
func TestHungPortalKeepsNobodyOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clockTo(noon)
		o := estate()
		o.Faults = []simulator.Fault{{Endpoint: "my_calls", Kind: "hang"}}
		s := newSetup(t, o, "", only("my_calls"), func(o *Options) {
			o.MaxRequests = 4
			o.Load = func() (*config.Config, error) { // one call may take longer than all scrapers wait
				env := map[string]string{"UKCLOUD_URL": "http://portal.test/api", "UKCLOUD_EMAIL": email, "UKCLOUD_PASSWORD": password}
				return config.Load("", func(key string) string { return env[key] })
			}
		})
		dial := s.served()
		took := make(chan time.Duration, 4)
		for range 4 {
			conn := dial()
			go func() {
				began := time.Now()
				ask(t, conn, "GET /metrics HTTP/1.1\nHost: a\nX-Prometheus-Scrape-Timeout-Seconds: 86000")
				took <- time.Since(began)
			}()
		}
		time.Sleep(time.Second)
		began := time.Now()
		if resp := ask(t, dial(), "GET /metrics HTTP/1.1\nHost: a\nX-Prometheus-Scrape-Timeout-Seconds: 10"); resp.StatusCode != http.StatusOK || time.Since(began) > 10*time.Second {
			t.Errorf("Prometheus gets %d after %s", resp.StatusCode, time.Since(began))
		}
		for range 4 {
			if waited := <-took; waited > 2*time.Minute || waited < time.Minute {
				t.Errorf("a caller with a timeout of a day waited %s", waited)
			}
		}
	})
}

// TestSlowReadersKeepNobodyOut: readers that do not read lose their places.
func TestSlowReadersKeepNobodyOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clockTo(noon)
		s := newSetup(t, estate(), "", only(), func(o *Options) { o.MaxRequests = 4 })
		dial := s.served()
		for range 4 {
			if _, err := io.WriteString(dial(), "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(10 * time.Second)
		for range 6 {
			began := time.Now()
			resp := ask(t, dial(), "GET /metrics HTTP/1.1\nHost: a")
			if resp.StatusCode != http.StatusOK || time.Since(began) > time.Second {
				t.Fatalf("Prometheus gets %d after %s", resp.StatusCode, time.Since(began))
			}
			time.Sleep(10 * time.Second)
		}
	})
}

// TestReloadFromAnotherSite: a page of another site cannot make a browser reload us.
func TestReloadFromAnotherSite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clockTo(noon)
		s := newSetup(t, estate(), "", only())
		for _, headers := range [][]string{
			{"Sec-Fetch-Site", "cross-site"},
			{"Sec-Fetch-Site", "same-site"},
			{"Origin", "https://evil.example"},
			{"Origin", "null"},
		} {
			if status, _ := s.do(http.MethodPost, "/-/reload", headers...); status != http.StatusForbidden {
				t.Errorf("%v: %d", headers, status)
			}
		}
	})
}

// TestOptions: the path of the metrics hides no other page and is one that a mux takes, and
// no answer is planned for after its time.
func TestOptions(t *testing.T) {
	for _, tt := range []struct {
		path   string
		offset time.Duration
		want   string // of the error
	}{
		{"/metrics", 0, ""},
		{"/metrics", time.Second, ""},
		{"/metrics", -1, "--web.timeout-offset: -1ns is negative"},
		{"/a/b", 0, ""},
		{"/!~", 0, ""}, // the first and the last sign that may stand there
		{"", 0, "is not a path"},
		{"metrics", 0, "is not a path"},
		{"/", 0, "is not a path"},
		{"/status", 0, "is not a path"},
		{"/alerts", 0, "is not a path"},
		{"/-/metrics", 0, "is not a path"},
		{"/debug/pprof", 0, "is not a path"},
		{"/debug/pprof/heap", 0, "is not a path"},
		{"/a/../b", 0, "is not a path"},
		{"/metrics/", 0, "is not a path"},
		{"/a b", 0, "is not a path"},
		{"/a\nb", 0, "is not a path"},
		{"/{a", 0, "is not a path"},
		{"/a}", 0, "is not a path"},
		{"/\x7f", 0, "is not a path"},
		{"/£", 0, "is not a path"},
	} {
		err := (&Options{MetricsPath: tt.path, TimeoutOffset: tt.offset}).check()
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q, %s: %v, want %q", tt.path, tt.offset, err, tt.want)
		}
	}
}
