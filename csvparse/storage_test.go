package csvparse_test

import (
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ukcloud_exporter/csvparse"
)

const storageHeader = "Org Id,Company Id,Account Id,Service Id,Bucket Name,Service Level,Consumption (GB),Cost\n"

func TestCloudStorage(t *testing.T) {
	file := storageHeader +
		"1,2,735,735-2-a736cd,\"backups, \"\"nightly\"\"\",STANDARD,251,5.02\r\n" +
		"\n" +
		"1,2,735,735-2-a736cd,,ENHANCED,,\n"
	report, err := csvparse.NewCloudStorage(strings.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	var got []csvparse.CloudStorageRow
	for row, err := range report.Rows() {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, *row)
	}
	same := csvparse.CloudStorageRow{OrgID: "1", CompanyID: "2", AccountID: "735", ServiceID: "735-2-a736cd"}
	first, second := same, same
	first.Line, first.BucketName, first.ServiceLevel = 2, `backups, "nightly"`, "STANDARD"
	first.Consumption, first.Cost = number(t, "251"), gbp(t, "5.02")
	second.Line, second.ServiceLevel = 4, "ENHANCED"
	if diff := cmp.Diff([]csvparse.CloudStorageRow{first, second}, got); diff != "" {
		t.Error(diff)
	}
}

func TestCloudStorageErrors(t *testing.T) {
	const bucket = "1,2,735,s,b,STANDARD,251,5.02\n"
	tests := []struct {
		name string
		file string
		want []string
	}{
		{"other spellings, another order", "COST,consumption_gb,ServiceLevel,bucket-name,service id,account id,company id,ORG ID\n1,2,a,b,c,d,e,f\n", nil},
		{"a bad cost", storageHeader + "1,2,735,s,b,STANDARD,251,£5\n" + bucket, []string{`2 rejected: 8 Cost bad_number "£5"`}},
		{"a bad consumption", storageHeader + "1,2,735,s,b,STANDARD,2e,5\n" + bucket, []string{`2 rejected: 7 Consumption (GB) bad_number "2e"`}},
		{"too few fields", storageHeader + "1,2\n" + bucket, []string{`2 rejected: 3 Account Id wrong_field_count ""`}},
		{"cut off", storageHeader + bucket + "1,2,735,s,\"b", []string{`3 broken: 5 Bucket Name unexpected EOF`}},
		{"a column missing", "Org Id,Company Id\n", []string{`1 refused: 3 Account Id missing_column "" 0`}},
		{"nothing", "", []string{`1 refused: 1  empty_file "" 0`}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			report, err := csvparse.NewCloudStorage(strings.NewReader(test.file))
			if err != nil {
				got = append(got, describe(t, err))
			} else {
				for _, err := range report.Rows() {
					if err != nil {
						got = append(got, describe(t, err))
					}
				}
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
	if _, err := csvparse.NewCloudStorage(strings.NewReader(storageHeader), metricColumns()); err == nil {
		t.Error("columns of a billing CSV are no error")
	}
}

func TestCloudStorageAllocatesNothingPerRow(t *testing.T) {
	file := storageHeader + strings.Repeat("1,2,735,735-2-a736cd,\"a \"\"b\"\"\",STANDARD,251,5.02\n1,2,735,735-2-a736cd,other,ENHANCED,1,0.02\n", 2_000)
	report, err := csvparse.NewCloudStorage(strings.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	var row csvparse.CloudStorageRow
	decode := func() {
		if err := report.Decode(&row); err != nil && err != io.EOF {
			t.Fatal(err)
		}
	}
	decode()
	decode()
	if n := testing.AllocsPerRun(3_000, decode); n != 0 {
		t.Errorf("%v allocations per row", n)
	}
}
