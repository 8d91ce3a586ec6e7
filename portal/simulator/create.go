package simulator

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// build is one that a user started.
type build struct {
	kind                buildKind
	account             *account
	id                  int64
	created, runs, ends int64
	fails               bool
	attributes          buildAttributes
}

// object shows the build as it stands.
func (b *build) object(p *Portal, now time.Time) object {
	attributes, t := b.attributes, now.Unix()
	switch {
	case t < b.runs:
		attributes.State = "approved"
	case t < b.ends:
		attributes.State = "running"
	case b.fails:
		attributes.State = "failed"
	default:
		attributes.State = "completed"
	}
	return b.kind.object(strconv.FormatInt(b.id, 10), attributes)
}

// listed reports whether a build is old enough to exist and young enough to be
// listed.
func (b *build) listed(t int64) bool { return b.created <= t && b.created/day >= t/day-buildsListed }

func (b *book) buildsOf(k buildKind, a *account, t int64) []*build {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return slices.DeleteFunc(slices.Clone(b.builds[k]), func(one *build) bool { return one.account != a || !one.listed(t) })
}

func (b *book) build(k buildKind, id, t int64) *build {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if id < 1 || id > int64(len(b.builds[k])) || !b.builds[k][id-1].listed(t) {
		return nil
	}
	return b.builds[k][id-1]
}

// order is what a body asks to be built.
type order map[string]string

// readOrder reads {"data":{"type":…,"attributes":{…}}}. Attributes that were not
// asked for are not looked at.
func readOrder(c *call, kind string, names ...string) (order, *answer) {
	given, err := readParameters(c.r)
	if err != nil {
		return nil, badBody(err)
	}
	inner, _ := given["data"].(map[string]any)
	attributes, _ := inner["attributes"].(map[string]any)
	if inner["type"] != kind || attributes == nil {
		return nil, invalid(`the body is not {"data":{"type":"` + kind + `","attributes":{…}}}`)
	}
	values, wrong := parameters(attributes).texts("attributes", names...)
	if wrong != nil {
		return nil, wrong
	}
	o := order{}
	for i, name := range names {
		o[name] = values[i]
	}
	return o, nil
}

// invalid is 400 with a reason.
func invalid(detail string) *answer {
	a := failure(http.StatusBadRequest, "400 Bad Request", detail)
	return &a
}

// zones are those of self-service with their domain: true is Elevated.
var zones = map[string]bool{"B": false, "D": true, "F": false, "12": true}

// zone returns the domain of a zone, and whether one can build there.
func (p *Portal) zone(id string, now time.Time) (elevated, known bool) {
	if p.options.Era == Era2020 && !now.Before(zonesAdded) && (id == "2D" || id == "2E") {
		return false, true
	}
	elevated, known = zones[id]
	return elevated, known
}

// createVOrg answers POST /api/accounts/:account_id/vorgs.
func (p *Portal) createVOrg(c *call) answer {
	a, refusal := p.visibleAccount(c, http.StatusNotFound)
	if refusal != nil {
		return *refusal
	}
	o, wrong := readOrder(c, "Vorg", "name", "zoneId")
	if wrong != nil {
		return *wrong
	}
	name := o["name"]
	if strings.TrimSpace(name) == "" {
		return *invalid("name is empty")
	}
	elevated, known := p.zone(o["zoneId"], c.now)
	if !known { // the reference has 500 for this
		return failure(http.StatusInternalServerError, "500 Internal Server Error",
			"We're sorry, but there was a problem creating the vOrg in the specified zone.")
	}
	return p.start(c, vOrgBuild, a, buildAttributes{ServiceName: &name, ZoneID: o["zoneId"]}, func(b *build, d draw) {
		all := append(slices.Clone(a.vorgs), p.book.vorgs[a]...)
		b.fails = slices.ContainsFunc(all, func(v *vorg) bool { return v.name == name })
		v := &vorg{account: a, number: len(all) + 1, name: name, since: b.ends, elevated: elevated}
		v.serviceID = fmt.Sprintf("%d-%d-%d-%s", a.company, a.id, v.number, d.hex(6))
		v.urn = "urn:vcloud:org:" + d.of(topicURN, 0).uuid()
		if !b.fails {
			p.book.vorgs[a] = append(p.book.vorgs[a], v)
		}
	})
}

