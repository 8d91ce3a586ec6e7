package grafana

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

func text(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return fmt.Sprint(value)
}

// Format writes a number in the units in use, with decimals as an override gives
// them, or nil. It knows no others: a panel with another unit fails its test.
func Format(unit string, decimals *int, value float64) (string, error) {
	fixed := func(otherwise int) string {
		if decimals != nil {
			otherwise = *decimals
		}
		return strconv.FormatFloat(value, 'f', otherwise, 64)
	}
	if symbol, ok := strings.CutPrefix(unit, "currency:financial:"); ok {
		return symbol + thousands(fixed(1)), nil // the sign stands between
	}
	switch unit {
	case "locale":
		return thousands(fixed(3)), nil
	case "bool_yes_no":
		return map[bool]string{true: "No", false: "Yes"}[value == 0], nil
	case "percentunit":
		return strconv.FormatFloat(value*100, 'f', 1, 64) + "%", nil
	case "bytes":
		return scaled(value, 1024, []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB"}), nil
	case "reqps":
		return scaled(value, 1000, []string{"req/s", "K req/s", "M req/s"}), nil
	case "s":
		return duration(value), nil
	case "dateTimeFromNow":
		return "at " + strconv.FormatInt(int64(value), 10), nil
	}
	return "", fmt.Errorf("unit %q is not known here", unit)
}

// thousands sets commas, as an English locale does.
func thousands(digits string) string {
	whole, part, fraction := strings.Cut(digits, ".")
	sign := ""
	if strings.HasPrefix(whole, "-") {
		sign, whole = "-", whole[1:]
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if fraction {
		return sign + whole + "." + part
	}
	return sign + whole
}

func scaled(value, by float64, units []string) string {
	i := 0
	for ; math.Abs(value) >= by && i < len(units)-1; i++ {
		value /= by
	}
	return strconv.FormatFloat(value, 'f', 1, 64) + " " + units[i]
}

func duration(seconds float64) string {
	for _, u := range []struct {
		name string
		size float64
	}{{"years", 31536000}, {"weeks", 604800}, {"days", 86400}, {"hours", 3600}, {"mins", 60}} {
		if math.Abs(seconds) >= u.size {
			return strconv.FormatFloat(seconds/u.size, 'f', 1, 64) + " " + u.name
		}
	}
	return strconv.FormatFloat(seconds, 'f', 1, 64) + " s"
}
