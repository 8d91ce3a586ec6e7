package simulator

import (
	"testing"
	"time"
)

func TestSegmentsCoverALifeWithoutGap(t *testing.T) {
	e := newEstate(Options{Seed: 4, VMs: 400, Accounts: 1})
	month := time.Date(2018, 2, 1, 0, 0, 0, 0, time.UTC).Unix()
	seen := map[pattern]int{}
	for _, s := range e.slots {
		for m := range e.machinesDuring(s, month, month+28*day) {
			seen[m.pattern]++
			var on, off, last int64
			for dayStart := month; dayStart < month+28*day; dayStart += day {
				for _, part := range m.segments(nil, dayStart, month+28*day) {
					if last != 0 && part.from != last || part.from >= part.to || part.from%60 != 0 {
						t.Fatalf("%s: segment %+v after %d", m.name, part, last)
					}
					if middle := (part.from + part.to) / 2; m.onAt(part.from) != part.on || m.onAt(middle) != part.on || m.onAt(part.to-1) != part.on {
						t.Fatalf("%s: segment %+v, but onAt says otherwise", m.name, part)
					}
					if last = part.to; part.on {
						on += part.to - part.from
					} else {
						off += part.to - part.from
					}
				}
			}
			if life := min(m.deleted, month+28*day) - max(m.created, month); on+off != life {
				t.Errorf("%s: %d s on and %d s off in a life of %d s", m.name, on, off, life)
			}
			hoursOn, hoursOff := m.usage(max(m.created, month), min(m.deleted, month+28*day))
			if hoursOn != wholeHours(on) || hoursOff != wholeHours(off) {
				t.Errorf("%s: usage %d and %d, segments %d s and %d s", m.name, hoursOn, hoursOff, on, off)
			}
		}
	}
	for p := alwaysOn; p <= winter; p++ {
		if seen[p] == 0 {
			t.Errorf("no VM has pattern %d", p)
		}
	}
}

func TestPatterns(t *testing.T) {
	e := newEstate(Options{Seed: 4, VMs: 400, Accounts: 1})
	hoursOf := func(p pattern, date string) (on, off int64) {
		t.Helper()
		start, err := time.Parse("2006-01-02", date)
		if err != nil {
			t.Fatal(err)
		}
		m := machineOf(t, e, p)
		m.created, m.deleted = 0, 1<<40
		return m.usage(start.Unix(), start.Unix()+day)
	}
	tests := []struct {
		name    string
		pattern pattern
		date    string
		on, off bool
	}{
		{"always on", alwaysOn, "2018-01-06", true, false},
		{"always off", alwaysOff, "2018-01-06", false, true},
		{"a working Friday", workingDays, "2018-01-05", true, true},
		{"a Saturday off", workingDays, "2018-01-06", false, true},
		{"a Sunday off", workingDays, "2018-01-07", false, true},
		{"a working Monday", workingDays, "2018-01-08", true, true},
		{"a daily run on a Sunday", daily, "2018-01-07", true, true},
		{"winter in April", winter, "2018-04-30", true, false},
		{"winter in May", winter, "2018-05-01", false, true},
		{"winter in December", winter, "2018-12-31", false, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if on, off := hoursOf(test.pattern, test.date); (on > 0) != test.on || (off > 0) != test.off {
				t.Errorf("%d hours on, %d off", on, off)
			}
		})
	}
	for _, p := range []pattern{oneGap, oneRun} {
		m := machineOf(t, e, p)
		m.created, m.deleted = 0, 1<<40
		start := time.Date(2018, 3, 1, 0, 0, 0, 0, time.UTC).Unix()
		on, off := m.usage(start, start+31*day)
		if min(on, off) < 1 || min(on, off) > 96 || (on > off) != (p == oneGap) {
			t.Errorf("pattern %d: %d hours on, %d off in a month", p, on, off)
		}
	}
}

func TestConfigurationChangesWithTime(t *testing.T) {
	e := newEstate(Options{Seed: 4, VMs: 2000, Accounts: 1})
	grown, resized := 0, 0
	for _, s := range e.slots {
		m := e.machineAt(s, recorded.Unix())
		first, last := m.configOn(m.created/day), m.configOn(m.deleted/day)
		if last.size != first.size {
			resized++
			if last.size.price[s.vapp.vdc.class] <= first.size.price[s.vapp.vdc.class] {
				t.Errorf("%s went from %s to %s", m.name, first.size.name, last.size.name)
			}
		} else if last.storage > first.storage {
			grown++
		}
		if (last != first) && m.pattern != alwaysOn {
			t.Errorf("%s changed, though it is not always on", m.name)
		}
	}
	if grown < 60 || resized < 15 {
		t.Errorf("%d disks grew, %d VMs were resized", grown, resized)
	}
}

func TestDrawsAreEven(t *testing.T) {
	const n, tries = 7, 70_000
	var counts [n]int
	d := draw(1)
	for i := range int64(tries) {
		counts[d.of(topicName, i).below(n)]++
	}
	for value, count := range counts {
		if count < tries/n*95/100 || count > tries/n*105/100 {
			t.Errorf("%d came %d times in %d", value, count, tries)
		}
	}
	if a, b := d.of(topicName, 1), d.of(topicOS, 1); a == b || d.of(topicName, 1) != a || a.uuid() == b.uuid() {
		t.Error("topics must differ, and draws must not")
	}
}

// machineOf finds a VM with a pattern.
func machineOf(t *testing.T, e *estate, want pattern) *machine {
	t.Helper()
	for _, s := range e.slots {
		if m := e.machineAt(s, recorded.Unix()); m.pattern == want {
			return m
		}
	}
	t.Fatalf("no VM with pattern %d", want)
	return nil
}

// TestUsageAddsUp: a day cut in two at any hour has the hours of the whole.
func TestUsageAddsUp(t *testing.T) {
	e := newEstate(Options{Seed: 4, VMs: 400, Accounts: 1})
	start := time.Date(2018, 1, 8, 0, 0, 0, 0, time.UTC).Unix() // a Monday
	checked := 0
	for _, s := range e.slots {
		m := e.machineAt(s, recorded.Unix())
		m.created, m.deleted = 0, 1<<40
		_, from, to := m.dayPlan(start)
		if from == to || from%hour != 0 || to%hour != 0 {
			continue
		}
		on, off := m.usage(start, start+day)
		for h := int64(0); h <= 24; h++ {
			on1, off1 := m.usage(start, start+h*hour)
			on2, off2 := m.usage(start+h*hour, start+day)
			if on1+off1 != h || on1+on2 != on || off1+off2 != off {
				t.Errorf("%s: %d and %d hours up to %d, %d and %d behind it, %d and %d of the day", m.name, on1, off1, h, on2, off2, on, off)
			}
		}
		checked++
	}
	if checked < 10 {
		t.Errorf("only %d VMs have a rhythm of whole hours", checked)
	}
}
