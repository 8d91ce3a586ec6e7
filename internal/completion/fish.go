// Package completion writes the completion script that kingpin has no template
// for.
package completion

import (
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kingpin/v2"
)

// AddFish adds --completion-script-fish beside kingpin's own flags for bash and
// zsh; it writes the script to w and ends the program by terminate.
func AddFish(app *kingpin.Application, w io.Writer, terminate func(int)) {
	app.Flag("completion-script-fish", "Generate completion script for fish.").Hidden().PreAction(func(*kingpin.ParseContext) error {
		if err := Fish(w, app.Model()); err != nil {
			return err
		}
		terminate(0)
		return nil
	}).Bool()
}

// Fish writes a completion script: commands with what they do, and the flags of the
// command that stands on the line.
func Fish(w io.Writer, app *kingpin.ApplicationModel) error {
	s := &script{app: app.Name, defaultCommand: defaultCommand(app.Commands)}
	s.printf("# Completion of %s for fish.\n", app.Name)
	s.printf("complete -c %s -f\n", app.Name)
	s.flags("", app.Flags)
	s.commands(nil, app.Commands)
	_, err := io.WriteString(w, s.text.String())
	return err
}

type script struct {
	app            string
	defaultCommand string // whose flags need no command on the line
	text           strings.Builder
}

func (s *script) printf(format string, args ...any) { fmt.Fprintf(&s.text, format, args...) }

// commands completes the names of commands where their parents are on the line and
// none of them is, and below each its own.
func (s *script) commands(parents []string, all []*kingpin.CmdModel) {
	var names []string
	for _, c := range all {
		names = append(names, c.Name)
	}
	for _, c := range all {
		if c.Hidden {
			continue
		}
		when := seen(parents, names)
		s.printf("complete -c %s -n %s -a %s -d %s\n", s.app, quote(when), c.Name, quote(c.Help))
		own := seen(append(parents[:len(parents):len(parents)], c.Name), nil)
		if c.FullCommand == s.defaultCommand {
			own += "; or " + seen(nil, names)
		}
		s.flags(own, c.Flags)
		if len(c.Args) > 0 {
			s.printf("complete -c %s -n %s -F\n", s.app, quote(own))
		}
		s.commands(append(parents[:len(parents):len(parents)], c.Name), c.Commands)
	}
}

// seen is the condition that all of these commands are on the line and none of
// those. fish knows the test for one of several.
func seen(these, none []string) string {
	var conditions []string
	for _, name := range these {
		conditions = append(conditions, "__fish_seen_subcommand_from "+name)
	}
	if len(none) > 0 {
		conditions = append(conditions, "not __fish_seen_subcommand_from "+strings.Join(none, " "))
	}
	return strings.Join(conditions, "; and ")
}

func (s *script) flags(when string, flags []*kingpin.FlagModel) {
	for _, f := range flags {
		if f.Hidden {
			continue
		}
		names := []string{f.Name}
		if f.IsBoolFlag() && strings.HasPrefix(f.Name, "collector.") {
			names = append(names, "no-"+f.Name)
		}
		for _, name := range names {
			s.printf("complete -c %s", s.app)
			if when != "" {
				s.printf(" -n %s", quote(when))
			}
			s.printf(" -l %s", name)
			if f.Short != 0 {
				s.printf(" -s %c", f.Short)
			}
			if !f.IsBoolFlag() {
				s.printf(" -r")
				if takesFile(f.Name) {
					s.printf(" -F")
				}
			}
			s.printf(" -d %s\n", quote(f.Help))
		}
	}
}

// takesFile reports whether the flag's value is a path, by the name it has in
// Prometheus's programs.
func takesFile(name string) bool {
	return strings.HasSuffix(name, "file") || strings.HasSuffix(name, "output") || strings.HasSuffix(name, "dir")
}

func defaultCommand(all []*kingpin.CmdModel) string {
	for _, c := range all {
		if c.Default {
			return c.FullCommand
		}
	}
	return ""
}

// quote writes text as one word of fish.
func quote(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\n", " ").Replace(text) + "'"
}
