package csvparse

// Window makes the window so many bytes, so that small files fill it.
func Window(bytes int) Option {
	return func(o *options) error {
		o.window = bytes
		return nil
	}
}
