package completion

import "strings"

// Args returns the program's arguments for kingpin to parse. Where the script of
// bash or zsh asks for completions, the word that is being written goes: kingpin
// takes the beginning of a command's name for an argument of the default command,
// and has nothing to offer. The shells filter by that word themselves.
func Args(args []string) []string {
	last := len(args) - 1
	if last < 1 || args[0] != "--completion-bash" || strings.HasPrefix(args[last], "-") {
		return args
	}
	if strings.HasPrefix(args[last-1], "--") && last > 1 {
		return args // a flag's value
	}
	return args[:last]
}
