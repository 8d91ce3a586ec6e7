package simulator

import (
	"slices"
	"time"
)

// Final states of a backup, as recorded. Only the first two count as a
// successful last backup; what the portal made of "w/Exception(s)" is a guess.
const (
	statusCompleted       = "Completed"
	statusException       = "Completed w/Exception(s)"
	statusFailed          = "Failed"
	statusTimedOutStart   = "Timed Out - Start"
	statusTimedOutEnd     = "Timed Out - End"
	statusClientDisabled  = "Client Backup Disabled"
	backupsKept           = 14
	slotLayout            = "night of: 02/01/2006"
	wallClockLayout       = "02/01/2006 15:04"
	backupStatusHour      = 10 // of the morning at which the portal knows the night's backups
	windowHour, closeHour = 20, 8
)

var failureFrequency = []weighted[string]{
	{106, statusTimedOutStart}, {105, statusFailed}, {67, statusTimedOutEnd}, {28, statusClientDisabled}, {3, statusException},
}

// everyStatus is what the nights of a troubled VM go through.
var everyStatus = [...]string{
	statusCompleted, statusTimedOutStart, statusCompleted, statusFailed, statusTimedOutEnd, statusCompleted,
	statusClientDisabled, statusCompleted, statusCompleted, statusException, statusCompleted, statusFailed,
}

// startFrequency counts the hours, after 20:00, at which the recorded backups began.
var startFrequency = []weighted[int]{
	{894, 0}, {686, 1}, {391, 2}, {305, 3}, {214, 4}, {180, 5}, {113, 6}, {100, 7}, {89, 8}, {51, 9}, {42, 10}, {49, 11},
}

// durationFrequency holds ranges of minutes that give the recorded quantiles:
// median 8, one in ten above 28, the longest 11 hours.
var durationFrequency = []weighted[[2]int]{
	{5, [2]int{1, 3}}, {20, [2]int{3, 5}}, {25, [2]int{5, 8}}, {25, [2]int{8, 12}}, {15, [2]int{12, 28}},
	{5, [2]int{28, 75}}, {4, [2]int{75, 235}}, {1, [2]int{235, 665}},
}

// backup is one night's backup. The snapshot times are zero where the portal
// has null.
type backup struct {
	status                                     string
	night                                      time.Time // midnight at the beginning of the date, in London
	start, end, snapshotRemoved, snapshotEnded time.Time
}

// backupsAt appends the backups that the portal knew of a VM at a moment,
// newest first.
func (p *Portal) backupsAt(list []backup, m *machine, t int64) []backup {
	if !m.protected || m.quirk == noBackupData {
		return list
	}
	now := time.Unix(t, 0).In(p.london)
	night := time.Date(now.Year(), now.Month(), now.Day()-1, 0, 0, 0, 0, p.london)
	if now.Hour() < backupStatusHour {
		night = night.AddDate(0, 0, -1)
	}
	for tries := 0; len(list) < backupsKept && tries < 2*backupsKept; tries++ {
		if p.windowOpens(night).Unix() < m.created {
			break
		}
		list = p.backupsOf(list, m, night)
		night = night.AddDate(0, 0, -1)
	}
	return list[:min(len(list), backupsKept)]
}

// windowOpens is 20:00 in London: backups run until 08:00, longer and shorter
// by an hour on the nights on which the clocks change.
func (p *Portal) windowOpens(night time.Time) time.Time {
	return time.Date(night.Year(), night.Month(), night.Day(), windowHour, 0, 0, 0, p.london)
}

