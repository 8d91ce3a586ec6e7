// Package usage says what is wrong with a command line in the words of the command
// line: which flag, what was probably meant, and where to read on.
package usage

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/alecthomas/kingpin/v2"

	"ukcloud_exporter/internal/spelling"
)

// Explain returns the error for the user of a command line that app.Parse refused with
// err. It parses the line once more, since kingpin's error does not say where it was.
func Explain(app *kingpin.Application, args []string, err error) error {
	context, _ := app.ParseContext(args)
	if context == nil {
		return err
	}
	l := line{app: app.Model(), args: args, context: context}
	return fmt.Errorf("%s; see %s --help", l.explain(err), l.command())
}

// line is a command line that was refused.
type line struct {
	app     *kingpin.ApplicationModel
	args    []string
	context *kingpin.ParseContext
}

// selected is the command that the line names, or the default command.
func (l line) selected() *kingpin.CmdModel {
	if l.context.SelectedCommand == nil {
		return nil
	}
	return l.context.SelectedCommand.Model()
}

// noCommand reports whether the line names no command.
func (l line) noCommand() bool {
	selected := l.selected()
	return selected == nil || selected.Default && !slices.Contains(l.args, selected.Name)
}

// command is what --help is to be asked of. The flags of the default command are in
// its own help alone.
func (l line) command() string {
	wrongFlag := l.context.Peek().IsFlag() || l.refused() != nil
	if selected := l.selected(); selected != nil && (wrongFlag || !l.noCommand()) {
		return l.app.Name + " " + selected.FullCommand
	}
	return l.app.Name
}

func (l line) explain(err error) string {
	text := err.Error()
	if v := l.refused(); v != nil && v.err.Error() == text {
		return v.name + ": " + reason(v.text, v.err)
	}
	for _, known := range []struct {
		prefix  string
		explain func(text, name string) string
	}{
		{"unknown long flag ", l.unknownFlag},
		{"unexpected ", l.unexpected},
		{"expected command but got ", l.unexpected},
		{"must select a subcommand of ", l.noSubcommand},
		{"required flag(s) ", l.required},
	} {
		if name, ok := strings.CutPrefix(text, known.prefix); ok {
			return known.explain(text, name)
		}
	}
	return text
}

// value is one that a flag or an argument does not take.
type value struct {
	name, text string
	err        error
}

// refused returns the first value that cannot be set, or nil.
func (l line) refused() *value {
	for _, element := range l.context.Elements {
		var name string
		var target kingpin.Value
		switch clause := element.Clause.(type) {
		case *kingpin.FlagClause:
			name, target = "--"+clause.Model().Name, clause.Model().Value
		case *kingpin.ArgClause:
			name, target = clause.Model().Name, clause.Model().Value
		default:
			continue
		}
		if err := target.Set(*element.Value); err != nil {
			return &value{name, *element.Value, err}
		}
	}
	return nil
}

// reason says why a value is refused. What the standard library says of a number
// names its own functions.
func reason(text string, err error) string {
	if number, is := errors.AsType[*strconv.NumError](err); is {
		switch {
		case errors.Is(number, strconv.ErrRange):
			return fmt.Sprintf("%q is out of range", text)
		case number.Func == "ParseBool":
			return fmt.Sprintf("%q is neither true nor false", text)
		case number.Func == "ParseUint":
			return fmt.Sprintf("%q is not a whole number from 0 on", text)
		}
		return fmt.Sprintf("%q is not a number", text)
	}
	said := err.Error()
	if strings.HasPrefix(said, "time: ") {
		return fmt.Sprintf("%q is not a duration such as 30s or 5m", text)
	}
	if choice, ok := strings.CutPrefix(said, "enum value must be one of "); ok {
		choice, _, _ = strings.Cut(choice, ", got ")
		return fmt.Sprintf("%q is not one of %s", text, strings.ReplaceAll(choice, ",", ", "))
	}
	return said
}

// meant suggests what was probably meant, if anything.
func meant(name string) string {
	if name == "" {
		return ""
	}
	return " (did you mean " + name + "?)"
}

func (l line) unknownFlag(text, name string) string {
	name = strings.Trim(name, "'")
	known := flags(l.app.FlagGroupModel)
	if selected := l.selected(); selected != nil {
		known = append(known, flags(selected.FlagGroupModel)...)
	}
	if flag := spelling.Closest(name, known); flag != "" {
		return text + meant(flag)
	}
	for _, flag := range known { // --listen-address for --web.listen-address
		if strings.HasSuffix(flag, "."+strings.TrimLeft(name, "-")) {
			return text + meant(flag)
		}
	}
	var others []string
	for _, command := range l.app.FlattenedCommands() {
		if slices.Contains(flags(command.FlagGroupModel), name) {
			others = append(others, command.FullCommand)
		}
	}
	if others != nil {
		return text + "; it is one of " + strings.Join(others, ", ")
	}
	return text
}

// flags are the flags of a command as they are written.
func flags(group *kingpin.FlagGroupModel) (names []string) {
	for _, flag := range group.Flags {
		if flag.Hidden {
			continue
		}
		names = append(names, "--"+flag.Name)
		if flag.IsBoolFlag() {
			names = append(names, "--no-"+flag.Name)
		}
	}
	return names
}

// unexpected is an argument where none is, or a command that does not exist.
func (l line) unexpected(text, name string) string {
	name = strings.Trim(name, `"`)
	commands := l.app.Commands
	if !l.noCommand() {
		commands = l.selected().Commands
	}
	if len(commands) == 0 {
		return text
	}
	if near := spelling.Closest(name, names(commands)); near != "" {
		return text + meant(near)
	}
	all := l.app.FlattenedCommands() // summary for billing summary
	near := spelling.Closest(name, names(all))
	for _, command := range all {
		if command.Name == near {
			return text + meant(command.FullCommand)
		}
	}
	return text
}

func (l line) noSubcommand(text, _ string) string {
	return text + ": " + strings.Join(names(l.selected().Commands), ", ")
}

func names(commands []*kingpin.CmdModel) (names []string) {
	for _, command := range commands {
		names = append(names, command.Name)
	}
	return names
}

// required puts the flags that are missing in order; kingpin says them in any.
func (l line) required(_, list string) string {
	list, _, _ = strings.Cut(list, " not provided")
	missing := strings.Split(strings.ReplaceAll(list, "'", ""), ", ")
	slices.Sort(missing)
	if len(missing) == 1 {
		return missing[0] + " is missing"
	}
	return strings.Join(missing, ", ") + " are missing"
}
