package tickets

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"ukcloud_exporter/portal"
)

// Settings are the section tickets of the configuration.
type Settings struct {
	ProblemArea    string        `key:"problem_area" doc:"The portal's problem_area of new tickets."`
	Service        string        `key:"service" doc:"Name of the service that new tickets are about, as the portal has it."`
	Classification string        `key:"classification" doc:"The portal's classification of new tickets, which are incidents."`
	QueryNature    string        `key:"query_nature" doc:"The portal's query_nature of new tickets, which are service requests then; instead of classification."`
	Alerts         []string      `key:"alerts" doc:"Which alerts may open tickets: names, or matchers in braces as Prometheus writes them."`
	Summary        string        `key:"summary" doc:"Go template of a new ticket's summary; docs/tickets.md says what it may use. Empty is the built-in one, as for the other templates."`
	Details        string        `key:"details" doc:"Go template of a new ticket's further details."`
	Note           string        `key:"note" doc:"Go template of the note that more alerts fire."`
	ResolvedNote   string        `key:"resolved_note" doc:"Go template of the note that all alerts are resolved."`
	Close          bool          `key:"close" doc:"Whether a ticket is closed when all its alerts are resolved; otherwise it gets the note only."`
	ReopenWithin   time.Duration `key:"reopen_within" doc:"How long after its end a ticket is opened again when its alerts come back; later there is a new one."`
	MaxNewPerHour  int           `key:"max_new_per_hour" doc:"How many tickets may be opened in an hour; beyond that one more ticket says how many groups of alerts it stands for."`
	DryRun         bool          `key:"dry_run" doc:"Logs what would be sent, and sends nothing."`
}

// Defaults are the settings that the configuration may leave out. The alerts are those
// of this project's rules that say that a backup is missing.
func Defaults() Settings {
	return Settings{
		ProblemArea: string(portal.IncidentCompute), Classification: string(portal.OtherIncident),
		Alerts: []string{"UKCloudBackupFailed", "UKCloudBackupOverdue", "UKCloudBackupNoData"},
		Close:  true, ReopenWithin: 24 * time.Hour, MaxNewPerHour: 10,
	}
}

// serviceRequest reports whether new tickets are service requests.
func (s Settings) serviceRequest() bool { return s.QueryNature != "" }

// Check reports what is wrong with the settings, by key.
func (s Settings) Check(report func(key, reason string)) {
	if strings.TrimSpace(s.Service) == "" {
		report("service", "is missing: the portal refuses a ticket without it")
	}
	areas, what := words(portal.IncidentAreas()), "an incident"
	if s.serviceRequest() {
		areas, what = words(portal.ServiceAreas()), "a service request"
		oneOf(report, "query_nature", s.QueryNature, words(portal.QueryNatures()), what)
	} else {
		oneOf(report, "classification", s.Classification, words(portal.Classifications()), what)
	}
	oneOf(report, "problem_area", s.ProblemArea, areas, what)
	if s.MaxNewPerHour < 1 {
		report("max_new_per_hour", "is less than 1: no alert would ever get a ticket of its own")
	}
	if len(s.Alerts) == 0 {
		report("alerts", "is empty: no alert could open a ticket")
	}
	for i, text := range s.Alerts {
		if strings.TrimSpace(text) == "" {
			continue // found by whoever looks after lists
		}
		if _, err := parseAllowed(text); err != nil {
			report(fmt.Sprintf("alerts[%d]", i), err.Error())
		}
	}
	for _, t := range s.templates() {
		if _, err := parseText(t.key, t.text); err != nil {
			report(t.key, err.Error())
		}
	}
}

func oneOf(report func(key, reason string), key, value string, known []string, what string) {
	if !slices.Contains(known, value) {
		report(key, "is none of what the portal knows of "+what+": "+strings.Join(known, "; "))
	}
}

func words[T ~string](list []T) (words []string) {
	for _, w := range list {
		words = append(words, string(w))
	}
	return words
}
