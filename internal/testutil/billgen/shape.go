package billgen

import (
	"fmt"
	"strconv"
	"strings"

	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/money"
)

// shape makes a resource one of an estate with its kind of rows.
func (r *resource) shape(e Estate, i int) {
	switch e.Shape {
	case Short:
		r.name, r.id, r.vdc = "vm"+strconv.Itoa(i), "urn:"+strconv.Itoa(i), "vdc"+strconv.Itoa(i%24)
		r.service, r.metadata = "VMware VM", ""
	case Long:
		r.lengthen(i)
	}
	if e.Distinct {
		r.metadata = withTag(r.metadata, "asset", fmt.Sprintf("UKC-%07d", i))
	}
}

// lengthen gives a resource long names, and tags as those who tag everything have.
func (r *resource) lengthen(i int) {
	r.name = "department-of-examples-" + r.name + "-in-the-second-availability-zone-of-the-disaster-recovery-site"
	if r.vdc == "" {
		return
	}
	r.vapp += "-of-the-transformation-programme-phase-two-managed-by-the-digital-operations-directorate"
	r.metadata = `{"application": "example-application-` + strconv.Itoa(i%90) + `", "owner": "digital operations team ` +
		[]string{"orange", "violet", "teal"}[i%3] + `", "project": "Digital ` + strconv.Itoa(i%40) + `"`
	for k, key := range []string{
		"business_unit", "change_reference", "compliance", "contact", "cost_centre", "data_classification", "description", "patch_window", "support_level",
	} {
		r.metadata += `, "` + key + `": "` + strings.Repeat(key+" of the example estate ", 2) + strconv.Itoa((i/20)%(50+k)) + `"`
	}
	r.metadata += "}"
}

// withTag adds a tag in the form that a text has.
func withTag(metadata, key, value string) string {
	if object, is := strings.CutSuffix(metadata, "}"); is {
		return object + `, "` + key + `": "` + value + `"}`
	}
	return strings.TrimPrefix(metadata+";"+key+"="+value, ";")
}

// short writes a row of a VM that is nothing but a VM: most cells are blank.
func (g *generator) short(r *resource, date string, on bool, hours int64) {
	power := "off"
	if on {
		power = "on"
	}
	price := r.hourly / 10_000_000 // pence
	cells := map[csvparse.Column]string{
		csvparse.EventDate: date, csvparse.VDC: r.vdc, csvparse.ResourceName: r.name, csvparse.ResourceID: r.id, csvparse.Service: r.service,
		csvparse.Metadata: r.metadata, csvparse.PowerState: power, csvparse.UsageMins: strconv.FormatInt(60*hours, 10),
		csvparse.UsageHours: strconv.FormatInt(hours, 10), csvparse.ComputePrice: pence(price),
		csvparse.ComputeTotal: pence(price * money.Amount(hours)), csvparse.TotalPrice: pence(price * money.Amount(hours)),
	}
	for _, c := range csvparse.Columns() {
		g.quoted(cells[c])
	}
	g.endLine()
}

// pence writes money with two places.
func pence(n money.Amount) string { return fmt.Sprintf("%d.%02d", n/100, n%100) }
