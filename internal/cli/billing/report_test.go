package billing

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/internal/bill"
	"ukcloud_exporter/internal/cli/exitstatus"
	"ukcloud_exporter/internal/testutil/billgen"
	"ukcloud_exporter/money"
	"ukcloud_exporter/portal/simulator"
)

// fetched saves the bills of two months of a simulated portal. Those of the second
// month are returned apart.
func fetched(t *testing.T, b *bench) (all, newest []string) {
	t.Helper()
	dir := t.TempDir()
	for _, period := range []string{"2018-01", "2018-02"} {
		b.must("fetch", "--period", period, "-o", dir)
	}
	all, err := filepath.Glob(filepath.Join(dir, "*.csv"))
	if err != nil {
		t.Fatal(err)
	}
	newest, err = filepath.Glob(filepath.Join(dir, "*2018-02.csv"))
	if err != nil || len(newest) == 0 || len(all) != 2*len(newest) {
		t.Fatalf("%d files, %d of February, %v", len(all), len(newest), err)
	}
	return all, newest
}

// TestReportIsSummary: of two months in both eras, every sum of the report is that of
// summary of the newer month, to the last place, and what it compares with is that of
// the older one.
func TestReportIsSummary(t *testing.T) {
	for _, era := range []simulator.Era{simulator.Era2018, simulator.Era2020} {
		t.Run(fmt.Sprint(int(era)), func(t *testing.T) {
			b := newBench(t)
			b.simulate(simulator.Options{Seed: 5, VMs: 40, VOrgsPerAccount: 3, Accounts: 2, Era: era})
			all, newest := fetched(t, b)
			page := b.must(append([]string{"report", "--tag", "project"}, all...)...)
			checkPage(t, page)

			want, compared := map[string]bool{}, ""
			for _, record := range records(t, b.must(append([]string{"summary", "--tag", "project", "--format", "csv"}, newest...)...)) {
				of := strings.TrimSpace(strings.Replace(record["group"], "vorg", "compute service", 1) + " " + record["tag"])
				of = strings.Replace(of, "total_price", "TotalPrice", 1)
				name := record["name"]
				if name == "" && of != "total" && of != "parts" && of != "TotalPrice" {
					name = "(none)"
				}
				if record["vorg"] != "" {
					name += " of " + record["vorg"]
				}
				want[of+"|"+name+"|"+record["cost_gbp"]] = true
			}
			var older []string
			for _, file := range all {
				if strings.Contains(file, "2018-01") {
					older = append(older, file)
				}
			}
			for _, record := range records(t, b.must(append([]string{"summary", "--format", "csv"}, older...)...)) {
				if record["group"] == "total" {
					compared = record["cost_gbp"]
				}
			}
			want["total of January 2018|as far as it is compared|"+compared] = true
			got := map[string]bool{}
			for _, row := range tableOf(t, page, "Exact sums")[1:] {
				got[row[0].text+"|"+row[1].text+"|"+row[2].exact] = true
			}
			if len(want) < 20 || compared == "" || compared == "0" {
				t.Fatalf("summary has only %d sums, %q in January", len(want), compared)
			}
			for sum := range want {
				if !got[sum] {
					t.Errorf("summary has %s, the report has not", sum)
				}
			}
			for sum := range got {
				if !want[sum] {
					t.Errorf("the report has %s, summary has not", sum)
				}
			}
			addsUp(t, page)
		})
	}
}

