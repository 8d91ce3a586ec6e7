package conformance

import (
	"bytes"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"ukcloud_exporter/portal"
)

const documentFile = "../../docs/portal-api.md"

// clientMethods is the method of portal.Client for each section.
var clientMethods = map[string]string{
	"POST /api/authenticate": "Login",
	"GET /api/my_vm":         "MyVM",
	"GET /api/my_calls":      "MyCalls",
	"GET /api/ping":          "Ping",
	"GET /api/accounts":      "Accounts",
	"GET /api/accounts/:account_id/compute_services":                   "ComputeServices",
	"GET /api/accounts/:account_id/api_credentials":                    "APICredentials",
	"GET /api/accounts/:account_id/vorgs":                              "VOrgs",
	"GET /api/accounts/:account_id/vorg-builds":                        "Builds",
	"GET /api/accounts/:account_id/vorgs/:vorg_id/vdcs":                "VDCs",
	"GET /api/accounts/:account_id/vdc-builds":                         "Builds",
	"GET /api/accounts/:account_id/edge-gateway-builds":                "Builds",
	"GET /api/accounts/:account_id/platform_visibility/vmotion_events": "VMotionEvents",
	"GET /api/billing/cloud-storage-report":                            "CloudStorageReport",
	"GET /api/billing/billing-csv":                                     "BillingCSV",
}

// notYet are the sections that the client has no method for. It only ever gets
// shorter.
var notYet = []string{
	"GET /api/my_calls/:ticket_id",
	"PUT /api/my_calls/:ticket_id",
	"POST /api/my_calls",
	"PUT /api/my_calls/:ticket_id/subscribe",
	"PUT /api/my_calls/:ticket_id/unsubscribe",
	"PUT /api/my_calls/:ticket_id/reopen",
	"PUT /api/my_calls/:ticket_id/change_owner",
	"PUT /api/my_calls/:ticket_id/cancel",
	"PUT /api/my_calls/:ticket_id/close",
	"GET /api/accounts/:account_id/compute_services/:vorg_id",
	"POST /api/accounts/:account_id/vorgs",
	"GET /api/vorg-builds/:build_id",
	"POST /api/accounts/:account_id/vorgs/:vorg_id/vdcs",
	"GET /api/vdc-builds/:build_id",
	"GET /api/accounts/:account_id/vorgs/:vorg_id/vdcs/:vdc_urn/edge-gateways",
	"POST /api/accounts/:account_id/vorgs/:vorg_id/vdcs/:vdc_urn/edge-gateways",
	"GET /api/edge-gateway-builds/:build_id",
}

// TestEverySectionHasAMethod: a section has a method that exists, or stands on
// the list of those that have none yet, never both.
func TestEverySectionHasAMethod(t *testing.T) {
	known := map[string]bool{}
	for _, s := range reference(t) {
		known[s.Name] = true
		method, has := clientMethods[s.Name]
		switch late := slices.Contains(notYet, s.Name); {
		case has == late:
			t.Errorf("%s: method %q, not yet %v: it has to be one of the two", s.Name, method, late)
		case has:
			if _, exists := reflect.TypeFor[*portal.Client]().MethodByName(method); !exists {
				t.Errorf("%s: portal.Client has no method %s", s.Name, method)
			}
		}
	}
	for name := range clientMethods {
		if !known[name] {
			t.Errorf("%s is no section of the reference", name)
		}
	}
	for _, name := range notYet {
		if !known[name] {
			t.Errorf("%s is no section of the reference", name)
		}
	}
}

// document compares docs/portal-api.md with what was seen, or writes it.
func document(t *testing.T, sections []section, seen map[string][]int) {
	t.Helper()
	want := []byte(page(sections, seen))
	if *update {
		if err := os.WriteFile(documentFile, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(documentFile)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("docs/portal-api.md is not what the suite has seen (%v): go test -C portal/conformance . -update writes it", err)
	}
}

func page(sections []section, seen map[string][]int) string {
	var b strings.Builder
	documented, answered := 0, 0
	for _, s := range sections {
		documented += len(s.Statuses)
		answered += len(seen[s.Name])
	}
	fmt.Fprintf(&b, `# The Portal API, section by section

Written by the conformance suite from its own run against the simulated portal
([portal/conformance](../portal/conformance)): every section of the API reference, the
method of the Go client that calls it, whether the simulated portal answers it, and the
documented statuses that were asked for and seen, with headers and body as documented or
recorded. **%d sections, %d of %d documented statuses.**

| section | client method | simulated | statuses seen |
|---|---|---|---|
`, len(sections), answered, documented)
	for _, s := range sections {
		method := "none yet"
		if name, ok := clientMethods[s.Name]; ok {
			method = "`" + name + "`"
		}
		simulated, statuses := "yes", make([]string, 0, len(s.Statuses))
		for _, status := range s.Statuses {
			if slices.Contains(seen[s.Name], status) {
				statuses = append(statuses, fmt.Sprint(status))
			} else {
				simulated = "in part"
			}
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", s.Name, method, simulated, strings.Join(statuses, ", "))
	}
	b.WriteString(`
Where the bodies differ from the reference's schemas because the real portal's did:

| section | place in the body | reason |
|---|---|---|
`)
	for _, d := range deviations {
		place := strings.ReplaceAll(d.place, "|", `\|`)
		if place == "^$" {
			place = "the whole"
		} else {
			place = "`" + place + "`"
		}
		fmt.Fprintf(&b, "| `…%s…` | %s | %s |\n", d.section, place, d.reason)
	}
	b.WriteString(`
What the simulated portal does beyond that, and what of it is a guess, stands in the comment of
[portal/simulator](../portal/simulator/doc.go).
`)
	return b.String()
}
