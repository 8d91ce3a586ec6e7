package logging

import (
	"context"
	"log/slog"
)

// errorText hands errors on as their text. An error that is a slog.LogValuer too
// would be a group, and what is text in one line (err="…") several fields in the
// next (err.status=…), which nobody can search for.
type errorText struct{ slog.Handler }

// Handle implements slog.Handler.
func (h errorText) Handle(ctx context.Context, r slog.Record) error {
	out := slog.NewRecord(r.Time, r.Level, r.Message, r.PC)
	r.Attrs(func(a slog.Attr) bool {
		out.AddAttrs(withErrorText(a))
		return true
	})
	return h.Handler.Handle(ctx, out)
}

// WithAttrs implements slog.Handler.
func (h errorText) WithAttrs(attrs []slog.Attr) slog.Handler {
	return errorText{h.Handler.WithAttrs(allWithErrorText(attrs))}
}

// WithGroup implements slog.Handler.
func (h errorText) WithGroup(name string) slog.Handler {
	return errorText{h.Handler.WithGroup(name)}
}

func withErrorText(a slog.Attr) slog.Attr {
	switch a.Value.Kind() {
	case slog.KindLogValuer:
		if err, is := a.Value.Any().(error); is {
			a.Value = slog.StringValue(text(err))
		}
	case slog.KindGroup:
		a.Value = slog.GroupValue(allWithErrorText(a.Value.Group())...)
	}
	return a
}

func allWithErrorText(attrs []slog.Attr) []slog.Attr {
	out := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		out[i] = withErrorText(a)
	}
	return out
}
