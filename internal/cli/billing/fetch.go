package billing

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/internal/atomicfile"
	"ukcloud_exporter/internal/bill"
	"ukcloud_exporter/internal/cli/exitstatus"
	"ukcloud_exporter/internal/inventory"
)

// fetch saves bills as the portal gives them.
type fetch struct {
	env    Environment
	month  bill.Month
	org    string
	output string
	force  bool // --force-login
}

func registerFetch(parent *kingpin.CmdClause, env Environment) Run {
	c := &fetch{env: env}
	cmd := parent.Command("fetch", "Save the bills of a month as the portal gives them, each whole or not at all, with a checksum for sha256sum -c.")
	cmd.Flag("period", "Month to fetch, for example 2018-01.").Required().PlaceHolder("MONTH").SetValue(monthValue{&c.month})
	cmd.Flag("org", "Compute service to fetch, for example 1-1-1-9836cf. Default: every one that the login sees.").StringVar(&c.org)
	cmd.Flag("output", "Directory to save to; it is made when it is missing.").Short('o').Required().PlaceHolder("DIR").StringVar(&c.output)
	cmd.Flag("force-login", ForceLoginHelp).BoolVar(&c.force)
	return c.run
}

func (c *fetch) run(ctx context.Context, log *slog.Logger) error {
	if c.month.Start().After(c.env.Now()) {
		return fmt.Errorf("--period %s has not begun", c.month)
	}
	p, err := c.env.Portal(ctx, log, c.force)
	if err != nil {
		return err
	}
	if p.Close != nil {
		defer p.Close()
	}
	inventory := inventory.New(p.API, p.Accounts)
	all, failed, err := listServices(ctx, inventory, c.org)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.output, 0o755); err != nil {
		return err
	}
	bar := newProgress(c.env.Stderr, "fetch "+c.month.String(), int64(len(all)), false)
	defer bar.clear()
	done, unproven := 0, 0
	for _, s := range all {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		saved, err := c.save(ctx, p.API, s.org)
		bar.clear()
		if err != nil {
			failed = append(failed, err)
		} else {
			fmt.Fprintln(c.env.Stdout, saved.text(c.month, c.env.Now()))
			done++
			if !saved.proven {
				unproven++
			}
		}
		bar.add(1)
	}
	if done > 0 {
		if err := namesOf(ctx, inventory, all).keep(c.output); err != nil {
			return err
		}
	}
	if err := failures(c.env.Stderr, "fetch billing "+c.month.String(), failed, done); err != nil {
		return err
	}
	if unproven > 0 {
		return exitstatus.Incomplete(fmt.Errorf("fetch billing %s: %s not proven whole", c.month, count(int64(unproven), "bill")))
	}
	return nil
}

// saved is one bill that was saved.
type saved struct {
	path                 string
	rows, rejected, size int64
	through              csvparse.Date // newest day of the month with rows
	proven               bool          // that its end is its end
}

// text says what was saved, and what the user should know of it.
func (s *saved) text(m bill.Month, now time.Time) string {
	text := fmt.Sprintf("%s: %s, %s", s.path, count(s.rows, "row"), count(s.size, "byte"))
	if s.rejected > 0 {
		text += fmt.Sprintf(", and %s that cannot be read: see billing verify", count(s.rejected, "row"))
	}
	if m.Next().Start().After(now) {
		text += fmt.Sprintf("; %s still runs, %s", m, through(s.through, s.through != csvparse.Date{}))
	}
	if !s.proven {
		text += "; not proven whole: the portal said neither length nor end, so there is no checksum"
	}
	return text
}

// save fetches one bill. It is read on its way to the disk: a page of a login
// form, a bill that is cut off or one of another month is never saved, rows that
// cannot be read are, because the file is evidence.
func (c *fetch) save(ctx context.Context, api API, org string) (*saved, error) {
	if !orgNames.MatchString(org) {
		return nil, fmt.Errorf("compute service %q: not an id such as 1-1-1-9836cf, and no name for a file", org)
	}
	stream, err := api.BillingCSV(ctx, c.month.String(), org, "")
	if err != nil {
		return nil, fmt.Errorf("fetch billing %s of %s: %w", c.month, org, err)
	}
	defer func() { _ = stream.Close() }()
	s := &saved{path: filepath.Join(c.output, fileName(org, c.month)), proven: stream.Proven}
	hash := sha256.New()
	err = atomicfile.Write(s.path, func(file io.Writer) error {
		written := new(counter)
		if err := s.read(io.TeeReader(stream, io.MultiWriter(file, hash, written)), c.month); err != nil {
			return fmt.Errorf("fetch billing %s of %s: GET /api/billing/billing-csv: %w", c.month, org, err)
		}
		s.size = int64(*written)
		// An old checksum must not stand beside the new file.
		if err := os.Remove(s.path + ".sha256"); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	})
	if err != nil || !s.proven {
		return s, err
	}
	return s, atomicfile.Write(s.path+".sha256", func(file io.Writer) error {
		_, err := fmt.Fprintf(file, "%x  %s\n", hash.Sum(nil), filepath.Base(s.path))
		return err
	})
}

// read reads a bill to its end.
func (s *saved) read(r io.Reader, m bill.Month) error {
	reader, err := bill.NewReader(r, bill.Options{
		Month: m, Proven: s.proven, Rejected: func(*csvparse.RowError) { s.rejected++ },
	})
	if err != nil {
		return err
	}
	for row, err := range reader.Rows() {
		if err != nil {
			return err
		}
		s.rows++
		if !row.Late && row.EventDate.Compare(s.through) > 0 {
			s.through = row.EventDate
		}
	}
	return nil
}

// counter counts what is written to it.
type counter int64

func (c *counter) Write(b []byte) (int, error) {
	*c += counter(len(b))
	return len(b), nil
}
