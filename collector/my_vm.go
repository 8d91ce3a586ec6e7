package collector

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"ukcloud_exporter/portal"
)

func myVM() Definition {
	return define("my_vm", "The login's own virtual machines and vApps.", []string{"/api/my_vm"},
		every(5*time.Minute, time.Hour),
		func(d Deps, _ Schedule) Collector { return NewMyVM(d.Portal, d.Inventory) })
}

// MyVMAPI is what the my_vm collector asks of the portal.
type MyVMAPI interface {
	MyVM(context.Context, *portal.Answer[portal.MyVM]) (*portal.Answer[portal.MyVM], error)
}

// MyVM exposes the short list of VMs and vApps that the portal shows a user (API
// reference, GET /api/my_vm; recorded: the first ten VMs of each VDC).
type MyVM struct {
	api       MyVMAPI
	inventory Inventory
}

// NewMyVM returns the collector.
func NewMyVM(api MyVMAPI, inventory Inventory) *MyVM {
	return &MyVM{api: api, inventory: inventory}
}

// Collect implements Collector. The one answer is the one part.
func (c *MyVM) Collect(ctx context.Context, previous func(string) *Part, _ func(...Result)) ([]Result, error) {
	const key = "my_vm"
	accounts, err := c.inventory.Accounts(ctx)
	if err != nil {
		return nil, err
	}
	last := previous(key)
	old := dataOf[MyVMPart](last)
	var before *portal.Answer[portal.MyVM]
	if old != nil {
		before = old.Answer
	}
	answer, err := c.api.MyVM(ctx, before)
	switch {
	case err != nil:
		return []Result{{Key: key, Err: err}}, nil
	case old != nil && answer == old.Answer && slices.Equal(accounts, old.accounts):
		return []Result{{Key: key, Part: last}}, nil
	}
	return []Result{{Key: key, Part: newMyVMPart(answer, accounts)}}, nil
}

// MyVMPart is the data of the one part.
type MyVMPart struct {
	Answer   *portal.Answer[portal.MyVM]
	accounts []portal.Account
	vms      []myMachine
	vapps    []myVApp
}

// myMachine is a VM with its labels.
type myMachine struct {
	*portal.MyVMMachine
	labels      []string // account, vdc_name, vm
	accountName string
	power       powerState
	backup      backupState
}

// myVApp is a vApp with its labels.
type myVApp struct {
	*portal.MyVApp
	labels []string // account, vdc_name, vapp
	power  powerState
}

func newMyVMPart(answer *portal.Answer[portal.MyVM], accounts []portal.Account) *Part {
	p := &MyVMPart{Answer: answer, accounts: accounts}
	unknown := withMalformed(map[string]int{"ps": 0, "last_backup_status": 0}, answer.Malformed)
	for i := range answer.Value.Accounts {
		a := &answer.Value.Accounts[i]
		id, name, chosen := whose(a.Name, accounts)
		if !chosen {
			continue
		}
		for j := range a.VMs {
			v := &a.VMs[j]
			countImplausible(unknown, "billed_hours_powered_on", v.HoursOn)
			countImplausible(unknown, "billed_hours_powered_off", v.HoursOff)
			p.vms = append(p.vms, myMachine{
				MyVMMachine: v, labels: []string{id, v.VDCName, cmp.Or(v.URN, v.Name)}, accountName: name,
				power: myPower(v.PowerState, unknown), backup: myBackup(v.LastBackupStatus, unknown),
			})
		}
		for j := range a.VApps {
			v := &a.VApps[j]
			countImplausible(unknown, "total_vms", v.TotalVMs)
			p.vapps = append(p.vapps, myVApp{
				MyVApp: v, labels: []string{id, v.VDCName, cmp.Or(v.URN, v.Name)}, power: myPower(v.PowerState, unknown),
			})
		}
	}
	return &Part{p, unknown}
}

// whose finds the account that my_vm names. It gives no ids: recorded answers
// carry the account's name, the API reference's shape carries nothing, which is
// clear only for a login with one account. Where the id cannot be known, the
// name stands in the label. An account that is not configured is not chosen.
func whose(name string, accounts []portal.Account) (id, known string, chosen bool) {
	if name == "" {
		if len(accounts) == 1 {
			return accounts[0].ID, accounts[0].Name, true
		}
		return "", "", true
	}
	matches, named := 0, 0
	for _, a := range accounts {
		if a.Name != "" {
			named++
		}
		if a.Name == name {
			matches++
			id = a.ID
		}
	}
	switch {
	case matches == 1:
		return id, name, true
	case matches == 0 && named > 0 && named == len(accounts):
		return "", "", false
	default:
		return name, name, true
	}
}

// myPower reads ps, recorded as "On" and "Off".
func myPower(text string, unknown map[string]int) powerState {
	switch strings.ToLower(text) {
	case "on", "powered_on":
		return powerOn
	case "off", "powered_off":
		return powerOff
	case "", "unknown":
		return powerUnknown
	}
	unknown["ps"]++
	return powerUnknown
}

func myBackup(text string, unknown map[string]int) backupState {
	state, known := backupStateOf(text)
	if !known {
		unknown["last_backup_status"]++
	}
	return state
}

// eachMyVM and eachMyVApp are everything that is said of one of them.
var (
	eachMyVM = eachOf(func(p *MyVMPart) []myMachine { return p.vms },
		func(_ *MyVMPart, v *myMachine, values []string) []string { return append(values, v.labels...) }, "account", "vdc_name", "vm")
	eachMyVApp = eachOf(func(p *MyVMPart) []myVApp { return p.vapps },
		func(_ *MyVMPart, v *myVApp, values []string) []string { return append(values, v.labels...) }, "account", "vdc_name", "vapp")
)

// Families implements Collector.
func (*MyVM) Families() []Family {
	return []Family{
		eachMyVM.info("ukcloud_my_vm_info", "A virtual machine of my_vm, which lists at most ten per VDC.",
			[]string{"account", "vdc_name", "vm", "account_name", "vm_name", "size", "os"},
			(*MyVMPart).info, func(*myMachine) bool { return true }),
		eachMyVM.family("ukcloud_my_vm_powered_on", "1 if the VM of my_vm is powered on, 0 if it is off.",
			func(v *myMachine) (float64, bool) { return v.power.sample() }),
		eachMyVM.family("ukcloud_my_vm_cost_month_to_date_gbp", "Cost of the VM of my_vm since the first of the month.",
			func(v *myMachine) (float64, bool) { return pounds(v.MonthToDate) }),
		eachMyVM.family("ukcloud_my_vm_cost_month_estimate_gbp", "The portal's estimate of the cost of the VM of my_vm for the whole month.",
			func(v *myMachine) (float64, bool) { return pounds(v.Estimate) }),
		eachMyVM.byState("ukcloud_my_vm_billed_seconds", "Billed time of the VM of my_vm since the first of the month by power state.",
			"power_state",
			state[myMachine]{"on", func(v *myMachine) (float64, bool) { return times(v.HoursOn, secondsPerHour) }},
			state[myMachine]{"off", func(v *myMachine) (float64, bool) { return times(v.HoursOff, secondsPerHour) }}),
		eachMyVM.family("ukcloud_my_vm_backup_last_attempt_success", "1 if the last backup of the VM of my_vm succeeded, 0 if it failed; absent when there was no attempt.",
			func(v *myMachine) (float64, bool) { return v.backup.sample() }),
		eachMyVApp.family("ukcloud_my_vapp_cost_month_to_date_gbp", "Cost of the vApp of my_vm since the first of the month.",
			func(v *myVApp) (float64, bool) { return pounds(v.MonthToDate) }),
		eachMyVApp.family("ukcloud_my_vapp_cost_month_estimate_gbp", "The portal's estimate of the cost of the vApp of my_vm for the whole month.",
			func(v *myVApp) (float64, bool) { return pounds(v.Estimate) }),
		eachMyVApp.family("ukcloud_my_vapp_vms", "Virtual machines in the vApp of my_vm.",
			func(v *myVApp) (float64, bool) { return times(v.TotalVMs, 1) }),
		eachMyVApp.family("ukcloud_my_vapp_powered_on", "1 if the vApp of my_vm is powered on, 0 if it is off.",
			func(v *myVApp) (float64, bool) { return v.power.sample() }),
	}
}

func (*MyVMPart) info(v *myMachine, values []string) []string {
	return append(append(values, v.labels...), v.accountName, v.Name, v.Size, v.OS)
}
