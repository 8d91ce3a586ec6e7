package assets

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kingpin/v2"
	gocmp "github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"go.yaml.in/yaml/v3"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var repository = os.DirFS("../../..")

// run runs the command as the program does.
func run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	app := kingpin.New("ukcloud_exporter", "Test.").Terminate(nil)
	runs := Register(app, Environment{Stdout: &out, Files: repository})
	name, err := app.Parse(append([]string{"assets"}, args...))
	if err != nil {
		t.Fatalf("%q: %v", args, err)
	}
	err = runs[name](t.Context(), nil)
	return out.String(), err
}

func write(t *testing.T, args ...string) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "a", "b")
	if out, err := run(t, append([]string{"write", dir}, args...)...); err != nil {
		t.Fatalf("%q: %v\n%s", args, err, out)
	}
	return dir
}

func readFile(t *testing.T, path ...string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestAsTheyAre: without values, what is written is the repository's files, and
// list names all of them.
func TestAsTheyAre(t *testing.T) {
	dir := write(t)
	sources := map[string]string{
		"alerts/ukcloud.rules.yml": "", "alerts/budget.example.yml": "", "config.example.yml": "",
		"systemd/ukcloud_exporter.service": "deploy/", "systemd/ukcloud_exporter@.service": "deploy/", "systemd/config.yml": "deploy/", "systemd/default": "deploy/",
	}
	boards, _ := filepath.Glob("../../../dashboards/*.json")
	for _, board := range boards {
		sources["dashboards/"+filepath.Base(board)] = ""
	}
	list, err := run(t, "list")
	if err != nil {
		t.Fatal(err)
	}
	var listed []string
	for line := range strings.Lines(list) {
		name, use, _ := strings.Cut(line, " ")
		if listed = append(listed, name); len(strings.TrimSpace(use)) < 10 {
			t.Errorf("list does not say what %s is for: %q", name, line)
		}
	}
	slices.Sort(listed)
	if diff := gocmp.Diff(slices.Sorted(maps.Keys(sources)), listed); diff != "" || len(boards) < 7 {
		t.Errorf("listed (-want +got):\n%s", diff)
	}
	for name, folder := range sources {
		if !bytes.Equal(readFile(t, dir, name), readFile(t, "../../..", folder+name)) {
			t.Errorf("%s is not the repository's", name)
		}
	}
}

// allValues are values for everything.
func allValues() []string {
	return []string{
		"--runbook-url=https://git.example.com/ukcloud/blob/main/", "--dashboard-url=http://grafana.example.com:3000/sub",
		"--label=team=platform & cloud", "--label=env=5", "--label=on_call=true", "--label=colon=a: b # c", "--label=job=ukcloud", "--label=job=ukcloud-2",
		"--budget=1=5000", "--budget=42=1250.50", "--datasource=Main Prometheus",
	}
}

type rulesOf struct {
	Groups []struct {
		Name     string
		Interval string
		Rules    []map[string]any
	}
}

func rules(t *testing.T, text []byte) (file rulesOf) {
	t.Helper()
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestRules: each alert has absolute links and the labels, and nothing else differs
// from the repository's, comments included.
func TestRules(t *testing.T) {
	source := readFile(t, "../../../alerts/ukcloud.rules.yml")
	written := readFile(t, write(t, allValues()...), "alerts/ukcloud.rules.yml")
	want, alerts := rules(t, source), 0
	for _, group := range want.Groups {
		for _, rule := range group.Rules {
			if rule["alert"] == nil {
				continue
			}
			alerts++
			annotations, labels := rule["annotations"].(map[string]any), rule["labels"].(map[string]any)
			annotations["runbook_url"] = "https://git.example.com/ukcloud/blob/main/docs/runbooks/" + rule["alert"].(string) + ".md"
			annotations["dashboard_url"] = "http://grafana.example.com:3000/sub" + annotations["dashboard_url"].(string)
			if !strings.HasPrefix(annotations["dashboard_url"].(string), "http://grafana.example.com:3000/sub/d/ukcloud-") {
				t.Errorf("%s leads to %s", rule["alert"], annotations["dashboard_url"])
			}
			labels["team"], labels["env"], labels["on_call"], labels["colon"] = "platform & cloud", "5", "true", "a: b # c"
		}
	}
	if diff := gocmp.Diff(want, rules(t, written)); diff != "" || alerts < 20 {
		t.Errorf("%d alerts (-want +got):\n%s", alerts, diff)
	}
	if diff := gocmp.Diff(comments(source), comments(written)); diff != "" {
		t.Errorf("comments (-want +got):\n%s", diff)
	}
}

func comments(text []byte) (lines []string) {
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	return lines
}

// TestPromtool: Prometheus takes the rules as they are written, whatever is asked.
func TestPromtool(t *testing.T) {
	path, err := exec.LookPath(cmp.Or(os.Getenv("PROMTOOL"), "promtool"))
	if err != nil {
		t.Skip("PROMTOOL IS NOT INSTALLED: THE RULES ARE NOT TESTED (Debian: apt-get install prometheus)")
	}
	for _, test := range []struct {
		name, budget string
		args         []string
	}{
		{"nothing", "budget.example.yml", nil},
		{"everything", "budget.yml", allValues()},
		{"links", "budget.example.yml", []string{"--runbook-url=https://[::1]:8443/a%20b", "--dashboard-url=https://grafana.example.com"}},
		{"label", "budget.example.yml", []string{"--label=team=größe [x] {y}: - *z &a !b %c @d |e >f,g"}},
		{"budget", "budget.yml", []string{"--budget=1=0.000000001", "--budget=9223372036854775807=9000000000"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := write(t, test.args...)
			out, err := exec.CommandContext(t.Context(), path, "check", "rules", "--lint=all", "--lint-fatal",
				filepath.Join(dir, "alerts", "ukcloud.rules.yml"), filepath.Join(dir, "alerts", test.budget)).CombinedOutput()
			if err != nil {
				t.Errorf("promtool: %v\n%s", err, out)
			}
		})
	}
}

// TestBudget: one rule for each account, to the penny, and the example is not
// written beside it.
func TestBudget(t *testing.T) {
	dir := write(t, "--budget=42=1250.50", "--budget=1=5000")
	got := map[string]string{}
	for _, rule := range rules(t, readFile(t, dir, "alerts/budget.yml")).Groups[0].Rules {
		if rule["record"] != "ukcloud:budget_month_gbp" {
			t.Errorf("a rule for %v", rule["record"])
		}
		got[rule["labels"].(map[string]any)["account"].(string)] = rule["expr"].(string)
	}
	if diff := gocmp.Diff(map[string]string{"42": "vector(1250.5)", "1": "vector(5000)"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if entries, err := os.ReadDir(filepath.Join(dir, "alerts")); len(entries) != 2 || err != nil {
		t.Errorf("alerts has %v, %v", entries, err)
	}
}

// TestDashboards: each opens with the data source and the jobs, Overview leads to
// the runbooks, and nothing else differs, to the byte.
func TestDashboards(t *testing.T) {
	dir := write(t, allValues()...)
	boards, _ := filepath.Glob("../../../dashboards/*.json")
	runbooks := 0
	for _, source := range boards {
		var before, after map[string]any
		text := readFile(t, dir, "dashboards", filepath.Base(source))
		for into, from := range map[*map[string]any][]byte{&before: readFile(t, source), &after: text} {
			if err := json.Unmarshal(from, into); err != nil {
				t.Fatalf("%s: %v", source, err)
			}
		}
		set := map[string]bool{}
		for _, item := range before["templating"].(map[string]any)["list"].([]any) {
			variable := item.(map[string]any)
			name := variable["name"].(string)
			set[name] = true
			one := func(value any) map[string]any { return map[string]any{"selected": true, "text": value, "value": value} }
			switch name {
			case "datasource":
				variable["current"] = one("Main Prometheus")
			case "job":
				variable["current"] = one([]any{"ukcloud", "ukcloud-2"})
			case "runbooks":
				runbooks++
				link := "https://git.example.com/ukcloud/blob/main/docs/runbooks"
				variable["query"], variable["current"], variable["options"] = link, one(link), []any{one(link)}
			}
		}
		if !set["datasource"] || !set["job"] {
			t.Errorf("%s has the variables %v", source, set)
		}
		if diff := gocmp.Diff(before, after); diff != "" {
			t.Errorf("%s (-want +got):\n%s", source, diff)
		}
		datasources(t, source, after)
	}
	if len(boards) < 7 || runbooks == 0 {
		t.Errorf("%d dashboards, %d with a link to runbooks", len(boards), runbooks)
	}
	// What is decoded and encoded again is the generator's bytes.
	for _, source := range boards {
		text := readFile(t, source)
		same, err := values{repository: "https://git.example.com"}.dashboard(text)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(text, []byte(`"runbooks"`)) && !bytes.Equal(text, same) {
			t.Errorf("%s: bytes that no value changes have changed", source)
		}
	}
}

// datasources: every query asks the variable's data source, so that its choice is all.
func datasources(t *testing.T, name string, tree any) {
	t.Helper()
	switch node := tree.(type) {
	case map[string]any:
		if source, ok := node["datasource"].(map[string]any); ok && source["uid"] != "${datasource}" && source["uid"] != "-- Grafana --" {
			t.Errorf("%s asks the data source %v", name, source)
		}
		for _, child := range node {
			datasources(t, name, child)
		}
	case []any:
		for _, child := range node {
			datasources(t, name, child)
		}
	}
}

// TestRefused: what cannot be meant is one line that names the flag, what was given
// and the reason, and nothing is written.
func TestRefused(t *testing.T) {
	for _, test := range []struct{ flag, value, reason string }{
		{"runbook-url", "git.example.com/runbooks", "does not begin with https:// or http://"},
		{"runbook-url", "docs", "does not begin with https:// or http://"},
		{"runbook-url", "javascript:alert(1)", "does not begin with https:// or http://"},
		{"runbook-url", "https:///docs", "has no host"},
		{"runbook-url", "https://:443/docs", "has no host"},
		{"runbook-url", "https://a:Canary48151623@git.example.com", "has a user or a password in it, for everybody to read"},
		{"runbook-url", "https://a:Canary48151623@git.example.com/%zz", "is not a URL"},
		{"runbook-url", "https://git.example.com/?raw=1", "has a query or a fragment, and a path comes behind it"},
		{"runbook-url", "https://git.example.com/#docs", "has a query or a fragment, and a path comes behind it"},
		{"runbook-url", "https://git.example.com/\nlabels: x", `has the character '\n', which cannot be seen`},
		{"runbook-url", "https://git.example.com/{{ query }}", "has {{, which begins a template"},
		{"runbook-url", "https://git.example.com/${job}", "has the character $"},
		{"runbook-url", "https://git.example.com/a b", "has a character that belongs into no URL"},
		{"runbook-url", "https://git.example.com/%zz", "is not a URL"},
		{"dashboard-url", `https://grafana.example.com"`, `has the character "`},
		{"dashboard-url", "grafana.example.com", "does not begin with https:// or http://"},
		{"dashboard-url", "https://grafana.example.com ", "has a blank at its begin or end"},
		{"datasource", "a\"b", `has the character "`},
		{"datasource", "${DS_PROMETHEUS}", "has the character $"},
		{"datasource", "a\nb", `has the character '\n', which cannot be seen`},
		{"datasource", "a\x00", `has the character '\x00', which cannot be seen`},
		{"datasource", "a\xff", "is not UTF-8"},
		{"label", "team", "is not NAME=VALUE"},
		{"label", "=a", `"" is not a label's name`},
		{"label", "te-am=a", `"te-am" is not a label's name`},
		{"label", "team\n=a", `"team\n" is not a label's name`},
		{"label", "__name__=a", `"__name__" is not a label's name`},
		{"label", "team=", "the value is empty"},
		{"label", `team=a"b`, `the value has the character "`},
		{"label", "team=it's", "the value has the character '"},
		{"label", "team=a\nb", `the value has the character '\n', which cannot be seen`},
		{"label", "team={{ $value }}", "the value has {{, which begins a template"},
		{"label", "job=a|\\d", `the value has the character \`},
		{"budget", "5000", "is not ACCOUNT=POUNDS"},
		{"budget", "acme=5000", `"acme" is not an account id (decimal digits)`},
		{"budget", "01=5000", `"01" is not an account id (decimal digits)`},
		{"budget", "1\n=5000", `"1\n" is not an account id (decimal digits)`},
		{"budget", "1=", `"" is not a decimal number`},
		{"budget", "1=5,000", `"5,000" is not a decimal number`},
		{"budget", "1=£5000", `"£5000" is not a decimal number`},
		{"budget", "1=5000\n", `"5000\n" is not a decimal number`},
		{"budget", "1=NaN", `"NaN" is not a decimal number`},
		{"budget", "1=99999999999999999999", `"99999999999999999999" is out of range`},
		{"budget", "1=0", "a budget is more than nothing"},
		{"budget", "1=-5", "a budget is more than nothing"},
	} {
		t.Run(test.flag+" "+test.reason, func(t *testing.T) { refused(t, test.reason, "--"+test.flag+"="+test.value) })
	}
	refused(t, "account 1 has a budget already", "--budget=1=5", "--budget=1=6")
	refused(t, "team has a value already", "--label=team=a", "--label=team=b")
	refused(t, "the rules give account a meaning of their own", "--label=account=x")
}

// TestLabelsOfRules: what the rules tell series and alerts apart by is not to be had.
func TestLabelsOfRules(t *testing.T) {
	names := labelsOfRules(string(readFile(t, "../../../alerts/ukcloud.rules.yml")))
	for _, name := range []string{
		"job", "account", "vorg", "vdc", "vm", "vm_name", "vdc_name", "vorg_name", "instance", "alertname", "severity", "pace",
		"power_state", "collector", "kind", "reason", "state", "check", "field", "size", "os",
	} {
		if !names[name] {
			t.Errorf("%s is not among %v", name, slices.Sorted(maps.Keys(names)))
		}
	}
	for _, name := range []string{"team", "env", "cluster", "tenant"} {
		if names[name] {
			t.Errorf("%s is among them", name)
		}
	}
}

func refused(t *testing.T, reason string, args ...string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "new")
	out, err := run(t, append([]string{"write", dir}, args...)...)
	flag, _, _ := strings.Cut(args[len(args)-1], "=")
	switch {
	case err == nil:
		t.Errorf("%q is taken: %s", args, out)
	case strings.Contains(err.Error(), "Canary"):
		t.Errorf("%q: the password is in %q", args, err)
	case !strings.HasPrefix(err.Error(), flag) || !strings.HasSuffix(err.Error(), ": "+reason) || strings.ContainsAny(err.Error(), "\n\x00"):
		t.Errorf("%q: %q, want %s …: %s", args, err, flag, reason)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("%q: something is written (%v)", args, err)
	}
}

// TestOneValueAlone: a value changes the files that have a place for it, whatever else
// is given, and no others.
func TestOneValueAlone(t *testing.T) {
	const rulesFile, board = "alerts/ukcloud.rules.yml", "dashboards/ukcloud-overview.json"
	tests := []struct {
		flag    string
		changed []string
	}{
		{"--datasource=prom-1", []string{board}},
		{"--label=job=ukcloud", []string{board}},
		{"--runbook-url=https://git.example.com/x", []string{rulesFile, board}},
		{"--dashboard-url=https://grafana.example.com", []string{rulesFile}},
		{"--label=team=cloud", []string{rulesFile}},
	}
	for _, tt := range tests {
		t.Run(tt.flag, func(t *testing.T) {
			dir := write(t, tt.flag)
			for _, name := range []string{rulesFile, board} {
				changed := !bytes.Equal(readFile(t, dir, name), readFile(t, "../../..", name))
				if changed != slices.Contains(tt.changed, name) {
					t.Errorf("%s changed: %v", name, changed)
				}
			}
		})
	}
}
