package report

import (
	"bufio"
	"io"
	"strings"

	"ukcloud_exporter/internal/page"
)

// Markdown writes the document as Markdown with GitHub's tables.
func (d *Document) Markdown(w io.Writer) error {
	m := markdown{bufio.NewWriter(w)}
	m.line("# ", Escape(d.Title))
	m.paragraphs(d.Intro)
	m.line()
	for _, f := range d.Figures {
		more := ""
		if f.More != "" {
			more = " (" + Escape(f.More) + ")"
		}
		m.line("* ", Escape(f.Name), ": **", Escape(f.Value), "**", more)
	}
	for _, s := range d.Sections {
		if len(s.Text)+len(s.Tables) == 0 {
			continue // it is drawn
		}
		m.line()
		m.line("## ", Escape(s.Title))
		m.paragraphs(s.Text)
		for i := range s.Tables {
			m.table(&s.Tables[i])
		}
	}
	return m.Flush()
}

// markdown writes lines. Flush has the first error.
type markdown struct{ *bufio.Writer }

func (m markdown) line(texts ...string) {
	for _, text := range append(texts, "\n") {
		_, _ = m.WriteString(text)
	}
}

func (m markdown) paragraphs(texts []string) {
	for _, text := range texts {
		m.line()
		m.line(Escape(text))
	}
}

func (m markdown) table(t *Table) {
	m.line()
	if t.Caption != "" {
		m.line(Escape(t.Caption))
		m.line()
	}
	head, rule := "|", "|"
	for _, c := range t.Columns {
		switch c.Kind {
		case Bars:
			continue
		case Number:
			rule += " ---: |"
		case Words, Code:
			rule += " --- |"
		}
		head += " " + Escape(c.Title) + " |"
	}
	m.line(head)
	m.line(rule)
	for _, row := range t.Rows {
		text := "|"
		for i, cell := range row {
			if t.Columns[i].Kind != Bars {
				text += " " + Escape(cell.Text) + " |"
			}
		}
		m.line(text)
	}
}

// Escape makes a text plain in Markdown: neither mark-up, HTML, an address nor the end
// of a cell or a line.
func Escape(text string) string { return escapes().Replace(page.Visible(text)) }

func escapes() *strings.Replacer {
	pairs := []string{"<", "&lt;", ">", "&gt;", "&", "&amp;", "://", "\\://", "www.", "www\\.", "WWW.", "WWW\\."}
	for _, mark := range "\\`*_[]|~#!@$^=" {
		pairs = append(pairs, string(mark), `\`+string(mark))
	}
	return strings.NewReplacer(pairs...)
}
