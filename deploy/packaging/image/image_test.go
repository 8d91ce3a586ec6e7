package image

import (
	"bytes"
	"context"
	"crypto/x509"
	"debug/elf"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

const (
	stateDir = "var/lib/ukcloud_exporter"
	user     = 65532
)

// storage is buildah's, in a directory of the test.
type storage struct{ root string }

func (s storage) run(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "buildah", append([]string{
		"--storage-driver", "vfs", "--root", filepath.Join(s.root, "root"), "--runroot", filepath.Join(s.root, "run"),
	}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("buildah %s: %v\n%s\n%s", strings.Join(args, " "), err, out, &stderr)
	}
	return strings.TrimSpace(string(out))
}

// buildImage makes the image from the Dockerfile as it stands. Its base is made
// here, as no image can be pulled: busybox for a shell, this machine's certificates,
// and this machine's Go with its modules and its cache from outside.
func buildImage(t *testing.T, s storage) {
	t.Helper()
	busybox, err := exec.LookPath("busybox")
	if err != nil {
		t.Skip("BUSYBOX IS NOT INSTALLED: THE IMAGE IS NOT TESTED (Debian: apt-get install busybox-static)")
	}
	base := s.run(t, "from", "scratch")
	s.run(t, "copy", base, busybox, "/bin/busybox")
	names := t.TempDir() // of busybox's
	for _, name := range []string{"sh", "mkdir", "cp", "chmod", "chown"} {
		if err := os.Symlink("/bin/busybox", filepath.Join(names, name)); err != nil {
			t.Fatal(err)
		}
	}
	s.run(t, "copy", base, names, "/bin")
	s.run(t, "copy", base, t.TempDir(), "/tmp")
	s.run(t, "copy", base, "/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/certs/ca-certificates.crt")
	s.run(t, "config", "--env", "PATH=/usr/local/go/bin:/bin", "--env", "HOME=/root", "--env", "GOFLAGS=-modcacherw", "--env", "GOCACHE=/cache", base)
	s.run(t, "commit", base, "localhost/build")

	goTool(t, "mod", "download")
	s.run(t, "build", "--isolation", "chroot", "--format", "docker", "--pull-never", "--platform", "linux/"+runtime.GOARCH,
		"--build-arg", "BUILD_IMAGE=localhost/build", "--build-arg", "GOPROXY=file:///proxy",
		"--build-arg", "VERSION=1.2.3", "--build-arg", "REVISION=abcdef0",
		"--volume", goTool(t, "env", "GOROOT")+":/usr/local/go:ro",
		"--volume", filepath.Join(goTool(t, "env", "GOMODCACHE"), "cache/download")+":/proxy:ro",
		"--volume", goTool(t, "env", "GOCACHE")+":/cache",
		"--tag", "localhost/ukcloud_exporter", "--file", filepath.Join(tree, "Dockerfile"), tree)
}

const tree = "../../.."

func goTool(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = tree
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go %v: %v", args, err)
	}
	return strings.TrimSpace(string(out))
}

// container is what a container engine reads of an image.
type container struct {
	User         string
	Env          []string
	Entrypoint   []string
	Volumes      map[string]struct{}
	ExposedPorts map[string]struct{}
	Labels       map[string]string
	Healthcheck  struct{ Test []string }

	root string // where its files are
}

func TestImage(t *testing.T) {
	if _, err := exec.LookPath("buildah"); err != nil || os.Getuid() != 0 {
		t.Skip("NO BUILDAH, OR NOT ROOT: THE IMAGE IS NOT TESTED (Debian: apt-get install buildah)")
	}
	s := storage{t.TempDir()}
	t.Cleanup(func() { // t.TempDir cannot remove what is mounted
		for _, what := range [][]string{{"umount", "--all"}, {"rm", "--all"}, {"rmi", "--all", "--force"}} {
			cmd := exec.Command("buildah", append([]string{"--storage-driver", "vfs", "--root", filepath.Join(s.root, "root"), "--runroot", filepath.Join(s.root, "run")}, what...)...)
			_ = cmd.Run()
		}
	})
	buildImage(t, s)

	var inspected struct {
		Docker struct {
			Config container `json:"config"`
		} `json:"Docker"`
	}
	if err := json.Unmarshal([]byte(s.run(t, "inspect", "--type", "image", "localhost/ukcloud_exporter")), &inspected); err != nil {
		t.Fatal(err)
	}
	c := &inspected.Docker.Config
	c.root = s.run(t, "mount", s.run(t, "from", "--pull-never", "localhost/ukcloud_exporter"))
	if !filepath.IsAbs(c.root) {
		t.Fatalf("the image is mounted at %q", c.root)
	}

	t.Run("configuration", func(t *testing.T) { checkConfiguration(t, c) })
	t.Run("files", func(t *testing.T) { checkFiles(t, c) })
	t.Run("demo", func(t *testing.T) { checkDemo(t, c) })
	t.Run("rejected login", func(t *testing.T) { checkRejectedLogin(t, c) })
}

