package simulator

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

var rewrite = flag.Bool("update", false, "write docs/portal-faults.md and testdata")

// faultCase asks for a path while a fault is on and says what has to come.
type faultCase struct {
	kind, endpoint, path string
	status               int
	check                func(t *testing.T, w *httptest.ResponseRecorder, right string)
}

// isBody wants a body.
func isBody(want string) func(*testing.T, *httptest.ResponseRecorder, string) {
	return func(t *testing.T, w *httptest.ResponseRecorder, _ string) {
		t.Helper()
		if got := w.Body.String(); got != want || w.Header().Get("Content-Length") != fmt.Sprint(len(want)) || w.Header().Get("Etag") != "" {
			t.Errorf("body %.200s, headers %v", got, w.Header())
		}
	}
}

// has wants texts in the body, and no answer like the right one.
func has(parts ...string) func(*testing.T, *httptest.ResponseRecorder, string) {
	return func(t *testing.T, w *httptest.ResponseRecorder, right string) {
		t.Helper()
		for _, part := range parts {
			if !strings.Contains(w.Body.String(), part) {
				t.Errorf("no %q in %.300s", part, w.Body)
			}
		}
		if w.Body.String() == right {
			t.Error("nothing is wrong with it")
		}
	}
}

// half wants every row complete, and half of them.
func half(t *testing.T, w *httptest.ResponseRecorder, right string) {
	t.Helper()
	got := w.Body.String()
	if !strings.HasPrefix(right, got) || !strings.HasSuffix(got, "\n") || strings.Count(got, "\n")*2 < strings.Count(right, "\n") || len(got) >= len(right) {
		t.Errorf("%d bytes of %d, %d lines of %d", len(got), len(right), strings.Count(got, "\n"), strings.Count(right, "\n"))
	}
}

const computePath = "accounts/1/compute_services"

