package portal

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"testing"
	"time"
	"unicode/utf8"
)

func london(t testing.TB) *time.Location {
	t.Helper()
	location, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	return location
}

// FuzzComputeServices: no input may crash the reader or make it accept what is no
// JSON; what it tells of hangs together and is printable.
func FuzzComputeServices(f *testing.F) {
	f.Add([]byte(referenceCompute))
	f.Add([]byte(oneVM(`"numberOfCPUs":"4","memory":1.5,"monthToDate":"£1,234.56","inBackup":"true","backups":[{"status":"Failed","backupStart":"30/10/2016 01:50"}]`)))
	f.Add([]byte(`{"vOrgs":[` + vorgJSON(1, true) + `,` + vorgJSON(1, false) + `]}`))
	f.Add([]byte(`{"error":"No permitted account found"}`))
	f.Add([]byte("{\"vOrgs\":[{\"name\":\"\xff\\ud800\"}]}"))
	f.Add([]byte(`[{"vOrgs":null}]`))
	location := london(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		r := newReader(bytes.NewReader(body), maxValue, location)
		estate, err := r.estate()
		if err != nil {
			return
		}
		if !json.Valid(body) {
			t.Fatalf("accepted what is no JSON: %q", body)
		}
		var texts []string
		for _, v := range estate {
			texts = append(texts, v.Name, v.ServiceID, v.URN)
		}
		for v := range estate.VMs() {
			texts = append(texts, v.Name, v.URN, v.Size, v.OS, v.PowerStatus, v.VApp.Name, v.VApp.VDC.Name, v.VApp.VDC.VOrg.URN)
			for _, b := range v.Backups {
				texts = append(texts, b.Slot, b.Status)
			}
		}
		for field := range r.malformed {
			texts = append(texts, field)
		}
		for _, text := range texts {
			if !utf8.ValidString(text) {
				t.Fatalf("told of %q", text)
			}
		}
	})
}

func FuzzMyVM(f *testing.F) {
	f.Add([]byte(`{"account":{"vapps":[` + referenceMyVApp + `],"vms":[` + referenceMyVM + `]}}`))
	f.Add([]byte(`{"Demo":{"vapps":[{"VDC 1":[` + referenceMyVApp + `]}],"vms":[{"VDC 1":[` + referenceMyVM + `]}]},"warning":"w"}`))
	f.Add([]byte(`{"Demo":{"vms":[{"backups":[{"name":"a"}]}]},"error":"x"}`))
	location := london(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		answer, err := newReader(bytes.NewReader(body), maxList, location).myVM()
		if err == nil && !json.Valid(body) {
			t.Fatalf("accepted what is no JSON: %q", body)
		}
		for _, account := range answer.Accounts {
			for _, vm := range account.VMs {
				if !utf8.ValidString(account.Name + vm.VDCName + vm.Name + vm.URN + vm.Size) {
					t.Fatalf("%+v", vm)
				}
			}
		}
	})
}

// decoders are all that read an answer's JSON, but for those of errors and logins.
var decoders = map[string]func(*reader) error{
	"ping":        func(r *reader) error { _, err := ping(r); return err },
	"accounts":    func(r *reader) error { _, err := list[Account](r); return err },
	"named ids":   func(r *reader) error { _, err := namedIDs(r); return err },
	"credentials": func(r *reader) error { _, err := r.apiCredentials(); return err },
	"builds":      func(r *reader) error { _, err := list[resource[buildAttributes]](r); return err },
	"build":       func(r *reader) error { _, err := r.build(BuildVDC); return err },
	"ticket":      func(r *reader) error { _, err := r.ticketDetails(); return err },
	"new ticket":  func(r *reader) error { _, err := r.createdTicket(); return err },
	"notes":       func(r *reader) error { _, err := r.notes(); return err },
	"vOrg":        func(r *reader) error { _, err := r.vorg(); return err },
	"other":       func(r *reader) error { var v any; return r.any(&v) },
	"calls":       func(r *reader) error { _, err := list[Ticket](r); return err },
	"estate":      func(r *reader) error { _, err := r.estate(); return err },
	"my_vm":       func(r *reader) error { _, err := r.myVM(); return err },
	"vMotion":     func(r *reader) error { _, err := vmotionEvents(r); return err },
}

