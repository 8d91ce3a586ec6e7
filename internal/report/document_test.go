package report_test

import (
	"math"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"ukcloud_exporter/internal/bill"
	"ukcloud_exporter/internal/page"
	"ukcloud_exporter/internal/report"
	"ukcloud_exporter/money"
)

func sum(t *testing.T, text string) bill.Sum {
	t.Helper()
	if text == "" {
		return bill.Sum{}
	}
	amount, err := money.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return bill.Sum{Value: amount, Valid: true}
}

// TestMoney: to the penny for people, exact for programs, and no sign before nothing.
func TestMoney(t *testing.T) {
	tests := []struct{ amount, money, change, exact string }{
		{"", "–", "–", ""},
		{"0", "£0.00", "£0.00", "0"},
		{"0.004999999", "£0.00", "£0.00", "0.004999999"},
		{"0.005", "£0.01", "+£0.01", "0.005"},
		{"-0.000000001", "£0.00", "£0.00", "-0.000000001"},
		{"-0.004999999", "£0.00", "£0.00", "-0.004999999"},
		{"-0.005", "−£0.01", "−£0.01", "-0.005"},
		{"1234567.891", "£1,234,567.89", "+£1,234,567.89", "1234567.891"},
		{"-1234567.891", "−£1,234,567.89", "−£1,234,567.89", "-1234567.891"},
	}
	for _, test := range tests {
		m, c := report.Money(sum(t, test.amount)), report.Change(sum(t, test.amount))
		if m.Text != test.money || c.Text != test.change || m.Exact != test.exact || c.Exact != test.exact {
			t.Errorf("%q: %+v and %+v, want %+v", test.amount, m, c, test)
		}
	}
	if got := report.Money(bill.Sum{Value: math.MinInt64, Valid: true}).Text; !strings.HasPrefix(got, "−£9,223,372,036.85") {
		t.Errorf("the least amount is %s", got)
	}
}

func TestPercent(t *testing.T) {
	tests := []struct{ change, before, want string }{
		{"1", "3", "+33.3%"}, {"-1", "3", "−33.3%"}, {"0", "3", "0.0%"}, {"0.000000001", "3", "0.0%"}, {"-0.000000001", "3", "0.0%"},
		{"-0.0005", "1", "−0.1%"}, {"9223372036", "0.000000001", "+922337203600000000000.0%"},
		{"1", "0", ""}, {"1", "-1", ""}, {"", "1", ""}, {"1", "", ""},
	}
	for _, test := range tests {
		if got := report.Percent(sum(t, test.change), sum(t, test.before)); got != test.want {
			t.Errorf("%s of %s: %q, want %q", test.change, test.before, got, test.want)
		}
	}
}

func TestBar(t *testing.T) {
	tests := []struct {
		part, most string
		width      uint64
		less       bool
	}{
		{"1", "4", 250, false}, {"4", "4", 1000, false}, {"-1", "4", 250, true}, {"5", "4", 1000, false}, {"1", "0", 0, false}, {"", "4", 0, false},
	}
	for _, test := range tests {
		if c := report.Bar(sum(t, test.part), sum(t, test.most)); c.Width != test.width || c.Less != test.less {
			t.Errorf("%s of %s: %+v, want %d, %t", test.part, test.most, c, test.width, test.less)
		}
	}
}

// hostile are texts that want to be more than a name.
func hostile() []string {
	return []string{
		"<script>alert(1)</script>", `"><img src=x onerror=alert(1)>`, "</style></title><style>@import url(//evil)", "a|b`c`*d*_e_~f~[x](http://evil)",
		"line\nbreak\r\n| --- |", "\u202egnp.exe", "\x1b[31mred", "x\u2028y", "www.evil.com a@b.c", "&lt;b&gt;", `\|`, "{{.}}", "caf\xe9", "# heading", "",
	}
}

// everywhere is a document with a text in each of its places.
func everywhere(t *testing.T, text string) *report.Document {
	t.Helper()
	one := sum(t, "1")
	chart := page.NewChart([]bill.Sum{one}, []bill.Sum{one})
	chart.Words, chart.Now, chart.Then = text, text, text
	return &report.Document{
		Title: text, Intro: []string{text}, Figures: []report.Figure{{Name: "Total", Value: text, More: text}},
		Sections: []report.Section{{
			Title: text, Text: []string{text}, Chart: chart,
			Tables: []report.Table{{
				Caption: text,
				Columns: []report.Column{{Title: text}, {Title: text, Kind: report.Number}, {Title: text, Kind: report.Code}, {Title: text, Kind: report.Bars}},
				Rows:    [][]report.Cell{{report.Whole(text), report.Money(one), report.Text(text), report.Bar(one, one)}},
			}},
		}},
	}
}

