package simulator

import (
	"fmt"
	"math"
)

// The estate is what does not change with time: accounts, compute services
// (vOrgs), VDCs, vApps, and the slots in the vApps. A slot always holds
// exactly one VM, which is replaced by another one from time to time, so that
// the number of VMs is the same at every moment while VMs come and go.

type estate struct {
	draw     draw
	accounts []*account
	slots    []*slot
}

type account struct {
	id      int
	number  int // 0, 1, …
	company int
	name    string
	vorgs   []*vorg
	slots   []*slot
}

type vorg struct {
	account   *account
	number    int // third part of the service id, from 1
	name      string
	serviceID string
	urn       string
	vdcs      []*vdc
	slots     []*slot
	extras    []*extra
	buckets   []bucket
	since     int64 // when its build ended; 0 if it was drawn
	elevated  bool  // built in a zone of the Elevated domain
}

type vdc struct {
	vorg  *vorg
	name  string
	urn   string
	class class
	vapps []*vapp
	edges []edge
	since int64 // when its build ended; 0 if it was drawn

	// halfSwap says that the VDC reserves half of a VM's memory, so that its
	// swap file, which is not charged, is only the other half.
	halfSwap bool
}

// edge is an edge gateway.
type edge struct {
	urn, name string
	since     int64 // when its build ended; 0 if it was drawn
}

type vapp struct {
	vdc   *vdc
	name  string
	urn   string
	slots []*slot
	clone bool // its VMs are named as those of every other clone
}

type slot struct {
	vapp   *vapp
	number int64 // over the whole estate
	inAcct int   // in the account
	rank   int   // in the vOrg
	place  int   // in the vApp
	since  int64 // first second with a VM, if its VDC was built; 0 if it was drawn
	period int64 // seconds that a VM lives
	phase  int64
}

func newEstate(o Options) *estate {
	e := &estate{draw: mix(o.Seed + 1)}
	for n, vms := range shares(o.VMs, o.Accounts, 1, 0) {
		a := &account{number: n, id: 1, name: accountNames[n%len(accountNames)]}
		d := e.draw.of(topicAccount, int64(n))
		a.company = d.within(11, 900)
		if n > 0 {
			a.id = 47*n + d.below(40)
		}
		if n >= len(accountNames) {
			a.name = fmt.Sprintf("%s %d", a.name, n/len(accountNames)+1)
		}
		e.accounts = append(e.accounts, a)
		e.fillAccount(a, vms, o.VOrgsPerAccount)
	}
	return e
}

// shares splits a total into n parts that fall off as 1/rank^fall; the first
// parts get at least least while it lasts.
func shares(total, n, least int, fall float64) []int {
	weights, sum := make([]float64, n), 0.0
	for i := range weights {
		weights[i] = math.Pow(float64(i+1), -fall)
		sum += weights[i]
	}
	parts, left := make([]int, n), total
	for i := n - 1; i > 0; i-- {
		parts[i] = min(left, max(least, int(float64(total)*weights[i]/sum)))
		left -= parts[i]
	}
	parts[0] = left
	if left == 0 && n > 1 { // the first part is never the empty one
		parts[0], parts[n-1] = parts[n-1], 0
	}
	return parts
}

// fillAccount makes the vOrgs. As recorded, the last quarter has no VM, and a
// bare UUID where the others have a URN.
func (e *estate) fillAccount(a *account, vms, vorgs int) {
	if vorgs == 0 {
		vorgs = 2 + int(math.Sqrt(float64(vms)))/7
	}
	empty := min((vorgs+2)/4, vorgs-1)
	full := shares(vms, vorgs-empty, 1, 0.8)
	if last := len(full) - 1; last >= 3 { // the smallest recorded one had one VM
		full[0] += full[last] - 1
		full[last] = 1
	}
	for n := range vorgs {
		d := e.draw.of(topicAccount, int64(a.number)).of(topicVOrg, int64(n))
		v := &vorg{account: a, number: n + 1, name: vorgName(n)}
		v.serviceID = fmt.Sprintf("%d-%d-%d-%s", a.company, a.id, v.number, d.hex(6))
		v.urn = d.of(topicURN, 0).uuid()
		a.vorgs = append(a.vorgs, v)
		if n >= len(full) {
			e.emptyVDCs(v, d)
			continue
		}
		v.urn = "urn:vcloud:org:" + v.urn
		e.fillVOrg(v, d, full[n])
	}
}

// emptyVDCs gives a vOrg two VDCs without a vApp.
func (e *estate) emptyVDCs(v *vorg, d draw) {
	for range 2 {
		e.addVDC(v, d, power)
	}
}

// fillVOrg spreads VMs over VDCs in the recorded proportion of classes, and
// adds a VDC with nothing in it.
func (e *estate) fillVOrg(v *vorg, d draw, vms int) {
	if vms < 20 {
		c := essential
		if v.number%2 == 0 {
			c = power
		}
		e.fillVDC(e.addVDC(v, d, c), d, vms)
	} else {
		perClass := [3]int{priority: (vms + 19) / 20}
		perClass[power] = vms * 42 / 100
		perClass[essential] = vms - perClass[power] - perClass[priority]
		for c, count := range perClass {
			for _, share := range shares(count, 1+count/200, 1, 0.7) {
				e.fillVDC(e.addVDC(v, d, class(c)), d, share)
			}
		}
		e.addVDC(v, d, essential)
	}
	e.addExtras(v, d, vms)
	e.addBuckets(v, d)
}

func (e *estate) addVDC(v *vorg, d draw, c class) *vdc {
	n := len(v.vdcs)
	x := &vdc{vorg: v, class: c, name: vdcName(v, n, c)}
	x.urn = "urn:vcloud:vdc:" + d.of(topicVDC, int64(n)).uuid()
	x.halfSwap = c != essential || d.of(topicStorage, int64(n)).permille(450)
	x.edges = []edge{{
		urn:  "urn:vcloud:gateway:" + e.draw.of(topicURN, int64(v.number)).of(topicVDC, int64(n)).uuid(),
		name: edgeName(x.name, n+1),
	}}
	v.vdcs = append(v.vdcs, x)
	return x
}

// vAppSizes are numbers of VMs in a vApp like the recorded ones.
var vAppSizes = []weighted[int]{
	{26, 1}, {12, 2}, {4, 5}, {5, 6}, {6, 8}, {5, 10}, {14, 12}, {8, 14}, {6, 15}, {12, 20}, {10, 23}, {8, 30}, {3, 50}, {1, 78}, {1, 120},
}

// fillVDC makes vApps until the VMs are placed, then the empty ones, of which
// there was one for every two or three with VMs.
func (e *estate) fillVDC(x *vdc, d draw, vms int) {
	d = d.of(topicVDC, int64(len(x.vorg.vdcs)))
	for left := vms; left > 0; {
		n := min(left, pick(d.of(topicVAppSize, int64(len(x.vapps))), vAppSizes))
		e.fillVApp(e.addVApp(x, d), d, n)
		left -= n
	}
	first := len(x.vorg.slots) == vms && x.vorg.number == 1 && x.vorg.account.number == 0
	for range (len(x.vapps)*3 + 4) / 8 {
		e.addVApp(x, d)
	}
	if first && vms >= 10 {
		// One recorded vApp has a URN with nothing behind the prefix.
		e.addVApp(x, d).urn = "urn:vcloud:vapp:"
	}
}

func (e *estate) addVApp(x *vdc, d draw) *vapp {
	n := len(x.vapps)
	a := &vapp{vdc: x, name: vAppName(x, n), clone: n%12 == 1}
	if n%7 == 5 { // vApp names repeat inside a VDC
		a.name = x.vapps[n-1].name
	}
	a.urn = "urn:vcloud:vapp:" + d.of(topicVApp, int64(n)).uuid()
	x.vapps = append(x.vapps, a)
	return a
}

func (e *estate) fillVApp(a *vapp, d draw, vms int) {
	v := a.vdc.vorg
	for place := range vms {
		s := &slot{vapp: a, number: int64(len(e.slots)), inAcct: len(v.account.slots), rank: len(v.slots), place: place}
		s.period, s.phase = lifetime(e.draw.of(topicSlot, s.number), s.quirk() != ordinary)
		a.slots = append(a.slots, s)
		v.slots = append(v.slots, s)
		v.account.slots = append(v.account.slots, s)
		e.slots = append(e.slots, s)
	}
}

// lifetime draws how long the VMs of a slot live, in whole minutes: most stay
// for years, a few for days. At any time about 2 in 100 are younger than a
// week, as in the recorded answer. VMs with a quirk always stay.
func lifetime(d draw, stays bool) (period, phase int64) {
	days := d.within(900, 2500)
	switch kind := d.of(topicPhase, 1).below(100); {
	case stays:
	case kind < 5:
		days = 6 + days%50
	case kind < 25:
		days = 100 + days%300
	}
	minutes := days*24*60 + d.of(topicPhase, 2).below(24*60)
	return int64(minutes) * 60, int64(d.of(topicPhase, 3).below(minutes)) * 60
}
