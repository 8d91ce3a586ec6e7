package money_test

import (
	"errors"
	"math"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"ukcloud_exporter/money"
)

func TestParse(t *testing.T) {
	tests := []struct {
		name string
		text string
		want money.Amount
		err  error
	}{
		{"pennies as compute_services writes them", "2.91", 2_910_000_000, nil},
		{"whole pounds", "61838", 61_838 * money.Pound, nil},
		{"nine places", "0.000000001", 1, nil},
		{"twelve places that lose nothing", "0.100000000000", 100_000_000, nil},
		{"twelve places that would be lost", "0.100000000001", 0, money.ErrPrecision},
		{"a letter after too many places", "0.0000000001x", 0, money.ErrSyntax},
		{"negative", "-1.5", -1_500_000_000, nil},
		{"plus", "+1", money.Pound, nil},
		{"no digit before the point", ".5", 500_000_000, nil},
		{"no digit after the point", "5.", 5 * money.Pound, nil},
		{"largest", "9223372036.854775807", 1<<63 - 1, nil},
		{"smallest", "-9223372036.854775808", -1 << 63, nil},
		{"one above the largest", "9223372036.854775808", 0, money.ErrRange},
		{"one below the smallest", "-9223372036.854775809", 0, money.ErrRange},
		{"far too large", strings.Repeat("9", 40), 0, money.ErrRange},
		{"empty", "", 0, money.ErrSyntax},
		{"sign alone", "-", 0, money.ErrSyntax},
		{"point alone", ".", 0, money.ErrSyntax},
		{"two points", "1.2.3", 0, money.ErrSyntax},
		{"exponent", "1e3", 1000 * money.Pound, nil},
		{"NaN", "NaN", 0, money.ErrSyntax},
		{"infinity", "Inf", 0, money.ErrSyntax},
		{"thousands separator", "1,000.00", 0, money.ErrSyntax},
		{"currency sign", "£0.15", 0, money.ErrSyntax},
		{"blank", " 1", 0, money.ErrSyntax},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := money.Parse(test.text)
			if got != test.want || !errors.Is(err, test.err) {
				t.Errorf("Parse(%q) = %d, %v; want %d, %v", test.text, got, err, test.want, test.err)
			}
		})
	}
}

func TestAddAndSubNoticeOverflow(t *testing.T) {
	const most, least = money.Amount(1<<63 - 1), money.Amount(-1 << 63)
	tests := []struct {
		name       string
		a, b       money.Amount
		addOK, sub bool
	}{
		{"small", 1, 2, true, true},
		{"zero", most, 0, true, true},
		{"over the top", most, 1, false, true},
		{"under the bottom", least, -1, false, true},
		{"minus over the top", most, -1, true, false},
		{"minus under the bottom", least, 1, true, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, ok := test.a.Add(test.b); ok != test.addOK {
				t.Errorf("%d.Add(%d): ok = %v, want %v", test.a, test.b, ok, test.addOK)
			}
			if _, ok := test.a.Sub(test.b); ok != test.sub {
				t.Errorf("%d.Sub(%d): ok = %v, want %v", test.a, test.b, ok, test.sub)
			}
		})
	}
}

func FuzzParseAgreesWithBig(f *testing.F) {
	for _, seed := range []string{"0", "2.91", "-0.000000001", "9223372036.854775807", "1e9", ".5", "00012.50"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := money.Parse(text)
		if _, exponent, ok := strings.Cut(strings.ToLower(text), "e"); err != nil || ok && len(exponent) > 4 {
			return
		}
		want, ok := new(big.Rat).SetString(text)
		if !ok {
			t.Fatalf("Parse(%q) = %v, but math/big refuses it", text, got)
		}
		if want.Mul(want, big.NewRat(int64(money.Pound), 1)).Cmp(new(big.Rat).SetInt64(int64(got))) != 0 {
			t.Fatalf("Parse(%q) = %d, math/big says %s", text, got, want)
		}
		back, err := money.Parse(got.String())
		if err != nil || back != got {
			t.Fatalf("Parse(%q) = %v, %v; want %d back", got.String(), back, err, got)
		}
		nearest, _ := want.Quo(want, big.NewRat(int64(money.Pound), 1)).Float64()
		if nearest != got.Float64() {
			t.Fatalf("%q.Float64() = %v, want %v", text, got.Float64(), nearest)
		}
	})
}

// TestString: the shortest text, with a sign only where there is something to be less of.
func TestString(t *testing.T) {
	for amount, want := range map[money.Amount]string{
		0: "0", 1: "0.000000001", -1: "-0.000000001", money.One: "1", -money.One: "-1", money.One + 500_000_000: "1.5",
		math.MaxInt64: "9223372036.854775807", math.MinInt64: "-9223372036.854775808",
	} {
		if got := amount.String(); got != want {
			t.Errorf("%d: %q, want %q", int64(amount), got, want)
		}
	}
}

// TestFloat64: a sample is the float nearest to the amount, also where the amount itself
// is none and would be rounded before it is divided.
func TestFloat64(t *testing.T) {
	const floats = 1 << 53 // every integer up to here is one
	amounts := []money.Amount{0, 1, -1, money.Pound, floats, -floats, floats + 1, -floats - 1, math.MaxInt64, math.MinInt64}
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		amount := money.Amount(random.Int64())
		amounts = append(amounts, amount, -amount)
	}
	for _, amount := range amounts {
		want, _ := big.NewRat(int64(amount), int64(money.One)).Float64()
		if got := amount.Float64(); got != want {
			t.Errorf("%s is %v, want %v", amount, got, want)
		}
	}
}
