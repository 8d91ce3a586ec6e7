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
	LastError      string    // of the last login that failed, "" after one that did not
}

// RejectionStore keeps the number of rejected logins over a restart.
// SetRejections has saved durably when it returns nil.
type RejectionStore interface {
	Rejections() Rejections
	SetRejections(Rejections) error
}

// Rejections counts the logins that the portal rejected for one pair of
// credentials. The credentials are known by a salted fingerprint only.
type Rejections struct {
	Salt        []byte    `json:"salt"`
	Fingerprint []byte    `json:"fingerprint"`
	Count       int       `json:"count"`
	Last        time.Time `json:"last"`
}
