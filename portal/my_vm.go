package portal

import (
	"context"
	"net/http"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

var myVMRoute = &route{method: http.MethodGet, endpoint: "/api/my_vm"}

// MyVM lists up to ten VMs per VDC and all vApps (API reference, GET /api/my_vm;
// deprecated since October 2016, removed in December 2020). Two shapes are read:
// the reference's, {"account":{"vapps":[…],"vms":[…]}} with the objects flat in
// the lists, and the one that two clients of the live API agree on,
// {"<account>":{"vapps":[{"<VDC>":[…]}],…},…,"warning":"…"}.
func (c *Client) MyVM(ctx context.Context, prev *Answer[MyVM]) (*Answer[MyVM], error) {
	return fetch(ctx, c, request{route: myVMRoute}, prev, decodeMyVM)
}

func decodeMyVM(d *decoder) (MyVM, error) {
	var answer MyVM
	var said errorBody
	found, err := d.object("", func(name string) (err error) {
		switch {
		case d.json.PeekKind() == jsontext.KindBeginObject:
			var account MyVMAccount
			account, err = decodeMyVMAccount(d, name)
			answer.Accounts = append(answer.Accounts, account)
		case name == "warning":
			answer.Warning, err = d.text(name)
		default:
			err = d.errorMember(name, &said)
		}
		return err
	})
	switch {
	case err != nil:
		return MyVM{}, err
	case said.found:
		return MyVM{}, saidError{said}
	case !found:
		return MyVM{}, unexpected("an object")
	}
	return answer, nil
}

// decodeMyVMAccount reads the lists of one account. Under the key "account" with
// flat lists the key is the reference's placeholder, not a name.
func decodeMyVMAccount(d *decoder, name string) (MyVMAccount, error) {
	account := MyVMAccount{Name: name}
	byVDC := false
	_, err := d.object(name, func(list string) (err error) {
		grouped := false
		switch list {
		case "vapps":
			grouped, err = d.grouped(list, func(d *decoder, vdc string) error {
				vapp := MyVApp{VDCName: vdc}
				found, err := d.object(list, func(member string) error { return d.myVAppMember(&vapp, member) })
				if found {
					account.VApps = append(account.VApps, vapp)
				}
				return err
			})
		case "vms":
			grouped, err = d.grouped(list, func(d *decoder, vdc string) error {
				vm := MyVMMachine{VDCName: vdc}
				found, err := d.object(list, func(member string) error { return d.myVMMember(&vm, member) })
				if found {
					account.VMs = append(account.VMs, vm)
				}
				return err
			})
		default:
			err = d.skip()
		}
		byVDC = byVDC || grouped
		return err
	})
	if name == "account" && !byVDC {
		account.Name = ""
	}
	return account, err
}

// grouped reads a list whose elements are objects, or groups of objects by VDC:
// {"<VDC>":[…]}. item reads one object; vdc is "" outside of groups. It says
// whether there were groups.
func (d *decoder) grouped(field string, item func(d *decoder, vdc string) error) (groups bool, err error) {
	_, err = d.array(field, func() error {
		if d.json.PeekKind() != jsontext.KindBeginObject {
			d.malformed(field)
			return d.skip()
		}
		value, err := d.json.ReadValue() // what it is shows only inside
		if err != nil {
			return d.failure(err)
		}
		element := value.Clone()
		if !d.sub(element).isGroup() {
			return item(d.sub(element), "")
		}
		groups = true
		_, err = d.sub(element).groupBy(item)
		return err
	})
	return groups, err
}

// isGroup tells {"<VDC>":[…]} from an object with fields: a group has lists alone,
// an object at least one plain value.
func (d *decoder) isGroup() bool {
	plain, lists := false, false
	_, err := d.object("", func(string) error {
		switch d.json.PeekKind() {
		case jsontext.KindBeginArray:
			lists = true
		case jsontext.KindBeginObject:
		default:
			plain = true
		}
		return d.skip()
	})
	return err == nil && lists && !plain
}

func (d *decoder) groupBy(item func(d *decoder, vdc string) error) (bool, error) {
	return d.object("", func(vdc string) error {
		_, err := d.array("", func() error { return item(d, vdc) })
		return err
	})
}

func (d *decoder) myVAppMember(vapp *MyVApp, name string) (err error) {
	switch name {
	case "urn":
		vapp.URN, err = d.text(name)
	case "name":
		vapp.Name, err = d.text(name)
	case "ps":
		vapp.PowerState, err = d.interned(name)
	case "total_vms":
		vapp.TotalVMs, err = d.integer(name)
	case "month_to_date":
		vapp.MonthToDate, err = d.amount(name)
	case "estimated_monthly_total":
		vapp.Estimate, err = d.amount(name)
	default:
		err = d.skip()
	}
	return err
}

func (d *decoder) myVMMember(vm *MyVMMachine, name string) (err error) {
	switch name {
	case "urn":
		vm.URN, err = d.text(name)
	case "name":
		vm.Name, err = d.text(name)
	case "size":
		vm.Size, err = d.interned(name)
	case "os":
		vm.OS, err = d.interned(name)
	case "ps":
		vm.PowerState, err = d.interned(name)
	case "month_to_date":
		vm.MonthToDate, err = d.amount(name)
	case "estimated_monthly_total":
		vm.Estimate, err = d.amount(name)
	case "billed_hours_powered_on":
		vm.HoursOn, err = d.integer(name)
	case "billed_hours_powered_off":
		vm.HoursOff, err = d.integer(name)
	default:
		err = d.myVMBackupMember(vm, name)
	}
	return err
}

func (d *decoder) myVMBackupMember(vm *MyVMMachine, name string) (err error) {
	switch name {
	case "last_backup_status":
		vm.LastBackupStatus, err = d.interned(name)
	case "last_backup":
		vm.LastBackup, err = d.interned(name)
	case "in_backup":
		vm.InBackup, err = d.boolean(name)
	case "backups":
		vm.Backups = nil
		_, err = d.array(name, func() error {
			backup, found, err := d.backup(&myVMBackupNames)
			if found {
				vm.Backups = append(vm.Backups, backup)
			}
			return err
		})
	default:
		err = d.skip()
	}
	return err
}

// backupNames are the member names of a backup, which my_vm spells in another way
// than compute_services.
type backupNames struct {
	slot, start, end, removalStart, removalEnd string
}

var (
	computeBackupNames = backupNames{"backupSlot", "backupStart", "backupEnd", "snapshotRemovalStart", "snapshotRemovalEnd"}
	myVMBackupNames    = backupNames{"backup_slot", "backup_start", "backup_end", "snapshot_removal_start", "snapshot_removal_end"}
)

func (d *decoder) backup(names *backupNames) (backup Backup, found bool, err error) {
	var start, end, removalStart, removalEnd Optional[wallClock]
	found, err = d.object("backups", func(name string) (err error) {
		switch name {
		case "status":
			backup.Status, err = d.interned(name)
		case names.slot:
			backup.Slot, err = d.interned(name)
		case names.start:
			start, err = d.wallTime(name)
		case names.end:
			end, err = d.wallTime(name)
		case names.removalStart:
			removalStart, err = d.wallTime(name)
		case names.removalEnd:
			removalEnd, err = d.wallTime(name)
		default:
			err = d.skip()
		}
		return err
	})
	backup.Start = notBefore(start, Optional[time.Time]{})
	backup.End = notBefore(end, backup.Start)
	backup.SnapshotRemovalStart = notBefore(removalStart, backup.Start)
	backup.SnapshotRemovalEnd = notBefore(removalEnd, backup.SnapshotRemovalStart)
	return backup, found, err
}
