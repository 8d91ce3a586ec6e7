package simulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"ukcloud_exporter/money"
)

// TestMixIsSplitmix64: the published first numbers of that generator from 1234567.
func TestMixIsSplitmix64(t *testing.T) {
	state := uint64(1234567)
	for i, want := range []draw{6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821} {
		state += 0x9e3779b97f4a7c15
		if got := mix(state); got != want {
			t.Errorf("number %d is %d, want %d", i+1, got, want)
		}
	}
}

// TestDrawsKeepTheirBounds: what is drawn is within what was asked for, both ends
// included, and chances of none and of all are none and all.
func TestDrawsKeepTheirBounds(t *testing.T) {
	var within, below [5]int
	table := []weighted[string]{{1, "a"}, {0, "never"}, {3, "b"}}
	picked := map[string]int{}
	d := draw(1)
	for i := range int64(4000) {
		d := d.of(topicName, i)
		within[d.within(10, 14)-10]++
		below[d.below(5)]++
		picked[pick(d, table)]++
		if d.permille(0) || !d.permille(1000) || d.below(1) != 0 || d.within(3, 3) != 3 {
			t.Fatalf("draw %d", d)
		}
		if text := d.hex(16); len(text) != 16 || strings.Trim(text, "0123456789abcdef") != "" || d.hex(3) != text[:3] {
			t.Fatalf("hexadecimal digits %s", text)
		}
	}
	for i := range within {
		if within[i] < 700 || below[i] < 700 {
			t.Errorf("of 4000 draws %d and %d are %d", within[i], below[i], i)
		}
	}
	if picked["never"] > 0 || picked["a"] < 900 || picked["a"] > 1100 || picked["a"]+picked["b"] != 4000 {
		t.Errorf("picked %v", picked)
	}
}

func TestFloorDiv(t *testing.T) {
	for _, test := range [][3]int64{{7, 3, 2}, {6, 3, 2}, {0, 3, 0}, {-1, 3, -1}, {-3, 3, -1}, {-4, 3, -2}} {
		if got := floorDiv(test[0], test[1]); got != test[2] {
			t.Errorf("%d / %d = %d, want %d", test[0], test[1], got, test[2])
		}
	}
}

// TestRounding: pennies half up, hours up, prices of a month to the nearest of an hour.
func TestRounding(t *testing.T) {
	for _, test := range [][3]int64{{0, 2, 0}, {1, 2, 1}, {1, 3, 0}, {2, 3, 1}, {3, 2, 2}, {149, 100, 1}, {150, 100, 2}} {
		if got := roundedPennies(test[0], test[1]); got != money.Amount(test[2])*penny {
			t.Errorf("%d/%d pennies are %s, want %d", test[0], test[1], got, test[2])
		}
	}
	for seconds, want := range map[int64]int64{0: 0, 1: 1, hour: 1, hour + 1: 2, day: 24} {
		if got := wholeHours(seconds); got != want {
			t.Errorf("%d s are %d hours, want %d", seconds, got, want)
		}
	}
	for perMonth, want := range map[money.Amount]string{10 * penny: "0.000136986", 20 * penny: "0.000273973", 365: "0.000000001", 364: "0"} {
		if got := perHour(perMonth).String(); got != want {
			t.Errorf("%s a month are %s an hour, want %s", perMonth, got, want)
		}
	}
	for amount, want := range map[money.Amount]string{0: "0.00", 5 * penny: "0.05", 123 * penny: "1.23", 100_090 * penny: "1000.90"} {
		if got := string(appendPennies([]byte("x"), amount)); got != "x"+want {
			t.Errorf("%s is written %s, want %s", amount, got, want)
		}
	}
}

func TestHasTag(t *testing.T) {
	tests := []struct {
		headers []string
		want    bool
	}{
		{nil, false}, {[]string{""}, false}, {[]string{`"b"`}, false}, {[]string{`W/"a"`}, true}, {[]string{`"a"`}, true}, {[]string{"*"}, true},
		{[]string{`"b"`, `"c" , W/"a"`}, true}, {[]string{`"b", "c"`}, false}, {[]string{`a`}, false},
	}
	for _, test := range tests {
		for _, tag := range []string{`W/"a"`, `"a"`} {
			if got := hasTag(test.headers, tag); got != test.want {
				t.Errorf("%q, %s: %v", test.headers, tag, got)
			}
		}
	}
}

