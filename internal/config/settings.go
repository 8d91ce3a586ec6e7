package config

import (
	"time"

	promconfig "github.com/prometheus/common/config"

	"ukcloud_exporter/portal"
)

// settings is the whole configuration file. The key tag is the YAML key, the doc
// tag its meaning in one line; reading, Reference and Digest all follow these
// types, so a key exists exactly where its field stands.
type settings struct {
	Portal     portalSettings `key:"portal"`
	Accounts   []accountID    `key:"accounts" doc:"Account ids to collect; empty means every account that the login sees."`
	StateDir   filePath       `key:"state_dir" doc:"Directory for what must survive a restart (vMotion counters, baselines, rejected logins); empty keeps it in memory only. One process per directory."`
	Collectors Collectors     `key:"collectors"`
}

type portalSettings struct {
	URL          promconfig.URL `key:"url" doc:"Base URL of the Portal API."`
	Email        string         `key:"email" doc:"Login of the exporter's portal user."`
	PasswordFile filePath       `key:"password_file" doc:"File that holds the password, read again at every login; one newline at its end is not part of it."`
	Password     portal.Secret  `key:"password" doc:"The password itself; password_file is the better place."`
	Timeout      time.Duration  `key:"timeout" doc:"Limit of one portal call, body included; the real portal took about a minute for 1,920 VMs."`
	HTTPClient   httpClient     `key:"http_client"`
}

// Collectors holds the settings of each collector.
type Collectors struct {
	ComputeServices    Collector     `key:"compute_services"`
	MyVM               Collector     `key:"my_vm"`
	MyCalls            MyCalls       `key:"my_calls"`
	VMotionEvents      VMotionEvents `key:"vmotion_events"`
	BillingCSV         BillingCSV    `key:"billing_csv"`
	CloudStorageReport Collector     `key:"cloud_storage_report"`
	Builds             Collector     `key:"builds"`
}

// Collector is what every collector has.
type Collector struct {
	Enabled     bool          `key:"enabled" doc:"Whether the collector runs; the flag --[no-]collector.NAME goes before it."`
	MinInterval time.Duration `key:"min_interval" doc:"A scrape refreshes the data when it is older than this."`
	MaxAge      time.Duration `key:"max_age" doc:"Data older than this is no longer exposed; at least min_interval."`
}

// MyCalls are the settings of the ticket collector.
type MyCalls struct {
	Collector
	For            Scope    `key:"for" doc:"Whose tickets: those of the whole account, or of the exporter's user."`
	ClosedStatuses []string `key:"closed_statuses" doc:"Ticket statuses that count as closed; every other status is open."`
}

// VMotionEvents are the settings of the vMotion collector.
type VMotionEvents struct {
	Collector
	PerVM bool `key:"per_vm" doc:"Adds the label virtual_machine to the event counter: one series per VM that ever moved."`
}

// BillingCSV are the settings of the billing collector.
type BillingCSV struct {
	Collector
	VMLimit int      `key:"vm_limit" doc:"How many VMs per compute service get a cost series of their own, the dearest first; the rest is summed in vm=\"__other__\"."`
	Tags    []string `key:"tags" doc:"Keys of the bill's Metadata column by which costs are also summed."`
}

// Scope says whose tickets my_calls lists (API reference, GET /api/my_calls).
type Scope string

// The scopes of my_calls.
const (
	ScopeAccount Scope = "account"
	ScopeUser    Scope = "user"
)

// filePath is a path; one that is relative in the file is relative to the
// file's own directory.
type filePath string

// accountID is a decimal account id. The portal sends integers; YAML may hold
// them as integers or as text.
type accountID string

func defaults() settings {
	every := func(minInterval, maxAge time.Duration) Collector {
		return Collector{Enabled: true, MinInterval: minInterval, MaxAge: maxAge}
	}
	return settings{
		Portal: portalSettings{
			URL:        mustURL("https://portal.skyscapecloud.com/api"),
			Timeout:    2 * time.Minute,
			HTTPClient: httpClient{EnableHTTP2: true},
		},
		Collectors: Collectors{
			ComputeServices: every(time.Minute, time.Hour),
			MyVM:            every(5*time.Minute, time.Hour),
			MyCalls: MyCalls{
				Collector:      every(2*time.Minute, time.Hour),
				For:            ScopeAccount,
				ClosedStatuses: []string{"Closed", "Resolved", "Cancelled"},
			},
			VMotionEvents:      VMotionEvents{Collector: every(5*time.Minute, time.Hour)},
			BillingCSV:         BillingCSV{Collector: every(6*time.Hour, 48*time.Hour), VMLimit: 1000},
			CloudStorageReport: every(6*time.Hour, 48*time.Hour),
			Builds:             every(5*time.Minute, time.Hour),
		},
	}
}
