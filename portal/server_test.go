package portal

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"
)

// serverClient makes a client with the default transport for a real server, whose
// every answer says Connection: close, as recorded.
func serverClient(t *testing.T, handler http.HandlerFunc, options ...Option) *Client {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		if r.URL.Path == "/api/authenticate" {
			end := time.Now().UTC().Add(15 * time.Minute).Format(http.TimeFormat)
			w.Header().Add("Set-Cookie", "rack.session=good; path=/api; expires="+end+"; HttpOnly; secure")
			w.Header().Add("Set-Cookie", "_portal_session=too; path=/api; HttpOnly; secure")
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(201)
			_, _ = io.WriteString(w, `{"expire_after":900}`)
			return
		}
		if c, err := r.Cookie("rack.session"); err != nil || c.Value != "good" {
			t.Errorf("%s without the session's cookie", r.URL)
		}
		handler(w, r)
	}))
	t.Cleanup(server.Close)
	client, err := New(server.URL+"/api/", goodCredentials, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.CloseIdleConnections)
	client.chain.(*sessionTransport).next.(*retryTransport).jitter = func(time.Duration) time.Duration { return 0 }
	return client
}

func TestServer(t *testing.T) {
	in := readAllReal(t)
	client := serverClient(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/compute_services") {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", strconv.Itoa(len(in)))
			_, _ = w.Write(in)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", "gzip")
		if r.Header.Get("Accept-Encoding") != "gzip" {
			t.Error("no compression asked for")
		}
		zipped := gzip.NewWriter(w)
		_, _ = io.WriteString(zipped, `[{"id":1,"name":"Demo"}]`)
		_ = zipped.Close()
	})
	for range 3 {
		if answer, err := client.Conditional().Accounts(t.Context(), nil); err != nil || len(answer.Value) != 1 {
			t.Errorf("%v, %v", answer, err)
		}
	}
	if answer, err := client.Conditional().ComputeServices(t.Context(), "1", nil); err != nil || len(vms(answer.Value)) != 1920 {
		t.Errorf("%v, %v", answer, err)
	}
}

// TestServerCuts: an answer that is shorter than its Content-Length.
func TestServerCuts(t *testing.T) {
	client := serverClient(t, func(w http.ResponseWriter, r *http.Request) {
		body := `{"vOrgs":[],"more":[1,2,3]}`
		if strings.HasSuffix(r.URL.Path, "-csv") {
			body = someCSV
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(body)+1))
		_, _ = io.WriteString(w, body)
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	})
	if _, err := client.Conditional().ComputeServices(t.Context(), "1", nil); !errors.Is(err, ErrTruncated) {
		t.Errorf("compute_services: %v", err)
	}
	if _, err := client.Conditional().Accounts(t.Context(), nil); err == nil {
		t.Error("accounts: no error")
	}
	stream, err := client.BillingCSV(t.Context(), "2018-01", "o", "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stream.Close() }()
	if body, err := io.ReadAll(stream); !errors.Is(err, io.ErrUnexpectedEOF) || string(body) != someCSV {
		t.Errorf("billing-csv: %q, %v", body, err)
	}
}

// TestServerResets: connections that are cut before the answer are tried again.
func TestServerResets(t *testing.T) {
	calls := 0
	client := serverClient(t, func(w http.ResponseWriter, _ *http.Request) {
		if calls++; calls < 3 {
			connection, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			_ = connection.(*net.TCPConn).SetLinger(0)
			_ = connection.Close()
			return
		}
		_, _ = io.WriteString(w, `{"response":"OK"}`)
	})
	if err := client.Ping(t.Context()); err != nil || calls != 3 {
		t.Errorf("%v after %d calls", err, calls)
	}
}

// TestServerHangs: a caller that gives up gets its error at once, whether the
// header or the body does not come.
func TestServerHangs(t *testing.T) {
	for _, flush := range []bool{false, true} {
		ctx, cancel := context.WithCancel(t.Context())
		client := serverClient(t, func(w http.ResponseWriter, r *http.Request) {
			if flush {
				_, _ = io.WriteString(w, `[`)
				w.(http.Flusher).Flush()
			}
			cancel()
			<-r.Context().Done()
		})
		if _, err := client.Conditional().Accounts(ctx, nil); !errors.Is(err, context.Canceled) {
			t.Errorf("header sent %v: %v", flush, err)
		}
	}
}

// TestServerDown: nobody listens; then somebody does.
func TestServerDown(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close()
	client, err := New("http://"+address+"/api", goodCredentials)
	if err != nil {
		t.Fatal(err)
	}
	err = client.Login(t.Context())
	var e *Error
	if !errors.As(err, &e) || e.StatusCode != 0 || !strings.Contains(err.Error(), "POST /api/authenticate: dial tcp") {
		t.Errorf("got %v", err)
	}
}
