package bill_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/internal/bill"
)

func TestCurrentView(t *testing.T) {
	b := read(t, billCSV(vm, disk, vm.with(cells{csvparse.EventDate: "x"}),
		vm.with(cells{csvparse.ResourceID: "urn:vcloud:vm:2", csvparse.TotalPrice: "1.5", csvparse.UsageHours: "0.5"}),
	), bill.Options{Month: january, Tags: []string{"project"}})
	before := read(t, billCSV(vm.with(cells{csvparse.EventDate: "2017-12-31"}), vm), bill.Options{Month: january.Previous()})
	day, _ := b.NewestDayBefore(csvparse.Date{Year: 2018, Month: 1, Day: 6})
	got := exposed(t, bill.View{
		Account: "1", VOrg: "11-1-2-abc", Role: bill.Current, Bill: b, Before: before, Day: day, VMLimit: 1,
	})

	want := strings.ReplaceAll(`ukcloud_billing_month_to_date_cost_gbp{L,vdc_name="Main",service="VMware Independent Disk",component="storage_tier1"} 0.000000001
ukcloud_billing_month_to_date_cost_gbp{L,vdc_name="Main",service="VMware VM",component="compute"} 3
ukcloud_billing_month_to_date_cost_gbp{L,vdc_name="Main",service="VMware VM",component="storage_tier2"} 0.5
ukcloud_billing_day_cost_gbp{L,service="VMware VM",component="compute"} 3
ukcloud_billing_day_cost_gbp{L,service="VMware VM",component="storage_tier2"} 0.5
ukcloud_billing_vm_month_to_date_cost_gbp{L,vm="urn:vcloud:vm:1"} 1.75
ukcloud_billing_vm_month_to_date_cost_gbp{L,vm="__other__"} 1.750000001
ukcloud_billing_tag_month_to_date_cost_gbp{L,tag="project",tag_value="Zebra"} 3.5
ukcloud_billing_tag_month_to_date_cost_gbp{L,tag="project",tag_value=""} 0.000000001
ukcloud_billing_usage_seconds{L,service="VMware Independent Disk",power_state=""} 86400
ukcloud_billing_usage_seconds{L,service="VMware VM",power_state="on"} 88200
ukcloud_billing_period_start_timestamp_seconds{L} 1514764800
ukcloud_billing_data_through_timestamp_seconds{L} 1515196800
ukcloud_billing_rows{L} 3
ukcloud_billing_rows_rejected{L,reason="bad_number"} 0
ukcloud_billing_rows_rejected{L,reason="precision"} 0
ukcloud_billing_rows_rejected{L,reason="overflow"} 0
ukcloud_billing_rows_rejected{L,reason="bad_date"} 1
ukcloud_billing_rows_rejected{L,reason="missing_resource_id"} 0
ukcloud_billing_rows_rejected{L,reason="wrong_field_count"} 0
ukcloud_billing_rows_rejected{L,reason="bad_quote"} 0
ukcloud_billing_rows_rejected{L,reason="too_long"} 0
ukcloud_billing_rows_rejected{L,reason="outside_period"} 1
ukcloud_billing_tie_out_difference_gbp{L,check="total"} 0.25
`, "{L", `{account="1",vorg="11-1-2-abc"`)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("samples (-want +got):\n%s", diff)
	}
}

func TestPreviousView(t *testing.T) {
	b := read(t, billCSV(vm, disk), bill.Options{Month: january})
	view := bill.View{Account: "1", VOrg: "v", Role: bill.Previous, Bill: b}
	const costs = `ukcloud_billing_previous_month_cost_gbp{account="1",vorg="v",vdc_name="Main",service="VMware Independent Disk",component="storage_tier1"} 0.000000001
ukcloud_billing_previous_month_cost_gbp{account="1",vorg="v",vdc_name="Main",service="VMware VM",component="compute"} 1.5
ukcloud_billing_previous_month_cost_gbp{account="1",vorg="v",vdc_name="Main",service="VMware VM",component="storage_tier2"} 0.25
`
	const tie = `ukcloud_billing_tie_out_difference_gbp{account="1",vorg="v",check="previous_total"} 0
`
	if diff := cmp.Diff(costs+tie, exposed(t, view)); diff != "" {
		t.Errorf("not seen closed, another month holds the newest day (-want +got):\n%s", diff)
	}
	view.Restatement = bill.Cost{Value: gbp(t, "-0.5"), Valid: true}
	view.Day, _ = b.NewestDayBefore(csvparse.Date{Year: 2018, Month: 2, Day: 1})
	want := costs + `ukcloud_billing_day_cost_gbp{account="1",vorg="v",service="VMware Independent Disk",component="storage_tier1"} 0.000000001
ukcloud_billing_data_through_timestamp_seconds{account="1",vorg="v"} 1515283200
` + tie + `ukcloud_billing_restatement_gbp{account="1",vorg="v"} -0.5
`
	if diff := cmp.Diff(want, exposed(t, view)); diff != "" {
		t.Errorf("seen closed, holds the newest day (-want +got):\n%s", diff)
	}
}

