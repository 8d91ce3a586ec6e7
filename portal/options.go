package portal

import (
	"errors"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"

	"ukcloud_exporter/internal/loginguard"
)

// settings are what the options of New set.
type settings struct {
	transport   http.RoundTripper
	timeout     time.Duration
	logger      *slog.Logger
	registerer  prometheus.Registerer
	guard       *loginguard.Guard
	limit       int
	digest      []byte
	force       bool
	secrets     []Secret
	userAgent   string
	concurrency int
	rate        *rate.Limiter
}

func defaultSettings() settings {
	return settings{
		transport:   newTransport(),
		timeout:     2 * time.Minute, // the portal took about one for 1,920 VMs
		logger:      slog.New(slog.DiscardHandler),
		userAgent:   "ukcloud_exporter",
		concurrency: 8, // a Stream holds its place until it is closed
		guard:       loginguard.New(""),
		rate:        rate.NewLimiter(100, 500), // requests a second, and at once
	}
}

// newTransport bounds everything that the timeout of a call does not. There is no
// limit on the wait for a header: compute_services is generated before it is
// sent.
func newTransport() *http.Transport {
	dialer := net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            dialer.DialContext,
		TLSHandshakeTimeout:    10 * time.Second,
		ExpectContinueTimeout:  time.Second,
		MaxIdleConns:           16,
		IdleConnTimeout:        30 * time.Second,
		MaxResponseHeaderBytes: 256 << 10,
		ForceAttemptHTTP2:      true,
	}
}

// Option changes a setting of New.
type Option func(*settings) error

// WithTransport sets what carries the requests: TLS, proxies. It must neither
// follow redirects nor keep cookies; an http.Transport does neither.
func WithTransport(transport http.RoundTripper) Option {
	return func(s *settings) error {
		if transport == nil {
			return errors.New("transport is nil")
		}
		s.transport = transport
		return nil
	}
}

// WithTimeout bounds one call, from its first request to the end of the body,
// retries and logins included. The default is two minutes.
func WithTimeout(timeout time.Duration) Option {
	return func(s *settings) error {
		if timeout <= 0 {
			return errors.New("timeout is not positive")
		}
		s.timeout = timeout
		return nil
	}
}

// WithLogger sets the logger: a debug line per request, an info line per login.
// The default logs nothing.
func WithLogger(logger *slog.Logger) Option {
	return func(s *settings) error {
		if logger == nil {
			return errors.New("logger is nil")
		}
		s.logger = logger
		return nil
	}
}

// WithRegisterer registers the families ukcloud_api_*, ukcloud_session_* and
// ukcloud_up. A second Client with the same registerer, as a reload makes it, goes
// on with the counters of the first and takes over its gauges.
func WithRegisterer(registerer prometheus.Registerer) Option {
	return func(s *settings) error {
		if registerer == nil {
			return errors.New("registerer is nil")
		}
		s.registerer = registerer
		return nil
	}
}

// LoginGuard counts rejected logins, so that several clients together do not lock the
// account: the portal locks it after a few.
type LoginGuard struct{ guard *loginguard.Guard }

// NewLoginGuard returns a guard that keeps its record in a file of dir, over restarts
// and for every process with the same directory. With dir "" the record lives as long
// as the guard.
func NewLoginGuard(dir string) *LoginGuard { return &LoginGuard{loginguard.New(dir)} }

// WithLoginGuard sets what counts rejected logins. The default counts them for this
// client alone.
func WithLoginGuard(guard *LoginGuard) Option {
	return func(s *settings) error {
		if guard == nil {
			return errors.New("login guard is nil")
		}
		s.guard = guard.guard
		return nil
	}
}

// WithRejectedLoginsLimit sets how many rejected logins one pair of credentials may
// cost, default 2.
func WithRejectedLoginsLimit(limit int) Option {
	return func(s *settings) error {
		if limit < 1 {
			return errors.New("limit of rejected logins is less than 1")
		}
		s.limit = limit
		return nil
	}
}

// WithForcedLogin logs in although logins are suspended: for a person who knows
// better.
func WithForcedLogin() Option {
	return func(s *settings) error {
		s.force = true
		return nil
	}
}

// WithSecrets adds texts that are never printed, whoever repeats them: those of the
// transport, such as header values.
func WithSecrets(secrets ...Secret) Option {
	return func(s *settings) error {
		s.secrets = append(s.secrets, secrets...)
		return nil
	}
}

// WithConfigDigest makes the config part of what rejected logins are counted for:
// when it changes, logins are tried again.
func WithConfigDigest(digest []byte) Option {
	return func(s *settings) error {
		s.digest = slices.Clone(digest)
		return nil
	}
}

// WithUserAgent sets the User-Agent header. The default is "ukcloud_exporter".
func WithUserAgent(userAgent string) Option {
	return func(s *settings) error {
		s.userAgent = userAgent
		return nil
	}
}
