// Package lake writes bills as a data set for engines that read many files: Parquet
// or CSV, partitioned by month and account as Hive does.
//
//	DIR/billing_period=2018-01/account=1/1-1-1-9836cf-0123abcd.parquet
//	DIR/billing_period=2018-01/_manifest.json
//
// A month's directory is made aside, with the files of it that stay and its manifest,
// and takes the place of the old one in one step: whoever looks finds the whole old
// month or the whole new one. A process that is killed leaves a directory _tmp…,
// which the next one removes.
package lake

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"ukcloud_exporter/internal/atomicfile"
	"ukcloud_exporter/internal/bill"
	"ukcloud_exporter/internal/filelock"
)

// Format is how files are written.
type Format string

// The formats.
const (
	Parquet Format = "parquet"
	CSV     Format = "csv"
)

const (
	lockName   = ".lock"
	asideName  = "_tmp."
	beforeName = "before" // within an aside directory: months that were replaced
)

// DataSet is a directory that this process alone writes.
type DataSet struct {
	dir, aside string
	schema     string
	format     Format
	version    string // of the program
	lock       io.Closer

	mu     sync.Mutex // over staged
	staged map[bill.Month][]File
}

// Open locks a directory, which it makes where it is missing, and clears it of what
// killed processes left. A directory that holds another schema or format is an error.
func Open(dir, schema string, format Format, version string) (*DataSet, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	lock, err := lockDirectory(dir)
	if err != nil {
		return nil, err
	}
	d := &DataSet{dir: dir, schema: schema, format: format, version: version, lock: lock, staged: map[bill.Month][]File{}}
	if err := d.prepare(); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// lockDirectory keeps other exports out. The file stays: removing it would let two
// processes lock two files of one name.
func lockDirectory(dir string) (io.Closer, error) {
	f, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	if err := filelock.Try(f); err != nil {
		if errors.Is(err, filelock.ErrLocked) {
			err = fmt.Errorf("another export writes %s", dir)
		}
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// Check returns why Open would fail, and leaves nothing behind. A data set that another
// process writes at the moment is none of the reasons.
func Check(dir, schema string, format Format) error {
	if err := atomicfile.CheckDirectory(dir); err != nil {
		return err
	}
	d := &DataSet{dir: dir, schema: schema, format: format}
	if err := d.fits(); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (d *DataSet) prepare() error {
	entries, err := os.ReadDir(d.dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		name := entry.Name()
		if strings.HasPrefix(name, asideName) {
			if err := d.recover(filepath.Join(d.dir, name)); err != nil {
				return err
			}
		}
	}
	if err := d.fits(); err != nil {
		return err
	}
	d.aside, err = os.MkdirTemp(d.dir, asideName)
	return err
}

// fits returns an error where the directory holds another schema or format.
func (d *DataSet) fits() error {
	months, err := d.Months()
	if err != nil {
		return err
	}
	for _, m := range months {
		if m.Schema != d.schema || m.Format != d.format {
			return fmt.Errorf("%s holds %s as %s since %s: write %s as %s into another directory",
				d.dir, m.Schema, m.Format, m.BillingPeriod, d.schema, d.format)
		}
	}
	return nil
}

// recover removes what a killed process left. A month that it had moved away and not
// yet replaced, where there is no exchange in one step, is put back.
func (d *DataSet) recover(aside string) error {
	before, err := os.ReadDir(filepath.Join(aside, beforeName))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, month := range before {
		place := filepath.Join(d.dir, month.Name())
		if _, err := os.Lstat(place); errors.Is(err, fs.ErrNotExist) {
			if err := os.Rename(filepath.Join(aside, beforeName, month.Name()), place); err != nil {
				return err
			}
		}
	}
	return os.RemoveAll(aside)
}

// Months returns the manifests of all months, in their order.
func (d *DataSet) Months() ([]*Manifest, error) {
	entries, err := os.ReadDir(d.dir)
	if err != nil {
		return nil, err
	}
	var months []*Manifest
	for _, entry := range entries {
		if !entry.IsDir() || !strings.HasPrefix(entry.Name(), "billing_period=") {
			continue
		}
		m, err := readManifest(filepath.Join(d.dir, entry.Name()))
		if err != nil {
			return nil, err
		}
		months = append(months, m)
	}
	return months, nil
}

// Close gives the directory free and removes what was not committed.
func (d *DataSet) Close() error {
	var err error
	if d.aside != "" {
		err = os.RemoveAll(d.aside)
	}
	return errors.Join(err, d.lock.Close())
}

// output is a file that is being written aside.
type output struct {
	file *os.File
	hash hash.Hash
	size int64
}

// Write implements io.Writer.
func (o *output) Write(b []byte) (int, error) {
	n, err := o.file.Write(b)
	_, _ = o.hash.Write(b[:n])
	o.size += int64(n)
	return n, err
}

// stage writes a file of a month aside. write fills in what it knows of it. The file's
// name has a part of its checksum: a query that has listed the files of a month which
// is then replaced misses one, and does not mix the old month with the new one.
func (d *DataSet) stage(month bill.Month, account, vorg string, write func(io.Writer, *File) error) error {
	f := File{Account: account, VOrg: vorg}
	dir := filepath.Join(d.aside, monthName(month), partition("account", account))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return plain(err)
	}
	file, err := os.CreateTemp(dir, "new.*")
	if err != nil {
		return plain(err)
	}
	out := &output{file: file, hash: sha256.New()}
	err = file.Chmod(0o644)
	if err == nil {
		err = write(out, &f)
	}
	if err == nil {
		err = file.Sync()
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err == nil {
		f.Bytes, f.SHA256 = out.size, hex.EncodeToString(out.hash.Sum(nil))
		name := escape(vorg) + "-" + f.SHA256[:8] + "." + string(d.format)
		f.Path = partition("account", account) + "/" + name
		err = os.Rename(file.Name(), filepath.Join(dir, name))
	}
	if err != nil {
		// What is left would be put in place with the other files of the month.
		return errors.Join(fmt.Errorf("write %s of %s: %w", month, vorg, plain(err)), plain(os.Remove(file.Name())))
	}
	return d.staging(month, f)
}

// staging takes note of a file that is written.
func (d *DataSet) staging(month bill.Month, f File) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, other := range d.staged[month] {
		if other.VOrg == f.VOrg && other.Account == f.Account {
			return fmt.Errorf("%s of %s comes twice", month, f.VOrg)
		}
	}
	d.staged[month] = append(d.staged[month], f)
	return nil
}

// plain takes the name of a file aside, which nobody has heard of, out of an error.
func plain(err error) error {
	if of, is := errors.AsType[*fs.PathError](err); is && strings.Contains(of.Path, asideName) {
		return of.Err
	}
	if of, is := errors.AsType[*os.LinkError](err); is && strings.Contains(of.Old, asideName) {
		return of.Err
	}
	return err
}

// Change is what a commit did to a month.
type Change struct {
	*Manifest
	Shrunk []File // files that had more rows before, as they were
}

// Commit puts all months in place that were staged, one after the other.
func (d *DataSet) Commit() ([]Change, error) {
	var months []bill.Month
	for month := range d.staged {
		months = append(months, month)
	}
	slices.SortFunc(months, bill.Month.Compare)
	var changes []Change
	for _, month := range months {
		change, err := d.commit(month)
		if err != nil {
			return changes, fmt.Errorf("put %s in place: %w", month, err)
		}
		changes = append(changes, *change)
	}
	return changes, nil
}

func (d *DataSet) commit(month bill.Month) (*Change, error) {
	aside, place := filepath.Join(d.aside, monthName(month)), filepath.Join(d.dir, monthName(month))
	old, err := readManifest(place)
	if err != nil {
		return nil, err
	}
	change := &Change{Manifest: &Manifest{BillingPeriod: month.String(), Schema: d.schema, Format: d.format, Files: d.staged[month]}}
	if old != nil {
		if err := change.keep(old, place, aside); err != nil {
			return nil, err
		}
	}
	if err := change.sum(); err != nil {
		return nil, err
	}
	content, err := json.MarshalIndent(change.Manifest, "", "  ")
	if err != nil {
		return nil, err
	}
	if err := atomicfile.Write(filepath.Join(aside, manifestName), func(w io.Writer) error {
		_, err := w.Write(append(content, '\n'))
		return err
	}); err != nil {
		return nil, plain(err)
	}
	if err := syncTree(aside); err != nil {
		return nil, err
	}
	if err := d.replace(aside, place, old != nil); err != nil {
		return nil, err
	}
	return change, atomicfile.SyncDirectory(atomicfile.OS{}, d.dir)
}

// keep takes over the files of the month that were not written anew.
func (c *Change) keep(old *Manifest, from, to string) error {
	written := len(c.Files)
	for _, f := range old.Files {
		at := slices.IndexFunc(c.Files[:written], func(n File) bool { return n.Account == f.Account && n.VOrg == f.VOrg })
		if at >= 0 {
			if c.Files[at].Rows < f.Rows {
				c.Shrunk = append(c.Shrunk, f)
			}
			continue
		}
		source, target := filepath.Join(from, filepath.FromSlash(f.Path)), filepath.Join(to, filepath.FromSlash(f.Path))
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		if err := link(source, target); err != nil {
			return err
		}
		c.Files = append(c.Files, f)
	}
	return nil
}

// link gives a file a second name, or copies it where there are no such.
func link(from, to string) error {
	if os.Link(from, to) == nil {
		return nil
	}
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = source.Close() }()
	return atomicfile.Write(to, func(w io.Writer) error {
		_, err := io.Copy(w, source)
		return err
	})
}

// replace puts a month in its place.
func (d *DataSet) replace(aside, place string, exists bool) error {
	if !exists {
		return os.Rename(aside, place)
	}
	if err := exchange(aside, place); !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	return d.replaceInTwo(aside, place)
}

// replaceInTwo is replace where two directories cannot change places in one step: here is
// a moment without the month, and never one with half of it.
func (d *DataSet) replaceInTwo(aside, place string) error {
	before := filepath.Join(d.aside, beforeName)
	if err := os.MkdirAll(before, 0o755); err != nil {
		return err
	}
	if err := os.Rename(place, filepath.Join(before, filepath.Base(place))); err != nil {
		return err
	}
	return os.Rename(aside, place)
}

// syncTree makes the names in a directory and in those below it durable.
func syncTree(dir string) error {
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		return atomicfile.SyncDirectory(atomicfile.OS{}, path)
	})
}
