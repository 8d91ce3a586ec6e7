package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"ukcloud_exporter/portal/simulator"
)

// TestRestartWithOtherSettings: what the last process kept is served when it is of the
// same portal, login, accounts and keys of the collector, and dropped when it is not.
func TestRestartWithOtherSettings(t *testing.T) {
	const same = "state_dir: state\n"
	tests := []struct {
		name, yaml string
		change     func(*Options)
		served     bool // ukcloud_vmotion_window_events
	}{
		{"the same", same, nil, true},
		{"another schedule", same + "collectors: {vmotion_events: {min_interval: 1m}}\n", nil, true},
		{"per_vm", same + "collectors: {vmotion_events: {per_vm: true}}\n", nil, false},
		{"accounts", same + "accounts: [1]\n", nil, false},
		{"switched off", same, only("builds"), false},
		{"switched off behind another", same, only("compute_services"), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				clockTo(noon)
				s := newSetup(t, estate(), same, only("vmotion_events", "builds"))
				before := families(s.scrape())["ukcloud_vmotion_window_events"]
				if before == "" {
					t.Fatal("no events")
				}
				if err := s.stop(); err != nil {
					t.Fatal(err)
				}
				s.portal.SetFaults(simulator.Fault{Endpoint: "*", Kind: "503"})
				s.configure(tt.yaml)
				options := s.options
				if tt.change != nil {
					tt.change(&options)
				}
				d, err := start(s.log, options)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() {
					if err := d.stop(); err != nil {
						t.Error(err)
					}
				})
				s.Daemon, s.handler = d, d.server().Handler
				got := families(s.scrapeWithoutWaiting())["ukcloud_vmotion_window_events"]
				if tt.served && got != before || !tt.served && got != "" {
					t.Errorf("got %q, before the restart it was %q\n%s", got, before, s.logs)
				}
				files, err := os.ReadDir(filepath.Join(s.dir, "state", "parts"))
				if err != nil {
					t.Fatal(err)
				}
				var names []string
				for _, f := range files {
					names = append(names, f.Name())
				}
				if kept := strings.Contains(strings.Join(names, " "), "vmotion_events"); kept != tt.served {
					t.Errorf("files %q", names)
				}
				if strings.Contains(s.logs.String(), "cannot be removed") {
					t.Errorf("logged:\n%s", s.logs)
				}
			})
		})
	}
}
