package tickets

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"ukcloud_exporter/internal/atomicfile"
)

// filesystem is the file operations of the journal, each of which a test can make
// fail, or the last of a process.
type filesystem interface {
	atomicfile.FS
	MkdirAll(dir string) error
	ReadDir(dir string) ([]string, error)
}

type osFS struct{ atomicfile.OS }

func osFiles() filesystem { return osFS{atomicfile.OS{Mode: 0o600}} }

func (osFS) MkdirAll(dir string) error { return os.MkdirAll(dir, 0o700) }

func (osFS) ReadDir(dir string) (names []string, err error) {
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names, err
}

// journal keeps each group in a file of its own, which a crash leaves as it was or
// as it is to be.
type journal struct {
	fsys filesystem
	dir  string
	made bool // the directory is there, durably
}

const (
	fileSuffix = ".json"
	tempSuffix = ".tmp"
	// fileVersion is that of the files' form; one that is newer is not read.
	fileVersion = 1
)

type document struct {
	Version int    `json:"version"`
	Group   *group `json:"group"`
}

// fileName is the file of a group: its key has characters that names may not have.
func fileName(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:16]) + fileSuffix
}

// write makes a group durable. One that equals what the file holds costs nothing.
func (j *journal) write(g *group) error {
	data, err := json.Marshal(document{fileVersion, g}, json.Deterministic(true))
	if err != nil {
		return err
	}
	if string(data) == g.saved {
		return nil
	}
	if err := j.make(); err != nil {
		return err
	}
	g.saved = "" // until it is certain
	path := filepath.Join(j.dir, fileName(g.Key))
	err = atomicfile.Replace(j.fsys, path, path+tempSuffix, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
	if err == nil {
		g.saved = string(data)
	}
	return err
}

func (j *journal) make() error {
	if j.made {
		return nil
	}
	if err := j.fsys.MkdirAll(j.dir); err != nil {
		return err
	}
	if err := atomicfile.SyncDirectory(j.fsys, filepath.Dir(j.dir)); err != nil {
		return err
	}
	j.made = true
	return nil
}

// remove forgets a group.
func (j *journal) remove(g *group) error {
	err := j.fsys.Remove(filepath.Join(j.dir, fileName(g.Key)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// read returns all groups, and the names of files that were none and have been moved
// aside. An error means that not all could be read: what is not known to be bad must
// not be passed over, or its ticket would be opened again.
func (j *journal) read() (all []*group, spoiled []string, err error) {
	names, err := j.fsys.ReadDir(j.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	for _, name := range names {
		if !strings.HasSuffix(name, fileSuffix) {
			continue
		}
		path := filepath.Join(j.dir, name)
		data, err := j.readFile(path)
		if err != nil {
			return nil, nil, err
		}
		g, reason := decodeGroup(data, name)
		if reason != nil {
			aside := fmt.Sprintf("%s.unusable-%d", path, time.Now().UnixNano())
			if err := j.fsys.Rename(path, aside); err != nil {
				return nil, nil, fmt.Errorf("%s is not usable (%w) and cannot be moved aside: %w", name, reason, err)
			}
			spoiled = append(spoiled, aside)
			continue
		}
		all = append(all, g)
	}
	return all, spoiled, nil
}

func (j *journal) readFile(path string) ([]byte, error) {
	f, err := j.fsys.Open(path)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(f)
	if closed := f.Close(); err == nil {
		err = closed
	}
	return data, err
}

func decodeGroup(data []byte, name string) (*group, error) {
	var d document
	if err := json.Unmarshal(data, &d); err != nil {
		return nil, err
	}
	if d.Version != fileVersion {
		return nil, fmt.Errorf("version %d", d.Version)
	}
	if d.Group == nil || fileName(d.Group.Key) != name {
		return nil, errors.New("the group is not that of the file's name")
	}
	d.Group.saved = string(data)
	return d.Group, nil
}
