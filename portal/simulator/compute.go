package simulator

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"ukcloud_exporter/money"
)

// computeServices answers GET /api/accounts/:account_id/compute_services. The
// order of the keys is the recorded one. Pages count vOrgs; without page and
// per_page the answer is the whole account, as was recorded.
func (p *Portal) computeServices(c *call) answer {
	a, refusal := p.visibleAccount(c, http.StatusForbidden)
	if refusal != nil {
		return *refusal
	}
	vorgs := p.vorgs(a, c.now.Unix())
	from, to, err := pageBounds(c.r.URL.Query(), len(vorgs))
	if err != nil {
		return failure(http.StatusBadRequest, err.Error(), "")
	}
	name := fmt.Sprintf("%d %d-%d", a.id, from, to)
	return p.streamed(c, name, func(w io.Writer) error {
		s := &stream{w: w}
		s.number(`{"account":{"id":`, int64(a.id))
		s.raw(`},"vOrgs":[`)
		for i, v := range vorgs[from:to] {
			separate(s, i)
			s.raw("{")
			p.writeVOrg(s, v, c.now)
		}
		s.raw("]}")
		s.flush()
		return s.err
	})
}

// computeService answers GET /api/accounts/:account_id/compute_services/:vorg_id.
// Nothing of it was recorded; the shape is the reference's.
func (p *Portal) computeService(c *call) answer {
	a, refusal := p.visibleAccount(c, http.StatusForbidden)
	if refusal != nil {
		return *refusal
	}
	v := p.vorg(a, c.args[1], c.now.Unix())
	if v == nil {
		return failure(http.StatusNotFound, "404 Not Found", "We couldn't find a compute service with ID "+c.args[1])
	}
	return p.streamed(c, fmt.Sprintf("%d vorg %d", a.id, v.number), func(w io.Writer) error {
		s := &stream{w: w}
		s.number(`{"compute_service_id":`, int64(v.number))
		s.raw(",")
		p.writeVOrg(s, v, c.now)
		s.flush()
		return s.err
	})
}

// pageBounds returns the part of n things that a page holds.
func pageBounds(query url.Values, n int) (from, to int, err error) {
	if !query.Has("page") && !query.Has("per_page") {
		return 0, n, nil
	}
	page, size := 1, 25
	for name, value := range map[string]*int{"page": &page, "per_page": &size} {
		if text := query.Get(name); text != "" {
			if *value, err = strconv.Atoi(text); err != nil || *value < 1 || *value > 1_000_000 {
				return 0, 0, fmt.Errorf("%s is invalid", name)
			}
		}
	}
	from = min((page-1)*size, n)
	return from, min(from+size, n), nil
}

func separate(s *stream, i int) {
	if i > 0 {
		s.raw(",")
	}
}

// writeVOrg writes a vOrg from behind its opening brace.
func (p *Portal) writeVOrg(s *stream, v *vorg, now time.Time) {
	tick := tickOf(now)
	s.field(`"name":`, v.name)
	s.field(`,"serviceId":`, v.serviceID)
	s.field(`,"urn":`, v.urn)
	s.raw(`,"VDCs":[`)
	for i, x := range p.vdcs(v, now.Unix()) {
		separate(s, i)
		s.field(`{"name":`, x.name)
		s.field(`,"urn":`, x.urn)
		s.raw(`,"vApps":[`)
		for j, a := range x.vapps {
			separate(s, j)
			s.field(`{"name":`, a.name)
			s.field(`,"urn":`, a.urn)
			s.raw(`,"VMs":[`)
			for k, slot := range a.slots {
				separate(s, k)
				p.writeVM(s, p.estate.machineAt(slot, tick), tick)
				if !s.flushed() {
					return
				}
			}
			s.raw("]}")
		}
		s.raw("]}")
	}
	s.raw("]}")
}

