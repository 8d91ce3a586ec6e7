package simulator

import (
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"ukcloud_exporter/money"
)

// TestFormulaGivesTheRecordedMoney runs the simulator's prices over the real
// VMs, with the share of swap that suits each VDC best. A few VMs changed their
// size within the month, and small overheads are not known.
func TestFormulaGivesTheRecordedMoney(t *testing.T) {
	exact, near, total := 0, 0, 0
	for _, v := range realAnswer(t).VOrgs {
		for _, x := range v.VDCs {
			whole := fit(t, x, false)
			half := fit(t, x, true)
			best := whole
			if half.exact > whole.exact {
				best = half
			}
			if half.near < whole.near && classOf(x.Name) == power {
				t.Errorf("%s: half of the memory as swap suits %d VMs, all of it %d", x.Name, half.near, whole.near)
			}
			exact, near, total = exact+best.exact, near+best.near, total+best.total
		}
	}
	t.Logf("of %d VMs, %d to the penny, %d within 2 GiB of storage", total, exact, near)
	if exact < total*75/100 || near < total*93/100 {
		t.Errorf("of %d VMs, only %d to the penny, %d within 2 GiB of storage", total, exact, near)
	}
}

type fitness struct{ exact, near, total int }

func fit(t *testing.T, x treeVDC, halfSwap bool) fitness {
	t.Helper()
	var f fitness
	place := &slot{vapp: &vapp{vdc: &vdc{class: classOf(x.Name), halfSwap: halfSwap}}}
	tree{VOrgs: []treeVOrg{{VDCs: []treeVDC{x}}}}.each(func(_ treeVOrg, _ treeVDC, _ treeVApp, m treeVM) {
		f.total++
		c := config{shape: shape{m.NumberOfCPUs, m.Memory}, storage: m.Storage}
		for i := range sizes {
			if sizes[i].name == *m.Size {
				c.size = &sizes[i]
			}
		}
		if c.size == nil || c.size.price[classOf(x.Name)] == 0 {
			t.Fatalf("no price for %s in %s", *m.Size, x.Name)
		}
		var cost exactCost
		cost.add(&machine{os: m.OperatingSystem, slot: place}, c, *m.BilledHoursPoweredOn, *m.BilledHoursPoweredOff)
		want, err := money.Parse(*m.MonthToDate)
		if err != nil {
			t.Fatal(err)
		}
		difference := max(cost.pennies()-want, want-cost.pennies())
		hours := *m.BilledHoursPoweredOn + *m.BilledHoursPoweredOff
		gib := perHour(classOf(x.Name).storagePerGiBMonth()) * money.Amount(hours)
		if difference == 0 {
			f.exact++
		}
		if difference <= 2*gib+penny {
			f.near++
		}
	})
	return f
}

func classOf(vdcName string) class {
	switch {
	case strings.Contains(vdcName, "-STANDARD)"):
		return priority
	case strings.Contains(vdcName, "(IL2-PROD-"), strings.HasPrefix(vdcName, "A-POW-"):
		return power
	}
	return essential
}

// likeness counts the features of an estate in parts of a thousand VMs.
func likeness(answer tree) map[string]float64 {
	counts, names, total, backups := map[string]float64{}, map[string]bool{}, 0.0, 0.0
	answer.each(func(_ treeVOrg, x treeVDC, _ treeVApp, m treeVM) {
		total++
		counts["class "+strconv.Itoa(int(classOf(x.Name)))]++
		counts["size "+*m.Size]++
		counts["power "+m.PowerStatus]++
		counts["os "+strings.Fields(m.OperatingSystem)[0]]++
		counts["backup "+m.LastBackupStatus]++
		if names[m.Name] {
			counts["repeated name"]++
		}
		names[m.Name] = true
		switch hours := [2]int64{*m.BilledHoursPoweredOn, *m.BilledHoursPoweredOff}; hours {
		case [2]int64{183, 0}:
			counts["always on"]++
		case [2]int64{0, 183}:
			counts["always off"]++
		}
		if m.Storage > 1<<20 {
			counts["over a TiB"]++
		}
		pounds, _ := strconv.ParseFloat(*m.MonthToDate, 64)
		counts["tenth of a pound to date"] += 10 * pounds / 1000
		for _, b := range m.Backups {
			backups++
			counts["night "+b.Status]++
			counts["night begun at "+(*b.BackupStart)[11:13]]++
			if b.SnapshotRemovalStart == nil {
				counts["night without snapshot"]++
			}
		}
	})
	for name := range counts {
		if strings.HasPrefix(name, "night ") {
			counts[name] *= 1000 / backups
		} else {
			counts[name] *= 1000 / total
		}
	}
	return counts
}

func TestEstateIsLikeTheRecordedOne(t *testing.T) {
	want := likeness(realAnswer(t))
	for seed := range uint64(4) {
		v := visit(t, newPortal(t, Options{Seed: seed, VMs: 1920}))
		var answer tree
		v.into("accounts/1/compute_services", &answer)
		got := likeness(answer)
		for name := range want {
			// 10 in a thousand for what is rare, 35 % for what is not: failed
			// backups keep to a few VMs, so that estates differ in them.
			if tolerance := max(10, 0.35*want[name]); math.Abs(got[name]-want[name]) > tolerance {
				t.Errorf("seed %d: %s: %.1f in a thousand, recorded %.1f", seed, name, got[name], want[name])
			}
		}
		for name := range got {
			if got[name] > 35 && want[name] == 0 {
				t.Errorf("seed %d: %s: %.1f in a thousand, never recorded", seed, name, got[name])
			}
		}
	}
}

