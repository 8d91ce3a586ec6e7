package tickets

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ukcloud_exporter/internal/atomicfile"
)

// ailingFS counts its operations; one of a name fails while fail is set.
type ailingFS struct {
	filesystem
	fail string
	did  []string
}

var errAiling = errors.New("ailing disk")

func (a *ailingFS) do(name string) error {
	a.did = append(a.did, name)
	if name == a.fail {
		return errAiling
	}
	return nil
}

func (a *ailingFS) MkdirAll(dir string) error {
	return errors.Join(a.do("mkdir"), a.filesystem.MkdirAll(dir))
}

func (a *ailingFS) Open(name string) (atomicfile.File, error) {
	if err := a.do("open"); err != nil {
		return nil, err
	}
	f, err := a.filesystem.Open(name)
	return ailingFile{f, a}, err
}

func (a *ailingFS) Create(name string) (atomicfile.File, error) {
	if err := a.do("create"); err != nil {
		return nil, err
	}
	return a.filesystem.Create(name)
}

func (a *ailingFS) Rename(from, to string) error {
	if err := a.do("rename"); err != nil {
		return err
	}
	return a.filesystem.Rename(from, to)
}

// ailingFile says all it has and fails where it should end.
type ailingFile struct {
	atomicfile.File
	fs *ailingFS
}

func (f ailingFile) Read(p []byte) (int, error) {
	n, err := f.File.Read(p)
	if err != nil && f.fs.fail == "read" {
		err = errAiling
	}
	return n, err
}

func (f ailingFile) Close() error {
	err := f.File.Close()
	if f.fs.fail == "close" {
		return errAiling
	}
	return err
}

func newAiling(t *testing.T) (*journal, *ailingFS) {
	t.Helper()
	fsys := &ailingFS{filesystem: osFiles()}
	return &journal{fsys: fsys, dir: filepath.Join(t.TempDir(), "tickets")}, fsys
}

// TestJournalWritesWhatIsNew: what the file holds is not written again, what it may not
// hold is.
func TestJournalWritesWhatIsNew(t *testing.T) {
	j, fsys := newAiling(t)
	g := &group{Key: "a"}
	write := func(what, fail string, writes bool) {
		t.Helper()
		fsys.fail, fsys.did = fail, nil
		if err := j.write(g); (err != nil) != (fail != "") {
			t.Errorf("%s: %v", what, err)
		}
		if slices.Contains(fsys.did, "create") != writes {
			t.Errorf("%s: %q", what, fsys.did)
		}
	}
	write("a directory that cannot be made", "mkdir", false)
	write("one that is not durable", "open", false)
	write("the first", "", true)
	write("the same", "", false)
	g.Receiver = "b"
	write("a change that fails", "rename", true)
	g.Receiver = "" // as the file has it, perhaps
	write("back again", "", true)
	write("the same again", "", false)
	fsys.did = nil
	if err := (&journal{fsys: fsys, dir: j.dir}).write(&group{Key: "b"}); err != nil || fsys.did[0] != "mkdir" {
		t.Errorf("%v, %q", err, fsys.did)
	}
}

// TestJournalReads: every file of a group, whatever lies beside it; what is none is moved
// aside, and what cannot be read or moved is an error rather than nothing.
func TestJournalReads(t *testing.T) {
	spoiled := map[string]string{
		"nothing": "", "torn": `{"version":1,"group":{"key":"x"`, "no group": `{"version":1}`,
		"another group": `{"version":1,"group":{"key":"y"}}`, "newer": `{"version":2,"group":{"key":"x"}}`,
	}
	prepare := func(t *testing.T, x string) (*journal, *ailingFS) {
		t.Helper()
		j, fsys := newAiling(t)
		for _, key := range []string{"a", "b", "c"} {
			if err := j.write(&group{Key: key}); err != nil {
				t.Fatal(err)
			}
		}
		for name, text := range map[string]string{"0": "", "0.json.tmp": "{", "z.txt": "", fileName("x"): x} {
			if err := os.WriteFile(filepath.Join(j.dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return j, fsys
	}
	for name, text := range spoiled {
		t.Run(name, func(t *testing.T) {
			j, _ := prepare(t, text)
			all, aside, err := j.read()
			var keys []string
			for _, g := range all {
				keys = append(keys, g.Key)
			}
			slices.Sort(keys)
			if err != nil || strings.Join(keys, "") != "abc" || len(aside) != 1 || !strings.Contains(aside[0], fileName("x")+".unusable-") {
				t.Fatalf("groups %q, aside %q, %v", keys, aside, err)
			}
			if kept, err := os.ReadFile(aside[0]); err != nil || string(kept) != text {
				t.Errorf("aside lies %q, %v", kept, err)
			}
			if all, aside, err := j.read(); err != nil || len(all) != 3 || len(aside) != 0 {
				t.Errorf("the next time: %d groups, aside %q, %v", len(all), aside, err)
			}
		})
	}
	for _, fail := range []string{"open", "read", "close", "rename"} {
		t.Run("fails to "+fail, func(t *testing.T) {
			j, fsys := prepare(t, "")
			fsys.fail = fail
			if all, _, err := j.read(); !errors.Is(err, errAiling) {
				t.Errorf("%d groups, %v", len(all), err)
			}
		})
	}
}
