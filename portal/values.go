package portal

import (
	"bytes"
	"strconv"

	"ukcloud_exporter/money"
)

// Optional is a field that the portal may leave out or send as null. Absent is
// not zero: read Value only when Valid.
type Optional[T any] struct {
	Value T
	Valid bool
}

// some is a field that the portal did send.
func some[T any](value T) Optional[T] { return Optional[T]{Value: value, Valid: true} }

// parseInteger reads a whole number, also one written as 4.0.
func parseInteger(b []byte) (int64, bool) {
	if len(b) <= 9 { // which any int holds
		if n := digits(b); n >= 0 && len(b) > 0 {
			return int64(n), true
		}
	}
	if n, err := strconv.ParseInt(string(b), 10, 64); err == nil {
		return n, true
	}
	const exact = 1 << 53
	f, err := strconv.ParseFloat(string(b), 64)
	return int64(f), err == nil && f > -exact && f < exact && f == float64(int64(f))
}

func parseBoolean(b []byte) (value, ok bool) {
	value = string(b) == "true"
	return value, value || string(b) == "false"
}

func parseAmount(b []byte) (money.Amount, bool) {
	amount, err := parsePounds(b)
	return amount, err == nil
}

// parsePounds reads "7.68" (compute_services) and "£1,234.56" (my_vm) exactly. A
// sign may stand before or behind the "£". Commas must group by thousands: "1,23"
// and "0,005" may be another locale's 1.23 and 0.005, and are refused.
func parsePounds(text []byte) (money.Amount, error) {
	text = bytes.TrimSpace(text)
	if len(text) > 0 && text[0] >= '0' && text[0] <= '9' && bytes.IndexByte(text, ',') < 0 {
		return money.Parse(text) // as nearly all are
	}
	sign, rest := cutSign(text)
	rest = bytes.TrimSpace(bytes.TrimPrefix(rest, []byte("£")))
	if len(sign) == 0 {
		sign, rest = cutSign(rest)
	}
	var buffer [32]byte // enough for every Amount; append grows it for what is none
	number := append(buffer[:0], sign...)
	whole, fraction, hasPoint := bytes.Cut(rest, []byte("."))
	if bytes.IndexByte(whole, ',') < 0 {
		number = append(number, whole...)
	} else {
		for i, group := range bytes.Split(whole, []byte(",")) {
			if len(group) > 3 || i > 0 && len(group) != 3 || len(group) == 0 || i == 0 && group[0] == '0' {
				return 0, money.ErrSyntax
			}
			number = append(number, group...)
		}
	}
	if hasPoint {
		number = append(append(number, '.'), fraction...)
	}
	return money.Parse(number)
}

func cutSign(text []byte) (sign, rest []byte) {
	if len(text) > 0 && (text[0] == '-' || text[0] == '+') {
		return text[:1], text[1:]
	}
	return nil, text
}
