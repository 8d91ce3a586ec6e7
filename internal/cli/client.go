package cli

import (
	"log/slog"

	"ukcloud_exporter/internal/app"
	"ukcloud_exporter/internal/config"
	"ukcloud_exporter/internal/state"
	"ukcloud_exporter/portal"
)

// newClient makes a client for a command that asks the portal and ends, and what
// closes it. Its rejected logins count with the daemon's, so that trying a wrong
// password by hand cannot lock the account; while a daemon holds the state, they
// are counted for this command alone.
func newClient(cfg *config.Config, log *slog.Logger) (client *portal.Client, closeAll func(), err error) {
	store, err := state.Open(cfg.StateDir(), log, nil)
	if err != nil {
		log.Warn("Rejected logins are not counted together with the daemon's", "err", err)
		if store, err = state.Open("", log, nil); err != nil {
			return nil, nil, err
		}
	}
	client, err = app.NewClient(cfg, log, portal.WithRejectionStore(store))
	if err != nil {
		_ = store.Close() // nothing was written
		return nil, nil, err
	}
	return client, func() {
		client.CloseIdleConnections()
		if err := store.Close(); err != nil {
			log.Warn("Closing the state failed", "err", err)
		}
	}, nil
}
