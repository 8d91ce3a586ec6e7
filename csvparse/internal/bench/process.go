//go:build unix

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os/exec"
	"syscall"
	"time"
)

// cost is what a process has used up from its start to its end.
type cost struct {
	cpu, wall time.Duration
	peak      float64 // MiB of memory; where it is less than this program's own, that
}

// measure runs a process, and returns what it has used up, and if wanted what it has
// printed.
func measure(argv []string, wanted bool) (out []byte, used cost, err error) {
	command := exec.Command(argv[0], argv[1:]...)
	begun := time.Now()
	if wanted {
		out, err = command.Output()
	} else {
		err = command.Run()
	}
	if err != nil {
		return nil, cost{}, fmt.Errorf("%s: %w", argv[0], withStderr(err))
	}
	used.wall = time.Since(begun)
	used.cpu = command.ProcessState.UserTime() + command.ProcessState.SystemTime()
	if usage, ok := command.ProcessState.SysUsage().(*syscall.Rusage); ok {
		used.peak = float64(usage.Maxrss) / 1024
	}
	return out, used, nil
}

// withStderr shows what a contender complained of.
func withStderr(err error) error {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return fmt.Errorf("%w: %s", err, bytes.TrimSpace(exit.Stderr))
	}
	return err
}
