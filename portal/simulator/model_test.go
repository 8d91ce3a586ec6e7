package simulator

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

// The model is what the portal's writes should do, written down once more
// without looking at how the simulator does it: two users, the tickets that they
// open and the builds that they start. Random sequences of calls run against
// both, and every answer has to be the one that the model expects.

const (
	modelApproval = 3 * time.Minute
	modelBuild    = 4 * time.Minute
)

type modelTicket struct {
	id, summary, details, owner, submitted string
	opened                                 time.Time
	ended                                  string // Closed, Cancelled or ""
	notes, changes                         []update
}

type modelBuilt struct {
	kind, id, name, by string // kind is the path
	vorg, vdc          string // where: number of the vOrg, URN of the VDC
	created            time.Time
	fails              bool
	vmType             string
}

type model struct {
	t       *testing.T
	now     time.Time
	p       *Portal
	users   []*visitor // an administrator, and one who only reads
	emails  []string
	tickets []*modelTicket
	builds  []*modelBuilt
	vorgs   map[string]string   // number: name, as drawn
	vdcs    map[string][]string // names of VDCs by the number of their vOrg, as drawn
	log     []string
}

func newModel(t *testing.T, seed uint64) *model {
	m := &model{t: t, now: recorded, emails: []string{"demo@example.com", otherUser}, vorgs: map[string]string{}, vdcs: map[string][]string{}}
	m.p = newPortal(t, Options{
		Seed: seed, VMs: 8, Now: func() time.Time { return m.now }, ApprovalDelay: modelApproval, BuildDuration: modelBuild,
		SessionTTL: 24 * time.Hour, Users: []User{{otherUser, "second", ReadOnly}},
	})
	m.users = []*visitor{visit(t, m.p), visitAs(t, m.p, otherUser, "second")}
	for i, vorg := range m.users[0].compute()[0].VOrgs {
		number := fmt.Sprint(i + 1)
		m.vorgs[number] = vorg.Name
		for _, vdc := range vorg.VDCs {
			m.vdcs[number] = append(m.vdcs[number], vdc.Name)
		}
	}
	return m
}

// call makes a call as a user and wants a status; a body of "" is not compared.
func (m *model) call(user int, method, path, body string, status int, want string) *httptest.ResponseRecorder {
	m.t.Helper()
	m.log = append(m.log, fmt.Sprintf("%s user %d: %s %s %s", m.now.Format("15:04:05"), user, method, path, body))
	w := m.users[user].write(method, path, body)
	if w.Code != status || want != "" && w.Body.String() != want {
		m.t.Fatalf("%d %s\nwant %d %s\nafter\n%s", w.Code, w.Body, status, want, strings.Join(m.log, "\n"))
	}
	return w
}