func (p *Portal) writeVM(s *stream, m *machine, tick int64) {
	c := m.configOn(tick / day)
	s.number(`{"_id":`, int64(m.id))
	s.field(`,"name":`, m.name)
	s.field(`,"urn":`, m.urn)
	s.field(`,"size":`, c.size.name)
	p.writeMoney(s, p.live(m, tick))
	s.field(`,"powerStatus":`, m.powerStatus(tick))
	s.field(`,"operatingSystem":`, m.os)
	s.number(`,"numberOfCPUs":`, int64(c.shape.cpus))
	s.number(`,"memory":`, int64(c.shape.memory))
	s.number(`,"storage":`, int64(p.shownStorage(c, tick)))
	s.list = p.backupsAt(s.list[:0], m, tick)
	protection := m.protection(s.list)
	s.field(`,"lastBackupStatus":`, protection.lastStatus)
	s.raw(`,"inBackup":`)
	s.b = strconv.AppendBool(s.b, protection.inBackup)
	s.field(`,"lastBackup":`, protection.last)
	if protection.retention < 0 {
		s.raw(`,"retentionLength":null`)
	} else {
		s.number(`,"retentionLength":`, int64(protection.retention))
	}
	s.raw(`,"backups":[`)
	for i, b := range s.list {
		separate(s, i)
		s.field(`{"status":`, b.status)
		s.field(`,"backupSlot":`, b.night.Format(slotLayout))
		s.wallClock(`,"backupStart":`, b.start, p.london)
		s.wallClock(`,"backupEnd":`, b.end, p.london)
		s.wallClock(`,"snapshotRemovalStart":`, b.snapshotRemoved, p.london)
		s.wallClock(`,"snapshotRemovalEnd":`, b.snapshotEnded, p.london)
		s.raw("}")
	}
	s.raw("]}")
}

// writeMoney writes the four billing fields. From 2020 they were constant: the
// keys stayed for the sake of old clients.
func (p *Portal) writeMoney(s *stream, l live) {
	if p.options.Era == Era2020 {
		s.raw(`,"monthToDate":"0.00","estimatedMonthlyTotal":"0.00","billedHoursPoweredOn":0,"billedHoursPoweredOff":0`)
		return
	}
	s.raw(`,"monthToDate":"`)
	s.b = appendPennies(s.b, l.monthToDate)
	if l.estimated {
		s.raw(`","estimatedMonthlyTotal":"`)
		s.b = appendPennies(s.b, l.estimate)
		s.raw(`"`)
	} else {
		s.raw(`","estimatedMonthlyTotal":null`)
	}
	if !l.rated { // a client that saw live data made the hours nullable
		s.raw(`,"billedHoursPoweredOn":null,"billedHoursPoweredOff":null`)
		return
	}
	s.number(`,"billedHoursPoweredOn":`, l.hoursOn)
	s.number(`,"billedHoursPoweredOff":`, l.hoursOff)
}

// appendPennies appends a sum with two places, as the portal writes money.
func appendPennies(b []byte, a money.Amount) []byte {
	pennies := int64(a / penny)
	b = strconv.AppendInt(b, pennies/100, 10)
	return append(b, '.', byte('0'+pennies/10%10), byte('0'+pennies%10))
}

func (m *machine) powerStatus(t int64) string {
	switch {
	case m.quirk == unknownPower:
		return "UNKNOWN"
	case m.onAt(t):
		return "POWERED_ON"
	default:
		return "POWERED_OFF"
	}
}

// shownStorage is the storage field: zero from 28 October 2020.
func (p *Portal) shownStorage(c config, t int64) int {
	if p.options.Era == Era2020 && !time.Unix(t, 0).Before(storageGone) {
		return 0
	}
	return c.storage
}

// account returns the account with an id in decimal, nil if there is none.
func (e *estate) account(id string) *account {
	i := slices.IndexFunc(e.accounts, func(a *account) bool { return strconv.Itoa(a.id) == id })
	if i < 0 {
		return nil
	}
	return e.accounts[i]
}

// vorg returns the vOrg of an account with a number in decimal: the path has
// only the part of the id that stands behind the dash.
func (p *Portal) vorg(a *account, number string, t int64) *vorg {
	for _, v := range p.vorgs(a, t) {
		if strconv.Itoa(v.number) == number {
			return v
		}
	}
	return nil
}

// service returns the compute service with a service id, nil if there is none.
func (p *Portal) service(serviceID string, t int64) *vorg {
	for _, a := range p.estate.accounts {
		for _, v := range p.vorgs(a, t) {
			if v.serviceID == serviceID {
				return v
			}
		}
	}
	return nil
}
