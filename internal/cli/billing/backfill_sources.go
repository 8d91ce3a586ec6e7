package billing

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"ukcloud_exporter/internal/bill"
	"ukcloud_exporter/portal"
)

// source is where bills come from.
type source interface {
	// open opens a bill; the error is errNoBill when there is none.
	open(ctx context.Context, org string, m bill.Month) (*opened, error)
	// identity changes when a bill that was read may be another one.
	identity(org string, m bill.Month) string
	// complete reports whether a file that was written from this bill can stay.
	complete(written os.FileInfo, org string, m bill.Month) bool
}

var errNoBill = errors.New("there is no such bill")

// portalSource asks the portal.
type portalSource struct{ portal *Portal }

func (s *portalSource) open(ctx context.Context, org string, m bill.Month) (*opened, error) {
	stream, err := s.portal.API.BillingCSV(ctx, m.String(), org, "")
	if tooOld(err) {
		return nil, fmt.Errorf("%w: %w", errNoBill, err)
	}
	if err != nil {
		return nil, err
	}
	return &opened{Reader: stream, proven: stream.Proven, doubtful: !stream.Proven, close: stream.Close}, nil
}

// tooOld recognises what a portal may answer for a month before its history; what
// it did answer was never recorded.
func tooOld(err error) bool {
	answer, is := errors.AsType[*portal.Error](err)
	return is && (answer.StatusCode == http.StatusBadRequest || errors.Is(err, portal.ErrNotFound))
}

// identity: what may still change, complete says.
func (*portalSource) identity(string, bill.Month) string { return "of the portal" }

// complete: a file that was written after the first working day of the next
// month, when the bill was final.
func (*portalSource) complete(written os.FileInfo, _ string, m bill.Month) bool {
	return bill.DateOf(written.ModTime()).Compare(bill.FirstWorkingDay(m.Next())) > 0
}

// fileSource reads files that were saved before.
type fileSource map[fileKey]input

type fileKey struct {
	org   string
	month bill.Month
}

func (s fileSource) open(_ context.Context, org string, m bill.Month) (*opened, error) {
	in, ok := s[fileKey{org, m}]
	if !ok {
		return nil, errNoBill
	}
	file, err := in.open(io.Discard)
	if err != nil {
		return nil, in.errorOf(err)
	}
	return file, nil
}

// identity: a file by its size and its time, whatever its name.
func (s fileSource) identity(org string, m bill.Month) string {
	in, ok := s[fileKey{org, m}]
	if !ok {
		return "none"
	}
	return fmt.Sprintf("of a file of %d bytes from %s", in.size, in.modified.UTC().Format(time.RFC3339Nano))
}

// complete: a file that is newer than the bill that it was written from.
func (s fileSource) complete(written os.FileInfo, org string, m bill.Month) bool {
	in := s[fileKey{org, m}]
	return in.standardIn == nil && written.ModTime().After(in.modified)
}
