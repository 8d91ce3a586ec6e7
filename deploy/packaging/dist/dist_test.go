package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"debug/buildinfo"
	"errors"
	"io"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

const (
	oldVersion = "0.0.1"
	newVersion = "0.0.2-rc.1"
	revision   = "0123456789abcdef0123456789abcdef01234567"
)

var committed = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// host is this machine's platform, when a release is built for it.
func host(t *testing.T) platform {
	t.Helper()
	p := platform{runtime.GOOS, runtime.GOARCH}
	if !slices.Contains(platforms, p) {
		t.Skipf("NOTHING IS BUILT FOR %s: ITS FILES ARE NOT TESTED", p)
	}
	return p
}

// dist runs the builder as make dist does and returns the directory of its files.
func dist(t *testing.T, tree, version string, environment []string, more ...string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "dist")
	if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), builder(t), append([]string{
		"-source", tree, "-out", out, "-version", version, "-revision", revision, "-time", strconv.FormatInt(committed.Unix(), 10),
	}, more...)...)
	cmd.Dir = tree
	cmd.Env = append(os.Environ(), environment...)
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("dist: %v\n%s", err, text)
	}
	return out
}

// builder is this package as a program.
func builder(t *testing.T) string {
	t.Helper()
	path, err := compiled()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

var compiled = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "ukcloud_exporter-test")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "dist")
	if out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput(); err != nil {
		return "", errors.New(string(out))
	}
	return path, nil
})

// older and newer are releases for this platform alone, which the tests share that
// install them or look into them.
var (
	older = sync.OnceValues(func() (string, error) { return packed(oldVersion) })
	newer = sync.OnceValues(func() (string, error) { return packed(newVersion) })
)

func packed(version string) (string, error) {
	program, err := compiled()
	if err != nil {
		return "", err
	}
	root, err := filepath.Abs("../../..")
	if err != nil {
		return "", err
	}
	out := filepath.Join(filepath.Dir(program), version)
	text, err := exec.Command(program, "-source", root, "-out", out, "-version", version, "-revision", revision,
		"-time", strconv.FormatInt(committed.Unix(), 10), "-only", platform{runtime.GOOS, runtime.GOARCH}.String()).CombinedOutput()
	if err != nil {
		return "", errors.New(string(text))
	}
	return out, nil
}

// packages returns the directory of such a release; nothing may be written to it.
func packages(t *testing.T, release func() (string, error)) string {
	t.Helper()
	dir, err := release()
	if err != nil {
		t.Fatalf("dist: %v", err)
	}
	return dir
}