func checkConfiguration(t *testing.T, c *container) {
	if c.User != "65532:65532" {
		t.Errorf("its user is %q", c.User)
	}
	if !slices.Contains(c.Env, "UKCLOUD_STATE_DIR=/"+stateDir) {
		t.Errorf("its environment is %v", c.Env)
	}
	if _, ok := c.Volumes["/"+stateDir]; !ok || len(c.Volumes) != 1 {
		t.Errorf("its volumes are %v", c.Volumes)
	}
	if _, ok := c.ExposedPorts["10048/tcp"]; !ok || len(c.ExposedPorts) != 1 {
		t.Errorf("its ports are %v", c.ExposedPorts)
	}
	if !slices.Equal(c.Entrypoint, []string{"/bin/ukcloud_exporter"}) {
		t.Errorf("its entry point is %v", c.Entrypoint)
	}
	if want := []string{"CMD", "/bin/ukcloud_exporter", "health", "--url=http://127.0.0.1:10048/-/healthy"}; !slices.Equal(c.Healthcheck.Test, want) {
		t.Errorf("its health check is %v", c.Healthcheck.Test)
	}
	for name, want := range map[string]string{"title": "ukcloud_exporter", "licenses": "Apache-2.0", "version": "1.2.3", "revision": "abcdef0"} {
		if got := c.Labels["org.opencontainers.image."+name]; got != want {
			t.Errorf("its label %s is %q, want %q", name, got, want)
		}
	}
	if c.Labels["org.opencontainers.image.description"] == "" {
		t.Errorf("its labels are %v", c.Labels)
	}
}

// checkFiles: a static binary, certificates, and one directory that its user may
// write to; nothing else.
func checkFiles(t *testing.T, c *container) {
	var files []string
	err := filepath.WalkDir(c.root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		name, err := filepath.Rel(c.root, path)
		if err != nil {
			return err
		}
		if !d.IsDir() {
			files = append(files, name)
		}
		stat := info.Sys().(*syscall.Stat_t)
		if writable := stat.Uid == user || info.Mode().Perm()&0o022 != 0; writable != (name == stateDir) {
			t.Errorf("%s belongs to %d and has mode %s", name, stat.Uid, info.Mode())
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"bin/ukcloud_exporter", "etc/ssl/certs/ca-certificates.crt"}; !slices.Equal(files, want) {
		t.Errorf("its files are %v, want %v", files, want)
	}
	binary, err := elf.Open(filepath.Join(c.root, "bin/ukcloud_exporter"))
	if err != nil {
		t.Fatal(err)
	}
	defer binary.Close()
	for _, p := range binary.Progs {
		if p.Type == elf.PT_INTERP {
			t.Error("the binary is not static")
		}
	}
	certificates, err := os.ReadFile(filepath.Join(c.root, "etc/ssl/certs/ca-certificates.crt"))
	if err != nil || !x509.NewCertPool().AppendCertsFromPEM(certificates) {
		t.Errorf("no certificates: %v", err)
	}
}

// process is a running container.
type process struct {
	cmd   *exec.Cmd
	log   bytes.Buffer
	ended chan error
}

// start runs the image as an engine would: its user, its environment and no other,
// no file of this machine, and a root that is read-only but for the volume.
func (c *container) start(t *testing.T, volume string, environment []string, args ...string) *process {
	t.Helper()
	const script = `
		mount --bind "$ROOT" "$ROOT"
		mount -o remount,bind,ro "$ROOT"
		mount --bind "$VOLUME" "$ROOT/$STATE"
		root=$ROOT owner=$OWNER
		unset ROOT VOLUME STATE OWNER PWD OLDPWD SHLVL _
		exec chroot --userspec="$owner" "$root" "$@"`
	ctx := context.WithoutCancel(t.Context())
	all := append([]string{"--mount", "--propagation", "private", "sh", "-ec", script, "sh"}, append(slices.Clone(c.Entrypoint), args...)...)
	p := &process{cmd: exec.CommandContext(ctx, "unshare", all...), ended: make(chan error, 1)}
	p.cmd.Env = slices.Concat([]string{"ROOT=" + c.root, "VOLUME=" + volume, "STATE=" + stateDir, "OWNER=" + c.User, "PATH=/usr/sbin:/usr/bin:/sbin:/bin"},
		c.Env, environment)
	p.cmd.Stdout, p.cmd.Stderr = &p.log, &p.log
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.ended <- p.cmd.Wait() }()
	t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	return p
}

