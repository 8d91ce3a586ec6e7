package collector

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"ukcloud_exporter/internal/exposition"
	"ukcloud_exporter/money"
	"ukcloud_exporter/portal"
)

// MyVMAPI is what the my_vm collector asks of the portal.
type MyVMAPI interface {
	MyVM(context.Context, *portal.Answer[portal.MyVM]) (*portal.Answer[portal.MyVM], error)
}

// MyVM exposes the short list of VMs and vApps that the portal shows a user (API
// reference, GET /api/my_vm; recorded: the first ten VMs of each VDC).
type MyVM struct {
	api       MyVMAPI
	directory *Directory
	table     families[*myVM]
}

// NewMyVM returns the collector.
func NewMyVM(api MyVMAPI, directory *Directory) *MyVM {
	return &MyVM{api: api, directory: directory, table: myVMFamilies()}
}

// Name implements Collector.
func (*MyVM) Name() string { return "my_vm" }

// Families implements Collector.
func (c *MyVM) Families() []*exposition.Desc { return c.table.descs() }

// Collect implements Collector. The one answer is the one part.
func (c *MyVM) Collect(ctx context.Context, previous func(string) Part) ([]Result, error) {
	accounts, err := c.directory.Accounts(ctx)
	if err != nil {
		return nil, err
	}
	last := previous(c.Name())
	old, _ := dataOf[*myVM](last)
	var before *portal.Answer[portal.MyVM]
	if old != nil {
		before = old.answer
	}
	answer, err := c.api.MyVM(ctx, before)
	switch {
	case err != nil:
		return []Result{{Key: c.Name(), Err: err}}, nil
	case old != nil && answer == old.answer && slices.Equal(accounts, old.accounts):
		return []Result{{Key: c.Name(), Part: last}}, nil
	}
	data, unknown := newMyVM(answer, accounts)
	return []Result{{Key: c.Name(), Part: &part[*myVM]{data, c.table, unknown}}}, nil
}

// myVM is the answer with the labels of its rows.
type myVM struct {
	answer   *portal.Answer[portal.MyVM]
	accounts []portal.Account
	vms      []myMachine
	vapps    []myVApp
}

type myMachine struct {
	labels  exposition.Labels // account, vdc_name, vm
	account string
	name    string // of the account
	power   powerState
	backup  backupState
	*portal.MyVMMachine
}

type myVApp struct {
	labels exposition.Labels // account, vdc_name, vapp
	power  powerState
	*portal.MyVApp
}

