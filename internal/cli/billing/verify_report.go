package billing

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// findingWriter writes what verify finds as it is found: a file with a million failing
// rows needs no memory. The first error of writing is what close returns.
type findingWriter interface {
	begin(file string)
	finding(finding)
	end(verified)
	close() error
}

func newReport(w io.Writer, format string) findingWriter {
	switch format {
	case "json":
		r := &jsonReport{e: jsontext.NewEncoder(w, jsontext.WithIndent("  "), jsontext.AllowInvalidUTF8(true)), ok: true}
		r.tokens(jsontext.BeginObject, jsontext.String("files"), jsontext.BeginArray)
		return r
	case "csv":
		r := &csvReport{w: csv.NewWriter(w)}
		_ = r.w.Write([]string{"file", "line", "check", "column", "expected", "got", "difference", "tolerance", "severity"})
		return r
	default:
		return &textReport{w: w}
	}
}

type textReport struct {
	w    io.Writer
	file string
	err  error
}

func (r *textReport) begin(file string) { r.file = file }

func (r *textReport) print(format string, values ...any) {
	if r.err == nil {
		_, r.err = fmt.Fprintf(r.w, format, values...)
	}
}

func (r *textReport) finding(f finding) {
	place := r.file
	if f.Line > 0 {
		place += ":" + strconv.FormatInt(f.Line, 10)
	}
	switch {
	case f.Warning:
		r.print("%s: warning: %s: %s\n", place, f.Check, f.Got)
	case f.Line == 0 && f.Expected == "": // why a file cannot be checked to its end
		r.print("%s: %s: %s\n", place, f.Check, f.Got)
	case f.Expected == "" && f.Column == "": // a row with more fields than the header
		r.print("%s: %s: \"%s\"\n", place, f.Check, f.Got)
	case f.Expected == "":
		r.print("%s: %s: %s is \"%s\"\n", place, f.Check, f.Column, f.Got)
	case f.Column == "":
		r.print("%s: %s: got %s, expected %s\n", place, f.Check, f.Got, f.Expected)
	default:
		r.print("%s: %s: %s is %s, expected %s, difference %s, tolerance %s\n",
			place, f.Check, f.Column, f.Got, f.Expected, f.Difference, f.Tolerance)
	}
}

func (r *textReport) end(v verified) {
	state := "ok"
	if !v.OK {
		state = "NOT RIGHT"
	}
	days := ""
	if v.FirstDay != "" {
		days = fmt.Sprintf(", %s to %s (UTC),", v.FirstDay, v.LastDay)
	}
	r.print("%s: %s: %s%s come to %s; failing: %d, not readable: %d, checksum: %s\n",
		r.file, state, count(v.Rows, "row"), days, v.Cost, v.Failing, v.Rejected, v.Checksum)
}

func (r *textReport) close() error { return r.err }

// csvReport writes findings only: no rows, nothing wrong.
type csvReport struct {
	w    *csv.Writer
	file string
}

func (r *csvReport) begin(file string) { r.file = file }

func (r *csvReport) finding(f finding) {
	line := ""
	if f.Line > 0 {
		line = strconv.FormatInt(f.Line, 10)
	}
	severity := "error"
	if f.Warning {
		severity = "warning"
	}
	_ = r.w.Write([]string{r.file, line, f.Check, f.Column, f.Expected, f.Got, f.Difference, f.Tolerance, severity}) // close has the error
}

func (*csvReport) end(verified) {}

func (r *csvReport) close() error {
	r.w.Flush()
	return r.w.Error()
}

type jsonReport struct {
	e   *jsontext.Encoder
	ok  bool
	err error
}

func (r *jsonReport) tokens(tokens ...jsontext.Token) {
	for _, token := range tokens {
		if r.err == nil {
			r.err = r.e.WriteToken(token)
		}
	}
}

func (r *jsonReport) value(v any) {
	if r.err == nil {
		r.err = json.MarshalEncode(r.e, v)
	}
}

func (r *jsonReport) begin(file string) {
	r.tokens(jsontext.BeginObject, jsontext.String("file"), jsontext.String(file), jsontext.String("findings"), jsontext.BeginArray)
}

func (r *jsonReport) finding(f finding) { r.value(f) }

func (r *jsonReport) end(v verified) {
	r.ok = r.ok && v.OK
	r.tokens(jsontext.EndArray, jsontext.String("result"))
	r.value(v)
	r.tokens(jsontext.EndObject)
}

func (r *jsonReport) close() error {
	r.tokens(jsontext.EndArray, jsontext.String("ok"), jsontext.Bool(r.ok), jsontext.EndObject)
	return r.err
}
