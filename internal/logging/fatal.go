package logging

import (
	"fmt"
	"io"
	"strings"
)

// Fatal writes the error that a program ends with: each line of its text with the
// program's name before it, for people; in format json one line for whatever reads
// the log.
func Fatal(w io.Writer, program, format string, err error) {
	if format == "json" {
		New(w, Options{Format: format}).Error("Ended with an error", "err", err)
		return
	}
	for line := range strings.Lines(strings.TrimRight(err.Error(), "\n")) {
		_, _ = fmt.Fprintf(w, "%s: error: %s\n", program, strings.TrimRight(line, "\r\n"))
	}
}

// FormatOf reads --log.format from a command line, also from one that cannot be
// parsed: what is wrong with it is said in the format, too.
func FormatOf(args []string) (format string) {
	for i, arg := range args {
		value, is := strings.CutPrefix(arg, "--log.format=")
		switch {
		case arg == "--":
			return format
		case is:
			format = value
		case arg == "--log.format" && i+1 < len(args):
			format = args[i+1]
		}
	}
	return format
}