// addsUp checks that each way of splitting the bill comes to the total, in both months,
// and the changes to the total's change.
func addsUp(t *testing.T, page string) {
	t.Helper()
	total := map[int]money.Amount{}
	days := tableOf(t, page, "Days")
	for column, cell := range days[len(days)-1] {
		total[column] = pounds(t, cell.exact)
	}
	total[3] = total[1] - total[2]
	for _, title := range []string{"By account", "By compute service", "By service", "By component", "By VDC", "By tag project"} {
		sums := map[int]money.Amount{}
		for _, row := range tableOf(t, page, title)[1:] {
			for column, cell := range row {
				sums[column] += pounds(t, cell.exact)
			}
		}
		for column := 1; column <= 3; column++ {
			if sums[column] != total[column] || total[column] == 0 {
				t.Errorf("%s: column %d comes to %s, want %s", title, column, sums[column], total[column])
			}
		}
	}
	var sums [3]money.Amount
	for _, row := range days[1 : len(days)-1] {
		for column := 1; column <= 2; column++ {
			sums[column] += pounds(t, row[column].exact)
		}
	}
	if sums[1] != total[1] || sums[2] != total[2] {
		t.Errorf("the days come to %s, want %s and %s", sums, total[1], total[2])
	}
}

type pageCell struct{ text, exact string }

// tableOf is the first table of a section, its header first.
func tableOf(t *testing.T, page, title string) (rows [][]pageCell) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	for section := range root.Descendants() {
		if section.Data != "section" || textOf(section, "h2") != title {
			continue
		}
		for node := range section.Descendants() {
			if node.Data == "table" && rows != nil {
				break
			}
			if node.Type == html.ElementNode && node.Data == "tr" {
				var row []pageCell
				for cell := range node.ChildNodes() {
					row = append(row, pageCell{textOf(cell, cell.Data), exactOf(cell)})
				}
				rows = append(rows, row)
			}
		}
	}
	if rows == nil {
		t.Fatalf("the report has no table %q", title)
	}
	return rows
}

// textOf is the text of the first element of a name in a node, or of the node itself.
func textOf(n *html.Node, name string) string {
	if n.Data != name {
		for d := range n.Descendants() {
			if d.Type == html.ElementNode && d.Data == name {
				return textOf(d, name)
			}
		}
		return ""
	}
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}

func exactOf(n *html.Node) string {
	for d := range n.Descendants() {
		if d.Data == "data" {
			return d.Attr[0].Val
		}
	}
	return ""
}

// checkPage checks what every report keeps, whatever is in it: only elements and
// attributes of ours, nothing from elsewhere, tables with captions and scopes.
func checkPage(t *testing.T, page string) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	elements := " html head meta title style body header h1 p main dl div dt dd section h2 svg rect span table caption thead tbody tr th td bdi data "
	attributes := " lang charset name content http-equiv class id viewBox role aria-labelledby aria-hidden preserveAspectRatio x y width height scope value "
	captions, tables := 0, 0
	for n := range root.Descendants() {
		if n.Type == html.CommentNode {
			t.Errorf("a comment: %q", n.Data)
		}
		if n.Type != html.ElementNode {
			continue
		}
		if !strings.Contains(elements, " "+n.Data+" ") {
			t.Errorf("an element <%s>", n.Data)
		}
		for _, a := range n.Attr {
			if !strings.Contains(attributes, " "+a.Key+" ") {
				t.Errorf("an attribute %s=%q of <%s>", a.Key, a.Val, n.Data)
			}
		}
		switch n.Data {
		case "table":
			tables++
		case "caption":
			captions++
			if textOf(n, "caption") == "" {
				t.Error("a caption is empty")
			}
		case "th":
			if !strings.Contains(fmt.Sprint(n.Attr), "scope") || textOf(n, "th") == "" && strings.Contains(fmt.Sprint(n.Attr), "col") {
				t.Errorf("a header without scope or text: %v", n.Attr)
			}
		}
	}
	if tables != captions || tables == 0 {
		t.Errorf("%d tables, %d captions", tables, captions)
	}
	if style := textOf(root, "style"); style == "" || strings.Contains(style, "url(") || strings.Contains(style, "@import") {
		t.Errorf("style %.100q", style)
	}
	if i := strings.IndexFunc(page, func(r rune) bool { return r < ' ' && r != '\n' || r == 0x202e || r == 0x2028 || r == 0x7f }); i >= 0 {
		t.Errorf("a control character at %d: %q", i, page[max(0, i-20):i+5])
	}
}

