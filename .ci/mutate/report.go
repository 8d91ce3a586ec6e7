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
		return "no mutants\t\t"
	}
	text := fmt.Sprintf("%d of %d\t%.1f %%\t", c.noticed, c.all, 100*float64(c.noticed)/float64(c.all))
	if c.late > 0 {
		text += fmt.Sprintf("%d ran out of time", c.late)
	}
	return text
}

// report writes each mutant that the tests did not see fail, then the counts of each file and of all.
func (m *measurement) report(w io.Writer) {
	fmt.Fprintf(w, "%s: %d mutants; the tests take %s, a mutant may take %s\n", m.name, len(m.mutants),
		m.base, m.limit)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	var files []string // in the order of the mutants
	counts, total := map[string]*count{}, &count{}
	for i, mutant := range m.mutants {
		if counts[mutant.file] == nil {
			files = append(files, mutant.file)
			counts[mutant.file] = &count{}
		}
		counts[mutant.file].add(m.outcomes[i])
		total.add(m.outcomes[i])
		if m.outcomes[i] != noticed {
			fmt.Fprintf(table, "  %s\t%s\t%s\t%s\n", m.outcomes[i], mutant.kind, mutant.position(), mutant.text)
		}
	}
	_ = table.Flush()
	for _, file := range files {
		fmt.Fprintf(table, "  %s\t%s\n", file, counts[file])
	}
	fmt.Fprintf(table, "  all\t%s\n", total)
	_ = table.Flush()
}