func newMyVM(answer *portal.Answer[portal.MyVM], accounts []portal.Account) (*myVM, map[string]int) {
	data := &myVM{answer: answer, accounts: accounts}
	unknown := map[string]int{"ps": 0, "last_backup_status": 0}
	for i := range answer.Value.Accounts {
		a := &answer.Value.Accounts[i]
		id, name, chosen := whose(a.Name, accounts)
		if !chosen {
			continue
		}
		for j := range a.VMs {
			v := &a.VMs[j]
			data.vms = append(data.vms, myMachine{
				labels:  exposition.LabelsOf("account", id, "vdc_name", v.VDCName, "vm", cmp.Or(v.URN, v.Name)),
				account: id, name: name,
				power: myPower(v.PowerState, unknown), backup: myBackup(v.LastBackupStatus, unknown),
				MyVMMachine: v,
			})
		}
		for j := range a.VApps {
			v := &a.VApps[j]
			data.vapps = append(data.vapps, myVApp{
				labels: exposition.LabelsOf("account", id, "vdc_name", v.VDCName, "vapp", cmp.Or(v.URN, v.Name)),
				power:  myPower(v.PowerState, unknown),
				MyVApp: v,
			})
		}
	}
	return data, unknown
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

func myVMFamilies() families[*myVM] {
	return append(families[*myVM]{
		{exposition.Desc{
			Name:   "ukcloud_my_vm_info",
			Labels: []string{"account", "vdc_name", "vm", "account_name", "vm_name", "size", "os"},
			Help:   "A virtual machine of my_vm, which lists at most ten per VDC.",
		}, func(d *myVM, w *exposition.Writer) {
			for _, v := range d.vms {
				w.Int(v.labels, 1, "account_name", v.name, "vm_name", v.Name, "size", v.Size, "os", v.OS)
			}
		}},
		ofEachMyVM("ukcloud_my_vm_powered_on", "1 if the VM of my_vm is powered on, 0 if it is off.",
			func(v *myMachine, w *exposition.Writer) {
				if v.power != powerUnknown {
					w.Bool(v.labels, v.power == powerOn)
				}
			}),
		ofEachMyVM("ukcloud_my_vm_cost_month_to_date_gbp", "Cost of the VM of my_vm since the first of the month.",
			func(v *myMachine, w *exposition.Writer) { writeMoney(w, v.labels, v.MonthToDate) }),
		ofEachMyVM("ukcloud_my_vm_cost_month_estimate_gbp", "The portal's estimate of the cost of the VM of my_vm for the whole month.",
			func(v *myMachine, w *exposition.Writer) { writeMoney(w, v.labels, v.Estimate) }),
		ofEachMyVM("ukcloud_my_vm_billed_seconds", "Billed time of the VM of my_vm since the first of the month by power state.",
			func(v *myMachine, w *exposition.Writer) {
				if v.HoursOn.Valid {
					w.Int(v.labels, v.HoursOn.Value*3600, "power_state", "on")
				}
				if v.HoursOff.Valid {
					w.Int(v.labels, v.HoursOff.Value*3600, "power_state", "off")
				}
			}, "power_state"),
		ofEachMyVM("ukcloud_my_vm_backup_last_attempt_success", "1 if the last backup of the VM of my_vm succeeded, 0 if it failed; absent when there was no attempt.",
			func(v *myMachine, w *exposition.Writer) {
				if v.backup == backupSuccessful || v.backup == backupFailed {
					w.Bool(v.labels, v.backup == backupSuccessful)
				}
			}),
	}, myVAppFamilies()...)
}

func myVAppFamilies() families[*myVM] {
	return families[*myVM]{
		ofEachMyVApp("ukcloud_my_vapp_cost_month_to_date_gbp", "Cost of the vApp of my_vm since the first of the month.",
			func(v *myVApp, w *exposition.Writer) { writeMoney(w, v.labels, v.MonthToDate) }),
		ofEachMyVApp("ukcloud_my_vapp_cost_month_estimate_gbp", "The portal's estimate of the cost of the vApp of my_vm for the whole month.",
			func(v *myVApp, w *exposition.Writer) { writeMoney(w, v.labels, v.Estimate) }),
		ofEachMyVApp("ukcloud_my_vapp_vms", "Virtual machines in the vApp of my_vm.",
			func(v *myVApp, w *exposition.Writer) {
				if v.TotalVMs.Valid {
					w.Int(v.labels, v.TotalVMs.Value)
				}
			}),
		ofEachMyVApp("ukcloud_my_vapp_powered_on", "1 if the vApp of my_vm is powered on, 0 if it is off.",
			func(v *myVApp, w *exposition.Writer) {
				if v.power != powerUnknown {
					w.Bool(v.labels, v.power == powerOn)
				}
			}),
	}
}

func writeMoney(w *exposition.Writer, l exposition.Labels, amount portal.Optional[money.Amount]) {
	if amount.Valid {
		w.Money(l, amount.Value)
	}
}

func ofEachMyVM(name, help string, write func(*myMachine, *exposition.Writer), more ...string) family[*myVM] {
	return family[*myVM]{
		exposition.Desc{Name: name, Help: help, Labels: append([]string{"account", "vdc_name", "vm"}, more...)},
		func(d *myVM, w *exposition.Writer) {
			for i := range d.vms {
				write(&d.vms[i], w)
			}
		},
	}
}

func ofEachMyVApp(name, help string, write func(*myVApp, *exposition.Writer)) family[*myVM] {
	return family[*myVM]{
		exposition.Desc{Name: name, Help: help, Labels: []string{"account", "vdc_name", "vapp"}},
		func(d *myVM, w *exposition.Writer) {
			for i := range d.vapps {
				write(&d.vapps[i], w)
			}
		},
	}
}
