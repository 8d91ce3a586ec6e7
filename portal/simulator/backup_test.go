package simulator

import (
	"strings"
	"testing"
	"time"
)

// protectedVM returns a VM whose backups can be set.
func protectedVM(t *testing.T, p *Portal) VM {
	t.Helper()
	for _, vm := range p.VMs() {
		if vm.Protected && vm.Backups > 3 {
			return vm
		}
	}
	t.Fatal("no VM has backups")
	return VM{}
}

func vmByURN(t *testing.T, v *visitor, urn string) treeVM {
	t.Helper()
	for _, answer := range v.compute() {
		for _, m := range answer.vms() {
			if m.URN == urn {
				return m
			}
		}
	}
	t.Fatalf("no VM %s", urn)
	return treeVM{}
}

func TestBackupsAreNewestFirstAndKnownAtTen(t *testing.T) {
	tests := []struct {
		name, clock, newest string
	}{
		{"before ten", "2016-03-08T09:59:00Z", "06/03/2016"},
		{"at ten", "2016-03-08T10:00:00Z", "07/03/2016"},
		{"at night", "2016-03-09T01:00:00Z", "07/03/2016"},
		{"before ten in summer time", "2016-07-08T08:59:00Z", "06/07/2016"},
		{"at ten in summer time", "2016-07-08T09:00:00Z", "07/07/2016"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			now, err := time.Parse(time.RFC3339, test.clock)
			if err != nil {
				t.Fatal(err)
			}
			newest := map[string]int{}
			for _, answer := range visit(t, newPortal(t, Options{VMs: 800, Now: at(now)})).compute() {
				for _, m := range answer.vms() {
					last := time.Now()
					for i, b := range m.Backups {
						slot, err := time.Parse("night of: 02/01/2006", b.BackupSlot)
						if err != nil || slot.After(last) {
							t.Fatalf("slot %q after %v, %v", b.BackupSlot, last, err)
						}
						if last = slot; i == 0 {
							newest[slot.Format("02/01/2006")]++
						}
					}
				}
			}
			for date, count := range newest {
				if date == test.newest && count > 50 {
					return
				}
			}
			t.Errorf("newest backups %v, want most on %s", newest, test.newest)
		})
	}
}

func TestBackupTimesFollowTheirStatus(t *testing.T) {
	for _, answer := range visit(t, newPortal(t, Options{Seed: 4, VMs: 2000})).compute() {
		for _, m := range answer.vms() {
			for _, b := range m.Backups {
				start, end := wallClock(t, *b.BackupStart), wallClock(t, *b.BackupEnd)
				slot := wallClock(t, strings.TrimPrefix(b.BackupSlot, "night of: ")+" 20:00")
				if start.Before(slot) || end.Before(start) || end.After(slot.Add(13*time.Hour)) {
					t.Errorf("%+v: from %v to %v", b, start, end)
				}
				never := b.SnapshotRemovalStart == nil
				switch b.Status {
				case statusCompleted, statusException:
					if never || end.After(slot.Add(12*time.Hour)) {
						t.Errorf("%s until %v, snapshot null: %v", b.Status, end, never)
					}
				case statusTimedOutStart:
					if !never || end.Sub(start) != 12*time.Hour {
						t.Errorf("%s took %v, snapshot null: %v", b.Status, end.Sub(start), never)
					}
				case statusTimedOutEnd:
					if end.Before(slot.Add(12 * time.Hour)) {
						t.Errorf("%s ended at %v", b.Status, end)
					}
				case statusClientDisabled:
					if !never || start != end {
						t.Errorf("%s took %v, snapshot null: %v", b.Status, end.Sub(start), never)
					}
				}
			}
		}
	}
}