func TestTwoHundredVMsHaveEveryQuirk(t *testing.T) {
	quirks := []string{
		"bare UUID vOrg", "vOrg without VM", "VDC without vApp", "vApp without VM", "vApp urn without UUID", "repeated _id",
		"repeated VM name", "repeated vApp name in a VDC", "old VDC name", "new VDC name", "name with /", "name with (",
		`name with "`, "name beyond ASCII", "name over 32", "power POWERED_ON", "power POWERED_OFF", "power UNKNOWN",
		"backup Successful", "backup Failed", "backup No data for last backup", "backup Excluded from backup", "backup Not in policy",
		"night " + statusCompleted, "night " + statusException, "night " + statusFailed, "night " + statusTimedOutStart,
		"night " + statusTimedOutEnd, "night " + statusClientDisabled, "two backups a night", "null snapshot", "fourteen backups",
		"size in recorded casing", "on and off in the month", "Windows", "Red Hat",
	}
	times := []time.Time{recorded, time.Date(2018, 1, 20, 9, 0, 0, 0, time.UTC), time.Date(2026, 7, 4, 23, 59, 0, 0, time.UTC)}
	for seed := range uint64(6) {
		for _, now := range times {
			v := visit(t, newPortal(t, Options{Seed: seed, VMs: 200, Now: at(now)}))
			seen := quirksOf(v.compute())
			for _, quirk := range quirks {
				if !seen[quirk] {
					t.Errorf("seed %d at %v: no %s", seed, now, quirk)
				}
			}
		}
	}
}

func quirksOf(trees []tree) map[string]bool {
	seen := map[string]bool{}
	for _, answer := range trees {
		shells(answer, seen)
		ids, names := map[int]bool{}, map[string]bool{}
		answer.each(func(_ treeVOrg, _ treeVDC, _ treeVApp, m treeVM) {
			seen["repeated _id"] = seen["repeated _id"] || ids[m.ID]
			seen["repeated VM name"] = seen["repeated VM name"] || names[m.Name]
			ids[m.ID], names[m.Name] = true, true
			for _, special := range []string{"/", "(", `"`} {
				seen["name with "+special] = seen["name with "+special] || strings.Contains(m.Name, special)
			}
			seen["name beyond ASCII"] = seen["name beyond ASCII"] || len(m.Name) > len([]rune(m.Name))
			seen["name over 32"] = seen["name over 32"] || len([]rune(m.Name)) > 32
			seen["power "+m.PowerStatus], seen["backup "+m.LastBackupStatus] = true, true
			seen["size in recorded casing"] = seen["size in recorded casing"] || *m.Size == "Medium high memory"
			if m.BilledHoursPoweredOn != nil && *m.BilledHoursPoweredOn > 0 && *m.BilledHoursPoweredOff > 0 {
				seen["on and off in the month"] = true
			}
			seen["Windows"] = seen["Windows"] || strings.Contains(m.OperatingSystem, "Windows")
			seen["Red Hat"] = seen["Red Hat"] || strings.HasPrefix(m.OperatingSystem, "Red Hat")
			seen["fourteen backups"] = seen["fourteen backups"] || len(m.Backups) == 14
			for i, b := range m.Backups {
				seen["night "+b.Status] = true
				seen["null snapshot"] = seen["null snapshot"] || b.SnapshotRemovalStart == nil
				seen["two backups a night"] = seen["two backups a night"] || i > 0 && m.Backups[i-1].BackupSlot == b.BackupSlot
			}
		})
	}
	return seen
}

// shells looks for what is odd above the VMs.
func shells(answer tree, seen map[string]bool) {
	for _, v := range answer.VOrgs {
		if !strings.HasPrefix(v.URN, "urn:") {
			seen["bare UUID vOrg"] = true
		}
		if len((tree{VOrgs: []treeVOrg{v}}).vms()) == 0 {
			seen["vOrg without VM"] = true
		}
		for _, x := range v.VDCs {
			names := map[string]bool{}
			seen["VDC without vApp"] = seen["VDC without vApp"] || len(x.VApps) == 0
			seen["old VDC name"] = seen["old VDC name"] || strings.HasSuffix(x.Name, "-BASIC)")
			seen["new VDC name"] = seen["new VDC name"] || strings.HasPrefix(x.Name, "A-ESS-")
			for _, a := range x.VApps {
				seen["vApp without VM"] = seen["vApp without VM"] || len(a.VMs) == 0
				seen["vApp urn without UUID"] = seen["vApp urn without UUID"] || a.URN == "urn:vcloud:vapp:"
				seen["repeated vApp name in a VDC"] = seen["repeated vApp name in a VDC"] || names[a.Name]
				names[a.Name] = true
			}
		}
	}
}

func TestNamesAndIDsAreUniqueWhereTheyMustBe(t *testing.T) {
	v := visit(t, newPortal(t, Options{Seed: 3, VMs: 1500}))
	urns := map[string]bool{}
	ids := map[string]map[int]bool{}
	inVApp := map[string]bool{}
	for _, answer := range v.compute() {
		answer.each(func(v treeVOrg, x treeVDC, a treeVApp, m treeVM) {
			if urns[m.URN] {
				t.Errorf("URN %s twice", m.URN)
			}
			if ids[v.ServiceID] == nil {
				ids[v.ServiceID] = map[int]bool{}
			}
			if ids[v.ServiceID][m.ID] {
				t.Errorf("_id %d twice in %s", m.ID, v.ServiceID)
			}
			if key := a.URN + m.Name; inVApp[key] {
				t.Errorf("name %q twice in vApp %s", m.Name, a.Name)
			} else {
				inVApp[key] = true
			}
			urns[m.URN], ids[v.ServiceID][m.ID] = true, true
		})
	}
}
