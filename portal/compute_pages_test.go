package portal

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

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
				var seen estate
				tags, err := client.ComputeServices(t.Context(), "1", nil, seen.visitor())
				if err != nil {
					t.Fatal(err)
				}
				if tags != nil {
					t.Errorf("tags %v of a portal that sends none", tags)
				}
				checkVOrgs(t, &seen, test.n)
				if diff := cmp.Diff(test.want, portal.requests); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}

// checkVOrgs checks that the vOrgs 0 to n-1 were seen once each, with their VM.
func checkVOrgs(t *testing.T, seen *estate, n int) {
	t.Helper()
	if len(seen.VOrgs) != n || len(seen.VDCs) != n || len(seen.VMs) != n {
		t.Fatalf("%d vOrgs, %d VDCs and %d VMs of %d", len(seen.VOrgs), len(seen.VDCs), len(seen.VMs), n)
	}
	for i, vm := range seen.VMs {
		if vorg := vm.VApp.VDC.VOrg; vorg != seen.VOrgs[i] || vorg.Name != fmt.Sprintf("v%d", i) || vm.URN != fmt.Sprintf("vm%d", i) {
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
		var seen estate
		if _, err := client.ComputeServices(t.Context(), "1", nil, seen.visitor()); err != nil {
			t.Fatal(err)
		}
		checkVOrgs(t, &seen, 60)
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
			count := 0
			_, err := client.ComputeServices(t.Context(), "1", nil, ComputeVisitor{VM: func(vm *VM) {
				if vm.URN != "" {
					count++
				}
			}})
			if err != nil || count != n {
				t.Errorf("names last %v, no pages %v: %d of %d, %v", namesLast, noPages, count, n, err)
			}
		}
	}
}

func TestComputeServicesTags(t *testing.T) {
	changed := map[int]int{}
	portal := &paged{vorgs: vorgsJSON(60, false), tags: true}
	portal.tagOf = func(page int) string { return fmt.Sprintf(`"%d.%d"`, page, changed[page]) }
	client := newTestClient(t, &served{serve: portal.serve})
	read := func(prev PageTags) (PageTags, estate, error) {
		portal.requests = nil
		var seen estate
		tags, err := client.ComputeServices(t.Context(), "1", prev, seen.visitor())
		return tags, seen, err
	}
	tags, seen, err := read(nil)
	if err != nil {
		t.Fatal(err)
	}
	checkVOrgs(t, &seen, 60)

	again, seen, err := read(tags)
	if !errors.Is(err, ErrNotModified) || seen.begun != 0 || !slices.Equal(again, tags) {
		t.Errorf("nothing changed: %v, begun %d times, tags %v", err, seen.begun, again)
	}
	if want := []string{`1 "1.0"`, `2 "2.0"`, `3 "3.0"`}; !slices.Equal(portal.requests, want) {
		t.Errorf("asked %q, want %q", portal.requests, want)
	}

	changed[1]++
	tags, seen, err = read(tags)
	if err != nil {
		t.Fatal(err)
	}
	checkVOrgs(t, &seen, 60)
	if want := []string{`1 "1.0"`, `2 `, `3 `}; !slices.Equal(portal.requests, want) {
		t.Errorf("first page changed: asked %q, want %q", portal.requests, want)
	}

	changed[2]++
	tags, seen, err = read(tags)
	if err != nil {
		t.Fatal(err)
	}
	checkVOrgs(t, &seen, 60)
	if want := []string{`1 "1.1"`, `2 "2.0"`, `1 `, `2 `, `3 `}; !slices.Equal(portal.requests, want) {
		t.Errorf("second page changed: asked %q, want %q", portal.requests, want)
	}
	if want := (PageTags{`"1.1"`, `"2.1"`, `"3.0"`}); !slices.Equal(tags, want) {
		t.Errorf("tags %v, want %v", tags, want)
	}
}

// TestVisitorThatPanics gives its place back, wherever it panics.
func TestVisitorThatPanics(t *testing.T) {
	client, _ := answering(t, referenceCompute, "ETag", `"changed"`)
	visitors := []ComputeVisitor{
		{Begin: func() { panic("Begin") }},
		{VOrg: func(*VOrg) { panic("VOrg") }},
		{VM: func(*VM) { panic("VM") }},
	}
	for i, visitor := range visitors {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%d: no panic", i)
				}
			}()
			_, _ = client.ComputeServices(t.Context(), "1", PageTags{`"old"`}, visitor)
		}()
		if held := places(client); held != 0 {
			t.Errorf("%d: %d places are still held", i, held)
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
	tags, err := client.ComputeServices(t.Context(), "1", nil, ComputeVisitor{})
	if !errors.Is(err, ErrForbidden) || tags != nil {
		t.Errorf("%v, tags %v", err, tags)
	}
}