// hostile are texts that want to be more than a name.
func hostile() []string {
	return []string{
		"<script>alert(1)</script>", `"><img src=x onerror=alert(1)>`, "</table></style><style>@import url(//evil)", "</bdi><a href=javascript:1>x</a>",
		"a|b`c`*d*_e_~f~[x](http://evil)", "line\nbreak\r\n| --- |", "\u202egnp.exe\u2066", "\x1b[31mred\x07", "x\u2028y", "www.evil.com a@b.c",
		"&lt;b&gt;", `\|`, strings.Repeat("W", 3000), "caf\xe9", "{{.}}", "=cmd|' /C calc'!A0",
	}
}

// TestReportOfHostileNames: names of every kind, in every column that has them and in
// tags and file names, change neither page nor Markdown.
func TestReportOfHostileNames(t *testing.T) {
	b := newBench(t)
	dir := t.TempDir()
	var rows []billgen.Row
	for i, text := range hostile() {
		rows = append(rows, billgen.Row{
			csvparse.EventDate: "2018-01-05", csvparse.VApp: text, csvparse.VDC: text, csvparse.ResourceName: text, csvparse.ResourceID: fmt.Sprint(text, i%4),
			csvparse.OSID: text, csvparse.Service: text, csvparse.PowerState: "Off", csvparse.UsageHours: "24", csvparse.MachineType: text,
			csvparse.Metadata: `{"owner":` + bill.QuoteJSON(text) + `}`, csvparse.ComputePrice: "0.12", csvparse.ComputeTotal: fmt.Sprint(i + 1), csvparse.TotalPrice: fmt.Sprint(i),
		})
		rows = append(rows, rows[len(rows)-1].With(billgen.Row{csvparse.EventDate: "2018-01-06", csvparse.ComputePrice: "0.13"}),
			billgen.Row{csvparse.EventDate: "2017-12-30", csvparse.Service: text, csvparse.ResourceName: text, csvparse.TotalPrice: "-1"})
	}
	rows = append(rows, billgen.Row{csvparse.EventDate: "<i>31</i>", csvparse.TotalPrice: "<b>|1</b>"})
	now := filepath.Join(dir, "<b>`x`|\u202e\ny.csv")
	before := filepath.Join(dir, "b.csv")
	older := billgen.CSV(billgen.Row{csvparse.EventDate: "2017-12-05", csvparse.ResourceID: "<u>gone</u>", csvparse.ComputeTotal: "1", csvparse.TotalPrice: "1"})
	for name, text := range map[string]string{now: billgen.CSV(rows...), before: older} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	page, err := b.run("report", "--tag", "owner", "--tag", "<b>|`", now, before)
	if exitstatus.Of(err) != 2 {
		t.Fatalf("status %d, %v", exitstatus.Of(err), err)
	}
	checkPage(t, page)
	for _, title := range []string{"Powered off but paid for", "Credits", "Late rows", "Prices that changed", "Gone", "New"} {
		if len(tableOf(t, page, title)) < 2 {
			t.Errorf("%s is empty", title)
		}
	}
	text, err := b.run("report", "--format", "md", "--tag", "owner", "--tag", "<b>|`", now, before)
	if exitstatus.Of(err) != 2 {
		t.Fatal(err)
	}
	checkMarkdown(t, text)
}

