package cli

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"

	"github.com/KimMachineGun/automemlimit/memlimit"
	"github.com/alecthomas/kingpin/v2"
)

// memory has the garbage collector work harder before the cgroup's limit, in a
// container or a unit with MemoryMax, would end the process.
type memory struct {
	auto  bool
	ratio float64
}

// addMemoryFlags adds the flags, which are those of Prometheus.
func addMemoryFlags(cmd *kingpin.CmdClause) *memory {
	m := new(memory)
	cmd.Flag("auto-gomemlimit", "Set Go's memory limit (GOMEMLIMIT) from the memory limit of the container or unit, where it has one. GOMEMLIMIT in the environment goes before it.").
		Default("true").BoolVar(&m.auto)
	cmd.Flag("auto-gomemlimit.ratio", "Which part of that limit, above 0 and at most 1; the rest is for what is not Go's heap.").
		Default("0.9").Float64Var(&m.ratio)
	return m
}

// limit sets Go's memory limit to a part of what provider says. Where that says
// nothing, the process runs as if there was no limit, and the log has the reason.
func (m *memory) limit(log *slog.Logger, getenv func(string) string, provider memlimit.Provider) error {
	if !(m.ratio > 0 && m.ratio <= 1) {
		return fmt.Errorf("--auto-gomemlimit.ratio: %v is not above 0 and at most 1", m.ratio)
	}
	if value := getenv("GOMEMLIMIT"); value != "" {
		log.Info("The memory limit is that of the environment", "GOMEMLIMIT", value)
		return nil
	}
	if !m.auto {
		return nil
	}
	bytes, err := memlimit.ApplyRatio(provider, m.ratio)()
	switch {
	case errors.Is(err, memlimit.ErrNoLimit), errors.Is(err, memlimit.ErrCgroupsNotSupported), errors.Is(err, memlimit.ErrNoCgroup):
		log.Debug("No memory limit is set", "reason", err)
	case err != nil:
		log.Warn("The memory limit of the cgroup cannot be read, and none is set", "err", err)
	case int64(bytes) > 0:
		debug.SetMemoryLimit(int64(bytes))
		log.Info("The memory limit is that of the cgroup", "GOMEMLIMIT", bytes, "ratio", m.ratio)
	}
	return nil
}
