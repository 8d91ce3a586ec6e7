package simulator

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"ukcloud_exporter/money"
)

// Component is a part of a bill, named as in the metrics.
type Component string

// The components of a row's TotalPrice.
const (
	Compute      Component = "compute"
	GPU          Component = "gpu"
	StorageTier1 Component = "storage_tier1"
	StorageTier2 Component = "storage_tier2"
	StorageGeo   Component = "storage_geo"
	Protection   Component = "protection"
	Licence      Component = "licence"
)

// components in the order of billRow.parts.
var components = [7]Component{Compute, GPU, StorageTier1, StorageTier2, StorageGeo, Protection, Licence}

// VM is what the portal knows of one VM at its present tick.
type VM struct {
	Account             string // id
	ServiceID, VOrg     string
	VDCURN, VDC         string
	VAppURN, VApp       string
	URN, Name, Size, OS string
	PowerStatus         string
	CPUs                int
	MemoryMiB           int
	StorageMiB          int
	MonthToDate         money.Amount // pennies, as compute_services shows them; 0 in Era2020
	Estimate            money.Amount
	HasEstimate         bool // false at the month's beginning, when the field is null
	HoursOn, HoursOff   int64
	InBackup            bool
	LastBackupStatus    string
	Created             time.Time
	Backups             int
	Protected           bool // FailBackup and HealBackup work on it
}

// VMs lists every VM: the drawn ones in the order of compute_services, then
// those of VDCs that users built.
func (p *Portal) VMs() []VM {
	tick := p.tick()
	slots := p.slots(p.now().Unix())
	list := make([]VM, 0, len(slots))
	for _, s := range slots {
		list = append(list, p.vm(p.estate.machineAt(s, tick), tick))
	}
	return list
}

func (p *Portal) vm(m *machine, tick int64) VM {
	a := m.slot.vapp
	x, v := a.vdc, a.vdc.vorg
	c, l := m.configOn(tick/day), p.live(m, tick)
	if p.options.Era == Era2020 {
		l = live{estimated: true}
	}
	backups := p.backupsAt(nil, m, tick)
	protection := m.protection(backups)
	return VM{
		Account: strconv.Itoa(v.account.id), ServiceID: v.serviceID, VOrg: v.name, VDCURN: x.urn, VDC: x.name,
		VAppURN: a.urn, VApp: a.name, URN: m.urn, Name: m.name, Size: c.size.name, OS: m.os, PowerStatus: m.powerStatus(tick),
		CPUs: c.shape.cpus, MemoryMiB: c.shape.memory, StorageMiB: p.shownStorage(c, tick),
		MonthToDate: l.monthToDate, Estimate: l.estimate, HasEstimate: l.estimated, HoursOn: l.hoursOn, HoursOff: l.hoursOff,
		InBackup: protection.inBackup, LastBackupStatus: protection.lastStatus, Created: time.Unix(m.created, 0).UTC(),
		Backups: len(backups), Protected: m.protected && m.quirk != noBackupData,
	}
}

// AccountIDs returns the ids of the accounts that the login sees.
func (p *Portal) AccountIDs() []string {
	var ids []string
	for _, a := range p.estate.accounts {
		ids = append(ids, strconv.Itoa(a.id))
	}
	return ids
}

// ServiceIDs returns the compute services of an account, empty ones too.
func (p *Portal) ServiceIDs(accountID string) []string {
	var ids []string
	if a := p.estate.account(accountID); a != nil {
		for _, v := range p.vorgs(a, p.now().Unix()) {
			ids = append(ids, v.serviceID)
		}
	}
	return ids
}

// Bill is the truth about one bill, summed from its rows before they were
// written. Cells spoiled by SpoilRow do not change it.
type Bill struct {
	OrgID, Period string
	DataThrough   time.Time // end of the last day with data, UTC; the month's start when there is none
	Rows          int
	Total         money.Amount
	Components    map[Component]money.Amount
	Services      map[string]money.Amount
	VDCs          map[string]money.Amount // by name, "" for what is in none
	Resources     map[string]money.Amount // by ResourceId
	Days          map[string]money.Amount // by EventDate
	Hours         map[string]int64        // by power state
}

// Bill sums up a bill as the portal serves it now. An unknown compute service
// or a period that is not YYYY-MM is an error.
func (p *Portal) Bill(orgID, period string) (Bill, error) {
	start, err := parsePeriod(period)
	if err != nil {
		return Bill{}, fmt.Errorf("bill %q: %w", period, err)
	}
	now := p.now()
	v := p.service(orgID, now.Unix())
	if v == nil {
		return Bill{}, fmt.Errorf("bill: no compute service %q", orgID)
	}
	_, to := p.billed(start, now)
	bill := Bill{
		OrgID: orgID, Period: period, DataThrough: time.Unix(to, 0).UTC(),
		Components: map[Component]money.Amount{}, Services: map[string]money.Amount{}, VDCs: map[string]money.Amount{},
		Resources: map[string]money.Amount{}, Days: map[string]money.Amount{}, Hours: map[string]int64{},
	}
	for r := range p.billRows(v, start, now) {
		bill.add(r)
	}
	return bill, nil
}

func (b *Bill) add(r *billRow) {
	total := r.total()
	b.Rows++
	b.Total += total
	b.Services[r.service] += total
	b.VDCs[r.vDC] += total
	b.Resources[r.id] += total
	b.Days[r.date] += total
	b.Hours[r.powerState] += r.hours
	for i, part := range r.parts() {
		b.Components[components[i]] += part
	}
}

// Endpoints returns the names that a fault can be set for.
func Endpoints() []string { return slices.Clone(endpoints) }
