package portal

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	gocmp "github.com/google/go-cmp/cmp"
)

// byTags reads estates and my_vm by tags, as small answers are read: the model of the
// reader that walks through them.
type byTags struct {
	*reader
	london *time.Location
}

func (m byTags) estate() (Estate, error) {
	var page struct {
		VOrgs []*VOrg `json:"vOrgs"`
		said
	}
	const want = `an object with "vOrgs"`
	err := m.object(want, &page,
		required[[]*VOrg](m.reader), required[*VOrg](m.reader), required[[]*VDC](m.reader), required[*VDC](m.reader),
		required[[]*VApp](m.reader), required[*VApp](m.reader), required[[]*VM](m.reader), required[*VM](m.reader),
		json.UnmarshalFromFunc(m.backups))
	switch {
	case err != nil:
		return nil, err
	case page.VOrgs == nil:
		return nil, unexpected(want)
	}
	for _, vorg := range page.VOrgs {
		vorg.link()
	}
	return page.VOrgs, nil
}

func (m byTags) backups(d *jsontext.Decoder, list *[]Backup) error {
	*list = nil
	if kind := d.PeekKind(); kind != jsontext.KindBeginArray {
		if kind != jsontext.KindNull {
			m.count(d)
		}
		return d.SkipValue()
	}
	_, err := d.ReadToken()
	for err == nil && d.PeekKind() != jsontext.KindEndArray {
		switch kind := d.PeekKind(); kind {
		case jsontext.KindBeginObject:
			var sent struct {
				Status       string              `json:"status"`
				Slot         string              `json:"backupSlot,case:ignore"`
				Start        Optional[wallClock] `json:"backupStart,case:ignore"`
				End          Optional[wallClock] `json:"backupEnd,case:ignore"`
				RemovalStart Optional[wallClock] `json:"snapshotRemovalStart,case:ignore"`
				RemovalEnd   Optional[wallClock] `json:"snapshotRemovalEnd,case:ignore"`
			}
			clocks := optional(m.reader, func(b []byte) (wallClock, bool) { return parseWallClock(b, m.london) })
			if err = json.UnmarshalDecode(d, &sent, m.with([]*json.Unmarshalers{clocks})); err != nil {
				return err
			}
			b := Backup{Status: sent.Status, Slot: sent.Slot, Start: sent.Start.Value.first}
			b.End = sent.End.Value.notBefore(b.Start)
			b.SnapshotRemovalStart = sent.RemovalStart.Value.notBefore(b.Start)
			b.SnapshotRemovalEnd = sent.RemovalEnd.Value.notBefore(b.SnapshotRemovalStart)
			*list = append(*list, b)
		default:
			if kind != jsontext.KindNull {
				m.count(d)
			}
			err = d.SkipValue()
		}
	}
	if err == nil {
		_, err = d.ReadToken()
	}
	return err
}

func (m byTags) myVM() (MyVM, error) {
	var answer struct {
		said
		Warning  string         `json:"warning"`
		Accounts jsontext.Value `json:",embed"`
	}
	if err := m.object("an object", &answer); err != nil {
		return MyVM{}, err
	}
	result := MyVM{Warning: answer.Warning}
	for name, value := range members(answer.Accounts) {
		if value.Kind() != jsontext.KindBeginObject {
			return MyVM{}, unexpected("an account")
		}
		account, byVDC := MyVMAccount{}, false
		for member, list := range members(value) {
			var err error
			switch member {
			case "vapps":
				account.VApps, err = inGroups(m, list, &byVDC, func(v *MyVApp, vdc string) { v.VDCName = vdc })
			case "vms":
				account.VMs, err = inGroups(m, list, &byVDC, func(v *MyVMMachine, vdc string) { v.VDCName = vdc })
			}
			if err != nil {
				return MyVM{}, err
			}
		}
		if name == "account" && !byVDC {
			name = ""
		}
		account.Name = name
		result.Accounts = append(result.Accounts, account)
	}
	return result, nil
}

func inGroups[T any](m byTags, value jsontext.Value, groups *bool, inVDC func(*T, string)) (items []T, err error) {
	var list []jsontext.Value
	if err := m.nested(value, &list, required[[]jsontext.Value](m.reader)); err != nil {
		return nil, err
	}
	add := func(value jsontext.Value, vdc string) error {
		var item T
		err := m.nested(value, &item, required[T](m.reader), json.UnmarshalFromFunc(m.backups))
		inVDC(&item, vdc)
		items = append(items, item)
		return err
	}
	for _, value := range list {
		if !isGroup(value) {
			if err := add(value, ""); err != nil {
				return nil, err
			}
			continue
		}
		*groups = true
		for vdc, value := range members(value) {
			var group []jsontext.Value
			if err := m.nested(value, &group, required[[]jsontext.Value](m.reader)); err != nil {
				return nil, err
			}
			for _, value := range group {
				if err := add(value, vdc); err != nil {
					return nil, err
				}
			}
		}
	}
	return items, nil
}

// FuzzWalkers: what is walked through reads as it reads by tags, whatever is in it.
func FuzzWalkers(f *testing.F) {
	location := london(f)
	for _, members := range []string{
		`"name":null,"urn":17,"size":{"a":[1]},"memory":[{}],"storage":1.5e3,"numberOfCPUs":"4","inBackup":"true","retentionLength":true`,
		`"name":"a\"\\\u00e9","n\u0061me":"b` + "\xff" + `","size":"","monthToDate":"£1,234.56","estimatedMonthlyTotal":-7.5`,
		`"backups":[{"status":"x","backup-START":"30/10/2016 01:50","backupEnd":"30/10/2016 01:10"},null,7,[],{"bac\u212aupSlot":1,"backup_end":"27/03/2016 01:30"}]`,
		`"backups":[{"Status":"a","backupStart":{"backupEnd":"x"},"backupEnd":false,"snapshotRemovalStart":"08/03/2016 16:34"}],"backups":{"x":"]"},"billedHoursPoweredOn":1e300`,
	} {
		f.Add([]byte(oneVM(members)))
		f.Add([]byte(`{"Demo":{"vms":[{` + members + `}]}}`))
	}
	f.Add([]byte(referenceCompute))
	f.Add([]byte(`{"vOrgs":[{"VDCs":[],"VDCs":[{"vApps":null}]}],"error":"x"}`))
	f.Add([]byte(`{"account":{"vapps":[` + referenceMyVApp + `],"vms":[` + referenceMyVM + `],"vms":[]},"warning":false}`))
	f.Add([]byte(`{"Demo":{"vapps":[{"VDC 1":[` + referenceMyVApp + `],"V":[{}]}],"vms":[{"VDC 1":[` + referenceMyVM + `]},{"x":{}}]},"warning":"w"}`))
	f.Fuzz(func(t *testing.T, body []byte) { compareWithTags(t, body, location) })
}

func compareWithTags(t *testing.T, body []byte, location *time.Location) {
	t.Helper()
	walked, tagged := newReader(bytes.NewReader(body), maxList, location), byTags{newReader(bytes.NewReader(body), maxList, location), location}
	got, err := walked.estate()
	want, wantErr := tagged.estate()
	same(t, body, "compute_services", got, want, err, wantErr, walked, tagged)
	if err == nil { // the same beside an answer before
		walked, tagged.reader = newReader(bytes.NewReader(body), maxList, location), newReader(bytes.NewReader(body), maxList, location)
		walked.before = vms(want)
		slices.Reverse(walked.before)
		got, err = walked.estate()
		want, wantErr = tagged.estate()
		same(t, body, "compute_services again", got, want, err, wantErr, walked, tagged)
	}
	walked, tagged.reader = newReader(bytes.NewReader(body), maxList, location), newReader(bytes.NewReader(body), maxList, location)
	gotMine, err := walked.myVM()
	wantMine, wantErr := tagged.myVM()
	same(t, body, "my_vm", gotMine, wantMine, err, wantErr, walked, tagged)
}

func same(t *testing.T, body []byte, what string, got, want any, err, wantErr error, walked *reader, tagged byTags) {
	t.Helper()
	if (err == nil) != (wantErr == nil) {
		t.Fatalf("%s %q: %v, by tags %v", what, body, err, wantErr)
	}
	if err != nil {
		return
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Fatalf("%s %q: %s", what, body, diff)
	}
	if diff := gocmp.Diff(tagged.malformed, walked.malformed); diff != "" {
		t.Fatalf("%s %q: malformed %s", what, body, diff)
	}
}

