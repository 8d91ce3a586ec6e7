package csvparse_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math/big"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"ukcloud_exporter/csvparse"
)

// The oracle reads what follows fewHeader with encoding/csv and math/big, and says
// what must come of it, less the values that errors show. It knows nothing of
// windows and pieces: it restates the rules on the whole text.
type oracle struct {
	text   string // with its last line end, if the reader is trusted to have ended there
	line   int
	window int
	lent   bool // the last line end is not the text's own
	out    []string
}

func expect(body string, window int, trusted bool) []string {
	o := &oracle{text: body, line: 2, window: window}
	if trusted && body != "" && !strings.HasSuffix(body, "\n") {
		o.text, o.lent = body+"\n", true
	}
	for o.record() {
	}
	return o.out
}

func (o *oracle) say(format string, args ...any) {
	o.out = append(o.out, fmt.Sprintf(format, args...))
}

// record reads one record, and reports whether there may be more.
func (o *oracle) record() bool {
	for strings.HasPrefix(o.text, "\n") || strings.HasPrefix(o.text, "\r\n") {
		o.skipLine()
	}
	if o.text == "" {
		return false
	}
	seen := o.text[:min(o.window, len(o.text))]
	r := csv.NewReader(strings.NewReader(seen))
	r.FieldsPerRecord = -1
	fields, err := r.Read()
	size := int(r.InputOffset())
	switch {
	case err == nil && strings.HasSuffix(seen[:size], "\n"):
		return o.row(fields, size)
	case err != nil && !endsInQuotes(seen, err) && (strings.Contains(seen, "\n") || len(seen) == o.window):
		o.say("%d rejected: %d %s bad_quote", o.line, len(fields)+1, header(len(fields)))
	case len(seen) == o.window:
		o.say("%d rejected: %d %s too_long", o.line, column(fields, err)+1, header(column(fields, err)))
	default:
		o.say("%d broken: %d %s", o.line, column(fields, err)+1, header(column(fields, err)))
		return false
	}
	if !strings.Contains(o.text, "\n") {
		o.say("%d broken: 1 EventDate", o.line)
		return false
	}
	o.skipLine()
	return true
}

func (o *oracle) skipLine() {
	_, o.text, _ = strings.Cut(o.text, "\n")
	o.line++
}

// endsInQuotes reports whether encoding/csv failed only because the text ended
// within quotes: with a quote more it would not have.
func endsInQuotes(text string, err error) bool {
	var parse *csv.ParseError
	if !errors.As(err, &parse) || parse.Err != csv.ErrQuote {
		return false
	}
	r := csv.NewReader(strings.NewReader(text + `"`))
	r.FieldsPerRecord = -1
	_, err = r.Read()
	return err == nil
}

// column is the field that was being read when the text ended.
func column(fields []string, err error) int {
	if err == nil {
		return len(fields) - 1
	}
	return len(fields)
}

func header(column int) string {
	names := strings.Split(strings.TrimSpace(fewHeader), ",")
	if column < len(names) {
		return names[column]
	}
	return ""
}

// row judges a record by its fields, from left to right.
func (o *oracle) row(fields []string, size int) bool {
	line, n := o.line, len(fields)
	o.line += strings.Count(o.text[:size], "\n")
	o.text = o.text[size:]
	reject := func(column int, reasons ...string) bool {
		o.say("%d rejected: %d %s %s", line, column+1, header(column), strings.Join(reasons, "|"))
		return true
	}
	if n != 7 {
		if n < 7 && o.lent && o.text == "" {
			o.say("%d broken: %d %s", line, n+1, header(n))
			return false
		}
		return reject(min(n, 7), "wrong_field_count")
	}
	day, ok := date(fields[0])
	if !ok {
		return reject(0, "bad_date")
	}
	hours, faults := decimal(fields[4])
	if faults != nil {
		return reject(4, faults...)
	}
	total, faults := decimal(fields[6])
	if faults != nil {
		return reject(6, faults...)
	}
	o.say("%d %s %q %q %s £%s", line, day, fields[2], fields[3], hours, total)
	return true
}

var dateSyntax = regexp.MustCompile(`^(\d{4}-\d\d-\d\d|\d\d/\d\d/\d{4})` +
	`([T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?(Z| UTC|\+00(:?00)?)?)?$`)

