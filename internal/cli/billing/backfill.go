package billing

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"ukcloud_exporter/collector"
	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/internal/atomicfile"
	"ukcloud_exporter/internal/bill"
	"ukcloud_exporter/internal/cli/exitstatus"
)

// backfill writes the past of the bill's metrics.
type backfill struct {
	env      Environment
	from, to bill.Month
	files    []string
	org      string
	account  string
	tags     []string
	vmLimit  int
	labels   map[string]string
	output   string
	force    bool
	login    bool // --force-login

	parallel *int

	spool *spool // what goes to standard output, nil when there is an output directory
}

// past writes the bills of one compute service, month by month.
type past struct {
	*backfill
	bills    source
	last     job        // that was written
	lastBill *bill.Bill // of it
}

// outcome is what came of a job.
type outcome struct {
	done     string
	rejected int64 // rows that are in no sum
	doubtful bool  // a bill is not proven whole
	err      error
}

func registerBackfill(parent *kingpin.CmdClause, env Environment) Run {
	c := &backfill{env: env, labels: map[string]string{}}
	cmd := parent.Command("backfill", "Write the past of the bill's metrics as OpenMetrics: a sample at the end of each day. "+
		"promtool tsdb create-blocks-from --max-block-duration=744h openmetrics FILE DATA-DIRECTORY imports one. What is complete is skipped when the command is run again.")
	cmd.Flag("from", "First month, for example 2016-01.").PlaceHolder("MONTH").SetValue(monthValue{&c.from})
	cmd.Flag("to", "Last month.").PlaceHolder("MONTH").SetValue(monthValue{&c.to})
	cmd.Flag("org", "Compute service, for example 1-1-1-9836cf. Default: every one that the login sees, or what the files' names say.").StringVar(&c.org)
	cmd.Flag("account", "Account label for files. Default: the second part of the compute service's id.").StringVar(&c.account)
	cmd.Flag("tag", "As tags in the configuration. Repeatable.").PlaceHolder("KEY").StringsVar(&c.tags)
	cmd.Flag("vm-limit", "As vm_limit in the configuration.").Default("1000").IntVar(&c.vmLimit)
	cmd.Flag("label", "Label that Prometheus adds to what it scrapes, for example job=ukcloud, so that past and present are one series. Repeatable.").PlaceHolder("NAME=VALUE").StringMapVar(&c.labels)
	cmd.Flag("force-login", ForceLoginHelp).BoolVar(&c.login)
	cmd.Flag("force", "Write also what is complete.").BoolVar(&c.force)
	cmd.Flag("output", "Directory to write to, a file for each compute service and month; it is made when it is missing. Default: everything as one stream to standard output, which cannot be resumed.").Short('o').PlaceHolder("DIR").StringVar(&c.output)
	c.parallel = parallelFlag(cmd)
	cmd.Arg("FILE", "Billing CSVs named as fetch names them. Default: ask the portal.").StringsVar(&c.files)
	return c.run
}

// job is one file to write.
type job struct {
	service
	month bill.Month
}

// check refuses flags that make no sense together.
func (c *backfill) check() error {
	switch {
	case c.vmLimit < 0:
		return errors.New("--vm-limit is negative")
	case c.to != (bill.Month{}) && c.to.Compare(c.from) < 0:
		return fmt.Errorf("--to %s is before --from %s", c.to, c.from)
	case len(c.files) == 0 && c.to.Start().After(c.env.Now()):
		return fmt.Errorf("--to %s has not begun", c.to)
	}
	return c.checkLabels()
}

