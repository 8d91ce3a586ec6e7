package simulator

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Fault is something wrong with an endpoint.
type Fault struct {
	Endpoint string // as in the contract: compute_services, billing_csv, …; "*" is every one
	Kind     string // one of the kinds that ParseFault lists
	Account  string // only calls about this account id; "" is every call
}

// kinds of faults.
const (
	fault500           = "500"
	fault502           = "502"
	fault503           = "503"
	fault429           = "429"
	fault401           = "401"
	fault403           = "403"
	fault404           = "404"
	faultHTML          = "html"
	faultRedirect      = "redirect"
	faultRedirectOther = "redirect-other-host"
	faultGarbage       = "garbage"
	faultTruncated     = "truncated"
	faultSlow          = "slow"
	faultHang          = "hang"
	faultReset         = "reset"
)

var faultKinds = []string{
	fault500, fault502, fault503, fault429, fault401, fault403, fault404, faultHTML, faultRedirect, faultRedirectOther,
	faultGarbage, faultTruncated, faultSlow, faultHang, faultReset,
}

const (
	retryAfterSeconds = 5
	dripBytes         = 16
	dripPause         = 100 * time.Millisecond
)

// ParseFault reads ENDPOINT=KIND. The error lists the valid names.
func ParseFault(text string) (Fault, error) {
	endpoint, kind, found := strings.Cut(text, "=")
	if !found {
		return Fault{}, fmt.Errorf("fault %q: want ENDPOINT=KIND", text)
	}
	f := Fault{Endpoint: endpoint, Kind: kind}
	return f, f.valid()
}

func (f Fault) valid() error {
	if f.Endpoint != "*" && !slices.Contains(endpoints, f.Endpoint) {
		return fmt.Errorf("fault: unknown endpoint %q: valid are *, %s", f.Endpoint, strings.Join(endpoints, ", "))
	}
	if !slices.Contains(faultKinds, f.Kind) {
		return fmt.Errorf("fault: unknown kind %q: valid are %s", f.Kind, strings.Join(faultKinds, ", "))
	}
	return nil
}

// String is the form that ParseFault reads; the account is not in it.
func (f Fault) String() string { return f.Endpoint + "=" + f.Kind }

// SetFaults replaces the faults. The first one that fits a call is used.
// An unknown endpoint or kind never fits; ParseFault finds such mistakes.
func (p *Portal) SetFaults(faults ...Fault) {
	faults = slices.Clone(faults)
	p.faults.Store(&faults)
}

// faultFor returns the fault for a call, the zero Fault if there is none.
func (p *Portal) faultFor(c *call) Fault {
	for _, f := range *p.faults.Load() {
		if (f.Endpoint == c.endpoint || f.Endpoint == "*" && c.endpoint != "") && (f.Account == "" || f.Account == c.account) {
			return f
		}
	}
	return Fault{}
}

// faultAnswer returns the answer that a fault puts in place of the true one.
func (p *Portal) faultAnswer(f Fault) (answer, bool) {
	var a answer
	switch f.Kind {
	case fault500:
		a = failure(http.StatusInternalServerError, "500 Internal Server Error", "We're sorry, but something went wrong.")
	case fault502:
		a = page(http.StatusBadGateway, "<h1>502 Bad Gateway</h1>")
	case fault503:
		a = page(http.StatusServiceUnavailable, "<h1>503 Service Unavailable</h1>")
	case fault429:
		a = failure(http.StatusTooManyRequests, "429 Too Many Requests", "")
		a.header = http.Header{"Retry-After": {strconv.Itoa(retryAfterSeconds)}}
	case fault401:
		a = failure(http.StatusUnauthorized, "401 Unauthorized", "")
	case fault403:
		a = failure(http.StatusForbidden, "Insufficient Permission", "Compute-Service permission is required in order to list VDCs.")
	case fault404:
		a = failure(http.StatusNotFound, "404 Not Found", "")
	case faultHTML:
		a = page(http.StatusOK, loginPage)
	case faultRedirect:
		a = redirect("/login")
	case faultRedirectOther:
		a = redirect("https://login.portal.invalid/login")
	case faultGarbage:
		a = whole(http.StatusOK, typeJSON, []byte("\x00\x01{\"vOrgs\":[}}\xff\xfe not JSON, and not UTF-8 either"))
	default:
		return a, false
	}
	return a, true
}

func redirect(location string) answer {
	a := page(http.StatusFound, `You are being <a href="`+location+`">redirected</a>.`)
	a.header = http.Header{"Location": {location}}
	return a
}

// sendFaulty sends an answer by way of the faults that spoil the transport.
func (p *Portal) sendFaulty(w http.ResponseWriter, r *http.Request, a answer, f Fault, serial int64) {
	switch f.Kind {
	case faultHang:
		select {
		case <-r.Context().Done():
		case <-p.closed:
		}
		panic(http.ErrAbortHandler)
	case faultReset:
		reset(w)
	case faultTruncated:
		length := wholeLength(a)
		cut := int64(p.estate.draw.of(topicFault, serial).below(int(max(length, 1))))
		w.Header().Set("Content-Length", strconv.FormatInt(length, 10))
		w.WriteHeader(a.status)
		_ = a.write(&cutWriter{w, cut})
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler) // ends the connection where the body was cut
	case faultSlow:
		w.Header().Set("Content-Length", strconv.FormatInt(wholeLength(a), 10))
		w.WriteHeader(a.status)
		_ = a.write(&dripWriter{w, r, p})
	default:
		w.Header().Set("Content-Length", strconv.FormatInt(a.length, 10))
		w.WriteHeader(a.status)
		_ = a.write(w)
	}
}

// wholeLength counts the bytes of an answer, by writing it to nowhere if need be.
func wholeLength(a answer) int64 {
	if a.length >= 0 {
		return a.length
	}
	counted := &counter{Writer: io.Discard}
	_ = a.write(counted)
	return counted.n
}

// reset closes the connection so that the peer sees a TCP reset.
func reset(w http.ResponseWriter) {
	connection, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // HTTP/2, or no network at all
	}
	if secured, ok := connection.(*tls.Conn); ok {
		connection = secured.NetConn()
	}
	if tcp, ok := connection.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = connection.Close()
}

// cutWriter passes on the first bytes and refuses the rest.
type cutWriter struct {
	w    io.Writer
	left int64
}

func (c *cutWriter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b[:min(int64(len(b)), c.left)])
	c.left -= int64(n)
	if err == nil && n < len(b) {
		err = io.ErrShortWrite
	}
	return n, err
}

// dripWriter passes on a few bytes at a time until the client has had enough.
type dripWriter struct {
	w http.ResponseWriter
	r *http.Request
	p *Portal
}

func (d *dripWriter) Write(b []byte) (int, error) {
	written := 0
	for written < len(b) {
		n, err := d.w.Write(b[written:min(written+dripBytes, len(b))])
		written += n
		if err == nil {
			err = http.NewResponseController(d.w).Flush()
		}
		if err != nil {
			return written, err
		}
		if !d.p.wait(d.r, dripPause) {
			return written, d.r.Context().Err()
		}
	}
	return written, nil
}
