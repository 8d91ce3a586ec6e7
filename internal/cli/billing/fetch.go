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

	"github.com/alecthomas/kingpin/v2"

	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/internal/atomicfile"
	"ukcloud_exporter/internal/bill"
)

// fetch saves bills as the portal gives them.
type fetch struct {
	env    Environment
	month  bill.Month
	org    string
	output string
}

func registerFetch(parent *kingpin.CmdClause, env Environment) Run {
	c := &fetch{env: env}
	cmd := parent.Command("fetch", "Save the bills of a month as the portal gives them, each whole or not at all, with a checksum for sha256sum -c.")
	cmd.Flag("period", "Month to fetch, for example 2018-01.").Required().PlaceHolder("MONTH").SetValue(monthValue{&c.month})
	cmd.Flag("org", "Compute service to fetch, for example 1-1-1-9836cf. Default: every one that the login sees.").StringVar(&c.org)
	cmd.Flag("output", "Directory to save to; it is made when it is missing.").Short('o').Required().PlaceHolder("DIR").StringVar(&c.output)
	return c.run
}

func (c *fetch) run(ctx context.Context, log *slog.Logger) error {
	p, err := c.env.Portal(ctx, log)
	if err != nil {
		return err
	}
	if p.Close != nil {
		defer p.Close()
	}
	all, failed, err := services(ctx, p, c.org)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.output, 0o755); err != nil {
		return err
	}
	bar := newProgress(c.env.Stderr, "fetch "+c.month.String(), int64(len(all)), false)
	defer bar.clear()
	for _, s := range all {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		done, err := c.save(ctx, p.API, s.org)
		bar.clear()
		if err != nil {
			failed = append(failed, err)
		} else {
			fmt.Fprintln(c.env.Stdout, done)
		}
		bar.add(1)
	}
	return failures(c.env.Stderr, "fetch billing "+c.month.String(), failed)
}

// save fetches one bill. It is read on its way to the disk: a page of a login
// form or a bill that is cut off is never saved, rows that cannot be read are,
// because the file is evidence.
func (c *fetch) save(ctx context.Context, api API, org string) (done string, err error) {
	if !orgNames.MatchString(org) {
		return "", fmt.Errorf("compute service %q: not an id such as 1-1-1-9836cf, and no name for a file", org)
	}
	stream, err := api.BillingCSV(ctx, c.month.String(), org, "")
	if err != nil {
		return "", fmt.Errorf("fetch billing %s of %s: %w", c.month, org, err)
	}
	defer func() { _ = stream.Close() }()
	path := filepath.Join(c.output, fileName(org, c.month))
	hash := sha256.New()
	var rows, rejected, size int64
	err = atomicfile.Write(path, func(file io.Writer) error {
		written := new(counter)
		b, err := bill.Read(io.TeeReader(stream, io.MultiWriter(file, hash, written)), bill.Options{
			Proven: stream.Proven, Rejected: func(*csvparse.RowError) { rejected++ },
		})
		size = int64(*written)
		if err != nil {
			return fmt.Errorf("fetch billing %s of %s: GET /api/billing/billing-csv: %w", c.month, org, err)
		}
		rows = b.Rows
		// An old checksum must not stand beside the new file.
		if err := os.Remove(path + ".sha256"); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	err = atomicfile.Write(path+".sha256", func(file io.Writer) error {
		_, err := fmt.Fprintf(file, "%x  %s\n", hash.Sum(nil), filepath.Base(path))
		return err
	})
	if err != nil {
		return "", err
	}
	done = fmt.Sprintf("%s: %s, %s", path, count(rows, "row"), count(size, "byte"))
	if rejected > 0 {
		done += fmt.Sprintf(", and %s that cannot be read: see billing verify", count(rejected, "row"))
	}
	return done, nil
}

// counter counts what is written to it.
type counter int64

func (c *counter) Write(b []byte) (int, error) {
	*c += counter(len(b))
	return len(b), nil
}
