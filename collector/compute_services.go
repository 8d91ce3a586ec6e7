package collector

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"ukcloud_exporter/internal/exposition"
	"ukcloud_exporter/money"
	"ukcloud_exporter/portal"
)

// ComputeServicesAPI is what the compute_services collector asks of the portal.
type ComputeServicesAPI interface {
	ComputeServices(ctx context.Context, accountID string, prev *portal.Answer[portal.Estate]) (*portal.Answer[portal.Estate], error)
}

// ComputeServices exposes VMs with their power state, cost and backups (API
// reference, GET /api/accounts/:account_id/compute_services).
type ComputeServices struct {
	api       ComputeServicesAPI
	directory *Directory
	table     families[*computeAccount]
}

// NewComputeServices returns the collector.
func NewComputeServices(api ComputeServicesAPI, directory *Directory) *ComputeServices {
	return &ComputeServices{api: api, directory: directory, table: computeFamilies()}
}

// Name implements Collector.
func (*ComputeServices) Name() string { return "compute_services" }

// Families implements Collector.
func (c *ComputeServices) Families() []*exposition.Desc { return c.table.descs() }

// Collect implements Collector. A part is an account.
func (c *ComputeServices) Collect(ctx context.Context, previous func(string) Part) ([]Result, error) {
	accounts, err := c.directory.Accounts(ctx)
	if err != nil {
		return nil, err
	}
	return fetchAccounts(ctx, accounts, func(ctx context.Context, account portal.Account) (Part, error) {
		return c.account(ctx, account, previous(account.ID))
	}), nil
}

// account reads one account. Whatever happens, the directory is told, because
// others wait for it.
func (c *ComputeServices) account(ctx context.Context, account portal.Account, last Part) (_ Part, err error) {
	told := false
	defer func() {
		if !told {
			c.directory.saw(account.ID, nil, nil, errors.Join(err, errNotListed))
		}
	}()
	old, _ := dataOf[*computeAccount](last)
	var prev *portal.Answer[portal.Estate]
	if old != nil {
		prev = old.answer
	}
	answer, err := c.api.ComputeServices(ctx, account.ID, prev)
	if err != nil {
		return nil, err
	}
	if answer == prev {
		told = true
		c.directory.saw(account.ID, old.serviceIDs(), old.vdcNames(), nil)
		if old.account.Name == account.Name {
			return last, nil
		}
		renamed := *old
		renamed.account = account
		return &part[*computeAccount]{&renamed, c.table, last.Unknown()}, nil
	}
	data, unknown := newComputeAccount(account, answer)
	told = true
	c.directory.saw(account.ID, data.serviceIDs(), data.vdcNames(), nil)
	return &part[*computeAccount]{data, c.table, unknown}, nil
}

var errNotListed = errors.New("compute_services has not been read")

// computeAccount is one account's estate.
type computeAccount struct {
	account portal.Account
	answer  *portal.Answer[portal.Estate]
	vorgs   []*portal.VOrg
	vdcs    []*portal.VDC
	vms     []vm
	// costProvided: some VM has money that is not zero. The portal stopped
	// keeping money in this answer in 2020 and sends zeros since.
	costProvided bool
}

// vm is what is kept of a virtual machine.
type vm struct {
	app    *portal.VApp
	labels exposition.Labels // account, vdc, vm
	again  bool              // an earlier VM has the same labels

	urn, name, size, os string

	power              powerState
	cpus, memory, disk portal.Optional[int64] // count, MiB, MiB
	cost, estimate     portal.Optional[money.Amount]
	hoursOn, hoursOff  portal.Optional[int64]
	backup             backup
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
	switch strings.ToUpper(status) {
	case "POWERED_ON":
		return powerOn, true
	case "POWERED_OFF":
		return powerOff, true
	case "UNKNOWN", "":
		return powerUnknown, true
	default:
		return powerUnknown, false
	}
}

// knownSize tells whether a size is in the catalogue. The API reference writes
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

// newComputeAccount maps an answer, and counts the values that are not known.
func newComputeAccount(account portal.Account, answer *portal.Answer[portal.Estate]) (*computeAccount, map[string]int) {
	unknown := map[string]int{"powerStatus": 0, "lastBackupStatus": 0, "size": 0}
	for field, n := range answer.Malformed {
		unknown[field] += n
	}
	a := &computeAccount{account: account, answer: answer, vorgs: answer.Value, vdcs: slices.Collect(answer.Value.VDCs())}
	seen := make(map[exposition.Labels]bool)
	for sent := range answer.Value.VMs() {
		v := newVM(sent, unknown)
		v.labels = exposition.LabelsOf("account", account.ID, "vdc", v.app.VDC.URN, "vm", v.urn)
		v.again = seen[v.labels]
		seen[v.labels] = true
		if (v.cost.Valid && v.cost.Value != 0) || (v.estimate.Valid && v.estimate.Value != 0) {
			a.costProvided = true
		}
		a.vms = append(a.vms, v)
	}
	return a, unknown
}

func newVM(v *portal.VM, unknown map[string]int) vm {
	power, known := powerOf(v.PowerStatus)
	if !known {
		unknown["powerStatus"]++
	}
	if !knownSize(v.Size) {
		unknown["size"]++
	}
	backup, known := backupOf(v)
	if !known {
		unknown["lastBackupStatus"]++
	}
	return vm{
		app: v.VApp, urn: cmp.Or(v.URN, v.Name), name: v.Name, size: v.Size, os: v.OS, power: power,
		cpus: v.CPUs, memory: v.MemoryMiB, disk: v.StorageMiB,
		cost: v.MonthToDate, estimate: v.Estimate, hoursOn: v.HoursOn, hoursOff: v.HoursOff,
		backup: backup,
	}
}

func (a *computeAccount) serviceIDs() []string { return serviceIDs(a.vorgs) }

func (a *computeAccount) vdcNames() []string {
	names := make([]string, len(a.vdcs))
	for i, v := range a.vdcs {
		names[i] = v.Name
	}
	return names
}
