package portal

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kingpin/v2"

	api "ukcloud_exporter/portal"
)

var errNotConfirmed = errors.New("not confirmed: nothing was changed")

// yesFlag adds the flag of every command that changes something.
func yesFlag(clause *kingpin.CmdClause) *bool {
	return clause.Flag("yes", "Do it without asking.").Bool()
}

// confirm says what is about to be done and asks, unless --yes was given. Nothing to
// read is a no.
func (c *command) confirm(yes bool, format string, args ...any) error {
	what := printable(fmt.Sprintf(format, args...))
	if yes {
		_, _ = fmt.Fprintf(c.env.Stderr, "At %s: %s.\n", c.URL, what)
		return nil
	}
	_, _ = fmt.Fprintf(c.env.Stderr, "At %s: %s. Go on? [y/N] ", c.URL, what)
	answer, err := bufio.NewReader(io.LimitReader(c.env.Stdin, 1024)).ReadString('\n')
	if err != nil {
		_, _ = fmt.Fprintln(c.env.Stderr)
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return nil
	}
	return errNotConfirmed
}

// unknown adds what to do to an error that leaves the outcome open.
func unknown(err error, look string) error {
	if errors.Is(err, api.ErrOutcomeUnknown) {
		return fmt.Errorf("%w; look before you repeat it: ukcloud_exporter portal %s", err, look)
	}
	return err
}
