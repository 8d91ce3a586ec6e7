package portal

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	yaml "go.yaml.in/yaml/v3"
)

func TestParseWallClock(t *testing.T) {
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, text    string
		first, second string // second "" when it is the first
	}{
		{"winter", "08/03/2016 16:34", "2016-03-08T16:34Z", ""},
		{"summer", "24/06/2015 01:32", "2015-06-24T00:32Z", ""},
		{"midnight in summer is the day before", "01/07/2016 00:00", "2016-06-30T23:00Z", ""},
		{"last minute before the hour that is missing", "27/03/2016 00:59", "2016-03-27T00:59Z", ""},
		{"missing hour, beginning", "27/03/2016 01:00", "2016-03-27T01:00Z", ""},
		{"missing hour, middle", "27/03/2016 01:30", "2016-03-27T01:30Z", ""},
		{"first minute behind it", "27/03/2016 02:00", "2016-03-27T01:00Z", ""},
		{"last minute before the hour that repeats", "30/10/2016 00:59", "2016-10-29T23:59Z", ""},
		{"repeated hour, beginning", "30/10/2016 01:00", "2016-10-30T00:00Z", "2016-10-30T01:00Z"},
		{"repeated hour, end", "30/10/2016 01:59", "2016-10-30T00:59Z", "2016-10-30T01:59Z"},
		{"first minute behind it", "30/10/2016 02:00", "2016-10-30T02:00Z", ""},
		{"leap day", "29/02/2016 12:00", "2016-02-29T12:00Z", ""},
		{"first minute of a year", "01/01/2016 00:00", "2016-01-01T00:00Z", ""},
		{"last minute of a year", "31/12/2016 23:59", "2016-12-31T23:59Z", ""},
		{"first year", "01/01/0001 12:00", "0001-01-01T12:01Z", ""}, // London was 75 seconds behind
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, ok := parseWallClock([]byte(test.text), london)
			if !ok {
				t.Fatal("refused")
			}
			if test.second == "" {
				test.second = test.first
			}
			kept := days{london: london}
			for range 2 {
				if again, ok := kept.wallClock([]byte(test.text)); !ok || again != got {
					t.Errorf("%v with kept days, else %v", again, got)
				}
			}
			const layout = "2006-01-02T15:04Z"
			if first, second := got.first.Time().Value.Format(layout), got.second.Time().Value.Format(layout); first != test.first || second != test.second {
				t.Errorf("%s, %s, want %s, %s", first, second, test.first, test.second)
			}
		})
	}
	for _, text := range []string{"", "08/03/2016", "8/3/2016 16:34", "08-03-2016 16:34", "08/03/2016T16:34", "08/03/2016 16.34", "08/03/2016 24:00",
		"08/03/2016 16:60", "00/03/2016 16:34", "31/02/2016 16:34", "29/02/2015 16:34", "01/13/2016 16:34", "01/00/2016 16:34", "01/01/0000 16:34",
		"0x/03/2016 16:34", "0:/03/2016 16:34", "1//03/2016 16:34", "08/03/2016 16:34 ", "08/03/2016 +6:34"} {
		kept := days{london: london}
		if _, ok := kept.wallClock([]byte("08/03/2016 16:34")); !ok {
			t.Fatal("refused")
		}
		got, ok := parseWallClock([]byte(text), london)
		again, okAgain := kept.wallClock([]byte(text))
		if ok || okAgain {
			t.Errorf("%q accepted as %v, %v", text, got, again)
		}
	}
}

// TestKeptDays: with days kept, every hour about the changes of the clocks is what it
// is without.
func TestKeptDays(t *testing.T) {
	location := london(t)
	for _, first := range []time.Time{time.Date(2016, 3, 24, 0, 30, 0, 0, time.UTC), time.Date(2016, 10, 27, 0, 30, 0, 0, time.UTC)} {
		kept := days{london: location}
		for hour := range 7 * 24 {
			text := first.Add(time.Duration(hour)*time.Hour).AppendFormat(nil, "02/01/2006 15:04")
			want, _ := parseWallClock(text, location)
			for range 2 {
				if got, ok := kept.wallClock(text); got != want || !ok {
					t.Errorf("%s: %v, want %v", text, got, want)
				}
			}
		}
		n := 0
		for _, day := range kept.kept {
			if day.midnight != 0 {
				n++
			}
		}
		if n != 4 { // of seven about the change, those without one on them or beside them
			t.Errorf("%d days are kept", n)
		}
	}
}