func TestMain(m *testing.M) {
	status := m.Run()
	if path, err := compiled(); err == nil {
		_ = os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(status)
}

// tree is the project's tree, and copyTree another one with what git knows of it,
// where every file has another time and another mode.
func tree(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func copyTree(t *testing.T) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "another folder", "with a longer name")
	cmd := exec.CommandContext(t.Context(), "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	cmd.Dir = tree(t)
	names, err := output(cmd)
	if err != nil {
		t.Fatal(err)
	}
	long := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	for _, name := range strings.Split(strings.TrimRight(string(names), "\x00"), "\x00") {
		path := filepath.Join(to, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if link, err := os.Readlink(filepath.Join(tree(t), name)); err == nil {
			if err := os.Symlink(link, path); err != nil {
				t.Fatal(err)
			}
			continue
		}
		content, err := os.ReadFile(filepath.Join(tree(t), name))
		if errors.Is(err, os.ErrNotExist) {
			continue // removed, and not yet committed
		}
		err = errors.Join(err, os.WriteFile(path, content, 0o600), os.Chtimes(path, long, long))
		if err != nil {
			t.Fatal(err)
		}
	}
	return to
}

// TestReproducible: the same commit gives the same bytes in another folder, later,
// for another user with another time zone and language; and for this platform also
// when all is compiled anew.
func TestReproducible(t *testing.T) {
	first := dist(t, tree(t), newVersion, nil)
	other := copyTree(t)
	second := dist(t, other, newVersion, []string{"TZ=Pacific/Apia", "LANG=de_DE.UTF-8", "HOME=" + t.TempDir(), "USER=somebody", "HOSTNAME=elsewhere",
		"GOFLAGS=-tags=somebody", "SOURCE_DATE_EPOCH=1", "GOMODCACHE=" + goEnv(t, "GOMODCACHE"), "GOCACHE=" + goEnv(t, "GOCACHE"), "GOPATH=" + goEnv(t, "GOPATH")})
	sums := read(t, filepath.Join(first, "SHA256SUMS"))
	if diff := read(t, filepath.Join(second, "SHA256SUMS")); diff != sums {
		t.Errorf("built twice:\n%s\n%s", sums, diff)
	}
	check := exec.CommandContext(t.Context(), "sha256sum", "--check", "--strict", "SHA256SUMS")
	check.Dir = second
	if out, err := check.CombinedOutput(); err != nil {
		t.Errorf("sha256sum: %v\n%s", err, out)
	}
	p := host(t)
	anew := read(t, filepath.Join(dist(t, other, newVersion, []string{"GOCACHE=" + filepath.Join(t.TempDir(), "empty")}, "-only", p.String()), "SHA256SUMS"))
	if len(anew) == 0 {
		t.Error("nothing was compiled anew")
	}
	for line := range strings.Lines(anew) {
		if !strings.Contains(sums, line) {
			t.Errorf("compiled anew: %s is not in\n%s", line, sums)
		}
	}

	t.Run("files", func(t *testing.T) { checkNames(t, sums) })
	t.Run("archives", func(t *testing.T) { checkArchives(t, first) })
	t.Run("chart", func(t *testing.T) { checkChart(t, first) })
	t.Run("sbom", func(t *testing.T) { checkBill(t, first, p) })
	t.Run("rpm", func(t *testing.T) { checkRPM(t, first) })
}

func goEnv(t *testing.T, name string) string {
	t.Helper()
	out, err := output(exec.Command("go", "env", name))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func checkNames(t *testing.T, sums string) {
	want := []string{
		"ukcloud-exporter-0.0.2~rc.1-1.aarch64.rpm", "ukcloud-exporter-0.0.2~rc.1-1.x86_64.rpm",
		"ukcloud-exporter-" + newVersion + ".tgz", "ukcloud-exporter_0.0.2~rc.1_amd64.deb", "ukcloud-exporter_0.0.2~rc.1_arm64.deb",
	}
	for _, p := range []string{"linux_amd64", "linux_arm64", "darwin_amd64", "darwin_arm64", "windows_amd64"} {
		extension := ".tar.gz"
		if p == "windows_amd64" {
			extension = ".zip"
		}
		want = append(want, "ukcloud_exporter_"+newVersion+"_"+p+extension, "ukcloud_exporter_"+newVersion+"_"+p+".cdx.json")
	}
	var got []string
	for line := range strings.Lines(sums) {
		got = append(got, strings.Fields(line)[1])
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

// checkArchives: each has the binary of its platform and what belongs to it.
func checkArchives(t *testing.T, dir string) {
	for _, p := range platforms {
		files := unpack(t, dir, p)
		for _, name := range []string{"LICENSE", "copyright", "README.md", "config.example.yml", "sbom.cdx.json", "alerts/ukcloud.rules.yml",
			"dashboards/ukcloud-cost.json", "man/ukcloud_exporter.1", "completion/ukcloud_exporter.bash", "completion/_ukcloud_exporter", "completion/ukcloud_exporter.fish"} {
			if len(files[name]) == 0 {
				t.Errorf("%s: %s is missing", p, name)
			}
		}
		if _, unit := files["deploy/systemd/ukcloud_exporter.service"]; unit != (p.os == "linux") {
			t.Errorf("%s: with a unit: %v", p, unit)
		}
		info, err := buildinfo.Read(bytes.NewReader(files[p.binary()]))
		if err != nil {
			t.Errorf("%s: %v", p, err)
			continue
		}
		settings := map[string]string{}
		for _, s := range info.Settings {
			settings[s.Key] = s.Value
		}
		if settings["GOOS"] != p.os || settings["GOARCH"] != p.arch || settings["CGO_ENABLED"] != "0" || settings["-trimpath"] != "true" {
			t.Errorf("%s: built with %v", p, settings)
		}
	}
}

// unpack returns the files of an archive by their names below its one folder.
func unpack(t *testing.T, dir string, p platform) map[string][]byte {
	t.Helper()
	r := &release{version: newVersion}
	folder := r.fileName(p, "")
	files := map[string][]byte{}
	put := func(name string, content io.Reader) {
		t.Helper()
		below, ok := strings.CutPrefix(path.Clean(name), folder+"/")
		data, err := io.ReadAll(content)
		if err != nil || !ok {
			t.Fatalf("%s: %v", name, err)
		}
		files[below] = data
	}
	if p.os == "windows" {
		archive, err := zip.OpenReader(filepath.Join(dir, folder+".zip"))
		if err != nil {
			t.Fatal(err)
		}
		defer archive.Close()
		for _, f := range archive.File {
			content, err := f.Open()
			if err != nil {
				t.Fatal(err)
			}
			put(f.Name, content)
			_ = content.Close()
		}
		return files
	}
	eachFile(t, filepath.Join(dir, folder+".tar.gz"), func(header *tar.Header, content io.Reader) {
		if executable := header.Mode == 0o755; executable != (path.Base(header.Name) == p.binary()) {
			t.Errorf("%s has the mode %o", header.Name, header.Mode)
		}
		put(header.Name, content)
	})
	return files
}

// eachFile calls do for the files of an archive, none of which tells who packed it
// when.
func eachFile(t *testing.T, path string, do func(*tar.Header, io.Reader)) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	compressed, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	archive := tar.NewReader(compressed)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if !header.ModTime.Equal(committed) || header.Uname != "" || header.Uid != 0 {
			t.Errorf("%s has the time %s and the owner %q %d", header.Name, header.ModTime, header.Uname, header.Uid)
		}
		do(header, archive)
	}
}

// checkChart: the packed chart needs nothing beside it, and has the release's
// version.
func checkChart(t *testing.T, dir string) {
	files := map[string]string{}
	eachFile(t, filepath.Join(dir, "ukcloud-exporter-"+newVersion+".tgz"), func(header *tar.Header, content io.Reader) {
		text, err := io.ReadAll(content)
		if err != nil || header.Typeflag != tar.TypeReg {
			t.Errorf("%s is a %q, %v", header.Name, header.Typeflag, err)
		}
		files[header.Name] = string(text)
	})
	for _, line := range []string{"\nversion: \"" + newVersion + "\"\n", "\nappVersion: \"" + newVersion + "\"\n"} {
		if !strings.Contains(files["ukcloud-exporter/Chart.yaml"], line) {
			t.Errorf("Chart.yaml is %s", files["ukcloud-exporter/Chart.yaml"])
		}
	}
	if want := read(t, filepath.Join(tree(t), "alerts/ukcloud.rules.yml")); files["ukcloud-exporter/files/ukcloud.rules.yml"] != want {
		t.Error("the rules in the chart are others")
	}
	dashboards := 0
	for name := range files {
		if folder, base := path.Split(name); folder == "ukcloud-exporter/files/dashboards/" && path.Ext(base) == ".json" {
			dashboards++
		}
		if path.Ext(name) == ".go" {
			t.Errorf("%s is in the chart", name)
		}
	}
	if found, _ := filepath.Glob(filepath.Join(tree(t), "dashboards/*.json")); files["ukcloud-exporter/values.yaml"] == "" || dashboards != len(found) || dashboards == 0 {
		t.Errorf("the chart is %d files, %d dashboards of %d", len(files), dashboards, len(found))
	}
}

// checkBill: the SBOM lists exactly the modules in the binary, and all are licensed
// for being handed out.
func checkBill(t *testing.T, dir string, p platform) {
	r := &release{version: newVersion}
	files := unpack(t, dir, p)
	if !bytes.Equal(files["sbom.cdx.json"], []byte(read(t, filepath.Join(dir, r.fileName(p, ".cdx.json"))))) {
		t.Error("the SBOM in the archive is another than the one beside it")
	}
	var bom cdx.BOM
	if err := cdx.NewBOMDecoder(bytes.NewReader(files["sbom.cdx.json"]), cdx.BOMFileFormatJSON).Decode(&bom); err != nil {
		t.Fatal(err)
	}
	info, err := buildinfo.Read(bytes.NewReader(files["ukcloud_exporter"]))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"std": strings.TrimPrefix(info.GoVersion, "go")}
	for _, d := range info.Deps {
		want[d.Path] = d.Version
	}
	free := []string{"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT"}
	got := map[string]string{}
	for _, c := range *bom.Components {
		got[c.Name] = c.Version
		if c.PackageURL != "pkg:golang/"+c.Name+"@"+c.Version {
			t.Errorf("%s is %s", c.Name, c.PackageURL)
		}
		for _, l := range *c.Licenses {
			if !slices.Contains(free, l.License.ID) {
				t.Errorf("%s is under %q", c.Name, l.License.ID)
			}
		}
		if !bytes.Contains(files["copyright"], []byte("\n"+c.Name+" ")) {
			t.Errorf("copyright has no text of %s", c.Name)
		}
	}
	if !maps.Equal(got, want) || len(got) < 10 {
		t.Errorf("the SBOM lists %v\nthe binary has %v", got, want)
	}
}

// checkRPM: rpm reads the package, and unpacks it where Red Hat's programs look.
func checkRPM(t *testing.T, dir string) {
	if _, err := exec.LookPath("rpm"); err != nil {
		t.Skip("RPM IS NOT INSTALLED: THE RPM IS NOT TESTED (Debian: apt-get install rpm)")
	}
	root := t.TempDir()
	pkg := filepath.Join(dir, "ukcloud-exporter-0.0.2~rc.1-1.x86_64.rpm")
	for _, args := range [][]string{
		{"--checksig", "--nosignature", pkg},
		{"--root", root, "--initdb"},
		{"--root", root, "--install", "--nodeps", "--noscripts", "--nosignature", "--ignorearch", pkg},
	} {
		if out, err := exec.CommandContext(t.Context(), "rpm", args...).CombinedOutput(); err != nil {
			t.Fatalf("rpm %v: %v\n%s", args, err, out)
		}
	}
	for _, name := range []string{
		"usr/bin/ukcloud_exporter", "usr/lib/systemd/system/ukcloud_exporter.service", "usr/lib/systemd/system/ukcloud_exporter@.service",
		"etc/ukcloud_exporter/config.yml", "etc/default/ukcloud_exporter", "usr/share/zsh/site-functions/_ukcloud_exporter",
		"usr/share/ukcloud_exporter/alerts/ukcloud.rules.yml", "usr/share/doc/ukcloud-exporter/copyright",
	} {
		if _, err := os.Stat(filepath.Join(root, name)); err != nil {
			t.Error(err)
		}
	}
	query := exec.CommandContext(t.Context(), "rpm", "--query", "--package", "--nosignature", "--queryformat",
		"%{NAME} %{VERSION} %{LICENSE} %{BUILDHOST} %{BUILDTIME}\n[%{FILENAMES} %{FILEFLAGS:fflags} %{FILEMODES:perms} %{FILEGROUPNAME}\n]%{PREIN}\n%{POSTIN}\n%{PREUN}\n%{POSTUN}\n", pkg)
	out, err := output(query)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"ukcloud-exporter 0.0.2~rc.1 Apache-2.0 localhost " + strconv.FormatInt(committed.Unix(), 10) + "\n",
		"/etc/ukcloud_exporter/config.yml cn -rw-r----- ukcloud_exporter\n", "useradd", "systemctl preset", "systemctl disable", "try-restart",
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
}

func TestVersions(t *testing.T) {
	for version, want := range map[string]string{
		"v1.2.3":            "1.2.3",
		"1.2.3-rc.1":        "1.2.3-rc.1",
		"v1.2.3-4-gabcdef0": "1.2.3-4-gabcdef0",
		"abcdef0":           "0.0.0-dev.20260102030405.g0123456",
		"v1.2.3-dirty":      "1.2.3-dirty",
		"":                  "0.0.0-dev.20260102030405.g0123456",
	} {
		if got := semantic(version, revision, committed); got != want {
			t.Errorf("%q is %q, want %q", version, got, want)
		}
	}
}
