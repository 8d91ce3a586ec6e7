package portal

import (
	"bytes"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// Backup is one backup of a VM. Times are UTC, read from Europe/London wall
// clock.
type Backup struct {
	Status, Slot string

	Start, End                               Moment
	SnapshotRemovalStart, SnapshotRemovalEnd Moment
}

// backups reads a list of backups in a value that is read by tags.
func (r *reader) backups(d *jsontext.Decoder, list *[]Backup) error {
	value, err := d.ReadValue()
	if err != nil {
		return err
	}
	w := walker{json: value}
	*list = w.backups(r, member(d.StackPointer()), nil)
	return r.bounded()
}

// backups reads a list of backups, the value of member; it may be the one before.
// Nothing about a VM fails because of it.
func (w *walker) backups(r *reader, member string, before []Backup) []Backup {
	switch w.kind() {
	case jsontext.KindBeginArray:
	case jsontext.KindNull:
		w.skip()
		return nil
	default:
		r.malformed[member]++
		w.skip()
		return nil
	}
	r.backupList = r.backupList[:0]
	for w.open(); w.more(); {
		r.objects++
		switch kind := w.kind(); {
		case r.objects > maxObjects:
			w.skip() // this and more end the answer
		case kind == jsontext.KindBeginObject:
			r.backupList = append(r.backupList, w.backup(r))
		default:
			if kind != jsontext.KindNull {
				r.malformed[member]++
			}
			w.skip()
		}
	}
	switch {
	case len(r.backupList) == 0:
		return nil
	case slices.Equal(r.backupList, before):
		return before
	}
	return exact(r.backupList)
}

// backup reads a backup as compute_services and, with other spellings, my_vm send it.
func (w *walker) backup(r *reader) (b Backup) {
	var start, end, removalStart, removalEnd wallClock
	for w.open(); w.more(); {
		switch backupMember(w.name()) {
		case "status":
			b.Status = w.text(r)
		case "backupSlot":
			b.Slot = w.text(r)
		case "backupStart":
			start = w.wallClock(r)
		case "backupEnd":
			end = w.wallClock(r)
		case "snapshotRemovalStart":
			removalStart = w.wallClock(r)
		case "snapshotRemovalEnd":
			removalEnd = w.wallClock(r)
		default:
			w.skip()
		}
	}
	b.Start = start.first
	b.End = end.notBefore(b.Start)
	b.SnapshotRemovalStart = removalStart.notBefore(b.Start)
	b.SnapshotRemovalEnd = removalEnd.notBefore(b.SnapshotRemovalStart)
	return b
}

func (w *walker) wallClock(r *reader) wallClock {
	return parsed(w, r, r.days.wallClock).Value
}

// backupMember is how compute_services spells a member of a backup, whose names are
// the same in my_vm but for the case and for underscores.
func backupMember(name []byte) string {
	switch string(name) {
	case "status":
		return "status"
	case "backupSlot", "backup_slot":
		return "backupSlot"
	case "backupStart", "backup_start":
		return "backupStart"
	case "backupEnd", "backup_end":
		return "backupEnd"
	case "snapshotRemovalStart", "snapshot_removal_start":
		return "snapshotRemovalStart"
	case "snapshotRemovalEnd", "snapshot_removal_end":
		return "snapshotRemovalEnd"
	}
	letters := bytes.Map(func(c rune) rune {
		if c == '_' || c == '-' {
			return -1
		}
		return c
	}, name)
	for _, known := range [...]string{"backupSlot", "backupStart", "backupEnd", "snapshotRemovalStart", "snapshotRemovalEnd"} {
		if bytes.EqualFold(letters, []byte(known)) {
			return known
		}
	}
	return ""
}
