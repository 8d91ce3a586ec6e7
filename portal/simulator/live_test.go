package simulator

import (
	"fmt"
	"math/big"
	"testing"
	"time"

	"ukcloud_exporter/money"
)

// documented is the documented formula in exact arithmetic, from the fields of
// an answer alone, rounded half up to pennies.
func documented(x treeVDC, halfSwap bool, m treeVM) string {
	class := classOf(x.Name)
	var rate money.Amount
	for _, s := range sizes {
		if s.name == *m.Size {
			rate = s.price[class] + s.licence(m.OperatingSystem)
		}
	}
	included := int64(60 * 1024)
	if *m.Size == "Micro" {
		included = 10 * 1024
	}
	on, off := *m.BilledHoursPoweredOn, *m.BilledHoursPoweredOff
	mib := int64(m.Storage - m.Memory)
	if halfSwap {
		mib = int64(m.Storage - m.Memory/2)
	}
	sum := big.NewRat(int64(rate)*on, int64(money.Pound))
	perMiB := big.NewRat(int64(class.storagePerGiBMonth()), int64(money.Pound)*730*1024)
	sum.Add(sum, new(big.Rat).Mul(perMiB, big.NewRat(on*max(mib-included, 0)+off*max(mib, 0), 1)))
	return sum.FloatString(2)
}

// halfSwaps tells by URN which VDCs have half the memory as swap file: the
// answer does not say.
func halfSwaps(p *Portal) map[string]bool {
	half := map[string]bool{}
	for _, a := range p.estate.accounts {
		for _, v := range a.vorgs {
			for _, x := range v.vdcs {
				half[x.urn] = x.halfSwap
			}
		}
	}
	return half
}

func TestMoneyTiesOutWithHours(t *testing.T) {
	times := []time.Time{
		recorded, time.Date(2018, 2, 28, 23, 59, 59, 0, time.UTC), time.Date(2018, 7, 1, 2, 0, 0, 0, time.UTC),
		time.Date(2019, 12, 31, 23, 0, 0, 0, time.UTC),
	}
	for _, now := range times {
		p := newPortal(t, Options{Seed: 11, VMs: 1000, Now: at(now)})
		v, half := visit(t, p), halfSwaps(p)
		start := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
		elapsed := int64(now.Sub(start) / time.Hour)
		inMonth := int64(start.AddDate(0, 1, 0).Sub(start) / time.Hour)
		differing := 0
		for _, answer := range v.compute() {
			answer.each(func(_ treeVOrg, x treeVDC, _ treeVApp, m treeVM) {
				if m.BilledHoursPoweredOn == nil { // younger than the last billing run
					return
				}
				if total := *m.BilledHoursPoweredOn + *m.BilledHoursPoweredOff; total > elapsed {
					t.Errorf("%v: %s has %d hours of %d", now, m.Name, total, elapsed)
				}
				if documented(x, half[x.URN], m) != *m.MonthToDate {
					differing++ // it was resized or its disk grew within the month
				}
				want, _ := new(big.Rat).SetString(*m.MonthToDate)
				want.Mul(want, big.NewRat(inMonth, elapsed))
				if m.EstimatedMonthlyTotal == nil || *m.EstimatedMonthlyTotal != want.FloatString(2) {
					t.Errorf("%v: estimate of %s differs from %s", now, m.Name, want.FloatString(2))
				}
			})
		}
		if differing > 60 {
			t.Errorf("%v: %d of 1000 VMs do not follow the formula", now, differing)
		}
	}
}

