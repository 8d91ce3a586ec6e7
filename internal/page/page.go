// Package page is what the pages of the daemon and the report of a month share:
// their style, how they write money and names, and the chart of the days.
package page

import (
	_ "embed"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"ukcloud_exporter/money"
)

// CSS is the style: light and dark, for a phone and for a wide screen.
//
//go:embed page.css
var CSS string

// Longest is how many characters of a name a page shows.
const Longest = 120

// Clean makes a name that somebody typed fit for a line: Visible, and not endless.
func Clean(text string) string {
	text = Visible(text)
	if utf8.RuneCountInString(text) > Longest {
		text = string([]rune(text)[:Longest]) + "…"
	}
	return text
}

// Visible makes control characters, ends of lines and marks that turn the direction of
// writing visible.
func Visible(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == utf8.RuneError, unicode.IsControl(r), unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp):
			return '�'
		}
		return r
	}, text)
}

// Pounds writes money in full, to the penny: £36,389.44. Nothing has no sign.
func Pounds(a money.Amount) string {
	const penny = uint64(money.Pound) / 100
	pence := (magnitude(a) + penny/2) / penny
	sign := ""
	if a < 0 && pence > 0 {
		sign = "−"
	}
	whole := fmt.Sprint(pence / 100)
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	return fmt.Sprintf("%s£%s.%02d", sign, whole, pence%100)
}

// magnitude is the amount without its sign, also of the smallest one.
func magnitude(a money.Amount) uint64 {
	if a < 0 {
		return -uint64(a)
	}
	return uint64(a)
}
