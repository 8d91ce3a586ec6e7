package exposition

import (
	"sync"
	"sync/atomic"
)

// spare keeps what is costly to make for the next who needs it: one for certain, and
// more until the garbage collector takes them. Between two scrapes it runs too often
// for a sync.Pool alone.
type spare[T any] struct {
	one  atomic.Pointer[T]
	more sync.Pool
}

// get returns nil where there is none.
func (s *spare[T]) get() *T {
	if v := s.one.Swap(nil); v != nil {
		return v
	}
	v, _ := s.more.Get().(*T)
	return v
}

func (s *spare[T]) put(v *T) {
	if !s.one.CompareAndSwap(nil, v) {
		s.more.Put(v)
	}
}
