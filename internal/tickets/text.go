package tickets

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"text/template"
	"time"
	"unicode"
)

// Data is what templates see. Every text in it that Alertmanager sent is one line of
// printable characters.
type Data struct {
	GroupLabels KV
	Receiver    string
	ExternalURL string // of Alertmanager

	Alerts Alerts // that are known of the group, firing or not
	New    Alerts // those of which the ticket does not speak yet
	Firing Alerts // those that fire now

	CommonLabels      KV // of New, or of Alerts where nothing is new
	CommonAnnotations KV
	Start             time.Time // when the first of them began
	Again             bool      // the ticket said before that all was resolved
}

// KV is a set of labels or annotations. One that is not there is "".
type KV map[string]string

// Alerts is a list of alerts.
type Alerts []Alert

// Alert is one alert.
type Alert struct {
	Status       string // firing or resolved
	Labels       KV
	Annotations  KV
	StartsAt     time.Time
	EndsAt       time.Time // zero while it fires
	GeneratorURL string
	Fingerprint  string
}

// The built-in templates. They suit this project's own rules, and say something for any
// alert.
const (
	defaultSummary = `{{with .CommonLabels.alertname}}{{words .}}{{else}}Alerts{{end}}: ` +
		`{{with names "vm_name" .New 3}}{{.}}{{else}}{{(index .New 0).Annotations.summary}}{{end}}` +
		`{{with names "vdc_name" .New 2}} (VDC {{.}}){{end}}` +
		`{{if eq .CommonLabels.alertname "UKCloudBackupFailed"}}, night of {{night .Start}}{{end}}`

	listed = `{{range first 40 .New}}
- {{with .Annotations.description}}{{.}}{{else}}{{with .Annotations.summary}}{{.}}{{else}}{{.Labels.alertname}}{{end}}{{end}}
  Since {{utc .StartsAt}}{{if eq .Status "resolved"}}, resolved {{utc .EndsAt}}{{end}}.{{with .Labels.vm}}
  VM: {{.}}{{end}}{{with .GeneratorURL}}
  Graph: {{.}}{{end}}{{with .Annotations.dashboard_url}}
  Dashboard: {{.}}{{end}}{{with .Annotations.runbook_url}}
  Runbook: {{.}}{{end}}
{{end}}{{with more 40 .New}}
and {{.}} more.
{{end}}`

	defaultDetails = `Opened by our monitoring for {{len .New}} alert(s).
` + listed + `
{{with .ExternalURL}}Alertmanager: {{.}}
{{end}}This ticket is noted and closed by our monitoring too.`

	defaultNote = `{{if .Again}}It has come back: {{end}}{{len .New}} more alert(s); {{len .Firing}} fire now.
` + listed

	defaultResolved = `All alerts of this ticket are resolved{{with names "vm_name" .Alerts 20}}: {{.}}{{end}}.`
)

// texts are the templates in use.
type texts struct{ summary, details, note, resolved *template.Template }

type keyed struct{ key, text string }

// templates are the templates of the settings, or those that stand in for them.
func (s Settings) templates() []keyed {
	list := []keyed{{"summary", s.Summary}, {"details", s.Details}, {"note", s.Note}, {"resolved_note", s.ResolvedNote}}
	for i, text := range []string{defaultSummary, defaultDetails, defaultNote, defaultResolved} {
		if list[i].text == "" {
			list[i].text = text
		}
	}
	return list
}

func newTexts(s Settings) (*texts, error) {
	var list []*template.Template
	for _, t := range s.templates() {
		parsed, err := parseText(t.key, t.text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", t.key, err)
		}
		list = append(list, parsed)
	}
	return &texts{list[0], list[1], list[2], list[3]}, nil
}

