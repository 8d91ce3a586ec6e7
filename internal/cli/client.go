package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"ukcloud_exporter/internal/app"
	"ukcloud_exporter/internal/config"
	"ukcloud_exporter/internal/loginguard"
	"ukcloud_exporter/portal"
)

// closeTimeout bounds how long the end of a command waits for a login that the
// portal may have seen.
const closeTimeout = 5 * time.Second

// newClient makes a client for a command that asks the portal and ends, logged in, and
// what closes it. It stands before the same guard as the daemon, whose state it does
// not touch: a login that the daemon would not try is not tried, unless force says so.
func newClient(ctx context.Context, cfg *config.Config, log *slog.Logger, force bool) (client *portal.Client, closeAll func(), err error) {
	options := []portal.Option{portal.WithLoginGuard(portal.NewLoginGuard(cfg.StateDir()))}
	if force {
		options = append(options, portal.WithForcedLogin())
	}
	if client, err = app.NewClient(cfg, log, options...); err != nil {
		return nil, nil, err
	}
	closeAll = func() {
		ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
		defer cancel()
		client.Close(ctx)
	}
	if err := client.Login(ctx); err != nil {
		closeAll()
		return nil, nil, loginHelp(err)
	}
	return client, closeAll, nil
}

// loginHelp says what a person can do who knows that the login is good now.
func loginHelp(err error) error {
	if _, suspended := errors.AsType[*loginguard.SuspendedError](err); suspended {
		return fmt.Errorf("log in: %w; --force-login tries all the same", err)
	}
	return fmt.Errorf("log in: %w", err)
}
