// Package estate puts what the collectors hold into words for a person without
// Grafana: what the month costs, where it goes, and what needs a hand today.
//
// It reads snapshots and nothing else. Nothing is asked of the portal for it, and
// where a snapshot is missing or too old the page says so.
package estate

import (
	"slices"
	"strings"
	"time"

	"ukcloud_exporter/collector"
	"ukcloud_exporter/internal/bill"
	"ukcloud_exporter/internal/snapshot"
	"ukcloud_exporter/money"
)

// Snapshots gives the parts that a collector holds; a snapshot.Cache is one.
type Snapshots interface {
	Parts(collector string) []snapshot.HeldPart
}

// Page is the estate at one moment, of one account or of all.
type Page struct {
	Now      time.Time
	Account  string    // "" is all accounts
	Accounts []Account // all that are known, for the choice
	Money    Money
	Days     Days
	Tables   []Table
	Ages     []Age
}

// Account is an account to choose.
type Account struct{ ID, Name string }

// Money is the headline. What is not Valid is not known.
type Money struct {
	Month, PreviousMonth   bill.Month
	ToDate, Forecast       bill.Sum  // of Month
	Previous               bill.Sum  // the whole of PreviousMonth, as billed so far
	Complete               bill.Sum  // of Month, each bill up to its newest complete day
	PreviousSameDays       bill.Sum  // of PreviousMonth, each bill up to the same day
	Through, Newest        time.Time // end of the newest complete day that every bill has, and that one has; zero when none has one
	Services, WithForecast int       // compute services with a row in the bill, and those of them with a forecast
}

// Days is what each day of both months cost.
type Days struct {
	Current, Previous []Day
}

// Day is one day's cost; not Valid where no bill has a row of it.
type Day struct {
	Number int // in the month, from 1
	Cost   bill.Sum
}

// Age says how old the figures of a collector are.
type Age struct {
	Collector string
	Oldest    time.Time // the oldest part; zero when nothing is held
}

// source is what a page is made from.
type source struct {
	now     time.Time
	account string
	parts   map[string][]snapshot.HeldPart
	bills   []*bill.Standing        // of the account, the running month
	before  []*bill.Standing        // and the month before
	names   map[string]string       // of accounts
	costs   map[string]money.Amount // in the running month's bills, by resource
	billed  bool                    // there is a bill of the running month

	machines []machine // of the account
}

// collectors whose parts are shown, in the order in which their ages stand below.
var shown = [...]string{"billing_csv", "compute_services", "my_calls", "builds", "vmotion_events"}

// New makes the page of an account, "" for all. ok is false for an account that no
// snapshot knows.
func New(now time.Time, account string, snapshots Snapshots) (page *Page, ok bool) {
	s := &source{now: now.UTC(), account: account, parts: map[string][]snapshot.HeldPart{}, names: map[string]string{}, costs: map[string]money.Amount{}}
	for _, name := range shown {
		s.parts[name] = snapshots.Parts(name)
	}
	page = &Page{Now: s.now, Account: account, Accounts: s.accounts()}
	known := func(a Account) bool { return a.ID == account }
	if account != "" && !slices.ContainsFunc(page.Accounts, known) {
		return nil, false
	}
	s.readBills()
	s.readMachines()
	page.Money, page.Days = s.money(), s.days()
	page.Tables = s.tables()
	for _, name := range shown {
		page.Ages = append(page.Ages, Age{name, oldest(s.parts[name])})
	}
	return page, true
}

