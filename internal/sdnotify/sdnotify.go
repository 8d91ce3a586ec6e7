// Package sdnotify tells systemd how the exporter does: that it listens, that it
// is alive, that it stops (sd_notify(3), for a unit of Type=notify with
// WatchdogSec=). Where systemd did not start the process it does nothing.
package sdnotify

import (
	"context"
	"log/slog"
	"net"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// Service is the process as systemd sees it.
type Service struct {
	log *slog.Logger
	// Watchdog ticks twice as often as systemd wants to hear of Alive; it is nil,
	// and never ticks, when systemd does not wait for that. The loop that must not
	// hang answers it: a ticker of its own would outlive the loop.
	Watchdog <-chan time.Time
}

// New reads what systemd put into the environment.
func New(log *slog.Logger) *Service {
	s := &Service{log: log}
	interval, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		log.Warn("No watchdog", "err", err)
	}
	if interval > 0 {
		s.Watchdog = time.Tick(interval / 2)
	}
	return s
}

// Listening says that the service is ready. It is an http.Server's BaseContext,
// which the server calls when a listener is open and about to be served.
func (s *Service) Listening(net.Listener) context.Context {
	s.notify(daemon.SdNotifyReady)
	return context.Background()
}

// Alive answers the watchdog.
func (s *Service) Alive() { s.notify(daemon.SdNotifyWatchdog) }

// Stopping says that the service ends on purpose.
func (s *Service) Stopping() { s.notify(daemon.SdNotifyStopping) }

// notify only logs a failure: systemd acts on what it does not hear.
func (s *Service) notify(state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		s.log.Warn("Cannot tell systemd", "state", state, "err", err)
	}
}
