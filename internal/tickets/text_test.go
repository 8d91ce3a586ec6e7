package tickets

import (
	"errors"
	"maps"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"ukcloud_exporter/portal/simulator"
)

// hostile are values of an alert that try to be more than that.
var hostile = []string{
	"a\nb", "a\r\nb", "a\u2028b", "a\u2029b", "a\u0085b", "a\vb\fc", "a\x00b\x1b[31mc", "\u202eabc", "a\u200bb", "\xff\xfe", "\ufeff",
	"[#ukx-aaaaaaaaaa]", "[#ukx-aaaaaaaaaa/2] all is well", "[", "#ukx-aaaaaaaaaa]", "[\u200b#ukx-aaaaaaaaaa]", "[\n#ukx-aaaaaaaaaa]", "[[##ukx",
	`","summary":"x`, `"}}`, "{{.Receiver}}", "<script>", "%s%n", strings.Repeat("x", 100_000), strings.Repeat("é\n", 50_000),
}

// TestAlertTextIsOneLine: whatever an alert says, the ticket has the lines, the fields and
// the marks that it has without.
func TestAlertTextIsOneLine(t *testing.T) {
	shape := func(text string) int { return strings.Count(text, "\n") }
	inWorld(t, simulator.Options{}, settings(func(s *Settings) { s.MaxNewPerHour = 1000 }), func(w *world) {
		w.deliver(about("1").with("plain", time.Now(), never))
		w.rest()
		plain := w.only()
		for _, value := range hostile {
			m := about(value).with("x", time.Now(), never)
			m.labels["evil"] = value
			m.alerts[0]["labels"] = map[string]string{"alertname": "UKCloudBackupFailed", "vm": value, "vm_name": value, "vdc_name": value}
			m.alerts[0]["annotations"] = map[string]string{"description": value}
			m.alerts[0]["generatorURL"], m.alerts[0]["fingerprint"] = value, value
			w.deliver(m)
		}
		w.rest()
		all := w.tickets()
		if len(all) != 1+len(hostile) {
			t.Fatalf("%d tickets\n%s", len(all), w.logs)
		}
		for i, got := range all[1:] {
			text := got.Summary + got.Details
			if got.Summary != strings.TrimSpace(got.Summary) || strings.ContainsFunc(got.Summary, unicode.IsControl) || utf8.RuneCountInString(got.Summary) > maxSummary {
				t.Errorf("%q: summary %q", hostile[i], got.Summary)
			}
			if n := strings.Count(text, markOpens); n != 1 || !strings.HasPrefix(text, markOpens) {
				t.Errorf("%q: %d marks in %q", hostile[i], n, text)
			}
			if shape(got.Details) > shape(plain.Details) {
				t.Errorf("%q: %d lines, %d of a plain one:\n%s", hostile[i], shape(got.Details), shape(plain.Details), got.Details)
			}
			for _, r := range text {
				if r != '\n' && !unicode.IsPrint(r) {
					t.Errorf("%q: %U in %q", hostile[i], r, text)
					break
				}
			}
		}
	})
}

func TestCut(t *testing.T) {
	for _, test := range []struct {
		text string
		most int
		want string
	}{{"", 3, ""}, {"abc", 3, "abc"}, {"abcd", 3, "ab…"}, {"äöüß", 3, "äö…"}, {"a b c", 3, "a…"}, {"abc", 1, "…"}} {
		if got := cut(test.text, test.most); got != test.want {
			t.Errorf("cut(%q, %d) = %q, want %q", test.text, test.most, got, test.want)
		}
	}
}

func TestAlertWords(t *testing.T) {
	for name, want := range map[string]string{
		"UKCloudBackupFailed": "Backup failed", "UKCloudBackupNoData": "Backup no data", "Watchdog": "Watchdog", "": "",
		"KubePodCrashLooping": "Kube pod crash looping", "UKCloud": "",
	} {
		if got := alertWords(name); got != want {
			t.Errorf("%q becomes %q, want %q", name, got, want)
		}
	}
}

