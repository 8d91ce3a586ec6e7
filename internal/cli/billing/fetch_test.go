package billing

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kingpin/v2"

	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/internal/bill"
	"ukcloud_exporter/internal/cli/exitstatus"
	"ukcloud_exporter/internal/testutil/billgen"
	"ukcloud_exporter/portal"
)

// interrupted is a portal whose bill is being read when the user gives up.
type interrupted struct {
	portal.Conditional
	text string
	stop context.CancelFunc
}

func (i *interrupted) BillingCSV(ctx context.Context, _, _, _ string) (*portal.Stream, error) {
	ended := readerFunc(func([]byte) (int, error) {
		i.stop()
		return 0, context.Cause(ctx)
	})
	return &portal.Stream{ReadCloser: io.NopCloser(io.MultiReader(strings.NewReader(i.text), ended))}, nil
}

// TestInterrupted: who gives up has no half file, whatever was written so far.
func TestInterrupted(t *testing.T) {
	b := newBench(t)
	org := b.services()[0].org
	stream, err := b.client.BillingCSV(t.Context(), "2018-01", org, "")
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	text, err := io.ReadAll(stream)
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"fetch", "--period", "2018-01"}, {"backfill", "--from", "2018-01", "--to", "2018-02"},
	} {
		t.Run(args[0], func(t *testing.T) {
			dir := t.TempDir()
			ctx, stop := context.WithCancel(t.Context())
			app := kingpin.New("test", "")
			commands := Register(app, Environment{
				Stdout: io.Discard, Stderr: io.Discard,
				Portal: func(context.Context, *slog.Logger, bool) (*Portal, error) {
					return &Portal{API: &interrupted{b.client.Conditional(), string(text), stop}}, nil
				},
			})
			name, err := app.Parse(append(append([]string{"billing"}, args...), "--org", org, "-o", dir))
			if err != nil {
				t.Fatal(err)
			}
			if err := commands[name](ctx, slog.New(slog.DiscardHandler)); !errors.Is(err, context.Canceled) {
				t.Errorf("error %v", err)
			}
			if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

// TestFetchedBytes: what is saved is what the portal sent.
func TestFetchedBytes(t *testing.T) {
	b := newBench(t)
	dir := t.TempDir()
	org := b.services()[0].org
	b.must("fetch", "--period", "2018-01", "--org", org, "-o", dir)
	stream, err := b.client.BillingCSV(t.Context(), "2018-01", org, "")
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	want, err := io.ReadAll(stream)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(dir, fileName(org, bill.Month{Year: 2018, Month: 1})))
	if err != nil || string(got) != string(want) {
		t.Errorf("%d bytes are saved of %d, error %v", len(got), len(want), err)
	}
}

// TestUnproven: what nothing proves to be whole is saved without a checksum, said,
// and never complete.
func TestUnproven(t *testing.T) {
	b := newBench(t)
	b.unproven = true
	dir := t.TempDir()
	org := b.services()[0].org
	out, err := b.run("fetch", "--period", "2018-01", "--org", org, "-o", dir)
	if exitstatus.Of(err) != 2 || !strings.Contains(err.Error(), "1 bill not proven whole") || !strings.Contains(out, "; not proven whole: ") {
		t.Errorf("fetch says %q, error %v", out, err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 2 || left[0].Name() != fileName(org, bill.Month{Year: 2018, Month: 1}) || left[1].Name() != namesFile {
		t.Errorf("saved: %v, %v", left, err)
	}
	past := t.TempDir()
	for range 2 {
		out, err = b.run("backfill", "--from", "2018-01", "--to", "2018-01", "--org", org, "-o", past)
		if exitstatus.Of(err) != 2 || !strings.Contains(err.Error(), "1 file of bills that are not proven whole") || strings.Contains(out, "complete already") {
			t.Errorf("backfill says %q, error %v", out, err)
		}
	}
}

// TestSavedThrough: a bill goes as far as its newest day, in whatever order the rows
// are, and late rows are of no day of it.
func TestSavedThrough(t *testing.T) {
	january, err := bill.ParseMonth("2018-01")
	if err != nil {
		t.Fatal(err)
	}
	row := func(day string) billgen.Row {
		return billgen.Row{csvparse.EventDate: day, csvparse.ResourceID: "urn:1", csvparse.Service: "VMware VM", csvparse.TotalPrice: "1"}
	}
	s := &saved{proven: true}
	text := billgen.CSV(row("2018-01-03"), row("2018-01-09"), row("2018-01-05"), row("2018-02-01"), row("2017-12-31"))
	if err := s.read(strings.NewReader(text), january); err != nil {
		t.Fatal(err)
	}
	if want := (csvparse.Date{Year: 2018, Month: 1, Day: 9}); s.through != want || s.rows != 5 {
		t.Errorf("%d rows through %s, want 5 through %s", s.rows, s.through, want)
	}
}