// TestPageBounds: pages count from 1, and one behind the last is empty.
func TestPageBounds(t *testing.T) {
	tests := []struct {
		query    string
		n        int
		from, to int
		ok       bool
	}{
		{"", 60, 0, 60, true}, {"x=1", 60, 0, 60, true}, {"page=1", 60, 0, 25, true}, {"page=3", 60, 50, 60, true}, {"page=4", 60, 60, 60, true},
		{"per_page=10", 60, 0, 10, true}, {"page=2&per_page=30", 60, 30, 60, true}, {"page=", 60, 0, 25, true}, {"page=1&per_page=1", 0, 0, 0, true},
		{"page=1000000&per_page=1000000", 60, 60, 60, true}, {"page=1000001", 60, 0, 0, false}, {"per_page=0", 60, 0, 0, false}, {"per_page=1.5", 60, 0, 0, false},
	}
	for _, test := range tests {
		query, err := url.ParseQuery(test.query)
		if err != nil {
			t.Fatal(err)
		}
		if from, to, err := pageBounds(query, test.n); from != test.from || to != test.to || (err == nil) != test.ok {
			t.Errorf("%s of %d: %d to %d, %v", test.query, test.n, from, to, err)
		}
	}
}

// TestJSONStrings are those of encoding/json, in whatever way they are escaped.
func TestJSONStrings(t *testing.T) {
	for _, text := range []string{"", "a", `"`, `a\b"c`, "\x00\x1f\x20\x7f", "£ é № 🔑", "a\nb\tc", "\u2028", "\x10\x0a"} {
		got := appendJSONString([]byte("x"), text)
		var back string
		if err := json.Unmarshal(got[1:], &back); err != nil || back != text {
			t.Errorf("%q is written %s and read as %q, %v", text, got, back, err)
		}
	}
	if got := string(appendJSONString(nil, "a\xffb")); got != "\"a\uFFFDb\"" {
		t.Errorf("a byte that is no UTF-8: %q", got)
	}
}