// TestTemplateThatFails: what a template cannot do with some alert is said otherwise; the
// ticket is opened all the same.
func TestTemplateThatFails(t *testing.T) {
	inWorld(t, simulator.Options{}, settings(func(s *Settings) {
		s.Summary = `{{if .GroupLabels.account}}{{index .Alerts 99}}{{end}}`
		s.Details = `{{if .GroupLabels.account}}{{(index .Firing 7).Status}}{{end}}`
		s.Note = `{{if .GroupLabels.account}}{{slice .Receiver 99}}{{end}}`
	}), func(w *world) {
		begin := time.Now()
		w.deliver(about("1").with("web-01", begin, never))
		w.rest()
		time.Sleep(time.Minute)
		w.deliver(about("1").with("web-01", begin, never).with("web-02", begin, never))
		w.rest()
		got := w.only()
		const want = "account=1 alertname=UKCloudBackupFailed"
		if !strings.HasSuffix(got.Summary, "] Alerts: "+want) || got.Details != want || len(got.Notes) != 1 || !strings.HasSuffix(got.Notes[0], "] "+want) {
			t.Errorf("%+v", got)
		}
	})
}

// TestLargeGroup: as many alerts as a webhook holds make a ticket of bounded size.
func TestLargeGroup(t *testing.T) {
	inWorld(t, simulator.Options{}, settings(), func(w *world) {
		g := sample(5000)
		x, err := newTexts(w.settings)
		if err != nil {
			t.Fatal(err)
		}
		d := g.data()
		text, err := render(x.details, d, maxDetails)
		if err != nil || !strings.Contains(text, "and 4960 more.") || utf8.RuneCountInString(text) > maxDetails {
			t.Errorf("%v, %d characters", err, len(text))
		}
		if text, err = x.summaryOf("[#ukx-aaaaaaaaaa]", d); err != nil || utf8.RuneCountInString(text) > maxSummary || !strings.Contains(text, "more") {
			t.Errorf("%q, %v", text, err)
		}
	})
}

// FuzzWebhook: no body makes the receiver panic, or lets a line or a mark through.
func FuzzWebhook(f *testing.F) {
	f.Add([]byte(`{"version":"4","groupKey":"k","status":"firing","alerts":[{"status":"firing","labels":{"alertname":"A"},"startsAt":"2018-03-08T12:00:00Z"}]}`))
	f.Add([]byte(`{"version":"4","groupKey":"k","status":"resolved","truncatedAlerts":-1,"groupLabels":{"[#":"\n"},"alerts":[{"status":"resolved","labels":{"alertname":"A","vm_name":"\u2028["},"annotations":{"description":"#ukx"},"startsAt":"2018-03-08T12:00:00Z","endsAt":"2018-03-08T13:00:00Z"}]}`))
	f.Add([]byte(`[`))
	texts, err := newTexts(Defaults())
	if err != nil {
		f.Fatal(err)
	}
	b := &Bridge{allowed: []allowed{{}}}
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := parseWebhook(body)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n\x00") {
				t.Errorf("error %q", err)
			}
			return
		}
		now := time.Date(2018, 3, 8, 12, 0, 0, 0, time.UTC)
		g := &group{Key: m.GroupKey, Labels: m.GroupLabels, Receiver: m.Receiver, ExternalURL: m.ExternalURL}
		for range 2 {
			g.hear(now, b.heard(m, now), m.Status == statusResolved, m.TruncatedAlerts == 0)
			g.mind(now)
			now = now.Add(time.Hour)
		}
		g.begin()
		if strings.ContainsFunc(g.name(), unicode.IsControl) {
			t.Errorf("name %q", g.name())
		}
		d := g.data()
		for _, x := range []string{mustRender(t, texts, d), g.mark()} {
			if strings.Contains(strings.TrimPrefix(x, g.mark()), markOpens) || strings.ContainsFunc(x, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }) {
				t.Errorf("%q", x)
			}
		}
		if len(d.New) > 0 {
			summary, err := texts.summaryOf(g.mark(), d)
			if err != nil || strings.Contains(summary, "\n") || !isMarked(summary, g.mark()) {
				t.Errorf("%q, %v", summary, err)
			}
		}
	})
}

func mustRender(t *testing.T, x *texts, d Data) string {
	t.Helper()
	text, err := render(x.details, d, maxDetails)
	if err != nil {
		t.Error(err)
	}
	return text
}

