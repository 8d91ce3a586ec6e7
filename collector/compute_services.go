package collector

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"strings"
	"time"

	"ukcloud_exporter/money"
	"ukcloud_exporter/portal"
)

func computeServices() Definition {
	return define("compute_services", "Virtual machines: size, power, cost, backups.",
		[]string{"/api/accounts/:account_id/compute_services"},
		ComputeSettings{Schedule: every(time.Minute, time.Hour), Families: AllFamilies},
		func(d Deps, s ComputeSettings) Collector { return NewComputeServices(d.Inventory, s) })
}

// ComputeSettings are the settings of the compute_services collector.
type ComputeSettings struct {
	Schedule
	Families VMFamilies `key:"families" doc:"What there is of each VM: all, or core, which has CPUs, memory, storage, whether a VM is backed up and for how long by VDC only; a third of the series less. See docs/operating.md."`
}

// ComputeServices exposes VMs with their power state, cost and backups (API
// reference, GET /api/accounts/:account_id/compute_services), as the inventory
// lists them.
type ComputeServices struct {
	inventory Inventory
	families  VMFamilies
}

// NewComputeServices returns the collector.
func NewComputeServices(inventory Inventory, s ComputeSettings) *ComputeServices {
	return &ComputeServices{inventory, s.Families}
}

// Collect implements Collector. A part is an account.
func (c *ComputeServices) Collect(ctx context.Context, previous func(string) *Part, publish func(...Result)) ([]Result, error) {
	began := time.Now()
	accounts, err := c.inventory.Accounts(ctx)
	if err != nil {
		return nil, err
	}
	return fetchAccounts(ctx, accounts, publish, func(ctx context.Context, account portal.Account) (*Part, error) {
		estate, err := c.inventory.Estate(ctx, account.ID, began)
		if err != nil {
			return nil, err
		}
		last := previous(account.ID)
		if old := dataOf[ComputePart](last); old != nil && old.Estate == estate && old.Account == account {
			return last, nil
		}
		return newComputePart(account, estate), nil
	}), nil
}

// ComputePart is the data of a part: what one account has.
type ComputePart struct {
	Account portal.Account
	Estate  *portal.Answer[portal.Estate]
	// CostProvided: some VM has money that is not zero. The portal stopped
	// keeping money in this answer in 2020 and sends zeros since.
	CostProvided bool

	vms []vm
}

// vm is a virtual machine.
type vm struct {
	*portal.VM
	again bool // an earlier VM has the same labels
}

// id is the label vm.
func (v *vm) id() string { return cmp.Or(v.URN, v.Name) }

func newComputePart(account portal.Account, estate *portal.Answer[portal.Estate]) *Part {
	p := &ComputePart{Account: account, Estate: estate}
	unknown := map[string]int{"powerStatus": 0, "lastBackupStatus": 0, "size": 0}
	withMalformed(unknown, estate.Malformed)
	type identity struct{ vdc, vm string }
	seen := map[identity]bool{}
	number := 0
	for range estate.Value.VMs() {
		number++
	}
	sizes := map[string]bool{} // whether they are known
	p.vms = make([]vm, 0, number)
	for each := range estate.Value.VMs() {
		v := vm{VM: each}
		id := identity{v.VApp.VDC.URN, v.id()}
		v.again, seen[id] = seen[id], true
		p.vms = append(p.vms, v)
		if (v.MonthToDate.Valid && v.MonthToDate.Value != 0) || (v.Estimate.Valid && v.Estimate.Value != 0) {
			p.CostProvided = true
		}
		countUnknown(each, sizes, unknown)
	}
	return &Part{p, unknown}
}

