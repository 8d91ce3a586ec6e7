package billing

import (
	"bytes"
	"errors"
	"io"
	"os"
	"testing"
)

func TestSpoolKeepsFamiliesTogether(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	s, err := newSpool()
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	const month, rows = "ukcloud_billing_month_to_date_cost_gbp", "ukcloud_billing_period_start_timestamp_seconds"
	for _, text := range []string{
		"# EOF\n",
		"# TYPE " + month + " gauge\n# HELP " + month + " Of the month.\n" + month + "{vorg=\"a\"} 1 10\n# TYPE " + rows + " gauge\n" + rows + "{vorg=\"a\"} 5 10\n# EOF\n",
		"# TYPE " + month + " gauge\n# HELP " + month + " Of the month.\n" + month + "{vorg=\"a\"} 2 20\n# TYPE " + rows + " gauge\n" + rows + "{vorg=\"a\"} 6 20\n# EOF\n",
	} {
		broken := errors.New("broken")
		err := s.add(func(w io.Writer) error {
			_, _ = io.WriteString(w, month+"{vorg=\"half\"} 9 15\n"+month)
			return broken
		})
		if !errors.Is(err, broken) {
			t.Errorf("error %v", err)
		}
		if err := s.add(func(w io.Writer) error {
			_, err := io.WriteString(w, text)
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	var got bytes.Buffer
	if err := s.merge(&got); err != nil {
		t.Fatal(err)
	}
	want := "# TYPE " + month + " gauge\n# HELP " + month + " Of the month.\n" +
		month + "{vorg=\"a\"} 1 10\n" + month + "{vorg=\"a\"} 2 20\n" +
		"# TYPE " + rows + " gauge\n" + rows + "{vorg=\"a\"} 5 10\n" + rows + "{vorg=\"a\"} 6 20\n# EOF\n"
	if got.String() != want {
		t.Errorf("got\n%swant\n%s", got.String(), want)
	}
	if left, err := os.ReadDir(dir); len(left) > 0 || err != nil {
		t.Errorf("while it is open the directory holds %v, %v", left, err)
	}
}
