package simulator

import "iter"

const (
	hour = int64(3600)
	day  = 24 * hour
)

// machine is one VM: what a slot holds from its creation until it is replaced.
// Times are Unix seconds, whole minutes.
type machine struct {
	slot             *slot
	draw             draw
	created, deleted int64
	id               int
	urn, name, os    string
	sizeIndex        int
	shape            shape
	storage          int // MiB when created
	growth           int // MiB more after each 30 days
	resizeDay        int64
	pattern          pattern
	protected        bool
	quirk            quirk
}

// quirk is a rare trait of the VM of one slot. Quirks follow the slot's number,
// not chance, so that every estate of 200 VMs has them all.
type quirk int

const (
	ordinary quirk = iota
	unknownPower
	notInPolicy    // backup is offered, no policy covers the VM
	noBackupData   // protected, but nothing was ever reported
	twiceANight    // two backups each night
	troubled       // its nights go through every status
	doubleProtects // snapshot and journaling protection at once
	neverBackedUp  // every backup fails
	windows
)

func (s *slot) quirk() quirk {
	switch {
	case s.number%199 == 7:
		return unknownPower
	case s.number%149 == 11:
		return notInPolicy
	case s.number%181 == 17:
		return noBackupData
	case s.number%163 == 23:
		return twiceANight
	case s.number%173 == 31:
		return troubled
	case s.number%191 == 41:
		return doubleProtects
	case s.number%97 == 61:
		return windows
	case s.number == 47: // one in the estate
		return neverBackedUp
	}
	return ordinary
}

// generationAt is the number of the VM that the slot holds at a moment.
func (s *slot) generationAt(t int64) int64 { return floorDiv(t+s.phase, s.period) }

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// machineAt returns the VM that the slot holds at a moment.
func (e *estate) machineAt(s *slot, t int64) *machine { return e.machine(s, s.generationAt(t)) }

// machinesDuring returns every VM that the slot holds at any time from
// inclusive to to exclusive, oldest first.
func (e *estate) machinesDuring(s *slot, from, to int64) iter.Seq[*machine] {
	return func(yield func(*machine) bool) {
		from := max(from, s.since)
		if from >= to {
			return
		}
		for g := s.generationAt(from); g <= s.generationAt(to-1); g++ {
			if !yield(e.machine(s, g)) {
				return
			}
		}
	}
}

func (e *estate) machine(s *slot, generation int64) *machine {
	d := e.draw.of(topicMachine, s.number).of(topicSlot, generation)
	m := &machine{slot: s, draw: d, quirk: s.quirk(), id: vmID(s, generation)}
	m.created = generation*s.period - s.phase
	m.deleted = m.created + s.period
	m.urn = "urn:vcloud:vm:" + d.of(topicURN, 0).uuid()
	m.name = vmName(s, generation, e.draw)

	class := s.vapp.vdc.class
	m.sizeIndex = pick(d.of(topicSize, 0), sizeFrequency[class])
	size := &sizes[m.sizeIndex]
	m.shape = pick(d.of(topicShape, 0), size.shapes)
	m.os = pick(d.of(topicOS, 0), osFrequency)
	if size.redHat == 0 && m.os[0] == 'R' { // Red Hat is not sold on Tier 1 sizes
		m.os = osFrequency[0].value
	}
	if m.quirk == windows {
		m.os = "Microsoft Windows Server 2012 (64-bit)"
	}
	m.storage = max(pick(d.of(topicStorage, 0), storageFrequency), m.shape.memory)
	m.pattern = pickPattern(d)
	if s.since > 0 {
		m.pattern = alwaysOn // a new VDC's VM shows in the bill at once
	}
	if m.pattern == alwaysOn && d.of(topicGrowth, 0).permille(80) {
		m.growth = mibPerGiB * d.of(topicGrowth, 1).within(1, 10)
	}
	if next := size.next; m.pattern == alwaysOn && sizes[next].price[class] > 0 && d.of(topicResize, 0).permille(30) {
		m.resizeDay = m.created/day + int64(d.of(topicResize, 1).within(20, 300))
	}
	switch m.quirk {
	case noBackupData, twiceANight, troubled, doubleProtects, neverBackedUp:
		m.protected = true
	case notInPolicy:
	default:
		m.protected = d.of(topicProtected, 0).permille(105)
	}
	return m
}

// vmID is the _id field. It is unique in a vOrg, but some VMs of the second and
// third vOrg have the id of one in the first: 63 ids repeat in the recorded
// answer, always in different vOrgs.
func vmID(s *slot, generation int64) int {
	v := s.vapp.vdc.vorg
	rebuilt := int((generation%8 + 8) % 8)
	switch {
	case s.rank%8 == 0 && v.number == 1:
		rebuilt = 0
	case s.rank%8 == 0 && v.number <= 3 && s.rank < len(v.account.vorgs[0].slots):
		return 26 + 3*s.rank
	}
	return 26 + 3*(s.inAcct+rebuilt*len(v.account.slots))
}

// config is what a VM is on one day. It changes at 00:00 UTC, and only for VMs
// that are always on.
type config struct {
	size    *size
	shape   shape
	storage int // MiB, the swap file included
}

// disks is the storage in MiB that counts for the bill: all but the swap file.
// The recorded money shows that the swap file is the VM's memory in some VDCs
// and half of it in the others, all of the better classes among them.
func (c config) disks(x *vdc) int {
	swap := c.shape.memory
	if x.halfSwap {
		swap /= 2
	}
	return max(c.storage-swap, 0)
}

// configOn returns the configuration on a day (days since 1970, UTC).
func (m *machine) configOn(dayNumber int64) config {
	c := config{&sizes[m.sizeIndex], m.shape, m.storage}
	if m.growth > 0 {
		c.storage += m.growth * int(min(max(dayNumber-m.created/day, 0)/30, 24))
	}
	if m.resizeDay > 0 && dayNumber >= m.resizeDay {
		c.size = &sizes[c.size.next]
		c.shape = c.size.shapes[0].value
		c.storage = max(c.storage, c.shape.memory)
	}
	return c
}
