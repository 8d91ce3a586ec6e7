package app

import (
	"bytes"
	"errors"
	"time"

	"ukcloud_exporter/internal/config"
	"ukcloud_exporter/internal/web"
)

// requestReload asks the goroutine that owns reloads, and waits for the outcome.
func (d *Daemon) requestReload() error {
	done := make(chan error, 1)
	d.reloads <- done
	return <-done
}

// reload reads the configuration again. One that cannot be used changes nothing.
func (d *Daemon) reload() error {
	next, err := d.next()
	if err != nil {
		d.reloadSuccess.Set(0)
		d.reloaded.Store(&web.Reloaded{At: time.Now(), Err: err.Error()})
		d.log.Error("Reloading the configuration failed; the old one stays", "err", err)
		return err
	}
	if old := d.current.Load(); next.cache != old.cache {
		// First, so that two collectors never save to one section of the state.
		if err := old.stop(next.client); err != nil {
			d.log.Warn("Refreshes of the old configuration still run", "err", err)
		}
		next.cache.Adopt(old.cache)
	}
	d.become(next)
	d.log.Info("Reloaded the configuration")
	return nil
}

// next makes the generation of the configuration as it is now. Where nothing
// that matters to the session has changed, the session is kept: a login is
// something that administrators see.
func (d *Daemon) next() (*generation, error) {
	old := d.current.Load()
	cfg, err := d.options.Load()
	if err != nil {
		return nil, err
	}
	if cfg.StateDir() != old.config.StateDir() {
		return nil, errors.New("state_dir: cannot be changed by a reload; restart the daemon")
	}
	same, err := sameLogin(old.config, cfg)
	if err != nil {
		return nil, err
	}
	switch {
	case same && bytes.Equal(old.config.Digest(), cfg.Digest()):
		return &generation{config: cfg, client: old.client, cache: old.cache, tickets: old.tickets, archive: old.archive}, nil
	case same && bytes.Equal(old.config.PortalDigest(), cfg.PortalDigest()) && !old.client.Session().Suspended:
		return d.generation(cfg, old.client)
	default: // also for a login that is suspended until the configuration changes
		return d.generation(cfg, nil)
	}
}

func sameLogin(a, b *config.Config) (bool, error) {
	next, err := b.Credentials()
	if err != nil {
		return false, err
	}
	last, err := a.Credentials()
	if err != nil {
		return false, nil //nolint:nilerr // the old configuration's file has gone: a new login it is
	}
	return last.Email == next.Email && last.Password.Reveal() == next.Password.Reveal(), nil
}