func faultCases(org string) []faultCase {
	bill := "billing/billing-csv?period=2016-02&org_id=" + org
	report := "billing/cloud-storage-report?date=2016-02-01&org_id=" + org
	return []faultCase{
		{"400", "accounts", "accounts", 400, has(`{"error":"400 Bad Request"}`)},
		{"422", "accounts", "accounts", 422, has(`{"error":"422`)},
		{"423", "accounts", "accounts", 423, has(`{"error":"423 Locked"`)},
		{"maintenance", "accounts", "accounts", 200, has("<html>", "back soon")},
		{"echo", "accounts", "accounts", 500, has("rack.session=")},
		{"echo-encoded", "accounts", "accounts", 500, has(`\u0072\u0061\u0063\u006b`, "rack.session%3D", "7261636b")},
		{"escape", "accounts", "accounts", 500, has(`\u001b[2J`)},
		{"changing-error", "accounts", "accounts", 500, has("upstream 10.0.0.7:32769 did not answer at 2016-03-08T16:34:00Z (request 1)")},
		{"null", "accounts", "accounts", 200, isBody("null")},
		{"object", "my_calls", "my_calls", 200, isBody("{}")},
		{"list", "accounts", "accounts", 200, isBody("[]")},
		{"list-of-null", "my_calls", "my_calls", 200, isBody("[null]")},
		{"list-of-text", "accounts", "accounts", 200, isBody(`["x"]`)},
		{"text", "compute_services", computePath, 200, isBody(`"We're sorry"`)},
		{"message", "my_vm", "my_vm", 200, isBody(`{"message":"We're sorry, but something went wrong."}`)},
		{"empty", "billing_csv", bill, 200, isBody("")},
		{"inner-null", "compute_services", computePath, 200, isBody(`{"account":{"id":1},"vOrgs":null}`)},
		{"inner-object", "builds", "accounts/1/vdc-builds", 200, isBody(`{"data":{}}`)},
		{"inner-text", "my_vm", "my_vm", 200, has(`:{"vapps":"x","vms":"x"}}`)},
		{"inner-list-of-null", "vorgs", "accounts/1/vorgs", 200, isBody(`{"data":[null]}`)},
		{"vms-object", "compute_services", computePath, 200, has(`"VMs":{}`)},
		{"deep", "my_calls", "my_calls", 200, has("[[[[[[")},
		{"odd-numbers", "compute_services", computePath, 200, has(`"memory":8796093022208`, `"storage":1e15`, `"memory":-1`, "01/01/0001", `"monthToDate":"0,005"`)},
		{"odd-numbers", "billing_csv", bill, 200, has(`,"0,005"`, ",1e15\n", ",-1\n", ",NaN\n")},
		{"flood", "vmotion_events", "accounts/1/platform_visibility/vmotion_events", 200, has(`"user_name":"user 1-999"`)},
		{"flood", "my_calls", "my_calls", 200, has(`"status":"Status 1-999"`)},
		{"flood", "builds", "accounts/1/vdc-builds", 200, has(`"state":"state 1-999"`)},
		{"cut-rows", "billing_csv", bill, 200, half},
		{"cut-rows", "cloud_storage_report", report, 200, half},
		{"header-only", "billing_csv", bill, 200, func(t *testing.T, w *httptest.ResponseRecorder, right string) {
			if w.Body.String() != right[:strings.Index(right, "\n")+1] {
				t.Errorf("body %s", w.Body)
			}
		}},
		{"unproven", "billing_csv", bill, 200, func(t *testing.T, w *httptest.ResponseRecorder, right string) {
			if w.Body.String() != right || w.Header().Get("Content-Length") != "" {
				t.Errorf("%d bytes of %d, %v", w.Body.Len(), len(right), w.Header())
			}
		}},
		{"partial", "billing_csv", bill, 206, half},
		{"utf16", "billing_csv", bill, 200, has("\xff\xfeE\x00v\x00e\x00n\x00t\x00")},
		{"other-month", "billing_csv", bill, 200, has("\n2016-01-31,")},
		{"endless-pages", "compute_services", computePath + "?page=4000&per_page=25", 200, has(`"serviceId":"1-1-101024-aaaaaa"`)},
		{"endless-pages-nameless", "compute_services", computePath + "?page=2", 200, has(`"vOrgs":[{"VDCs":[],"name":"Endless"},`)},
		{"giant-etag", "accounts", "accounts", 200, func(t *testing.T, w *httptest.ResponseRecorder, right string) {
			if w.Body.String() != right || len(w.Header().Get("Etag")) < 60_000 {
				t.Errorf("ETag of %d bytes, body %s", len(w.Header().Get("Etag")), w.Body)
			}
		}},
		{"late", "accounts", "accounts", 200, func(t *testing.T, w *httptest.ResponseRecorder, right string) {
			if w.Body.String() != right {
				t.Errorf("body %s", w.Body)
			}
		}},
		{"never-built", "builds", "accounts/1/vdc-builds", 200, func(t *testing.T, w *httptest.ResponseRecorder, right string) {
			if got := w.Body.String(); strings.Count(got, `"state":"running"`) != strings.Count(right, `"state":`) || strings.Contains(got, "completed") {
				t.Errorf("body %.300s", got)
			}
		}},
		{"no-location", "vdcs", "POST", 202, func(t *testing.T, w *httptest.ResponseRecorder, _ string) {
			if _, has := w.Header()["Location"]; has {
				t.Errorf("headers %v", w.Header())
			}
		}},
		{"location-other-host", "vdcs", "POST", 202, func(t *testing.T, w *httptest.ResponseRecorder, _ string) {
			if got := w.Header().Get("Location"); !strings.HasPrefix(got, "https://builds.portal.invalid/") {
				t.Errorf("Location %s", got)
			}
		}},
	}
}

func TestFaultsOfTheBody(t *testing.T) {
	for _, test := range faultCases("ORG") {
		t.Run(test.kind+" of "+test.endpoint, func(t *testing.T) {
			p := newPortal(t, Options{VMs: 60})
			v := visit(t, p)
			path := strings.Replace(test.path, "ORG", p.ServiceIDs("1")[0], 1)
			ask := func() *httptest.ResponseRecorder {
				if path == "POST" {
					return v.write("POST", "accounts/1/vorgs/1/vdcs", vdcOrder)
				}
				return v.get(path)
			}
			right := ask().Body.String()
			fault := Fault{Endpoint: test.endpoint, Kind: test.kind}
			if err := fault.valid(); err != nil {
				t.Fatal(err)
			}
			p.SetFaults(fault)
			w := ask()
			if w.Code != test.status {
				t.Fatalf("%d %.300s", w.Code, w.Body)
			}
			test.check(t, w, right)
			p.SetFaults()
			if path != "POST" && ask().Body.String() != right {
				t.Error("after the fault the answer is another one")
			}
		})
	}
}