// countUnknown counts the values of a VM that the API reference does not list.
func countUnknown(v *portal.VM, sizes map[string]bool, unknown map[string]int) {
	if _, known := powerOf(v.PowerStatus); !known {
		unknown["powerStatus"]++
	}
	if _, known := backupStateOf(v.LastBackupStatus); !known {
		unknown["lastBackupStatus"]++
	}
	known, met := sizes[v.Size]
	if !met {
		known = knownSize(v.Size)
		sizes[v.Size] = known
	}
	if !known {
		unknown["size"]++
	}
	countImplausible(unknown, "numberOfCPUs", v.CPUs)
	countImplausible(unknown, "memory", v.MemoryMiB)
	countImplausible(unknown, "storage", v.StorageMiB)
	countImplausible(unknown, "retentionLength", v.RetentionDays)
	countImplausible(unknown, "billedHoursPoweredOn", v.HoursOn)
	countImplausible(unknown, "billedHoursPoweredOff", v.HoursOff)
	for i := range v.Backups {
		b := &v.Backups[i]
		if b.Start != 0 && !plausibleTime(b.Start) {
			unknown["backupStart"]++
		}
		if b.End != 0 && endOf(b) == 0 {
			unknown["backupEnd"]++
		}
	}
}

// Machine is a virtual machine in the words of the metrics, for pages.
type Machine struct {
	*portal.VM
	ID          string                     // its URN, or its name where it has none
	Power       string                     // on, off or unknown
	Backup      string                     // as the label backup_state
	LastAttempt portal.Optional[time.Time] // start of the last backup
	LastSuccess portal.Optional[time.Time] // end of the last backup that can be restored
}

// Machines returns the VMs of the account, each once.
func (p *ComputePart) Machines() iter.Seq[Machine] {
	return func(yield func(Machine) bool) {
		for i := range p.vms {
			v := &p.vms[i]
			power, _ := powerOf(v.PowerStatus)
			backup, _ := backupStateOf(v.LastBackupStatus)
			m := Machine{
				VM: v.VM, ID: v.id(), Power: powerStates[power], Backup: backupStates[backup],
				LastAttempt: lastBackup(v).Start.Time(), LastSuccess: lastSuccess(v).Time(),
			}
			if !v.again && !yield(m) {
				return
			}
		}
	}
}

// eachVM is everything that is said of one VM.
var eachVM = eachOf(func(p *ComputePart) []vm { return p.vms },
	func(p *ComputePart, v *vm, values []string) []string {
		return append(values, p.Account.ID, v.VApp.VDC.URN, v.id())
	}, "account", "vdc", "vm")

// Families implements Collector.
func (c *ComputeServices) Families() []Family {
	families := slices.Concat(estateFamilies(), vmFamilies(), backupFamilies())
	if c.families == CoreFamilies {
		return withTotals(families)
	}
	return families
}

func estateFamilies() []Family {
	return []Family{
		family("ukcloud_account_info", "An account that the login sees.", []string{"account", "account_name"},
			func(p *ComputePart) []Sample { return one(1, p.Account.ID, p.Account.Name) }),
		family("ukcloud_vorg_info", "A compute service (vOrg).", []string{"account", "vorg", "vorg_name"},
			(*ComputePart).vorgInfo),
		family("ukcloud_vdc_info", "A virtual data centre (VDC).", []string{"account", "vorg", "vdc", "vdc_name"},
			(*ComputePart).vdcInfo),
		eachVM.info("ukcloud_vm_info", "A virtual machine with the names of what it is in. Join on account, vdc and vm.",
			[]string{"account", "vorg", "vdc", "vapp", "vm", "vm_name", "vapp_name", "vdc_name", "vorg_name", "size", "os"},
			(*ComputePart).vmInfo, func(v *vm) bool { return !v.again }), // two names for one VM would break every join
		family("ukcloud_vms", "Virtual machines in a VDC by power state: on, off or unknown.",
			[]string{"account", "vdc", "power_state"},
			func(p *ComputePart) []Sample {
				return p.countByVDC(powerStates[:], func(v *vm) int { power, _ := powerOf(v.PowerStatus); return int(power) })
			}),
		family("ukcloud_compute_cost_provided",
			"1 if compute_services gives costs for the account; 0 if all of its money is zero, as the portal sends since 2020.",
			[]string{"account"},
			func(p *ComputePart) []Sample {
				if len(p.vms) == 0 {
					return nil
				}
				return one(number(p.CostProvided), p.Account.ID)
			}),
	}
}

