package money

import "testing"

// TestParseNinePlaces: what the quick way for a column of prices takes, and what it leaves to Parse.
func TestParseNinePlaces(t *testing.T) {
	for _, test := range []struct {
		whole, places string
		want          Amount
		ok            bool
	}{
		{"", "000000001", 1, true},
		{"0", "000136986", 136_986, true},
		{"9", "999999999", 9_999_999_999, true},
		{"20", "100000000", 20_100_000_000, true},
		{"123456789", "987654321", 123_456_789_987_654_321, true},
		{"-1", "000000000", 0, false},
		{"1:", "000000000", 0, false},
		{"1/", "000000000", 0, false},
		{"1", ":00000000", 0, false},
		{"1", "/00000000", 0, false},
		{"1", "00000000:", 0, false},
		{"1", "0/0000000", 0, false},
	} {
		t.Run(test.whole+"."+test.places, func(t *testing.T) {
			got, ok := parseNinePlaces([]byte(test.whole), []byte(test.places))
			if ok != test.ok || ok && got != test.want {
				t.Errorf("%d, %v; want %d, %v", got, ok, test.want, test.ok)
			}
		})
	}
}
