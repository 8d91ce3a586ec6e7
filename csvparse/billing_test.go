package csvparse_test

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"ukcloud_exporter/csvparse"
)

// good is a row that is always accepted; goodRow what is read from it.
const good = "2018-01-31,,urn:1,,24,,1.5"

func goodRow(line string) string { return line + ` 2018-01-31 "urn:1" "" 24 £1.5` }

func TestRows(t *testing.T) {
	const before = fewHeader + good + "\n" // the rows under test begin on line 3
	tests := []struct {
		name string
		text string
		opts []csvparse.Option
		want []string
	}{
		{"plain", good + "\n", nil, []string{goodRow("3")}},
		{"carriage returns", good + "\r\n" + good + "\r\n", nil, []string{goodRow("3"), goodRow("4")}},
		{"blank lines between and at the end", "\n\r\n" + good + "\n\n\r\n", nil, []string{goodRow("5")}},
		{"commas, quotes and line ends in quotes", "2018-01-31,,urn:1,\"a, \"\"b\"\"\r\nc\r\",24,,1.5\r\n" + good + "\n", nil,
			[]string{"3 2018-01-31 \"urn:1\" \"a, \\\"b\\\"\\nc\\r\" 24 £1.5", goodRow("5")}},
		{"all quoted", `"2018-01-31","","urn:1","","24","","1.5"` + "\n", nil, []string{goodRow("3")}},
		{"blank cells are absent, not zero", "2018-01-31,,urn:1,,,,\n", nil, []string{`3 2018-01-31 "urn:1" "" blank £blank`}},
		{"a credit", "2018-01-31,,urn:1,,0,,-0.000000001\n", nil, []string{`3 2018-01-31 "urn:1" "" 0 £-0.000000001`}},
		{"twelve decimals that lose nothing", "2018-01-31,,urn:1,,24,,1.500000000000\n", nil, []string{goodRow("3")}},
		{"text that is not UTF-8 is kept", "2018-01-31,,urn:1,\xff\xfe,24,,1.5\n", nil, []string{`3 2018-01-31 "urn:1" "\xff\xfe" 24 £1.5`}},

		{"twelve decimals", "2018-01-31,,urn:1,,24,,1.000000000001\n", nil,
			[]string{`3 rejected: 7 TotalPrice precision "1.000000000001"`}},
		{"an exponent", "2018-01-31,,urn:1,,24,,1e3\n", nil, []string{`3 2018-01-31 "urn:1" "" 24 £1000`}},
		{"NaN", "2018-01-31,,urn:1,,NaN,,1\n", nil, []string{`3 rejected: 5 UsageHoursWithinPeriod bad_number "NaN"`}},
		{"a sign behind", "2018-01-31,,urn:1,,24,,1-\n", nil, []string{`3 rejected: 7 TotalPrice bad_number "1-"`}},
		{"two signs", "2018-01-31,,urn:1,,24,,--1\n", nil, []string{`3 rejected: 7 TotalPrice bad_number "--1"`}},
		{"a currency sign", "2018-01-31,,urn:1,,24,,£1\n", nil, []string{`3 rejected: 7 TotalPrice bad_number "£1"`}},
		{"blanks around", "2018-01-31,,urn:1,,24,, 1\n", nil, []string{`3 rejected: 7 TotalPrice bad_number " 1"`}},
		{"out of range", "2018-01-31,,urn:1,,24,,9223372036.854775808\n", nil,
			[]string{`3 rejected: 7 TotalPrice overflow "9223372036.854775808"`}},
		{"a long value", "2018-01-31,,urn:1,,24,,\"" + strings.Repeat("x\n", 50) + "\"\n" + good + "\n", nil,
			[]string{`3 rejected: 7 TotalPrice bad_number "` + strings.Repeat(`x\n`, 10) + `x"`, goodRow("54")}},
		{"no date", ",,urn:1,,24,,1\n", nil, []string{`3 rejected: 1 EventDate bad_date ""`}},
		{"a date that is none", "2018-02-29,,urn:1,,24,,1\n", nil, []string{`3 rejected: 1 EventDate bad_date "2018-02-29"`}},
		{"no resource", "2018-01-31,,,,24,,1\n", nil, []string{`3 2018-01-31 "" "" 24 £1`}},
		{"a resource in empty quotes", "2018-01-31,,\"\",,24,,1\n", nil, []string{`3 2018-01-31 "" "" 24 £1`}},
		{"no resource and no date", ",,,,24,,1\n", nil, []string{`3 rejected: 1 EventDate bad_date ""`}},
		{"no date and no number", "x,,urn:1,,x,,x\n", nil, []string{`3 rejected: 1 EventDate bad_date "x"`}},
		{"too few fields", "2018-01-31,,urn:1,,24\n", nil, []string{`3 rejected: 6 vDC wrong_field_count ""`}},
		{"too many fields", good + ",\"and \"\"more\"\"\",x\n", nil, []string{`3 rejected: 8  wrong_field_count "and \"more\""`}},
		{"a quote inside a field", "2018-01-31,,urn:1,a\"b,24,,1\n", nil, []string{`3 rejected: 4 Metadata bad_quote "a\""`}},
		{"text behind a closing quote", "2018-01-31,,urn:1,\"a\"b,24,,1\n", nil, []string{`3 rejected: 4 Metadata bad_quote "\"a\"b"`}},
		{"a carriage return behind a closing quote", "2018-01-31,,urn:1,\"a\"\r,24,,1\n", nil, []string{`3 rejected: 4 Metadata bad_quote "\"a\"\r"`}},
		{"a quote in a column that nobody reads", "2018-01-31,a\"b,urn:1,,24,,1\n", nil, []string{`3 rejected: 2 Extra bad_quote "a\""`}},
		{"a quote that the next row's quote ends", "2018-01-31,,urn:1,\"a,24,,1\n" + good + "\n2018-01-31,,urn:1,\"b\",24,,1\n", nil,
			[]string{`3 rejected: 4 Metadata bad_quote "\"a,24,,1\n2018-01-31,,urn:1,,24"`, goodRow("4"), `5 2018-01-31 "urn:1" "b" 24 £1`}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			text := before + test.text + good + "\n"
			got := read(t, strings.NewReader(text), append(test.opts, fewColumns())...)
			last := len(got) - 1
			want := append([]string{goodRow("2")}, test.want...)
			want = append(want, goodRow(line(text)))
			if !slices.Equal(got, want) {
				t.Errorf("got  %q\nwant %q", got[:last+1], want)
			}
		})
	}
}