// createVDC answers POST /api/accounts/:account_id/vorgs/:vorg_id/vdcs.
func (p *Portal) createVDC(c *call) answer {
	v, refusal := p.vorgOf(c)
	if refusal != nil {
		return *refusal
	}
	o, wrong := readOrder(c, "VDC", "name", "vmType")
	if wrong != nil {
		return *wrong
	}
	name, vmType := o["name"], o["vmType"]
	class := class(slices.IndexFunc([]class{essential, power, priority}, func(c class) bool { return c.powerType() == vmType }))
	unfit := "+"
	if p.options.Era == Era2020 {
		unfit = "+()"
	}
	switch {
	case class < 0:
		return *invalid("vmType is not one of POWER, ESSENTIAL, PRIORITY")
	case strings.TrimSpace(name) == "":
		return *invalid("name is empty")
	case utf8.RuneCountInString(name) > 32:
		return *invalid("name is longer than 32 characters")
	case strings.ContainsAny(name, unfit):
		return *invalid("name has one of the characters " + unfit)
	}
	shown := class.prefix() + name
	return p.start(c, vdcBuild, v.account, buildAttributes{ServiceName: &v.name, VDCName: name, VMType: vmType}, func(b *build, d draw) {
		all := append(slices.Clone(v.vdcs), p.book.vdcs[v]...)
		b.fails = slices.ContainsFunc(all, func(x *vdc) bool { return x.name == shown })
		if b.fails {
			return
		}
		x := &vdc{vorg: v, class: class, name: shown, urn: "urn:vcloud:vdc:" + d.of(topicURN, 0).uuid(), since: b.ends, halfSwap: class != essential}
		p.book.vdcs[v] = append(p.book.vdcs[v], x)
		p.book.slots = append(p.book.slots, p.firstSlot(x, d))
	})
}

// prefix is what the portal puts before a new VDC's name.
func (c class) prefix() string { return [...]string{"A-ESS-", "A-POW-", "A-PRI-"}[c] }

const (
	firstBuiltSlot = 900_000 // above every drawn one
	longLife       = 36_500 * day
)

// firstSlot makes the one VM of a new VDC. It lives from the beginning of the
// hour in which the build ends. The caller holds the lock.
func (p *Portal) firstSlot(x *vdc, d draw) *slot {
	a := &vapp{vdc: x, name: "vApp_" + x.name, urn: "urn:vcloud:vapp:" + d.of(topicVApp, 0).uuid()}
	x.vapps = []*vapp{a}
	s := &slot{vapp: a, number: firstBuiltSlot, inAcct: firstBuiltSlot + len(p.book.slots), rank: 1, period: longLife, since: x.since - x.since%hour}
	if n := len(p.book.slots); n > 0 {
		s.number = p.book.slots[n-1].number + 1
	}
	for s.quirk() != ordinary {
		s.number++
	}
	s.phase = -s.since
	a.slots = []*slot{s}
	return s
}

// createEdgeGateway answers POST …/vdcs/:vdc_urn/edge-gateways.
func (p *Portal) createEdgeGateway(c *call) answer {
	v, refusal := p.vorgOf(c)
	if refusal != nil {
		return *refusal
	}
	x := p.vdcOf(c, v)
	if x == nil {
		return failure(http.StatusNotFound, "404 Not Found", "We couldn't find a VDC with URN "+c.args[2])
	}
	o, wrong := readOrder(c, "EdgeGateway", "connectivityType")
	if wrong != nil {
		return *wrong
	}
	kind := o["connectivityType"]
	if kind != "Internet" && kind != "External" {
		return *invalid("connectivityType is not one of Internet, External")
	}
	return p.start(c, edgeBuild, v.account, buildAttributes{}, func(b *build, d draw) {
		if b.fails = (kind == "External") != v.elevated; !b.fails {
			n := len(x.edges) + len(p.book.edges[x]) + 1
			e := edge{urn: "urn:vcloud:gateway:" + d.of(topicURN, 0).uuid(), name: edgeName(x.name, n), since: b.ends}
			p.book.edges[x] = append(p.book.edges[x], e)
		}
	})
}

// start notes a build and answers with it, as recorded: 202, a Location without
// a host, no validator. What stands at its end is added by raise, which also
// reports whether the build will fail.
func (p *Portal) start(c *call, k buildKind, a *account, attributes buildAttributes, raise func(*build, draw)) answer {
	p.book.mu.Lock()
	defer p.book.mu.Unlock()
	now, takes := c.now.Unix(), p.options.BuildDuration
	b := &build{
		kind: k, account: a, id: int64(len(p.book.builds[k])) + 1,
		created: now, runs: c.now.Add(takes / 4).Unix(), ends: c.now.Add(takes).Unix(), attributes: attributes,
	}
	b.attributes.CreatedAt, b.attributes.CreatedBy = p.withOffset(now), c.user.Email
	raise(b, p.estate.draw.of(topicWritten, int64(k)).of(topicBuild, b.id))
	p.book.builds[k] = append(p.book.builds[k], b)
	shown := b.object(p, c.now)
	approved := b.attributes
	approved.State = "approved" // also of a build that takes no time
	shown.Attributes = approved
	created := whole(http.StatusAccepted, typeJSON, mustJSON(map[string]any{"data": shown}))
	created.header = http.Header{"Location": {"/api/" + k.path() + "/" + shown.ID}}
	return created
}
