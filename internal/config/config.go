// Package config reads the configuration: a YAML file, the environment, or both.
//
// A mistake is never guessed around: an unknown key, a wrong type, a missing
// file are errors, each with file, line, key and reason, all of them at once. A
// value of the file is never printed, so that no secret is.
package config

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"

	promconfig "github.com/prometheus/common/config"

	"ukcloud_exporter/collector"
	"ukcloud_exporter/internal/tickets"
	"ukcloud_exporter/portal"
)

// Config is a valid configuration; only Load makes one.
type Config struct {
	settings    settings
	passwordKey string // the key or variable that the password, or its file, stands in
	reader      *passwordReader
	tickets     bool // the file has the section
}

// Format prints no setting, whatever the verb: fmt does not ask the types of
// unexported fields how they want to be printed, and would show the password.
func (c Config) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "<configuration>") }

// Load reads the configuration file at path, takes what it leaves out about the
// login and the state from the environment variables that env knows, and fills in
// defaults.
// With path "" there is the environment only.
//
// Relative paths in the file are relative to the file's directory. The error is
// of type Problems.
func Load(path string, env func(string) string) (*Config, error) {
	l := newLoader(path)
	if path != "" {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, Problems{{File: path, Reason: fileReason(err)}}
		}
		root := l.document(data)
		if root == nil {
			return nil, l.problems
		}
		l.read(reflect.ValueOf(&l.settings).Elem(), root, "")
	}
	l.fillFromEnvironment(env)
	l.check()
	if len(l.problems) > 0 {
		return nil, l.problems.sorted()
	}
	return &Config{settings: l.settings, passwordKey: l.passwordKey(), reader: l.reader, tickets: l.inFile("tickets")}, nil
}

// PortalURL is the base URL of the Portal API, without a slash at its end.
func (c *Config) PortalURL() string {
	return strings.TrimRight(c.settings.Portal.URL.String(), "/")
}

// PortalTimeout is the limit of one portal call, body included.
func (c *Config) PortalTimeout() time.Duration { return c.settings.Portal.Timeout }

// RejectedLoginsLimit is how many rejected logins one pair of credentials may cost.
func (c *Config) RejectedLoginsLimit() int { return c.settings.Portal.RejectedLoginsLimit }

// Secrets are the texts of the transport that are never printed.
func (c *Config) Secrets() []portal.Secret {
	var secrets []portal.Secret
	h := c.settings.Portal.HTTPClient
	for _, header := range h.HTTPHeaders {
		secrets = append(secrets, header.Secrets...)
	}
	for _, values := range h.ProxyConnectHeader {
		secrets = append(secrets, values...)
	}
	if h.ProxyURL.URL != nil {
		if password, ok := h.ProxyURL.User.Password(); ok {
			secrets = append(secrets, portal.NewSecret(password))
		}
	}
	return secrets
}

// Accounts are the ids of the accounts to collect, in decimal digits; none means
// every account that the login sees.
func (c *Config) Accounts() []string { return plain(c.settings.Accounts) }

// StateDir is the directory of the state; "" keeps it in memory.
func (c *Config) StateDir() string { return string(c.settings.StateDir) }

// Collector returns the settings of a collector of collector.All.
func (c *Config) Collector(name string) collector.Settings {
	for _, s := range c.settings.Collectors.all {
		if s.name == name {
			return s.of()
		}
	}
	panic("config: no collector " + name)
}

// Tickets returns how alerts become tickets, and whether they do.
func (c *Config) Tickets() (tickets.Settings, bool) {
	return c.settings.Tickets, c.tickets
}

// Credentials is a portal.CredentialSource: it reads the password file at each
// call, so that a rotated password is noticed, and waits for it no longer than
// passwordTimeout. Its errors do not name the file.
func (c *Config) Credentials() (portal.Credentials, error) {
	p := c.settings.Portal
	password, source := p.Password, c.passwordKey
	if p.PasswordFile != "" {
		var reason string
		if password, reason = c.reader.read(p.PasswordFile); reason != "" {
			return portal.Credentials{}, fmt.Errorf("portal.password_file: %s", reason)
		}
		source += " (" + string(p.PasswordFile) + ")"
	}
	return portal.Credentials{Email: p.Email, Password: password, Source: source}, nil
}

// HTTPTransport builds the round tripper that portal.http_client describes. It
// reads certificate files, so it fails when they have gone since Load.
func (c *Config) HTTPTransport() (http.RoundTripper, error) {
	rt, err := promconfig.NewRoundTripperFromConfig(c.settings.Portal.HTTPClient.config(), "portal")
	if err != nil {
		return nil, fmt.Errorf("portal.http_client: %w", err)
	}
	return rt, nil
}

// Digest is a hash of every effective setting that is not secret. It changes
// when the configuration does, wherever the change was made.
func (c *Config) Digest() []byte { return c.digest(everything) }

// PortalDigest is Digest of the section portal alone: of what makes a client.
func (c *Config) PortalDigest() []byte {
	return c.digest(func(path string) bool { return strings.HasPrefix(path, "portal.") })
}

// LoginDigest is Digest without how many rejected logins there may be: to lower that
// must not begin a new count.
func (c *Config) LoginDigest() []byte {
	return c.digest(func(path string) bool { return path != "portal.rejected_logins_limit" })
}

// DataDigest is Digest of what the data of a collector depends on: the portal, the
// login, the accounts, and the collector's own keys, without when and how patiently it
// asks and where it writes.
func (c *Config) DataDigest(collector string) []byte {
	own := "collectors." + collector + "."
	patience := []string{
		"portal.timeout", "portal.rejected_logins_limit", "portal.password_file",
		own + "enabled", own + "min_interval", own + "max_age", own + "export_dir",
	}
	return c.digest(func(path string) bool {
		matters := strings.HasPrefix(path, "portal.") || strings.HasPrefix(path, "accounts") || strings.HasPrefix(path, own)
		return matters && !slices.Contains(patience, path)
	})
}

func everything(string) bool { return true }

// digest is a hash of the settings whose path is among those that matter.
func (c *Config) digest(matters func(path string) bool) []byte {
	h := sha256.New()
	for _, leaf := range leaves(reflect.ValueOf(c.settings), "", "") {
		if matters(leaf.path) && leaf.value.Type() != reflect.TypeFor[portal.Secret]() {
			fmt.Fprintf(h, "%s=%q\n", leaf.path, show(leaf.value.Interface()))
		}
	}
	return h.Sum(nil)
}

// leaf is one value of the settings.
type leaf struct {
	path, doc string
	value     reflect.Value
}

// leaves are the single values below v, in the order of the types, of lists and
// of sorted map keys.
func leaves(v reflect.Value, path, doc string) []leaf {
	if _, ok := scalarOf(v.Type()); ok {
		return []leaf{{path, doc, v}}
	}
	var out []leaf
	switch v.Kind() {
	case reflect.Struct:
		for _, f := range fields(v) {
			out = append(out, leaves(f.value, join(path, f.key), f.doc)...)
		}
	case reflect.Slice:
		for i := range v.Len() {
			out = append(out, leaves(v.Index(i), fmt.Sprintf("%s[%d]", path, i), doc)...)
		}
	case reflect.Map:
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
		for _, key := range keys {
			out = append(out, leaves(v.MapIndex(key), join(path, key.String()), doc)...)
		}
	}
	return out
}
