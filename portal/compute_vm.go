package portal

import "time"

// vmMember reads one member of a VM of compute_services. Every one may be absent
// or null: clients of the live API had to make even the billed hours nullable.
func (d *decoder) vmMember(vm *VM, name string) (err error) {
	switch name {
	case "name":
		vm.Name, err = d.text(name)
	case "urn":
		vm.URN, err = d.text(name)
	case "size":
		vm.Size, err = d.interned(name)
	case "operatingSystem":
		vm.OS, err = d.interned(name)
	case "powerStatus":
		vm.PowerStatus, err = d.interned(name)
	case "numberOfCPUs":
		vm.CPUs, err = d.integer(name)
	case "memory":
		vm.MemoryMiB, err = d.integer(name)
	case "storage":
		vm.StorageMiB, err = d.integer(name)
	case "monthToDate":
		vm.MonthToDate, err = d.amount(name)
	case "estimatedMonthlyTotal":
		vm.Estimate, err = d.amount(name)
	case "billedHoursPoweredOn":
		vm.HoursOn, err = d.integer(name)
	case "billedHoursPoweredOff":
		vm.HoursOff, err = d.integer(name)
	default:
		err = d.vmBackupMember(vm, name)
	}
	return err
}

func (d *decoder) vmBackupMember(vm *VM, name string) (err error) {
	switch name {
	case "lastBackupStatus":
		vm.LastBackupStatus, err = d.interned(name)
	case "lastBackup":
		vm.LastBackup, err = d.interned(name)
	case "inBackup":
		vm.InBackup, err = d.boolean(name)
	case "retentionLength":
		vm.RetentionDays, err = d.integer(name)
	case "backups":
		vm.Backups = vm.Backups[:0] // the reference's example has members twice
		_, err = d.array(name, func() error {
			backup, found, err := d.backup(&computeBackupNames)
			if found {
				vm.Backups = append(vm.Backups, backup)
			}
			return err
		})
	default: // _id is not unique within an account, and nothing else is known
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

// notBefore turns a wall clock time into an instant, given the one it follows.
func notBefore(at Optional[wallClock], start Optional[time.Time]) Optional[time.Time] {
	if !at.Valid {
		return Optional[time.Time]{}
	}
	return some(at.Value.notBefore(start))
}
