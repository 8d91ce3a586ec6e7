package billing

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func TestMergeKeepsFamiliesTogether(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	const month, rows = "ukcloud_billing_month_to_date_cost_gbp", "ukcloud_billing_period_start_timestamp_seconds"
	first := write("1", "# TYPE "+month+" gauge\n# HELP "+month+" Of the month.\n"+month+"{vorg=\"a\"} 1 10\n# TYPE "+rows+" gauge\n"+rows+"{vorg=\"a\"} 5 10\n# EOF\n")
	second := write("2", "# TYPE "+month+" gauge\n# HELP "+month+" Of the month.\n"+month+"{vorg=\"a\"} 2 20\n# TYPE "+rows+" gauge\n"+rows+"{vorg=\"a\"} 6 20\n# EOF\n")
	empty := write("3", "# EOF\n")
	var got bytes.Buffer
	if err := merge(&got, []string{empty, first, second}); err != nil {
		t.Fatal(err)
	}
	want := "# TYPE " + month + " gauge\n# HELP " + month + " Of the month.\n" +
		month + "{vorg=\"a\"} 1 10\n" + month + "{vorg=\"a\"} 2 20\n" +
		"# TYPE " + rows + " gauge\n" + rows + "{vorg=\"a\"} 5 10\n" + rows + "{vorg=\"a\"} 6 20\n# EOF\n"
	if got.String() != want {
		t.Errorf("got\n%swant\n%s", got.String(), want)
	}
	if err := merge(&got, []string{filepath.Join(dir, "missing")}); err == nil {
		t.Error("a file that is missing is no error")
	}
}
