package bill

import (
	"time"

	"ukcloud_exporter/csvparse"
)

// Role is what a bill is at a moment. Each role has families of its own, so that
// no month is counted as another one.
type Role uint8

// What a bill may be.
const (
	CurrentMonth  Role = iota // of the month that runs
	PreviousMonth             // of the month before
)

// Standing is a bill in the role that it has now, with what follows from the bills
// beside it. It is comparable: equal ones show the same.
type Standing struct {
	Account, VOrg string // that it is of
	Role          Role
	Bill          *Bill

	// Before is the bill of the month before, for a current one; nil when it is
	// not known.
	Before *Bill

	// Day is the newest complete day, in the one of the two bills that holds it;
	// the zero Date in the other.
	Day csvparse.Date

	// Forecast is what a current bill will come to; not Valid while nobody knows.
	Forecast Sum

	// Restatement is what a previous bill changed by since it was first seen
	// final; not Valid before.
	Restatement Sum

	// VMLimit is how many resources a current bill shows by themselves.
	VMLimit int

	// ETag is the validator with which the portal gave the bill.
	ETag string

	// Sum identifies the bytes that the bill was read from, where bills are kept; ""
	// elsewhere.
	Sum string
}

// Until is when the bill's role ends: the running month's becomes the previous one,
// and that none.
func (s *Standing) Until() time.Time {
	end := s.Bill.Month.Next()
	if s.Role == PreviousMonth {
		end = end.Next()
	}
	return end.Start()
}
