package archive

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
	"log/slog"
	"time"

	"ukcloud_exporter/internal/bill"
)

// chunkSize is how much of a bill is written at a time.
const chunkSize = 64 << 10

// billCopy is a bill in a file of its own, from its first byte until it is in the data
// set. One goroutine has it at a time.
type billCopy struct {
	archive       *Archive
	account, vorg string
	month         bill.Month

	file  file   // nil when there is none any more
	chunk []byte // that goes into it next
	hash  hash.Hash
	wait  time.Duration // how long it may still wait for the disk
	err   error         // the first; what follows is not written
	kept  bool
}

func newCopy(a *Archive, account, vorg, period string) *billCopy {
	c := &billCopy{archive: a, account: account, vorg: vorg, hash: sha256.New(), wait: patience}
	if c.month, c.err = bill.ParseMonth(period); c.err != nil {
		return c
	}
	var made file
	c.do(func() (err error) {
		made, err = a.create(a.dir)
		return err
	})
	if c.err == nil {
		c.file, c.chunk = made, make([]byte, 0, chunkSize)
	}
	return c
}

// do does something with the disk unless something has failed before.
func (c *billCopy) do(f func() error) {
	if c.err != nil {
		return
	}
	begun := time.Now()
	var err error
	if c.err = c.archive.disk.do(c.wait, func() { err = f() }); c.err == nil {
		c.err = err
	}
	c.wait -= time.Since(begun)
}

// Write implements collector.BillCopy: a disk that is full, or gone, stops no collector.
func (c *billCopy) Write(b []byte) (int, error) {
	_, _ = c.hash.Write(b)
	for rest := b; len(rest) > 0 && c.err == nil; {
		n := min(len(rest), cap(c.chunk)-len(c.chunk))
		c.chunk, rest = append(c.chunk, rest[:n]...), rest[n:]
		if len(c.chunk) == cap(c.chunk) {
			c.flush()
		}
	}
	return len(b), nil
}

func (c *billCopy) flush() {
	into, chunk := c.file, c.chunk
	c.do(func() error {
		_, err := into.Write(chunk)
		return err
	})
	c.chunk = c.chunk[:0]
}

// Keep implements collector.BillCopy. A bill that the data set has already is not
// written again: so a closed month is written once, whatever restarts.
func (c *billCopy) Keep() string {
	sum := hex.EncodeToString(c.hash.Sum(nil))
	if c.archive.sum(c.account, c.vorg, c.month) == sum {
		c.archive.add(c.account, c.vorg, c.month, nil)
		return sum
	}
	c.flush()
	if c.err != nil {
		c.archive.failed(c.log(), c.err)
		return sum
	}
	c.kept, c.chunk = true, nil
	c.archive.add(c.account, c.vorg, c.month, c)
	return sum
}

// Close implements collector.BillCopy.
func (c *billCopy) Close() error {
	if !c.kept {
		c.giveUp()
	}
	return nil
}

// giveUp is forget for the collector, which does not wait for a disk that hangs: nobody
// has the file then, and it goes with the garbage.
func (c *billCopy) giveUp() { _ = c.archive.disk.do(patience, c.forget) }

// content returns the bill from its beginning.
func (c *billCopy) content() (io.Reader, error) {
	_, err := c.file.Seek(0, io.SeekStart)
	return c.file, err
}

// forget removes the file.
func (c *billCopy) forget() {
	if c.file == nil {
		return
	}
	_ = c.file.Close()
	c.file = nil
}

func (c *billCopy) log() *slog.Logger {
	return c.archive.log.With("account", c.account, "vorg", c.vorg, "period", c.month.String())
}
