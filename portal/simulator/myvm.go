package simulator

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	myVMPerVDC  = 10 // "up to 10 VMs" was per VDC
	myVMWarning = "This endpoint has been deprecated. Please use https://portal.skyscapecloud.com/api/accounts/:account_id/compute_service in future"
)

// myVM answers GET /api/my_vm in the shape that two public clients agree on:
// by account name, then a list of one-key objects by VDC name, and beside the
// accounts a warning. The reference's shape was never served.
func (p *Portal) myVM(c *call) answer {
	if p.options.Era == Era2020 && !c.now.Before(myVMGone) {
		return failure(http.StatusNotFound, "404 Not Found", "")
	}
	tick := tickOf(c.now)
	return p.streamed(c, "my_vm of "+string(c.user.Role), func(w io.Writer) error {
		s := &stream{w: w}
		s.raw("{")
		for _, a := range p.accountsOf(c.user) {
			if !c.user.may(seesCompute) {
				break // the reference has no 403 here
			}
			s.str(a.name)
			s.raw(`:{"vapps":[`)
			p.eachVDC(s, a, c.now.Unix(), func(x *vdc) { p.writeMyVApps(s, x, tick) })
			s.raw(`],"vms":[`)
			p.eachVDC(s, a, c.now.Unix(), func(x *vdc) { p.writeMyVMs(s, x, tick) })
			s.raw(`]},`)
		}
		s.field(`"warning":`, myVMWarning)
		s.raw("}")
		s.flush()
		return s.err
	})
}

// eachVDC writes [{"name":[…]},…] with what write writes for each VDC.
func (p *Portal) eachVDC(s *stream, a *account, t int64, write func(*vdc)) {
	i := 0
	for _, v := range p.vorgs(a, t) {
		for _, x := range p.vdcs(v, t) {
			separate(s, i)
			i++
			s.field("{", x.name)
			s.raw(":[")
			write(x)
			s.raw("]}")
			s.flushed()
		}
	}
}

func (p *Portal) writeMyVApps(s *stream, x *vdc, tick int64) {
	for i, a := range x.vapps {
		separate(s, i)
		sum, state := live{estimated: true, rated: true}, "Off"
		for _, slot := range a.slots {
			m := p.estate.machineAt(slot, tick)
			l := p.live(m, tick)
			sum.monthToDate += l.monthToDate
			sum.estimate += l.estimate
			sum.estimated = sum.estimated && l.estimated
			if m.onAt(tick) {
				state = "On"
			}
		}
		s.number(`{"_id":`, int64(i+1))
		s.field(`,"urn":`, a.urn)
		s.field(`,"name":`, a.name)
		s.field(`,"ps":`, state)
		s.number(`,"total_vms":`, int64(len(a.slots)))
		p.writeMyMoney(s, sum)
		s.raw("}")
		s.flushed()
	}
}

func (p *Portal) writeMyVMs(s *stream, x *vdc, tick int64) {
	written := 0
	for _, a := range x.vapps {
		for _, slot := range a.slots[:min(len(a.slots), myVMPerVDC-written)] {
			separate(s, written)
			p.writeMyVM(s, p.estate.machineAt(slot, tick), tick)
			written++
			s.flushed()
		}
	}
}

func (p *Portal) writeMyVM(s *stream, m *machine, tick int64) {
	c, l := m.configOn(tick/day), p.live(m, tick)
	s.number(`{"_id":`, int64(m.id))
	s.field(`,"urn":`, m.urn)
	s.field(`,"name":`, m.name)
	if p.options.Era == Era2020 {
		s.raw(`,"size":null`)
	} else {
		s.field(`,"size":`, strings.ToLower(c.size.name))
	}
	s.field(`,"ps":`, myVMPower(m.powerStatus(tick)))
	s.field(`,"os":`, m.os)
	s.field(`,"cpu":`, strconv.Itoa(c.shape.cpus)+"x2GHz")
	s.field(`,"mem":`, strconv.Itoa(c.shape.memory)+"MB")
	s.field(`,"storage":`, strconv.Itoa(p.shownStorage(c, tick)/mibPerGiB)+"GB")
	s.wallClock(`,"created_at":`, time.Unix(m.created, 0), p.london)
	s.wallClock(`,"updated_at":`, time.Unix(m.created, 0), p.london)
	p.writeMyMoney(s, l)
	s.list = p.backupsAt(s.list[:0], m, tick)
	protection := m.protection(s.list)
	s.field(`,"comment":null,"last_backup_status":`, protection.lastStatus)
	s.raw(`,"in_backup":`)
	s.b = strconv.AppendBool(s.b, protection.inBackup)
	s.field(`,"last_backup":`, protection.last)
	if protection.retention < 0 {
		s.raw(`,"retention_length":null`)
	} else {
		s.number(`,"retention_length":`, int64(protection.retention))
	}
	p.writeMyHours(s, l)
	s.raw(`,"backups":[`)
	for i, b := range s.list {
		separate(s, i)
		s.field(`{"status":`, b.status)
		s.field(`,"backup_slot":`, b.night.Format(slotLayout))
		s.wallClock(`,"backup_start":`, b.start, p.london)
		s.wallClock(`,"backup_end":`, b.end, p.london)
		s.wallClock(`,"snapshot_removal_start":`, b.snapshotRemoved, p.london)
		s.wallClock(`,"snapshot_removal_end":`, b.snapshotEnded, p.london)
		s.raw("}")
	}
	s.raw("]}")
}

func myVMPower(status string) string {
	return map[string]string{"POWERED_ON": "On", "POWERED_OFF": "Off", "UNKNOWN": "Unknown"}[status]
}

// writeMyMoney writes both sums with a pound sign; null at the month's beginning.
func (p *Portal) writeMyMoney(s *stream, l live) {
	if p.options.Era == Era2020 {
		l = live{estimated: true}
	}
	s.raw(`,"month_to_date":"£`)
	s.b = appendPennies(s.b, l.monthToDate)
	if !l.estimated {
		s.raw(`","estimated_monthly_total":null`)
		return
	}
	s.raw(`","estimated_monthly_total":"£`)
	s.b = appendPennies(s.b, l.estimate)
	s.raw(`"`)
}

func (p *Portal) writeMyHours(s *stream, l live) {
	switch {
	case p.options.Era == Era2020:
		s.raw(`,"billed_hours_powered_on":0,"billed_hours_powered_off":0`)
	case !l.rated:
		s.raw(`,"billed_hours_powered_on":null,"billed_hours_powered_off":null`)
	default:
		s.number(`,"billed_hours_powered_on":`, l.hoursOn)
		s.number(`,"billed_hours_powered_off":`, l.hoursOff)
	}
}
