package testutil

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Prometheus is a running Prometheus.
type Prometheus struct{ *server }

// StartPrometheus runs Prometheus with a configuration file and a data directory
// until Stop is called or the test ends.
func StartPrometheus(t *testing.T, config, data string) *Prometheus {
	t.Helper()
	program := Need(t, "prometheus")[0]
	address := FreeAddress(t)
	return &Prometheus{start(t, address, program,
		"--config.file="+config, "--storage.tsdb.path="+data, "--storage.tsdb.retention.time=100y",
		"--storage.tsdb.wal-segment-size=10MB", "--web.listen-address="+address, "--log.level=warn",
		"--query.max-samples=50000000",
	)}
}

// Stop ends the server.
func (p *Prometheus) Stop(t *testing.T) {
	t.Helper()
	p.stop(t)
}

// Series is one series of an answer.
type Series struct {
	Metric map[string]string `json:"metric"`
	Value  [2]any            `json:"value"`  // of an instant query
	Values [][2]any          `json:"values"` // of a range query
}

// Query is an instant query. A scalar is a series without labels.
func (p *Prometheus) Query(ctx context.Context, expr string, at time.Time) ([]Series, error) {
	return p.query(ctx, "query", url.Values{"query": {expr}, "time": {stamp(at)}})
}

// QueryRange is a range query.
func (p *Prometheus) QueryRange(ctx context.Context, expr string, from, to time.Time, step time.Duration) ([]Series, error) {
	return p.query(ctx, "query_range", url.Values{
		"query": {expr}, "start": {stamp(from)}, "end": {stamp(to)}, "step": {strconv.FormatFloat(step.Seconds(), 'f', -1, 64)},
	})
}

func stamp(t time.Time) string { return strconv.FormatFloat(float64(t.UnixMilli())/1000, 'f', 3, 64) }

func (p *Prometheus) query(ctx context.Context, endpoint string, form url.Values) ([]Series, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.URL+"/api/v1/"+endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	_, body, err := do(request)
	if err != nil {
		return nil, err
	}
	var answer struct {
		Error string
		Data  struct {
			ResultType string          `json:"resultType"`
			Result     json.RawMessage `json:"result"`
		}
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, fmt.Errorf("%s: %w: %.200s", endpoint, err, body)
	}
	if answer.Error != "" {
		return nil, fmt.Errorf("%s %s: %s", endpoint, form.Get("query"), answer.Error)
	}
	if answer.Data.ResultType == "scalar" {
		scalar := Series{}
		err := json.Unmarshal(answer.Data.Result, &scalar.Value)
		return []Series{scalar}, err
	}
	var series []Series
	err = json.Unmarshal(answer.Data.Result, &series)
	return series, err
}

// Get reads a URL whole.
func Get(ctx context.Context, address string) (status int, body []byte, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, nil, err
	}
	return do(request)
}

// do keeps no connection, so that no test leaves one behind.
func do(request *http.Request) (status int, body []byte, err error) {
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err = io.ReadAll(response.Body)
	return response.StatusCode, body, err
}

// WriteFile writes a file of the test's own.
func WriteFile(t *testing.T, dir, name, text string) (path string) {
	t.Helper()
	path = filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