// date writes a date as YYYY-MM-DD.
func date(text string) (string, bool) {
	parts := dateSyntax.FindStringSubmatch(text)
	if parts == nil {
		return "", false
	}
	for _, layout := range []string{time.DateOnly, "02/01/2006"} {
		if day, err := time.Parse(layout, parts[1]); err == nil && day.Year() > 0 {
			return day.Format(time.DateOnly), true
		}
	}
	return "", false
}

var (
	decimalSyntax = regexp.MustCompile(`^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$`)
	decimalPlaces = regexp.MustCompile(`\.?0*$`)
)

// decimal writes a number in the shortest way, or says why it is none. A number with
// two faults may be rejected for either.
func decimal(text string) (string, []string) {
	if text == "" {
		return "blank", nil
	}
	if !decimalSyntax.MatchString(text) {
		return "", []string{"bad_number", "precision", "overflow"}
	}
	if number, exponent, ok := strings.Cut(strings.ToLower(text), "e"); ok { // of a number that can be written out
		shift, _ := strconv.Atoi(exponent) // the nearest int when it is out of range
		text = fmt.Sprintf("%se%d", number, min(max(shift, -2000), 2000))
	}
	value, ok := new(big.Rat).SetString(text)
	if !ok {
		return "", []string{"unreadable to math/big"}
	}
	scaled := new(big.Rat).Mul(value, big.NewRat(1e9, 1))
	var faults []string
	if !scaled.IsInt() {
		faults = append(faults, "precision")
	}
	if !new(big.Int).Quo(scaled.Num(), scaled.Denom()).IsInt64() {
		faults = append(faults, "overflow")
	}
	if faults != nil {
		return "", faults
	}
	written := value.FloatString(9)
	return written[:len(written)-len(decimalPlaces.FindString(written))], nil
}

// agree compares what came with what must: an error's value is not compared, and of
// several reasons one is enough.
func agree(got, want []string) bool {
	return slices.EqualFunc(got, want, func(got, want string) bool {
		if rest, ok := strings.CutPrefix(got, want); ok && (rest == "" || rest[0] == ' ') {
			return true
		}
		i := strings.LastIndexByte(want, ' ') + 1
		for reason := range strings.SplitSeq(want[i:], "|") {
			if strings.HasPrefix(got, want[:i]+reason+` "`) {
				return true
			}
		}
		return false
	})
}

// fuzzWindow is small, so that rows that are too long are found.
const fuzzWindow = 4096

// billingSeeds are bodies behind fewHeader with what matters in them.
func billingSeeds() []string {
	return []string{
		"", good, good + "\n", good + "\r\n" + good + "\r\n\n\r\n",
		"2018-01-31,,urn:1,\"a, \"\"b\"\"\r\nc\r\",24,,1.5\n",
		"2018-01-31,\"\",\"urn:1\",\"\",\"24\",\"\",\"1.5\"\n" + good + "\n",
		"2018-01-31,,urn:1,a\"b,24,,1\n" + good + "\n", "2018-01-31,,urn:1,\"a\"b,24,,1\n" + good + "\n",
		"2018-01-31,,urn:1,\"a,24,,1\n" + good + "\n2018-01-31,,urn:1,\"b\",24,,1\n",
		"2018-01-31,,urn:1,,1e3,,1\n2018-01-31,,urn:1,,24,,1.0000000001\n2018-01-31,,urn:1,,24,,99999999999\n",
		"2018-01-31,,,,24,,1\n2018-02-30,,urn:1,,24,,1\n1,2,3\n1,2,3,4,5,6,7,8,9\n",
		"\",\r,\"\r\n\"\r\n\"\"\"\"\n\r\r\n,,,,,,\n",
		"2018-01-31,,urn:1," + strings.Repeat("m", 2*fuzzWindow) + ",24,,1.5\n" + good + "\n",
		"2018-01-31,,urn:1,\"" + strings.Repeat("\n\n\"\"", fuzzWindow/2) + "\",24,,1.5\n" + good + "\n",
	}
}

