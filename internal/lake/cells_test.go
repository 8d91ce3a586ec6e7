package lake_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/internal/focus"
	"ukcloud_exporter/internal/lake"
	"ukcloud_exporter/internal/testutil/billgen"
)

// oddBill has a row of every kind that a cell can be of.
func oddBill() string {
	plain := billgen.Row{
		csvparse.EventDate: "2018-01-05", csvparse.ResourceID: "urn:vcloud:vm:1", csvparse.Service: "VMware VM",
		csvparse.PowerState: "On", csvparse.UsageHours: "24", csvparse.ComputeTotal: "1.5", csvparse.TotalPrice: "1.5",
		csvparse.Metadata: `{"project":"Zebra","none":null,"n":7}`, csvparse.StartTime: "2018-01-05T00:00:00Z", csvparse.EndTime: "05/01/2018 12:30",
	}
	return billgen.CSV(
		plain,
		plain,
		plain.With(billgen.Row{csvparse.EventDate: "2018-01-06", csvparse.Metadata: "", csvparse.StartTime: "", csvparse.EndTime: "soon", csvparse.PowerState: ""}),
		plain.With(billgen.Row{csvparse.TotalPrice: "dear"}), // is rejected
		plain.With(billgen.Row{csvparse.EventDate: "2017-12-31", csvparse.Metadata: "{broken", csvparse.StartTime: "then", csvparse.ComputeTotal: "-2", csvparse.TotalPrice: "-2.25"}),
		plain.With(billgen.Row{csvparse.Metadata: "{broken", csvparse.StartTime: "then", csvparse.ComputeTotal: "", csvparse.TotalPrice: ""}),
		plain.With(billgen.Row{csvparse.Metadata: "{}"}),
	)
}

// putOne writes one bill of January and returns its file and what was told of it.
func putOne(t *testing.T, format lake.Format, text string) (path string, told lake.Told) {
	t.Helper()
	dir := t.TempDir()
	set := open(t, dir, format)
	told, err := set.Evidence(lake.Source{Account: "1", VOrg: "v", Month: january, CSV: strings.NewReader(text), Proven: true})
	if err != nil {
		t.Fatal(err)
	}
	m := finish(t, set, dir)
	sum := sha256.Sum256([]byte(text))
	if got, err := lake.CSVSum(dir, "1", "v", january); got != hex.EncodeToString(sum[:]) || err != nil {
		t.Errorf("the CSV's sum is %q, %v", got, err)
	}
	return filepath.Join(dir, "billing_period=2018-01", m.Files[0].Path), told
}

