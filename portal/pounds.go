package portal

import (
	"bytes"

	"ukcloud_exporter/money"
)

// parsePounds reads "7.68" (compute_services) and "£1,234.56" (my_vm) exactly. A
// sign may stand before or behind the "£". Commas must group by thousands: "1,23"
// may be another locale's 1.23 and is refused.
func parsePounds(text []byte) (money.Amount, error) {
	text = bytes.TrimSpace(text)
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
			if len(group) > 3 || i > 0 && len(group) != 3 || len(group) == 0 {
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
