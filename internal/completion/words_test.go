package completion

import (
	"slices"
	"strings"
	"testing"
)

func TestArgs(t *testing.T) {
	for line, want := range map[string]string{
		"":                                  "",
		"serve":                             "serve",
		"bill fetch x":                      "bill fetch x",
		"--completion-bash":                 "--completion-bash",
		"--completion-bash ser":             "--completion-bash",
		"--completion-bash bill fe":         "--completion-bash bill",
		"--completion-bash bill ":           "--completion-bash bill",
		"--completion-bash --config":        "--completion-bash --config",
		"--completion-bash --config.file x": "--completion-bash --config.file x",
	} {
		var args, wanted []string
		if line != "" {
			args, wanted = strings.Split(line, " "), strings.Split(want, " ")
		}
		if got := Args(args); !slices.Equal(got, wanted) {
			t.Errorf("%q: got %q, want %q", line, got, wanted)
		}
	}
}

// TestKingpin: kingpin cannot complete the name of a command beside a default one;
// when it can, Args has no purpose any more.
func TestKingpin(t *testing.T) {
	if context, err := testApp().ParseContext([]string{"bil"}); err == nil {
		t.Errorf("kingpin parses half a word as %s", context.SelectedCommand.FullCommand())
	}
}
