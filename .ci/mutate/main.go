// Command mutate counts how many mutants of a package its short tests notice: see docs/testing.md.
//
// A mutant is the package with one operator changed. The files are rewritten so that
// all mutants are in one test binary, which is compiled once and runs once for each.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"runtime"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run measures each package and returns the exit status: 1 where one could not be measured.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	opts, dirs, err := parse(args, stderr)
	if err != nil {
		return 2
	}
	status := 0
	for _, dir := range dirs {
		if _, err := measure(ctx, dir, opts, stdout); err != nil {
			fmt.Fprintf(stderr, "%s: %v\n", dir, err)
			status = 1
		}
		if ctx.Err() != nil {
			break
		}
	}
	return status
}

func parse(args []string, stderr io.Writer) (options, []string, error) {
	flags := flag.NewFlagSet("mutate", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprintln(stderr, "usage: mutate [flags] DIR...")
		flags.PrintDefaults()
	}
	opts := options{only: regexp.MustCompile("")}
	flags.Func("only", "only mutants whose file:line:column matches `regexp`", func(text string) (err error) {
		opts.only, err = regexp.Compile(text)
		return err
	})
	flags.IntVar(&opts.every, "every", 1, "only each `n`th mutant")
	flags.StringVar(&opts.run, "run", "", "run only tests that match `regexp`")
	flags.StringVar(&opts.skip, "skip", "", "leave out tests that match `regexp`")
	flags.StringVar(&opts.tests, "tests", "", "run the tests of the package in `directory`, not the package's own")
	flags.IntVar(&opts.workers, "workers", runtime.NumCPU(), "`how many` run at the same time")
	flags.DurationVar(&opts.grace, "grace", 5*time.Second, "a mutant may take twice the processor time of a good run and `so much` more, and wait six times as long")
	if err := flags.Parse(args); err != nil {
		return opts, nil, err
	}
	if flags.NArg() == 0 || opts.every < 1 || opts.workers < 1 {
		flags.Usage()
		return opts, nil, flag.ErrHelp
	}
	return opts, flags.Args(), nil
}
