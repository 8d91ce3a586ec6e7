package portal

import (
	"time"
)

// SessionStatus is the session for the status page. It holds no secret.
type SessionStatus struct {
	LoggedIn       bool
	Expiry         time.Time // zero while not logged in
	Suspended      bool
	SuspendedUntil time.Time // zero: until the credentials or the config change
	NextLogin      time.Time // while a login that failed makes the next one wait; else zero
	LastError      string    // of the last login that failed, "" after one that did not
}
