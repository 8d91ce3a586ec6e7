package none

// Positive is tested by none.
func Positive(n int) bool { return n > 0 }