func text(value any) string {
	b, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func (m *model) clock() string { return m.now.Format("02/01/2006 15:04") } // March: no summer time

func (m *model) statusOf(t *modelTicket) string {
	switch {
	case t.ended != "":
		return t.ended
	case m.now.Sub(t.opened) < modelApproval:
		return "New"
	default:
		return "Awaiting Review" // for an hour at least
	}
}

func (m *model) openTicket(r *rand.Rand, user int) {
	key, prefix, nature := "incident", "INC", `"classification":"Other incident"`
	if r.IntN(2) == 0 {
		key, prefix, nature = "service", "REQ", `"query_nature":"Other"`
	}
	t := &modelTicket{summary: fmt.Sprintf("summary %d", len(m.log)), details: "details", owner: m.emails[user], submitted: m.clock(), opened: m.now}
	status := 201
	switch r.IntN(8) {
	case 0:
		t.summary, status = " ", 422
	case 1:
		nature, status = `"classification":"nothing"`, 400
	}
	count := 1
	for _, other := range m.tickets {
		if strings.HasPrefix(other.id, prefix) {
			count++
		}
	}
	t.id = fmt.Sprintf("%s%d", prefix, 10_000+count)
	want := ""
	if status == 201 {
		m.tickets = append(m.tickets, t)
		want = fmt.Sprintf(`{"ticket_id":%q,"summary":%q,"submitted":%q,"status":%q}`, t.id, t.summary, t.submitted, "New")
	}
	body := fmt.Sprintf(`{%q:{"problem_area":"compute",%s,"service":"s","summary":%q,"further_details":"details"}}`, key, nature, t.summary)
	m.call(user, "POST", "my_calls", body, status, want)
}

// changeTicket picks a verb and a ticket, sometimes one that does not exist.
func (m *model) changeTicket(r *rand.Rand, user int) {
	verbs := []string{"note", "note", "subscribe", "unsubscribe", "change_owner", "close", "cancel", "reopen"}
	verb := verbs[r.IntN(len(verbs))]
	if len(m.tickets) == 0 || r.IntN(12) == 0 {
		m.call(user, "PUT", "my_calls/INC99999/close", "", 400, "")
		return
	}
	t := m.tickets[r.IntN(len(m.tickets))]
	about := []string{m.emails[0], m.emails[1], "stranger@example.com"}[r.IntN(3)]
	status := m.statusOf(t)
	want, path, body := 200, "my_calls/"+t.id+"/"+verb, ""
	ended := status == "Closed" || status == "Cancelled"
	change := update{Owner: m.emails[user], SubmittedOn: m.clock()}
	switch verb {
	case "note":
		path, body = "my_calls/"+t.id, fmt.Sprintf(`{"description":"note %d"}`, len(m.log))
		change.Type, change.Text = "comment", fmt.Sprintf("note %d", len(m.log))
	case "subscribe", "unsubscribe", "change_owner":
		body = fmt.Sprintf(`{"email":%q}`, about)
		change.Type = "subscriber"
		change.Text = map[string]string{"subscribe": about + " subscribed", "unsubscribe": about + " unsubscribed", "change_owner": about + " owns the ticket"}[verb]
		if verb == "change_owner" {
			change.Type = "owner"
		}
	default:
		change.Type = "status"
		change.Text = map[string]string{"close": "Closed", "cancel": "Cancelled", "reopen": "Reopened"}[verb]
	}
	switch {
	case status == "New":
		want = 422
	case strings.HasPrefix(body, `{"email":"stranger`):
		want = 400
	case ended != (verb == "reopen"):
		want = 422
	}
	expected := ""
	if want == 200 {
		expected = "null"
		t.changes = append(t.changes, change)
		switch verb {
		case "note":
			t.notes = append(t.notes, change)
			expected = text(t.notes)
		case "change_owner":
			t.owner = about
		case "close":
			t.ended = "Closed"
		case "cancel":
			t.ended = "Cancelled"
		case "reopen":
			t.ended = ""
		}
	}
	m.call(user, "PUT", path, body, want, expected)
}

func (m *model) readTickets(r *rand.Rand, user int) {
	var want []listedTicket
	for _, t := range m.tickets {
		if t.owner == m.emails[user] {
			want = append(want, listedTicket{t.id, t.summary, t.submitted, m.statusOf(t)})
		}
	}
	if got := m.users[user].mine(); !slices.Equal(got, want) {
		m.t.Fatalf("own tickets of user %d: %+v\nwant %+v\nafter\n%s", user, got, want, strings.Join(m.log, "\n"))
	}
	if len(m.tickets) == 0 {
		return
	}
	t := m.tickets[r.IntN(len(m.tickets))]
	notes, changes := append([]update{}, t.notes...), append([]update{}, t.changes...)
	detail := fmt.Sprintf(`{"changes":%s,"ticket":{"Description":%q,"status":%q,"submitted":%q,"summary":%q,"ticket_id":%q},"updates":%s}`,
		text(changes), t.details, m.statusOf(t), t.submitted, t.summary, t.id, text(notes))
	m.call(user, "GET", "my_calls/"+t.id, "", 200, detail)
	if t.owner == m.emails[user] {
		m.call(user, "GET", "my_calls/"+t.id+"?for=user", "", 200, detail)
	} else {
		m.call(user, "GET", "my_calls/"+t.id+"?for=user", "", 400, "")
	}
}

func (m *model) stateOf(b *modelBuilt) string {
	switch age := m.now.Sub(b.created); {
	case age < modelBuild/4:
		return "approved"
	case age < modelBuild:
		return "running"
	case b.fails:
		return "failed"
	}
	return "completed"
}

// stands reports whether what a build makes is there.
func (m *model) stands(b *modelBuilt) bool { return m.stateOf(b) == "completed" }

func (m *model) body(b *modelBuilt) string {
	kinds := map[string]string{"vorg-builds": "Vorg-build", "vdc-builds": "VDC-build", "edge-gateway-builds": "EdgeGateway-build"}
	attributes := fmt.Sprintf(`"createdAt":%q,"createdBy":%q,`, b.created.Format("2006-01-02T15:04:05-07:00"), b.by)
	state := fmt.Sprintf(`"state":%q`, m.stateOf(b))
	switch b.kind {
	case "vorg-builds":
		attributes += fmt.Sprintf(`"serviceName":%q,%s,"zoneId":"B"`, b.name, state)
	case "vdc-builds":
		attributes += fmt.Sprintf(`"serviceName":%s,%s,"vdcName":%q,"vmType":%q`, strings.ReplaceAll(text(m.vorgName(b.vorg)), `\u0026`, "&"), state, b.name, b.vmType)
	default:
		attributes += state
	}
	return fmt.Sprintf(`{"type":%q,"id":%q,"attributes":{%s}}`, kinds[b.kind], b.id, attributes)
}

func (m *model) builtOf(kind string) []*modelBuilt {
	return slices.DeleteFunc(slices.Clone(m.builds), func(b *modelBuilt) bool { return b.kind != kind })
}

// allVOrgs are the numbers of the vOrgs that stand, and those that will.
func (m *model) allVOrgs() (standing, all []string) {
	for n := 1; n <= len(m.vorgs); n++ {
		standing = append(standing, fmt.Sprint(n))
	}
	all = slices.Clone(standing)
	for _, b := range m.builtOf("vorg-builds") {
		if b.fails {
			continue
		}
		all = append(all, b.vorg)
		if m.stands(b) {
			standing = append(standing, b.vorg)
		}
	}
	return standing, all
}

func (m *model) vorgName(number string) string {
	for _, b := range m.builtOf("vorg-builds") {
		if b.vorg == number && !b.fails {
			return b.name
		}
	}
	return m.vorgs[number]
}

// vdcNames are the VDCs of a vOrg that stand, and those that will.
func (m *model) vdcNames(vorg string) (standing, all []string) {
	standing = slices.Clone(m.vdcs[vorg])
	all = slices.Clone(standing)
	for _, b := range m.builtOf("vdc-builds") {
		if b.vorg != vorg || b.fails {
			continue
		}
		name := map[string]string{"POWER": "A-POW-", "ESSENTIAL": "A-ESS-"}[b.vmType] + b.name
		all = append(all, name)
		if m.stands(b) {
			standing = append(standing, name)
		}
	}
	return standing, all
}

// order starts a build. Only the administrator may.
func (m *model) order(user int, path, body string, b *modelBuilt) {
	if user != 0 {
		m.call(user, "POST", path, body, 403, "")
		return
	}
	b.id, b.by, b.created = fmt.Sprint(len(m.builtOf(b.kind))+1), m.emails[user], m.now
	m.builds = append(m.builds, b)
	w := m.call(user, "POST", path, body, 202, `{"data":`+m.body(b)+`}`)
	if location := w.Header().Get("Location"); location != "/api/"+b.kind+"/"+b.id {
		m.t.Fatalf("Location %q of build %s", location, b.id)
	}
}

func (m *model) startBuild(r *rand.Rand, user int) {
	standing, all := m.allVOrgs()
	vorg := standing[r.IntN(len(standing))]
	if r.IntN(10) == 0 {
		status := 403 // what the vOrg is does not matter to one who may not
		if user == 0 {
			status = 404
		}
		m.call(user, "POST", "accounts/1/vorgs/77/vdcs", vdcOrder, status, "")
		return
	}
	switch r.IntN(3) {
	case 0:
		b := &modelBuilt{kind: "vorg-builds", name: fmt.Sprintf("vorg %d", r.IntN(3)), vorg: fmt.Sprint(len(all) + 1)}
		b.fails = slices.ContainsFunc(all, func(n string) bool { return m.vorgName(n) == b.name })
		m.order(user, "accounts/1/vorgs", fmt.Sprintf(`{"data":{"type":"Vorg","attributes":{"zoneId":"B","name":%q}}}`, b.name), b)
	case 1:
		vmType := []string{"POWER", "ESSENTIAL"}[r.IntN(2)]
		b := &modelBuilt{kind: "vdc-builds", name: fmt.Sprintf("vdc %d", r.IntN(3)), vorg: vorg, vmType: vmType}
		_, names := m.vdcNames(vorg)
		b.fails = slices.Contains(names, map[string]string{"POWER": "A-POW-", "ESSENTIAL": "A-ESS-"}[vmType]+b.name)
		m.order(user, "accounts/1/vorgs/"+vorg+"/vdcs", fmt.Sprintf(`{"data":{"type":"VDC","attributes":{"vmType":%q,"name":%q}}}`, vmType, b.name), b)
	default:
		var vdcs struct{ Data []object }
		if err := json.Unmarshal(m.call(user, "GET", "accounts/1/vorgs/"+vorg+"/vdcs", "", 200, "").Body.Bytes(), &vdcs); err != nil {
			m.t.Fatal(err)
		}
		if len(vdcs.Data) == 0 {
			return
		}
		urn := vdcs.Data[r.IntN(len(vdcs.Data))].ID
		kind := []string{"Internet", "Internet", "External"}[r.IntN(3)]
		b := &modelBuilt{kind: "edge-gateway-builds", vorg: vorg, vdc: urn, fails: kind == "External"}
		m.order(user, "accounts/1/vorgs/"+vorg+"/vdcs/"+urn+"/edge-gateways", strings.Replace(edgeOrder, "Internet", kind, 1), b)
	}
}

func (m *model) readBuilds(r *rand.Rand, user int) {
	kind := []string{"vorg-builds", "vdc-builds", "edge-gateway-builds"}[r.IntN(3)]
	list := m.call(user, "GET", "accounts/1/"+kind, "", 200, "").Body.String()
	for _, b := range m.builtOf(kind) {
		if !strings.Contains(list, m.body(b)) {
			m.t.Fatalf("%s lists %s\nnot %s\nafter\n%s", kind, list, m.body(b), strings.Join(m.log, "\n"))
		}
		m.call(user, "GET", kind+"/"+b.id, "", 200, `{"data":`+m.body(b)+`}`)
	}
	m.call(user, "GET", kind+"/9999", "", 404, "")
}

// names are the name attributes of a list, in order.
func (m *model) names(user int, path string) []string {
	var list struct {
		Data []struct{ Attributes named }
	}
	if err := json.Unmarshal(m.call(user, "GET", path, "", 200, "").Body.Bytes(), &list); err != nil {
		m.t.Fatal(err)
	}
	names := []string{}
	for _, one := range list.Data {
		names = append(names, one.Attributes.Name)
	}
	return names
}

// readEstate compares what stands, in the lists and in compute_services. What
// was built in the same second stands in the order of the orders.
func (m *model) readEstate(user int) {
	var wantVOrgs []string
	standing, _ := m.allVOrgs()
	trees := m.users[user].compute()[0].VOrgs
	for i, number := range standing {
		wantVOrgs = append(wantVOrgs, m.vorgName(number))
		wantVDCs, _ := m.vdcNames(number)
		if got := m.names(user, "accounts/1/vorgs/"+number+"/vdcs"); strings.Join(got, "|") != strings.Join(wantVDCs, "|") {
			m.t.Fatalf("VDCs of %s: %q, want %q\nafter\n%s", number, got, wantVDCs, strings.Join(m.log, "\n"))
		}
		for j, vdc := range trees[i].VDCs {
			want := 0
			for _, b := range m.builtOf("edge-gateway-builds") {
				if b.vdc == vdc.URN && m.stands(b) {
					want++
				}
			}
			if j < len(m.vdcs[number]) {
				want++ // every drawn VDC has one
			}
			if vdc.Name != wantVDCs[j] || len(m.names(user, "accounts/1/vorgs/"+number+"/vdcs/"+vdc.URN+"/edge-gateways")) != want {
				m.t.Fatalf("compute_services: VDC %q, want %q with %d edge gateways\nafter\n%s", vdc.Name, wantVDCs[j], want, strings.Join(m.log, "\n"))
			}
		}
		if len(trees[i].VDCs) != len(wantVDCs) {
			m.t.Fatalf("compute_services: %d VDCs in vOrg %s, want %q", len(trees[i].VDCs), number, wantVDCs)
		}
	}
	if got := m.names(user, "accounts/1/vorgs"); strings.Join(got, "|") != strings.Join(wantVOrgs, "|") || len(trees) != len(got) {
		m.t.Fatalf("vOrgs %q (%d in compute_services), want %q\nafter\n%s", got, len(trees), wantVOrgs, strings.Join(m.log, "\n"))
	}
}

func TestRandomCallsAgreeWithTheModel(t *testing.T) {
	sequences, length := 60, 40
	if testing.Short() {
		sequences = 5
	}
	for seed := range uint64(sequences) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 11))
			m := newModel(t, seed)
			for range length {
				user := r.IntN(2)
				switch r.IntN(10) {
				case 0, 1:
					m.openTicket(r, user)
				case 2, 3, 4:
					m.changeTicket(r, user)
				case 5:
					m.readTickets(r, user)
				case 6, 7:
					m.startBuild(r, user)
				case 8:
					m.readBuilds(r, user)
				default:
					m.readEstate(user)
				}
				// At most 40 x 75 s: no engineer takes a ticket further than to review.
				m.now = m.now.Add(time.Duration(r.IntN(75)) * time.Second)
			}
			m.now = m.now.Add(modelBuild)
			m.readEstate(0)
			m.readTickets(r, 1)
		})
	}
}