func (p *ComputePart) vorgInfo() (samples []Sample) {
	for _, v := range firstOf(slices.Values(p.Estate.Value), func(v *portal.VOrg) string { return v.ServiceID }) {
		samples = append(samples, Sample{Labels: []string{p.Account.ID, v.ServiceID, v.Name}, Value: 1})
	}
	return samples
}

func (p *ComputePart) vdcInfo() (samples []Sample) {
	for _, v := range p.vdcs() {
		samples = append(samples, Sample{Labels: []string{p.Account.ID, v.VOrg.ServiceID, v.URN, v.Name}, Value: 1})
	}
	return samples
}

func (p *ComputePart) vdcs() []*portal.VDC {
	return firstOf(p.Estate.Value.VDCs(), func(v *portal.VDC) string { return v.URN })
}

// firstOf keeps the first of those with the same id: two names for one id would
// break every join.
func firstOf[T any](all iter.Seq[T], id func(T) string) (first []T) {
	seen := map[string]bool{}
	for v := range all {
		if !seen[id(v)] {
			seen[id(v)] = true
			first = append(first, v)
		}
	}
	return first
}

func (p *ComputePart) vmInfo(v *vm, values []string) []string {
	app, vdc := v.VApp, v.VApp.VDC
	return append(values, p.Account.ID, vdc.VOrg.ServiceID, vdc.URN, app.URN, v.id(),
		v.Name, app.Name, vdc.Name, vdc.VOrg.Name, v.Size, v.OS)
}

// countByVDC counts the VMs of each VDC by state. Every state of every VDC is
// there, also with 0.
func (p *ComputePart) countByVDC(states []string, stateOf func(*vm) int) (samples []Sample) {
	counts := map[string][]int{}
	for v := range p.Estate.Value.VDCs() {
		counts[v.URN] = make([]int, len(states))
	}
	var last *portal.VDC // VMs of one VDC stand behind each other
	var of []int
	for i := range p.vms {
		v := &p.vms[i]
		if v.again {
			continue
		}
		if vdc := v.VApp.VDC; vdc != last {
			last, of = vdc, counts[vdc.URN]
		}
		of[stateOf(v)]++
	}
	for _, v := range p.vdcs() {
		for i, state := range states {
			samples = append(samples, Sample{Labels: []string{p.Account.ID, v.URN, state}, Value: float64(counts[v.URN][i])})
		}
	}
	return samples
}

const (
	mebibyte       = 1 << 20
	secondsPerHour = 60 * 60
	secondsPerDay  = 24 * secondsPerHour
)

func vmFamilies() []Family {
	return []Family{
		eachVM.family("ukcloud_vm_powered_on", "1 if the VM is powered on, 0 if it is off; absent when the portal does not know.",
			func(v *vm) (float64, bool) { power, _ := powerOf(v.PowerStatus); return power.sample() }),
		eachVM.family("ukcloud_vm_cpus", "Virtual CPUs of the VM.",
			func(v *vm) (float64, bool) { return times(v.CPUs, 1) }),
		eachVM.family("ukcloud_vm_memory_bytes", "Memory allocated to the VM.",
			func(v *vm) (float64, bool) { return times(v.MemoryMiB, mebibyte) }),
		eachVM.family("ukcloud_vm_storage_bytes", "Storage allocated to the VM.",
			func(v *vm) (float64, bool) { return times(v.StorageMiB, mebibyte) }),
		eachVM.where(costProvided, "ukcloud_vm_cost_month_to_date_gbp", "Cost of the VM since the first of the month, without VAT and without backup.",
			func(v *vm) (float64, bool) { return pounds(v.MonthToDate) }),
		eachVM.where(costProvided, "ukcloud_vm_cost_month_estimate_gbp", "The portal's estimate of the VM's cost for the whole month; absent at the beginning of a month.",
			func(v *vm) (float64, bool) { return pounds(v.Estimate) }),
		eachVM.byState("ukcloud_vm_billed_seconds", "Billed time of the VM since the first of the month by power state; the portal bills whole hours.",
			"power_state",
			state[vm]{"on", func(v *vm) (float64, bool) { return times(v.HoursOn, secondsPerHour) }},
			state[vm]{"off", func(v *vm) (float64, bool) { return times(v.HoursOff, secondsPerHour) }}),
	}
}

