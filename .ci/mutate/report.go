package main

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// count is how many mutants of a file or package were noticed, those that ran out of time among them.
type count struct{ noticed, late, all int }

func (c *count) add(o outcome) {
	c.all++
	if o != lived {
		c.noticed++
	}
	if o == late {
		c.late++
	}
}

func (c *count) String() string {
	if c.all == 0 {
		return "none"
	}
	text := fmt.Sprintf("%d of %d\t%.1f %%\t", c.noticed, c.all, 100*float64(c.noticed)/float64(c.all))
	if c.late > 0 {
		text += fmt.Sprintf("%d ran out of time", c.late)
	}
	return text
}

// begin writes what is to come.
func (m *measurement) begin(w io.Writer) {
	fmt.Fprintf(w, "%s: %d mutants; the tests take %s, a mutant may take %s\n", m.name, len(m.mutants), m.base, m.limit)
}

// tell writes a mutant that the tests did not see fail.
func (m mutant) tell(w io.Writer, o outcome) {
	if o != noticed {
		fmt.Fprintf(w, "  %-11s  %-10s  %s  %s\n", o, m.kind, m.position(), m.text)
	}
}

// end writes the counts of each file, in the order of the mutants, and of all.
func (m *measurement) end(w io.Writer) {
	var files []string
	counts, total := map[string]*count{}, &count{}
	for i, mutant := range m.mutants {
		if counts[mutant.file] == nil {
			files = append(files, mutant.file)
			counts[mutant.file] = &count{}
		}
		counts[mutant.file].add(m.outcomes[i])
		total.add(m.outcomes[i])
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, file := range files {
		fmt.Fprintf(table, "  %s\t%s\n", file, counts[file])
	}
	fmt.Fprintf(table, "  all\t%s\n", total)
	_ = table.Flush()
}