// stop ends the container as an engine does.
func (p *process) stop(t *testing.T) {
	t.Helper()
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case err := <-p.ended:
		if err != nil {
			t.Errorf("ended with %v:\n%s", err, &p.log)
		}
	case <-time.After(time.Minute):
		t.Error("does not end")
	}
}

// volume is a new one with the owner that the image's directory has.
func volume(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for d := dir; strings.HasPrefix(d, os.TempDir()+"/"); d = filepath.Dir(d) {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.Chown(dir, user, user), os.Chmod(dir, 0o700)); err != nil {
		t.Fatal(err)
	}
	return dir
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

// until tries for a minute, while the container runs.
func (p *process) until(t *testing.T, try func() error) {
	t.Helper()
	var err error
	for range 300 {
		if err = try(); err == nil {
			return
		}
		select {
		case ended := <-p.ended:
			t.Fatalf("ended with %v:\n%s", ended, &p.log)
		case <-time.After(200 * time.Millisecond):
		}
	}
	t.Fatal(err)
}

func get(url string) (string, error) {
	response, err := http.Get(url)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 16<<20))
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", response.Status, body)
	}
	return string(body), err
}

// checkDemo: the demo serves a portal's metrics, and the health check, in the same
// container, says so.
func checkDemo(t *testing.T, c *container) {
	port := freePort(t)
	p := c.start(t, volume(t), nil, "demo", "--vms=5", "--web.listen-address=127.0.0.1:"+port)
	p.until(t, func() error { _, err := get("http://127.0.0.1:" + port + "/-/healthy"); return err })
	p.until(t, func() error {
		body, err := get("http://127.0.0.1:" + port + "/metrics")
		if err == nil && (!strings.Contains(body, "\nukcloud_up 1\n") || !strings.Contains(body, "\nukcloud_vm_")) {
			err = errors.New("no VMs are served")
		}
		return err
	})
	probe := slices.Clone(c.Healthcheck.Test[2:])
	probe[1] = strings.Replace(probe[1], "10048", port, 1)
	if err := <-c.start(t, volume(t), nil, probe...).ended; err != nil {
		t.Errorf("health says %v", err)
	}
	p.stop(t)
	if err := <-c.start(t, volume(t), nil, probe...).ended; err == nil {
		t.Error("health says that what is not there is healthy")
	}
}

// checkRejectedLogin: with a wrong password and only the image's own settings, as
// many restarts as an engine makes of it are one login.
func checkRejectedLogin(t *testing.T, c *container) {
	portalPort := freePort(t)
	portal := c.start(t, volume(t), nil, "simulate", "--vms=5", "--listen-address=127.0.0.1:"+portalPort)
	portal.until(t, func() error {
		conn, err := net.Dial("tcp", "127.0.0.1:"+portalPort)
		if err == nil {
			_ = conn.Close()
		}
		return err
	})
	var logins atomic.Int32
	forward := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: "127.0.0.1:" + portalPort})
	counted := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/authenticate") {
			logins.Add(1)
		}
		forward.ServeHTTP(w, r)
	}))
	defer counted.Close()

	dir := volume(t)
	for range 5 {
		port := freePort(t)
		p := c.start(t, dir, []string{"UKCLOUD_URL=" + counted.URL + "/api", "UKCLOUD_EMAIL=demo@example.com", "UKCLOUD_PASSWORD=wrong"},
			"--web.listen-address=127.0.0.1:"+port)
		p.until(t, func() error { // the first round has ended
			body, err := get("http://127.0.0.1:" + port + "/metrics")
			if err == nil && !strings.Contains(body, "\nukcloud_up 0\n") {
				err = errors.New("the portal is not down")
			}
			return err
		})
		p.stop(t)
	}
	if n := logins.Load(); n != 1 {
		t.Errorf("%d logins were rejected", n)
	}
	portal.stop(t)
}