// accounts lists every account that some snapshot knows, by id, and learns names.
func (s *source) accounts() []Account {
	seen := map[string]bool{}
	for _, held := range s.parts["compute_services"] {
		if p, ok := held.Part.Data.(*collector.ComputePart); ok {
			seen[p.Account.ID] = true
			s.names[p.Account.ID] = p.Account.Name
		}
	}
	for _, held := range s.parts["billing_csv"] {
		if p, ok := held.Part.Data.(*bill.Standing); ok {
			seen[p.Account] = true
		}
	}
	accounts := make([]Account, 0, len(seen))
	for id := range seen {
		accounts = append(accounts, Account{id, s.names[id]})
	}
	slices.SortFunc(accounts, func(a, b Account) int {
		if len(a.ID) != len(b.ID) { // ids are numbers without leading zeros
			return len(a.ID) - len(b.ID)
		}
		return strings.Compare(a.ID, b.ID)
	})
	return accounts
}

// wants reports whether an account is shown.
func (s *source) wants(account string) bool { return s.account == "" || account == s.account }

func (s *source) readBills() {
	for _, held := range s.parts["billing_csv"] {
		p, ok := held.Part.Data.(*bill.Standing)
		if !ok || p.Bill == nil || !s.wants(p.Account) {
			continue
		}
		if p.Role == bill.PreviousMonth {
			s.before = append(s.before, p)
			continue
		}
		if p.Bill.Rows == 0 { // a compute service without anything in it
			continue
		}
		s.billed = true
		s.bills = append(s.bills, p)
		for _, r := range p.Bill.Resources {
			if sum, ok := s.costs[r.ID].Add(r.Cost.Value); ok {
				s.costs[r.ID] = sum
			}
		}
	}
}

func oldest(parts []snapshot.HeldPart) (at time.Time) {
	for _, p := range parts {
		if at.IsZero() || p.At.Before(at) {
			at = p.At
		}
	}
	return at
}

// money adds the bills up.
func (s *source) money() Money {
	month := bill.MonthOf(s.now)
	m := Money{Month: month, PreviousMonth: month.Previous(), Services: len(s.bills)}
	days := map[string]int{} // by compute service: the newest complete day of its bill
	through, newest := 31, 0 // the earliest and the latest of them
	for _, p := range s.bills {
		m.ToDate.Add(p.Bill.Cost)
		if p.Forecast.Valid {
			m.WithForecast++
			m.Forecast.Add(p.Forecast)
		}
		if day, ok := p.Bill.NewestDayBefore(bill.DateOf(s.now)); ok && month.Holds(day) {
			days[p.VOrg] = int(day.Day)
		}
		through, newest = min(through, days[p.VOrg]), max(newest, days[p.VOrg])
		addDays(&m.Complete, p, month, days[p.VOrg])
	}
	if newest > 0 {
		m.Newest = month.Start().AddDate(0, 0, newest)
	}
	if newest > 0 && through > 0 {
		m.Through = month.Start().AddDate(0, 0, through)
	}
	for _, p := range s.before {
		m.Previous.Add(p.Bill.Cost)
		last, billed := days[p.VOrg]
		if !billed {
			last = newest // nothing of it is billed any more, or not yet
		}
		addDays(&m.PreviousSameDays, p, m.PreviousMonth, last)
	}
	return m
}

// addDays adds the cost of a bill's month up to a day.
func addDays(sum *bill.Sum, p *bill.Standing, month bill.Month, last int) {
	for _, d := range p.Bill.Days {
		if month.Holds(d.Day) && int(d.Day.Day) <= last {
			sum.Add(d.Parts.Total())
		}
	}
}

func (s *source) days() Days {
	month := bill.MonthOf(s.now)
	return Days{daysOf(s.bills, month), daysOf(s.before, month.Previous())}
}

// daysOf adds up the days of a month, all of them, in order.
func daysOf(bills []*bill.Standing, month bill.Month) []Day {
	days := make([]Day, month.LastDay().Time().Day())
	for i := range days {
		days[i].Number = i + 1
	}
	for _, p := range bills {
		for _, d := range p.Bill.Days {
			if month.Holds(d.Day) {
				days[d.Day.Time().Day()-1].Cost.Add(d.Parts.Total())
			}
		}
	}
	return days
}
