package simulator

import (
	"net/http"
	"slices"
	"time"
)

const (
	vMotionWindow  = 12 * hour
	vMotionsPerVM  = 50 // one event an hour for so many VMs
	vMotionNameCut = 32 // characters of a VM's or vApp's name that are shown
)

// vMotionEvent is one event in the reference's shape. No answer was recorded.
type vMotionEvent struct {
	Created        string `json:"event_created_time"`
	ServiceID      int    `json:"service_id"`
	UserName       string `json:"user_name"`
	VirtualMachine string `json:"virtual_machine"`
	VDCName        string `json:"vdc_name"`
	VAppName       string `json:"vapp_name"`
	at             int64
}

var vMotionUsers = []weighted[string]{{85, "System"}, {10, "Administrator"}, {5, "UKCloud User"}}

// vMotionEvents answers GET …/platform_visibility/vmotion_events: a bare array
// of the last twelve hours, newest first. It is empty from 19 March 2021 in
// Era2020.
func (p *Portal) vMotionEvents(c *call) answer {
	a, refusal := p.visibleAccount(c, http.StatusForbidden)
	if refusal != nil {
		return *refusal
	}
	list := []vMotionEvent{}
	if p.options.Era == Era2020 && !c.now.Before(vMotionGone) {
		return ok(list)
	}
	now := c.now.Unix()
	for start := (now - vMotionWindow) - (now-vMotionWindow)%hour; start <= now; start += hour {
		list = p.vMotionsOf(list, a, start)
	}
	list = slices.DeleteFunc(list, func(e vMotionEvent) bool { return e.at > now || e.at <= now-vMotionWindow })
	slices.SortStableFunc(list, func(x, y vMotionEvent) int { return int(y.at - x.at) })
	return ok(list)
}

// vMotionsOf appends the events of one hour. They depend on nothing but seed
// and hour, so that each is the same in every answer that it is in.
func (p *Portal) vMotionsOf(list []vMotionEvent, a *account, start int64) []vMotionEvent {
	d := p.estate.draw.of(topicVMotion, start).of(topicAccount, int64(a.number))
	count := len(a.slots) / vMotionsPerVM
	if d.below(vMotionsPerVM) < len(a.slots)%vMotionsPerVM {
		count++
	}
	for n := range count {
		d := d.of(topicVMotion, int64(n))
		at := start + int64(d.below(int(hour)))
		s := a.slots[d.of(topicSlot, 0).below(len(a.slots))]
		m := p.estate.machineAt(s, at)
		if !m.onAt(at) {
			continue // only a running VM moves
		}
		x := s.vapp.vdc
		event := vMotionEvent{
			Created:   time.Unix(at, 0).In(p.london).Format("2006-01-02T15:04:05-07:00"),
			ServiceID: x.vorg.number,
			UserName:  pick(d.of(topicVMotion, 1), vMotionUsers),
			// The name is cut, the UUID behind it is not.
			VirtualMachine: cut(m.name) + " (" + m.urn[len("urn:vcloud:vm:"):] + ")",
			VDCName:        x.name,
			VAppName:       cut(s.vapp.name),
			at:             at,
		}
		list = append(list, event)
		if d.of(topicVMotion, 2).permille(30) { // the same event, listed twice
			list = append(list, event)
		}
	}
	return list
}

func cut(name string) string {
	if runes := []rune(name); len(runes) > vMotionNameCut {
		return string(runes[:vMotionNameCut])
	}
	return name
}
