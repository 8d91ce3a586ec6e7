package billing

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
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
	standardIn io.Reader
}

// fileName is how fetch names a bill, so that the other commands know whose it is.
func fileName(org string, month bill.Month) string {
	return fmt.Sprintf("billing_%s_%s.csv", org, month)
}

var (
	fileNames = regexp.MustCompile(`^billing_([0-9A-Za-z-]+)_([0-9]{4}-[0-9]{2})\.csv(\.gz)?$`)
	orgNames  = regexp.MustCompile(`^[0-9A-Za-z-]+$`)
)

// inputs looks at the files. "-" is standard input, which can be read once.
func inputs(names []string, stdin io.Reader) ([]input, error) {
	var all []input
	for _, name := range names {
		in := input{name: name}
		if name == "-" || name == "" { // kingpin hands "-" on as ""
			in.name = "-"
			if stdin == nil {
				return nil, errors.New("standard input can be read only once")
			}
			in.standardIn, stdin = stdin, nil
			all = append(all, in)
			continue
		}
		info, err := os.Stat(name)
		if err != nil {
			return nil, err
		}
		if info.IsDir() {
			return nil, fmt.Errorf("%s is a directory", name)
		}
		in.size, in.modified = info.Size(), info.ModTime()
		if m := fileNames.FindStringSubmatch(filepath.Base(name)); m != nil {
			in.org = m[1]
			if in.month, err = bill.ParseMonth(m[2]); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		}
		all = append(all, in)
	}
	return all, nil
}

// opened is an input that is being read.
type opened struct {
	io.Reader
	// proven: the file is known to be whole, whether or not it ends with a line end.
	proven bool
	close  func() error
}

// open opens the input; a compressed one is recognised by its first bytes. What
// is read of the file itself, compressed or not, is also written to seen.
func (in *input) open(seen io.Writer) (*opened, error) {
	o := &opened{close: func() error { return nil }}
	raw := in.standardIn
	if raw == nil {
		file, err := os.Open(in.name)
		if err != nil {
			return nil, err
		}
		raw, o.close = file, file.Close
		o.proven = proven(in.name)
	}
	buffered := bufio.NewReaderSize(io.TeeReader(raw, seen), 64<<10)
	o.Reader = buffered
	if magic, _ := buffered.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		unzipped, err := gzip.NewReader(buffered)
		if err != nil {
			_ = o.close()
			return nil, fmt.Errorf("%s: %w", in.name, err)
		}
		// gzip's own checksum and length prove that nothing is cut off.
		o.Reader, o.proven = unzipped, true
	}
	return o, nil
}

// proven tells whether a file without a last line end is whole: when its checksum
// stands beside it, it is as the portal sent it. Files that end with a line end
// need no proof and are not read for one.
func proven(name string) bool {
	want, found := checksumOf(name)
	if !found {
		return false
	}
	file, err := os.Open(name)
	if err != nil {
		return false
	}
	defer func() { _ = file.Close() }()
	var last [1]byte
	if info, err := file.Stat(); err != nil || info.Size() == 0 {
		return false
	} else if _, err := file.ReadAt(last[:], info.Size()-1); err != nil || last[0] == '\n' {
		return false
	}
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return false
	}
	return strings.EqualFold(want, hex.EncodeToString(hash.Sum(nil)))
}

// checksumOf reads the file that fetch has put beside a bill.
func checksumOf(name string) (sum string, found bool) {
	text, err := os.ReadFile(name + ".sha256")
	sum, _, _ = strings.Cut(string(text), " ")
	return sum, err == nil
}
