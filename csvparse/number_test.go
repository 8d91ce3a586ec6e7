package csvparse

import (
	"math/big"
	"regexp"
	"strings"
	"testing"
)

func TestParseDecimal(t *testing.T) {
	tests := []struct {
		text   string
		want   int64
		places uint8
		fault  Reason
	}{
		{"0", 0, 0, ""},
		{"24", 24e9, 0, ""},
		{"0.12", 120_000_000, 2, ""},
		{"0.120000000", 120_000_000, 9, ""},
		{"0.000136986", 136_986, 9, ""},
		{".5", 500_000_000, 1, ""},
		{"5.", 5e9, 0, ""},
		{"-1.5", -1_500_000_000, 1, ""},
		{"+1.5", 1_500_000_000, 1, ""},
		{"-0", 0, 0, ""},
		{"00000000000000000000000001.5", 1_500_000_000, 1, ""},
		{"1.50000000000000000000", 1_500_000_000, 9, ""},
		{"9223372036.854775807", 1<<63 - 1, 9, ""},
		{"-9223372036.854775808", -1 << 63, 9, ""},
		{"9223372036", 9223372036e9, 0, ""},

		{"9223372036.854775808", 0, 0, Overflow},
		{"-9223372036.854775809", 0, 0, Overflow},
		{"9223372037", 0, 0, Overflow},
		{"123456789012345678", 0, 0, Overflow},
		{"0.0000000001", 0, 0, Precision},
		{"1.1234567891", 0, 0, Precision},
		{"-", 0, 0, BadNumber},
		{".", 0, 0, BadNumber},
		{"-.", 0, 0, BadNumber},
		{"+-1", 0, 0, BadNumber},
		{"1-", 0, 0, BadNumber},
		{"1.2.3", 0, 0, BadNumber},
		{"1,5", 0, 0, BadNumber},
		{"1e3", 0, 0, BadNumber},
		{"1234:678", 0, 0, BadNumber},
		{"0.1234567?", 0, 0, BadNumber},
		{"12345678/", 0, 0, BadNumber},
		{"1234567\xb8", 0, 0, BadNumber},
		{"0x10", 0, 0, BadNumber},
		{"1_000", 0, 0, BadNumber},
		{"NaN", 0, 0, BadNumber},
		{"Infinity", 0, 0, BadNumber},
		{" 1", 0, 0, BadNumber},
		{"1 ", 0, 0, BadNumber},
		{"£1", 0, 0, BadNumber},
		{"١", 0, 0, BadNumber},
	}
	for _, test := range tests {
		t.Run(test.text, func(t *testing.T) {
			got, places, fault := parseDecimal([]byte(test.text))
			if got != test.want || places != test.places || fault != test.fault {
				t.Errorf("got %d with %d places, %q; want %d with %d, %q", got, places, fault, test.want, test.places, test.fault)
			}
		})
	}
}

// decimalSyntax is what a number is; decimalStart is a number that something follows.
var (
	decimalSyntax = regexp.MustCompile(`^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)$`)
	decimalStart  = regexp.MustCompile(`^[+-]?[0-9]*\.?[0-9]*`)
)

func FuzzParseDecimalAgreesWithBig(f *testing.F) {
	for _, seed := range []string{"0", "24", "0.120000000", "-9223372036.854775808", "1e3", ".5", "5.", "+1", "1.1234567891", "99999999999999999999", "0x1p-2"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, places, fault := parseDecimal([]byte(text))
		if !decimalSyntax.MatchString(text) {
			// A number that is too large or too fine may be found before it is found to be none.
			if start := decimalStart.FindString(text); fault != BadNumber && (fault == "" || len(start) < 10) {
				t.Fatalf("%q: %d, %q; it is no number", text, got, fault)
			}
			return
		}
		value, ok := new(big.Rat).SetString(text)
		if !ok {
			t.Fatalf("math/big does not read %q", text)
		}
		value.Mul(value, big.NewRat(int64(One), 1))
		switch {
		case fault == Precision && !value.IsInt(), fault == Overflow && !new(big.Int).Quo(value.Num(), value.Denom()).IsInt64():
		case fault != "" || !value.IsInt() || !value.Num().IsInt64() || value.Num().Int64() != got:
			t.Fatalf("%q: %d, %q; math/big has %s", text, got, fault, value)
		}
		_, behind, _ := strings.Cut(text, ".")
		if fault == "" && int(places) != min(len(behind), 9) {
			t.Fatalf("%q: %d places", text, places)
		}
	})
}
