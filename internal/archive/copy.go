package archive

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
	"log/slog"
	"os"

	"ukcloud_exporter/internal/bill"
)

// billCopy is a bill in a file of its own, from its first byte until it is in the data
// set. One goroutine has it at a time.
type billCopy struct {
	archive       *Archive
	account, vorg string
	month         bill.Month

	file *os.File // nil when there is none any more
	out  *bufio.Writer
	hash hash.Hash
	err  error // the first; what follows is not written
	kept bool
}

func newCopy(a *Archive, account, vorg, period string) *billCopy {
	c := &billCopy{archive: a, account: account, vorg: vorg, hash: sha256.New()}
	if c.month, c.err = bill.ParseMonth(period); c.err != nil {
		return c
	}
	if c.err = os.MkdirAll(a.dir, 0o755); c.err != nil {
		return c
	}
	if c.file, c.err = os.CreateTemp(a.dir, copyPattern); c.err != nil {
		return c
	}
	// The system removes the file when it is closed, also when the process is killed;
	// where it cannot, forget does.
	_ = os.Remove(c.file.Name())
	c.out = bufio.NewWriterSize(c.file, 64<<10)
	return c
}

// Write implements collector.BillCopy: a disk that is full stops no collector.
func (c *billCopy) Write(b []byte) (int, error) {
	_, _ = c.hash.Write(b)
	if c.err == nil {
		_, c.err = c.out.Write(b)
	}
	return len(b), nil
}

// Keep implements collector.BillCopy. A bill that the data set has already is not
// written again: so a closed month is written once, whatever restarts.
func (c *billCopy) Keep() string {
	sum := hex.EncodeToString(c.hash.Sum(nil))
	if c.archive.sum(c.account, c.vorg, c.month) == sum {
		c.archive.add(c.account, c.vorg, c.month, nil)
		return sum
	}
	if c.err == nil {
		c.err = c.out.Flush()
	}
	if c.err != nil {
		c.archive.failed(c.log(), c.err)
		return sum
	}
	c.kept = true
	c.archive.add(c.account, c.vorg, c.month, c)
	return sum
}

// Close implements collector.BillCopy.
func (c *billCopy) Close() error {
	if !c.kept {
		c.forget()
	}
	return nil
}

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
	_ = os.Remove(c.file.Name())
	c.file = nil
}

func (c *billCopy) log() *slog.Logger {
	return c.archive.log.With("account", c.account, "vorg", c.vorg, "period", c.month.String())
}
