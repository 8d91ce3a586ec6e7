package collector

// State keeps what a collector must not forget over a restart, under the
// collector's own name.
type State interface {
	// Load fills into from what was kept; it leaves into alone when nothing was.
	Load(into any) error
	// Save keeps v. A failure to write is reported by the keeper, and what could
	// not be written is part of the next save.
	Save(v any)
}