// TestMoment: a moment is the time it was made of, to the second, and none is absent.
func TestMoment(t *testing.T) {
	for _, at := range []time.Time{{}, time.Unix(0, 0), time.Date(2016, 10, 30, 1, 59, 59, 999, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)} {
		m := MomentOf(at)
		if got := m.Time(); !got.Valid || !got.Value.Equal(at.Truncate(time.Second)) || m.Unix() != at.Unix() || m.String() != at.UTC().Format(time.RFC3339) {
			t.Errorf("%v is %v, %d, %s", at, got, m.Unix(), m)
		}
	}
	var none Moment
	if none.Time().Valid || none.String() != "" || none.Unix() >= (time.Time{}).Unix() {
		t.Errorf("none is %v, %d, %s", none.Time(), none.Unix(), none)
	}
}

// TestBackupAcrossTheRepeatedHour: an end is never before its start.
func TestBackupAcrossTheRepeatedHour(t *testing.T) {
	tests := []struct{ name, start, end, wantStart, wantEnd string }{
		{"both in it", "30/10/2016 01:10", "30/10/2016 01:20", "2016-10-30T00:10:00Z", "2016-10-30T00:20:00Z"},
		{"into its second half", "30/10/2016 01:50", "30/10/2016 01:10", "2016-10-30T00:50:00Z", "2016-10-30T01:10:00Z"},
		{"begins before it", "30/10/2016 00:50", "30/10/2016 01:10", "2016-10-29T23:50:00Z", "2016-10-30T00:10:00Z"},
		{"ends behind it", "30/10/2016 01:50", "30/10/2016 02:10", "2016-10-30T00:50:00Z", "2016-10-30T02:10:00Z"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := readCompute(t, oneVM(fmt.Sprintf(`"backups":[{"backupStart":%q,"backupEnd":%q}]`, test.start, test.end)))
			if err != nil {
				t.Fatal(err)
			}
			backup := vms(got.Value)[0].Backups[0]
			if backup.Start != moment(test.wantStart) || backup.End != moment(test.wantEnd) {
				t.Errorf("%v to %v", backup.Start, backup.End)
			}
		})
	}
}

