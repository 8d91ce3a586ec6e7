package csvparse

import (
	"os"
	"runtime/debug"
	"syscall"
	"testing"
)

// TestNothingBehindIsRead: data ends where memory does that may not be read, with fewer spare
// bytes behind it than a block, none, and enough.
func TestNothingBehindIsRead(t *testing.T) {
	page := os.Getpagesize()
	memory, err := syscall.Mmap(-1, 0, 2*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Munmap(memory) })
	if err := syscall.Mprotect(memory[page:], syscall.PROT_NONE); err != nil {
		t.Fatal(err)
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	cuts := make([]int32, 2*block)
	for _, spare := range []int{0, 1, block - 1, block} {
		for size := range 2*block + 2 {
			data := memory[page-spare-size : page-spare : page]
			for pos := range size + 1 {
				if n, stop := cutCommas(cuts, data, pos); n != 0 || stop != size {
					t.Fatalf("%d bytes of nothing from %d, %d behind: %d commas up to %d", size, pos, spare, n, stop)
				}
				if found := signsAt(data, pos, ','); found != 0 {
					t.Fatalf("%d bytes of nothing from %d, %d behind: signs %b", size, pos, spare, found)
				}
			}
			if end := closingQuote(data, 0); end != -1 {
				t.Fatalf("%d bytes of nothing, %d behind: a quote at %d", size, spare, end)
			}
		}
	}
}
