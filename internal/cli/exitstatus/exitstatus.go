// Package exitstatus is how a command's error becomes the program's exit status: 0
// everything is said, 1 could not be done, 2 done but something is left out or does
// not add up.
package exitstatus

import "errors"

type incomplete struct{ error }

func (e incomplete) Unwrap() error { return e.error }

// Incomplete marks what a command has to say after it did what it could: its exit
// status is 2. Incomplete(nil) is nil.
func Incomplete(err error) error {
	if err == nil {
		return nil
	}
	return incomplete{err}
}

// Of returns the exit status of a command that returned err.
func Of(err error) int {
	if err == nil {
		return 0
	}
	if _, is := errors.AsType[incomplete](err); is {
		return 2
	}
	return 1
}
