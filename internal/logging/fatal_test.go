package logging

import (
	"errors"
	"log/slog"
	"strings"
	"testing"

	"ukcloud_exporter/portal"
)

func TestFatal(t *testing.T) {
	tests := []struct {
		name, err, format, want string
	}{
		{"one line", "no", "logfmt", "prog: error: no\n"},
		{"two lines", "a.yml:1: x\na.yml:2: y\n", "", "prog: error: a.yml:1: x\nprog: error: a.yml:2: y\n"},
		{"json", "a\nb", "json", `"err":"a\nb","level":"error"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var b strings.Builder
			Fatal(&b, "prog", tt.format, errors.New(tt.err))
			if got := b.String(); got != tt.want && (tt.format != "json" || !strings.Contains(got, tt.want) || strings.Count(got, "\n") != 1) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestFormatOf(t *testing.T) {
	tests := []struct {
		name string
		args []string
		want string
	}{
		{"none", []string{"check"}, ""},
		{"equals", []string{"--log.format=json", "check"}, "json"},
		{"two words", []string{"check", "--log.format", "json"}, "json"},
		{"without its value", []string{"check", "--log.format"}, ""},
		{"behind the flags", []string{"billing", "verify", "--", "--log.format=json"}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := FormatOf(tt.args); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

// TestErrorsAreText: an error that could be a group is text under its own key,
// wherever it stands.
func TestErrorsAreText(t *testing.T) {
	err := &portal.Error{Method: "GET", Endpoint: "/api/accounts", StatusCode: 500, Message: "sorry"}
	const text = "GET /api/accounts: 500 Internal Server Error: sorry"
	tests := []struct {
		name, key string
		log       func(*slog.Logger)
	}{
		{"attribute", "err", func(l *slog.Logger) { l.Error("m", "err", err) }},
		{"of the logger", "err", func(l *slog.Logger) { l.With("err", err).Error("m") }},
		{"in a group", "call.err", func(l *slog.Logger) { l.Error("m", slog.Group("call", "err", err)) }},
		{"behind a group", "call.err", func(l *slog.Logger) { l.WithGroup("call").Error("m", "err", err) }},
	}
	for _, tt := range tests {
		for format, want := range map[string]string{"logfmt": " " + tt.key + `="` + text + `"` + "\n", "json": `"` + tt.key + `":"` + text + `"`} {
			t.Run(tt.name+"/"+format, func(t *testing.T) {
				var b strings.Builder
				tt.log(New(&b, Options{Format: format}))
				if !strings.Contains(b.String(), want) {
					t.Errorf("no %s in %s", want, b.String())
				}
			})
		}
	}
}
