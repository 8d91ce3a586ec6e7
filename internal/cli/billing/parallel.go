package billing

import (
	"context"
	"iter"
	"runtime"

	"github.com/alecthomas/kingpin/v2"
)

// parallelFlag is how many files a command works on at the same time.
func parallelFlag(cmd *kingpin.CmdClause) *int { return parallelOf(cmd, "files") }

// parallelPartsFlag is parallelFlag for a command that also cuts a big file.
func parallelPartsFlag(cmd *kingpin.CmdClause) *int {
	return parallelOf(cmd, "files, or parts of a big one,")
}

func parallelOf(cmd *kingpin.CmdClause, what string) *int {
	return cmd.Flag("parallel", "How many "+what+" to work on at the same time; the output is the same. Default: as many as there are processors.").
		PlaceHolder("NUMBER").Int()
}

// workersOf is how many workers each of n files has, so that all of them together are
// as many as parallel.
func workersOf(parallel, n int) int {
	return max(1, orProcessors(parallel)/n)
}

// orProcessors is what --parallel says, or as many as there are processors.
func orProcessors(parallel int) int {
	if parallel <= 0 {
		return runtime.GOMAXPROCS(0)
	}
	return parallel
}

// ahead is how many values of a file wait to be taken: a file whose turn has not
// come does not fill the memory.
const ahead = 16

// inOrder does work for 0 to n-1, several at the same time, and takes what they yield
// one after the other: what is taken is the same as if there was one at a time. work
// must stop when yield returns false. After an error of take nothing more is begun.
func inOrder[T any](ctx context.Context, n, parallel int, work func(ctx context.Context, i int, yield func(T) bool), take func(i int, values iter.Seq[T]) error) error {
	parallel = orProcessors(parallel)
	ctx, cancel := context.WithCancel(ctx)
	queues := make([]chan T, n)
	for i := range queues {
		queues[i] = make(chan T, ahead)
	}
	places := make(chan struct{}, parallel)
	finished := make(chan struct{})
	go func() { // in their order, so that the one whose turn it is always has a place
		defer close(finished)
		for i := range n {
			places <- struct{}{}
			go func() {
				defer func() { <-places }()
				defer close(queues[i])
				if ctx.Err() == nil {
					work(ctx, i, func(value T) bool {
						select {
						case queues[i] <- value:
							return true
						case <-ctx.Done():
							return false
						}
					})
				}
			}()
		}
		for range parallel { // all have ended
			places <- struct{}{}
		}
	}()
	defer func() {
		cancel()
		<-finished
	}()
	for i, queue := range queues {
		err := take(i, func(yield func(T) bool) {
			for value := range queue {
				if !yield(value) {
					return
				}
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}