// TestWalkersOnTheRealAnswer: the same of the real recording.
func TestWalkersOnTheRealAnswer(t *testing.T) {
	body := readAllReal(t)
	location := london(t)
	got, err := newReader(bytes.NewReader(body), maxValue, location).estate()
	want, wantErr := byTags{newReader(bytes.NewReader(body), maxValue, location), location}.estate()
	if err != nil || wantErr != nil {
		t.Fatal(err, wantErr)
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestWalkersOnRandomAnswers: the same of answers in which anything may stand anywhere.
func TestWalkersOnRandomAnswers(t *testing.T) {
	location := london(t)
	read := 0
	for seed := range uint64(2000) {
		g := &generator{Rand: rand.New(rand.NewPCG(seed, 0))}
		if seed%2 == 0 {
			g.estate()
		} else {
			g.myVM()
		}
		compareWithTags(t, []byte(g.String()), location)
		if _, err := newReader(strings.NewReader(g.String()), maxList, location).estate(); err == nil {
			read++
		}
		if _, err := newReader(strings.NewReader(g.String()), maxList, location).myVM(); err == nil {
			read++
		}
	}
	t.Logf("%d were read", read)
	if read < 700 {
		t.Errorf("%d answers were read at all", read)
	}
}

// generator writes answers of the portal's shapes with all that is odd in them.
type generator struct {
	*rand.Rand
	strings.Builder
}

func (g *generator) one(of ...string) string { return of[g.IntN(len(of))] }

func (g *generator) space() { g.WriteString(g.one("", "", "", " ", "\n\t")) }

// values separates what write writes, n times.
func (g *generator) values(open, end string, n int, write func()) {
	g.WriteString(open)
	for i := range n {
		if i > 0 {
			g.WriteByte(',')
		}
		g.space()
		write()
		g.space()
	}
	g.WriteString(end)
}

func (g *generator) object(n int, member func()) { g.values("{", "}", n, member) }
func (g *generator) list(n int, element func())  { g.values("[", "]", n, element) }

func (g *generator) member(name string, value func()) {
	g.WriteString(`"` + name + `"`)
	g.space()
	g.WriteByte(':')
	g.space()
	value()
}

// rarely writes something else in place of what belongs here.
func (g *generator) rarely(write func()) func() {
	if g.IntN(100) == 0 {
		return g.anything
	}
	return write
}

func (g *generator) scalar() {
	g.WriteString(g.one(
		`null`, `true`, `false`, `0`, `-0`, `4`, `4.0`, `4.5`, `1e3`, `1e300`, `12345678901234567890`, `-17`, `9`, `""`, `"4"`, `"true"`, `"x"`, `" "`,
		`"7.68"`, `"£1,234.56"`, `"-£0.10"`, `"1,23"`, `"24/06/2015 01:32"`, `"30/10/2016 01:50"`, `"30/10/2016 01:10"`, `"27/03/2016 01:30"`,
		`"31/02/2016 00:00"`, `"08/03/2016 24:00"`, `"08/03/2016 16:34"`, `"08/03/2016 16:3x"`, `"08\/03\/2016 16:34"`, `"a\"}],[{\\"`, `"\u00e9\ud83d\ude00\ud800"`,
		"\"bad \xff utf8\"", `"é"`, `"night of: 24/06/2015"`, `"`+strings.Repeat("long ", 40)+`"`,
	))
}

func (g *generator) anything() {
	switch g.IntN(8) {
	case 0:
		g.object(g.IntN(3), func() { g.member(g.one("a", "name", "backups", `\"`, "VMs"), g.anything) })
	case 1:
		g.list(g.IntN(3), g.anything)
	default:
		g.scalar()
	}
}

func (g *generator) machine() {
	g.object(g.IntN(10), func() {
		switch g.IntN(8) {
		case 0:
			g.member(g.one("backups", `b\u0061ckups`), g.rarely(func() {
				g.list(g.IntN(4), g.rarely(func() { g.object(g.IntN(7), g.backupMember) }))
			}))
		case 1:
			g.member(g.one("more", "Name", "n\xff", "é", ""), g.anything)
		default:
			g.member(g.one("urn", "name", "size", "operatingSystem", "os", "powerStatus", "ps", "numberOfCPUs", "memory", "storage", "monthToDate", "month_to_date",
				"estimatedMonthlyTotal", "estimated_monthly_total", "billedHoursPoweredOn", "billed_hours_powered_on", "billedHoursPoweredOff", "billed_hours_powered_off",
				"total_vms", "lastBackupStatus", "last_backup_status", "lastBackup", "last_backup", "inBackup", "in_backup", "retentionLength", `\u0075rn`), g.rarely(g.scalar))
		}
	})
}

func (g *generator) backupMember() {
	g.member(g.one("status", "Status", "backupSlot", "backup_slot", "backupStart", "backup_start", "BACKUP-START", "bacKupStart", "backupEnd", "backup_end", "backupend",
		"snapshotRemovalStart", "snapshot_removal_start", "ſnapshotRemovalStart", "snapshotRemovalEnd", "snapshot_removal_end", "backup_Ends"), g.rarely(g.scalar))
}

func (g *generator) estate() {
	level := func(list string, inner func()) func() {
		return func() {
			g.object(g.IntN(5), func() {
				if g.IntN(3) > 0 {
					g.member(g.one("name", "urn", "serviceId", "more"), g.rarely(g.scalar))
					return
				}
				g.member(list, g.rarely(func() { g.list(g.IntN(3), g.rarely(inner)) }))
			})
		}
	}
	vorg := level("VDCs", level("vApps", level("VMs", g.machine)))
	g.object(1+g.IntN(2), func() {
		if g.IntN(10) == 0 {
			g.member(g.one("error", "detail", "account"), g.anything)
			return
		}
		g.member("vOrgs", g.rarely(func() { g.list(1+g.IntN(3), g.rarely(vorg)) }))
	})
}

func (g *generator) myVM() {
	element := func() {
		if g.IntN(2) == 0 {
			g.machine()
			return
		}
		g.object(1+g.IntN(2), func() {
			g.member(g.one("VDC 1", "name", "backups", "é"), g.rarely(func() { g.list(g.IntN(3), g.rarely(g.machine)) }))
		})
	}
	g.object(g.IntN(4), func() {
		if g.IntN(10) == 0 {
			g.member(g.one("error", "detail", "warning"), g.anything)
			return
		}
		g.member(g.one("account", "Demo"), g.rarely(func() {
			g.object(g.IntN(3), func() {
				g.member(g.one("vapps", "vms", "vms", "more"), g.rarely(func() { g.list(g.IntN(3), g.rarely(element)) }))
			})
		}))
	})
}
