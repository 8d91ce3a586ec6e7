// Command dist builds everything that is released: archives for each platform, deb
// and rpm, a list of what is linked in (SBOM), and checksums of it all.
//
//	go run ./dist -source ../.. -out ../../dist -version 1.2.3 -revision COMMIT -time UNIXSECONDS
//
// The same commit gives the same bytes, wherever and whenever it is built: no file
// time, no folder, no user and no clock of this machine goes into them.
package main

import (
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "dist:", err)
		os.Exit(1)
	}
}

// release is what all files of one release have in common.
type release struct {
	source   string // the project's tree
	out      string // where finished files go
	stage    string // where a platform's files are put together
	version  string // semantic, without v
	revision string
	time     time.Time // of the commit; every time in every file
}

// platforms are what is built for. The server is for Linux; elsewhere it is the
// commands of one binary.
var platforms = []platform{
	{"linux", "amd64"}, {"linux", "arm64"}, {"darwin", "amd64"}, {"darwin", "arm64"}, {"windows", "amd64"},
}

func run(args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("dist", flag.ContinueOnError)
	source := flags.String("source", ".", "the project's tree")
	out := flags.String("out", "dist", "directory for the files; it is emptied")
	version := flags.String("version", "", "version, or anything else that git describe says")
	revision := flags.String("revision", "", "commit")
	seconds := flags.Int64("time", 0, "time of the commit, in Unix seconds")
	only := flags.String("only", "", "build for this platform alone, for example linux/amd64")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *seconds <= 0 {
		return errors.New("-time: the time of the commit is needed")
	}
	r := &release{revision: *revision, time: time.Unix(*seconds, 0).UTC()}
	r.version = semantic(*version, *revision, r.time)
	var err error
	if r.source, err = filepath.Abs(*source); err != nil {
		return err
	}
	if r.out, err = filepath.Abs(*out); err != nil {
		return err
	}
	if err := os.RemoveAll(r.out); err != nil {
		return err
	}
	if err := os.MkdirAll(r.out, 0o755); err != nil {
		return err
	}
	if r.stage, err = os.MkdirTemp("", "ukcloud_exporter-dist"); err != nil {
		return err
	}
	defer os.RemoveAll(r.stage)
	if err := r.all(*only); err != nil {
		return err
	}
	return r.checksums(stdout)
}

func (r *release) all(only string) error {
	if err := r.stageTree(); err != nil {
		return err
	}
	if err := r.stageGenerated(); err != nil {
		return err
	}
	if err := r.chart(); err != nil {
		return err
	}
	texts, err := newLicences()
	if err != nil {
		return err
	}
	for _, p := range platforms {
		if only != "" && only != p.String() {
			continue
		}
		if err := r.platform(p, texts); err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
	}
	return nil
}

func (r *release) platform(p platform, texts *licences) error {
	binary := filepath.Join(r.stage, p.binary())
	defer os.Remove(binary)
	if err := r.build(p, binary); err != nil {
		return err
	}
	linked, err := r.linked(p, binary, texts)
	if err != nil {
		return err
	}
	bill, err := r.sbom(p, binary, linked)
	if err != nil {
		return err
	}
	for path, content := range map[string][]byte{
		filepath.Join(r.stage, "sbom.cdx.json"):          bill,
		filepath.Join(r.out, r.fileName(p, ".cdx.json")): bill,
		filepath.Join(r.stage, "copyright"):              copyright(linked),
	} {
		if err := os.WriteFile(path, content, 0o644); err != nil {
			return err
		}
	}
	if err := r.archive(p); err != nil {
		return err
	}
	if p.os == "linux" {
		return r.packages(p)
	}
	return nil
}

func (r *release) fileName(p platform, extension string) string {
	return fmt.Sprintf("ukcloud_exporter_%s_%s_%s%s", r.version, p.os, p.arch, extension)
}

// checksums writes SHA256SUMS, as sha256sum -c reads it.
func (r *release) checksums(stdout io.Writer) error {
	entries, err := os.ReadDir(r.out)
	if err != nil {
		return err
	}
	var sums strings.Builder
	for _, e := range entries {
		content, err := os.ReadFile(filepath.Join(r.out, e.Name()))
		if err != nil {
			return err
		}
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(content), e.Name())
	}
	if _, err := io.WriteString(stdout, sums.String()); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(r.out, "SHA256SUMS"), []byte(sums.String()), 0o644)
}

var semver = regexp.MustCompile(`^v?([0-9]+\.[0-9]+\.[0-9]+)(-[0-9A-Za-z.-]+)?$`)

// semantic makes a version that deb, rpm and semver agree on: that of a tag, or for
// a commit without one a version before the first, which rises with the time.
func semantic(version, revision string, at time.Time) string {
	if semver.MatchString(version) {
		return strings.TrimPrefix(version, "v")
	}
	return fmt.Sprintf("0.0.0-dev.%s.g%.7s", at.Format("20060102150405"), revision)
}
