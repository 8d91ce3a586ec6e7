package archive

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
)

// TestFullDisk: on a file system that is really full a bill is not kept, whether the room
// ends while it is read or while it is written, and leaves nothing. With room it comes.
func TestFullDisk(t *testing.T) {
	const size = 1 << 20
	big := text(t, 400, 1)
	for name, room := range map[string]int{"while it is read": len(big) / 2, "while it is written": len(big) + chunkSize/4} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := syscall.Mount("none", dir, "tmpfs", 0, "size=1m"); err != nil {
				t.Skipf("NO FILE SYSTEM CAN BE MOUNTED HERE: %s IS NOT RUN (%v)", strings.ToUpper(t.Name()), err)
			}
			defer func() {
				if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
					t.Error(err)
				}
			}()
			filler := filepath.Join(dir, ".lock") // what is there anyway
			if err := os.WriteFile(filler, make([]byte, size-room), 0o600); err != nil {
				t.Fatal(err)
			}
			synctest.Test(t, func(t *testing.T) {
				b := newBenchIn(t, dir, nil)
				b.put("v", big)
				synctest.Wait()
				b.want("full", "")
				b.failures(1)
				if log := b.logs.String(); !strings.Contains(log, syscall.ENOSPC.Error()) || !strings.Contains(log, "vorg=v period=2018-01") {
					t.Errorf("the log:\n%s", log)
				}
				if err := os.Truncate(filler, 0); err != nil {
					t.Fatal(err)
				}
				b.put("v", big)
				synctest.Wait()
				b.want("with room", "v:400")
				b.failures(1)
				b.stop()
			})
		})
	}
}
