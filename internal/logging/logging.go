// Package logging builds the program's logger: code logs through log/slog, and
// go-kit/log writes the lines, as logfmt or as JSON.
//
// Every line starts with ts, level and caller, as in other Prometheus programs,
// and is one valid line whatever names and texts the portal has sent.
package logging

import (
	"io"
	"log/slog"

	"github.com/alecthomas/kingpin/v2"
	"github.com/go-kit/log"
	sloggokit "github.com/tjhop/slog-gokit"
)

// Options say which lines are written and how. The zero value is level info in
// logfmt.
type Options struct {
	Level  string // "debug", "info", "warn" or "error"
	Format string // "logfmt" or "json"
}

// AddFlags adds --log.level and --log.format to the application. The result is
// filled when the application parses its command line, which refuses any other
// value.
func AddFlags(app *kingpin.Application) *Options {
	var o Options
	app.Flag("log.level", "Only log messages with the given severity or above. One of: [debug, info, warn, error]").
		Default("info").EnumVar(&o.Level, "debug", "info", "warn", "error")
	app.Flag("log.format", "Output format of log messages. One of: [logfmt, json]").
		Default("logfmt").EnumVar(&o.Format, "logfmt", "json")
	return &o
}

// New returns a logger that writes to w, one Write a line, one line at a time.
func New(w io.Writer, o Options) *slog.Logger {
	w = log.NewSyncWriter(w)
	next := log.NewLogfmtLogger(w)
	if o.Format == "json" {
		next = log.NewJSONLogger(w)
	}
	return slog.New(errorText{sloggokit.NewGoKitHandler(lines{next}, o.level())})
}

// level is Info for the zero value; the flags let no unknown text through.
func (o Options) level() slog.Level {
	switch o.Level {
	case "debug":
		return slog.LevelDebug
	case "warn":
		return slog.LevelWarn
	case "error":
		return slog.LevelError
	}
	return slog.LevelInfo
}
