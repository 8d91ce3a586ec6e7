package simulator

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"ukcloud_exporter/money"
)

type myVMAccount struct {
	VApps []map[string][]myVApp
	VMs   []map[string][]myVMachine
}

type myVApp struct {
	ID                    int `json:"_id"`
	URN, Name, PS         string
	TotalVMs              int     `json:"total_vms"`
	MonthToDate           string  `json:"month_to_date"`
	EstimatedMonthlyTotal *string `json:"estimated_monthly_total"`
}

type myVMachine struct {
	ID                    int `json:"_id"`
	URN, Name, PS, OS     string
	Size, Comment         *string
	CPU, Mem, Storage     string
	CreatedAt             string  `json:"created_at"`
	UpdatedAt             string  `json:"updated_at"`
	MonthToDate           string  `json:"month_to_date"`
	EstimatedMonthlyTotal *string `json:"estimated_monthly_total"`
	LastBackupStatus      string  `json:"last_backup_status"`
	InBackup              bool    `json:"in_backup"`
	LastBackup            string  `json:"last_backup"`
	RetentionLength       *int    `json:"retention_length"`
	BilledHoursOn         *int64  `json:"billed_hours_powered_on"`
	BilledHoursOff        *int64  `json:"billed_hours_powered_off"`
	Backups               []map[string]*string
}

// decodeMyVM splits the accounts from the warning beside them.
func decodeMyVM(t *testing.T, text string) map[string]myVMAccount {
	t.Helper()
	var parts map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &parts); err != nil {
		t.Fatal(err)
	}
	var warning string
	if err := json.Unmarshal(parts["warning"], &warning); err != nil || !strings.Contains(warning, "deprecated") {
		t.Errorf("warning %q, %v", warning, err)
	}
	delete(parts, "warning")
	accounts := map[string]myVMAccount{}
	for name, part := range parts {
		decoder := json.NewDecoder(strings.NewReader(string(part)))
		decoder.DisallowUnknownFields()
		var account myVMAccount
		if err := decoder.Decode(&account); err != nil {
			t.Fatal(err)
		}
		accounts[name] = account
	}
	return accounts
}

func TestMyVMAgreesWithComputeServices(t *testing.T) {
	p := newPortal(t, Options{Accounts: 2, VMs: 300})
	v := visit(t, p)
	vms, perVDC, perVApp := map[string]VM{}, map[string]int{}, map[string]money.Amount{}
	for _, vm := range p.VMs() {
		vms[vm.URN] = vm
		perVDC[vm.VDCURN]++
		perVApp[vm.VAppURN] += vm.MonthToDate
	}
	listed, want := 0, 0
	for _, count := range perVDC {
		want += min(count, 10)
	}
	clock := regexp.MustCompile(`^\d{2}/\d{2}/\d{4} \d{2}:\d{2}$`)
	accounts := decodeMyVM(t, v.body("my_vm"))
	if len(accounts) != 2 {
		t.Fatalf("%d accounts", len(accounts))
	}
	for _, account := range accounts {
		for _, list := range account.VMs {
			for vdc, machines := range list {
				for _, m := range machines {
					vm := vms[m.URN]
					power := map[string]string{"On": "POWERED_ON", "Off": "POWERED_OFF", "Unknown": "UNKNOWN"}[m.PS]
					if vm.Name != m.Name || vm.VDC != vdc || vm.PowerStatus != power || *m.Size != strings.ToLower(vm.Size) || vm.LastBackupStatus != m.LastBackupStatus || vm.Backups != len(m.Backups) {
						t.Errorf("%+v, in compute_services %+v", m, vm)
					}
					if m.MonthToDate != "£"+string(appendPennies(nil, vm.MonthToDate)) || !clock.MatchString(m.CreatedAt) || m.CPU != strconv.Itoa(vm.CPUs)+"x2GHz" {
						t.Errorf("%+v, in compute_services %+v", m, vm)
					}
				}
				if len(machines) > 0 && len(machines) != min(perVDC[vms[machines[0].URN].VDCURN], 10) {
					t.Errorf("%d VMs of VDC %s", len(machines), vdc)
				}
				listed += len(machines)
			}
		}
		for _, list := range account.VApps {
			for _, vapps := range list {
				for _, a := range vapps {
					if a.MonthToDate != "£"+string(appendPennies(nil, perVApp[a.URN])) {
						t.Errorf("vApp %s: %s, its VMs %s", a.Name, a.MonthToDate, perVApp[a.URN])
					}
				}
			}
		}
	}
	if listed != want {
		t.Errorf("%d VMs listed, want %d", listed, want)
	}
}

func TestMyVMAtTheBeginningOfTheMonth(t *testing.T) {
	v := visit(t, newPortal(t, Options{VMs: 30, Now: at(time.Date(2018, 5, 1, 0, 30, 0, 0, time.UTC))}))
	for _, account := range decodeMyVM(t, v.body("my_vm")) {
		for _, list := range account.VMs {
			for _, machines := range list {
				for _, m := range machines {
					if m.EstimatedMonthlyTotal != nil || m.MonthToDate != "£0.00" {
						t.Errorf("%s: %s, estimate %v", m.Name, m.MonthToDate, m.EstimatedMonthlyTotal)
					}
				}
			}
		}
	}
}
