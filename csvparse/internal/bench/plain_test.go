//go:build unix

package main

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/internal/bill"
	"ukcloud_exporter/internal/testutil/billgen"
)

// spoiled is a bill of which some rows do not add up, each in another column.
func spoiled(t *testing.T) []byte {
	t.Helper()
	file, err := io.ReadAll(billgen.Estate{Rows: 3_000, Resources: 300, Seed: 1}.Reader())
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(file, []byte("\n"))
	numbers := 0
	for i, line := range lines {
		if i%20 != 7 {
			continue
		}
		cells := strings.Split(strings.TrimSuffix(string(line), "\n"), ",")
		place := len(cells) - 1 - numbers%37 // back to the machine's vCPUs; metadata has commas of its own
		numbers++
		switch cells[place] {
		case "":
			cells[place] = "1.25"
		case "0.000000000":
			cells[place] = ""
		default:
			cells[place] = "0.06"
		}
		lines[i] = []byte(strings.Join(cells, ",") + "\n")
	}
	return bytes.Join(lines, nil)
}

// The plain programs find and add up the same as what they are raced against.
func TestPlainPrograms(t *testing.T) {
	file := spoiled(t)
	t.Run("verify", func(t *testing.T) {
		got, err := plainVerify(bytes.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		var want []string
		reader, err := bill.NewReader(bytes.NewReader(file), bill.Options{Checked: true})
		if err != nil {
			t.Fatal(err)
		}
		for row, err := range reader.Rows() {
			if err != nil {
				t.Fatal(err)
			}
			for failure := range bill.Check(&row.BillingRow) {
				want = append(want, fmt.Sprintf("%d\t%s", row.Line, failure.Check))
			}
		}
		got = slices.DeleteFunc(got, func(line string) bool { return line[0] < '1' || line[0] > '9' })
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("findings (-bill.Check +plain):\n%s", diff)
		}
		checks := map[string]bool{}
		for _, line := range want {
			_, check, _ := strings.Cut(line, "\t")
			checks[check] = true
		}
		if len(checks) < 12 {
			t.Errorf("only %d checks have failed: %v", len(checks), checks)
		}
	})
	t.Run("summary", func(t *testing.T) {
		file, err := io.ReadAll(billgen.Estate{Rows: 3_000, Resources: 300, Seed: 1}.Reader())
		if err != nil {
			t.Fatal(err)
		}
		got, err := plainSummary(bytes.NewReader(file), wantedTags)
		if err != nil {
			t.Fatal(err)
		}
		b, err := bill.Read(bytes.NewReader(file), bill.Options{Tags: wantedTags})
		if err != nil {
			t.Fatal(err)
		}
		want := []string{
			fmt.Sprintf("total\t\t\t%s", b.Cost.Value), fmt.Sprintf("of no resource\t%s", b.Unnamed.Cost.Value),
			fmt.Sprintf("rows\t%d\t%s\t%s", b.Rows, b.Days[0].Day, b.Days[len(b.Days)-1].Day),
		}
		services, vdcs, parts := plainTotals{}, plainTotals{}, plainTotals{}
		for _, c := range b.Costs {
			_ = services.add(c.Service, c.Parts.Total().Value)
			_ = vdcs.add(c.VDC, c.Parts.Total().Value)
			for i, part := range c.Parts[:csvparse.Components] {
				_ = parts.add(csvparse.Component(i).String(), part.Value)
			}
		}
		want = slices.Concat(want, services.lines("service", ""), vdcs.lines("vdc", ""), parts.lines("component", ""))
		for _, tag := range b.Tags {
			for _, value := range tag.Values {
				want = append(want, fmt.Sprintf("tag\t%s\t%s\t%s", tag.Key, value.Value, value.Cost.Value))
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("lines (-bill.Read +plain):\n%s", diff)
		}
	})
}
