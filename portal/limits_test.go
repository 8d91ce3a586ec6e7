package portal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestHangingEndpointsStarveNobody: whatever number of endpoints hang, with as many
// callers as they like, a call of any other goes through at once.
func TestHangingEndpointsStarveNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		portal := &hanging{}
		client := newTestClient(t, portal, WithTimeout(time.Hour))
		calls := map[string]func(context.Context) error{
			"vorgs":       func(ctx context.Context) error { _, err := client.VOrgs(ctx, "1"); return err },
			"vdcs":        func(ctx context.Context) error { _, err := client.VDCs(ctx, "1", "2"); return err },
			"my_vm":       func(ctx context.Context) error { _, err := client.MyVM(ctx); return err },
			"my_calls":    func(ctx context.Context) error { _, err := client.MyCalls(ctx, ScopeUser); return err },
			"accounts":    func(ctx context.Context) error { _, err := client.Accounts(ctx); return err },
			"ping":        client.Ping,
			"credentials": func(ctx context.Context) error { _, err := client.APICredentials(ctx, "1"); return err },
		}
		hang := []string{"vorgs", "vdcs", "my_vm", "my_calls", "accounts", "ping"}
		ctx, cancel := context.WithCancel(t.Context())
		var group sync.WaitGroup
		for _, name := range hang {
			for range 10 {
				group.Go(func() { _ = calls[name](ctx) })
			}
		}
		synctest.Wait()
		if portal.held() > 8+len(hang) {
			t.Errorf("%d calls at once", portal.held())
		}
		for _, name := range hang {
			if portal.of(name) == 0 {
				t.Errorf("no call of %s was sent", name)
			}
		}
		start := time.Now()
		if err := calls["credentials"](t.Context()); err != nil || time.Since(start) != 0 {
			t.Errorf("the endpoint that works: %v after %v", err, time.Since(start))
		}
		cancel()
		group.Wait()
		if held := places(client); held != 0 {
			t.Errorf("%d places are still held", held)
		}
		portal.mu.Lock()
		portal.healed = true
		portal.mu.Unlock()
		for range 20 {
			group.Go(func() {
				if _, err := client.VOrgs(t.Context(), "1"); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if portal.most != 6 {
			t.Errorf("%d calls of one endpoint at once, want 6", portal.most)
		}
	})
}

// hanging is a portal whose api_credentials alone answers.
type hanging struct {
	mu     sync.Mutex
	now    map[string]int
	most   int // of one endpoint after it has healed
	healed bool
}

func (h *hanging) RoundTrip(r *http.Request) (*http.Response, error) {
	if isLogin(r) {
		return acceptLogin(r, "s"), nil
	}
	if strings.HasSuffix(r.URL.Path, "api_credentials") {
		return reply(r, 200, `{}`), nil
	}
	h.mu.Lock()
	if h.now == nil {
		h.now = map[string]int{}
	}
	name := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
	h.now[name]++
	healed := h.healed
	if healed {
		h.most = max(h.most, h.now[name])
	}
	h.mu.Unlock()
	defer func() {
		h.mu.Lock()
		h.now[name]--
		h.mu.Unlock()
	}()
	if healed {
		return reply(r, 200, `[]`), sleep(r.Context(), time.Second)
	}
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func (h *hanging) of(name string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now[name]
}

func (h *hanging) held() (sum int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, n := range h.now {
		sum += n
	}
	return sum
}

// TestTurns: who waits is served in order, and one that leaves gives nothing away.
func TestTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limit := &limitTransport{places: 2}
		a, b := &route{endpoint: "a"}, &route{endpoint: "b"}
		for _, r := range []*route{a, b} {
			if err := limit.acquire(t.Context(), r); err != nil {
				t.Fatal(err)
			}
		}
		var order []int
		var group sync.WaitGroup
		for i := range 3 {
			group.Go(func() {
				ctx := t.Context()
				if i == 1 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, time.Second)
					defer cancel()
				}
				if limit.acquire(ctx, b) == nil {
					order = append(order, i)
					time.Sleep(time.Minute)
					limit.release(b)
				}
			})
			synctest.Wait()
		}
		time.Sleep(2 * time.Second)
		limit.release(a)
		limit.release(b)
		group.Wait()
		if fmt.Sprint(order) != "[0 2]" || limit.held != 0 || len(limit.waiting) != 0 || len(limit.running) != 0 {
			t.Errorf("%v, %d held, %d waiting", order, limit.held, len(limit.waiting))
		}
	})
}

// endless is a body of a row that repeats.
type endless struct{ row string }

func (e endless) Read(p []byte) (int, error) {
	n := 0
	for n+len(e.row) <= len(p) {
		n += copy(p[n:], e.row)
	}
	return max(n, copy(p, e.row)), nil
}

func (endless) Close() error { return nil }

// TestEndlessAnswers end with an error that names the endpoint.
func TestEndlessAnswers(t *testing.T) {
	portal := &served{serve: func(r *http.Request) *http.Response {
		resp := reply(r, 200, "")
		resp.ContentLength = -1
		resp.Header.Set("Content-Type", "text/csv")
		resp.Body = endless{strings.Repeat("x,y,z\n", 1000)}
		if !strings.HasPrefix(r.URL.Path, "/api/billing") {
			resp.Header.Set("Content-Type", "application/json")
			resp.Body = endless{strings.Repeat(" ", 4096)}
		}
		return resp
	}}
	client := newTestClient(t, portal)
	for _, test := range streamTests {
		stream, err := test.open(t.Context(), client, "")
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(io.Discard, stream)
		var e *Error
		if !errors.Is(err, errTooLarge) || !errors.As(err, &e) || n != maxStream {
			t.Errorf("%d bytes, %v", n, err)
		}
		if text := fmt.Sprint(err); text != "GET "+e.Endpoint+": answer too large: more than 512 MiB" {
			t.Errorf("got %s", text)
		}
		_ = stream.Close()
	}
	if _, err := client.Accounts(t.Context()); !errors.Is(err, errTooLarge) || !strings.HasPrefix(fmt.Sprint(err), "GET /api/accounts: ") {
		t.Errorf("got %v", err)
	}
}

// TestBodyOfTheLimit: a report that has exactly as much as it may is whole.
func TestBodyOfTheLimit(t *testing.T) {
	for text, want := range map[string]error{"abc": nil, "abcd": errTooLarge, "ab": nil} {
		body := &boundedBody{ReadCloser: io.NopCloser(strings.NewReader(text)), left: 3, err: errTooLarge}
		got, err := io.ReadAll(body)
		if !errors.Is(err, want) || string(got) != text[:min(3, len(text))] {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
}

// TestGiantTag is not kept, so that it is never sent back.
func TestGiantTag(t *testing.T) {
	tag := strings.Repeat("x", maxTag+1)
	client, portal := answering(t, `[]`, "ETag", tag)
	first, err := client.Conditional().Accounts(t.Context(), nil)
	if err != nil || first.ETag != "" {
		t.Fatalf("%d bytes of ETag, %v", len(first.ETag), err)
	}
	if _, err := client.Conditional().Accounts(t.Context(), first); err != nil {
		t.Error(err)
	}
	if got := portal.requests[1].Header.Get("If-None-Match"); got != "" {
		t.Errorf("sent back %d bytes", len(got))
	}
	client, _ = answering(t, `[]`, "ETag", tag[1:])
	if largest, err := client.Conditional().Accounts(t.Context(), nil); err != nil || largest.ETag != tag[1:] {
		t.Errorf("the largest that may be is not kept: %v", err)
	}
}
