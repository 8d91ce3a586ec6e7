package csvparse_test

import (
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"ukcloud_exporter/csvparse"
)

// rename returns the documented headers with one changed.
func rename(from, to string) []string {
	headers := headers()
	headers[slices.Index(headers, from)] = to
	return headers
}

func without(name string) []string {
	headers := headers()
	i := slices.Index(headers, name)
	return slices.Delete(headers, i, i+1)
}

func numbered() []string {
	headers := headers()
	for i := range headers {
		headers[i] = "column " + string(rune('a'+i%26))
	}
	return headers
}

func reversed() []string {
	headers := headers()
	slices.Reverse(headers)
	return headers
}

// utf16Text writes a text in two bytes a character.
func utf16Text(order binary.AppendByteOrder, text string) string {
	var b []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		b = order.AppendUint16(b, unit)
	}
	return string(b)
}

// utf32Text writes a text in four bytes a character.
func utf32Text(order binary.AppendByteOrder, text string) string {
	var b []byte
	for _, char := range text {
		b = order.AppendUint32(b, uint32(char))
	}
	return string(b)
}

func TestHeader(t *testing.T) {
	var evidence []string
	for _, c := range csvparse.Columns() {
		evidence = append(evidence, c.EvidenceName())
	}
	join := func(headers []string) string { return strings.Join(headers, ",") + "\n" }
	tests := []struct {
		name string
		file string
		want string // of describe; "" when the header is good
	}{
		{"as the API reference spells it", join(headers()), ""},
		{"as the evidence file spells it", join(evidence), ""},
		{"another order", join(reversed()), ""},
		{"a byte order mark", "\ufeff" + join(headers()), ""},
		{"blank lines before it", "\r\n\n" + join(headers()), ""},
		{"upper case", strings.ToUpper(join(headers())), ""},
		{"blanks, hyphens and underscores", join(rename("Geo-resilientStorageUsed", " geo_Resilient-storage used ")), ""},
		{"license", join(rename("LicencePricePerHour", "License Price Per Hour")), ""},
		{"quoted", "\"" + strings.ReplaceAll(strings.TrimSpace(join(headers())), ",", `","`) + "\"\r\n", ""},
		{"more columns", join(append(headers(), "VAT", "", "", "VAT")), ""},

		{"as many columns as there may be", join(append(headers(), make([]string, 4096-56)...)), ""},

		{"a column missing", join(without("vDC")), `1 refused: 4 vDC missing_column "ResourceName" 0`},
		{"the last column missing", join(without("TotalPrice")), `1 refused: 56 TotalPrice missing_column "" 0`},
		{"56 columns, one with another name", join(rename("TotalPrice", "GrandTotal")), `1 refused: 56 TotalPrice missing_column "GrandTotal" 0`},
		{"56 columns that nobody knows", join(numbered()), `1 refused: 1 EventDate missing_column "column a" 0`},
		{"a row where the header should be", "2018-01-31,,vapp" + strings.Repeat(",", 53) + "\n", `1 refused: 1 EventDate missing_column "2018-01-31" 0`},
		{"a column twice", join(append(headers(), "vdc")), `1 refused: 57 vDC doubled_column "vdc" 4`},
		{"a column twice in two spellings", join(append(headers(), "Geo-resilientPricePerHour")),
			`1 refused: 57 Geo-resilientStoragePricePerHour doubled_column "Geo-resilientPricePerHour" 42`},
		{"nothing", "", `1 refused: 1  empty_file "" 0`},
		{"only a byte order mark", "\ufeff", `1 refused: 1  empty_file "" 0`},
		{"only blank lines", "\n\r\n\n", `1 refused: 1  empty_file "" 0`},
		{"a login page", "\r\n <!DOCTYPE html>\n<html><body>Log in</body></html>\n", `1 refused: 1  html "<!DOCTYPE html>\n<html><body>Log" 0`},
		{"a page without a line end", "<html>" + strings.Repeat("x", 10_000), `1 refused: 1  html "<html>xxxxxxxxxxxxxxxxxxxxxxxxxx" 0`},
		{"an error object", `{"error":"Insufficient Permission"}`, `1 refused: 1  json "{\"error\":\"Insufficient Permis" 0`},
		{"UTF-16", utf16Text(binary.LittleEndian, "\ufeff"+join(headers())), `1 refused: 1  utf16 "\xff\xfeE\x00v\x00e\x00n\x00t" 0`},
		{"UTF-16, most significant byte first", utf16Text(binary.BigEndian, "\ufeff"+join(headers())), `1 refused: 1  utf16 "\xfe\xff\x00E\x00v\x00e\x00n\x00" 0`},
		{"UTF-16 without a byte order mark", utf16Text(binary.LittleEndian, join(headers())), `1 refused: 1  utf16 "E\x00v\x00e\x00n\x00t\x00D\x00a" 0`},
		{"UTF-16 without it, most significant byte first", utf16Text(binary.BigEndian, join(headers())), `1 refused: 1  utf16 "\x00E\x00v\x00e\x00n\x00t\x00D" 0`},
		{"UTF-32", utf32Text(binary.LittleEndian, "\ufeff"+join(headers())), `1 refused: 1  utf32 "\xff\xfe\x00\x00E\x00\x00\x00v" 0`},
		{"UTF-32, most significant byte first", utf32Text(binary.BigEndian, "\ufeff"+join(headers())), `1 refused: 1  utf32 "\x00\x00\xfe\xff\x00\x00\x00E" 0`},
		{"UTF-32 without a byte order mark", utf32Text(binary.LittleEndian, join(headers())), `1 refused: 1  utf32 "E\x00\x00\x00v\x00\x00\x00e\x00" 0`},
		{"UTF-32 without it, most significant byte first", utf32Text(binary.BigEndian, join(headers())), `1 refused: 1  utf32 "\x00\x00\x00E\x00\x00\x00v\x00" 0`},
		{"a quote in a field", `EventDate,v"DC` + "\n", `1 refused: 2  bad_quote "v\"" 0`},
		{"too long", strings.Repeat("x,", 1<<20), `1 refused: 524289  too_long "" 0`},
		{"too many columns", strings.Repeat(",", 5_000) + "\n", `1 refused: 4097  too_long "" 0`},
		{"one column too many", join(append(headers(), make([]string, 4097-56)...)), `1 refused: 4097  too_long "" 0`},
		{"cut off", "EventDate,Proj", "1 broken: 2  unexpected EOF"},
		{"cut off in quotes", "EventDate,\"Proj\n", "1 broken: 2  unexpected EOF"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := csvparse.NewBilling(strings.NewReader(test.file))
			got := ""
			if err != nil {
				got = describe(t, err)
			}
			if got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestColumnsAreFoundWhereverTheyStand(t *testing.T) {
	file := "totalprice,nonsense,Usage Hours Within Period,metadata,RESOURCE_ID,eventdate\n" +
		"1.50,,24,\"a, b\",urn:1,2018-01-31\n"
	got := read(t, strings.NewReader(file), fewColumns())
	want := []string{`2 2018-01-31 "urn:1" "a, b" 24 £1.5`}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestReadErrorInTheHeader(t *testing.T) {
	broken := errors.New("connection reset")
	for _, text := range []string{"", "EventDate,Pro", "\n"} {
		in := io.MultiReader(strings.NewReader(text), failing{broken})
		_, err := csvparse.NewBilling(in)
		var stream *csvparse.StreamError
		if !errors.As(err, &stream) || !errors.Is(err, broken) {
			t.Errorf("after %q: %v, want what the reader said", text, err)
		}
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestOptionsThatCannotBe(t *testing.T) {
	for name, option := range map[string]csvparse.Option{
		"a column beyond the 56":                csvparse.WithColumns(csvparse.TotalPrice + 1),
		"a doubtful column that is beyond them": csvparse.WithDoubtful(csvparse.TotalPrice + 1),
	} {
		if _, err := csvparse.NewBilling(strings.NewReader(strings.Join(headers(), ",")+"\n"), option); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
