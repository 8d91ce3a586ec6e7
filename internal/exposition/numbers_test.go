package exposition

import (
	"bufio"
	"bytes"
	"io"
	"testing"
)

// TestPlainNumbersWrite: what is said of a write is what became of it, however much longer
// the plain number is.
func TestPlainNumbersWrite(t *testing.T) {
	for _, number := range []string{"5", "1e+20", "-1.5e-09"} {
		var b bytes.Buffer
		w := plainNumbers{bufio.NewWriter(&b), ""}
		if n, err := w.Write([]byte(number)); n != len(number) || err != nil {
			t.Errorf("%s: %d, %v", number, n, err)
		}
		full := plainNumbers{bufio.NewWriterSize(noRoom{}, 16), ""}
		if _, err := full.WriteString("sixteen letters."); err != nil {
			t.Fatal(err)
		}
		if n, err := full.Write([]byte(number)); n != 0 || err != io.ErrShortBuffer {
			t.Errorf("%s where there is no room: %d, %v", number, n, err)
		}
	}
}

type noRoom struct{}

func (noRoom) Write([]byte) (int, error) { return 0, io.ErrShortBuffer }
