package money_test

import (
	"errors"
	"math/big"
	"regexp"
	"strings"
	"testing"

	"ukcloud_exporter/money"
)

func TestParseCell(t *testing.T) {
	tests := []struct {
		text   string
		want   money.Amount
		places uint8
		err    error
	}{
		{"0", 0, 0, nil},
		{"24", 24e9, 0, nil},
		{"0.12", 120_000_000, 2, nil},
		{"0.120000000", 120_000_000, 9, nil},
		{"0.000136986", 136_986, 9, nil},
		{".5", 500_000_000, 1, nil},
		{"5.", 5e9, 0, nil},
		{"-1.5", -1_500_000_000, 1, nil},
		{"+1.5", 1_500_000_000, 1, nil},
		{"-0", 0, 0, nil},
		{"00000000000000000000000001.5", 1_500_000_000, 1, nil},
		{"1.50000000000000000000", 1_500_000_000, 9, nil},
		{"9223372036.854775807", 1<<63 - 1, 9, nil},
		{"-9223372036.854775808", -1 << 63, 9, nil},
		{"9223372036", 9223372036e9, 0, nil},

		{"9223372036.854775808", 0, 0, money.ErrRange},
		{"-9223372036.854775809", 0, 0, money.ErrRange},
		{"9223372037", 0, 0, money.ErrRange},
		{"123456789012345678", 0, 0, money.ErrRange},
		{"0.0000000001", 0, 0, money.ErrPrecision},
		{"1.1234567891", 0, 0, money.ErrPrecision},
		{"-", 0, 0, money.ErrSyntax},
		{".", 0, 0, money.ErrSyntax},
		{"-.", 0, 0, money.ErrSyntax},
		{"+-1", 0, 0, money.ErrSyntax},
		{"1-", 0, 0, money.ErrSyntax},
		{"1.2.3", 0, 0, money.ErrSyntax},
		{"1,5", 0, 0, money.ErrSyntax},
		{"1e3", 1000e9, 0, nil},
		{"0E-10", 0, 0, nil},
		{"0e99999999999999999999", 0, 0, nil},
		{"1.5E-3", 1_500_000, 4, nil},
		{"-12.50e+1", -125e9, 0, nil},
		{"1E-9", 1, 9, nil},
		{"100E-11", 1, 9, nil},
		{".5e1", 5e9, 0, nil},
		{"0.0000000000015e3", 0, 0, money.ErrPrecision},
		{"0.0000000000015e4", 15, 9, nil}, // 0.000000015
		{"9.223372036854775807e9", 1<<63 - 1, 9, nil},
		{"1E-10", 0, 0, money.ErrPrecision},
		{"1e-99999999999999999999", 0, 0, money.ErrPrecision},
		{"1e10", 0, 0, money.ErrRange},
		{"1e99999999999999999999", 0, 0, money.ErrRange},
		{"1e", 0, 0, money.ErrSyntax},
		{"e5", 0, 0, money.ErrSyntax},
		{"-e5", 0, 0, money.ErrSyntax},
		{"1e1.5", 0, 0, money.ErrSyntax},
		{"1e--5", 0, 0, money.ErrSyntax},
		{"1e5e5", 0, 0, money.ErrSyntax},
		{"1e 5", 0, 0, money.ErrSyntax},
		{"1,5e1", 0, 0, money.ErrSyntax},
		{"1234:678", 0, 0, money.ErrSyntax},
		{"0.1234567?", 0, 0, money.ErrSyntax},
		{"12345678/", 0, 0, money.ErrSyntax},
		{"1234567\xb8", 0, 0, money.ErrSyntax},
		{"0x10", 0, 0, money.ErrSyntax},
		{"1_000", 0, 0, money.ErrSyntax},
		{"NaN", 0, 0, money.ErrSyntax},
		{"Infinity", 0, 0, money.ErrSyntax},
		{" 1", 0, 0, money.ErrSyntax},
		{"1 ", 0, 0, money.ErrSyntax},
		{"£1", 0, 0, money.ErrSyntax},
		{"١", 0, 0, money.ErrSyntax},
	}
	for _, test := range tests {
		t.Run(test.text, func(t *testing.T) {
			got, places, err := money.ParseCell([]byte(test.text))
			if got != test.want || places != test.places || !errors.Is(err, test.err) {
				t.Errorf("got %d with %d places, %v; want %d with %d, %v", got, places, err, test.want, test.places, test.err)
			}
		})
	}
}

// decimalSyntax is what a number is; decimalStart is a number that something follows.
var (
	decimalSyntax = regexp.MustCompile(`^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$`)
	decimalStart  = regexp.MustCompile(`^[+-]?[0-9]*\.?[0-9]*`)
)

func FuzzParseCellAgreesWithBig(f *testing.F) {
	for _, seed := range []string{"0", "24", "0.120000000", "-9223372036.854775808", "1e3", ".5", "5.", "+1", "1.1234567891", "99999999999999999999", "0x1p-2"} {
		f.Add(seed)
	}
	f.Fuzz(agreesWithBig)
}

func agreesWithBig(t *testing.T, text string) {
	if _, exponent, ok := strings.Cut(strings.ToLower(text), "e"); ok && len(exponent) > 4 {
		return // math/big would write it out
	}
	got, places, err := money.ParseCell([]byte(text))
	if !decimalSyntax.MatchString(text) {
		// A number that is too large or too fine may be found before it is found to be none.
		if start := decimalStart.FindString(text); err != money.ErrSyntax && (err == nil || len(start) < 10) {
			t.Fatalf("%q: %d, %v; it is no number", text, got, err)
		}
		return
	}
	value, ok := new(big.Rat).SetString(text)
	if !ok {
		t.Fatalf("math/big does not read %q", text)
	}
	value.Mul(value, big.NewRat(int64(money.One), 1))
	switch {
	case err == money.ErrPrecision && !value.IsInt(), err == money.ErrRange && !new(big.Int).Quo(value.Num(), value.Denom()).IsInt64():
	case err != nil || !value.IsInt() || !value.Num().IsInt64() || money.Amount(value.Num().Int64()) != got:
		t.Fatalf("%q: %d, %v; math/big has %s", text, got, err, value)
	}
	_, behind, _ := strings.Cut(text, ".")
	if err == nil && !strings.ContainsAny(text, "eE") && int(places) != min(len(behind), 9) {
		t.Fatalf("%q: %d places", text, places)
	}
}

// TestParseCellOfEveryShape: signs, numbers of digits before and behind the point, digits
// that carry and a wrong character in each place.
func TestParseCellOfEveryShape(t *testing.T) {
	for whole := range 21 {
		for places := range 12 {
			for _, digits := range []string{"0", "9", "1234567890", "5000000000"} {
				row := strings.Repeat(digits, 40)
				before, behind := row[:whole], row[whole:whole+places]
				for _, sign := range []string{"", "-", "+"} {
					text := sign + before + "." + behind
					agreesWithBig(t, text)
					agreesWithBig(t, sign+before)
					for _, exponent := range []string{"e3", "E-3", "e-9"} {
						agreesWithBig(t, text+exponent)
					}
				}
				text := before + "." + behind
				for i := range text {
					for _, wrong := range []string{".", "/", ":", "-", "\x00", "\xb8"} {
						agreesWithBig(t, text[:i]+wrong+text[i+1:])
					}
				}
			}
		}
	}
}
