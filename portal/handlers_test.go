package portal

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// noAnswer is a connection that fails.
const noAnswer = 0

// TestRetries: which answers are asked for again, how often, and when.
func TestRetries(t *testing.T) {
	tests := []struct {
		name     string
		statuses []int // of the answers in turn, 200 behind them
		header   []string
		ok       bool
		calls    int
		took     time.Duration
		retry    time.Duration // RetryAfter of the error
	}{
		{name: "good", ok: true, calls: 1},
		{name: "500", statuses: []int{500}, ok: true, calls: 2, took: 200 * time.Millisecond},
		{name: "502, 503", statuses: []int{502, 503}, ok: true, calls: 3, took: 600 * time.Millisecond},
		{name: "504 three times", statuses: []int{504, 504, 504}, calls: 3, took: 600 * time.Millisecond},
		{name: "no answer", statuses: []int{noAnswer}, ok: true, calls: 2, took: 200 * time.Millisecond},
		{name: "no answer for long", statuses: []int{noAnswer, noAnswer, noAnswer}, calls: 3, took: 600 * time.Millisecond},
		{name: "429 with seconds", statuses: []int{429}, header: []string{"Retry-After", "20"}, ok: true, calls: 2, took: 20*time.Second + 200*time.Millisecond},
		{name: "503 with a date", statuses: []int{503}, header: []string{"Retry-After", "Sat, 01 Jan 2000 00:00:30 GMT"}, ok: true, calls: 2, took: 30*time.Second + 200*time.Millisecond},
		{name: "429 beyond the deadline", statuses: []int{429}, header: []string{"Retry-After", "120"}, calls: 1, retry: 2 * time.Minute},
		{name: "400", statuses: []int{400}, calls: 1},
		{name: "403", statuses: []int{403}, calls: 1},
		{name: "404", statuses: []int{404}, calls: 1},
		{name: "501", statuses: []int{501}, calls: 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				calls := 0
				client := newTestClient(t, roundTripper(func(req *http.Request) (*http.Response, error) {
					if isLogin(req) {
						return acceptLogin(req, "s"), nil
					}
					calls++
					if calls > len(test.statuses) {
						return reply(req, 200, `[]`), nil
					}
					if status := test.statuses[calls-1]; status != noAnswer {
						return reply(req, status, "", test.header...), nil
					}
					return nil, errors.New("connection reset")
				}))
				exactJitter(client)
				_, err := client.Conditional().Accounts(t.Context(), nil)
				if (err == nil) != test.ok || calls != test.calls {
					t.Errorf("%v after %d calls, want %d", err, calls, test.calls)
				}
				if took := time.Since(midnight2000); took != test.took {
					t.Errorf("took %v, want %v", took, test.took)
				}
				var e *Error
				if errors.As(err, &e) && e.RetryAfter != test.retry {
					t.Errorf("RetryAfter %v, want %v", e.RetryAfter, test.retry)
				}
			})
		})
	}
}

// exactJitter takes the chance out of a client.
func exactJitter(client *Client) {
	longest := func(most time.Duration) time.Duration { return most }
	client.session.jitter = longest
	client.chain.(*sessionTransport).next.(*retryTransport).jitter = longest
}

func TestFullJitter(t *testing.T) {
	least, most := time.Hour, time.Duration(0)
	for range 1000 {
		d := fullJitter(time.Second)
		least, most = min(least, d), max(most, d)
	}
	if least < 0 || least > 100*time.Millisecond || most > time.Second || most < 900*time.Millisecond {
		t.Errorf("a thousand from %v to %v", least, most)
	}
	if fullJitter(0) != 0 {
		t.Error("no time is not no time")
	}
}

// TestRetriesAreShared: a new login in between gives no new retries.
func TestRetriesAreShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		statuses := []int{500, 500, 401, 500, 200}
		client := newTestClient(t, roundTripper(func(req *http.Request) (*http.Response, error) {
			if isLogin(req) {
				return acceptLogin(req, "s"), nil
			}
			calls++
			return reply(req, statuses[calls-1], `[]`), nil
		}))
		if _, err := client.Conditional().Accounts(t.Context(), nil); err == nil || calls != 4 {
			t.Errorf("%v after %d calls", err, calls)
		}
	})
}

// TestRetryEndsWithTheCaller: no waiting for a caller that has left.
func TestRetryEndsWithTheCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := newTestClient(t, &served{serve: func(r *http.Request) *http.Response { return reply(r, 503, "", "Retry-After", "30") }})
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			time.Sleep(time.Second)
			cancel()
		}()
		if _, err := client.Conditional().Accounts(ctx, nil); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		if took := time.Since(midnight2000); took != time.Second {
			t.Errorf("took %v", took)
		}
	})
}