// checkMarkdown checks that each line is of a form of ours, that every row of a table
// has as many cells as its header, and that nothing in it is HTML or code.
func checkMarkdown(t *testing.T, text string) {
	t.Helper()
	bare := regexp.MustCompile("(^|[^\\\\])[<>`*_\\[\\]~]")
	cells := 0
	for number, line := range strings.Split(text, "\n") {
		if strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r == 0x202e || r == 0x2028 }) {
			t.Errorf("line %d has a control character: %q", number+1, line)
		}
		n := strings.Count(strings.ReplaceAll(strings.ReplaceAll(line, `\\`, ""), `\|`, ""), "|")
		switch {
		case !strings.HasPrefix(line, "|"):
			cells = 0
			if n > 0 {
				t.Errorf("line %d is no row: %q", number+1, line)
			}
		case cells == 0:
			cells = n
		case n != cells:
			t.Errorf("line %d has %d bars, want %d: %q", number+1, n, cells, line)
		}
		if strings.HasPrefix(line, "* ") {
			line = strings.ReplaceAll(line[2:], "**", "")
		}
		if unescaped := bare.FindString(strings.ReplaceAll(line, `\\`, "")); unescaped != "" || strings.Contains(strings.ReplaceAll(line, `\://`, ""), "://") || strings.Contains(line, "www.") {
			t.Errorf("line %d has mark-up %q: %q", number+1, unescaped, line)
		}
	}
}

// TestReportOfOddBills runs each odd bill through the report: what summary refuses it
// refuses, and its total is the same.
func TestReportOfOddBills(t *testing.T) {
	for _, odd := range oddBills() {
		t.Run(odd.name, func(t *testing.T) {
			file := odd.write(t)
			page, err := newBench(t).run("report", file)
			if odd.refused != "" {
				if exitstatus.Of(err) != 1 || !strings.Contains(err.Error(), odd.refused) || page != "" {
					t.Errorf("status %d, error %v, want one with %q", exitstatus.Of(err), err, odd.refused)
				}
				return
			}
			want := 0
			if !odd.passes {
				want = 2
			}
			if got := exitstatus.Of(err); got != want {
				t.Errorf("status %d, want %d: %v", got, want, err)
			}
			checkPage(t, page)
			total := tableOf(t, page, "Exact sums")[1]
			if pounds(t, total[2].exact) != pounds(t, odd.total) {
				t.Errorf("total %v, want %s", total, odd.total)
			}
			if odd.late != "" && !strings.Contains(page, `<data value="`+odd.late+`">`) {
				t.Errorf("the late rows' %s are not in the report", odd.late)
			}
		})
	}
}

// TestReportIsTheSameEachTime: whatever ends first, the report is the same bytes.
func TestReportIsTheSameEachTime(t *testing.T) {
	b := newBench(t)
	all, _ := fetched(t, b)
	for _, format := range []string{"html", "md"} {
		want := b.must(append([]string{"report", "--tag", "project", "--format", format, "--parallel", "1"}, all...)...)
		for range 3 {
			if got := b.must(append([]string{"report", "--tag", "project", "--format", format, "--parallel", "4"}, all...)...); got != want {
				t.Fatalf("%s differs", format)
			}
		}
	}
}

// TestFindingLimit: a report of a file in which everything is wrong stays readable, and
// says how much it does not name.
func TestFindingLimit(t *testing.T) {
	var text bytes.Buffer
	w := csv.NewWriter(&text)
	row := []string{"2018-01-05", "VDC", "vm", "VMware VM", "On", "24", "1", "", "", "", "", "", "", "2"}
	_ = w.Write([]string{
		"EventDate", "vDC", "ResourceId", "Service", "PowerState", "UsageHoursWithinPeriod", "ComputeTotalPrice", "GPUTotalPrice", "Tier1StoragePrice",
		"Tier2StoragePrice", "Geo-resilientStoragePrice", "ProtectionTotalPrice", "LicenceTotalPrice", "TotalPrice",
	})
	for range findingLimit + 50 {
		_ = w.Write(row)
	}
	w.Flush()
	file := filepath.Join(t.TempDir(), oddName)
	if err := os.WriteFile(file, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := newBench(t).run("report", "--format", "md", file)
	if exitstatus.Of(err) != 2 || !strings.Contains(out, "only the first 10000 findings stand here; billing verify has 50 more.") || !strings.Contains(out, "file\\_total") {
		t.Errorf("status %d: %v", exitstatus.Of(err), err)
	}
}
