package exposition

// CombineCRC is combineCRC for the fuzz test.
func CombineCRC(a, b uint32, n int64) uint32 { return combineCRC(a, b, n) }
