package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"math"
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

// cost is what a run takes: time, and time of a processor, which is the same on a busy machine.
type cost struct{ wall, processor time.Duration }

func (c cost) String() string {
	return fmt.Sprintf("%s (processor %s)", c.wall.Round(10*time.Millisecond), c.processor.Round(10*time.Millisecond))
}

// ended is a run that has ended.
type ended struct {
	outcome
	cost
	output string
}

// run runs the tests with one mutant on, in a process group of its own and with a
// directory for temporary files of its own, which both end with it.
func (b *binary) run(ctx context.Context, id int, limit cost) (ended, error) {
	temp, err := os.MkdirTemp(b.temp, "run")
	if err != nil {
		return ended{}, err
	}
	defer func() { _ = os.RemoveAll(temp) }()
	ctx, cancel := context.WithTimeout(ctx, limit.wall)
	defer cancel()
	limited := fmt.Sprintf(`ulimit -v %d && ulimit -t %.0f && exec "$0" "$@"`, addressSpace, math.Ceil(limit.processor.Seconds()))
	cmd := exec.CommandContext(ctx, "sh", append([]string{"-c", limited, b.path}, b.args...)...)
	cmd.Dir = b.dir
	cmd.Env = append(os.Environ(), "MUTANT="+strconv.Itoa(id), "TMPDIR="+temp)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second // for what holds the output open
	start := time.Now()
	out, err := cmd.CombinedOutput()
	end := ended{output: string(out), cost: cost{wall: time.Since(start)}}
	if cmd.ProcessState == nil {
		return ended{}, err // nothing has run
	}
	end.processor = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return ended{}, ctx.Err()
	case err == nil:
		end.outcome = lived
	case killed(cmd.ProcessState):
		end.outcome = late
	default:
		end.outcome = noticed
	}
	return end, nil
}

// killed reports whether one of the limits of time has ended a process: the kernel says so
// with either signal, and we with the second.
func killed(p *os.ProcessState) bool {
	status, ok := p.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && (status.Signal() == syscall.SIGXCPU || status.Signal() == syscall.SIGKILL)
}
