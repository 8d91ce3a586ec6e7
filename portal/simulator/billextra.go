package simulator

import (
	"fmt"
	"time"

	"ukcloud_exporter/money"
)

// extra is a place for something in the bill that is not a VM of
// compute_services: a disk, a template, an OpenStack resource. Like a slot it
// holds one after the other, and is empty between some of them.
type extra struct {
	vorg          *vorg
	number        int64
	draw          draw
	kind          *extraKind
	period, phase int64
}

// extraKind is a service of the bill. The prices of storage are the public
// ones except Tier 1's; those of the services are made up.
type extraKind struct {
	service, noun       string
	openStack           bool
	price               money.Amount // an hour of it; 0 for what costs only storage
	machineType         string
	shape               shape
	gpuType             string
	gpuCount            int64
	gpuPrice            money.Amount
	tier                tier
	leastGiB, growthGiB int // storage, and how many GiB come on top each month
	storagePerMonth     money.Amount
	protectionType      string
}

const noGiB = 0

var extraKinds = []extraKind{
	{service: "VMware Independent Disk", noun: "disk", tier: tier2, leastGiB: 100, growthGiB: 5, storagePerMonth: 10 * penny},
	{service: "VMware Independent Disk", noun: "fast-disk", tier: tier1, leastGiB: 50, growthGiB: 2, storagePerMonth: 20 * penny},
	{service: "VMware Media", noun: "install.iso", tier: tier2, leastGiB: 4, growthGiB: noGiB, storagePerMonth: 10 * penny},
	{service: "VMware Template", noun: "template", tier: tier2, leastGiB: 20, growthGiB: noGiB, storagePerMonth: 10 * penny},
	{service: "High Performance Compute", noun: "hpc", price: 1200 * milli, machineType: "hpc.large", shape: shape{16, 131072}, gpuType: "compute", gpuCount: 2, gpuPrice: 750 * milli},
	{service: "OpenStack Virtual Machine", noun: "instance", openStack: true, price: 48 * milli, machineType: "m1.medium", shape: shape{2, 4096}},
	{service: "OpenStack Virtual Machine", noun: "render", openStack: true, price: 310 * milli, machineType: "g1.large", shape: shape{8, 32768}, gpuType: "visual", gpuCount: 1, gpuPrice: 400 * milli},
	{service: "OpenStack Block Storage Tier 1", noun: "volume-ssd", openStack: true, tier: tier1, leastGiB: 40, growthGiB: 1, storagePerMonth: 20 * penny},
	{service: "OpenStack Block Storage Tier 2", noun: "volume", openStack: true, tier: tier2, leastGiB: 200, growthGiB: 8, storagePerMonth: 10 * penny},
	{service: "OpenStack Image", noun: "image", openStack: true, tier: tier2, leastGiB: 10, growthGiB: noGiB, storagePerMonth: 10 * penny},
	{service: "OpenStack Instance Backup Storage", noun: "backup", openStack: true, tier: tier2, leastGiB: 60, growthGiB: 6, storagePerMonth: 10 * penny, protectionType: "Backup Storage"},
	{service: "CDSZ Walled Garden", noun: "walled garden", price: 680 * milli},
	{service: "Secure Remote Access", noun: "access", price: 190 * milli},
	{service: "Disaster Recovery as a Service", noun: "recovery", price: 250 * milli},
}

// addExtras gives a vOrg one of each kind, and large ones more.
func (e *estate) addExtras(v *vorg, d draw, vms int) {
	count := len(extraKinds)
	if vms < 10 {
		count = min(vms, 2)
	}
	count += min(vms/40, 40)
	for n := range count {
		d := d.of(topicExtra, int64(n))
		days := d.within(200, 1800)
		v.extras = append(v.extras, &extra{
			vorg: v, number: int64(n), draw: d, kind: &extraKinds[n%len(extraKinds)],
			period: int64(days) * day, phase: int64(d.of(topicPhase, 0).below(days*24)) * hour,
		})
	}
}

// rows calls yield with the rows of one day: one, or two when one thing takes
// another's place, or none.
func (x *extra) rows(dayStart int64, date string, yield func(*billRow) bool) bool {
	first, last := floorDiv(dayStart+x.phase, x.period), floorDiv(dayStart+day-1+x.phase, x.period)
	for generation := first; generation <= last; generation++ {
		d := x.draw.of(topicExtra, generation)
		if d.permille(120) && x.number >= int64(len(extraKinds)) {
			continue // empty for a while
		}
		created := generation*x.period - x.phase
		start, end := max(created, dayStart), min(created+x.period, dayStart+day)
		r := x.row(d, created, dayStart)
		r.date, r.start, r.end, r.hours = date, start, end, wholeHours(end-start)
		if !yield(&r) {
			return false
		}
	}
	return true
}

func (x *extra) row(d draw, created, dayStart int64) billRow {
	k := x.kind
	r := billRow{
		name: fmt.Sprintf("%s-%02d-%s", k.noun, x.number+1, d.hex(3)), id: d.uuid(), service: k.service,
		compute: k.price > 0, machineType: k.machineType, shape: k.shape, computePrice: k.price, domain: "ASSURED",
		gpuType: k.gpuType, gpuCount: k.gpuCount, gpuPrice: k.gpuPrice, protectionType: k.protectionType,
	}
	if k.openStack {
		r.projectID = x.vorg.account.projectID(x.draw)
		if dayStart < openStackRenamed && k.service == "OpenStack Virtual Machine" {
			r.service = "OpenStack Instance"
		}
	} else {
		r.vDC = x.vorg.vdcs[0].name
		r.id = "urn:vcloud:disk:" + r.id
	}
	if k.storagePerMonth > 0 {
		months := max(dayStart-created, 0) / (30 * day)
		used := int64(k.leastGiB+d.of(topicStorage, 0).below(2*k.leastGiB)) + months*int64(k.growthGiB)
		r.storage[k.tier] = storageUse{relevant: true, used: used, price: perHour(k.storagePerMonth)}
	}
	return r
}

// openStackRenamed is when "OpenStack Instance" became "OpenStack Virtual Machine".
var openStackRenamed = time.Date(2018, 12, 1, 0, 0, 0, 0, time.UTC).Unix()

// projectID is the OpenStack project that a resource belongs to: 32 hexadecimal
// digits, a few for each account.
func (a *account) projectID(d draw) string {
	d = mix(draw(d.below(3)) + draw(a.id))
	return d.hex(16) + d.of(topicExtra, 1).hex(16)
}
