package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

//go:embed mutant/mutant.go
var helpers string

// addressSpace bounds what a mutant that fills the memory can take, in KiB.
const addressSpace = 4 << 20

// binary is a compiled test with all mutants in it.
type binary struct {
	path string
	dir  string // where its tests run
	args []string
	temp string // for what they write
}

// compile builds the tests in dir of testDir with the package's files replaced.
func compile(s *source, texts map[string][]byte, testDir, temp string) (*binary, error) {
	replace := map[string]string{}
	texts["mutant_helpers.go"] = []byte(strings.Replace(helpers, "\npackage mutant\n", "\npackage "+s.Name+"\n", 1))
	for name, text := range texts {
		to := filepath.Join(temp, name)
		if err := os.WriteFile(to, text, 0o644); err != nil {
			return nil, err
		}
		replace[filepath.Join(s.Dir, name)] = to
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return nil, err
	}
	overlayFile := filepath.Join(temp, "overlay.json")
	if err := os.WriteFile(overlayFile, overlay, 0o644); err != nil {
		return nil, err
	}
	b := &binary{path: filepath.Join(temp, "mutants.test"), dir: testDir, temp: temp}
	cmd := exec.Command("go", "test", "-c", "-vet=off", "-overlay", overlayFile, "-o", b.path, ".")
	cmd.Dir = testDir
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("the rewritten package does not compile: %w\n%s", err, out)
	}
	if _, err := os.Stat(b.path); err != nil {
		return nil, errors.New("there are no tests")
	}
	return b, nil
}

type outcome int

const (
	lived outcome = iota // the tests pass
	noticed
	late // they did not end in time
)

func (o outcome) String() string { return [...]string{"lived", "noticed", "out of time"}[o] }

// run runs the tests with one mutant on, in a process group of its own and with a
// directory for temporary files of its own, which both end with it.
func (b *binary) run(ctx context.Context, id int, limit time.Duration) (result outcome, output string, err error) {
	temp, err := os.MkdirTemp(b.temp, "run")
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = os.RemoveAll(temp) }()
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	limited := fmt.Sprintf(`ulimit -v %d && exec "$0" "$@"`, addressSpace)
	cmd := exec.CommandContext(ctx, "sh", append([]string{"-c", limited, b.path}, b.args...)...)
	cmd.Dir = b.dir
	cmd.Env = append(os.Environ(), "MUTANT="+strconv.Itoa(id), "TMPDIR="+temp)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second // for what holds the output open
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return late, string(out), nil
	case ctx.Err() != nil:
		return 0, "", ctx.Err()
	case err == nil:
		return lived, string(out), nil
	case errors.As(err, &exit):
		return noticed, string(out), nil
	}
	return 0, "", err // the tests have not run
}
