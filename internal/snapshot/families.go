package snapshot

import (
	"fmt"
	"hash/maphash"
	"iter"
	"slices"

	"ukcloud_exporter/collector"
	"ukcloud_exporter/internal/exposition"
)

// walk goes through what parts expose: each family one group, whichever parts its
// samples come from.
type walk struct {
	families []collector.Family
	parts    []*collector.Part
	looks    looks // of subjects, as far as they are known
	// seen finds the samples whose series is there already, which are dropped: one
	// duplicate would make Prometheus refuse the whole scrape. It is nil where it is known
	// that there are none.
	seen *seen

	series     int
	duplicates int // samples that were dropped
}

// all returns the families. They are good until the next one.
func (w *walk) all() iter.Seq[*exposition.Family] {
	return func(yield func(*exposition.Family) bool) {
		w.series, w.duplicates = 0, 0
		kept := slices.ContainsFunc(w.parts, func(p *collector.Part) bool { _, kept := p.Data.(*keptData); return kept })
		for i := range w.families {
			f := &w.families[i]
			g := &group{walk: w, family: f}
			samples := g.samples
			if f.Subjects != nil && !kept {
				w.look(f.Subjects)
				samples = g.ofSubjects
			}
			if !yield(&exposition.Family{
				Name: f.Name, Help: f.Help, Counter: f.Type == collector.Counter, Labels: f.Labels, Samples: samples,
			}) {
				return
			}
			w.series += g.series
			w.duplicates += g.duplicates
		}
	}
}

// group is one family of a walk.
type group struct {
	*walk
	family             *collector.Family
	series, duplicates int
}

// samples goes through the family's samples.
func (g *group) samples(yield func(*exposition.Sample) bool) {
	g.begin()
	var s exposition.Sample
	for _, p := range g.parts {
		for _, from := range samplesOf(g.family, p.Data) {
			g.check(len(from.Labels))
			s = exposition.Sample{Labels: from.Labels, Value: from.Value, Created: from.Created}
			if g.new(&s) && !yield(&s) {
				return
			}
		}
	}
}

// ofSubjects goes through the samples of a family that says something of subjects.
func (g *group) ofSubjects(yield func(*exposition.Sample) bool) {
	g.begin()
	var s exposition.Sample
	var values []string // memory
	for n, p := range g.parts {
		for i, look := range g.looks[g.family.Subjects][n] {
			for j := range g.family.Columns {
				c := &g.family.Columns[j]
				value, known := c.Value(p.Data, i)
				if !known {
					continue
				}
				s.Last, s.Value = c.State, value
				if c.Labels != nil {
					values, s.Plain = c.Labels(p.Data, i, values[:0]), false
				} else {
					values, s.Plain = g.family.Subjects.Labels(p.Data, i, values[:0]), look&notPlain == 0
				}
				s.Labels = values
				g.check(len(s.Labels) + min(len(s.Last), 1))
				if look&twin == 0 {
					g.series++
				} else if !g.new(&s) {
					continue
				}
				if !yield(&s) {
					return
				}
			}
		}
	}
}

// begin begins to count.
func (g *group) begin() {
	g.series, g.duplicates = 0, 0
	if g.seen != nil {
		g.seen.family++
	}
}

// check panics where a sample has not the labels of its family.
func (g *group) check(values int) {
	if values != len(g.family.Labels) {
		panic(fmt.Sprintf("%s: a sample has %d label values, not %d", g.family.Name, values, len(g.family.Labels)))
	}
}

// new counts a sample, and reports whether its series is new in the family.
func (g *group) new(s *exposition.Sample) bool {
	if g.seen != nil && !g.seen.add(s) {
		g.duplicates++
		return false
	}
	g.series++
	return true
}

// look is what is known of the labels of a subject.
type look uint8

const (
	notPlain look = 1 << iota // some value is not exposition.Plain
	twin                      // another subject has the same ones
)

// looks are those of each part's subjects, one behind the other.
type looks map[*collector.Subjects][][]look

// look looks at the labels of subjects, where that has not been done.
func (w *walk) look(subjects *collector.Subjects) {
	if w.looks[subjects] != nil {
		return
	}
	all := make([][]look, len(w.parts))
	number := 0
	for n, p := range w.parts {
		all[n] = make([]look, subjects.Number(p.Data))
		number += len(all[n])
	}
	// Half of a key is enough: those that are taken for twins and are none are told
	// apart by the whole one, as all twins are.
	hash, keys := newSeen(), make([]uint64, 0, number)
	var s exposition.Sample
	key := func(n, i int) uint64 {
		s.Labels = subjects.Labels(w.parts[n].Data, i, s.Labels[:0])
		return hash.key(&s)[0]
	}
	for n := range all {
		for i := range all[n] {
			keys = append(keys, key(n, i))
			if !plainAll(s.Labels) {
				all[n][i] = notPlain
			}
		}
	}
	if twins := repeated(keys); len(twins) > 0 {
		for n := range all {
			for i := range all[n] {
				if twins[key(n, i)] {
					all[n][i] |= twin
				}
			}
		}
	}
	w.looks[subjects] = all
}

// repeated returns the keys that are there more than once, and sorts them all.
func repeated(keys []uint64) map[uint64]bool {
	slices.Sort(keys)
	twice := map[uint64]bool{}
	for i := 1; i < len(keys); i++ {
		if keys[i] == keys[i-1] {
			twice[keys[i]] = true
		}
	}
	return twice
}

func plainAll(values []string) bool {
	for _, value := range values {
		if !exposition.Plain(value) {
			return false
		}
	}
	return true
}

// seen is the set of label sets of one family. Two hashes of 64 bits with seeds
// of this process stand for a label set: among 10 million series the chance
// that any two meet is below 10^-24, and no text has to be kept.
type seen struct {
	seeds  [2]maphash.Seed
	family uint32               // the present one, counted from 1
	in     map[[2]uint64]uint32 // the last family in which the label set stood
	text   []byte               // of the present label set
}

func newSeen() *seen {
	return &seen{
		seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()},
		in:    map[[2]uint64]uint32{},
	}
}

// add reports whether the values are new in the family.
func (s *seen) add(sample *exposition.Sample) bool {
	key := s.key(sample)
	if s.in[key] == s.family {
		return false
	}
	s.in[key] = s.family
	return true
}

// key stands for a label set as it is exposed. No value then holds a NUL.
func (s *seen) key(sample *exposition.Sample) [2]uint64 {
	s.text = s.text[:0]
	for _, value := range sample.Labels {
		s.text = append(append(s.text, exposition.Harmless(value)...), 0)
	}
	if sample.Last != "" {
		s.text = append(append(s.text, sample.Last...), 0)
	}
	return [2]uint64{maphash.Bytes(s.seeds[0], s.text), maphash.Bytes(s.seeds[1], s.text)}
}
