package billing

import (
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// progress shows on a terminal how far long work has come; elsewhere, and where
// nobody knows how long it is, it shows nothing. An error of the bar is ignored: it
// must not fail the work that it shows.
type progress struct{ bar *progressbar.ProgressBar }

// newProgress counts up to most, bytes or things.
func newProgress(w io.Writer, what string, most int64, bytes bool) progress {
	file, ok := w.(*os.File)
	if !ok || most <= 0 || !term.IsTerminal(int(file.Fd())) {
		return progress{}
	}
	return progress{progressbar.NewOptions64(most,
		progressbar.OptionSetWriter(w), progressbar.OptionSetDescription(what),
		progressbar.OptionShowBytes(bytes), progressbar.OptionUseIECUnits(true), progressbar.OptionShowCount(),
		progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionSetRenderBlankState(true), progressbar.OptionClearOnFinish())}
}

// Write counts bytes.
func (p progress) Write(b []byte) (int, error) {
	p.add(len(b))
	return len(b), nil
}

func (p progress) add(n int) {
	if p.bar != nil {
		_ = p.bar.Add(n)
	}
}

// clear makes room for a line of output.
func (p progress) clear() {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}

// sizeOf is the size of all inputs, 0 when one's is not known.
func sizeOf(all []input) int64 {
	var size int64
	for _, in := range all {
		if in.standardIn != nil {
			return 0
		}
		size += in.size
	}
	return size
}
