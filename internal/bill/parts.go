package bill

import (
	"errors"
	"io"
	"math"
	"sync"
	"sync/atomic"

	"ukcloud_exporter/csvparse"
)

// File is a billing CSV that several workers can read at the same time.
type File struct {
	From    func(offset int64) io.Reader // reads the file from there to its end; for several goroutines
	Size    int64                        // of the file in bytes, about
	Workers int                          // at most; 1 or less is one reader for the whole file
	Least   int64                        // bytes that are worth a worker
}

// Collector takes the rows of a file, or of a part of it.
type Collector interface {
	Add(*Row) error
	Reject(*csvparse.RowError)
	// Full reports that it holds so much that the rest of its part is better read
	// in order.
	Full() bool
	// Join adds what the next part has come to, whose lines are counted from its own
	// beginning: so many lines stand before it.
	Join(next Collector, lines int64) error
}

// errStopped ends a worker whose part nobody wants.
var errStopped = errors.New("the part is not wanted")

// Collect reads all rows to the end of the file as Rows does, which must not have been
// called. What head takes and the error are the same however many workers there are:
// Options.Rejected is not called, but head's Reject. part makes a collector for a part.
//
// A part begins at a guess: a line that looks like a row. It is one if the reader of
// all that comes before ends a record exactly there; only then is what the worker
// found joined to the rest. Else that reader goes on by itself. It also does where a
// collector was full within its part.
func (r *Reader) Collect(head Collector, part func() Collector, f File) error {
	r.options.Rejected = head.Reject
	parts := r.cut(part, f)
	var running sync.WaitGroup
	defer running.Wait()
	for _, q := range parts {
		defer q.unwanted.Store(true)
		running.Go(q.read)
	}
	for _, q := range parts {
		if err := r.collect(head, q.from); err != csvparse.ErrPartEnd {
			return r.ended(err)
		}
		next := r.csv.Next()
		if next.Offset != q.from {
			q.unwanted.Store(true)
			continue
		}
		<-q.finished
		if !q.whole() || !r.join(q.reader, next.Line-1) {
			continue
		}
		if err := head.Join(q.collector, next.Line-1); err != nil {
			return err
		}
		if q.err != csvparse.ErrPartEnd {
			return r.ended(further(q.err, next.Line-1))
		}
		r.csv = r.csv.From(&late{from: f.From, offset: q.end.Offset}, csvparse.Place{Offset: q.end.Offset, Line: q.end.Line + next.Line - 1})
	}
	return r.ended(r.collect(head, 0))
}

// part is what one worker reads.
type part struct {
	reader    *Reader
	collector Collector
	from, to  int64 // to is 0 for the end of the file
	unwanted  atomic.Bool

	finished chan struct{}
	end      csvparse.Place // where it has ended, when err is ErrPartEnd; its first line is 1
	err      error
}

// cut makes the parts behind the first one.
func (r *Reader) cut(collector func() Collector, f File) []*part {
	n := int64(f.Workers)
	if f.Least > 0 {
		n = min(n, f.Size/f.Least)
	}
	var parts []*part
	for i := int64(1); i < n; i++ {
		offset := f.Size / n * i
		guess, ok := r.csv.Guess(f.From(offset), offset)
		if !ok || len(parts) > 0 && guess <= parts[len(parts)-1].from {
			continue
		}
		q := &part{collector: collector(), from: guess, finished: make(chan struct{})}
		o := r.options
		o.Rejected = q.collector.Reject
		in := f.From(guess)
		wanted := readerFunc(func(b []byte) (int, error) {
			if q.unwanted.Load() {
				return 0, errStopped
			}
			return in.Read(b)
		})
		q.reader = newReader(o, r.csv.From(wanted, csvparse.Place{Offset: guess, Line: 1}))
		if len(parts) > 0 {
			parts[len(parts)-1].to = guess
		}
		parts = append(parts, q)
	}
	return parts
}

// read reads the part to its end, or until its collector is full.
func (q *part) read() {
	defer close(q.finished)
	q.err = q.reader.collect(q.collector, q.to)
	q.end = q.reader.csv.Next()
}

// whole reports that the part has been read as far as the stream or its collector
// went. Rows that cannot be added up are left to who knows all that comes before.
func (q *part) whole() bool {
	_, broken := errors.AsType[*csvparse.StreamError](q.err)
	return broken || q.err == io.EOF || q.err == csvparse.ErrPartEnd
}

// collect reads to the first record end at or behind an offset, 0 for the end of the
// file. The error is that of csvparse.Billing, io.EOF at the end, or of the rows.
func (r *Reader) collect(c Collector, to int64) error {
	r.csv.Until(to)
	for {
		row, err := r.next()
		if err != nil {
			return err
		}
		if row != nil {
			if err := c.Add(row); err != nil {
				return err
			}
		}
		if c.Full() {
			r.csv.Until(1)
		}
	}
}

// ended is what a file has come to that has been read to an error.
func (r *Reader) ended(err error) error {
	if err == io.EOF {
		return r.end()
	}
	return err
}

// join takes over what the reader of the next part has seen. It returns false, and
// does nothing, when a sum of both may be out of range: then it depends on the order
// of the rows what is told of it.
func (r *Reader) join(next *Reader, lines int64) bool {
	turnover, hours := r.turnover, r.hours
	if !turnover.Add(next.turnover) || !hours.Add(next.hours) || r.endless || next.endless {
		return false
	}
	r.turnover, r.hours = turnover, hours
	r.rows, r.inMonth = r.rows+next.rows, r.inMonth+next.inMonth
	if next.rows > 0 {
		if r.first == (csvparse.Date{}) || next.first.Compare(r.first) < 0 {
			r.first = next.first
		}
		if next.last.Compare(r.last) > 0 {
			r.last = next.last
		}
	}
	if r.rejected += next.rejected; r.reason == nil && next.reason != nil {
		r.reason = Further(next.reason, lines)
	}
	return true
}

// time takes note of a row's hours: where they are out of range without their signs,
// it may depend on the order of the rows whether a sum of them is known.
func (r *Reader) time() {
	value := r.row.UsageHours.Value
	if value == math.MinInt64 || !r.hours.add(max(value, -value), r.row.UsageHours.Valid) {
		r.endless = true
	}
}

// Further returns the error of a row so many lines further down.
func Further(row *csvparse.RowError, lines int64) *csvparse.RowError {
	further := *row
	further.Line += lines
	return &further
}

// further is Further for the error that ends a file.
func further(err error, lines int64) error {
	stream, is := errors.AsType[*csvparse.StreamError](err)
	if !is {
		return err
	}
	moved := *stream
	moved.Line += lines
	return &moved
}

// late opens a reader only when it is read: mostly the next part begins where the one
// before has ended, and nothing is left to read.
type late struct {
	from   func(offset int64) io.Reader
	offset int64
	reader io.Reader
}

func (l *late) Read(b []byte) (int, error) {
	if l.reader == nil {
		l.reader = l.from(l.offset)
	}
	return l.reader.Read(b)
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }
