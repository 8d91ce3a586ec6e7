package billing

import (
	"context"
	"io"
	"math"
	"os"

	"ukcloud_exporter/internal/bill"
)

// leastPart is what a worker of its own is worth: below it starting one costs more
// than it saves.
const leastPart = 4 << 20

// openedParts is an input that several workers may read at the same time.
type openedParts struct {
	*opened
	bill.File
}

// openParts opens an input for as many workers. What cannot be read at several places,
// standard input and what is compressed, has one reader, and so has what is small.
// Reading ends with the context.
func (in *input) openParts(ctx context.Context, seen io.Writer, workers int) (*openedParts, error) {
	workers = int(min(int64(workers), in.size/leastPart))
	if workers > 1 && in.err == nil && in.standardIn == nil && in.spooled == nil {
		file, err := os.Open(in.name)
		if err != nil {
			return nil, err
		}
		var first [len(gzipMagic)]byte
		_, err = file.ReadAt(first[:], 0)
		if err == nil && string(first[:]) != gzipMagic {
			return in.parts(ctx, file, seen, workers), nil
		}
		_ = file.Close()
	}
	o, err := in.open(seen)
	if err != nil {
		return nil, err
	}
	return &openedParts{o, bill.File{From: func(int64) io.Reader { return untilDone(ctx, o) }, Size: in.size, Workers: 1}}, nil
}

// parts reads a regular file at several places. Its checksum is reckoned beside that,
// and who comes to the end of the file waits for it: as in open, the file ends with a
// checksumError where it is not the one beside the file.
func (in *input) parts(ctx context.Context, file *os.File, seen io.Writer, workers int) *openedParts {
	ctx, cancel := context.WithCancelCause(ctx)
	from := func(offset int64) io.Reader {
		return untilDone(ctx, io.NewSectionReader(file, offset, math.MaxInt64-offset))
	}
	o := &openedParts{&opened{name: in.name}, bill.File{
		From: func(offset int64) io.Reader { return io.TeeReader(from(offset), seen) },
		Size: in.size, Workers: workers, Least: leastPart,
	}}
	want, found := in.checksum(in.name)
	if !found {
		o.close = func() error { cancel(nil); return file.Close() }
		return o
	}
	o.checksum, o.proven = true, true
	var wrong error
	known := make(chan struct{})
	go func() {
		defer close(known)
		_, wrong = io.Copy(io.Discard, newCheckedReader(from(0), want))
	}()
	o.close = func() error {
		cancel(nil)
		<-known
		return file.Close()
	}
	read := o.From
	o.From = func(offset int64) io.Reader {
		r := read(offset)
		return readerFunc(func(b []byte) (int, error) {
			n, err := r.Read(b)
			if err == io.EOF {
				if <-known; wrong != nil {
					err = wrong
				}
			}
			return n, err
		})
	}
	return o
}
