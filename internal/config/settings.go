package config

import (
	"reflect"
	"time"

	promconfig "github.com/prometheus/common/config"

	"ukcloud_exporter/collector"
	"ukcloud_exporter/internal/loginguard"
	"ukcloud_exporter/internal/tickets"
	"ukcloud_exporter/portal"
)

// settings is the whole configuration file. The key tag is the YAML key, the doc
// tag its meaning in one line; reading, Reference and Digest all follow these
// types, so a key exists exactly where its field stands.
type settings struct {
	Portal     portalSettings   `key:"portal"`
	Accounts   []accountID      `key:"accounts" doc:"Account ids to collect; empty means every account that the login sees."`
	StateDir   filePath         `key:"state_dir" doc:"Directory for what must survive a restart (vMotion counters, baselines, rejected logins, the last data of each collector); empty keeps it in memory only. One process per directory."`
	Collectors sections         `key:"collectors"`
	Tickets    tickets.Settings `key:"tickets"`
}

type portalSettings struct {
	URL                 promconfig.URL `key:"url" doc:"Base URL of the Portal API."`
	Email               string         `key:"email" doc:"Login of the exporter's portal user."`
	PasswordFile        filePath       `key:"password_file" doc:"File that holds the password, read again at every login; one newline at its end is not part of it."`
	Password            portal.Secret  `key:"password" doc:"The password itself; password_file is the better place."`
	Timeout             time.Duration  `key:"timeout" doc:"Limit of one portal call, body included; the real portal took about a minute for 1,920 VMs."`
	RejectedLoginsLimit int            `key:"rejected_logins_limit" doc:"How many rejected logins these credentials may cost before none is tried any more: 2, or 1 where two replicas share a login."`
	HTTPClient          httpClient     `key:"http_client"`
}

// sections holds a section for each collector, in the order of collector.All. It is
// read and shown as if it were a struct with a field for each.
type sections struct{ all []section }

type section struct {
	name     string
	settings reflect.Value // addressable, of the type of the collector's defaults
}

func defaultSections() (s sections) {
	for _, c := range collector.All() {
		v := reflect.New(reflect.TypeOf(c.Defaults)).Elem()
		v.Set(reflect.ValueOf(c.Defaults))
		s.all = append(s.all, section{c.Name, v})
	}
	return s
}

// of returns a copy of the settings of a collector.
func (s section) of() collector.Settings {
	copied := reflect.New(s.settings.Type()).Elem()
	copied.Set(s.settings)
	for _, f := range fields(copied) {
		if f.value.Kind() == reflect.Slice {
			f.value.Set(reflect.AppendSlice(reflect.Zero(f.value.Type()), f.value))
		}
	}
	return copied.Interface().(collector.Settings)
}

// filePath is a path; one that is relative in the file is relative to the
// file's own directory.
type filePath = collector.Path

// accountID is a decimal account id. The portal sends integers; YAML may hold
// them as integers or as text.
type accountID string

func defaults() settings {
	return settings{
		Portal: portalSettings{
			URL:                 mustURL("https://portal.skyscapecloud.com/api"),
			Timeout:             2 * time.Minute,
			RejectedLoginsLimit: loginguard.DefaultLimit,
			HTTPClient:          httpClient{EnableHTTP2: true},
		},
		Collectors: defaultSections(),
		Tickets:    tickets.Defaults(),
	}
}