func TestEmptyMonthView(t *testing.T) {
	got := exposed(t, bill.View{Account: "1", VOrg: "v", Bill: read(t, billCSV(), bill.Options{Month: january}), VMLimit: 5})
	for _, want := range []string{
		`ukcloud_billing_rows{account="1",vorg="v"} 0`, `ukcloud_billing_period_start_timestamp_seconds{account="1",vorg="v"} 1514764800`,
		`ukcloud_billing_tie_out_difference_gbp{account="1",vorg="v",check="total"} 0`,
	} {
		if !strings.Contains(got, want+"\n") {
			t.Errorf("%s is missing in\n%s", want, got)
		}
	}
	if strings.Contains(got, "_cost_gbp") || strings.Contains(got, "data_through") {
		t.Errorf("a month without data has costs:\n%s", got)
	}
}

// TestLimits: what is not shown by itself is summed, nothing is lost.
func TestLimits(t *testing.T) {
	var rows []cells
	for i := range 300 {
		rows = append(rows, vm.with(cells{
			csvparse.ResourceID: fmt.Sprintf("vm-%03d", i), csvparse.Metadata: fmt.Sprintf("n=%d", i/2*2),
			csvparse.ComputeTotal: fmt.Sprint(i / 2), csvparse.Tier2Total: "",
		}))
	}
	rows = append(rows, vm.with(cells{csvparse.Metadata: "", csvparse.ResourceID: "free", csvparse.ComputeTotal: "", csvparse.Tier2Total: ""}))
	rows = append(rows, vm.with(cells{csvparse.Metadata: "", csvparse.ResourceID: "credit", csvparse.ComputeTotal: "-3.5", csvparse.Tier2Total: ""}))
	b := read(t, billCSV(rows...), bill.Options{Month: january, Tags: []string{"n"}})
	for _, tt := range []struct {
		limit, vms  int
		other       string
		first, last string
	}{
		{0, 1, "22346.5", "__other__", "__other__"},
		{2, 3, "22048.5", "vm-298", "__other__"},
		{301, 301, "-3.5", "vm-298", "__other__"}, // what costs nothing known has no series
		{1000, 301, "", "vm-298", "credit"},
	} {
		t.Run(fmt.Sprint(tt.limit), func(t *testing.T) {
			got := exposed(t, bill.View{Account: "1", VOrg: "v", Bill: b, VMLimit: tt.limit})
			var vms, tags []string
			for line := range strings.Lines(got) {
				if strings.HasPrefix(line, "ukcloud_billing_vm_") {
					vms = append(vms, line)
				}
				if strings.HasPrefix(line, "ukcloud_billing_tag_") {
					tags = append(tags, line)
				}
			}
			if len(vms) != tt.vms || !strings.Contains(vms[0], `"`+tt.first+`"`) || !strings.Contains(vms[len(vms)-1], `"`+tt.last+`"`) {
				t.Errorf("%d resources, first %s last %s", len(vms), vms[0], vms[len(vms)-1])
			}
			if other := `vm="__other__"} ` + tt.other + "\n"; tt.other != "" && !strings.Contains(got, other) {
				t.Errorf("the rest is not %s", tt.other)
			}
			if len(tags) != 151 || !strings.Contains(got, `tag="n",tag_value=""} -3.5`) {
				t.Errorf("%d values of the tag, want 150 and what is untagged", len(tags))
			}
		})
	}
}

// TestTagCap: of 250 values the 200 dearest are shown, and what is untagged.
func TestTagCap(t *testing.T) {
	rows := []cells{vm.with(cells{csvparse.Metadata: ""})}
	for i := range 250 {
		rows = append(rows, vm.with(cells{csvparse.Metadata: fmt.Sprintf("n=%03d", i), csvparse.ComputeTotal: fmt.Sprint(i + 10), csvparse.Tier2Total: ""}))
	}
	got := exposed(t, bill.View{Account: "1", VOrg: "v", Bill: read(t, billCSV(rows...), bill.Options{Tags: []string{"n"}})})
	if n := strings.Count(got, "ukcloud_billing_tag_"); n != 202 {
		t.Errorf("%d series, want 200 values, the rest and what is untagged", n)
	}
	for _, want := range []string{`tag_value="050"} 60`, `tag_value="__other__"} 1725`, `tag_value=""} 1.75`} {
		if !strings.Contains(got, want+"\n") {
			t.Errorf("%s is missing", want)
		}
	}
	if strings.Contains(got, `tag_value="049"`) {
		t.Error("a value beyond the 200 dearest is shown")
	}
}
