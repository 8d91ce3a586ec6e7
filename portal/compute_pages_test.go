package portal

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// paged is a portal with vOrgs behind pages.
type paged struct {
	vorgs      []string // JSON of each
	noPages    bool     // as before October 2016: page and per_page mean nothing
	tags       bool
	requests   []string
	tagOf      func(page int) string
	changeOnce func(p *paged, page int) // run before a page is answered
}

func (p *paged) serve(req *http.Request) *http.Response {
	query := req.URL.Query()
	page, _ := strconv.Atoi(query.Get("page"))
	size, _ := strconv.Atoi(query.Get("per_page"))
	p.requests = append(p.requests, query.Get("page")+" "+req.Header.Get("If-None-Match"))
	if p.changeOnce != nil {
		p.changeOnce(p, page)
	}
	from, to := (page-1)*size, page*size
	if p.noPages {
		from, to = 0, len(p.vorgs)
	}
	from, to = min(from, len(p.vorgs)), min(to, len(p.vorgs))
	body := `{"account":{"id":1},"vOrgs":[` + strings.Join(p.vorgs[from:to], ",") + `]}`
	if !p.tags {
		return reply(req, 200, body)
	}
	tag := fmt.Sprintf(`"%x"`, len(body)*1000+page)
	if p.tagOf != nil {
		tag = p.tagOf(page)
	}
	if req.Header.Get("If-None-Match") == tag {
		return reply(req, 304, "", "ETag", tag)
	}
	return reply(req, 200, body, "ETag", tag)
}

func vorgJSON(i int, namesLast bool) string {
	names := fmt.Sprintf(`"name":"v%d","serviceId":"1-1-%d-abcdef"`, i, i)
	vdcs := fmt.Sprintf(`"VDCs":[{"name":"d%d","vApps":[{"name":"p","VMs":[{"urn":"vm%d"}]}]}]`, i, i)
	if namesLast {
		return "{" + vdcs + "," + names + "}"
	}
	return "{" + names + "," + vdcs + "}"
}

func vorgsJSON(n int, namesLast bool) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = vorgJSON(i, namesLast)
	}
	return list
}

