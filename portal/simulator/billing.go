package simulator

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// publishedHour is when the portal has the bill of the day before (UTC).
const publishedHour = 6

var errPeriod = errors.New("period is invalid")

// parsePeriod returns the first second of a month written YYYY-MM.
func parsePeriod(period string) (int64, error) {
	t, err := time.Parse("2006-01", period)
	if err != nil {
		return 0, errPeriod
	}
	return t.Unix(), nil
}

// parseDate returns the first second of a day written YYYY-MM-DD.
func parseDate(date string) (int64, error) {
	t, err := time.Parse("2006-01-02", date)
	return t.Unix(), err
}

// billingCSV answers GET /api/billing/billing-csv. The answers for a period
// without data, in the past or the future, were never recorded: here they are
// the header alone.
func (p *Portal) billingCSV(c *call) answer {
	v, start, refusal := p.orgOf(c, "period", parsePeriod)
	if refusal != nil {
		return *refusal
	}
	from, to := p.billed(start, c.now)
	key := billKey{v.serviceID, start}
	restated, spoiled := p.edits.ofBill(key)
	// The content follows from these alone, so the validator costs no second pass.
	tag := fmt.Sprint(p.options.Seed, p.options.VMs, p.options.Accounts, p.options.VOrgsPerAccount, p.options.Billing, key, from, to, restated, spoiled, len(p.slotsOf(v, to)))
	return answer{
		status: http.StatusOK, contentType: typeCSV, length: -1, etag: fmt.Sprintf(`W/"%x"`, uint64(hashText(tag))),
		write: func(w io.Writer) error {
			out := &rowWriter{format: p.options.Billing, b: make([]byte, 0, streamBuffer)}
			out.header()
			number := 0
			for r := range p.billRows(v, start, c.now) {
				number++
				begin := len(out.b)
				out.row(r)
				if cells := ofRow(spoiled, number); cells != nil {
					out.spoil(begin, cells)
				}
				if len(out.b) < streamBuffer-4<<10 {
					continue
				}
				if _, err := w.Write(out.b); err != nil {
					return err
				}
				out.b = out.b[:0]
			}
			_, err := w.Write(out.b)
			return err
		},
	}
}

// hashText folds a text into a draw.
func hashText(text string) draw {
	d := draw(len(text))
	for _, c := range []byte(text) {
		d = mix(d ^ draw(c))
	}
	return d
}

func ofRow(cells []spoiledCell, row int) []spoiledCell {
	var found []spoiledCell
	for _, cell := range cells {
		if cell.row == row {
			found = append(found, cell)
		}
	}
	return found
}

// serviceIDForm is the form of a compute service's id in the reference's schemas.
var serviceIDForm = regexp.MustCompile(`^\d+-\d+-\d+-[a-zA-Z0-9]{5,6}$`)

// orgOf finds the compute service of a billing call, and the time in its other
// parameter, or the answer to give instead: what is wrong with the parameters comes
// before who may see the service, as Grape has it. Of the errors only the codes 400 and 401 are documented; an org_id
// that is not the login's is answered as a foreign account is.
func (p *Portal) orgOf(c *call, other string, parse func(string) (int64, error)) (*vorg, int64, *answer) {
	query := c.r.URL.Query()
	orgID := query.Get("org_id")
	start, err := parse(query.Get(other))
	var problems []string
	check := func(name string, valid bool) {
		switch {
		case query.Get(name) == "":
			problems = append(problems, name+" is missing")
		case !valid:
			problems = append(problems, name+" is invalid")
		}
	}
	check(other, err == nil)
	check("org_id", serviceIDForm.MatchString(orgID))
	v := p.service(orgID, c.now.Unix())
	var a answer
	switch {
	case problems != nil:
		a = failure(http.StatusBadRequest, strings.Join(problems, ", "), "")
	case p.estate.account(c.account) == nil || c.user.Role == NoAccount:
		a = foreign(http.StatusForbidden, c.account)
	case v == nil || !c.user.may(seesBilling):
		a = forbidden("Billing permission is required in order to see " + orgID + ".")
	default:
		return v, start, nil
	}
	return nil, 0, &a
}

// dataThrough is the end of the last day that is in the bill.
func dataThrough(now time.Time) int64 {
	t := now.Unix() - publishedHour*hour
	return t - t%day
}

// billed returns the days of a month that have data, from inclusive to to
// exclusive; none if from equals to.
func (p *Portal) billed(start int64, now time.Time) (from, to int64) {
	year, month, _ := now.UTC().Date()
	oldest := monthStart(year, month-time.Month(p.options.History))
	_, end := monthAround(start)
	to = min(end, dataThrough(now))
	if start < oldest || to < start {
		return start, start
	}
	return start, to
}

// billRows yields the rows of a month's bill in the order in which days came
// to it. A row is good until the next one.
func (p *Portal) billRows(v *vorg, start int64, now time.Time) iter.Seq[*billRow] {
	from, to := p.billed(start, now)
	return func(yield func(*billRow) bool) {
		vms := p.billedVMs(v, from, to)
		for dayStart := from; dayStart < to; dayStart += day {
			date := dateText(dayStart)
			for _, b := range vms {
				if !b.rows(dayStart, date, yield) {
					return
				}
			}
			for _, x := range v.extras {
				if !x.rows(dayStart, date, yield) {
					return
				}
			}
		}
		if _, end := monthAround(start); to == end {
			p.restatementRows(v, start, end-day, yield)
		}
	}
}

// billedVMs returns every VM that a vOrg had in a time.
func (p *Portal) billedVMs(v *vorg, from, to int64) []*billedVM {
	if from == to {
		return nil
	}
	slots := p.slotsOf(v, to)
	vms := make([]*billedVM, 0, len(slots))
	for _, s := range slots {
		for m := range p.estate.machinesDuring(s, from, to) {
			vms = append(vms, newBilledVM(m))
		}
	}
	return slices.Clip(vms)
}

// restatementRows yields what was added to a closed month: an hour of a
// service at the price of the sum.
func (p *Portal) restatementRows(v *vorg, start, dayStart int64, yield func(*billRow) bool) {
	restated, _ := p.edits.ofBill(billKey{v.serviceID, start})
	for i, change := range restated {
		r := billRow{
			date: dateText(dayStart), start: dayStart, end: dayStart + day, hours: 1, name: "Invoice correction",
			id: fmt.Sprintf("correction-%d", i+1), service: "Secure Remote Access", domain: "ASSURED",
			compute: true, computePrice: change.amount,
		}
		if !yield(&r) {
			return
		}
	}
}