// FuzzLists gives every input to every decoder and to those of errors
// and logins.
func FuzzLists(f *testing.F) {
	for _, test := range listTests {
		f.Add([]byte(test.body))
	}
	f.Add([]byte(`{"error":"Insufficient Permission","detail":"…"}`))
	f.Add([]byte(`{"expire_after":"900"}`))
	f.Add([]byte(`{"data":{"event_created_time":"2016-10-04T00:08:01+01:00"}}`))
	location := london(f)
	mayBeEmpty := map[string]bool{"vMotion": true, "notes": true, "other": true}
	f.Fuzz(func(t *testing.T, body []byte) {
		for name, read := range decoders {
			err := read(newReader(bytes.NewReader(body), maxList, location))
			empty := len(bytes.Trim(body, " \t\r\n")) == 0
			if err == nil && !json.Valid(body) && !(empty && mayBeEmpty[name]) {
				t.Fatalf("%s: accepted what is no JSON: %q", name, body)
			}
		}
		if _, _, err := decodeLogin(bytes.NewReader(body)); err == nil && !json.Valid(body) {
			t.Fatalf("login: accepted what is no JSON: %q", body)
		}
		decodeError(body)
	})
}

// FuzzPounds: what is accepted is an amount that reads back.
func FuzzPounds(f *testing.F) {
	for _, text := range []string{"7.68", "£1,234.56", "-£0.10", "1,23", "1e3", ""} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		amount, err := parsePounds([]byte(text))
		if err != nil {
			return
		}
		if back, err := parsePounds([]byte(amount.String())); err != nil || back != amount {
			t.Fatalf("%q is %v, which reads back as %v, %v", text, amount, back, err)
		}
	})
}

// FuzzWallClock: what is accepted shows the same wall clock, but for the hour that
// is missing.
func FuzzWallClock(f *testing.F) {
	for _, text := range []string{"24/06/2015 01:32", "30/10/2016 01:30", "27/03/2016 01:30", "31/02/2016 00:00"} {
		f.Add(text)
	}
	location := london(f)
	kept := days{london: location}
	f.Fuzz(func(t *testing.T, text string) {
		got, ok := parseWallClock([]byte(text), location)
		for range 2 { // before and after its day is kept
			if again, okAgain := kept.wallClock([]byte(text)); again != got || okAgain != ok {
				t.Fatalf("%q: %v, %v with kept days, else %v, %v", text, again, okAgain, got, ok)
			}
		}
		if !ok {
			return
		}
		const layout = "02/01/2006 15:04"
		wall, err := time.ParseInLocation(layout, text, time.UTC)
		if err != nil {
			t.Fatalf("accepted %q: %v", text, err)
		}
		for _, at := range []time.Time{got.first.Time().Value, got.second.Time().Value} {
			shown := at.In(location).Format(layout)
			later := wall.Add(time.Hour).Format(layout)
			if shown != text && (shown != later || got.first != got.second) && wall.Year() > 1971 {
				t.Fatalf("%q is %v, which shows %s", text, at, shown)
			}
		}
		if got.second < got.first {
			t.Fatalf("%q: %v before %v", text, got.second, got.first)
		}
	})
}

// readAllReal is the real recording, unpacked.
func readAllReal(t testing.TB) []byte {
	in := openReal(t)
	defer func(in *gzip.Reader) { _ = in.Close() }(in)
	body, err := io.ReadAll(in)
	if err != nil {
		t.Fatal(err)
	}
	return body
}
