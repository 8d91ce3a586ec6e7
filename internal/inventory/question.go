package inventory

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"time"
)

// question is asked by one caller at a time; those who come meanwhile share the
// answer. The zero value has never been asked.
type question[T any] struct {
	mu       sync.Mutex
	running  *asking[T] // nil when nobody asks
	answer   T          // the last good one
	answered bool
	asked    time.Time // when the last good one was asked for
}

// asking is the question on its way.
type asking[T any] struct {
	done   chan struct{}
	answer T
	err    error
}

// ask returns an answer that was asked for at since or later. get asks the portal;
// it is given the last good answer, the zero value when there is none.
func (q *question[T]) ask(ctx context.Context, since time.Time, get func(context.Context, T) (T, error)) (T, error) {
	q.mu.Lock()
	if q.answered && !q.asked.Before(since) {
		defer q.mu.Unlock()
		return q.answer, nil
	}
	a := q.running
	if a != nil {
		q.mu.Unlock()
		select {
		case <-a.done:
			return a.answer, a.err
		case <-ctx.Done():
			var none T
			return none, context.Cause(ctx)
		}
	}
	a = &asking[T]{done: make(chan struct{})}
	last, began := q.answer, time.Now()
	q.running = a
	q.mu.Unlock()

	a.answer, a.err = guarded(ctx, last, get)

	q.mu.Lock()
	defer q.mu.Unlock()
	if a.err == nil {
		q.answer, q.answered, q.asked = a.answer, true, began
	}
	q.running = nil
	close(a.done)
	return a.answer, a.err
}

// guarded makes an error of a panic, so that those who wait get it too.
func guarded[T any](ctx context.Context, last T, get func(context.Context, T) (T, error)) (answer T, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	return get(ctx, last)
}

// last returns the last good answer, the zero value when there is none.
func (q *question[T]) last() T {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.answer
}