// costProvided leaves out accounts that have no costs: where all money is zero it
// is not provided, and absent is not free.
func costProvided(p *ComputePart) bool { return p.CostProvided }

func backupFamilies() []Family {
	return []Family{
		eachVM.family("ukcloud_vm_backup_enabled", "1 if the VM is backed up, 0 if it is excluded.",
			func(v *vm) (float64, bool) { return number(v.InBackup.Value), v.InBackup.Valid }),
		eachVM.family("ukcloud_vm_backup_last_attempt_success", "1 if the last backup succeeded, 0 if it failed; absent when there was no attempt.",
			func(v *vm) (float64, bool) { state, _ := backupStateOf(v.LastBackupStatus); return state.sample() }),
		eachVM.family("ukcloud_vm_backup_last_attempt_timestamp_seconds", "Start of the last backup.",
			func(v *vm) (float64, bool) { return unix(lastBackup(v).Start) }),
		eachVM.family("ukcloud_vm_backup_last_success_timestamp_seconds", "End of the last backup that succeeded, among those that the portal still lists.",
			func(v *vm) (float64, bool) { return unix(lastSuccess(v)) }),
		eachVM.family("ukcloud_vm_backup_last_duration_seconds", "Duration of the last backup.",
			func(v *vm) (float64, bool) {
				b := lastBackup(v)
				end := endOf(&b)
				return float64(end - b.Start), end != 0 && plausibleTime(b.Start)
			}),
		eachVM.family("ukcloud_vm_backup_retention_seconds", "How long backups of the VM are kept.",
			func(v *vm) (float64, bool) { return times(v.RetentionDays, secondsPerDay) }),
		family("ukcloud_vms_by_backup_state", "Virtual machines in a VDC by state of their last backup.",
			[]string{"account", "vdc", "backup_state"},
			func(p *ComputePart) []Sample {
				return p.countByVDC(backupStates[:], func(v *vm) int { state, _ := backupStateOf(v.LastBackupStatus); return int(state) })
			}),
	}
}

// lastBackup returns a VM's newest backup; the portal lists the newest first.
func lastBackup(v *vm) (newest portal.Backup) {
	if len(v.Backups) > 0 {
		newest = v.Backups[0]
	}
	return newest
}

// lastSuccess returns the end of a VM's newest backup that can be restored.
// Recorded: one night twice, and nights missing, so it is looked for by its time.
func lastSuccess(v *vm) (end portal.Moment) {
	for i := range v.Backups {
		b := &v.Backups[i]
		if ended := endOf(b); restorable(b.Status) && ended > end {
			end = ended
		}
	}
	return end
}

// endOf returns when a backup ended. An end that cannot be meant, or lies before the
// start, is not known.
func endOf(b *portal.Backup) (end portal.Moment) {
	if plausibleTime(b.End) && b.End >= b.Start {
		end = b.End
	}
	return end
}

// restorable reports whether one backup ended well. "Completed w/Exception(s)" left
// a backup that can be restored; "Failed", "Timed Out - Start", "Timed Out -
// End" and "Client Backup Disabled" (recorded) did not.
func restorable(status string) bool {
	const completed = "Completed"
	return len(status) >= len(completed) && strings.EqualFold(status[:len(completed)], completed)
}

