package failing

// Positive has a test that fails.
func Positive(n int) bool { return n > 0 }