// line is the number of a text's last line.
func line(text string) string {
	n := strings.Count(text, "\n")
	digits := ""
	for ; n > 0; n /= 10 {
		digits = string(rune('0'+n%10)) + digits
	}
	return digits
}

// TestFarTooManyFields: whatever there is room for, the first field of too many is told.
func TestFarTooManyFields(t *testing.T) {
	const good = "2018-01-31,,urn:1,,24,,1.5"
	for _, field := range []string{",x", `,"x"`} {
		for more := 1; more < 300; more++ {
			text := fewHeader + good + strings.Repeat(field, more) + "\n" + good + "\n"
			want := []string{`2 rejected: 8  wrong_field_count "x"`, `3 2018-01-31 "urn:1" "" 24 £1.5`}
			if got := read(t, strings.NewReader(text), fewColumns()); !slices.Equal(got, want) {
				t.Fatalf("%d times %s too many: %q, want %q", more, field, got, want)
			}
		}
	}
}

// TestFirstRowWithoutDate: no row before it has one that it could be taken for.
func TestFirstRowWithoutDate(t *testing.T) {
	got := read(t, strings.NewReader(fewHeader+",,urn:1,,24,,1\n"), fewColumns())
	if want := []string{`2 rejected: 1 EventDate bad_date ""`}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestRowsThatAreTooLong(t *testing.T) {
	const window = 4096
	long := func(n int) string { // a row of n bytes with its line end
		return "2018-01-31,,urn:1," + strings.Repeat("m", n-len("2018-01-31,,urn:1,,24,,1.5\n")) + ",24,,1.5\n"
	}
	fits := `2 2018-01-31 "urn:1" "` + strings.Repeat("m", window-len("2018-01-31,,urn:1,,24,,1.5\n")) + `" 24 £1.5`
	tests := []struct {
		name string
		text string
		want []string
	}{
		{"as long as may be", long(window), []string{fits, goodRow("3")}},
		{"one byte more", long(window + 1), []string{`2 rejected: 7 TotalPrice too_long "1.5"`, goodRow("3")}},
		{"much longer", long(5 * window), []string{`2 rejected: 4 Metadata too_long "` + strings.Repeat("m", 32) + `"`, goodRow("3")}},
		{"as long as the window, and then nothing more", strings.TrimSuffix(long(window+1), "\n"),
			[]string{`2 rejected: 7 TotalPrice too_long "1.5"`, "2 broken: 1 EventDate unexpected EOF"}},
		{"exactly two windows", long(2 * window), []string{`2 rejected: 4 Metadata too_long "` + strings.Repeat("m", 32) + `"`, goodRow("3")}},
		{"in quotes with lines", "2018-01-31,,urn:1,\"" + strings.Repeat("\n", window) + "x\",24,,1.5\n",
			[]string{`2 rejected: 4 Metadata too_long "\"` + strings.Repeat(`\n`, 15) + `"`,
				`4098 rejected: 1 EventDate bad_quote "x\""`, goodRow("4099")}},
		{"a wrong quote first", "2018-01-31,,u\"rn:1," + strings.Repeat("m", 3*window) + ",24,,1.5\n",
			[]string{`2 rejected: 3 ResourceId bad_quote "u\""`, goodRow("3")}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			text := fewHeader + test.text
			if strings.HasSuffix(text, "\n") {
				text += good + "\n"
			}
			for name, in := range cuttings(text) {
				got := read(t, in, fewColumns(), csvparse.Window(window))
				if !slices.Equal(got, test.want) {
					t.Errorf("%s: got  %q\nwant %q", name, got, test.want)
				}
			}
		})
	}
}