// TestParseInteger: a number that a float64 does not hold exactly is none.
func TestParseInteger(t *testing.T) {
	good := map[string]int64{
		"0": 0, "-4": -4, "4.0": 4, "1e3": 1000, "9223372036854775807": 1<<63 - 1,
		"9007199254740991.0": 1<<53 - 1, "-9007199254740991.0": 1 - 1<<53,
	}
	for text, want := range good {
		if got, ok := parseInteger([]byte(text)); !ok || got != want {
			t.Errorf("%q: %d, %v, want %d", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "x", "1.5", "9007199254740992.0", "-9007199254740992.0", "9223372036854775808", "1e300", "-1e300", "NaN", "Inf"} {
		if got, ok := parseInteger([]byte(text)); ok {
			t.Errorf("%q accepted as %d", text, got)
		}
	}
}

func TestParsePounds(t *testing.T) {
	good := map[string]string{
		"7.68": "7.68", "£0.15": "0.15", "£ 0.15 ": "0.15", "£1,234.56": "1234.56", "12,345,678": "12345678", "-£1.50": "-1.5", "£-1.50": "-1.5",
		"+0.010": "0.01", "£0": "0", "1234.5": "1234.5", "£0.123456789": "0.123456789", ".5": "0.5",
	}
	for text, want := range good {
		if got, err := parsePounds([]byte(text)); err != nil || got.String() != want {
			t.Errorf("%q: %v, %v, want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"", "£", "-", "1,23", "1,2345", ",123", "1,,234", "1234,567", "£1.2.3", "0,005", "0,123.45", "1e", "€1", "£1.23,4", "--1", "-£-1", "1 2", "0x1", "NaN", "1.1234567891"} {
		if got, err := parsePounds([]byte(text)); err == nil {
			t.Errorf("%q accepted as %v", text, got)
		}
	}
}

// TestSecretNeverPrints goes through every way in which a value gets into a text.
func TestSecretNeverPrints(t *testing.T) {
	const canary = "canary-7f3a"
	credentials := Credentials{Email: "a@example.com", Password: NewSecret(canary)}
	inside := struct{ unexported Credentials }{credentials}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T"} {
		for _, value := range []any{credentials, &credentials, credentials.Password, &credentials.Password, inside, &inside} {
			text := fmt.Sprintf(verb, value)
			if strings.Contains(text, canary) || strings.Contains(strings.ToLower(text), fmt.Sprintf("%x", canary)) {
				t.Errorf("%s of %T prints it: %s", verb, value, text)
			}
		}
	}
	asJSON, err := json.Marshal(credentials)
	if err != nil || strings.Contains(string(asJSON), canary) {
		t.Errorf("JSON: %s, %v", asJSON, err)
	}
	asYAML, err := yaml.Marshal(credentials)
	if err != nil || strings.Contains(string(asYAML), canary) {
		t.Errorf("YAML: %s, %v", asYAML, err)
	}
	if got := credentials.Password.LogValue().String(); got != hidden {
		t.Errorf("slog: %s", got)
	}
	if got := credentials.Password.Reveal(); got != canary {
		t.Errorf("Reveal: %s", got)
	}
}

// TestEmptySecretHidesNothing: an option that is set to nothing is no secret.
func TestEmptySecretHidesNothing(t *testing.T) {
	if got := newRedactor([]Secret{NewSecret("")}).redact("a text"); got != "a text" {
		t.Errorf("got %q", got)
	}
}

// TestRedactedCookies: the value of a cookie is hidden as it is and as it reads without
// its percent signs, unless it is too short to be a secret.
func TestRedactedCookies(t *testing.T) {
	tests := []struct{ name, value, text, want string }{
		{"shortest", "abc456", "an abc456 here", "an <secret> here"},
		{"too short", "abc45", "an abc45 here", "an abc45 here"},
		{"escaped", "abc%2Fdef12", "an abc%2Fdef12 here", "an <secret> here"},
		{"escaped, in clear", "abc%2Fdef12", "an abc/def12 here", "an <secret> here"},
		{"escaped, shortest in clear", "%61bc456", "an abc456 here", "an <secret> here"},
		{"escaped, too short in clear", "%61bc45", "an abc45 here", "an abc45 here"},
		{"a percent sign that escapes nothing", "100%-sure-thing", "an abc here", "an abc here"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := newRedactor(nil)
			for range 3 {
				r.rememberCookies([]*http.Cookie{{Value: test.value}})
			}
			if got := r.redact(test.text); got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
			if len(r.cookies) > 1 {
				t.Errorf("remembered %d times", len(r.cookies))
			}
		})
	}
}

// TestRedactedSpellings: a password is cut out of a text however its characters and the
// whole of it are written.
func TestRedactedSpellings(t *testing.T) {
	part := func(before, password, behind string) string {
		return base64.StdEncoding.EncodeToString([]byte(before + password + behind))
	}
	tests := []struct{ name, password, text, want string }{
		{"a character of two words in JSON", "\U0001F511ey-pass", `a \ud83d\udd11ey-pass b`, "a <secret> b"},
		{"the first of those", "\U00010000ey-pass", `a \uD800\uDC00ey-pass b`, "a <secret> b"},
		{"the last of one word", "\uFFFCey-pass", `a \ufffcey-pass b`, "a <secret> b"},
		{"a byte that is no UTF-8", "ab\xffcd-pass", "a ab\xffcd-pass b", "a <secret> b"},
		{"its end by name", "horse&", "a horse&amp; b", "a <secret> b"},
		{"four letters in hexadecimal", "abcd", "a 61626364 b", "a <secret> b"},
		{"three letters in hexadecimal, which come by chance", "abc", "a 616263 b", "a 616263 b"},
		{"base64 of more, one byte before", "password-1", part("x", "password-1", "yz"), "eH<secret>F5eg=="},
		{"base64 of more, two bytes before", "password-1", part("xy", "password-1", "z"), "eHl<secret>eg=="},
		{"base64 of more, three bytes before", "password-1", part("xyz", "password-1", "yz"), "eHl6<secret>Xl6"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := newRedactor(nil)
			r.rememberCredentials(Credentials{Email: "me", Password: NewSecret(test.password)})
			if got := r.redact(test.text); got != test.want {
				t.Errorf("%q became %q, want %q", test.text, got, test.want)
			}
		})
	}
}

func TestClip(t *testing.T) {
	for text, want := range map[string]string{"": "", "abc": "abc", "abcd": "abc…", "ab£": "ab…"} {
		if got := clip(text, 3); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

// TestRedactDecodes: a text in which a secret shows only when it is decoded several times
// is hidden as a whole; one that merely has escapes is left alone.
func TestRedactDecodes(t *testing.T) {
	tests := []struct{ name, password, text, want string }{
		{"HTML in JSON", "password-1", `a \u0026#112;assword-1`, hidden},
		{"percent signs three times", "password-1", "a %252570assword-1", hidden},
		{"a plus for a blank", "pass word-1", "a %252570ass+word-1", hidden},
		{"four letters", "abcd", "a %252561bcd", hidden},
		{"three letters, which come by chance", "abc", "a %252561bc", "a %252561bc"},
		{"a percent sign", "password-1", "50%25 off", "50%25 off"},
		{"a line end in JSON", "password-1", `a\nb`, `a\nb`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := newRedactor(nil)
			r.rememberCredentials(Credentials{Email: "me", Password: NewSecret(test.password)})
			if got := r.redact(test.text); got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

func TestRedact(t *testing.T) {
	r := newRedactor([]Secret{NewSecret("header-\"token")})
	r.rememberCredentials(Credentials{Email: "me", Password: NewSecret("p>a?s~s word/+")})
	r.rememberCookies([]*http.Cookie{{Value: "cookie-value"}, {Value: "cookie-value-1"}, {Value: "1"}})
	tests := map[string]string{
		"":                                  "",
		"nothing in 1 text":                 "nothing in 1 text",
		"raw p>a?s~s word/+.":               "raw <secret>.",
		"query p%3Ea%3Fs~s+word%2F%2B.":     "query <secret>.",
		"path p%3Ea%3Fs~s%20word%2F+.":      "path <secret>.",
		"base64 cD5hP3N+cyB3b3JkLys=.":      "base64 <secret>.",
		"base64 cD5hP3N+cyB3b3JkLys, raw":   "base64 <secret>, raw",
		"base64 cD5hP3N-cyB3b3JkLys=.":      "base64 <secret>.",
		"base64 cD5hP3N-cyB3b3JkLys, raw":   "base64 <secret>, raw",
		"JSON p\\u003ea?s~s word\\/+.":      "JSON <secret>.",
		"HTML p&gt;a?s~s&#32;word&#x2F;+.":  "HTML <secret>.",
		"lower p%3ea%3fs%7es%20word%2f%2b.": "lower <secret>.",
		"twice p%253Ea%253Fs~s+word%252F+.": "twice <secret>.",
		"hex 703E613F737E7320776F72642F2B.": "hex <secret>.",
		"hex 703e613f737e7320776f72642f2b.": "hex <secret>.",
		"Basic bWU6cD5hP3N+cyB3b3JkLys=.":   "Basic <secret>.",
		`said "header-\"token"`:             `said "<secret>"`,
		`said header-&quot;token`:           `said <secret>`,
		"a cookie-value-1 and another":      "a <secret> and another",
		"Y29va2llLXZhbHVlLTE= is the same":  "<secret> is the same",
		"cookie-value-1cookie-value-1 both": "<secret><secret> both",
	}
	for text, want := range tests {
		if got := r.redact(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
	for i := range 2 * maxRedacted {
		r.rememberCookies([]*http.Cookie{{Value: fmt.Sprintf("newer-%04d", i)}})
	}
	if len(r.cookies) != maxRedacted || r.redact("cookie-value-1") != "cookie-value-1" {
		t.Errorf("%d cookies are remembered, the oldest among them", len(r.cookies))
	}
	if got := r.redact("p>a?s~s word/+"); got != hidden {
		t.Errorf("cookies have pushed out the password: %s", got)
	}
}