// parseText reads a template and tries it, so that a name that does not exist is found
// before an alert is.
func parseText(key, text string) (*template.Template, error) {
	t, err := template.New(key).Option("missingkey=zero").Funcs(functions()).Parse(text)
	if err != nil {
		return nil, templateError(err)
	}
	for _, g := range []*group{sample(1), sample(3)} {
		if _, err := render(t, g.data(), maxDetails); err != nil {
			return nil, templateError(err)
		}
	}
	return t, nil
}

// templateError is the error of a template without the words around it.
func templateError(err error) error {
	return fmt.Errorf("is not a template that can be used: %s", strings.TrimPrefix(oneLine(err.Error(), 300), "template: "))
}

// sample is a group that templates are tried with.
func sample(n int) *group {
	g := &group{Key: "sample", Receiver: "tickets"}
	at := time.Date(2018, 3, 8, 9, 0, 0, 0, time.UTC)
	for i := range n {
		g.Alerts = append(g.Alerts, alert{
			Fingerprint: fmt.Sprint(i), Firing: i%2 == 0, StartsAt: at, EndsAt: at,
			Labels:      map[string]string{"alertname": "UKCloudBackupFailed", "vm_name": fmt.Sprint("vm-", i)},
			Annotations: map[string]string{"summary": "sample", "description": "sample"},
		})
	}
	return g
}

const maxNames = 1000 // bounds what functions take from a list

func functions() template.FuncMap {
	london, err := time.LoadLocation("Europe/London")
	if err != nil { // the program carries its own time zones
		london = time.UTC
	}
	return template.FuncMap{
		"words": alertWords,
		"utc":   func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") },
		"london": func(t time.Time) string {
			return t.In(london).Format("02/01/2006 15:04")
		},
		// night is the date on whose evening the night of a backup began.
		"night": func(t time.Time) string { return t.In(london).Add(-12 * time.Hour).Format("02/01/2006") },
		"names": func(label string, alerts Alerts, most int) string {
			var list []string
			for _, a := range alerts[:min(len(alerts), maxNames)] {
				if v := a.Labels[label]; v != "" {
					list = append(list, v)
				}
			}
			slices.Sort(list)
			list = slices.Compact(list)
			if most = max(most, 1); len(list) > most {
				list = append(list[:most:most], fmt.Sprintf("%d more", len(list)-most))
			}
			return strings.Join(list, ", ")
		},
		"first": func(n int, alerts Alerts) Alerts { return alerts[:min(max(n, 0), len(alerts))] },
		"more":  func(n int, alerts Alerts) int { return max(len(alerts)-n, 0) },
	}
}

var capital = regexp.MustCompile(`([a-z0-9])([A-Z])`)

// alertWords makes words of an alert's name: UKCloudBackupFailed is Backup failed.
func alertWords(name string) string {
	name = strings.TrimPrefix(name, "UKCloud")
	spaced := capital.ReplaceAllString(name, "$1 $2")
	first, rest, _ := strings.Cut(spaced, " ")
	if rest == "" {
		return first
	}
	return first + " " + strings.ToLower(rest)
}

// data is what templates see of the group.
func (g *group) data() Data {
	d := Data{
		GroupLabels: cleanKV(g.Labels), Receiver: oneLine(g.Receiver, maxValue), ExternalURL: oneLine(g.ExternalURL, maxValue),
		Again: g.Ticket != nil && g.Ticket.SaidResolved,
	}
	for _, a := range g.Alerts {
		clean := Alert{
			Status: statusResolved, Labels: cleanKV(a.Labels), Annotations: cleanKV(a.Annotations), StartsAt: a.StartsAt, EndsAt: a.EndsAt,
			GeneratorURL: oneLine(a.GeneratorURL, maxValue), Fingerprint: oneLine(a.Fingerprint, maxValue),
		}
		if a.Firing {
			clean.Status, clean.EndsAt = statusFiring, time.Time{}
			d.Firing = append(d.Firing, clean)
		}
		d.Alerts = append(d.Alerts, clean)
		if !a.Told {
			d.New = append(d.New, clean)
		}
	}
	about := d.New
	if len(about) == 0 {
		about = d.Alerts
	}
	for i, a := range about {
		if i == 0 {
			d.CommonLabels, d.CommonAnnotations, d.Start = maps.Clone(a.Labels), maps.Clone(a.Annotations), a.StartsAt
			continue
		}
		d.CommonLabels.keep(a.Labels)
		d.CommonAnnotations.keep(a.Annotations)
		d.Start = earlier(d.Start, a.StartsAt)
	}
	return d
}