// TestWhatIsNoRetry: a caller that has left and a turn that would come too late are not
// counted as retries, and not waited for.
func TestWhatIsNoRetry(t *testing.T) {
	tests := []struct {
		name    string
		options []Option
		answer  func(*http.Request) (*http.Response, error)
		want    error
	}{
		{"a caller that leaves", nil, func(r *http.Request) (*http.Response, error) { return nil, context.Canceled }, context.Canceled},
		{"no turn before the deadline", []Option{withRate(0.001, 1)}, func(r *http.Request) (*http.Response, error) { return reply(r, 200, `[]`), nil }, errRateDeadline},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				registry := prometheus.NewRegistry()
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				first := true
				client := newTestClient(t, roundTripper(func(r *http.Request) (*http.Response, error) {
					if isLogin(r) {
						return acceptLogin(r, "s"), nil
					}
					if first {
						first = false
						return reply(r, 200, `[]`), nil
					}
					if test.want == context.Canceled {
						cancel()
					}
					return test.answer(r)
				}), append(test.options, WithRegisterer(registry))...)
				exactJitter(client)
				mustCall(t, client)
				if _, err := client.Accounts(ctx); !errors.Is(err, test.want) {
					t.Errorf("got %v", err)
				}
				if took := time.Since(midnight2000); took != 0 {
					t.Errorf("waited for %v", took)
				}
				if text := exposition(t, registry); contains(text, "ukcloud_api_retries_total{") {
					t.Error("counted as a retry")
				}
			})
		})
	}
}

// TestTimeout covers one call with everything in it, the body too.
func TestTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		portal := newGate()
		portal.latency = time.Hour
		client := newTestClient(t, portal, WithTimeout(time.Minute))
		if _, err := client.Conditional().Accounts(t.Context(), nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a header that does not come: %v", err)
		}
		portal.mu.Lock()
		portal.latency = 0
		portal.mu.Unlock()
		portal.good = func(r *http.Request) *http.Response {
			resp := reply(r, 200, `[]`)
			resp.Body = hangingBody{r.Context()}
			return resp
		}
		if _, err := client.Conditional().Accounts(t.Context(), nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a body that does not come: %v", err)
		}
		portal.loginFor = time.Hour
		portal.end()
		portal.good = nil
		if _, err := client.Conditional().Accounts(t.Context(), nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a login that does not end: %v", err)
		}
		if took := time.Since(midnight2000); took != 3*time.Minute {
			t.Errorf("took %v", took)
		}
		synctest.Wait()
	})
}

type hangingBody struct{ ctx context.Context }

func (b hangingBody) Read([]byte) (int, error) {
	<-b.ctx.Done()
	return 0, b.ctx.Err()
}
func (hangingBody) Close() error { return nil }

// TestConcurrency: a place is held until the body is closed; one endpoint can hold
// three in four; a login needs none.
func TestConcurrency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		portal := newGate()
		portal.good = func(r *http.Request) *http.Response { return reply(r, 200, someCSV, "Content-Type", "text/csv") }
		client := newTestClient(t, portal, withConcurrency(4))
		var streams []*Stream
		open := func(which int) error {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			t.Cleanup(cancel)
			stream, err := streamTests[which].open(ctx, client, "")
			if err == nil {
				streams = append(streams, stream)
			}
			return err
		}
		const billing, storage = 0, 1
		for range 3 {
			if err := open(billing); err != nil {
				t.Fatal(err)
			}
		}
		if err := open(billing); !errors.Is(err, context.DeadlineExceeded) || portal.calls != 3 {
			t.Errorf("a fourth of one endpoint: %v after %d calls", err, portal.calls)
		}
		if err := open(storage); err != nil {
			t.Errorf("the first of another endpoint: %v", err)
		}
		if err := open(storage); !errors.Is(err, context.DeadlineExceeded) || portal.calls != 4 {
			t.Errorf("a fifth of all: %v after %d calls", err, portal.calls)
		}
		client.session.valid = false
		if err := client.Login(t.Context()); err != nil {
			t.Errorf("a login waits for a place: %v", err)
		}
		_ = streams[0].Close()
		_ = streams[0].Close()
		if err := open(storage); err != nil {
			t.Errorf("a place was given back: %v", err)
		}
		for _, stream := range streams {
			_ = stream.Close()
		}
		if held := places(client); held != 0 {
			t.Errorf("%d places are still held", held)
		}
	})
}

