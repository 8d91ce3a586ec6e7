package portal

// Optional is a field that the portal may leave out or send as null. Absent is
// not zero: read Value only when Valid.
type Optional[T any] struct {
	Value T
	Valid bool
}

// some is a field that the portal did send.
func some[T any](value T) Optional[T] { return Optional[T]{Value: value, Valid: true} }
