package simulator

import (
	"fmt"
	"sync"
	"time"

	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/money"
)

// edits are the changes that tests make to the estate after it was drawn.
type edits struct {
	mu       sync.RWMutex
	version  int // counts the changes, so that no validator outlives one
	backups  map[backupEdit]string
	restated map[billKey][]restatement
	spoiled  map[billKey][]spoiledCell
	billedOn map[string]int64 // hours off that are billed as on, by URN
}

type backupEdit struct {
	urn  string
	date int64 // days since 1970 of the night's date
}

// billKey names one bill.
type billKey struct {
	orgID string
	start int64 // of the month
}

// restatement is a sum that was added to a closed month.
type restatement struct{ amount money.Amount }

type spoiledCell struct {
	row, column int
	text        string
}

func (e *edits) backupStatus(urn string, date int64) (status string, ok bool) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if len(e.backups) == 0 {
		return "", false
	}
	status, ok = e.backups[backupEdit{urn, date}]
	return status, ok
}

// change makes one change under the lock and counts it.
func (e *edits) change(do func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.version++
	do()
}

func (e *edits) current() int {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.version
}

func (e *edits) ofBill(key billKey) ([]restatement, []spoiledCell) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.restated[key], e.spoiled[key]
}

// FailBackup makes a VM's backup of a night fail. The VM is named by its URN or
// its name (the first VM of that name), the night by the date on which it
// began. The portal shows it from 10:00 London time on the next morning. A VM
// that is not there now or has no backups is an error.
func (p *Portal) FailBackup(vm string, night time.Time) error {
	return p.setBackup(vm, night, statusFailed)
}

// HealBackup makes a VM's backup of a night complete, as FailBackup makes it fail.
func (p *Portal) HealBackup(vm string, night time.Time) error {
	return p.setBackup(vm, night, statusCompleted)
}

func (p *Portal) setBackup(vm string, night time.Time, status string) error {
	m, err := p.find(vm)
	if err != nil {
		return fmt.Errorf("set backup: %w", err)
	}
	if !m.protected || m.quirk == noBackupData {
		return fmt.Errorf("set backup: VM %q has no backups", vm)
	}
	year, month, date := night.Date()
	key := backupEdit{m.urn, time.Date(year, month, date, 0, 0, 0, 0, time.UTC).Unix() / day}
	p.edits.change(func() { p.edits.backups[key] = status })
	return nil
}

// find returns the VM that has a URN or name at the portal's present tick.
func (p *Portal) find(vm string) (*machine, error) {
	t := p.tick()
	for _, s := range p.slots(p.now().Unix()) {
		if m := p.estate.machineAt(s, t); m.urn == vm || m.name == vm {
			return m, nil
		}
	}
	return nil, fmt.Errorf("no VM %q", vm)
}

// BillAsOn makes compute_services give hours of a VM as billed on for which it was off;
// what it costs stays. The VM is named as for FailBackup.
func (p *Portal) BillAsOn(vm string, hours int64) error {
	m, err := p.find(vm)
	if err != nil {
		return fmt.Errorf("bill as on: %w", err)
	}
	p.edits.change(func() { p.edits.billedOn[m.urn] = hours })
	return nil
}

// live returns what the portal says of a VM's bill as of a tick.
func (p *Portal) live(m *machine, tick int64) live {
	l := m.liveAt(tick)
	p.edits.mu.RLock()
	defer p.edits.mu.RUnlock()
	moved := min(p.edits.billedOn[m.urn], l.hoursOff)
	l.hoursOn, l.hoursOff = l.hoursOn+moved, l.hoursOff-moved
	return l
}

// RestatePreviousMonth adds a row of the given sum to the bill of the month
// before the portal's present one, as when an invoice is corrected. A negative
// sum is a credit.
func (p *Portal) RestatePreviousMonth(orgID string, amount money.Amount) error {
	if p.service(orgID, p.now().Unix()) == nil {
		return fmt.Errorf("restate: no compute service %q", orgID)
	}
	start, _ := monthAround(p.now().Unix())
	previous, _ := monthAround(start - 1)
	key := billKey{orgID, previous}
	p.edits.change(func() { p.edits.restated[key] = append(p.edits.restated[key], restatement{amount}) })
	return nil
}

// SpoilRow replaces one cell of a bill by a text. Rows count from 1 below the
// header; the column is named as in the API reference.
func (p *Portal) SpoilRow(orgID, period string, row int, column, text string) error {
	start, err := parsePeriod(period)
	if err != nil {
		return fmt.Errorf("spoil row: %w", err)
	}
	if p.service(orgID, p.now().Unix()) == nil {
		return fmt.Errorf("spoil row: no compute service %q", orgID)
	}
	for i, c := range csvparse.Columns() {
		if c.String() == column {
			key := billKey{orgID, start}
			p.edits.change(func() { p.edits.spoiled[key] = append(p.edits.spoiled[key], spoiledCell{row, i, text}) })
			return nil
		}
	}
	return fmt.Errorf("spoil row: no column %q", column)
}
