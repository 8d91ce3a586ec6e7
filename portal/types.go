package portal

import (
	"io"
	"time"

	"ukcloud_exporter/money"
)

// Answer is one decoded answer with its validator. Every list method takes the
// previous answer (nil when there is none), sends its ETag as If-None-Match, and
// on 304 returns the previous answer itself: an equal pointer means unchanged.
//
// Malformed counts, by member name, values of a wrong kind, which were left absent.
type Answer[T any] struct {
	Value     T
	ETag      string // "" for compute_services, which has one for each page
	Malformed map[string]int

	pages []*computePage
}

// Account is one account that the login may see (API reference, GET
// /api/accounts).
type Account struct {
	ID   string // decimal digits; the portal sends an integer
	Name string
}

// MyVM is the answer of GET /api/my_vm.
type MyVM struct {
	Accounts []MyVMAccount
	Warning  string // "This endpoint has been deprecated. …" since October 2016
}

// MyVMAccount is one account of GET /api/my_vm. Name is "" in the API
// reference's shape, where the key is the word account and the values are flat.
type MyVMAccount struct {
	Name  string
	VApps []MyVApp
	VMs   []MyVMMachine
}

// MyVApp is a vApp of GET /api/my_vm.
type MyVApp struct {
	VDCName string // "" in the API reference's shape

	URN, Name, PowerState string

	TotalVMs              Optional[int64]
	MonthToDate, Estimate Optional[money.Amount] // pounds
}

// MyVMMachine is a VM of GET /api/my_vm, which shows at most ten per VDC.
type MyVMMachine struct {
	VDCName string // "" in the API reference's shape

	URN, Name, Size, OS, PowerState string

	LastBackupStatus, LastBackup string

	MonthToDate, Estimate Optional[money.Amount] // pounds
	HoursOn, HoursOff     Optional[int64]        // billed hours since the first of the month
	InBackup              Optional[bool]
	Backups               []Backup
}

// Ticket is one support call of GET /api/my_calls.
type Ticket struct {
	ID        string // INC… is an incident, REQ… a service request
	Summary   string
	Status    string
	Submitted Optional[time.Time] // UTC, from Europe/London wall clock
}

// VMotionEvent is one move of a VM between hosts. VM and vApp names are cut at
// 32 characters by the portal.
type VMotionEvent struct {
	Created     Optional[time.Time] // UTC
	CreatedText string              // as sent
	ServiceID   string              // decimal digits; the portal sends an integer

	UserName, VirtualMachine, VDCName, VAppName string
}

// NamedID is a vOrg of GET …/vorgs ("735-2") or a VDC of GET …/vdcs (a URN).
type NamedID struct {
	ID, Name string
}

// APICredential is one entry of GET …/api_credentials.
type APICredential struct {
	Name      string // of the vOrg, without the service id that the portal's key carries behind it
	ServiceID string // company-account-vorg-random, for example 467-735-2-a736cd
	Username  string
}

// BuildKind says what was built.
type BuildKind string

// The kinds of builds that have a list of their own.
const (
	BuildVOrg        BuildKind = "vorg"
	BuildVDC         BuildKind = "vdc"
	BuildEdgeGateway BuildKind = "edge_gateway"
)

// Build is one self-service build. Name is the VDC's name, else the vOrg's, else
// "" (edge gateways have none).
type Build struct {
	ID, State, Name, CreatedBy string

	Created Optional[time.Time] // UTC
}

// Stream is a body that is not read into memory. The caller closes it. Read
// gives io.ErrUnexpectedEOF when the body ends before its Content-Length.
type Stream struct {
	io.ReadCloser
	ETag string
	// Proven: a body that is cut off is noticed, by its Content-Length or by its
	// chunks. The end of any other body is the end of the connection, which proves
	// nothing.
	Proven bool
}

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