// times is a count in units of so many base units, when the portal gave one.
func times(n portal.Optional[int64], units int64) (value float64, known bool) {
	return float64(n.Value) * float64(units), n.Valid && plausible(n.Value)
}

// maxCount is more than any VM has of anything: in MiB it is 8 PiB, in hours a million
// years.
const maxCount = 1 << 33

// plausible reports whether a count of the portal's can be meant. What is not is
// absent, and counted as an unknown value.
func plausible(n int64) bool { return n >= 0 && n <= maxCount }

// plausibleTime reports whether a time of the portal's can be meant: not one of before
// there were such portals, and none of 2200 or later.
func plausibleTime(at portal.Moment) bool { return at.Unix() > 0 && at.Unix() < 7258118400 }

// countImplausible counts a value that is not plausible.
func countImplausible(unknown map[string]int, field string, n portal.Optional[int64]) {
	if n.Valid && !plausible(n.Value) {
		unknown[field]++
	}
}

func pounds(amount portal.Optional[money.Amount]) (value float64, known bool) {
	return amount.Value.Float64(), amount.Valid
}

func unix(at portal.Moment) (value float64, known bool) {
	return float64(at.Unix()), plausibleTime(at)
}

// powerState is ukcloud_vms' label.
type powerState uint8

const (
	powerUnknown powerState = iota
	powerOn
	powerOff
)

var powerStates = [...]string{powerUnknown: "unknown", powerOn: "on", powerOff: "off"}

// powerOf reads powerStatus. known is false for a value that the API reference
// does not list.
func powerOf(status string) (state powerState, known bool) {
	switch {
	case strings.EqualFold(status, "POWERED_ON"):
		return powerOn, true
	case strings.EqualFold(status, "POWERED_OFF"):
		return powerOff, true
	case status == "", strings.EqualFold(status, "UNKNOWN"):
		return powerUnknown, true
	default:
		return powerUnknown, false
	}
}

// sample is 1 for on and 0 for off.
func (s powerState) sample() (value float64, known bool) {
	return number(s == powerOn), s != powerUnknown
}

// backupState is lastBackupStatus as a label.
type backupState uint8

const (
	backupUnknown backupState = iota
	backupSuccessful
	backupFailed
	backupNoData
	backupExcluded
	backupNotInPolicy
)

var backupStates = [...]string{
	backupUnknown:     "unknown",
	backupSuccessful:  "successful",
	backupFailed:      "failed",
	backupNoData:      "no_data",
	backupExcluded:    "excluded",
	backupNotInPolicy: "not_in_policy",
}

// backupStateOf reads lastBackupStatus. known is false for a value that the API
// reference does not list.
func backupStateOf(status string) (state backupState, known bool) {
	switch {
	case strings.EqualFold(status, "Successful"):
		return backupSuccessful, true
	case strings.EqualFold(status, "Failed"):
		return backupFailed, true
	case strings.EqualFold(status, "No data for last backup"):
		return backupNoData, true
	case strings.EqualFold(status, "Excluded from backup"):
		return backupExcluded, true
	case strings.EqualFold(status, "Not in policy"):
		return backupNotInPolicy, true
	case status == "":
		return backupUnknown, true
	default:
		return backupUnknown, false
	}
}

// sample is 1 for a success and 0 for a failure.
func (s backupState) sample() (value float64, known bool) {
	return number(s == backupSuccessful), s == backupSuccessful || s == backupFailed
}

// knownSize reports whether a size is in the catalogue. The API reference writes
// "Tier 1 App Large", the portal wrote "Tier 1 app large", later documents "Tier
// 1 Apps Large" and an Extra Large that no enumeration has.
func knownSize(size string) bool {
	switch strings.Replace(strings.ToLower(size), "tier 1 apps", "tier 1 app", 1) {
	case "", "micro", "tiny", "small", "medium", "medium high memory", "large", "large high memory",
		"tier 1 app small", "tier 1 app medium", "tier 1 app large", "tier 1 app extra large":
		return true
	}
	return false
}
