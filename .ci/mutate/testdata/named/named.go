package named

type answer bool

// Positive returns a type that the helpers do not know.
func Positive(n int) answer { return n > 0 }
