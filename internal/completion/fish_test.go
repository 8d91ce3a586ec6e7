package completion

import (
	"bytes"
	"io"
	"testing"

	"github.com/alecthomas/kingpin/v2"
	"github.com/google/go-cmp/cmp"
)

func testApp() *kingpin.Application {
	app := kingpin.New("app", "Help.").UsageWriter(io.Discard)
	app.HelpFlag.Hidden()
	app.Flag("config.file", "Where it's.").Short('c').String()
	app.Flag("secret", "Not for everybody.").Hidden().String()
	serve := app.Command("serve", "Serve.").Default()
	serve.Flag("collector.a", "Run a.").Bool()
	serve.Flag("verbose", `Back\slash.`).Bool()
	bill := app.Command("bill", "Bills.")
	fetch := bill.Command("fetch", "Fetch one.")
	fetch.Flag("month", "Which.").Required().String()
	fetch.Arg("file", "Files.").Strings()
	bill.Command("hide", "Hidden.").Hidden()
	return app
}

func TestFish(t *testing.T) {
	const want = `# Completion of app for fish.
complete -c app -f
complete -c app -l config.file -s c -r -F -d 'Where it\'s.'
complete -c app -n 'not __fish_seen_subcommand_from help serve bill' -a help -d 'Show help.'
complete -c app -n '__fish_seen_subcommand_from help' -F
complete -c app -n 'not __fish_seen_subcommand_from help serve bill' -a serve -d 'Serve.'
complete -c app -n '__fish_seen_subcommand_from serve; or not __fish_seen_subcommand_from help serve bill' -l collector.a -d 'Run a.'
complete -c app -n '__fish_seen_subcommand_from serve; or not __fish_seen_subcommand_from help serve bill' -l no-collector.a -d 'Run a.'
complete -c app -n '__fish_seen_subcommand_from serve; or not __fish_seen_subcommand_from help serve bill' -l verbose -d 'Back\\slash.'
complete -c app -n 'not __fish_seen_subcommand_from help serve bill' -a bill -d 'Bills.'
complete -c app -n '__fish_seen_subcommand_from bill; and not __fish_seen_subcommand_from fetch hide' -a fetch -d 'Fetch one.'
complete -c app -n '__fish_seen_subcommand_from bill; and __fish_seen_subcommand_from fetch' -l month -r -d 'Which.'
complete -c app -n '__fish_seen_subcommand_from bill; and __fish_seen_subcommand_from fetch' -F
`
	app := testApp()
	var got bytes.Buffer
	ended := -1
	AddFish(app, &got, func(status int) { ended = status })
	if _, err := app.Parse([]string{"--completion-script-fish"}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got.String()); diff != "" {
		t.Error(diff)
	}
	if ended != 0 {
		t.Errorf("ended with %d", ended)
	}
}