// faultsTestedElsewhere are in fault_test.go, or below by name.
var faultsTestedElsewhere = []string{
	"500", "502", "503", "429", "401", "403", "404", "html", "redirect", "redirect-other-host", "garbage",
	"truncated", "slow", "hang", "reset", "drip", "hang-half", "endless", "cookie-eaten", "cookie-path", "cookie-expired",
	"cookie-year-9999", "cookie-without-expiry", "cookie-foreign-domain", "cookie-growth",
	"date-2038", "date-1970", "date-missing",
}

func TestEveryKindHasATest(t *testing.T) {
	tested := slices.Clone(faultsTestedElsewhere)
	for _, test := range faultCases("") {
		tested = append(tested, test.kind)
	}
	seen := map[string]bool{}
	for _, kind := range faultTable {
		if !slices.Contains(tested, kind.name) {
			t.Errorf("no test for %s", kind.name)
		}
		if seen[kind.name] {
			t.Errorf("%s is there twice", kind.name)
		}
		seen[kind.name] = true
		if kind.meaning == "" || strings.ContainsAny(kind.meaning, "\n|") {
			t.Errorf("%s: meaning %q", kind.name, kind.meaning)
		}
	}
	for _, name := range tested {
		if !seen[name] {
			t.Errorf("%s is no kind", name)
		}
	}
}

