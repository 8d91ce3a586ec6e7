//go:build !linux

package lake

import "errors"

// exchange would let two directories change places in one step.
func exchange(string, string) error { return errors.ErrUnsupported }
