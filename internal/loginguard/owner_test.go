//go:build unix

package loginguard

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestOwner: what root writes into another's directory belongs to that other, who must
// be able to read it; what root writes into its own stays root's.
func TestOwner(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
	for _, owner := range []int{0, 65534} {
		dir := t.TempDir()
		if err := os.Chown(dir, owner, owner); err != nil {
			t.Fatal(err)
		}
		if err := try(t, quick(dir), login("a"), Refused); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{fileName, lockName} {
			info, err := os.Stat(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			if got := info.Sys().(*syscall.Stat_t); int(got.Uid) != owner || int(got.Gid) != owner {
				t.Errorf("%s in a directory of %d belongs to %d:%d", name, owner, got.Uid, got.Gid)
			}
		}
	}
}
