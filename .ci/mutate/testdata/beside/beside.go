package beside

// Positive has no test.
func Positive(n int) bool { return n > 0 }