func TestAFaultOfTheBodyNeedsASession(t *testing.T) {
	p := newPortal(t, Options{Faults: []Fault{{Endpoint: "accounts", Kind: "list"}}})
	w := httptest.NewRecorder()
	if p.ServeHTTP(w, get("/api/accounts")); w.Code != http.StatusUnauthorized {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestAFaultOfEveryReadLetsTheLoginIn(t *testing.T) {
	p := newPortal(t, Options{Faults: []Fault{{Endpoint: "GET", Kind: "maintenance"}}})
	v := visit(t, p)
	for _, path := range []string{"ping", "accounts", "my_calls"} {
		if w := v.get(path); !strings.Contains(w.Body.String(), "back soon") {
			t.Errorf("%s: %s", path, w.Body)
		}
	}
}

func TestFaultsOfCookies(t *testing.T) {
	tests := []struct {
		kind  string
		works bool // for a visitor who keeps whatever comes
		want  string
	}{
		{"cookie-eaten", false, ""},
		{"cookie-path", true, "; path=/elsewhere; expires="},
		{"cookie-expired", true, "; path=/api; expires=Sat, 01 Jan 2000 00:15:00 GMT; HttpOnly"},
		{"cookie-year-9999", true, "; path=/api; expires=Fri, 31 Dec 9999 23:59:59 GMT; HttpOnly"},
		{"cookie-without-expiry", true, "; path=/api; HttpOnly"},
		{"cookie-foreign-domain", true, "; domain=login.portal.invalid; HttpOnly"},
		{"cookie-growth", true, "; path=/api; expires="},
	}
	for _, test := range tests {
		t.Run(test.kind, func(t *testing.T) {
			p := newPortal(t, Options{Faults: []Fault{{Endpoint: "*", Kind: test.kind}}})
			v := &visitor{t: t, p: p, cookies: map[string]string{}}
			login := v.login("demo@example.com", "demo")
			ping := v.get("ping")
			if login.Code != http.StatusCreated || (ping.Code == http.StatusOK) != test.works {
				t.Fatalf("login %d, ping %d", login.Code, ping.Code)
			}
			for _, w := range []*httptest.ResponseRecorder{login, ping} {
				cookies := w.Header().Values("Set-Cookie")
				if test.want == "" && len(cookies) > 0 || test.want != "" && (len(cookies) < 2 || !strings.Contains(cookies[0], test.want)) {
					t.Errorf("cookies %q", cookies)
				}
			}
			if test.kind == "cookie-expired" && len(login.Header().Values("Date")) != 2 {
				t.Errorf("dates %q", login.Header().Values("Date"))
			}
			for range 3 {
				v.get("ping")
			}
			if test.kind == "cookie-growth" && len(v.cookies) != 2+5 {
				t.Errorf("%d cookies after five answers", len(v.cookies))
			}
		})
	}
}

func TestFaultsOfTheDate(t *testing.T) {
	for kind, want := range map[string]string{"date-2038": "Tue, 19 Jan 2038 03:14:08 GMT", "date-1970": "Thu, 01 Jan 1970 00:00:00 GMT", "date-missing": ""} {
		_, url, cookie := faultyServer(t, kind)
		answer, _, err := fetch(t.Context(), t, url+"ping", cookie)
		if err != nil || answer.StatusCode != 200 || answer.Header.Get("Date") != want {
			t.Errorf("%s: %v, %v", kind, answer, err)
		}
	}
}

func TestEchoOfALogin(t *testing.T) {
	const password = `Ge"heim\ü`
	for _, kind := range []string{"echo", "echo-encoded"} {
		p := newPortal(t, Options{Faults: []Fault{{Endpoint: "authenticate", Kind: kind}}})
		v := &visitor{t: t, p: p, cookies: map[string]string{}}
		w := v.login("demo@example.com", password)
		var body problem
		if err := json.Unmarshal(w.Body.Bytes(), &body); w.Code != 500 || err != nil {
			t.Fatalf("%s: %d %s %v", kind, w.Code, w.Body, err)
		}
		if kind == "echo" && !strings.Contains(body.Detail, `"password":"Ge\"heim\\ü"`) {
			t.Errorf("detail %s", body.Detail)
		}
		for _, form := range []string{"R2UiaGVpbVzDvA", "47652268", "%47%65%22", "Ge&#34;heim", `\u0047\u0065\u0022\u0068`} {
			if kind == "echo-encoded" && !strings.Contains(w.Body.String(), form) {
				t.Errorf("no %s in %s", form, w.Body)
			}
		}
	}
}

func TestADelayComesBeforeTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPortal(t, Options{Faults: []Fault{{Endpoint: "authenticate", Kind: "401", Delay: 12 * time.Second}}})
		v := &visitor{t: t, p: p, cookies: map[string]string{}}
		start := time.Now()
		if w := v.login("demo@example.com", "demo"); w.Code != http.StatusUnauthorized || time.Since(start) != 12*time.Second {
			t.Errorf("%d after %v", w.Code, time.Since(start))
		}
	})
}

func TestDripAndHalf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPortal(t, Options{})
		v := visit(t, p)
		p.SetFaults(Fault{Endpoint: "ping", Kind: "drip"})
		start := time.Now()
		if w := v.get("ping"); w.Body.Len() != 17 || time.Since(start) != 17*time.Second {
			t.Errorf("%d bytes in %v", w.Body.Len(), time.Since(start))
		}
		p.SetFaults(Fault{Endpoint: "ping", Kind: "hang-half"})
		w := httptest.NewRecorder()
		done := make(chan any, 1)
		r := get("/api/ping")
		r.Header.Set("Cookie", "rack.session="+v.cookies["rack.session"])
		go func() {
			defer func() { done <- recover() }()
			p.ServeHTTP(w, r)
		}()
		time.Sleep(time.Hour)
		synctest.Wait()
		if w.Body.String() != `{"respon` || w.Header().Get("Content-Length") != "17" {
			t.Errorf("after an hour: %s of %s", w.Body, w.Header().Get("Content-Length"))
		}
		p.Close()
		if err := <-done; err != http.ErrAbortHandler {
			t.Errorf("ended by %v", err)
		}
	})
}

