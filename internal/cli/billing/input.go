package billing

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"ukcloud_exporter/internal/bill"
)

// input is one billing CSV that a command reads: a file, or standard input.
type input struct {
	name       string // as the user wrote it
	org        string // compute service by the file's name, "" when it says none
	month      bill.Month
	size       int64 // 0 when it is not known
	modified   time.Time
	standardIn io.Reader // it, or another stream that can be read once
	spooled    *os.File  // what standard input gave, where it has to be read twice
	err        error     // why it cannot be read
}

// fileName is how fetch names a bill, so that the other commands know whose it is.
func fileName(org string, month bill.Month) string {
	return fmt.Sprintf("billing_%s_%s.csv", org, month)
}

var (
	fileNames = regexp.MustCompile(`^billing_([0-9A-Za-z-]+)_([0-9]{4}-[0-9]{2})\.csv(\.gz)?$`)
	orgNames  = regexp.MustCompile(`^[0-9A-Za-z-]+$`)
)

// inputs looks at the files. "-" is standard input, which can be read once. The
// error is one of the command line; what is wrong with a file stands in its input.
func inputs(names []string, stdin io.Reader) ([]input, error) {
	all := make([]input, 0, len(names))
	for _, name := range names {
		if isStandardInput(name) {
			if stdin == nil {
				return nil, errors.New("standard input can be read only once")
			}
			all = append(all, input{name: "-", standardIn: stdin})
			stdin = nil
			continue
		}
		in := input{name: name}
		in.err = in.look()
		all = append(all, in)
	}
	return all, nil
}

// isStandardInput reports whether a name is that of standard input; kingpin hands "-" on
// as "".
func isStandardInput(name string) bool { return name == "-" || name == "" }

// look asks the file system, and the name whose bill it is.
func (in *input) look() error {
	info, err := os.Stat(in.name)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return fmt.Errorf("%s is a directory", in.name)
	}
	if !info.Mode().IsRegular() { // a pipe is gone once it is read, as standard input is
		in.standardIn, err = os.Open(in.name)
		return err
	}
	in.size, in.modified = info.Size(), info.ModTime()
	if m := fileNames.FindStringSubmatch(filepath.Base(in.name)); m != nil {
		in.org = m[1]
		if in.month, err = bill.ParseMonth(m[2]); err != nil {
			return fmt.Errorf("%s: %w", in.name, err)
		}
	}
	return nil
}

// known reports whether the name says which bill it is.
func (in *input) known() bool { return in.org != "" && in.month != (bill.Month{}) }

// distinctInputs is inputs for commands that add up: what cannot be read is an
// error, and so is a bill that would count twice. Standard input beside others is read
// to its end, because only what is in it says whether it is one of them.
func distinctInputs(names []string, stdin io.Reader) ([]input, error) {
	all, err := inputs(names, stdin)
	if err != nil {
		return nil, err
	}
	for i := range all {
		if err := all[i].err; err != nil {
			return nil, err
		}
		if len(all) > 1 && all[i].standardIn != nil {
			if err := all[i].spool(); err != nil {
				return nil, err
			}
		}
	}
	for i := range all {
		for k := range all[:i] {
			if sameBill(&all[k], &all[i]) {
				return nil, fmt.Errorf("%s and %s are the same bill", all[k].name, all[i].name)
			}
		}
	}
	return all, nil
}

// sameBill reports whether two inputs are one bill: by their names, or where one has
// not the name of a bill by what is in them.
func sameBill(a, b *input) bool {
	if a.known() && b.known() {
		return a.org == b.org && a.month == b.month
	}
	return sameContent(a, b)
}

// spool reads standard input to its end, so that it can be read more than once.
func (in *input) spool() error {
	file, err := namelessFile()
	if err == nil {
		in.size, err = io.Copy(file, in.standardIn)
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", in.name, err)
	}
	in.standardIn, in.spooled = nil, file
	return nil
}

// namelessFile makes a file without a name: however the program ends, nothing of it
// stays.
func namelessFile() (*os.File, error) {
	file, err := os.CreateTemp("", "ukcloud_billing")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(file.Name()); err != nil {
		_ = file.Close()
		return nil, err
	}
	return file, nil
}

// sameContent reports whether two files hold the same rows, compressed or not. Headers
// alone are no rows: two bills may well be empty. What cannot be read is told where it
// is read for its rows.
func sameContent(a, b *input) bool {
	first, err := a.open(io.Discard)
	if err != nil {
		return false
	}
	defer func() { _ = first.close() }()
	second, err := b.open(io.Discard)
	if err != nil {
		return false
	}
	defer func() { _ = second.close() }()
	var chunks [2][64 << 10]byte
	lines := 0
	for {
		n, err := io.ReadFull(first, chunks[0][:])
		m, _ := io.ReadFull(second, chunks[1][:])
		if !bytes.Equal(chunks[0][:n], chunks[1][:m]) {
			return false
		}
		lines += bytes.Count(chunks[0][:n], []byte{'\n'})
		switch err {
		case nil:
		case io.EOF, io.ErrUnexpectedEOF:
			return lines > 1
		default:
			return false
		}
	}
}

// opened is an input that is being read. Where a checksum stands beside the file and
// is not that of the file, it ends with a checksumError in place of io.EOF.
type opened struct {
	io.Reader
	// proven: the file is known to be whole, whether or not it ends with a line end.
	proven bool
	// doubtful: it comes from the portal, and nothing proves its end.
	doubtful bool
	// checksum: one stands beside the file.
	checksum bool
	close    func() error
	name     string // of the file, "" for what the portal sends
}

// errorOf says which file an error is of, where it is of one.
func (o *opened) errorOf(err error) error {
	if err == nil || o.name == "" {
		return err
	}
	return fmt.Errorf("%s: %w", o.name, ofFile(err))
}

// open opens the input; a compressed one is recognised by its first bytes. What
// is read of the file itself, compressed or not, is also written to seen.
func (in *input) open(seen io.Writer) (*opened, error) {
	if in.err != nil {
		return nil, in.err
	}
	o := &opened{close: func() error { return nil }, name: in.name}
	raw := in.standardIn
	switch {
	case in.spooled != nil:
		raw = io.NewSectionReader(in.spooled, 0, in.size)
	case raw == nil:
		file, err := os.Open(in.name)
		if err != nil {
			return nil, err
		}
		raw, o.close = file, file.Close
	}
	raw = io.TeeReader(raw, seen)
	var check *checkedReader
	if want, found := in.checksum(in.name); found {
		check = newCheckedReader(raw, want)
		raw = check
	}
	buffered := bufio.NewReaderSize(raw, 64<<10)
	o.Reader = buffered
	if first, _ := buffered.Peek(len(gzipMagic)); string(first) == gzipMagic {
		unzipped, err := newGzipReader(buffered)
		if err != nil {
			_ = o.close()
			return nil, err
		}
		// gzip's own checksum and length prove that nothing is cut off.
		o.Reader, o.proven = unzipped, true
		if want, found := in.checksum(strings.TrimSuffix(in.name, ".gz")); found && check == nil {
			check = newCheckedReader(unzipped, want)
			o.Reader = check
		}
	}
	if check != nil {
		o.checksum, o.proven = true, true
	}
	return o, nil
}

// checksum reads the file that fetch has put beside a bill.
func (in *input) checksum(name string) (sum string, found bool) {
	if in.standardIn != nil || in.spooled != nil {
		return "", false
	}
	text, err := os.ReadFile(name + ".sha256")
	sum, _, _ = strings.Cut(string(text), " ")
	return strings.TrimSpace(sum), err == nil
}

// checkedReader compares what it reads with a checksum when it comes to the end.
type checkedReader struct {
	io.Reader
	hash hash.Hash
	want string
}

func newCheckedReader(r io.Reader, want string) *checkedReader {
	return &checkedReader{r, sha256.New(), want}
}

func (c *checkedReader) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	_, _ = c.hash.Write(b[:n]) // a hash takes everything
	if err == io.EOF {
		if got := hex.EncodeToString(c.hash.Sum(nil)); !strings.EqualFold(got, c.want) {
			return n, &checksumError{got, c.want}
		}
	}
	return n, err
}

// errorOf says which file an error is of.
func (in *input) errorOf(err error) error { return fmt.Errorf("%s: %w", in.name, ofFile(err)) }

// ofFile takes what is wrong with the file as a whole out of the error of the line where
// it came out.
func ofFile(err error) error {
	if wrong, is := errors.AsType[*checksumError](err); is {
		return wrong
	}
	if wrong, is := errors.AsType[*gzipError](err); is {
		return wrong
	}
	return err
}

// checksumError is a file that is not what its checksum is of.
type checksumError struct{ got, want string }

func (e *checksumError) Error() string {
	return fmt.Sprintf("the checksum beside the file is not its own: got %s, expected %.64s", e.got, e.want)
}
