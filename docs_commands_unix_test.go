//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"ukcloud_exporter/internal/testutil"
)

// notRun are the commands of the documentation that are not run by TestCommands, each
// by its beginning, and why. Every other command is run, and must end with status 0.
var notRun = []exception{
	{"README.md", "make test", "it would run itself"},
	{"README.md", "make dist", "minutes; deploy/packaging/dist builds and tests it"},
	{"README.md", "sudo apt-get install", "it changes the machine; TestInstall of deploy/packaging/dist does it"},
	{"README.md", "make image", "no container engine; deploy/packaging/image builds the Dockerfile with buildah"},
	{"CONTRIBUTING.md", "make ", "it would run itself, or takes minutes; .ci/run runs them"},
	{"CONTRIBUTING.md", ".ci/run", "it would run itself"},
	{"docs/dashboards.md", "docker compose", "no container engine; deploy/deploy_test.go reads what it starts"},
	{"docs/dashboards.md", "UKCLOUD_DASHBOARDS=", "no Grafana; deploy/deploy_test.go reads its provisioning"},
	{"deploy/README.md", "apt-get install", "it changes the machine; TestInstall of deploy/packaging/dist does it"},
	{"deploy/README.md", "editor ", "it asks a person"},
	{"deploy/README.md", "install -m 0600 /dev/stdin /etc/", "it changes the machine; TestInstall of deploy/packaging/dist does it"},
	{"deploy/README.md", "systemctl ", "it changes the machine; TestSystemd of deploy/packaging/dist does it in a container"},
	{"deploy/README.md", "make image", "no container engine; deploy/packaging/image builds the Dockerfile with buildah"},
	{"deploy/README.md", "docker run", "no container engine; deploy/packaging/image runs the image's files as its user"},
	{"deploy/README.md", "kubectl ", "no cluster; deploy/packaging/chart renders and validates what it would get"},
	{"deploy/README.md", "helm ", "no cluster; deploy/packaging/chart renders the chart with Helm's library"},
}

type exception struct{ page, command, reason string }

// given is what a page, or one command of it, takes for granted, in a copy of the
// repository with the program in the path.
var given = map[string]string{
	"README.md": "rm $BIN/ukcloud_exporter", // README says how to get it
	"docs/billing.md": `ukcloud_exporter simulate --accounts=1 --vms=6 --now=2019-01-15
		export UKCLOUD_URL=http://127.0.0.1:10049/api UKCLOUD_EMAIL=demo@example.com UKCLOUD_PASSWORD=demo`,
	"docs/billing.md promtool tsdb create-blocks-from rules": prometheusOfOurs + `
		prometheus --config.file=/etc/prometheus/prometheus.yml --storage.tsdb.path=/var/lib/prometheus --storage.tsdb.retention.time=50y`,
	"docs/lake.md": `ukcloud_exporter simulate --accounts=1 --vms=6 --now=2018-02-15
		export UKCLOUD_URL=http://127.0.0.1:10049/api UKCLOUD_EMAIL=demo@example.com UKCLOUD_PASSWORD=demo`,
	"docs/operating.md": prometheusOfOurs,
	"CONTRIBUTING.md":   "git init --quiet && git add --all",
}

// servers are commands that run until they are told to stop. The next command comes
// when they are ready, and what has the same port is ended before.
var servers = []server{
	{regexp.MustCompile(`^ukcloud_exporter simulate\b`), "10049", "--listen-address=%s", "/api/ping"},
	{regexp.MustCompile(`^ukcloud_exporter( --config\.file=\S+| demo( .*)?)?$`), "10048", "--web.listen-address=%s", "/-/ready"},
	{regexp.MustCompile(`^make demo$`), "10048", "DEMO=--web.listen-address=%s", "/-/ready"},
	{regexp.MustCompile(`^prometheus `), "9090", "--web.listen-address=%s", "/-/ready"},
	{regexp.MustCompile(`^alertmanager `), "9093", "--web.listen-address=%s", "/-/ready"},
}

// shorter is what would take minutes as it stands: hours of rules instead of weeks.
var shorter = strings.NewReplacer("--start=2018-12-10T00:00:00Z", "--start=2018-12-30T22:00:00Z")

const prometheusOfOurs = "cp alerts/*.yml deploy/prometheus.yml /etc/prometheus && sed -i 's#../alerts/##' /etc/prometheus/prometheus.yml"

type server struct {
	command *regexp.Regexp
	port    string // as the pages have it
	flag    string // with which it listens elsewhere
	ready   string // what it answers when it is ready
}

// TestCommands does what README and the pages of docs say, command by command, in a
// copy of the repository and on ports of its own.
func TestCommands(t *testing.T) {
	if testing.Short() {
		t.Skip("IT BUILDS AND STARTS SERVERS: COMMANDS OF THE DOCUMENTATION ARE NOT RUN")
	}
	testutil.Need(t, "bash", "make", "curl", "promtool", "prometheus", "prometheus-alertmanager")
	program := build(t)
	used, run, left := make([]bool, len(notRun)), 0, 0
	for _, page := range pages(t) {
		commands := commandsOf(t, page)
		if len(commands) == 0 {
			continue
		}
		left++
		t.Run(page, func(t *testing.T) {
			left--
			var d *desk
			for _, command := range commands {
				if i := slices.IndexFunc(notRun, func(n exception) bool {
					return n.page == page && strings.HasPrefix(command, n.command)
				}); i >= 0 && !isServer(command) {
					used[i] = true
					continue
				}
				if d == nil {
					d = newDesk(t, program)
					d.doEach(given[page])
				}
				for before, what := range given {
					if prefix, of := strings.CutPrefix(before, page+" "); of && strings.HasPrefix(command, prefix) {
						d.doEach(what)
					}
				}
				d.do(command)
				run++
			}
		})
	}
	if left > 0 {
		return // somebody has chosen pages by -run
	}
	if run < 25 {
		t.Errorf("%d commands were run", run)
	}
	for i, n := range notRun {
		if !used[i] {
			t.Errorf("%s has no command %q any more", n.page, n.command)
		}
	}
}

var (
	fence = regexp.MustCompile("^( *)```(\\w*)$")
	// commandLike is a line outside of a block of commands that looks like one.
	commandLike = regexp.MustCompile(`^( {4,})?\$ |^ {4,}(ukcloud_exporter|curl|make|go|docker|promtool|prometheus)( |$)`)
)

// commandsOf are the commands of a page. In a block of `console` a command begins
// behind a prompt, $ or #, and goes on to the next; a block of `sh` is one command.
func commandsOf(t *testing.T, page string) (commands []string) {
	t.Helper()
	language, indent := "", ""
	text := read(t, page)
	for number, line := range strings.Split(text, "\n") {
		if match := fence.FindStringSubmatch(line); match != nil {
			indent = match[1]
			switch {
			case language != "":
				language = ""
				continue
			case !slices.Contains([]string{"console", "sh", "text", "yaml", "promql", "go", "json", "sql"}, match[2]):
				t.Errorf("%s:%d: the block %q says no language that this test knows", page, number+1, match[2])
			}
			if language = match[2]; language == "sh" {
				commands = append(commands, "")
			}
			continue
		}
		line = strings.TrimPrefix(line, indent)
		switch {
		case language == "console" && (strings.HasPrefix(line, "$ ") || strings.HasPrefix(line, "# ")):
			commands = append(commands, withoutComment(line[2:]))
		case language == "console" && len(commands) > 0 || language == "sh":
			commands[len(commands)-1] += "\n" + line
		case language == "" && commandLike.MatchString(line):
			t.Errorf("%s:%d: a command outside of a block: %s", page, number+1, line)
		}
	}
	if language != "" {
		t.Errorf("%s: a block does not end", page)
	}
	for i := range commands {
		commands[i] = strings.TrimSpace(commands[i])
	}
	return commands
}

// withoutComment is a command without what follows it for people.
func withoutComment(line string) string {
	command, _, _ := strings.Cut(line, "  #")
	return strings.TrimRight(command, " ")
}

func isServer(command string) bool {
	return slices.ContainsFunc(servers, func(s server) bool { return s.command.MatchString(command) })
}

// desk is where somebody follows a page: a shell in a copy of the repository, and
// terminals in which servers run.
type desk struct {
	t       *testing.T
	home    string // what stands in for the machine's own directories is below it
	ports   map[string]string
	running map[string]*process // by the port that the pages have
	env     []string
	dir     string
}

func newDesk(t *testing.T, program string) *desk {
	t.Helper()
	d := &desk{t: t, home: t.TempDir(), ports: map[string]string{}, running: map[string]*process{}}
	d.dir = filepath.Join(d.home, "ukcloud_exporter")
	copyTree(t, d.dir)
	for _, s := range servers {
		if d.ports[s.port] == "" {
			d.ports[s.port] = testutil.FreeAddress(t)
		}
	}
	bin := filepath.Join(d.home, "usr/local/bin")
	for _, name := range []string{bin, filepath.Join(d.home, "etc/prometheus"), filepath.Join(d.home, "var/lib/prometheus")} {
		if err := os.MkdirAll(name, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	alertmanager, err := exec.LookPath("prometheus-alertmanager") // Debian's name for it
	if err != nil {
		t.Fatal(err)
	}
	for name, target := range map[string]string{"ukcloud_exporter": program, "alertmanager": alertmanager} {
		if err := os.Symlink(target, filepath.Join(bin, name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "UKCLOUD_") {
			d.env = append(d.env, variable)
		}
	}
	d.env = append(d.env, "BIN="+bin, "PATH="+bin+":"+os.Getenv("PATH"))
	return d
}

// prelude makes a failed request and a failed command in a pipe failures. Nobody has
// to be root for directories that are the test's own.
const prelude = `set -eu -o pipefail
curl() { command curl --fail-with-body --silent --show-error --max-time 20 "$@"; }
sudo() { "$@"; }
`

// here is a command with the test's own directories and ports.
func (d *desk) here(command string) string {
	command = regexp.MustCompile(`/(usr/local/bin|etc/prometheus|var/lib/prometheus)\b`).ReplaceAllString(command, d.home+"/$1")
	for port, address := range d.ports {
		command = regexp.MustCompile(`(localhost|127\.0\.0\.1):`+port+`\b`).ReplaceAllLiteralString(command, address)
	}
	return shorter.Replace(command)
}

// doEach runs the commands of some lines.
func (d *desk) doEach(lines string) {
	d.t.Helper()
	for line := range strings.Lines(lines) {
		d.do(strings.TrimSpace(line))
	}
}

// do runs a command, or starts a server.
func (d *desk) do(command string) {
	d.t.Helper()
	if command == "" {
		return
	}
	for _, s := range servers {
		if s.command.MatchString(command) {
			d.start(command, s)
			return
		}
	}
	after := filepath.Join(d.home, "after")
	script := prelude + "trap 'pwd >" + after + "; export -p >>" + after + "' EXIT\n" + d.here(command)
	ctx, cancel := context.WithTimeout(d.t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-c", script)
	cmd.Dir, cmd.Env = d.dir, d.env
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	out, err := cmd.CombinedOutput()
	if err != nil {
		d.t.Fatalf("%s\n%v\n%s", command, err, out)
	}
	state, err := os.ReadFile(after)
	if err != nil {
		d.t.Fatal(err)
	}
	lines := bufio.NewScanner(bytes.NewReader(state))
	lines.Scan()
	d.dir = lines.Text()
	for lines.Scan() { // a terminal keeps what was exported
		if name, ok := strings.CutPrefix(lines.Text(), "declare -x UKCLOUD_"); ok {
			d.env = append(d.env, "UKCLOUD_"+strings.ReplaceAll(name, `"`, ""))
		}
	}
}

func (d *desk) start(command string, s server) {
	d.t.Helper()
	if before := d.running[s.port]; before != nil {
		d.interrupt(before)
	}
	address := d.ports[s.port]
	p := &process{t: d.t, logs: new(lockedBuffer), done: make(chan error, 1)}
	p.cmd = exec.Command("bash", "-c", "exec "+d.here(command)+" "+fmt.Sprintf(s.flag, address))
	p.cmd.Dir, p.cmd.Env, p.cmd.Stdout, p.cmd.Stderr = d.dir, d.env, p.logs, p.logs
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.cmd.Start(); err != nil {
		d.t.Fatal(err)
	}
	go func() { p.done <- p.cmd.Wait() }()
	d.t.Cleanup(func() { d.interrupt(p) })
	p.until(command, func() bool {
		status, _ := get(d.t, "http://"+address+s.ready)
		return status == http.StatusOK || status == http.StatusUnauthorized
	})
	d.running[s.port] = p
}

// interrupt is Ctrl-C in the terminal of a server.
func (d *desk) interrupt(p *process) {
	d.t.Helper()
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGINT)
	// make ends with 130, though what it made has ended with 0.
	if err := p.ended(); err != nil && !strings.Contains(p.cmd.String(), "exec make") {
		d.t.Errorf("%s: %v\n%s", p.cmd, err, p.logs)
	}
}

// copyTree copies what git knows of the repository.
func copyTree(t *testing.T, to string) {
	t.Helper()
	names, err := exec.CommandContext(t.Context(), "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range strings.Split(strings.TrimRight(string(names), "\x00"), "\x00") {
		info, err := os.Lstat(name)
		if err != nil {
			continue // removed, and not yet committed
		}
		path := filepath.Join(to, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if info.Mode()&os.ModeSymlink != 0 {
			target, err := os.Readlink(name)
			if err == nil {
				err = os.Symlink(target, path)
			}
			if err != nil {
				t.Fatal(err)
			}
			continue
		}
		content, err := os.ReadFile(name)
		if err == nil {
			err = os.WriteFile(path, content, info.Mode().Perm())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
