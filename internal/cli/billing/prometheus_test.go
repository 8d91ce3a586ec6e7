package billing

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"ukcloud_exporter/money"
)

// TestBackfillInPrometheus imports what backfill writes with promtool and asks a
// real Prometheus for it.
func TestBackfillInPrometheus(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a Prometheus")
	}
	for _, program := range []string{"promtool", "prometheus"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s IS NOT INSTALLED: NOT TESTED WHETHER PROMETHEUS CAN IMPORT WHAT backfill WRITES", strings.ToUpper(program))
		}
	}
	b := newBench(t)
	past, data := t.TempDir(), t.TempDir()
	b.must("backfill", "--from", "2017-12", "--to", "2018-03", "--tag", "project", "--vm-limit", "3", "--label", "job=ukcloud", "-o", past)
	files, err := filepath.Glob(filepath.Join(past, "*.om"))
	if err != nil || len(files) != 6*4 {
		t.Fatalf("files %q, error %v", files, err)
	}
	var all []sample
	for _, file := range files {
		all = append(all, samplesOf(t, file)...)
		importFile(t, file, data)
	}
	address := prometheus(t, data)
	want := map[string]map[int64]money.Amount{}
	times := map[int64]bool{}
	for _, s := range all {
		if want[s.family] == nil {
			want[s.family] = map[int64]money.Amount{}
		}
		want[s.family][s.at] += s.value
		times[s.at] = true
	}
	if len(times) != 31+31+28+14 {
		t.Errorf("%d days", len(times))
	}
	for family, sums := range want {
		for at := range times {
			expected, ok := sums[at]
			got, found := query(t, address, `sum(`+family+`{job="ukcloud"})`, at)
			if found != ok || math.Abs(got-expected.Float64()) > 1e-6*math.Max(1, math.Abs(expected.Float64())*1e-3) {
				t.Fatalf("%s at %s: Prometheus has %v (%t), the files %s (%t)", family, time.Unix(at, 0).UTC(), got, found, expected, ok)
			}
		}
	}
	// By what dashboards split it: the sum over each service of a day.
	one := sample{}
	for _, s := range all {
		if s.family == "ukcloud_billing_month_to_date_cost_gbp" && strings.Contains(s.labels, `component="compute"`) {
			one = s
		}
	}
	if got, found := query(t, address, one.family+"{"+one.labels+"}", one.at); !found || got != one.value.Float64() {
		t.Errorf("%s{%s} is %v in Prometheus (%t), %s in the file", one.family, one.labels, got, found, one.value)
	}
}

func importFile(t *testing.T, file, data string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "promtool", "tsdb", "create-blocks-from",
		"--max-block-duration=744h", "openmetrics", "-q", file, data).CombinedOutput()
	if err != nil {
		t.Fatalf("promtool refuses %s: %v\n%s", filepath.Base(file), err, out)
	}
}

// prometheus runs a server on a data directory until the test ends.
func prometheus(t *testing.T, data string) (address string) {
	t.Helper()
	config := filepath.Join(t.TempDir(), "prometheus.yml")
	if err := os.WriteFile(config, []byte("{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address = listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	var logs bytes.Buffer
	server := exec.Command("prometheus", "--config.file="+config, "--storage.tsdb.path="+data,
		"--storage.tsdb.retention.time=50y", "--web.listen-address="+address)
	server.Stderr = &logs
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan error, 1)
	go func() { exited <- server.Wait() }()
	t.Cleanup(func() {
		_ = server.Process.Signal(syscall.SIGTERM)
		select {
		case <-exited:
		case <-time.After(30 * time.Second):
			_ = server.Process.Kill()
			<-exited
		}
	})
	for deadline := time.Now().Add(time.Minute); ; {
		response, err := http.Get("http://" + address + "/-/ready")
		if err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return address
			}
		}
		select {
		case err := <-exited:
			exited <- err
			t.Fatalf("prometheus ended: %v\n%s", err, logs.String())
		case <-time.After(50 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			t.Fatalf("prometheus is not ready after a minute\n%s", logs.String())
		}
	}
}

// query returns the one value of an instant query; found is false when there is
// none.
func query(t *testing.T, address, expression string, at int64) (value float64, found bool) {
	t.Helper()
	response, err := http.Get("http://" + address + "/api/v1/query?" + url.Values{
		"query": {expression}, "time": {strconv.FormatInt(at, 10)},
	}.Encode())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	var answer struct {
		Status string
		Data   struct{ Result []struct{ Value [2]any } }
	}
	if err := json.Unmarshal(text, &answer); err != nil || answer.Status != "success" || len(answer.Data.Result) > 1 {
		t.Fatalf("%s: %v\n%s", expression, err, text)
	}
	if len(answer.Data.Result) == 0 {
		return 0, false
	}
	value, err = strconv.ParseFloat(fmt.Sprint(answer.Data.Result[0].Value[1]), 64)
	if err != nil {
		t.Fatal(err)
	}
	return value, true
}