func TestComputeServicesPages(t *testing.T) {
	tests := []struct {
		name    string
		n       int
		noPages bool
		want    []string // pages asked for
	}{
		{"none", 0, false, []string{"1 "}},
		{"a short page", 8, false, []string{"1 "}},
		{"one full page", 25, false, []string{"1 ", "2 "}},
		{"two pages", 26, false, []string{"1 ", "2 "}},
		{"two full pages", 50, false, []string{"1 ", "2 ", "3 "}},
		{"no pages, few", 8, true, []string{"1 "}},
		{"no pages, as many as a page", 25, true, []string{"1 ", "2 "}},
		{"no pages, many", 60, true, []string{"1 "}},
	}
	for _, test := range tests {
		for _, namesLast := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, names last %v", test.name, namesLast), func(t *testing.T) {
				portal := &paged{vorgs: vorgsJSON(test.n, namesLast), noPages: test.noPages}
				client := newTestClient(t, &served{serve: portal.serve})
				seen, err := client.Conditional().ComputeServices(t.Context(), "1", nil)
				if err != nil {
					t.Fatal(err)
				}
				checkVOrgs(t, seen.Value, test.n)
				if diff := cmp.Diff(test.want, portal.requests); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}

// checkVOrgs checks that the vOrgs 0 to n-1 were seen once each, with their VM.
func checkVOrgs(t *testing.T, seen Estate, n int) {
	t.Helper()
	all := vms(seen)
	if len(seen) != n || len(all) != n {
		t.Fatalf("%d vOrgs and %d VMs of %d", len(seen), len(all), n)
	}
	for i, vm := range all {
		if vorg := vm.VApp.VDC.VOrg; vorg != seen[i] || vorg.Name != fmt.Sprintf("v%d", i) || vm.URN != fmt.Sprintf("vm%d", i) {
			t.Fatalf("VM %s in vOrg %+v at %d", vm.URN, *vorg, i)
		}
	}
}

// TestComputeServicesMovedPage: a vOrg made between two pages moves the last of the
// first page to the second. It is not told of twice, and those behind it not lost.
func TestComputeServicesMovedPage(t *testing.T) {
	for _, namesLast := range []bool{false, true} {
		portal := &paged{vorgs: vorgsJSON(60, namesLast)}
		portal.changeOnce = func(p *paged, page int) {
			if page == 2 {
				p.vorgs = append([]string{vorgJSON(99, namesLast)}, p.vorgs...)
				p.changeOnce = nil
			}
		}
		client := newTestClient(t, &served{serve: portal.serve})
		seen, err := client.Conditional().ComputeServices(t.Context(), "1", nil)
		if err != nil {
			t.Fatal(err)
		}
		checkVOrgs(t, seen.Value, 60)
	}
}

// TestComputeServicesLargeVOrgs: a vOrg that is larger than a single value may be
// is skipped when a page repeats it, and held back when its names come last.
func TestComputeServicesLargeVOrgs(t *testing.T) {
	large := strings.Repeat(`{"name":"`+strings.Repeat("x", 1000)+`"},`, 2*maxValue/1000) + `{}`
	for _, namesLast := range []bool{false, true} {
		vorgs := vorgsJSON(30, namesLast)
		for _, i := range []int{3, 27} {
			vorgs[i] = strings.Replace(vorgs[i], `"VMs":[`, `"VMs":[`+large+`,`, 1)
		}
		for _, noPages := range []bool{false, true} {
			n := 30
			if noPages {
				n = 25
			}
			portal := &paged{vorgs: vorgs[:n], noPages: noPages}
			client := newTestClient(t, &served{serve: portal.serve})
			seen, err := client.Conditional().ComputeServices(t.Context(), "1", nil)
			if err != nil {
				t.Fatal(err)
			}
			count := 0
			for vm := range seen.Value.VMs() {
				if vm.URN != "" {
					count++
				}
			}
			if count != n {
				t.Errorf("names last %v, no pages %v: %d of %d", namesLast, noPages, count, n)
			}
		}
	}
}

func TestComputeServicesTags(t *testing.T) {
	changed := map[int]int{}
	portal := &paged{vorgs: vorgsJSON(60, false), tags: true}
	portal.tagOf = func(page int) string { return fmt.Sprintf(`"%d.%d"`, page, changed[page]) }
	client := newTestClient(t, &served{serve: portal.serve})
	read := func(prev *Answer[Estate]) *Answer[Estate] {
		t.Helper()
		portal.requests = nil
		seen, err := client.Conditional().ComputeServices(t.Context(), "1", prev)
		if err != nil {
			t.Fatal(err)
		}
		checkVOrgs(t, seen.Value, 60)
		return seen
	}
	first := read(nil)
	if again := read(first); again != first {
		t.Error("nothing changed, and the answer is another")
	}
	if want := []string{`1 "1.0"`, `2 "2.0"`, `3 "3.0"`}; !slices.Equal(portal.requests, want) {
		t.Errorf("asked %q, want %q", portal.requests, want)
	}

	changed[2]++
	second := read(first)
	if second == first || second.Value[0] != first.Value[0] || second.Value[25] == first.Value[25] || second.Value[50] != first.Value[50] {
		t.Error("second page changed: it alone must be new")
	}
	third := read(second)
	if third != second {
		t.Error("nothing changed, and the answer is another")
	}
	if want := []string{`1 "1.0"`, `2 "2.1"`, `3 "3.0"`}; !slices.Equal(portal.requests, want) {
		t.Errorf("asked %q, want %q", portal.requests, want)
	}

	portal.vorgs = portal.vorgs[:25] // the first page is left, as it was
	changed[2]++
	less, err := client.Conditional().ComputeServices(t.Context(), "1", third)
	if err != nil {
		t.Fatal(err)
	}
	checkVOrgs(t, less.Value, 25)
	if less == third || less.Value[0] != first.Value[0] {
		t.Error("the first page alone must be as before")
	}
}

// TestComputeServicesEndless: a portal with something new on each page.
func TestComputeServicesEndless(t *testing.T) {
	for name, id := range map[string]string{"new ids": `"serviceId":"%d"`, "no ids": `"n":%d`} {
		t.Run(name, func(t *testing.T) {
			n := 0
			portal := &served{serve: func(req *http.Request) *http.Response {
				list := make([]string, vorgsPerPage)
				for i := range list {
					n++
					list[i] = fmt.Sprintf("{"+id+"}", n)
				}
				return reply(req, 200, `{"vOrgs":[`+strings.Join(list, ",")+`]}`)
			}}
			client := newTestClient(t, portal, withRate(1e9, 1e9))
			_, err := client.Conditional().ComputeServices(t.Context(), "1", nil)
			if _, requests := portal.counts(); !errors.Is(err, errTooLarge) || requests != maxPages {
				t.Errorf("%v after %d pages", err, requests)
			}
		})
	}
}

// TestComputeServicesTooMany: an answer that is small until it is read.
func TestComputeServicesTooMany(t *testing.T) {
	body := `{"vOrgs":[{"VDCs":[{"vApps":[{"VMs":[` + strings.Repeat("{},", maxObjects) + `{}]}]}]}]}`
	if _, err := readCompute(t, body); !errors.Is(err, errTooLarge) {
		t.Error(err)
	}
}

// TestObjectsAreBounded: VMs and backups count alike, and the last that may be is read.
func TestObjectsAreBounded(t *testing.T) {
	vms := func(what string) string { return `{"vOrgs":[{"VDCs":[{"vApps":[{"VMs":[` + what + `]}]}]}]}` }
	tests := []struct {
		name, body string
		objects    int
	}{
		{"VMs", vms(`{},{}`), 9}, // and the lists and objects about them
		{"backups", vms(`{"backups":[{},{},null]}`), 11},
	}
	for _, test := range tests {
		for more, want := range map[int]error{0: nil, 1: errTooLarge} {
			r := newReader(strings.NewReader(test.body), maxValue, time.UTC)
			r.objects = maxObjects - test.objects + more
			if _, err := r.estate(); !errors.Is(err, want) || want == nil && r.objects != maxObjects {
				t.Errorf("%s, %d more than may be: %v after %d", test.name, more, err, r.objects-maxObjects)
			}
		}
	}
}

func TestComputeServicesLaterPageFails(t *testing.T) {
	portal := &paged{vorgs: vorgsJSON(60, false)}
	client := newTestClient(t, &served{serve: func(req *http.Request) *http.Response {
		if req.URL.Query().Get("page") == "2" {
			return reply(req, 403, `{"error":"No permitted account found"}`)
		}
		return portal.serve(req)
	}})
	answer, err := client.Conditional().ComputeServices(t.Context(), "1", nil)
	if !errors.Is(err, ErrForbidden) || answer != nil {
		t.Errorf("%v, %v", err, answer)
	}
}