// TestPlacesAreGivenBack, however a call ends.
func TestPlacesAreGivenBack(t *testing.T) {
	ends := map[string]func(r *http.Request) (*http.Response, error){
		"good":      func(r *http.Request) (*http.Response, error) { return reply(r, 200, `[]`), nil },
		"garbage":   func(r *http.Request) (*http.Response, error) { return reply(r, 200, `{`), nil },
		"404":       func(r *http.Request) (*http.Response, error) { return reply(r, 404, ``), nil },
		"304":       func(r *http.Request) (*http.Response, error) { return reply(r, 304, ``), nil },
		"500":       func(r *http.Request) (*http.Response, error) { return reply(r, 500, ``), nil },
		"401":       func(r *http.Request) (*http.Response, error) { return reply(r, 401, ``), nil },
		"HTML":      func(r *http.Request) (*http.Response, error) { return htmlPage(r), nil },
		"redirects": func(r *http.Request) (*http.Response, error) { return reply(r, 302, ``, "Location", "/api/x"), nil },
		"refused":   func(r *http.Request) (*http.Response, error) { return reply(r, 302, ``), nil },
		"no answer": func(r *http.Request) (*http.Response, error) { return nil, errors.New("reset") },
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				open := 0
				client := newTestClient(t, roundTripper(func(req *http.Request) (*http.Response, error) {
					answer := end
					if isLogin(req) {
						answer = func(r *http.Request) (*http.Response, error) { return acceptLogin(r, "s"), nil }
					}
					resp, err := answer(req)
					if err == nil {
						open++
						resp.Body = onClose(resp.Body, func() { open-- })
					}
					return resp, err
				}))
				_, _ = client.Conditional().Accounts(t.Context(), nil)
				_, _ = client.Conditional().ComputeServices(t.Context(), "1", &Answer[Estate]{pages: []*computePage{{etag: "a"}, {etag: "b"}}})
				if stream, err := client.BillingCSV(t.Context(), "2018-01", "o", ""); err == nil {
					_ = stream.Close()
				}
				if held := places(client); held != 0 || open != 0 {
					t.Errorf("%d places held, %d bodies open", held, open)
				}
			})
		})
	}
}

func TestRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := newTestClient(t, newGate(), withRate(10, 5), withConcurrency(100))
		var group sync.WaitGroup
		for range 25 {
			group.Go(func() { mustCall(t, client) })
		}
		group.Wait()
		if took := time.Since(midnight2000); took != 2*time.Second {
			t.Errorf("25 calls, 5 at once and 10 a second, took %v", took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if _, err := client.Conditional().Accounts(ctx, nil); !errors.Is(err, errRateDeadline) {
			t.Errorf("no time for its turn: %v", err)
		}
		if took := time.Since(midnight2000); took != 2*time.Second {
			t.Errorf("waited in vain until %v", took)
		}
		if held := places(client); held != 0 {
			t.Errorf("%d places are still held", held)
		}
	})
}

func TestNewRefuses(t *testing.T) {
	urls := map[string]string{
		"":                             "must begin with",
		"portal.example.com/api":       "must begin with",
		"ftp://portal.example.com/api": "must begin with",
		"https://":                     "has no host",
		"https://:443/api":             "has no host",
		"https://me:hunter2@portal.example.com/api": "user name or password",
		"https://portal.example.com/api?a=b":        "query",
		"https://portal.example.com/api?":           "query",
		"https://portal.example.com/api#x":          "fragment",
		"https://portal.example.com/api#":           "fragment",
		"https://me:hunter2%@portal.example.com":    "not a valid URL",
		"https://portal.example.com/%zz":            "not a valid URL",
		"https://portal.example.com:hunter2/api":    "not a valid URL",
	}
	for url, want := range urls {
		_, err := New(url, goodCredentials)
		if text := fmt.Sprint(err); err == nil || !contains(text, want) || contains(text, "hunter2") {
			t.Errorf("%s: %v", url, err)
		}
	}
	options := map[string]Option{
		"transport": WithTransport(nil), "timeout": WithTimeout(0), "logger": WithLogger(nil), "registerer": WithRegisterer(nil),
		"guard": WithLoginGuard(nil), "limit": WithRejectedLoginsLimit(0),
	}
	for name, option := range options {
		if _, err := New(testURL, goodCredentials, option); err == nil || !contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := New(testURL, nil); err == nil {
		t.Error("no credentials: accepted")
	}
}
