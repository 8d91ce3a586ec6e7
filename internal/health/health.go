// Package health is `ukcloud_exporter health`: it asks a running exporter whether
// it serves, for images that have no shell and no curl.
package health

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"

	"github.com/alecthomas/kingpin/v2"
	promconfig "github.com/prometheus/common/config"
)

// bodyLimit bounds what is read of an answer: its first line goes into the error.
const bodyLimit = 1 << 10

// Register adds the command's flags and returns what runs it. It fails when the
// answer is not 200.
func Register(cmd *kingpin.CmdClause) func(context.Context, *slog.Logger) error {
	url := cmd.Flag("url", "What to ask; /-/ready instead of /-/healthy asks for data too.").Default("http://127.0.0.1:10048/-/healthy").String()
	timeout := cmd.Flag("timeout", "Time for the answer.").Default("3s").Duration()
	httpConfig := cmd.Flag("http.config.file", "Prometheus HTTP client configuration, for an exporter that asks for TLS or a password.").String()
	return func(ctx context.Context, _ *slog.Logger) error {
		// The exporter is on this machine: no proxy of the environment stands between.
		config := &promconfig.HTTPClientConfig{}
		if *httpConfig != "" {
			var err error
			if config, _, err = promconfig.LoadHTTPConfigFile(*httpConfig); err != nil {
				return fmt.Errorf("--http.config.file: %w", err)
			}
		}
		client, err := promconfig.NewClientFromConfig(*config, "health", promconfig.WithKeepAlivesDisabled())
		if err != nil {
			return fmt.Errorf("--http.config.file: %w", err)
		}
		ctx, cancel := context.WithTimeout(ctx, *timeout)
		defer cancel()
		return ask(ctx, client, *url)
	}
}

func ask(ctx context.Context, client *http.Client, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("--url: %w", err)
	}
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("no answer within the time: %w", err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, bodyLimit))
	if err != nil {
		return fmt.Errorf("read the answer of %s: %w", url, err)
	}
	if response.StatusCode != http.StatusOK {
		line, _, _ := strings.Cut(strings.TrimSpace(string(body)), "\n")
		return fmt.Errorf("%s answers %s: %q", url, response.Status, line)
	}
	return nil
}
