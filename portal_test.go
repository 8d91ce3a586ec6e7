package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ukcloud_exporter/portal/simulator"
)

// TestCreatedVDCIsInMetrics: what portal create has built is exposed after the next
// refresh.
func TestCreatedVDCIsInMetrics(t *testing.T) {
	processes(t)
	simulated, err := simulator.New(simulator.Options{BuildDuration: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer simulated.Close()
	server := httptest.NewServer(simulated)
	defer server.Close()
	config := filepath.Join(t.TempDir(), "config.yml")
	text := "portal: {url: %s/api, email: demo@example.com, password: demo}\ncollectors: {compute_services: {min_interval: 1s}}\n"
	if err := os.WriteFile(config, fmt.Appendf(nil, text, server.URL), 0o600); err != nil {
		t.Fatal(err)
	}
	noEnv := func(string) string { return "" }

	address := freePort(t)
	ctx, stop := context.WithCancel(t.Context())
	ended, logs := make(chan int, 1), new(lockedBuffer)
	go func() {
		args := []string{"serve", "--config.file=" + config, "--web.listen-address=" + address}
		ended <- run(ctx, args, noEnv, strings.NewReader(""), io.Discard, logs)
	}()
	defer func() {
		stop()
		if status := <-ended; status != 0 {
			t.Errorf("the exporter ended with status %d:\n%s", status, logs)
		}
	}()
	shown := func() bool {
		_, body := get(t, "http://"+address+"/metrics?collect[]=compute_services")
		return strings.Contains(body, `vdc_name="A-POW-Made here"`)
	}
	if shown() {
		t.Error("the VDC is there before it is ordered")
	}
	var stdout, stderr bytes.Buffer
	args := []string{"portal", "create", "vdc", "Made here", "--vorg=1", "--type=POWER", "--wait", "--config.file=" + config}
	if status := run(ctx, args, noEnv, strings.NewReader("y\n"), &stdout, &stderr); status != 0 || !strings.Contains(stdout.String(), "completed") {
		t.Fatalf("status %d\n%s\n%s", status, &stdout, &stderr)
	}
	for deadline := time.Now().Add(30 * time.Second); !shown(); time.Sleep(200 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the VDC is not in /metrics:\n%s", logs)
		}
	}
}