func FuzzBillingAgreesWithEncodingCSV(f *testing.F) {
	for _, seed := range billingSeeds() {
		f.Add(seed, false, uint64(1))
		f.Add(seed, true, uint64(2))
	}
	f.Fuzz(func(t *testing.T, body string, trusted bool, seed uint64) {
		if len(body) > 8*fuzzWindow {
			return
		}
		opts := []csvparse.Option{fewColumns(), csvparse.Window(fuzzWindow)}
		if trusted {
			opts = append(opts, csvparse.TrustEOF(true))
		}
		file := fewHeader + body
		got := read(t, strings.NewReader(file), opts...)
		if want := expect(body, fuzzWindow, trusted); !agree(got, want) {
			t.Errorf("got  %q\nwant %q", got, want)
		}
		rng := rand.New(rand.NewPCG(seed, 1))
		for name, in := range map[string]io.Reader{
			"a byte at a time":                 iotest.OneByteReader(strings.NewReader(file)),
			"random pieces":                    &pieces{text: file, rng: rng},
			"random pieces, the end with data": iotest.DataErrReader(&pieces{text: file, rng: rng}),
		} {
			if again := read(t, in, opts...); !slices.Equal(got, again) {
				t.Errorf("%s: got %q, at once %q", name, again, got)
			}
		}
	})
}

// pieces reads pieces of random length, most of them short.
type pieces struct {
	text string
	rng  *rand.Rand
}

func (p *pieces) Read(buf []byte) (int, error) {
	if p.text == "" {
		return 0, io.EOF
	}
	n := copy(buf[:min(len(buf), 1+p.rng.IntN(1<<p.rng.IntN(13)))], p.text)
	p.text = p.text[n:]
	return n, nil
}

// Bodies put together at random from what matters agree as well: a fuzzer needs long
// to find them.
func TestRandomBodiesAgreeWithEncodingCSV(t *testing.T) {
	parts := []string{
		"\n", "\r\n", "\r", "\"", "\"\"", ",", ",", "\",\"", "\"\n", "\"\r\n", "a", "1.5", "urn:1", "2018-01-31",
		good + "\n", good + "\n", good + "\r\n", good, "2018-01-31,,urn:1,\"m, \"\"n\"\"\",24,,1.5\n",
		"2018-01-31,,urn:1,\"m\nn\",24,,1.5\n", "2018-01-31,,urn:1,,24,,", strings.Repeat("x", 700), strings.Repeat("\"\"", 400),
	}
	rng, bodies := rand.New(rand.NewPCG(7, 11)), 6_000
	if testing.Short() {
		bodies = 1_000
	}
	for range bodies {
		var body strings.Builder
		for range rng.IntN(25) {
			body.WriteString(parts[rng.IntN(len(parts))])
		}
		trusted := rng.IntN(2) == 0
		opts := []csvparse.Option{fewColumns(), csvparse.Window(fuzzWindow)}
		if trusted {
			opts = append(opts, csvparse.TrustEOF(true))
		}
		file := fewHeader + body.String()
		got := read(t, strings.NewReader(file), opts...)
		if want := expect(body.String(), fuzzWindow, trusted); !agree(got, want) {
			t.Fatalf("%q, trusted %v:\ngot  %q\nwant %q", body.String(), trusted, got, want)
		}
		if again := read(t, &pieces{text: file, rng: rng}, opts...); !slices.Equal(got, again) {
			t.Fatalf("%q, trusted %v:\nin pieces %q\nat once   %q", body.String(), trusted, again, got)
		}
	}
}

// FuzzHeader looks for a header that breaks the reader, and for one that is read
// differently in pieces.
func FuzzHeader(f *testing.F) {
	f.Add([]byte(fewHeader + good + "\n"))
	f.Add([]byte("\ufeff\r\n<html>"))
	f.Add([]byte("\"Event\nDate\",resource_id"))
	f.Fuzz(func(t *testing.T, file []byte) {
		opts := []csvparse.Option{csvparse.WithColumns(csvparse.ResourceID, csvparse.Metadata), csvparse.Window(fuzzWindow)}
		got := read(t, bytes.NewReader(file), opts...)
		again := read(t, iotest.OneByteReader(bytes.NewReader(file)), opts...)
		if !slices.Equal(got, again) {
			t.Errorf("at once %q\na byte at a time %q", got, again)
		}
	})
}