// TestEndInARowThatIsLong: the end of the file in a row about as long as may be, and in the
// rest of one that was too long, with and without proof that nothing was cut off.
func TestEndInARowThatIsLong(t *testing.T) {
	const window = 4096
	row := func(n int) string { // of n bytes, without a line end
		return "2018-01-31,,urn:1," + strings.Repeat("m", n-len("2018-01-31,,urn:1,,24,,1.5")) + ",24,,1.5"
	}
	const tooLong = `2 rejected: 7 TotalPrice too_long "1.5"`
	const broken = "2 broken: 1 EventDate unexpected EOF"
	fits := `2 2018-01-31 "urn:1" "` + strings.Repeat("m", window-1-len("2018-01-31,,urn:1,,24,,1.5")) + `" 24 £1.5`
	tests := []struct {
		name, text      string
		proven, doubted []string
	}{
		{"room for the line end", row(window - 1), []string{fits}, []string{"2 broken: 7 TotalPrice unexpected EOF"}},
		{"no room for it", row(window), []string{tooLong}, []string{tooLong, broken}},
		{"fields behind one that is too long", row(window) + ",x,y,z", []string{tooLong}, []string{tooLong, broken}},
	}
	for _, test := range tests {
		for _, proven := range []bool{false, true} {
			t.Run(fmt.Sprint(test.name, ", proven ", proven), func(t *testing.T) {
				want := test.doubted
				if proven {
					want = test.proven
				}
				for name, in := range cuttings(fewHeader + test.text) {
					if got := read(t, in, fewColumns(), csvparse.Window(window), csvparse.TrustEOF(proven)); !slices.Equal(got, want) {
						t.Errorf("%s: got  %q\nwant %q", name, got, want)
					}
				}
			})
		}
	}
}

// cuttings are readers that give the same text in different pieces.
func cuttings(text string) map[string]io.Reader {
	return map[string]io.Reader{
		"at once":                                  strings.NewReader(text),
		"a byte at a time":                         iotest.OneByteReader(strings.NewReader(text)),
		"half of what is free":                     iotest.HalfReader(strings.NewReader(text)),
		"the end with data":                        iotest.DataErrReader(strings.NewReader(text)),
		"nothing now and then":                     &hesitant{text: text},
		"seven bytes at a time, the end with data": iotest.DataErrReader(&hesitant{text: text, piece: 7}),
	}
}

// hesitant reads nothing every other time.
type hesitant struct {
	text  string
	piece int
	turn  int
}

func (h *hesitant) Read(p []byte) (int, error) {
	if h.turn++; h.turn%2 == 0 {
		return 0, nil
	}
	if h.text == "" {
		return 0, io.EOF
	}
	n := len(h.text)
	if h.piece > 0 {
		n = min(n, h.piece)
	}
	n = copy(p, h.text[:n])
	h.text = h.text[n:]
	return n, nil
}

