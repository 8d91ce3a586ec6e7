package simulator

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// Era is the state of the portal that is simulated. The same endpoints changed
// over the years.
type Era int

const (
	// Era2018 is the portal of the API reference (its text is of April 2019):
	// every endpoint answers, and compute_services and my_vm carry money.
	Era2018 Era = 2018
	// Era2020 is the portal at its end. Money and hours are constant zero and
	// my_calls is gone (July 2019) whatever the clock says. Four more changes
	// come with the portal's clock: storage is 0 from 28 October 2020, my_vm is
	// 404 from 8 December 2020, and vmotion_events is an empty list from 19
	// March 2021, and vOrgs are built in the zones 2D and 2E from 25 June 2021.
	Era2020 Era = 2020
)

// The days on which the portal of Era2020 changed (release notes and the
// history of the reference).
var (
	storageGone = time.Date(2020, 10, 28, 0, 0, 0, 0, time.UTC)
	myVMGone    = time.Date(2020, 12, 8, 0, 0, 0, 0, time.UTC)
	vMotionGone = time.Date(2021, 3, 19, 0, 0, 0, 0, time.UTC)
	zonesAdded  = time.Date(2021, 6, 25, 0, 0, 0, 0, time.UTC)
)

// Options say what portal to simulate. The zero value is a small estate in one
// account with the login demo@example.com / demo.
type Options struct {
	Seed     uint64
	Accounts int // default 1
	VMs      int // over all accounts, at every moment of the clock; default 20

	// VOrgsPerAccount is the number of compute services of an account; 0 is a
	// number that suits its VMs. A quarter of them is empty, as was recorded.
	VOrgsPerAccount int

	Latency    time.Duration // waited before every answer
	SessionTTL time.Duration // default 900 s
	Era        Era           // default Era2018
	Email      string        // default demo@example.com
	Password   string        // default demo
	Users      []User        // who may log in besides; Email is an administrator
	History    int           // months of billing before the clock's month; default 36

	// Now is the portal's clock, default time.Now. CookieNow is the clock that
	// the expires attribute of cookies is written by, default time.Now also
	// when Now is set: a client's cookie jar lives by that clock, and would
	// throw away at once a cookie that a portal of 2018 issued.
	Now       func() time.Time
	CookieNow func() time.Time

	// ReadOnly refuses whatever would change something.
	ReadOnly bool

	// BuildDuration is what a build takes that a user starts: a quarter of it it
	// waits for approval, then it runs. ApprovalDelay is how long a ticket that a
	// user opens cannot be changed. With zero neither waits.
	BuildDuration time.Duration
	ApprovalDelay time.Duration

	Logger *slog.Logger // default: nothing is logged
	Faults []Fault

	// KeepAlive leaves connections open. The recorded portal closed every one.
	KeepAlive bool

	Billing BillingFormat
}

// BillingFormat is how billing-csv is written. The zero value is the spelling
// of the API reference, LF line ends and no byte order mark; no byte of a real
// file was ever recorded.
type BillingFormat struct {
	// EvidenceFile is the spelling of the invoice evidence file article: five
	// headers differ, and memory is in GiB instead of MB.
	EvidenceFile bool
	BOM          bool
	CRLF         bool
}

// withDefaults fills what was left out and refuses what makes no sense.
func (o Options) withDefaults() (Options, error) {
	setDefault(&o.Accounts, 1)
	setDefault(&o.VMs, 20)
	setDefault(&o.SessionTTL, 900*time.Second)
	setDefault(&o.Era, Era2018)
	setDefault(&o.Email, "demo@example.com")
	setDefault(&o.Password, "demo")
	setDefault(&o.History, 36)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.CookieNow == nil {
		o.CookieNow = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	switch {
	case o.Accounts < 0 || o.VMs < 0 || o.VOrgsPerAccount < 0 || o.History < 0:
		return o, errors.New("accounts, VMs, vOrgs and history must not be negative")
	case o.SessionTTL < time.Second:
		return o, fmt.Errorf("session TTL %v is under one second", o.SessionTTL)
	case o.Latency < 0:
		return o, fmt.Errorf("latency %v is negative", o.Latency)
	case o.BuildDuration < 0:
		return o, fmt.Errorf("build duration %v is negative", o.BuildDuration)
	case o.ApprovalDelay < 0:
		return o, fmt.Errorf("approval delay %v is negative", o.ApprovalDelay)
	case o.Era != Era2018 && o.Era != Era2020:
		return o, fmt.Errorf("unknown era %d: valid are 2018 and 2020", o.Era)
	}
	seen := map[string]bool{strings.ToLower(o.Email): true}
	for _, user := range o.Users {
		if err := user.valid(); err != nil {
			return o, err
		}
		if name := strings.ToLower(user.Email); seen[name] {
			return o, fmt.Errorf("user %q is there twice", user.Email)
		} else {
			seen[name] = true
		}
	}
	for _, fault := range o.Faults {
		if err := fault.valid(); err != nil {
			return o, err
		}
	}
	return o, nil
}

func setDefault[T comparable](option *T, value T) {
	var zero T
	if *option == zero {
		*option = value
	}
}