func wallClock(t *testing.T, text string) time.Time {
	t.Helper()
	parsed, err := time.Parse("02/01/2006 15:04", text)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// TestWallClockOverClockChanges: in the night to 27 March 2016 London's clocks
// went from 01:00 to 02:00, in the night to 30 October 2016 from 02:00 back to
// 01:00.
func TestWallClockOverClockChanges(t *testing.T) {
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	missing, repeated := 0, 0
	p := newPortal(t, Options{Seed: 8, VMs: 8000, Now: at(time.Date(2016, 4, 2, 12, 0, 0, 0, time.UTC))})
	for _, m := range visit(t, p).compute()[0].vms() {
		for _, b := range m.Backups {
			if b.BackupSlot != "night of: 26/03/2016" {
				continue
			}
			if strings.HasPrefix(*b.BackupStart, "27/03/2016 01:") || strings.HasPrefix(*b.BackupEnd, "27/03/2016 01:") {
				missing++
			}
			if b.Status == statusTimedOutStart && *b.BackupEnd != "27/03/2016 08:00" {
				t.Errorf("the window of the short night ended at %s", *b.BackupEnd)
			}
		}
	}
	if missing > 0 {
		t.Errorf("%d times in the hour that London did not have", missing)
	}
	// The night of the autumn has an hour more, and the hour from one shows twice.
	autumn := time.Date(2016, 10, 29, 0, 0, 0, 0, london)
	for n := range int64(2000) {
		b := p.timedBackup(p.estate.draw.of(topicNight, n), autumn, statusCompleted)
		if b.start.In(london).Format("02/01/2006 15") == "30/10/2016 01" && b.start.UTC().Hour() == 1 {
			repeated++
		}
	}
	if repeated == 0 {
		t.Error("no backup began in the second hour from one to two")
	}
	b := p.timedBackup(p.estate.draw, autumn, statusTimedOutStart)
	if b.end.Sub(b.start) != 13*time.Hour || b.end.In(london).Hour() != 8 {
		t.Errorf("the window of the long night: %v to %v", b.start, b.end)
	}
}

func TestFailAndHealBackup(t *testing.T) {
	p := newPortal(t, Options{VMs: 300})
	v := visit(t, p)
	vm := protectedVM(t, p)
	night := recorded.AddDate(0, 0, -1)
	for _, step := range []struct {
		do                   func(string, time.Time) error
		name, status, newest string
	}{
		{p.FailBackup, vm.Name, "Failed", "Failed on the night of: 07/03/2016"},
		{p.HealBackup, vm.URN, "Successful", "Completed on the night of: 07/03/2016"},
	} {
		if err := step.do(vm.URN, night); err != nil {
			t.Fatal(err)
		}
		if got := vmByURN(t, v, vm.URN); got.LastBackupStatus != step.status || got.LastBackup != step.newest {
			t.Errorf("%s, %s; want %s, %s", got.LastBackupStatus, got.LastBackup, step.status, step.newest)
		}
	}
	// A night that is still to come shows when it is over.
	if err := p.FailBackup(vm.URN, recorded); err != nil {
		t.Fatal(err)
	}
	if got := vmByURN(t, v, vm.URN); got.LastBackupStatus != "Successful" {
		t.Errorf("before the night: %s", got.LastBackupStatus)
	}
	p.SetNow(at(recorded.AddDate(0, 0, 1)))
	if got := vmByURN(t, visit(t, p), vm.URN); got.LastBackup != "Failed on the night of: 08/03/2016" {
		t.Errorf("after the night: %s", got.LastBackup)
	}
}

func TestFailBackupRefusesWhatHasNoBackups(t *testing.T) {
	p := newPortal(t, Options{VMs: 300})
	if err := p.FailBackup("nobody", recorded); err == nil || !strings.Contains(err.Error(), `no VM "nobody"`) {
		t.Errorf("unknown VM: %v", err)
	}
	for _, vm := range p.VMs() {
		if !vm.Protected {
			if err := p.FailBackup(vm.URN, recorded); err == nil || !strings.Contains(err.Error(), "has no backups") {
				t.Errorf("VM without backups: %v", err)
			}
			return
		}
	}
	t.Error("every VM has backups")
}

// TestBackupsStayInTheirWindow, also in that of the night that is an hour shorter, and
// begin before it ends.
func TestBackupsStayInTheirWindow(t *testing.T) {
	p := newPortal(t, Options{})
	for _, date := range []time.Time{time.Date(2016, 3, 26, 0, 0, 0, 0, p.london), time.Date(2016, 7, 1, 0, 0, 0, 0, p.london)} {
		opens, closes := p.windowOpens(date), time.Date(date.Year(), date.Month(), date.Day()+1, 8, 0, 0, 0, p.london)
		last := opens
		for n := range int64(3000) {
			for _, status := range []string{statusCompleted, statusFailed} {
				b := p.timedBackup(p.estate.draw.of(topicNight, n), date, status)
				if b.start.Before(opens) || !b.start.Before(closes) || b.end.Before(b.start) || b.end.After(closes) {
					t.Fatalf("%s from %v to %v", status, b.start, b.end)
				}
				if !b.snapshotRemoved.IsZero() && (b.snapshotRemoved.Before(b.start) || b.snapshotEnded != b.end) {
					t.Fatalf("%s from %v to %v, its snapshot removed from %v to %v", status, b.start, b.end, b.snapshotRemoved, b.snapshotEnded)
				}
				if b.start.After(last) {
					last = b.start
				}
			}
		}
		if closes.Sub(last) > 10*time.Minute {
			t.Errorf("the last backup begins %v before the end", closes.Sub(last))
		}
	}
}

// TestFailBothBackupsOfANight: a VM with two backups a night fails in both.
func TestFailBothBackupsOfANight(t *testing.T) {
	p := newPortal(t, Options{VMs: 300})
	for _, s := range p.estate.slots {
		m := p.estate.machineAt(s, p.tick())
		if m.quirk != twiceANight {
			continue
		}
		if err := p.FailBackup(m.urn, recorded.AddDate(0, 0, -2)); err != nil {
			t.Fatal(err)
		}
		var statuses []string
		for _, b := range p.backupsAt(nil, m, p.tick()) {
			if b.night.Format(slotLayout) == "night of: 06/03/2016" {
				statuses = append(statuses, b.status)
			}
		}
		if got := strings.Join(statuses, ", "); got != "Failed, Failed" {
			t.Errorf("%s: %s", m.name, got)
		}
		return
	}
	t.Fatal("no VM has two backups a night")
}

// TestFirstBackup: the first night of a VM is one whose window opens when it is there.
func TestFirstBackup(t *testing.T) {
	p := newPortal(t, Options{})
	s := p.estate.slots[0]
	night := time.Date(2016, 7, 1, 0, 0, 0, 0, p.london)
	for later, want := range map[int64]int{0: 1, 1: 0, -day: 2, 1 - day: 1, -40 * day: backupsKept} {
		m := p.estate.machineAt(s, recorded.Unix())
		m.quirk, m.protected, m.created = troubled, true, p.windowOpens(night).Unix()+later
		if got := len(p.backupsAt(nil, m, night.AddDate(0, 0, 1).Add(10*time.Hour).Unix())); got != want {
			t.Errorf("%d s after the window opened: %d backups, want %d", later, got, want)
		}
	}
}