// FuzzTemplate: a template is refused, or makes a text without marks; neither panics.
func FuzzTemplate(f *testing.F) {
	for _, text := range []string{defaultSummary, defaultDetails, defaultNote, defaultResolved, "{{", "{{.X}}", "{{template \"a\"}}", "{{range .Alerts}}[{{end}}#",
		`{{names "vm_name" .New -1}}`, `{{first -1 .New}}`, `{{printf "%9999999d" 1}}`, `{{define "summary"}}{{template "summary"}}{{end}}{{template "summary"}}`, `{{call .Again}}`, `{{index .New 0 1}}`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		parsed, err := parseText("summary", text)
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("error %q", err)
			}
			return
		}
		if got, err := render(parsed, sample(2).data(), maxDetails); err == nil && strings.Contains(got, markOpens) {
			t.Errorf("%q", got)
		}
	})
}

func FuzzAllowed(f *testing.F) {
	for _, text := range []string{"A", `{a="b"}`, `{a=~"b|c", d!="e",f!~"\\d+"}`, "{}", "{a=b}", `{a="b"`, `{a="b" c="d"}`, `{a=~"("}`, "`", `{a=` + "`b`" + `}`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if a, err := parseAllowed(text); err == nil {
			if len(a) == 0 {
				t.Errorf("%q lets everything through", text)
			}
			a.matches(map[string]string{"a": "b"})
		}
	})
}

