package simulator

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// buildKind is what is being built.
type buildKind int

const (
	vOrgBuild buildKind = iota
	vdcBuild
	edgeBuild
)

const (
	buildsListed = 30 // days of builds that a list holds; how far back it went is not known
	buildStalls  = 5*day + hour
)

// Each account has one build of each kind a day. By the day's number it waits
// for approval, hangs while running, completes or fails, and a stall lasts
// longer than the four days until the next of its sort: every list shows all
// four states at any time.

// buildAttributes has the recorded order. Which of them a build has depends on
// its kind.
type buildAttributes struct {
	CreatedAt   string  `json:"createdAt"`
	CreatedBy   string  `json:"createdBy"`
	ServiceName *string `json:"serviceName,omitempty"`
	State       string  `json:"state"`
	VDCName     string  `json:"vdcName,omitempty"`
	VMType      string  `json:"vmType,omitempty"`
	ZoneID      string  `json:"zoneId,omitempty"`
}

// path is the last part of the list's path.
func (k buildKind) path() string {
	return [...]string{"vorg-builds", "vdc-builds", "edge-gateway-builds"}[k]
}

func (k buildKind) object(id string, attributes buildAttributes) object {
	return object{[...]string{"Vorg-build", "VDC-build", "EdgeGateway-build"}[k], id, attributes}
}

// list answers GET /api/accounts/:account_id/…-builds, oldest first.
func (k buildKind) list(p *Portal, c *call) answer {
	a, refusal := p.visibleAccount(c, http.StatusForbidden)
	if refusal != nil {
		return *refusal
	}
	type dated struct {
		object
		created int64
	}
	var list []dated
	today := c.now.Unix() / day
	for number := today - buildsListed; number <= today; number++ {
		if b, created, ok := k.drawn(p, a, number, c.now); ok {
			list = append(list, dated{b, created})
		}
	}
	for _, b := range p.book.buildsOf(k, a, c.now.Unix()) {
		list = append(list, dated{b.object(p, c.now), b.created})
	}
	slices.SortStableFunc(list, func(x, y dated) int { return cmp.Compare(x.created, y.created) })
	objects := []object{}
	for _, b := range list {
		objects = append(objects, b.object)
	}
	return data(objects)
}

// one answers GET /api/…-builds/:build_id. A user who may not see the build is
// told that there is none (reference).
func (k buildKind) one(p *Portal, c *call) answer {
	notFound := failure(http.StatusNotFound, "404 Not Found", "We couldn't find a build with ID "+c.args[0])
	id, err := strconv.ParseInt(c.args[0], 10, 64)
	if err != nil || id < 0 || !c.user.may(c.route.need) {
		return notFound
	}
	if b := p.book.build(k, id, c.now.Unix()); b != nil {
		return data(b.object(p, c.now))
	}
	accounts := int64(len(p.estate.accounts))
	if id/accounts < c.now.Unix()/day-buildsListed {
		return notFound
	}
	b, _, ok := k.drawn(p, p.estate.accounts[id%accounts], id/accounts, c.now)
	if !ok {
		return notFound
	}
	return data(b)
}

// drawn returns an account's build of a day, false if it is still to come.
func (k buildKind) drawn(p *Portal, a *account, number int64, now time.Time) (b object, created int64, ok bool) {
	d := p.estate.draw.of(topicBuild, int64(k)).of(topicAccount, int64(a.number)).of(topicBuild, number)
	created = number*day + int64(d.below(int(day)))
	age := now.Unix() - created
	if age < 0 {
		return object{}, 0, false
	}
	attributes := buildAttributes{
		CreatedAt: p.withOffset(created),
		CreatedBy: p.options.Email,
		State:     buildState(d, number, age),
	}
	v := a.vorgs[d.of(topicBuild, 1).below(len(a.vorgs))]
	switch k {
	case vOrgBuild:
		attributes.ServiceName = &v.name
		attributes.ZoneID = [...]string{"B", "F", "D", "12"}[d.of(topicBuild, 2).below(4)]
	case vdcBuild:
		attributes.ServiceName = &v.name
		attributes.VDCName = "New VDC " + d.hex(4)
		attributes.VMType = class(d.of(topicBuild, 2).below(3)).powerType()
	}
	return k.object(strconv.FormatInt(number*int64(len(p.estate.accounts))+int64(a.number), 10), attributes), created, true
}

// withOffset is the time of a build: builds have an offset, backups and tickets
// do not.
func (p *Portal) withOffset(t int64) string {
	return time.Unix(t, 0).In(p.london).Format("2006-01-02T15:04:05-07:00")
}

// buildState is what has become of a build after some seconds. The recorded
// ones took 100 seconds to three minutes.
func buildState(d draw, number, age int64) string {
	approved, running, end := int64(d.of(topicBuild, 3).within(10, 60)), int64(d.of(topicBuild, 4).within(100, 180)), "completed"
	switch number % 4 {
	case 0:
		approved = buildStalls
	case 1:
		running = buildStalls
	case 2:
		end = "failed"
	}
	switch {
	case age < approved:
		return "approved"
	case age < approved+running:
		return "running"
	default:
		return end
	}
}
