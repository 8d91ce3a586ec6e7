package tickets

import (
	"strings"
	"testing"
)

// TestCheck: each key of the settings is checked, and named.
func TestCheck(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Settings)
		want   string // keys and the beginnings of what is said of them
	}{
		{"defaults and a service", func(*Settings) {}, ""},
		{"service request", func(s *Settings) { s.QueryNature, s.ProblemArea = "Other", "IP Addresses" }, ""},
		{"one an hour", func(s *Settings) { s.MaxNewPerHour = 1 }, ""},
		{"no service", func(s *Settings) { s.Service = " " }, "service: is missing"},
		{"area of a service request", func(s *Settings) { s.ProblemArea = "IP Addresses" }, "problem_area: is none of what the portal knows of an incident"},
		{"area of an incident", func(s *Settings) { s.QueryNature, s.ProblemArea = "Other", "other" }, "problem_area: is none of what the portal knows of a service request"},
		{"classification", func(s *Settings) { s.Classification = "bad" }, "classification: is none of"},
		{"query nature", func(s *Settings) { s.QueryNature, s.ProblemArea = "bad", "IP Addresses" }, "query_nature: is none of"},
		{"none an hour", func(s *Settings) { s.MaxNewPerHour = 0 }, "max_new_per_hour: is less than 1"},
		{"no alerts", func(s *Settings) { s.Alerts = nil }, "alerts: is empty"},
		{"an empty alert, which others find", func(s *Settings) { s.Alerts = []string{" ", "a b"} }, "alerts[1]: is neither"},
		{"half matchers", func(s *Settings) { s.Alerts = []string{`{a="b"`, `a="b"}`} }, "alerts[0]: is neither; alerts[1]: is neither"},
		{"templates", func(s *Settings) { s.Summary, s.ResolvedNote = "{{", "{{.Nothing}}" }, "summary: is not a template; resolved_note: is not a template"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var said []string
			settings(test.change).Check(func(key, reason string) { said = append(said, key+": "+reason) })
			var want []string
			if test.want != "" {
				want = strings.Split(test.want, "; ")
			}
			if len(said) != len(want) {
				t.Fatalf("said %q, want %q", said, want)
			}
			for i := range want {
				if !strings.HasPrefix(said[i], want[i]) {
					t.Errorf("said %q, want %q", said[i], want[i])
				}
			}
		})
	}
}
