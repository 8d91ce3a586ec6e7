package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
)

// TestExportDir: the daemon keeps the data set of its bills up to date; a reload begins
// and ends that, and the counter is there as long.
func TestExportDir(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clockTo(noon)
		s := newSetup(t, estate(), "", only("billing_csv"))
		const counter = "\nukcloud_bill_export_failures_total 0\n"
		before := s.scrape()
		if strings.Contains(before, "ukcloud_bill_export_") {
			t.Error("a metric of exports without export_dir")
		}
		for _, dir := range []string{"one", "two"} {
			s.configure("collectors:\n  billing_csv: {export_dir: " + dir + "}\n")
			for range 2 { // the second reload changes nothing
				if err := s.reload(); err != nil {
					t.Fatal(err)
				}
				body := s.scrape()
				synctest.Wait()
				if !strings.Contains(body, counter) {
					t.Error("the counter is not exposed")
				}
			}
			if files, _ := filepath.Glob(filepath.Join(s.dir, dir, "billing_period=*", "account=*", "*.parquet")); len(files) == 0 {
				t.Errorf("nothing is in %s:\n%s", dir, s.logs)
			}
		}
		s.configure("")
		if err := os.RemoveAll(filepath.Join(s.dir, "two")); err != nil {
			t.Fatal(err)
		}
		if err := s.reload(); err != nil {
			t.Fatal(err)
		}
		after := s.scrape()
		synctest.Wait()
		if _, err := os.Stat(filepath.Join(s.dir, "two")); err == nil {
			t.Error("the directory is written after export_dir was taken out")
		}
		if strings.Contains(after, "ukcloud_bill_export_") {
			t.Error("a metric of exports after export_dir was taken out")
		}
		if a, b := families(before)["ukcloud_billing_month_to_date_cost_gbp"], families(after)["ukcloud_billing_month_to_date_cost_gbp"]; a == "" || a != b {
			t.Errorf("exposed\n%s\nbefore\n%s", b, a)
		}
	})
}