// TestCells: every kind of cell, in CSV, and what is told of those that cannot be read.
func TestCells(t *testing.T) {
	path, told := putOne(t, lake.CSV, oddBill())
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	records, err := csv.NewReader(bytes.NewReader(content)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	at := map[string]int{}
	for i, name := range records[0] {
		at[name] = i
	}
	var got []string
	for _, record := range records[1:] {
		var cells []string
		for _, name := range []string{"line", "event_date", "start_time", "end_time", "tags", "cost", "other", "power", "late"} {
			cells = append(cells, record[at[name]])
		}
		got = append(got, strings.Join(cells, " | "))
	}
	const start, tags = "2018-01-05T00:00:00Z", `{"project":"Zebra","none":null,"n":7}`
	const both = start + " | 2018-01-05T12:30:00Z | "
	want := []string{
		"2 | 2018-01-05 | " + both + tags + " | 1.5 |  | on | false",
		"3 | 2018-01-05 | " + both + tags + " | 1.5 |  | on | false",
		"4 | 2018-01-06 |  |  |  | 1.5 |  |  | false",
		"6 | 2017-12-31 |  | 2018-01-05T12:30:00Z |  | -2.25 | -0.25 | on | true",
		"7 | 2018-01-05 |  | 2018-01-05T12:30:00Z |  |  |  | on | false",
		"8 | 2018-01-05 | " + both + " | 1.5 |  | on | false",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("cells (-want +got):\n%s", diff)
	}
	if told.BadTags != 2 || told.BadTimes != 3 || told.Rejected != 1 || told.Late.Rows != 1 || told.Late.Cost.Value.String() != "-2.25" || len(told.Missing) > 0 {
		t.Errorf("told %+v", told)
	}
}

// TestCellsOfParquet: the same in Parquet, where amounts have nine places, a map is
// null or has entries, also without a value, and a time is an instant.
func TestCellsOfParquet(t *testing.T) {
	path, _ := putOne(t, lake.Parquet, oddBill())
	reader := parquet.NewReader(opened(t, path))
	defer reader.Close()
	schema := reader.Schema()
	for name, want := range map[string]string{"cost": "DECIMAL(38,9)", "usage_hours": "DECIMAL(38,9)", "late": "BOOLEAN", "line": "INT(64,true)"} {
		if leaf, ok := schema.Lookup(name); !ok || leaf.Node.Type().String() != want {
			t.Errorf("%s is there: %t, want %s", name, ok, want)
		}
	}
	rows := make([]parquet.Row, 10)
	n, _ := reader.ReadRows(rows)
	var got []string
	for _, row := range rows[:n] {
		var start, keys, values string
		for _, value := range row {
			switch path := strings.Join(schema.Columns()[value.Column()], "."); path {
			case "start_time":
				start = "null"
				if !value.IsNull() {
					start = time.UnixMilli(value.Int64()).UTC().Format(time.DateTime)
				}
			case "tags.key_value.key":
				keys += fmt.Sprintf("%d%d%s ", value.RepetitionLevel(), value.DefinitionLevel(), value.ByteArray())
			case "tags.key_value.value":
				values += fmt.Sprintf("%d%d%s ", value.RepetitionLevel(), value.DefinitionLevel(), value.ByteArray())
			}
		}
		got = append(got, start+" | "+keys+"| "+values)
	}
	const tagged = "2018-01-05 00:00:00 | 02project 12none 12n | 03Zebra 12 137 "
	want := []string{tagged, tagged, "null | 00 | 00 ", "null | 00 | 00 ", "null | 00 | 00 ", "2018-01-05 00:00:00 | 00 | 00 "}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("cells (-want +got):\n%s", diff)
	}
}

// TestEmptyBill: a bill without rows is a file without rows.
func TestEmptyBill(t *testing.T) {
	path, _ := putOne(t, lake.CSV, billgen.CSV())
	content, err := os.ReadFile(path)
	if err != nil || !strings.HasPrefix(string(content), "vorg,event_date,") || bytes.Count(content, []byte("\n")) != 1 {
		t.Errorf("%q, %v", content, err)
	}
	path, _ = putOne(t, lake.Parquet, billgen.CSV())
	if rows := parquetRows(t, path); len(rows) != 0 {
		t.Errorf("%d rows", len(rows))
	}
}

// TestFocusCells: times and tags of charges, and what is told of rows that are none.
func TestFocusCells(t *testing.T) {
	dir := t.TempDir()
	set, err := lake.Open(dir, lake.FocusSchema(focus.Newest), lake.CSV, "test")
	if err != nil {
		t.Fatal(err)
	}
	told, _, err := set.Focus(lake.Source{Account: "1", VOrg: "v", Month: january, CSV: strings.NewReader(oddBill()), Proven: true},
		focus.Newest, focus.Bill{Account: "1", VOrg: "v", Month: january})
	if err != nil {
		t.Fatal(err)
	}
	m := finish(t, set, dir)
	if told.Rejected != 1 || told.Late.Rows != 1 || m.Files[0].BillRows != 6 || m.Files[0].Rejected != 1 || m.Files[0].Late != 1 {
		t.Errorf("told %+v, manifest %+v", told, m.Files[0])
	}
	content, err := os.ReadFile(filepath.Join(dir, "billing_period=2018-01", m.Files[0].Path))
	if err != nil {
		t.Fatal(err)
	}
	records, err := csv.NewReader(bytes.NewReader(content)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for i, name := range records[0] {
		if name == "ChargePeriodStart" || name == "Tags" || name == "BilledCost" {
			got = append(got, name+" "+records[1][i])
		}
	}
	want := []string{"BilledCost 1.5", "ChargePeriodStart 2018-01-05T00:00:00Z", `Tags {"project":"Zebra","none":null,"n":7}`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the first charge (-want +got):\n%s", diff)
	}
}