func (c *backfill) run(ctx context.Context, log *slog.Logger) error {
	c.tags = distinct(c.tags)
	if err := c.check(); err != nil {
		return err
	}
	bills, jobs, failed, err := c.plan(ctx, log)
	if err != nil {
		return err
	}
	if p, ok := bills.(*portalSource); ok && p.portal.Close != nil {
		defer p.portal.Close()
	}
	said := c.env.Stdout
	if c.output == "" {
		said = c.env.Stderr
		if c.spool, err = newSpool(); err != nil {
			return err
		}
		defer c.spool.close()
	} else if err := os.MkdirAll(c.output, 0o755); err != nil {
		return err
	}
	var written int
	var rejected, doubtful int64
	bar := newProgress(c.env.Stderr, "backfill", int64(len(jobs)), false)
	defer bar.clear()
	err = c.write(ctx, bills, jobs, func(o outcome) {
		bar.clear()
		if o.err != nil {
			failed = append(failed, o.err)
		} else {
			written++
			rejected += o.rejected
			fmt.Fprintln(said, o.done)
		}
		if o.doubtful {
			doubtful++
		}
		bar.add(1)
	})
	if err != nil {
		return err
	}
	if c.spool != nil && written > 0 {
		if err := c.spool.merge(c.env.Stdout); err != nil {
			return fmt.Errorf("write to standard output: %w", err)
		}
	}
	if written > 0 {
		c.warnOfRetention(jobs)
	}
	if err := failures(c.env.Stderr, "backfill", failed, written); err != nil {
		return err
	}
	if doubtful > 0 {
		return exitstatus.Incomplete(fmt.Errorf("backfill: %s of bills that are not proven whole", count(doubtful, "file")))
	}
	return leftOut(rejected)
}

// defaultRetention is how long Prometheus keeps samples unless it is told otherwise.
const defaultRetention = 15 * 24 * time.Hour

// warnOfRetention says what becomes of an import that nobody prepared for: Prometheus
// deletes it without a word.
func (c *backfill) warnOfRetention(jobs []job) {
	oldest := slices.MinFunc(jobs, func(a, b job) int { return a.month.Compare(b.month) }).month
	if c.env.Now().Sub(oldest.Start()) <= defaultRetention {
		return
	}
	fmt.Fprintf(c.env.Stderr, "backfill: before you import, set --storage.tsdb.retention.time of Prometheus so that it reaches back to %s: by default it deletes what is older than 15 days, without a word\n", oldest)
}

// write does all jobs, several compute services at the same time, and says what came
// of each in the order of the jobs.
func (c *backfill) write(ctx context.Context, bills source, jobs []job, say func(outcome)) error {
	var services [][]job
	for i, j := range jobs {
		if i == 0 || j.service != jobs[i-1].service {
			services = append(services, nil)
		}
		services[len(services)-1] = append(services[len(services)-1], j)
	}
	parallel := *c.parallel
	if c.spool != nil {
		parallel = 1 // it is one stream
	}
	err := inOrder(ctx, len(services), parallel, func(ctx context.Context, i int, yield func(outcome) bool) {
		p := &past{backfill: c, bills: bills}
		for _, j := range services[i] {
			if ctx.Err() != nil || !yield(p.write(ctx, j)) {
				return
			}
		}
	}, func(_ int, values iter.Seq[outcome]) error {
		for o := range values {
			say(o)
		}
		return nil
	})
	if err == nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return err
}

func (c *backfill) path(j job) string {
	return filepath.Join(c.output, fmt.Sprintf("backfill_%s_%s.om", j.org, j.month))
}

// write writes one bill's past, unless a complete file of it is there.
func (c *past) write(ctx context.Context, j job) (o outcome) {
	o.done, o.err = c.writeJob(ctx, j, &o)
	return o
}

