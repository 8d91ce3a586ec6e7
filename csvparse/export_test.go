package csvparse

// Window lets the window grow from 16 bytes to so many, so that small files fill it.
func Window(bytes int) Option {
	return func(o *options) error {
		o.first, o.most = min(16, bytes), bytes
		return nil
	}
}