func TestPaths(t *testing.T) {
	for path, want := range map[string]string{
		"accounts": "accounts|", "accounts/": "accounts|", "accounts.json": "accounts|.json", "a/b.xml": "a b|.xml", "a/b.json/": "a b|.json",
		"vdcs/urn%3Avcloud%3Avdc%3A1": "vdcs urn:vcloud:vdc:1|", "a//b": "a  b|", "a%zz": "a%zz|", "a.csv": "a.csv|", "a.xml.json": "a.xml|.json",
	} {
		segments, suffix := split(path)
		if got := strings.Join(segments, " ") + "|" + suffix; got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
	tests := []struct {
		pattern, path, args string
		ok                  bool
	}{
		{"ping", "ping", "", true}, {"ping", "pong", "", false}, {"a/:", "a/1", "1", true}, {"a/:", "a", "", false}, {"a/:", "a/1/b", "", false},
		{"a/:/b/:", "a/1/b/2", "1 2", true}, {"a/:/b/:", "a/1/c/2", "", false}, {":", "x", "x", true},
	}
	for _, test := range tests {
		args, ok := match(test.pattern, strings.Split(test.path, "/"))
		if ok != test.ok || ok && strings.Join(args, " ") != test.args {
			t.Errorf("%s of %s: %q, %v", test.pattern, test.path, args, ok)
		}
	}
	for accept, want := range map[string]bool{
		"": false, "application/xml": true, "text/xml; q=0.9": true, "application/xml, application/json": false, "*/*, application/xml": false,
		"application/xml,application/*": false, "text/html": false, "application/xml, application/vnd-skyscapecloud-v1": false,
	} {
		if got := prefersXML([]string{accept}); got != want {
			t.Errorf("Accept %q: XML %v", accept, got)
		}
	}
	for orgID, want := range map[string]string{"1-2-3-abcdef": "2", "1-2-3": "", "1-2-3-4-5": "", "": ""} {
		if got := accountOf("billing/billing-csv", nil, url.Values{"org_id": {orgID}}); got != want {
			t.Errorf("account of %q: %q", orgID, got)
		}
	}
	if got := accountOf("accounts/:/vorgs", []string{"7"}, url.Values{"org_id": {"1-2-3-abcdef"}}); got != "7" {
		t.Errorf("account of a path: %q", got)
	}
}

func TestSessionIDs(t *testing.T) {
	for cookies, want := range map[string]string{
		"rack.session=a":                                   "a",
		"x=1; rack.session=a; _portal_session=b":           "a",
		"rack.session=a; path=/api, rack.session=b; path=": "a b",
		"xrack.session=a":                                  "",
		"rack.sessions=a":                                  "",
		"":                                                 "",
	} {
		r := get("/")
		r.Header.Set("Cookie", cookies)
		if got := strings.Join(sessionIDs(r), " "); got != want {
			t.Errorf("%s: %q, want %q", cookies, got, want)
		}
	}
}

// TestSessionEndsWithItsLength, to the second, and slides with each call.
func TestSessionEndsWithItsLength(t *testing.T) {
	now := recorded
	p := newPortal(t, Options{SessionTTL: time.Minute, Now: func() time.Time { return now }})
	v := visit(t, p)
	for _, step := range []struct {
		wait time.Duration
		want int
	}{{time.Minute - 1, 200}, {time.Minute - 1, 200}, {time.Minute, 401}} {
		now = now.Add(step.wait)
		if w := v.get("ping"); w.Code != step.want {
			t.Errorf("after %s: %d", step.wait, w.Code)
		}
	}
	visit(t, p)
	if n := len(p.sessions.open); n != 1 {
		t.Errorf("%d sessions are kept, one has run out", n)
	}
}

// TestBilledDays: a bill has the days up to yesterday, known at six, of a month that is
// neither to come nor forgotten.
func TestBilledDays(t *testing.T) {
	month := func(y int, m time.Month) int64 { return monthStart(y, m) }
	tests := []struct {
		name  string
		start int64
		now   string
		days  int64
	}{
		{"before six", month(2016, 3), "2016-03-08T05:59:59Z", 6},
		{"at six", month(2016, 3), "2016-03-08T06:00:00Z", 7},
		{"its first day", month(2016, 3), "2016-03-01T06:00:00Z", 0},
		{"its second day, before six", month(2016, 3), "2016-03-02T05:59:59Z", 0},
		{"its second day", month(2016, 3), "2016-03-02T06:00:00Z", 1},
		{"the month before, on the first, before six", month(2016, 2), "2016-03-01T05:59:59Z", 28},
		{"the month before", month(2016, 2), "2016-03-01T06:00:00Z", 29},
		{"the oldest", month(2016, 1), "2016-03-08T12:00:00Z", 31},
		{"older than that", month(2015, 12), "2016-03-08T12:00:00Z", 0},
		{"to come", month(2016, 4), "2016-03-08T12:00:00Z", 0},
	}
	p := newPortal(t, Options{History: 2})
	for _, test := range tests {
		now, err := time.Parse(time.RFC3339, test.now)
		if err != nil {
			t.Fatal(err)
		}
		if from, to := p.billed(test.start, now); from != test.start || (to-from) != test.days*day {
			t.Errorf("%s: %d days from %d on", test.name, (to-from)/day, from)
		}
	}
}

// TestOptionsAtTheirBounds: what is just allowed, and what is not any more.
func TestOptionsAtTheirBounds(t *testing.T) {
	good := map[string]Options{
		"a session of a second": {SessionTTL: time.Second}, "no wait": {Latency: 0, BuildDuration: 0, ApprovalDelay: 0}, "both eras": {Era: Era2020},
	}
	for name, o := range good {
		if _, err := New(o); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	bad := map[string]Options{
		"session TTL 999.999999ms": {SessionTTL: time.Second - 1}, "latency -1ns": {Latency: -1}, "build duration -1ns": {BuildDuration: -1},
		"approval delay -1ns": {ApprovalDelay: -1}, "unknown era 2019": {Era: 2019}, "must not be negative": {Accounts: -1},
		"and history must not": {History: -1}, "vOrgs and history": {VOrgsPerAccount: -1}, "accounts, VMs": {VMs: -1},
		"is there twice": {Users: []User{{"DEMO@example.com", "x", ReadOnly}}}, "unknown kind": {Faults: []Fault{{Endpoint: "ping", Kind: "x"}}},
	}
	for want, o := range bad {
		if _, err := New(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// TestFaultsAndValidators: a client that has the answer gets 304, unless a fault is to be
// seen; only of GET and HEAD.
func TestFaultsAndValidators(t *testing.T) {
	p := newPortal(t, Options{})
	v := visit(t, p)
	tag := v.get("accounts").Header().Get("Etag")
	ask := func(method string) int {
		r := get("/api/accounts")
		r.Method = method
		r.Header.Set("If-None-Match", tag)
		return v.send(r).Code
	}
	for method, want := range map[string]int{http.MethodGet: 304, http.MethodHead: 304, http.MethodPost: 405} {
		if got := ask(method); got != want {
			t.Errorf("%s: %d, want %d", method, got, want)
		}
	}
	for _, kind := range []string{"text", "cookie-growth"} { // of the body, of the headers
		p.SetFaults(Fault{Endpoint: "accounts", Kind: kind})
		if got := ask(http.MethodGet); got != 200 {
			t.Errorf("with the fault %s: %d", kind, got)
		}
	}
}

func TestCutNames(t *testing.T) {
	for n, want := range map[int]int{31: 31, 32: 32, 33: 32} {
		if got := len([]rune(cut(strings.Repeat("ü", n)))); got != want {
			t.Errorf("%d characters become %d", n, got)
		}
	}
}

// TestValidatorsOfAnHour: what was reckoned in one hour is not said of the next.
func TestValidatorsOfAnHour(t *testing.T) {
	var v validators
	get := func(tick int64, ver version) bool { _, known := v.get("a", tick, ver); return known }
	if get(1, version{}) {
		t.Error("known before it was reckoned")
	}
	v.put("a", 1, validator{"tag", 3})
	if !get(1, version{}) {
		t.Error("not known in its hour")
	}
	if get(2, version{}) {
		t.Error("known in the next hour")
	}
	v.put("a", 1, validator{"tag", 3}) // one that took long
	if get(2, version{}) {
		t.Error("late, and known in the next hour")
	}
	v.put("a", 2, validator{"tag", 3})
	if get(2, version{edits: 1}) || get(2, version{built: 1}) {
		t.Error("known after a change")
	}
}

// TestExtras: a small vOrg has one or two things that are no VMs, one of ten VMs each
// kind, a large one more, up to a bound.
func TestExtras(t *testing.T) {
	every := len(extraKinds)
	for vms, want := range map[int]int{0: 0, 1: 1, 2: 2, 9: 2, 10: every, 39: every, 40: every + 1, 1600: every + 40, 4000: every + 40} {
		v := &vorg{account: &account{}}
		(&estate{}).addExtras(v, draw(1), vms)
		if len(v.extras) != want {
			t.Errorf("%d VMs: %d extras, want %d", vms, len(v.extras), want)
		}
	}
}

// TestExtrasOverTime: the first of each kind is always there, those beyond are not; an
// OpenStack machine has its new name from December 2018 on.
func TestExtrasOverTime(t *testing.T) {
	a := &account{id: 1}
	v := &vorg{account: a, vdcs: []*vdc{{name: "VDC"}}}
	(&estate{}).addExtras(v, draw(1), 40)
	for i, x := range v.extras {
		empty := 0
		for n := range int64(1000) {
			there := false
			x.rows(n*36*day, "", func(*billRow) bool { there = true; return true })
			if !there {
				empty++
			}
		}
		if (empty > 0) != (i >= len(extraKinds)) {
			t.Errorf("extra %d is not there on %d days of 1000", i, empty)
		}
		for start, want := range map[int64]string{openStackRenamed - day: "OpenStack Instance", openStackRenamed: "OpenStack Virtual Machine"} {
			if r := x.row(draw(1), 0, start); x.kind.service == "OpenStack Virtual Machine" && r.service != want {
				t.Errorf("%s on %s", r.service, dateText(start))
			}
		}
	}
}

// TestMemoryOfTheBill is in MiB, and in GiB where the evidence file's article says so.
func TestMemoryOfTheBill(t *testing.T) {
	tests := []struct {
		memory         int
		mib, evidenced string
	}{{0, ",", ","}, {512, "512,", "0.5,"}, {1024, "1024,", "1,"}, {1536, "1536,", "1.5,"}, {4192, "4192,", "4.09375,"}, {32768, "32768,", "32,"}}
	for _, test := range tests {
		for evidence, want := range map[bool]string{false: test.mib, true: test.evidenced} {
			w := rowWriter{format: BillingFormat{EvidenceFile: evidence}}
			w.memory(&billRow{compute: true, shape: shape{1, test.memory}})
			if got := string(w.b); got != want {
				t.Errorf("%d MiB, evidence file %v: %q, want %q", test.memory, evidence, got, want)
			}
		}
	}
}

// TestYoungVMsAreNotRated before the first billing run after their creation, but for the
// month's first hour, in which nobody is.
func TestYoungVMsAreNotRated(t *testing.T) {
	start := monthStart(2018, time.March)
	place := &slot{vapp: &vapp{vdc: &vdc{class: power}}}
	for _, test := range []struct {
		tick, age int64 // of the month, of the VM
		rated     bool
		on        int64
	}{
		{10 * hour, hour / 2, false, 0}, {10 * hour, hour, false, 0}, {10 * hour, hour + 60, true, 1}, {10 * hour, 5 * hour, true, 4},
		{hour, 60, true, 0}, {hour + hour, 60, false, 0}, {0, 60, true, 0}, {10 * hour, 100 * day, true, 9},
	} {
		tick := start + test.tick
		m := &machine{slot: place, sizeIndex: 2, shape: shape{2, 4096}, storage: 51200, created: tick - test.age, deleted: 1 << 40}
		if l := m.liveAt(tick); l.rated != test.rated || l.hoursOn != test.on || l.estimated != (test.tick > hour) {
			t.Errorf("hour %d, %d s old: %+v", test.tick/hour, test.age, l)
		}
	}
}

// TestBuildsAreListed from their beginning on, for thirty days.
func TestBuildsAreListed(t *testing.T) {
	b := &build{created: 100*day + hour}
	for at, want := range map[int64]bool{
		b.created - 1: false, b.created: true, b.created + 29*day: true, 131*day - 1: true, 131 * day: false,
	} {
		if got := b.listed(at); got != want {
			t.Errorf("%d days later: %v", (at-b.created)/day, got)
		}
	}
}

// TestBuiltVMsAreOrdinary, each with a number of its own, whatever their numbers come to.
func TestBuiltVMsAreOrdinary(t *testing.T) {
	p := newPortal(t, Options{})
	v := p.estate.accounts[0].vorgs[0]
	numbers := map[int64]bool{}
	for n := range 300 {
		x := &vdc{vorg: v, since: int64(n)*day + 59*60}
		s := p.firstSlot(x, draw(n))
		p.book.slots = append(p.book.slots, s)
		if s.quirk() != ordinary || numbers[s.number] || s.since != int64(n)*day {
			t.Errorf("slot %d of %d since %d, quirk %d", s.number, n, s.since, s.quirk())
		}
		numbers[s.number] = true
		if m := p.estate.machineAt(s, x.since); m.created != s.since || m.deleted-m.created != longLife {
			t.Errorf("its VM lives from %d to %d", m.created, m.deleted)
		}
	}
}

// TestBillAsOn moves hours that a VM was off, as many as there are, and no money.
func TestBillAsOn(t *testing.T) {
	p := newPortal(t, Options{VMs: 200})
	if err := p.BillAsOn("nobody", 1); err == nil || !strings.Contains(err.Error(), `no VM "nobody"`) {
		t.Errorf("unknown VM: %v", err)
	}
	for _, vm := range p.VMs() {
		if vm.HoursOff < 10 {
			continue
		}
		for hours, want := range map[int64]int64{3: 3, vm.HoursOff + 1: vm.HoursOff} {
			if err := p.BillAsOn(vm.URN, hours); err != nil {
				t.Fatal(err)
			}
			for _, now := range p.VMs() {
				if now.URN == vm.URN && (now.HoursOn != vm.HoursOn+want || now.HoursOff != vm.HoursOff-want || now.MonthToDate != vm.MonthToDate) {
					t.Errorf("%d hours: %+v became %+v", hours, vm, now)
				}
			}
		}
		return
	}
	t.Fatal("no VM is off")
}

// TestShares add up to the whole; the first part is never the empty one.
func TestShares(t *testing.T) {
	tests := []struct {
		total, n, least int
		fall            float64
		want            []int
	}{
		{0, 1, 1, 0, []int{0}}, {7, 1, 1, 0.8, []int{7}}, {3, 5, 1, 0, []int{1, 0, 1, 1, 0}}, {4, 4, 1, 0, []int{1, 1, 1, 1}},
		{10, 2, 1, 0, []int{5, 5}}, {12, 2, 1, 1, []int{8, 4}}, {5, 2, 4, 0, []int{1, 4}}, {2, 3, 1, 0, []int{1, 1, 0}},
	}
	for _, test := range tests {
		if got := shares(test.total, test.n, test.least, test.fall); !slices.Equal(got, test.want) {
			t.Errorf("%d in %d parts: %v, want %v", test.total, test.n, got, test.want)
		}
	}
}

// TestSmallVOrgs: of an account's vOrgs the last quarter is empty, and from four with VMs
// on the last of those has one.
func TestSmallVOrgs(t *testing.T) {
	for vorgs, want := range map[int]struct{ empty, smallest int }{1: {0, 100}, 2: {1, 100}, 3: {1, 0}, 4: {1, 0}, 5: {1, 1}, 6: {2, 1}, 9: {2, 1}} {
		v := newEstate(Options{VMs: 100, Accounts: 1, VOrgsPerAccount: vorgs}).accounts[0].vorgs
		empty := 0
		for _, one := range v {
			if len(one.slots) == 0 {
				empty++
			}
		}
		smallest := len(v[len(v)-empty-1].slots)
		if len(v) != vorgs || empty != want.empty || want.smallest > 0 && smallest != want.smallest || want.smallest == 0 && smallest < 2 {
			t.Errorf("%d vOrgs: %d empty, the smallest has %d VMs", vorgs, empty, smallest)
		}
	}
}

func TestDelaysOfFaults(t *testing.T) {
	for text, want := range map[string]string{"ping=500@0s": "ping=500", "ping/7=500@1ms": "ping/7=500@1ms", "ping=500@-1ns": "", "ping=500@": "", "ping=500@5": ""} {
		f, err := ParseFault(text)
		if (err == nil) != (want != "") || err == nil && f.String() != want {
			t.Errorf("%s: %s, %v", text, f, err)
		}
	}
}

// failing is a client that leaves after some writes.
type failing struct{ writes, left int }

func (f *failing) Write(b []byte) (int, error) {
	if f.writes++; f.writes > f.left {
		return 0, io.ErrClosedPipe
	}
	return len(b), nil
}

// TestStreamsEndWithTheClient: nothing is written for nothing, nor to a client that has
// gone; the buffer is written before it is full.
func TestStreamsEndWithTheClient(t *testing.T) {
	client := &failing{left: 1}
	s := &stream{w: client}
	if s.flush(); client.writes != 0 {
		t.Error("nothing was written")
	}
	s.raw(strings.Repeat("x", streamBuffer-4<<10))
	if !s.flushed() || client.writes != 0 {
		t.Errorf("%d writes before there is enough", client.writes)
	}
	if s.raw("x"); !s.flushed() || client.writes != 1 || len(s.b) != 0 {
		t.Errorf("%d writes, %d bytes left", client.writes, len(s.b))
	}
	for range 3 {
		s.raw("y")
		s.flush()
	}
	if s.flushed() || client.writes != 2 {
		t.Errorf("%d writes to a client that has gone: %v", client.writes, s.err)
	}
}

func TestCutWriter(t *testing.T) {
	var b strings.Builder
	w := &cutWriter{&b, 5}
	for _, test := range []struct {
		text string
		n    int
		err  error
	}{{"abc", 3, nil}, {"de", 2, nil}, {"", 0, nil}, {"f", 0, io.ErrShortWrite}} {
		if n, err := w.Write([]byte(test.text)); n != test.n || !errors.Is(err, test.err) {
			t.Errorf("%q: %d, %v", test.text, n, err)
		}
	}
	if w = (&cutWriter{&b, 2}); b.String() != "abcde" {
		t.Errorf("passed on %q", b.String())
	}
	if n, err := w.Write([]byte("xyz")); n != 2 || !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("half of it: %d, %v", n, err)
	}
}

// TestMachinesDuring a time are those that live in it, its end not included.
func TestMachinesDuring(t *testing.T) {
	e := newEstate(Options{VMs: 50, Accounts: 1})
	for _, s := range e.slots {
		m := e.machineAt(s, recorded.Unix())
		during := func(from, to int64) (created []int64) {
			for m := range e.machinesDuring(s, from, to) {
				created = append(created, m.created)
			}
			return created
		}
		next, before := e.machineAt(s, m.deleted), e.machineAt(s, m.created-1)
		for _, test := range []struct {
			from, to int64
			want     []int64
		}{
			{m.created, m.created + 1, []int64{m.created}}, {m.created, m.deleted, []int64{m.created}}, {m.deleted - 1, m.deleted, []int64{m.created}},
			{m.created - 1, m.deleted + 1, []int64{before.created, m.created, next.created}}, {m.created, m.created, nil}, {m.deleted, m.deleted + 1, []int64{next.created}},
		} {
			if got := during(test.from, test.to); !slices.Equal(got, test.want) {
				t.Errorf("slot %d from %d to %d: %d, want %d", s.number, test.from, test.to, got, test.want)
			}
		}
	}
}

// TestVOrgNames are never the same twice in an account.
func TestVOrgNames(t *testing.T) {
	seen := map[string]int{}
	for n := range 50 {
		name := vorgName(n)
		if was, twice := seen[name]; twice {
			t.Errorf("%d and %d are both %s", was, n, name)
		}
		seen[name] = n
	}
	for n, want := range map[int]string{0: "Case Management", 7: "Training", 8: "Case Management 2", 17: "Analytics (live) 3"} {
		if got := vorgName(n); got != want {
			t.Errorf("%d is %s, want %s", n, got, want)
		}
	}
}

// TestBuildStates: a drawn build waits for ten to sixty seconds and runs for a hundred to
// a hundred and eighty; by the day's number it stalls in either, or fails.
func TestBuildStates(t *testing.T) {
	span := map[string][2]int64{}
	note := func(what string, seconds int64) {
		s, known := span[what]
		if !known {
			s = [2]int64{seconds, seconds}
		}
		span[what] = [2]int64{min(s[0], seconds), max(s[1], seconds)}
	}
	for n := range int64(3000) {
		d, runs, ends := draw(1).of(topicBuild, n), int64(-1), int64(-1)
		for age := range int64(300) {
			switch state := buildState(d, 3, age); {
			case state == "running" && runs < 0:
				runs = age
			case state == "completed" && ends < 0:
				ends = age
			}
		}
		note("waits", runs)
		note("runs", ends-runs)
	}
	if span["waits"] != [2]int64{10, 60} || span["runs"] != [2]int64{100, 180} {
		t.Errorf("seconds %v", span)
	}
	for number, want := range []string{"approved approved completed", "approved running completed", "approved failed failed", "approved completed completed"} {
		got := strings.Join([]string{buildState(draw(1), int64(number), 9), buildState(draw(1), int64(number), 5*day), buildState(draw(1), int64(number), 6*day)}, " ")
		if got != want {
			t.Errorf("number %d: %s, want %s", number, got, want)
		}
	}
}

// TestDrawnBuildsOneByOne: those of the last thirty days can be asked for, from the second
// on in which they begin.
func TestDrawnBuildsOneByOne(t *testing.T) {
	p := newPortal(t, Options{Accounts: 3, VMs: 10})
	v, today, accounts := visit(t, p), recorded.Unix()/day, int64(3)
	for ago, want := range map[int64]int{1: 200, 30: 200, 31: 404, 400: 404} {
		for account := range accounts {
			if w := v.get(fmt.Sprintf("vdc-builds/%d", (today-ago)*accounts+account)); w.Code != want {
				t.Errorf("%d days ago, account %d: %d", ago, account, w.Code)
			}
		}
	}
	for _, id := range []string{"0", "-1", "x", fmt.Sprint(today*accounts + 100*accounts)} {
		if w := v.get("vdc-builds/" + id); w.Code != 404 {
			t.Errorf("build %s: %d", id, w.Code)
		}
	}
	_, created, ok := vdcBuild.drawn(p, p.estate.accounts[0], today, time.Unix((today+1)*day, 0))
	if _, _, early := vdcBuild.drawn(p, p.estate.accounts[0], today, time.Unix(created-1, 0)); !ok || early {
		t.Error("it is there before it begins")
	}
	if _, _, ok := vdcBuild.drawn(p, p.estate.accounts[0], today, time.Unix(created, 0)); !ok {
		t.Error("it is not there when it begins")
	}
}

// TestBuiltBy counts the builds that have ended, of every kind.
func TestBuiltBy(t *testing.T) {
	b := newBook()
	b.builds[vOrgBuild] = []*build{{ends: 10}, {ends: 20}}
	b.builds[edgeBuild] = []*build{{ends: 10}}
	for at, want := range map[int64]int{9: 0, 10: 2, 19: 2, 20: 3} {
		if got := b.builtBy(at); got != want {
			t.Errorf("%d by %d, want %d", got, at, want)
		}
	}
}

// TestSameConfigUntil: up to the day on which a VM grows or is resized, whichever comes
// first.
func TestSameConfigUntil(t *testing.T) {
	const from, until = 100*day + 5*hour, 160 * day
	tests := []struct {
		name      string
		growth    int
		resizeDay int64
		want      int64
	}{
		{"never changes", 0, 0, until}, {"resized", 0, 120, 120 * day}, {"resized before", 0, 90, until}, {"resized later", 0, 170, until},
		{"grows", 1024, 0, 130 * day}, {"grows and is resized", 1024, 140, 130 * day}, {"resized and grows", 1024, 110, 110 * day}, {"resized at once", 0, 101, 101 * day},
	}
	for _, test := range tests {
		m := &machine{sizeIndex: 2, shape: shape{2, 4096}, storage: 51200, created: 100 * day, growth: test.growth, resizeDay: test.resizeDay}
		if got := m.sameConfigUntil(from, until); got != test.want {
			t.Errorf("%s: up to day %d, want %d", test.name, got/day, test.want/day)
		}
	}
}

// TestVDCsOfAVOrg: below twenty VMs they are in one VDC, from then on in all classes, and
// an empty VDC stands beside them.
func TestVDCsOfAVOrg(t *testing.T) {
	for vms, want := range map[int]int{1: 1, 19: 1, 20: 4, 40: 4} {
		e := newEstate(Options{VMs: vms, Accounts: 1, VOrgsPerAccount: 1})
		if v := e.accounts[0].vorgs[0]; len(v.vdcs) != want || len(v.slots) != vms {
			t.Errorf("%d VMs: %d in %d VDCs", vms, len(v.slots), len(v.vdcs))
		}
	}
}

// TestVAppWithoutAUUID is in the first VDC of an estate, from ten VMs on.
func TestVAppWithoutAUUID(t *testing.T) {
	for vms, want := range map[int]int{9: 0, 10: 1, 200: 1} {
		got := 0
		for _, v := range newEstate(Options{VMs: vms, Accounts: 1}).accounts[0].vorgs {
			for _, x := range v.vdcs {
				for _, a := range x.vapps {
					if a.urn == "urn:vcloud:vapp:" {
						got++
					}
				}
			}
		}
		if got != want {
			t.Errorf("%d VMs: %d", vms, got)
		}
	}
}

// TestRepeatedIDs: every eighth VM of the second and third vOrg has the id of one in the
// first, whichever VM a slot holds; within a vOrg no id comes twice.
func TestRepeatedIDs(t *testing.T) {
	vorgs := newEstate(Options{VMs: 400, Accounts: 1, VOrgsPerAccount: 5}).accounts[0].vorgs
	first := map[int]bool{}
	for _, s := range vorgs[0].slots {
		if s.rank%8 == 0 {
			first[vmID(s, 0)] = true
		}
	}
	for _, v := range vorgs {
		for generation := range int64(9) {
			ids := map[int]bool{}
			for _, s := range v.slots {
				id := vmID(s, generation)
				if want := s.rank%8 == 0 && v.number <= 3 && s.rank < len(vorgs[0].slots); first[id] != want {
					t.Errorf("vOrg %d, VM %d of generation %d: id %d is one of the first vOrg's: %v", v.number, s.rank, generation, id, first[id])
				}
				ids[id] = true
			}
			if len(ids) != len(v.slots) {
				t.Errorf("vOrg %d: %d ids of %d VMs", v.number, len(ids), len(v.slots))
			}
		}
	}
}

// TestPagesBesideTheAPI: the login page stands where the redirect fault leads, and every
// answer says of which release the portal is.
func TestPagesBesideTheAPI(t *testing.T) {
	for era, version := range map[Era]string{Era2018: "1.102.0", Era2020: "2.4.0"} {
		p := newPortal(t, Options{Era: era})
		for path, want := range map[string]int{"/login": 200, "/logins": 404, "/": 404} {
			w := httptest.NewRecorder()
			p.ServeHTTP(w, get(path))
			if w.Code != want || strings.Contains(w.Body.String(), "Sign in to the Portal") != (want == 200) || w.Header().Get("X-App-Version") != version {
				t.Errorf("%s in %d: %d, version %s", path, era, w.Code, w.Header().Get("X-App-Version"))
			}
		}
	}
}