// TestWithoutLengthOrChunks looks at the wire: the body ends where the
// connection does, and nothing says that more was to come.
func TestWithoutLengthOrChunks(t *testing.T) {
	p, url, cookie := faultyServer(t, "cut-rows")
	answer, body, err := fetch(t.Context(), t, url+"billing/billing-csv?period=2016-02&org_id="+p.ServiceIDs("1")[0], cookie)
	if err != nil || answer.ContentLength != -1 || answer.TransferEncoding != nil || !answer.Close {
		t.Fatalf("%+v, %v", answer, err)
	}
	if rows, err := csv.NewReader(bytes.NewReader(body)).ReadAll(); err != nil || len(rows) < 100 {
		t.Errorf("%d rows, %v", len(rows), err)
	}
}

func TestEndlessBodiesEndWithTheClientAndWithClose(t *testing.T) {
	for _, path := range []string{"billing/cloud-storage-report?date=2016-02-01&org_id=ORG", computePath, "my_calls"} {
		t.Run(path, func(t *testing.T) {
			p, url, cookie := faultyServer(t, "endless")
			path := strings.Replace(path, "ORG", p.ServiceIDs("1")[0], 1)
			ask := func() *http.Response {
				r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+path, nil)
				if err != nil {
					t.Fatal(err)
				}
				r.Header.Set("Cookie", cookie)
				transport := &http.Transport{}
				t.Cleanup(transport.CloseIdleConnections)
				answer, err := transport.RoundTrip(r)
				if err != nil {
					t.Fatal(err)
				}
				return answer
			}
			answer := ask()
			const enough = 4 << 20
			if n, err := io.CopyN(io.Discard, answer.Body, enough); err != nil || answer.StatusCode != 200 {
				t.Errorf("%d: %d bytes, %v", answer.StatusCode, n, err)
			}
			answer.Body.Close()
			answer = ask()
			p.Close()
			if _, err := io.Copy(io.Discard, answer.Body); err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("after Close: %v", err)
			}
			answer.Body.Close()
		})
	}
}

func TestGiantTagSentBackIsRefused(t *testing.T) {
	p := newPortal(t, Options{Faults: []Fault{{Endpoint: "accounts", Kind: "giant-etag"}}})
	v := visit(t, p)
	if w := v.get("accounts", "If-None-Match", v.get("accounts").Header().Get("Etag")); w.Code != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("%d", w.Code)
	}
}

// TestAWriteIsCarriedOutThoughTheAnswerIsLost: the client cannot know.
func TestAWriteIsCarriedOutThoughTheAnswerIsLost(t *testing.T) {
	p := newPortal(t, Options{})
	v := visit(t, p)
	server := httptest.NewServer(p)
	defer server.Close()
	p.SetFaults(Fault{Endpoint: "my_calls", Kind: "reset"})
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/api/my_calls", strings.NewReader(incidentBody))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Cookie", "rack.session="+v.cookies["rack.session"])
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	if answer, err := transport.RoundTrip(r); err == nil {
		answer.Body.Close()
		t.Error("an answer came")
	}
	p.SetFaults()
	if list := v.mine(); len(list) != 1 {
		t.Errorf("tickets %+v", list)
	}
}

