package collector

import "log/slog"

// State keeps what a collector must not forget over a restart, in the collector's
// own section. A state.Section is one.
type State interface {
	// Load fills into from what was kept, and reports whether there is anything.
	Load(into any) (found bool, err error)
	// Save keeps v. After an error v is part of the next save.
	Save(v any) error
}

// recall returns what was kept, the zero value when nothing was. What cannot be
// read is as if it were not there: a damaged memory must not stop a collector for
// ever.
func recall[T any](s State, log *slog.Logger) (kept T) {
	if _, err := s.Load(&kept); err != nil {
		log.Error("State cannot be read; starting anew", "err", err)
		var nothing T
		return nothing
	}
	return kept
}

// keep saves v.
func keep(s State, log *slog.Logger, v any) {
	if err := s.Save(v); err != nil {
		log.Error("State cannot be saved; it is kept in memory until the next save", "err", err)
	}
}
