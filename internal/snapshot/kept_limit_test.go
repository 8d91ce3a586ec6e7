package snapshot

import (
	"errors"
	"io"
	"testing"
)

// TestKeptTooLarge: a file ends with an error before it is larger than may be read.
func TestKeptTooLarge(t *testing.T) {
	w, err := newKeptWriter(io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	w.written = keptMost - 3
	if err := w.write([]byte("abc")); err != nil {
		t.Errorf("the last bytes: %v", err)
	}
	if err := w.write([]byte("d")); !errors.Is(err, errKeptTooLarge) {
		t.Errorf("one more: %v", err)
	}
}
