package simulator

import (
	"net/http"
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

type buildAttributes struct {
	CreatedAt        string  `json:"createdAt"`
	CreatedBy        string  `json:"createdBy"`
	ServiceName      *string `json:"serviceName,omitempty"`
	State            string  `json:"state"`
	VDCName          string  `json:"vdcName,omitempty"`
	VMType           string  `json:"vmType,omitempty"`
	ZoneID           string  `json:"zoneId,omitempty"`
	ConnectivityType string  `json:"connectivityType,omitempty"`
}

// list answers GET /api/accounts/:account_id/…-builds, oldest first.
func (k buildKind) list(p *Portal, c *call) answer {
	a := p.estate.account(c.args[0])
	if a == nil {
		return foreign(http.StatusForbidden, c.args[0])
	}
	list := []object{}
	today := c.now.Unix() / day
	for number := today - buildsListed; number <= today; number++ {
		if b, ok := k.build(p, a, number, c.now); ok {
			list = append(list, b)
		}
	}
	return data(list)
}

// one answers GET /api/…-builds/:build_id.
func (k buildKind) one(p *Portal, c *call) answer {
	notFound := failure(http.StatusNotFound, "404 Not Found", "We couldn't find a build with ID "+c.args[0])
	id, err := strconv.ParseInt(c.args[0], 10, 64)
	accounts := int64(len(p.estate.accounts))
	if err != nil || id < 0 || id/accounts < c.now.Unix()/day-buildsListed {
		return notFound
	}
	b, ok := k.build(p, p.estate.accounts[id%accounts], id/accounts, c.now)
	if !ok {
		return notFound
	}
	return data(b)
}

// build returns an account's build of a day, false if it is still to come.
func (k buildKind) build(p *Portal, a *account, number int64, now time.Time) (object, bool) {
	d := p.estate.draw.of(topicBuild, int64(k)).of(topicAccount, int64(a.number)).of(topicBuild, number)
	created := number*day + int64(d.below(int(day)))
	age := now.Unix() - created
	if age < 0 {
		return object{}, false
	}
	attributes := buildAttributes{
		// Builds have an offset, backups and tickets do not.
		CreatedAt: time.Unix(created, 0).In(p.london).Format("2006-01-02T15:04:05-07:00"),
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
	case edgeBuild:
		attributes.ConnectivityType = "Internet"
	}
	kind := [...]string{"Vorg-build", "VDC-build", "EdgeGateway-build"}[k]
	return object{kind, strconv.FormatInt(number*int64(len(p.estate.accounts))+int64(a.number), 10), attributes}, true
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