// keep drops what others have not.
func (kv KV) keep(others KV) {
	maps.DeleteFunc(kv, func(name, value string) bool { return others[name] != value })
}

// Bounds of what is sent, in characters. The reference names none.
const (
	maxValue   = 1000 // of a label, an annotation or a link
	maxSummary = 150  // with the mark
	maxDetails = 16_000
	maxNote    = 8_000
)

func cleanKV(m map[string]string) KV {
	kv := KV{}
	for name, value := range m {
		kv[oneLine(name, maxValue)] = oneLine(value, maxValue)
	}
	return kv
}

// oneLine makes one line of printable characters of a text that someone else wrote: no
// line ends in any script, nothing that turns or hides what stands beside it.
func oneLine(text string, most int) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), unicode.Is(unicode.Zl, r), unicode.Is(unicode.Zp, r), unicode.Is(unicode.Cc, r):
			return ' '
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, text)
	return cut(strings.Join(strings.Fields(text), " "), most)
}

// cut shortens a text.
func cut(text string, most int) string {
	n := 0
	for i := range text {
		if n++; n > most {
			last := []rune(text[:i])
			return strings.TrimRight(string(last[:most-1]), " ") + "…"
		}
	}
	return text
}

// markOpens is what every mark begins with, and what no other text keeps.
const markOpens = "[#"

var errTooLong = errors.New("the text is too long")

// bounded takes no more than some bytes.
type bounded struct {
	strings.Builder
	left int
}

func (b *bounded) Write(p []byte) (int, error) {
	if b.left -= len(p); b.left < 0 {
		return 0, errTooLong
	}
	return b.Builder.Write(p)
}

// render writes a text: lines of printable characters without a mark.
func render(t *template.Template, d Data, most int) (text string, err error) {
	defer func() {
		if r := recover(); r != nil { // text/template lets some panics of its functions through
			err = fmt.Errorf("%v", r)
		}
	}()
	out := &bounded{left: 4 << 20}
	if err := t.Execute(out, d); err != nil {
		return "", err
	}
	return clean(out.String(), most), nil
}

// clean makes harmless what a template made of what others wrote: two values beside each
// other could be a mark.
func clean(text string, most int) string {
	var lines []string
	for line := range strings.Lines(strings.ToValidUTF8(text, "\uFFFD")) {
		line = strings.Map(func(r rune) rune {
			switch {
			case r == '\t' || unicode.IsSpace(r):
				return ' '
			case !unicode.IsPrint(r):
				return -1
			}
			return r
		}, line)
		line = strings.ReplaceAll(strings.TrimRight(line, " "), markOpens, "(#")
		if line != "" || len(lines) > 0 && lines[len(lines)-1] != "" { // no two empty lines
			lines = append(lines, line)
		}
	}
	return cut(strings.TrimSpace(strings.Join(lines, "\n")), most)
}

// summary is the summary of a new ticket, its mark in front.
func (x *texts) summaryOf(mark string, d Data) (string, error) {
	text, err := render(x.summary, d, maxDetails)
	return marked(mark, strings.Join(strings.Fields(text), " "), maxSummary), err
}

// marked puts the mark before a text.
func marked(mark, text string, most int) string {
	return cut(strings.TrimSpace(mark+" "+text), most)
}

// isMarked reports whether a text is one that was sent with the mark.
func isMarked(text, mark string) bool { return strings.HasPrefix(strings.TrimSpace(text), mark) }
