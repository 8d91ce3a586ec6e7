package collector_test

import (
	"log/slog"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"ukcloud_exporter/collector"
	"ukcloud_exporter/internal/snapshot"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// round collects once and returns the results and what they expose.
func round(t *testing.T, c collector.Collector, previous map[string]*collector.Part) ([]collector.Result, string) {
	t.Helper()
	results, err := c.Collect(t.Context(), func(key string) *collector.Part { return previous[key] }, func(...collector.Result) {})
	if err != nil {
		t.Fatalf("collect: %v", err)
	}
	return results, exposed(t, c, results)
}

func exposed(t *testing.T, c collector.Collector, results []collector.Result) string {
	t.Helper()
	var parts []*collector.Part
	for _, r := range results {
		if r.Part != nil {
			parts = append(parts, r.Part)
		}
	}
	text, _, err := snapshot.Text(c.Families(), parts...)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// published collects once and returns what was published, by key.
func published(t *testing.T, c collector.Collector) map[string]collector.Result {
	t.Helper()
	var mu sync.Mutex
	all := map[string]collector.Result{}
	if _, err := c.Collect(t.Context(), func(string) *collector.Part { return nil }, func(results ...collector.Result) {
		mu.Lock()
		defer mu.Unlock()
		for _, r := range results {
			all[r.Key] = r
		}
	}); err != nil {
		t.Fatalf("collect: %v", err)
	}
	return all
}

// samples is an exposition without its comments.
func samples(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "#") {
			b.WriteString(line)
		}
	}
	return b.String()
}

func parts(results []collector.Result) map[string]*collector.Part {
	held := map[string]*collector.Part{}
	for _, r := range results {
		held[r.Key] = r.Part
	}
	return held
}

// memory is State of a daemon without a state_dir, which was just started.
type memory struct{}

func (*memory) Load(any) (bool, error) { return false, nil }
func (*memory) Save(any) error         { return nil }

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }
