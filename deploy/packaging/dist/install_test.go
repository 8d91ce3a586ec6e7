package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	binary  = "/usr/bin/ukcloud_exporter"
	config  = "/etc/ukcloud_exporter/config.yml"
	secret  = "/etc/ukcloud_exporter/password"
	flags   = "/etc/default/ukcloud_exporter"
	unit    = "/usr/lib/systemd/system/ukcloud_exporter.service"
	state   = "/var/lib/ukcloud_exporter"
	account = "ukcloud_exporter"
)

// TestInstall goes through the life of the deb on this machine: installed, run as
// its unit says, upgraded, removed, purged.
func TestInstall(t *testing.T) {
	if os.Getenv("UKCLOUD_TEST_INSTALL") == "" {
		t.Skip("THE DEB IS NOT INSTALLED ON THIS MACHINE UNLESS UKCLOUD_TEST_INSTALL IS SET, AND NOT TESTED")
	}
	p := host(t)
	if _, err := exec.LookPath("apt-get"); err != nil || os.Getuid() != 0 || p.os != "linux" {
		t.Skip("NO APT-GET, OR NOT ROOT: THE DEB IS NOT TESTED")
	}
	for _, path := range []string{binary, filepath.Dir(config), state} {
		if _, err := os.Stat(path); err == nil {
			t.Fatalf("%s is there already: this test would purge it", path)
		}
	}
	deb := func(release func() (string, error)) string {
		found, err := filepath.Glob(filepath.Join(packages(t, release), "*.deb"))
		if err != nil || len(found) != 1 {
			t.Fatalf("%v, %v", found, err)
		}
		return found[0]
	}
	oldDeb, newDeb := deb(older), deb(newer)
	t.Cleanup(func() { // also after a failure
		cmd := exec.Command("apt-get", "purge", "-qy", "ukcloud-exporter")
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		_ = cmd.Run()
	})

	apt(t, "install", oldDeb)
	checkInstalled(t)
	port := configure(t)
	runUnit(t, port)
	missing(t, flags+".dpkg-new", config+".dpkg-new")

	apt(t, "install", newDeb)
	if out := command(t, binary, "--version"); !strings.Contains(out, newVersion) {
		t.Errorf("after the upgrade it is %s", out)
	}
	keeps := func(when string) {
		t.Helper()
		for path, want := range map[string]string{config: "demo@example.com", secret: "demo", flags: port, filepath.Join(state, "state.json"): `"version":`} {
			content, err := os.ReadFile(path)
			if err != nil || !strings.Contains(string(content), want) {
				t.Errorf("%s, %s is %q, %v", when, path, content, err)
			}
		}
	}
	keeps("upgraded")
	runUnit(t, port)

	apt(t, "remove", "ukcloud-exporter")
	missing(t, binary, unit)
	keeps("removed")

	apt(t, "purge", "ukcloud-exporter")
	missing(t, filepath.Dir(config), flags, state)
	if left, err := exec.Command("dpkg-query", "--show", "--showformat=${Status}", "ukcloud-exporter").Output(); err == nil {
		t.Errorf("after the purge dpkg knows it as %s", left)
	}
}

func apt(t *testing.T, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "apt-get", append([]string{"-qy", "--no-install-recommends", "--allow-downgrades"}, args...)...)
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("apt-get %v: %v\n%s", args, err, out)
	}
}

func command(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	if err != nil {
		t.Errorf("%s %v: %v\n%s", name, args, err, out)
	}
	return string(out)
}

func missing(t *testing.T, paths ...string) {
	t.Helper()
	for _, path := range paths {
		if _, err := os.Lstat(path); err == nil {
			t.Errorf("%s is there", path)
		}
	}
}

// checkInstalled: the user has no shell and no home, and may read the configuration
// that others may not.
func checkInstalled(t *testing.T) {
	t.Helper()
	u, err := user.Lookup(account)
	if err != nil {
		t.Fatal(err)
	}
	if line := command(t, "getent", "passwd", account); !strings.Contains(line, ":/usr/sbin/nologin") {
		t.Errorf("the user is %s", line)
	}
	info, err := os.Stat(config)
	if err != nil {
		t.Fatal(err)
	}
	stat := info.Sys().(*syscall.Stat_t)
	if info.Mode().Perm() != 0o640 || stat.Uid != 0 || strconv.Itoa(int(stat.Gid)) != u.Gid {
		t.Errorf("%s has mode %o and belongs to %d:%d", config, info.Mode().Perm(), stat.Uid, stat.Gid)
	}
	link, err := os.Readlink("/etc/systemd/system/multi-user.target.wants/ukcloud_exporter.service")
	if _, missing := exec.LookPath("systemctl"); missing == nil && (err != nil || !strings.HasSuffix(link, "/ukcloud_exporter.service")) {
		t.Errorf("the unit is not enabled: %q, %v", link, err)
	}
	// Without a password the packaged configuration is the only thing that is wrong.
	cmd := exec.CommandContext(t.Context(), binary, "check", "--config.file="+config)
	cmd.Env = []string{}
	if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "portal.password") || strings.Count(string(out), config) != 1 {
		t.Errorf("check of the packaged configuration: %v\n%s", err, out)
	}
}

// configure does what the package asks for, with the simulated portal's login, and
// returns the exporter's port.
func configure(t *testing.T) string {
	t.Helper()
	portal := simulator(t)
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	edited := strings.NewReplacer("https://portal.skyscapecloud.com", "http://"+portal, "exporter@example.com", "demo@example.com").Replace(string(text))
	port := freePort(t)
	for path, content := range map[string]string{config: edited, secret: "demo\n", flags: "ARGS=\"--web.listen-address=127.0.0.1:" + port + "\"\n"} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil { // the mode of a file that is there stays
			t.Fatal(err)
		}
	}
	return port
}

// simulator runs the installed binary as the portal, also while it is upgraded.
func simulator(t *testing.T) string {
	t.Helper()
	address := "127.0.0.1:" + freePort(t)
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	cmd := exec.CommandContext(ctx, binary, "simulate", "--listen-address="+address, "--vms=5")
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(); _ = cmd.Wait() })
	until(t, func() error {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			_ = conn.Close()
		}
		return err
	})
	return address
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

// until tries for half a minute.
func until(t *testing.T, try func() error) {
	t.Helper()
	var err error
	for range 150 {
		if err = try(); err == nil {
			return
		}
		time.Sleep(200 * time.Millisecond)
	}
	t.Fatal(err)
}

// service is what the test needs of the installed unit.
type service struct {
	values      map[string][]string
	directory   string // of the credentials
	credentials *syscall.Credential
	notify      string
}

// runUnit does with the unit what systemd does: hands over the password, makes the
// state directory, runs ExecStart as the user, hears that it is ready, reloads and
// stops it.
func runUnit(t *testing.T, port string) {
	t.Helper()
	s := loadUnit(t)
	socket := s.listen(t)
	var log bytes.Buffer
	cmd := s.command(t, "ExecStart", 0)
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	defer func() {
		if t.Failed() {
			t.Logf("the service's log:\n%s", &log)
		}
	}()
	defer func() { _ = cmd.Process.Kill() }()

	if heard := hear(t, socket); heard != "READY=1" {
		t.Fatalf("systemd hears %q", heard)
	}
	base := "http://127.0.0.1:" + port
	command(t, binary, "health", "--url="+base+"/-/healthy")
	until(t, func() error {
		if body := get(t, base+"/metrics"); !strings.Contains(body, "\nukcloud_up 1\n") || !strings.Contains(body, "\nprocess_start_time_seconds ") {
			return fmt.Errorf("no portal in %.3000s", body)
		}
		return nil
	})
	if out, err := s.command(t, "ExecReload", 0).CombinedOutput(); err != nil {
		t.Errorf("ExecReload: %v\n%s", err, out)
	}
	if s.values["ExecReload"][1] != "/bin/kill -HUP $MAINPID" {
		t.Errorf("ExecReload is %q", s.values["ExecReload"])
	}
	before := metric(t, base, "ukcloud_config_last_reload_success_timestamp_seconds")
	if err := cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	until(t, func() error {
		if metric(t, base, "ukcloud_config_last_reload_success_timestamp_seconds") == before {
			return fmt.Errorf("SIGHUP did not reload")
		}
		return nil
	})
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if heard := hear(t, socket); heard != "STOPPING=1" {
		t.Errorf("systemd hears %q", heard)
	}
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("the service ended with %v", err)
		}
	case <-time.After(time.Minute):
		t.Error("the service does not stop")
	}
}

func loadUnit(t *testing.T) *service {
	t.Helper()
	file, err := os.Open(unit)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	s := &service{values: map[string][]string{}}
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if key, value, ok := strings.Cut(lines.Text(), "="); ok && !strings.HasPrefix(key, "#") {
			s.values[key] = append(s.values[key], value)
		}
	}
	u, err := user.Lookup(s.values["User"][0])
	if err != nil {
		t.Fatal(err)
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	s.credentials = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}

	if s.directory, err = os.MkdirTemp("", "credentials"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(s.directory) })
	for _, credential := range s.values["LoadCredential"] {
		name, from, _ := strings.Cut(credential, ":")
		content, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(s.directory, name), content, 0o400); err != nil {
			t.Fatal(err)
		}
		s.own(t, filepath.Join(s.directory, name))
	}
	s.own(t, s.directory)
	directory := filepath.Join("/var/lib", s.values["StateDirectory"][0])
	if err := os.MkdirAll(directory, 0o700); err != nil {
		t.Fatal(err)
	}
	s.own(t, directory)
	return s
}

func (s *service) own(t *testing.T, path string) {
	t.Helper()
	if err := os.Chown(path, int(s.credentials.Uid), int(s.credentials.Gid)); err != nil {
		t.Fatal(err)
	}
}

func (s *service) listen(t *testing.T) *net.UnixConn {
	t.Helper()
	s.notify = filepath.Join(s.directory, "notify")
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: s.notify, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = socket.Close() })
	s.own(t, s.notify)
	return socket
}

func hear(t *testing.T, socket *net.UnixConn) string {
	t.Helper()
	if err := socket.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	message := make([]byte, 100)
	n, err := socket.Read(message)
	if err != nil {
		t.Fatal(err)
	}
	return string(message[:n])
}

// command is one of the unit's command lines with the unit's environment.
func (s *service) command(t *testing.T, key string, i int) *exec.Cmd {
	t.Helper()
	resolve := strings.NewReplacer("%d", s.directory, "%S", "/var/lib")
	environment := []string{"NOTIFY_SOCKET=" + s.notify, "PATH=/usr/bin:/bin"}
	for _, e := range s.values["Environment"] {
		environment = append(environment, resolve.Replace(e))
	}
	text, err := os.ReadFile(strings.TrimPrefix(s.values["EnvironmentFile"][0], "-"))
	if err != nil {
		t.Fatal(err)
	}
	_, args, _ := strings.Cut(strings.TrimSpace(string(text)), "ARGS=")
	line := strings.Replace(resolve.Replace(s.values[key][i]), "$ARGS", strings.Trim(args, `"`), 1)
	words := strings.Fields(line)
	cmd := exec.CommandContext(t.Context(), words[0], words[1:]...)
	cmd.Env, cmd.Dir = environment, "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.credentials}
	return cmd
}

func get(t *testing.T, url string) string {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 16<<20))
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func metric(t *testing.T, base, name string) string {
	t.Helper()
	for line := range strings.Lines(get(t, base+"/metrics")) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			return value
		}
	}
	return ""
}