func TestVMsThatNeverChangeFollowTheFormulaToThePenny(t *testing.T) {
	p := newPortal(t, Options{Seed: 11, VMs: 1000})
	still := map[string]bool{}
	for _, s := range p.estate.slots {
		m := p.estate.machineAt(s, recorded.Unix())
		still[m.urn] = m.growth == 0 && m.resizeDay == 0
	}
	checked, half := 0, halfSwaps(p)
	for _, answer := range visit(t, p).compute() {
		answer.each(func(_ treeVOrg, x treeVDC, _ treeVApp, m treeVM) {
			if !still[m.URN] || m.BilledHoursPoweredOn == nil {
				return
			}
			checked++
			if want := documented(x, half[x.URN], m); *m.MonthToDate != want {
				t.Errorf("%s: %s, the formula gives %s", m.Name, *m.MonthToDate, want)
			}
		})
	}
	if checked < 800 {
		t.Errorf("only %d VMs checked", checked)
	}
}

func TestBeginningOfTheMonth(t *testing.T) {
	tests := []struct {
		clock    string
		estimate bool
		hours    int64
	}{
		{"2018-03-31T23:59:59Z", true, 742}, {"2018-04-01T00:00:00Z", false, 0}, {"2018-04-01T01:59:59Z", false, 0},
		{"2018-04-01T02:00:00Z", true, 1}, {"2018-04-01T12:30:00Z", true, 11},
	}
	for _, test := range tests {
		t.Run(test.clock, func(t *testing.T) {
			now, err := time.Parse(time.RFC3339, test.clock)
			if err != nil {
				t.Fatal(err)
			}
			p := newPortal(t, Options{VMs: 50, Now: at(now)})
			longest := int64(0)
			for _, answer := range visit(t, p).compute() {
				for _, m := range answer.vms() {
					if (m.EstimatedMonthlyTotal != nil) != test.estimate {
						t.Errorf("estimate of %s: %v", m.Name, m.EstimatedMonthlyTotal)
					}
					if m.BilledHoursPoweredOn != nil {
						longest = max(longest, *m.BilledHoursPoweredOn)
					}
				}
			}
			if longest != test.hours {
				t.Errorf("the longest running VM has %d hours, want %d", longest, test.hours)
			}
		})
	}
}

func TestEra2020(t *testing.T) {
	tests := []struct {
		name                    string
		clock                   time.Time
		storage, myVM, vMotions bool
	}{
		{"summer 2020", time.Date(2020, 7, 1, 12, 0, 0, 0, time.UTC), true, true, true},
		{"November 2020", time.Date(2020, 11, 1, 12, 0, 0, 0, time.UTC), false, true, true},
		{"January 2021", time.Date(2021, 1, 10, 12, 0, 0, 0, time.UTC), false, false, true},
		{"the end", time.Date(2022, 10, 1, 12, 0, 0, 0, time.UTC), false, false, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			v := visit(t, newPortal(t, Options{VMs: 600, Era: Era2020, Now: at(test.clock)}))
			for _, m := range v.compute()[0].vms() {
				money := fmt.Sprint(*m.MonthToDate, *m.EstimatedMonthlyTotal, *m.BilledHoursPoweredOn, *m.BilledHoursPoweredOff)
				if money != "0.000.000 0" || (m.Storage > 0) != test.storage {
					t.Fatalf("%s: %s, storage %d", m.Name, money, m.Storage)
				}
			}
			if w := v.get("my_vm"); (w.Code == 200) != test.myVM || w.Code != 200 && w.Code != 404 {
				t.Errorf("my_vm: %d", w.Code)
			}
			if w := v.get("my_calls"); w.Code != 404 {
				t.Errorf("my_calls: %d", w.Code)
			}
			if text := v.body("accounts/1/platform_visibility/vmotion_events"); (text != "[]") != test.vMotions {
				t.Errorf("vmotion_events: %.80s", text)
			}
			for _, id := range v.p.ServiceIDs("1")[:1] {
				if bill, err := v.p.Bill(id, test.clock.AddDate(0, -1, 0).Format("2006-01")); err != nil || bill.Total == 0 {
					t.Errorf("the bill has the money still: %v, %v", bill.Total, err)
				}
			}
		})
	}
}