func TestReadersThatDoNotKeepTheirContract(t *testing.T) {
	tests := []struct {
		name string
		in   io.Reader
		want string
	}{
		{"nothing for ever", idle{}, "3 broken: 1 EventDate multiple Read calls return no data or error"},
		{"more than there is room for", lying{1 << 30}, "3 broken: 1 EventDate the reader returned an impossible count"},
		{"a little more than there is room for", lying{128 << 10}, "3 broken: 1 EventDate the reader returned an impossible count"},
		{"less than nothing", lying{-1}, "3 broken: 1 EventDate the reader returned an impossible count"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := read(t, io.MultiReader(strings.NewReader(fewHeader+good+"\n"), test.in), fewColumns())
			if want := []string{goodRow("2"), test.want}; !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

// TestLastLine: what stands behind the last line end, in a window of 64 bytes.
func TestLastLine(t *testing.T) {
	long := strings.Repeat("x", 64)
	tests := []struct {
		name, text string
		trusted    bool
		want       []string
	}{
		{"as long as any may be with the line end that it lacks", long[1:], true, []string{fmt.Sprintf(`2 "%s" ""`, long[1:])}},
		{"a byte longer", long, true, []string{`2 rejected: 1 ResourceId too_long "` + long[:32] + `"`}},
		{"the rest of a row that is too long", long + ",a,b,c", false,
			[]string{`2 rejected: 1 ResourceId too_long "` + long[:32] + `"`, "2 broken: 1 ResourceId unexpected EOF"}},
		{"an empty field behind a line end in quotes", "1,\"a\nb\",\n2,c,d\n", false, []string{`2 "1" "a\nb"`, `4 "2" "c"`}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			header := "ResourceId\n"
			columns := []csvparse.Column{csvparse.ResourceID}
			if strings.Contains(test.text, ",") {
				header, columns = "ResourceId,Metadata,Extra\n", append(columns, csvparse.Metadata)
			}
			for _, in := range []io.Reader{strings.NewReader(header + test.text), iotest.DataErrReader(strings.NewReader(header + test.text))} {
				bill, err := csvparse.NewBilling(in, csvparse.WithColumns(columns...), csvparse.Window(64), csvparse.TrustEOF(test.trusted))
				if err != nil {
					t.Fatal(err)
				}
				var got []string
				for row, err := range bill.Rows() {
					if err != nil {
						got = append(got, describe(t, err))
						continue
					}
					got = append(got, fmt.Sprintf("%d %q %q", row.Line, row.ResourceID, row.Metadata))
				}
				if !slices.Equal(got, test.want) {
					t.Errorf("%T: got  %q\nwant %q", in, got, test.want)
				}
			}
		})
	}
}

type idle struct{}

func (idle) Read([]byte) (int, error) { return 0, nil }

type lying struct{ n int }

func (l lying) Read([]byte) (int, error) { return l.n, nil }

func TestRowsCanBeLeft(t *testing.T) {
	bill, err := csvparse.NewBilling(strings.NewReader(fewHeader+strings.Repeat(good+"\n", 3)), fewColumns())
	if err != nil {
		t.Fatal(err)
	}
	for row, err := range bill.Rows() {
		if err != nil || row.Line != 2 {
			t.Fatalf("line %d, %v", row.Line, err)
		}
		break
	}
	n := 0
	for range bill.Rows() {
		n++
	}
	if n != 2 {
		t.Errorf("%d rows behind the first, want 2", n)
	}
}

func TestErrorsAreOneLineAndSayWhere(t *testing.T) {
	bill, err := csvparse.NewBilling(strings.NewReader("\"Resource\nId\"\n\"\n\"\n1,2\n"), csvparse.WithColumns(csvparse.ResourceID))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, err := range bill.Rows() {
		if err != nil {
			got = append(got, err.Error())
		}
	}
	want := []string{`line 5, column 2: wrong_field_count: "2"`}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	rejected := &csvparse.RowError{Line: 7, Column: 1, Field: "Resource\nId", Reason: csvparse.BadDate}
	if got, want := rejected.Error(), `line 7, column 1 (Resource\nId): bad_date: ""`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if !slices.Contains(csvparse.RowReasons(), rejected.Reason) {
		t.Error("a reason that is not in the closed set")
	}
	headers := map[string]*csvparse.HeaderError{
		`header on line 1: no column vDC; its documented place 4 holds "VDC \"Name"`: {
			Line: 1, Column: 4, Field: "vDC", Reason: csvparse.MissingColumn, Value: `VDC \"Name`,
		},
		`header on line 1: column 57 "vdc" is vDC, as column 4 is already`: {
			Line: 1, Column: 57, Field: "vDC", Reason: csvparse.DoubledColumn, Value: "vdc", First: 4,
		},
		`no header: the file is empty`:                 {Line: 1, Column: 1, Reason: csvparse.EmptyFile},
		`not CSV but html: "<html>"`:                   {Line: 1, Column: 1, Reason: csvparse.HTML, Value: "<html>"},
		`header on line 2, column 3: bad_quote: "a\""`: {Line: 2, Column: 3, Reason: csvparse.BadQuote, Value: `a\"`},
	}
	for want, err := range headers {
		if got := err.Error(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	stream := &csvparse.StreamError{Line: 7, Column: 1, Field: "vDC", Err: io.ErrUnexpectedEOF}
	if got, want := stream.Error(), "line 7, column 1 (vDC): the CSV ends in the middle of this line: it was cut off, or its last line end is missing"; got != want || !errors.Is(stream, io.ErrUnexpectedEOF) {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestDoubledColumn: whichever column comes twice, the file is refused.
func TestDoubledColumn(t *testing.T) {
	var names []string
	for _, c := range csvparse.Columns() {
		names = append(names, c.String())
	}
	for i, name := range names {
		_, err := csvparse.NewBilling(strings.NewReader(strings.Join(names, ",") + "," + name + "\n"))
		doubled, is := errors.AsType[*csvparse.HeaderError](err)
		if !is || doubled.Reason != csvparse.DoubledColumn || doubled.First != i+1 || doubled.Column != len(names)+1 {
			t.Errorf("%s twice: %v", name, err)
		}
	}
}

func TestComponentsAreTheLabelsOfTheContract(t *testing.T) {
	var got []string
	for c := range csvparse.Component(csvparse.Components) {
		got = append(got, c.String())
	}
	want := []string{"compute", "gpu", "storage_tier1", "storage_tier2", "storage_geo", "protection", "licence"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestDaysOfAMonth: a window in which one row stands where the one before stood gives
// each row its own day, in every form that a day is written in.
func TestDaysOfAMonth(t *testing.T) {
	var text strings.Builder
	var want []string
	text.WriteString(fewHeader)
	for day := 1; day <= 28; day++ {
		for _, form := range []string{"2018-02-%02d", "%02d/02/2018", "2018-02-%02dT00:00:00." + strings.Repeat("0", 40)} {
			for range 3 {
				fmt.Fprintf(&text, form+",,urn:1,,24,,1.5\n", day)
				want = append(want, fmt.Sprintf(`%d 2018-02-%02d "urn:1" "" 24 £1.5`, len(want)+2, day))
			}
		}
	}
	in := iotest.OneByteReader(strings.NewReader(text.String()))
	if got := read(t, in, fewColumns(), csvparse.Window(128)); !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// TestRaw: cells as the file writes them, of columns that are not decoded.
func TestRaw(t *testing.T) {
	const file = "Metadata,ResourceId\n\"{\"\"a\"\": \"\"b\"\"}\",x\n,\"y\"\na=b,z\n"
	bill, err := csvparse.NewBilling(strings.NewReader(file), csvparse.WithColumns(csvparse.ResourceID), csvparse.WithRaw(csvparse.Metadata))
	if err != nil {
		t.Fatal(err)
	}
	part := bill.From(strings.NewReader(file[len(file)-len("a=b,z\n"):]), csvparse.Place{})
	for _, in := range []struct {
		name string
		bill *csvparse.Billing
		want []string
	}{
		{"file", bill, []string{`x "{""a"": ""b""}" {"a": "b"}`, "y  ", "z a=b a=b"}},
		{"part", part, []string{"z a=b a=b"}},
	} {
		var got []string
		for row, err := range in.bill.Rows() {
			if err != nil {
				t.Fatal(err)
			}
			cell := string(in.bill.Raw(csvparse.Metadata))
			got = append(got, fmt.Sprintf("%s %s %s", row.ResourceID, cell, csvparse.Unquote(in.bill.Raw(csvparse.Metadata))))
			if row.Metadata != "" {
				t.Errorf("%s: the row has the metadata %q", in.name, row.Metadata)
			}
		}
		if !slices.Equal(got, in.want) {
			t.Errorf("%s: got  %q\nwant %q", in.name, got, in.want)
		}
	}
	_, err = csvparse.NewBilling(strings.NewReader("ResourceId\nx\n"), csvparse.WithColumns(csvparse.ResourceID), csvparse.WithRaw(csvparse.Metadata))
	if missing, is := errors.AsType[*csvparse.HeaderError](err); !is || missing.Field != "Metadata" || missing.Reason != csvparse.MissingColumn {
		t.Errorf("without the column: %v", err)
	}
	if _, err := csvparse.NewBilling(strings.NewReader(file), csvparse.WithRaw(csvparse.TotalPrice+1)); err == nil {
		t.Error("a column that there is not was taken")
	}
}
