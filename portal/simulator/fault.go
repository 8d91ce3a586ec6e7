package simulator

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Fault is something wrong with an endpoint.
type Fault struct {
	Endpoint string // as in the contract: compute_services, billing_csv, …; "*" is every one, "GET" every read
	Kind     string // one of the kinds that ParseFault lists
	Account  string // only calls about this account id; "" is every call

	// Delay is waited before the answer, as ENDPOINT=KIND@DELAY.
	Delay time.Duration
}

const (
	retryAfterSeconds = 5
	dripBytes         = 16
	dripPause         = 100 * time.Millisecond
)

// ParseFault reads ENDPOINT=KIND, ENDPOINT/ACCOUNT=KIND and either with @DELAY
// behind it. The error lists the valid names.
func ParseFault(text string) (Fault, error) {
	endpoint, kind, found := strings.Cut(text, "=")
	if !found {
		return Fault{}, fmt.Errorf("fault %q: want ENDPOINT=KIND", text)
	}
	endpoint, account, _ := strings.Cut(endpoint, "/")
	f := Fault{Endpoint: endpoint, Kind: kind, Account: account}
	if kind, delay, delayed := strings.Cut(kind, "@"); delayed {
		var err error
		if f.Delay, err = time.ParseDuration(delay); err != nil || f.Delay < 0 {
			return Fault{}, fmt.Errorf("fault %q: %q is no time to wait, want one like 20s", text, delay)
		}
		f.Kind = kind
	}
	return f, f.valid()
}

func (f Fault) valid() error {
	all := f.Endpoint == "*" || f.Endpoint == methodGet
	if !all && !slices.Contains(endpoints, f.Endpoint) {
		return fmt.Errorf("fault: unknown endpoint %q: valid are *, GET, %s", f.Endpoint, strings.Join(endpoints, ", "))
	}
	kind := kindOf(f.Kind)
	if kind == nil {
		return fmt.Errorf("fault: unknown kind %q: valid are %s", f.Kind, strings.Join(FaultKinds(), ", "))
	}
	if !all && !kind.fits(f.Endpoint) {
		return fmt.Errorf("fault: %s is a fault of %s, not of %s", f.Kind, strings.Join(kind.endpoints, ", "), f.Endpoint)
	}
	return nil
}

// String is the form that ParseFault reads.
func (f Fault) String() string {
	text := f.Endpoint
	if f.Account != "" {
		text += "/" + f.Account
	}
	text += "=" + f.Kind
	if f.Delay > 0 {
		text += "@" + f.Delay.String()
	}
	return text
}

// SetFaults replaces the faults. The first one that fits a call is used.
// An unknown endpoint or kind never fits; ParseFault finds such mistakes.
func (p *Portal) SetFaults(faults ...Fault) {
	faults = slices.Clone(faults)
	p.faults.Store(&faults)
}

// faultFor returns the fault of a call, the zero Fault if there is none.
func (p *Portal) faultFor(c *call) (Fault, *faultKind) {
	for _, f := range *p.faults.Load() {
		kind := kindOf(f.Kind)
		if kind == nil || !kind.fits(c.endpoint) {
			continue
		}
		reads := c.r.Method == http.MethodGet || c.r.Method == http.MethodHead
		all := c.endpoint != "" && (f.Endpoint == "*" || f.Endpoint == methodGet && reads)
		if (f.Endpoint == c.endpoint || all) && (f.Account == "" || f.Account == c.account) {
			return f, kind
		}
	}
	return Fault{}, &faultKind{}
}
