package health

import (
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kingpin/v2"
)

func TestHealth(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/-/healthy", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("healthy\n")) })
	mux.HandleFunc("/-/ready", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write([]byte("not ready\nstale: my_vm\n"))
	})
	mux.HandleFunc("/private", func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "probe" || password != "Canary48151623" {
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
	mux.HandleFunc("/slow", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	plain := httptest.NewServer(mux)
	defer plain.Close()
	secure := httptest.NewTLSServer(mux)
	defer secure.Close()
	client := filepath.Join(t.TempDir(), "client.yml")
	if err := os.WriteFile(client, []byte("tls_config: {insecure_skip_verify: true}\nbasic_auth: {username: probe, password: Canary48151623}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := gone.Close(); err != nil {
		t.Fatal(err)
	}

	tests := []struct {
		name string
		args []string
		err  string // "" is healthy
	}{
		{"healthy", []string{"--url=" + plain.URL + "/-/healthy"}, ""},
		{"not ready", []string{"--url=" + plain.URL + "/-/ready"}, `/-/ready answers 503 Service Unavailable: "not ready"`},
		{"nobody there", []string{"--url=http://" + gone.Addr().String()}, "connection refused"},
		{"too slow", []string{"--url=" + plain.URL + "/slow", "--timeout=50ms"}, "context deadline exceeded"},
		{"no URL", []string{"--url=:"}, "--url: "},
		{"certificate of nobody", []string{"--url=" + secure.URL + "/-/healthy"}, "certificate"},
		{"no password", []string{"--url=" + plain.URL + "/private"}, "401 Unauthorized"},
		{"TLS and a password", []string{"--url=" + secure.URL + "/private", "--http.config.file=" + client}, ""},
		{"no client configuration", []string{"--http.config.file=none.yml"}, "--http.config.file: open none.yml: no such file or directory"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			// A proxy that is not there: it must not be asked.
			t.Setenv("HTTP_PROXY", "http://"+gone.Addr().String())
			app := kingpin.New("test", "")
			run := Register(app.Command("health", ""))
			if _, err := app.Parse(append([]string{"health"}, tt.args...)); err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			err := run(t.Context(), slog.New(slog.DiscardHandler))
			switch {
			case tt.err == "" && err != nil:
				t.Error(err)
			case tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err) || strings.Contains(err.Error(), "Canary48151623")):
				t.Errorf("got %v, want %q", err, tt.err)
			}
			if spent := time.Since(start); spent > 10*time.Second {
				t.Errorf("took %s", spent)
			}
		})
	}
}
