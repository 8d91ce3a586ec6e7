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
	"POST /api/authenticate":                                                    "Login",
	"GET /api/my_vm":                                                            "MyVM",
	"GET /api/my_calls":                                                         "MyCalls",
	"GET /api/my_calls/:ticket_id":                                              "MyCall",
	"PUT /api/my_calls/:ticket_id":                                              "AddNote",
	"POST /api/my_calls":                                                        "CreateIncident, CreateServiceRequest",
	"PUT /api/my_calls/:ticket_id/subscribe":                                    "Subscribe",
	"PUT /api/my_calls/:ticket_id/unsubscribe":                                  "Unsubscribe",
	"PUT /api/my_calls/:ticket_id/reopen":                                       "ReopenTicket",
	"PUT /api/my_calls/:ticket_id/change_owner":                                 "ChangeOwner",
	"PUT /api/my_calls/:ticket_id/cancel":                                       "CancelTicket",
	"PUT /api/my_calls/:ticket_id/close":                                        "CloseTicket",
	"GET /api/ping":                                                             "Ping",
	"GET /api/accounts":                                                         "Accounts",
	"GET /api/accounts/:account_id/compute_services":                            "ComputeServices, VMs",
	"GET /api/accounts/:account_id/compute_services/:vorg_id":                   "ComputeService",
	"GET /api/accounts/:account_id/api_credentials":                             "APICredentials",
	"GET /api/accounts/:account_id/vorgs":                                       "VOrgs",
	"POST /api/accounts/:account_id/vorgs":                                      "CreateVOrg",
	"GET /api/vorg-builds/:build_id":                                            "Build, WaitBuild",
	"GET /api/accounts/:account_id/vorg-builds":                                 "Builds",
	"GET /api/accounts/:account_id/vorgs/:vorg_id/vdcs":                         "VDCs",
	"POST /api/accounts/:account_id/vorgs/:vorg_id/vdcs":                        "CreateVDC",
	"GET /api/vdc-builds/:build_id":                                             "Build, WaitBuild",
	"GET /api/accounts/:account_id/vdc-builds":                                  "Builds",
	"GET /api/accounts/:account_id/vorgs/:vorg_id/vdcs/:vdc_urn/edge-gateways":  "EdgeGateways",
	"POST /api/accounts/:account_id/vorgs/:vorg_id/vdcs/:vdc_urn/edge-gateways": "CreateEdgeGateway",
	"GET /api/edge-gateway-builds/:build_id":                                    "Build, WaitBuild",
	"GET /api/accounts/:account_id/edge-gateway-builds":                         "Builds",
	"GET /api/accounts/:account_id/platform_visibility/vmotion_events":          "VMotionEvents",
	"GET /api/billing/cloud-storage-report":                                     "CloudStorageReport",
	"GET /api/billing/billing-csv":                                              "BillingCSV",
}

// TestEverySectionHasAMethod: each section has methods, and they exist.
func TestEverySectionHasAMethod(t *testing.T) {
	known := map[string]bool{}
	for _, s := range reference(t) {
		known[s.Name] = true
		for method := range strings.SplitSeq(clientMethods[s.Name], ", ") {
			if _, exists := reflect.TypeFor[*portal.Client]().MethodByName(method); !exists {
				t.Errorf("%s: portal.Client has no method %q", s.Name, method)
			}
		}
	}
	for name := range clientMethods {
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
		method := "`" + strings.ReplaceAll(clientMethods[s.Name], ", ", "`, `") + "`"
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