// shape is the elements and attributes of a page, without its texts.
func shape(t *testing.T, d *report.Document) string {
	t.Helper()
	var b, shape strings.Builder
	if err := d.HTML(&b); err != nil {
		t.Fatal(err)
	}
	root, err := html.Parse(strings.NewReader(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		if n.Type != html.TextNode {
			shape.WriteString(n.Data)
			for _, a := range n.Attr {
				shape.WriteString(" " + a.Key)
			}
			shape.WriteString("\n")
		}
	}
	return shape.String()
}

// TestHostileTexts: no text changes what a report is made of, as HTML or as Markdown.
func TestHostileTexts(t *testing.T) {
	want, lines := shape(t, everywhere(t, "plain")), 0
	for i, text := range append([]string{"plain"}, hostile()...) {
		d := everywhere(t, text)
		if got := shape(t, d); got != want && text != "" { // an empty cell has no element for its text
			t.Errorf("%q changes the page:\n%s", text, got)
		}
		var b strings.Builder
		if err := d.Markdown(&b); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			lines = strings.Count(b.String(), "\n")
		}
		if n := strings.Count(b.String(), "\n"); n != lines && text != "" || strings.ContainsAny(b.String(), "\x1b\r<>\u202e\u2028") {
			t.Errorf("%q in Markdown has %d lines, want %d:\n%s", text, n, lines, b.String())
		}
	}
}

func TestEscape(t *testing.T) {
	tests := []struct{ text, want string }{
		{"web01 (live)", "web01 (live)"}, {"a|b", `a\|b`}, {"<b>&", "&lt;b&gt;&amp;"}, {`\`, `\\`}, {"http://x", `http\://x`}, {"www.x", `www\.x`},
		{"a_b*c`d", "a\\_b\\*c\\`d"}, {"a\nb", "a�b"}, {"a@b", `a\@b`},
	}
	for _, test := range tests {
		if got := report.Escape(test.text); got != test.want {
			t.Errorf("%q: %q, want %q", test.text, got, test.want)
		}
	}
}

// TestMarkdown: bars and sections that are drawn alone are left out, numbers stand at
// the right.
func TestMarkdown(t *testing.T) {
	d := everywhere(t, "x")
	d.Sections = append(d.Sections, report.Section{Title: "drawn", Chart: d.Sections[0].Chart}, report.Section{Title: "last", Text: []string{"y"}})
	var b strings.Builder
	if err := d.Markdown(&b); err != nil {
		t.Fatal(err)
	}
	const want = "# x\n\nx\n\n* Total: **x** (x)\n\n## x\n\nx\n\nx\n\n| x | x | x |\n| --- | ---: | --- |\n| x | £1.00 | x |\n\n## last\n\ny\n"
	if b.String() != want {
		t.Errorf("%q, want %q", b.String(), want)
	}
}

// TestColumns: what a column holds decides how its cells look.
func TestColumns(t *testing.T) {
	var b strings.Builder
	if err := everywhere(t, "x").HTML(&b); err != nil {
		t.Fatal(err)
	}
	const want = `<tr><th scope="row"><bdi>x</bdi></th><td class="number"><data value="1">£1.00</data></td><td class="code"><bdi>x</bdi></td>` +
		`<td class="bars"><svg class="share" viewBox="0 0 1000 100" preserveAspectRatio="none" aria-hidden="true"><rect class="now" width="1000" height="100"/></svg></td></tr>`
	if !strings.Contains(b.String(), want) {
		t.Errorf("no row %s in\n%s", want, b.String())
	}
}

// TestSelfContained: the page asks for nothing and names the only style that it uses.
func TestSelfContained(t *testing.T) {
	var b strings.Builder
	if err := everywhere(t, "x").HTML(&b); err != nil {
		t.Fatal(err)
	}
	for _, forbidden := range []string{"<script", "<link", "<img", "url(", "@import", "http://", "https://", "style=\""} {
		if strings.Contains(b.String(), forbidden) {
			t.Errorf("the page has %q", forbidden)
		}
	}
	if !strings.Contains(b.String(), `content="default-src &#39;none&#39;; style-src &#39;sha256-`) {
		t.Error("the page has no policy")
	}
	var empty strings.Builder
	if err := (&report.Document{Title: "empty"}).HTML(&empty); err != nil || !strings.Contains(empty.String(), "<h1>empty</h1>") {
		t.Errorf("an empty document: %v", err)
	}
}