// backupsOf appends the backups of one night: mostly one, none on the nights
// that the platform missed, two for the VMs that have two policies.
func (p *Portal) backupsOf(list []backup, m *machine, night time.Time) []backup {
	date := time.Date(night.Year(), night.Month(), night.Day(), 0, 0, 0, 0, time.UTC).Unix() / day
	d := m.draw.of(topicNight, date)
	forced, isForced := p.edits.backupStatus(m.urn, date)
	platformDown := p.estate.draw.of(topicVOrg, int64(m.slot.vapp.vdc.vorg.number)).of(topicNight, date).permille(25)
	if !isForced && m.quirk != troubled && (platformDown || d.permille(10)) {
		return list
	}
	status := m.statusOn(d, date)
	if isForced {
		status = forced
	}
	first := len(list)
	list = append(list, p.timedBackup(d, night, status))
	if m.quirk == twiceANight {
		second := d.of(topicNight, 2)
		list = append(list, p.timedBackup(second, night, m.statusOn(second, date)))
		if isForced {
			list[first+1].status = list[first].status
		}
		slices.SortFunc(list[first:], func(a, b backup) int { return b.start.Compare(a.start) })
	}
	return list
}

// statusOn draws a night's status. Failures keep to a few VMs: half of the
// recorded ones had none in 14 nights.
func (m *machine) statusOn(d draw, date int64) string {
	switch m.quirk {
	case troubled:
		return everyStatus[date%int64(len(everyStatus))]
	case neverBackedUp:
		return statusFailed
	}
	failures := 45
	switch reliability := m.draw.of(topicReliability, 0).below(100); {
	case reliability < 1:
		failures = 1000
	case reliability < 9:
		failures = 450
	}
	if !d.of(topicBackupStatus, 0).permille(failures) {
		return statusCompleted
	}
	return pick(d.of(topicBackupStatus, 1), failureFrequency)
}

// timedBackup gives a backup its times, as its status had them recorded.
func (p *Portal) timedBackup(d draw, night time.Time, status string) backup {
	opens := p.windowOpens(night)
	closes := time.Date(night.Year(), night.Month(), night.Day()+1, closeHour, 0, 0, 0, p.london)
	b := backup{status: status, night: night}
	minutes := int(closes.Sub(opens) / time.Minute)
	length := pick(d.of(topicBackupTime, 2), durationFrequency)
	start := 60*pick(d.of(topicBackupTime, 0), startFrequency) + d.of(topicBackupTime, 1).below(60)
	took := d.of(topicBackupTime, 3).within(length[0], length[1])
	switch status {
	case statusTimedOutStart: // never began in the whole window
		start, took = 0, minutes
	case statusTimedOutEnd: // cut off when the window closed
		took = minutes - start + d.of(topicBackupTime, 4).below(4)
	case statusClientDisabled:
		start, took = 180, 0
	default:
		start = min(start, minutes-1)
		took = min(took, minutes-start)
	}
	b.start = opens.Add(time.Duration(start) * time.Minute)
	b.end = b.start.Add(time.Duration(took) * time.Minute)
	if status == statusTimedOutStart || status == statusClientDisabled ||
		status == statusFailed && d.of(topicSnapshot, 0).permille(180) ||
		status == statusTimedOutEnd && d.of(topicSnapshot, 0).permille(30) {
		return b // no snapshot was ever taken
	}
	stun := 0 // the snapshot is removed in the last minutes, mostly within one
	if d.of(topicSnapshot, 1).permille(400) {
		stun = min(d.of(topicSnapshot, 2).within(1, 14), took)
	}
	b.snapshotRemoved = b.end.Add(-time.Duration(stun) * time.Minute)
	b.snapshotEnded = b.end
	return b
}

// protection sums up a VM's backups as the portal does.
type protection struct {
	lastStatus string // lastBackupStatus
	last       string // lastBackup
	inBackup   bool
	retention  int // days; -1 is null
}

func (m *machine) protection(backups []backup) protection {
	switch {
	case m.quirk == notInPolicy:
		return protection{"Not in policy", "No backup", false, -1}
	case !m.protected:
		return protection{"Excluded from backup", "No backup", false, 0}
	case len(backups) == 0:
		return protection{"No data for last backup", "No backup", true, 14}
	}
	newest := backups[0]
	status := "Failed"
	if newest.status == statusCompleted || newest.status == statusException {
		status = "Successful"
	}
	return protection{status, newest.status + " on the " + newest.night.Format(slotLayout), true, 14}
}
