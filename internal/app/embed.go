package app

import (
	"log/slog"
	"net/http"
)

// Embedded is a daemon that listens nowhere and minds no signal: who made it serves
// its Handler, if at all. The tests of the pages take those from it on a clock of
// their own.
type Embedded struct {
	http.Handler

	daemon *Daemon
}

// Embed starts a daemon. Stop ends it.
func Embed(log *slog.Logger, options Options) (*Embedded, error) {
	d, err := start(log, options)
	if err != nil {
		return nil, err
	}
	return &Embedded{d.server().Handler, d}, nil
}

// Reload reads the configuration again. One that cannot be used changes nothing.
func (e *Embedded) Reload() error { return e.daemon.reload() }

// Stop ends the refreshes and closes the state.
func (e *Embedded) Stop() error { return e.daemon.stop() }
