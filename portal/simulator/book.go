package simulator

import "sync"

// book holds what users wrote. Everything else is drawn, so that an estate in
// which nobody writes is what its seed makes it.
type book struct {
	mu      sync.RWMutex
	files   map[string]*ticketFile // by ticket id, also of drawn tickets that somebody changed
	opened  []*ticket              // by users, oldest first
	serials map[string]int         // tickets opened, by kind
	builds  [3][]*build            // by kind; a build's id is its place, from 1
	vorgs   map[*account][]*vorg   // what was built or will be
	vdcs    map[*vorg][]*vdc
	edges   map[*vdc][]edge
	slots   []*slot
}

func newBook() book {
	return book{
		files: map[string]*ticketFile{}, serials: map[string]int{},
		vorgs: map[*account][]*vorg{}, vdcs: map[*vorg][]*vdc{}, edges: map[*vdc][]edge{},
	}
}

// builtBy counts the builds that have ended at a moment (Unix seconds).
func (b *book) builtBy(t int64) int {
	b.mu.RLock()
	defer b.mu.RUnlock()
	n := 0
	for _, builds := range b.builds {
		for _, one := range builds {
			if one.ends <= t {
				n++
			}
		}
	}
	return n
}

// standing returns the drawn things and those of the built ones that stand at a
// moment. The drawn slice itself is returned when there is nothing to add.
func standing[T interface{ standsSince() int64 }](drawn, built []T, t int64) []T {
	list := drawn[:len(drawn):len(drawn)]
	for _, one := range built {
		if one.standsSince() <= t {
			list = append(list, one)
		}
	}
	return list
}

func (v *vorg) standsSince() int64 { return v.since }
func (x *vdc) standsSince() int64  { return x.since }
func (s *slot) standsSince() int64 { return s.since }
func (e edge) standsSince() int64  { return e.since }

// vorgs, vdcs and slots are what an account, a vOrg and the estate hold at a
// moment.

func (p *Portal) vorgs(a *account, t int64) []*vorg {
	p.book.mu.RLock()
	defer p.book.mu.RUnlock()
	return standing(a.vorgs, p.book.vorgs[a], t)
}

func (p *Portal) vdcs(v *vorg, t int64) []*vdc {
	p.book.mu.RLock()
	defer p.book.mu.RUnlock()
	return standing(v.vdcs, p.book.vdcs[v], t)
}

func (p *Portal) edges(x *vdc, t int64) []edge {
	p.book.mu.RLock()
	defer p.book.mu.RUnlock()
	return standing(x.edges, p.book.edges[x], t)
}

func (p *Portal) slots(t int64) []*slot {
	p.book.mu.RLock()
	defer p.book.mu.RUnlock()
	return standing(p.estate.slots, p.book.slots, t)
}

// slotsOf returns the slots of a vOrg.
func (p *Portal) slotsOf(v *vorg, t int64) []*slot {
	p.book.mu.RLock()
	defer p.book.mu.RUnlock()
	var built []*slot
	for _, s := range p.book.slots {
		if s.vapp.vdc.vorg == v {
			built = append(built, s)
		}
	}
	return standing(v.slots, built, t)
}