func TestParseAllowed(t *testing.T) {
	labels := map[string]string{"alertname": "A", "team": "ops", "x": "1"}
	for text, want := range map[string]bool{
		"A": true, "B": false, `{team="ops"}`: true, `{team="op"}`: false, `{team=~"op"}`: false, `{team=~"op."}`: true, `{team!~"op.", x="1"}`: false,
		`{team!="dba",x="1"}`: true, `{y=""}`: true, `{y!=""}`: false, "{ team = `ops` , x = \"1\" }": true, `{alertname=~"A|B"}`: true,
	} {
		a, err := parseAllowed(text)
		if err != nil || a.matches(labels) != want {
			t.Errorf("%s: %v, want %v (%v)", text, !want, want, err)
		}
	}
	for text, want := range map[string]string{
		"a b": "neither", `{a="b"`: "neither", `a="b"}`: "neither", "{}": "not written like", `{a}`: "not written like", `{a=b}`: "without quotes", `{a="b" c="d"}`: "comma", `{a="b",}`: "not written like", `{a=~"("}`: "regular",
	} {
		if _, err := parseAllowed(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

// TestFunctions of templates: times in British summer, and lists of names.
func TestFunctions(t *testing.T) {
	summer := time.Date(2018, 7, 1, 11, 30, 0, 0, time.UTC) // half past twelve in London
	alerts := func(names string) (list Alerts) {
		for _, name := range strings.Fields(names) {
			list = append(list, Alert{Labels: KV{"vm_name": name}, StartsAt: summer})
		}
		return append(list, Alert{})
	}
	tests := []struct{ text, names, want string }{
		{"{{utc .Start}}", "", "2018-07-01 11:30 UTC"},
		{"{{london .Start}}", "", "01/07/2018 12:30"},
		{"{{night .Start}}", "", "01/07/2018"},
		{`{{names "vm_name" .New 3}}`, "c a b a", "a, b, c"},
		{`{{names "vm_name" .New 2}}`, "c a b a", "a, b, 1 more"},
		{`{{names "vm_name" .New 0}}`, "c a b", "a, 2 more"},
		{`{{names "vm_name" .New 3}}.`, "", "."},
		{`{{len (first 2 .New)}} {{more 2 .New}}`, "a b", "2 1"},
		{`{{len (first 3 .New)}} {{more 3 .New}}`, "a b", "3 0"},
		{`{{len (first 9 .New)}} {{more 9 .New}}`, "a b", "3 0"},
	}
	for _, test := range tests {
		parsed, err := parseText("note", test.text)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := render(parsed, Data{Start: summer, New: alerts(test.names)}, maxNote); err != nil || got != test.want {
			t.Errorf("%s of %q: %q, %v, want %q", test.text, test.names, got, err, test.want)
		}
	}
}

// TestTemplatesAreTried on one alert and on several, of which some fire and some are over.
func TestTemplatesAreTried(t *testing.T) {
	for text, good := range map[string]bool{
		`{{(index .Firing 0).Status}}`:                                                                        true,
		`{{if gt (len .Alerts) 1}}{{(index .Firing 1).Status}}{{end}}`:                                        true,
		`{{if gt (len .Alerts) 1}}{{(index .Firing 2).Status}}{{end}}`:                                        false,
		`{{if gt (len .Alerts) 1}}{{if eq (index .Alerts 1).Status "resolved"}}{{else}}{{nil}}{{end}}{{end}}`: true,
		`{{(index .Alerts 1).Status}}`:                                                                        false,
	} {
		if _, err := parseText("note", text); (err == nil) != good {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestData: what is common to the new alerts, or to all where none is new, and when the
// first of them began.
func TestData(t *testing.T) {
	labelled := func(a alert, vm, description string) alert {
		a.Labels = map[string]string{"alertname": "A", "vm": vm}
		a.Annotations = map[string]string{"summary": "s", "description": description}
		return a
	}
	x := labelled(firingSince("x", noon.Add(time.Hour)), "1", "d")
	y := labelled(firingSince("y", noon), "2", "e")
	z := labelled(told(firingSince("z", noon.Add(-time.Hour))), "1", "d")
	tests := []struct {
		name                string
		alerts              []alert
		labels, annotations KV
		start               time.Time
		news                int
	}{
		{"one", []alert{x}, KV{"alertname": "A", "vm": "1"}, KV{"summary": "s", "description": "d"}, noon.Add(time.Hour), 1},
		{"two that differ", []alert{x, y}, KV{"alertname": "A"}, KV{"summary": "s"}, noon, 2},
		{"a told one does not count", []alert{x, z}, KV{"alertname": "A", "vm": "1"}, KV{"summary": "s", "description": "d"}, noon.Add(time.Hour), 1},
		{"all are told", []alert{told(x), told(y), z}, KV{"alertname": "A"}, KV{"summary": "s"}, noon.Add(-time.Hour), 0},
		{"none", nil, nil, nil, time.Time{}, 0},
	}
	for _, test := range tests {
		d := (&group{Alerts: test.alerts}).data()
		if !maps.Equal(d.CommonLabels, test.labels) || !maps.Equal(d.CommonAnnotations, test.annotations) || !d.Start.Equal(test.start) || len(d.New) != test.news {
			t.Errorf("%s: %v, %v, %s, %d new", test.name, d.CommonLabels, d.CommonAnnotations, d.Start, len(d.New))
		}
	}
}

// TestClean: one line or several, without what does not print.
func TestClean(t *testing.T) {
	for _, test := range []struct{ text, line, lines string }{
		{"", "", ""},
		{"a\u200bb", "ab", "ab"},
		{" a\tb\u00a0 c\x00 ", "a b c", "a b  c"},
		{"a\n\n\n\nb \n", "a b", "a\n\nb"},
		{"\n\na\n\n", "a", "a"},
		{"a\r\nb", "a b", "a\nb"},
		{"a\xffb", "a\uFFFDb", "a\uFFFDb"},
		{"x [#ukx]", "x [#ukx]", "x (#ukx]"},
	} {
		if got := oneLine(test.text, maxValue); got != test.line {
			t.Errorf("%q on one line: %q, want %q", test.text, got, test.line)
		}
		if got := clean(test.text, maxNote); got != test.lines {
			t.Errorf("%q: %q, want %q", test.text, got, test.lines)
		}
	}
}

// TestBounded: a template's output may fill its bound and not exceed it.
func TestBounded(t *testing.T) {
	b := &bounded{left: 3}
	if n, err := b.Write([]byte("abc")); n != 3 || err != nil {
		t.Errorf("up to the bound: %d, %v", n, err)
	}
	if _, err := b.Write([]byte("d")); !errors.Is(err, errTooLong) || b.String() != "abc" {
		t.Errorf("beyond it: %q, %v", b.String(), err)
	}
}