func (c *past) writeJob(ctx context.Context, j job, o *outcome) (done string, err error) {
	if !orgNames.MatchString(j.org) {
		return "", fmt.Errorf("compute service %q: not an id such as 1-1-1-9836cf, and no name for a file", j.org)
	}
	if j.month.Start().After(c.env.Now()) {
		return "", fmt.Errorf("bill %s of %s: the month has not begun", j.month, j.org)
	}
	name, options := fmt.Sprintf("%s %s", j.org, j.month), ""
	if c.spool == nil {
		name, options = c.path(j), c.options(j)
		if info, err := os.Stat(name); err == nil && !c.force && writtenWith(name) == options && c.bills.complete(info, j.org, j.month) {
			return name + ": complete already", nil
		} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
	}
	h := &history{service: j.service, month: j.month, vmLimit: c.vmLimit, labels: c.labels, now: c.env.Now().UTC()}
	if h.previous, err = c.previous(ctx, j, h); err != nil {
		return "", err
	}
	if err := c.read(ctx, j, h); err != nil {
		return "", fmt.Errorf("bill %s of %s: %w", j.month, j.org, err)
	}
	if c.spool != nil {
		err = c.spool.add(h.writeTo)
	} else {
		err = c.writeFile(name, options, h)
	}
	if err != nil {
		return "", err
	}
	c.last, c.lastBill = j, h.last
	o.rejected, o.doubtful = int64(h.rejected), h.doubtful
	done = fmt.Sprintf("%s: %s, %s", name, count(int64(h.days()), "day"), count(int64(h.samples), "sample"))
	if h.rejected > 0 {
		done += fmt.Sprintf("; in no sum because they cannot be read: %s; see billing verify", count(int64(h.rejected), "row"))
	}
	if h.doubtful {
		done += "; not proven whole: the portal said neither length nor end of a bill"
	}
	if h.last != nil {
		for _, note := range oddities(h.last.Late, h.last.Unnamed) {
			done += "; " + note
		}
	}
	return done, nil
}

// optionsSuffix names the file beside a backfill file that says what it was written
// with: another label or tag, or another bill, makes other samples.
const optionsSuffix = ".options"

// writeFile writes a backfill file and then what it was written with, so that one
// without the other is not complete.
func (c *backfill) writeFile(path, options string, h *history) error {
	if err := os.Remove(path + optionsSuffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := atomicfile.Write(path, h.writeTo); err != nil {
		return err
	}
	if h.doubtful {
		return nil // to be written again
	}
	return atomicfile.Write(path+optionsSuffix, func(w io.Writer) error {
		_, err := io.WriteString(w, options)
		return err
	})
}

// writtenWith reads what a backfill file was written with, "" when nobody knows.
func writtenWith(path string) string {
	text, _ := os.ReadFile(path + optionsSuffix)
	return string(text)
}

// options is what the samples of a job depend on.
func (c *past) options(j job) string {
	families := sha256.New()
	for _, f := range collector.DatedBillingFamilies() {
		fmt.Fprintf(families, "%s %q\n", f.Name, f.Help)
	}
	text := fmt.Sprintf("account %q\nvm-limit %d\nfamilies %x\n", j.account, c.vmLimit, families.Sum(nil))
	for _, name := range slices.Sorted(maps.Keys(c.labels)) {
		text += fmt.Sprintf("label %s=%q\n", name, c.labels[name])
	}
	for _, tag := range c.tags {
		text += fmt.Sprintf("tag %q\n", tag)
	}
	return text + fmt.Sprintf("bill %s\nbill before %s\n", c.bills.identity(j.org, j.month), c.bills.identity(j.org, j.month.Previous()))
}

func (c *past) read(ctx context.Context, j job, h *history) error {
	file, err := c.bills.open(ctx, j.org, j.month)
	if err != nil {
		return err
	}
	defer func() { _ = file.close() }()
	h.doubtful = h.doubtful || file.doubtful
	o := bill.Options{
		Month: j.month, Tags: c.tags, Proven: file.proven, Rejected: func(*csvparse.RowError) { h.rejected++ },
	}
	return file.errorOf(bill.ReadDays(untilDone(ctx, file), o, h.add))
}

// previous reads the bill of the month before, which the daemon exposes too; nil
// when there is none.
func (c *past) previous(ctx context.Context, j job, h *history) (*bill.Bill, error) {
	before := j.month.Previous()
	if c.last == (job{j.service, before}) {
		return c.lastBill, nil
	}
	file, err := c.bills.open(ctx, j.org, before)
	if errors.Is(err, errNoBill) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("bill %s of %s: %w", before, j.org, err)
	}
	defer func() { _ = file.close() }()
	h.doubtful = h.doubtful || file.doubtful
	bill, err := bill.Read(untilDone(ctx, file), bill.Options{
		Month: before, Proven: file.proven, Rejected: func(*csvparse.RowError) { h.rejected++ },
	})
	if err != nil {
		return nil, fmt.Errorf("bill %s of %s: %w", before, j.org, file.errorOf(err))
	}
	return bill, nil
}