func TestFaultsAreDocumented(t *testing.T) {
	const file = "../../docs/portal-faults.md"
	var b strings.Builder
	b.WriteString(`# Faults of the simulated portal

` + "`simulate --fault ENDPOINT=KIND`" + ` makes an endpoint wrong in one of these ways, ` + "`ENDPOINT/ACCOUNT=KIND`" + ` only
for one account; ` + "`@20s`" + ` behind the kind also waits before it answers. The first fault that fits a call is used. ENDPOINT is ` + "`*`" + ` for every one, ` + "`GET`" + ` for every read, or
one of ` + "`" + strings.Join(endpoints, "`, `") + "`" + `.
This list is written from the table in the code.

| kind | meaning | of |
|---|---|---|
`)
	for _, kind := range faultTable {
		of := "all"
		if kind.endpoints != nil {
			of = "`" + strings.Join(kind.endpoints, "`, `") + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", kind.name, kind.meaning, of)
	}
	if *rewrite {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != b.String() {
		t.Errorf("docs/portal-faults.md is not the table (%v): go test ./portal/simulator -run FaultsAreDocumented -update writes it", err)
	}
}

// TestFloodsDiffer: no thing of one answer is in the next.
func TestFloodsDiffer(t *testing.T) {
	p := newPortal(t, Options{})
	v := visit(t, p)
	p.SetFaults(Fault{Endpoint: "vmotion_events", Kind: "flood"})
	seen := map[string]int{}
	for range 3 {
		var list []vMotionEvent
		v.into("accounts/1/platform_visibility/vmotion_events", &list)
		for _, e := range list {
			_, uuid, _ := strings.Cut(e.VirtualMachine, " (")
			for _, name := range []string{uuid, e.UserName, e.VDCName, e.VAppName} {
				seen[name]++
			}
			if created, err := time.Parse(time.RFC3339, e.Created); err != nil || created.After(p.now()) || p.now().Sub(created) >= time.Hour {
				t.Fatalf("%+v", e)
			}
		}
	}
	if len(seen) != 3*4*floodSize {
		t.Errorf("%d names and UUIDs of %d", len(seen), 3*4*floodSize)
	}
}

// TestPartialAnswerSaysWhichPart it is.
func TestPartialAnswerSaysWhichPart(t *testing.T) {
	p := newPortal(t, Options{})
	v := visit(t, p)
	path := "billing/billing-csv?period=2016-02&org_id=" + p.ServiceIDs("1")[0]
	whole := v.body(path)
	p.SetFaults(Fault{Endpoint: "billing_csv", Kind: "partial"})
	w := v.get(path)
	if want := fmt.Sprintf("bytes 0-%d/%d", w.Body.Len()-1, len(whole)); w.Header().Get("Content-Range") != want {
		t.Errorf("Content-Range %s, want %s", w.Header().Get("Content-Range"), want)
	}
}

// TestEndlessBodiesBeginRight: a bill goes on with its rows, a list with blanks, and
// compute_services with VDCs, so that nothing but the length is wrong.
func TestEndlessBodiesBeginRight(t *testing.T) {
	p := newPortal(t, Options{})
	org := p.ServiceIDs("1")[0]
	read := func(path string, right answer) string {
		var b strings.Builder
		_ = endless(p, asked(p, path), right).write(&cutWriter{&b, 2 << 20})
		return b.String()
	}
	bill := p.billingCSV(asked(p, "billing/billing-csv?period=2016-02&org_id="+org))
	got, right := read("billing/billing-csv?org_id="+org, bill), bill.text()
	if !strings.HasPrefix(got, right) || len(got) <= len(right) {
		t.Errorf("%d bytes do not begin with the bill's %d", len(got), len(right))
	}
	columns := strings.Count(lines(right)[0], ",")
	for i, line := range lines(got)[1:100] {
		if !strings.HasPrefix(line, "2016-02-") || strings.Count(line, ",") < columns {
			t.Fatalf("line %d: %s", i, line)
		}
	}
	if got := read("accounts", ok([]int{})); strings.Trim(got, " ") != "[" {
		t.Errorf("a list: %.100q", got)
	}
	if got := read("accounts/1/compute_services", ok(nil)); !strings.HasPrefix(got, `{"account":{"id":1},"vOrgs":[{"name":"Endless",`) || strings.Count(got, `"VDCs":[{"name":"VDC",`) < 1000 || strings.Contains(got, "\n") {
		t.Errorf("compute_services: %.200q", got)
	}
}

// TestFaultsOfABillWithoutRows keep the header a line of its own.
func TestFaultsOfABillWithoutRows(t *testing.T) {
	p := newPortal(t, Options{})
	c := asked(p, "billing/billing-csv?period=2026-02&org_id="+p.ServiceIDs("1")[0])
	bill := p.billingCSV(c)
	header := bill.text()
	for kind, body := range map[string]string{"cut-rows": cutRows(http.StatusOK)(p, c, bill).text(), "header-only": headerOnly(p, c, bill).text()} {
		if body != header {
			t.Errorf("%s: %q", kind, body)
		}
	}
	var b strings.Builder
	_ = endless(p, c, bill).write(&cutWriter{&b, 10 * int64(len(header))})
	if b.String() != strings.Repeat(header, 10) {
		t.Errorf("endless: %.1200q", b.String())
	}
}
