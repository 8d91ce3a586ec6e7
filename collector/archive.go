package collector

import "io"

// Archive keeps bills whole, beside what is exposed of them. What it cannot keep it
// tells itself: to the collector it never fails. A period is a month as the portal
// writes it, for example 2018-01.
type Archive interface {
	// Sum identifies the bytes of the bill that it has of a compute service and period,
	// "" where it has none.
	Sum(account, vorg, period string) string
	// Copy returns what takes the bytes of a bill while it is read.
	Copy(account, vorg, period string) BillCopy
}

// BillCopy takes the bytes of a bill. Write always takes all of them. Close forgets
// them, unless they are to be kept.
type BillCopy interface {
	io.WriteCloser
	// Keep has the bill kept, which is whole and believed, and returns what identifies
	// its bytes. It does not wait until it is written.
	Keep() (sum string)
}

// noArchive keeps nothing.
type noArchive struct{}

func (noArchive) Sum(string, string, string) string    { return "" }
func (noArchive) Copy(string, string, string) BillCopy { return noCopy{} }

type noCopy struct{}

func (noCopy) Write(b []byte) (int, error) { return len(b), nil }
func (noCopy) Close() error                { return nil }
func (noCopy) Keep() string                { return "" }
