package bill

import (
	"slices"
	"time"

	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/money"
)

// What a forecast stands on: at most so many working days and weekend days up to the
// newest complete day with rows, none of them older than evidenceAge. Fewer than
// leastEvidence say nothing.
const (
	evidenceWorkingDays = 5
	evidenceWeekendDays = 4
	evidenceAge         = 28 // days
	leastEvidence       = 3
)

// Forecast returns what a running month will have cost at its end. today is the day
// that runs (UTC); before is the bill of the month before, nil when it is not known.
//
// What is billed for complete days, late rows included, counts as it is. Each day to
// come costs what recurs: for each service the median of the last five working days,
// or of the last four weekend days, from both months. So a charge that came once
// counts once, and a week has its weekend. Where fewer than three such days are known
// both kinds are taken together; before three days are known at all there is no
// forecast. A day without a row, after the first one with rows, cost nothing; a day
// that is not complete costs at least what it has been billed.
func Forecast(b, before *Bill, today csvparse.Date) (forecast Sum) {
	e := newEvidence(b, before, today)
	if len(e.days) < leastEvidence {
		return forecast
	}
	working, ok := e.dailyCost(false)
	weekend, inRange := e.dailyCost(true)
	ok = ok && inRange
	complete, _ := b.NewestDayBefore(today)
	ok = forecast.Add(b.Late.Cost) && ok
	forecast.Valid = true
	for day := b.Month.Start(); day.Before(b.Month.Next().Start()); day = day.AddDate(0, 0, 1) {
		date := DateOf(day)
		cost, inRange := costOf(b.On(date))
		ok = ok && inRange
		if date.Compare(complete) > 0 {
			recurring := working
			if isWeekend(day) {
				recurring = weekend
			}
			cost = max(cost, recurring)
		}
		ok = forecast.add(cost, true) && ok
	}
	if !ok {
		return Sum{}
	}
	return forecast
}

// costOf is what all services cost on a day.
func costOf(day []DayCost) (money.Amount, bool) {
	var sum Sum
	ok := true
	for i := range day {
		ok = sum.Add(day[i].Parts.Total()) && ok
	}
	return sum.Value, ok
}

func isWeekend(day time.Time) bool {
	return day.Weekday() == time.Saturday || day.Weekday() == time.Sunday
}

// evidence is the days that a forecast stands on.
type evidence struct {
	days     []evidenceDay
	services map[string]bool
}

// evidenceDay is what each service cost on a complete day.
type evidenceDay struct {
	weekend bool
	costs   map[string]money.Amount
}

// newEvidence looks back from yesterday on.
func newEvidence(b, before *Bill, today csvparse.Date) *evidence {
	e := &evidence{services: map[string]bool{}}
	days := b.Days
	if before != nil {
		days = slices.Concat(before.Days, b.Days)
	}
	if len(days) == 0 {
		return e
	}
	room := map[bool]int{false: evidenceWorkingDays, true: evidenceWeekendDays}
	billed := false // the newest complete day with rows has come
	for age := 1; age <= evidenceAge; age++ {
		day := today.Time().AddDate(0, 0, -age)
		if DateOf(day).Compare(days[0].Day) < 0 {
			break
		}
		services := b.On(DateOf(day))
		if len(services) == 0 && before != nil {
			services = before.On(DateOf(day))
		}
		billed = billed || len(services) > 0
		weekend := isWeekend(day)
		if !billed || room[weekend] == 0 {
			continue
		}
		room[weekend]--
		costs := map[string]money.Amount{}
		for i := range services {
			costs[services[i].Service] = services[i].Parts.Total().Value
			e.services[services[i].Service] = true
		}
		e.days = append(e.days, evidenceDay{weekend, costs})
	}
	return e
}

// dailyCost is what a working day or a weekend day costs that is like the others.
func (e *evidence) dailyCost(weekend bool) (cost money.Amount, ok bool) {
	var like []evidenceDay
	for _, day := range e.days {
		if day.weekend == weekend {
			like = append(like, day)
		}
	}
	if len(like) < leastEvidence {
		like = e.days
	}
	ok = true
	for service := range e.services {
		costs := make([]money.Amount, len(like))
		for i, day := range like {
			costs[i] = day.costs[service]
		}
		sum, inRange := cost.Add(median(costs))
		cost, ok = sum, ok && inRange
	}
	return cost, ok
}

// median returns the middle one, of an even number the mean of the two in the middle.
func median(amounts []money.Amount) money.Amount {
	slices.Sort(amounts)
	high := amounts[len(amounts)/2]
	if len(amounts)%2 == 1 {
		return high
	}
	low := amounts[len(amounts)/2-1]
	return low/2 + high/2 + (low%2+high%2)/2
}
