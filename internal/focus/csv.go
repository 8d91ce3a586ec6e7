package focus

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// CSV writes charges as encoding/csv does. Most cells are those of a charge not long ago,
// whose form in the file is known.
type CSV struct {
	columns []csvColumn
}

// csvColumn is a column that is being written.
type csvColumn struct {
	bare   bool // its cells need no quotes, whatever they are
	lately *[recent]struct {
		text    string
		written []byte
	}
}

// recent is how many texts of a column are remembered.
const recent = 32

// NewCSV returns a writer for some columns.
func NewCSV(columns []Column) *CSV {
	w := &CSV{make([]csvColumn, len(columns))}
	for i, c := range columns {
		w.columns[i].bare = c.Kind == Decimal || c.Kind == DateTime
		w.columns[i].lately = new([recent]struct {
			text    string
			written []byte
		})
	}
	return w
}

// AppendHeader appends the names of the columns.
func AppendHeader(to []byte, columns []Column) []byte {
	for i, c := range columns {
		if i > 0 {
			to = append(to, ',')
		}
		to = appendCell(to, c.ID)
	}
	return append(to, '\n')
}

// Append appends a record with its line end.
func (w *CSV) Append(to []byte, record []string) []byte {
	for i, text := range record {
		if i > 0 {
			to = append(to, ',')
		}
		column := &w.columns[i]
		switch {
		case text == "":
		case column.bare:
			to = append(to, text...)
		default:
			known := &column.lately[mark(text)%recent]
			if known.text != text {
				known.text, known.written = text, appendCell(known.written[:0], text)
			}
			to = append(to, known.written...)
		}
	}
	return append(to, '\n')
}

// mark is mostly another one for another text of the same column.
func mark(text string) uint {
	n := uint(len(text))
	return n + 5*uint(text[n/2]) + 11*uint(text[n-1])
}

func appendCell(to []byte, text string) []byte {
	if !needsQuotes(text) {
		return append(to, text...)
	}
	to = append(to, '"')
	for {
		quote := strings.IndexByte(text, '"')
		if quote < 0 {
			to = append(to, text...)
			return append(to, '"')
		}
		to = append(to, text[:quote]...)
		to = append(to, '"', '"')
		text = text[quote+1:]
	}
}

func has(text string, sign byte) bool { return strings.IndexByte(text, sign) >= 0 }

// needsQuotes has the rules of encoding/csv.
func needsQuotes(text string) bool {
	if text == "" {
		return false
	}
	if text == `\.` {
		return true
	}
	if has(text, '"') || has(text, ',') || has(text, '\n') || has(text, '\r') {
		return true
	}
	if '!' <= text[0] && text[0] < utf8.RuneSelf {
		return false
	}
	first, _ := utf8.DecodeRuneInString(text)
	return unicode.IsSpace(first)
}
