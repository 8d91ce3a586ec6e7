package collector_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ukcloud_exporter/collector"
	"ukcloud_exporter/internal/inventory"
	"ukcloud_exporter/internal/testutil"
	"ukcloud_exporter/money"
	"ukcloud_exporter/portal"
	"ukcloud_exporter/portal/simulator"
)

const storageHead = "Org Id,Company Id,Account Id,Service Id,Bucket Name,Service Level,Consumption (GB),Cost\n"

// reports is a portal that has nothing but cloud storage reports, by "org date".
type reports struct {
	mu       sync.Mutex
	texts    map[string]string
	err      error
	asked    []string
	unproven bool // nothing proves an answer's end
}

func (r *reports) CloudStorageReport(_ context.Context, date, org, etag string) (*portal.Stream, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = append(r.asked, org+" "+date)
	text := r.texts[org+" "+date]
	if r.err != nil {
		return nil, r.err
	}
	if text == "" {
		text = storageHead
	}
	if etag == text {
		return nil, portal.ErrNotModified
	}
	return &portal.Stream{ReadCloser: io.NopCloser(strings.NewReader(text)), ETag: text, Proven: !r.unproven}, nil
}

func newStorage(api collector.CloudStorageAPI, services inventory.API, now string) *collector.CloudStorageReport {
	c := collector.NewCloudStorageReport(api, inventory.New(services, nil))
	c.SetNow(func() time.Time {
		at, err := time.Parse(time.DateTime, now)
		if err != nil {
			panic(err)
		}
		return at
	})
	return c
}

func TestCloudStorageReport(t *testing.T) {
	api := &reports{texts: map[string]string{
		org + " 2018-01-01": storageHead +
			"o,c,a,s,\"media, \"\"public\"\"\",STANDARD,3,0.06\n" +
			"o,c,a,s,archive,ENHANCED,0.5,\n" +
			"o,c,a,s,archive,STANDARD,250001,5000.018\n" +
			"o,c,a,s,archive,STANDARD,1,1\n" + // what is there twice is dropped
			"o,c,a,s,broken,STANDARD,lots,1\n" +
			"o,c,a,s,logs,STANDARD,,0\n",
	}}
	c := newStorage(api, one(), "2018-01-15 08:00:00")
	results, got := round(t, c, nil)
	const want = `ukcloud_cloud_storage_month_cost_gbp{account="1",vorg="11-1-1-abc",bucket="media, \"public\"",service_level="STANDARD"} 0.06
ukcloud_cloud_storage_month_cost_gbp{account="1",vorg="11-1-1-abc",bucket="archive",service_level="STANDARD"} 5000.018
ukcloud_cloud_storage_month_cost_gbp{account="1",vorg="11-1-1-abc",bucket="logs",service_level="STANDARD"} 0
ukcloud_cloud_storage_consumption_bytes{account="1",vorg="11-1-1-abc",bucket="media, \"public\"",service_level="STANDARD"} 3221225472
ukcloud_cloud_storage_consumption_bytes{account="1",vorg="11-1-1-abc",bucket="archive",service_level="ENHANCED"} 536870912
ukcloud_cloud_storage_consumption_bytes{account="1",vorg="11-1-1-abc",bucket="archive",service_level="STANDARD"} 268436529741824
`
	if diff := cmp.Diff(want, samples(got)); diff != "" {
		t.Errorf("exposed (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]int{"Consumption (GB)": 1, "Cost": 0, "Bucket Name": 0}, results[0].Part.Unknown); diff != "" {
		t.Errorf("unknown values (-want +got):\n%s", diff)
	}
	again, _ := round(t, c, parts(results))
	if again[0].Part != results[0].Part {
		t.Error("a report that is not modified is another part")
	}
	if diff := cmp.Diff([]string{org + " 2018-01-01", org + " 2018-01-01"}, api.asked); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
}

// TestCloudStorageMonthsEnd: until the running month has a row the month before
// stands for it.
func TestCloudStorageMonthsEnd(t *testing.T) {
	january := storageHead + "o,c,a,s,archive,STANDARD,1,2\n"
	api := &reports{texts: map[string]string{org + " 2018-01-01": january}}
	first, text := round(t, newStorage(api, one(), "2018-01-31 23:00:00"), nil)
	second, after := round(t, newStorage(api, one(), "2018-02-01 00:00:00"), parts(first))
	if text == "" || after != text {
		t.Errorf("over the month's end\n%sbecomes\n%s", text, after)
	}
	third, _ := round(t, newStorage(api, one(), "2018-02-01 05:00:00"), parts(second))
	if third[0].Part != second[0].Part {
		t.Error("two reports that are not modified are another part")
	}
	api.texts[org+" 2018-02-01"] = `"Org Id"` + strings.TrimPrefix(storageHead, "Org Id") // written otherwise, and still without a row
	fourth, _ := round(t, newStorage(api, one(), "2018-02-01 11:00:00"), parts(third))
	api.texts[org+" 2018-01-01"] = storageHead + "o,c,a,s,archive,STANDARD,1,2.5\n"
	fifth, text := round(t, newStorage(api, one(), "2018-02-01 17:00:00"), parts(fourth))
	if fourth[0].Part == third[0].Part || !strings.Contains(text, "} 2.5\n") {
		t.Errorf("one of the two reports has changed, and the part has not:\n%s", text)
	}
	api.texts[org+" 2018-02-01"] = storageHead + "o,c,a,s,archive,STANDARD,1,3\n"
	_, text = round(t, newStorage(api, one(), "2018-02-02 07:00:00"), parts(fifth))
	if !strings.Contains(text, "} 3\n") || strings.Contains(text, "} 2.5\n") {
		t.Errorf("February is not shown:\n%s", text)
	}
}

func TestCloudStorageFails(t *testing.T) {
	tests := []struct {
		name, text string
		err        error
		want       string
	}{
		{"refused", "", errors.New("500"), "fetch cloud storage 2018-01 of 11-1-1-abc: 500"},
		{"HTML", "<html>", nil, "fetch cloud storage 2018-01 of 11-1-1-abc: GET /api/billing/cloud-storage-report: not CSV but html"},
		{"cut off", storageHead + "o,c,a,s,archive,STANDARD,1,2", nil, "ends in the middle of this line: it was cut off"},
		{"UTF-16", "\xff\xfeO\x00", nil, "the file is in UTF-16"},
		{"no row that can be read", storageHead + "o,c,a,s,archive,STANDARD,1,x\n", nil, "no row can be read, the first for line 2"},
		{"missing column", "Org Id,Cost\n", nil, "no column Company Id"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			api := &reports{texts: map[string]string{org + " 2018-01-01": tt.text}, err: tt.err, unproven: tt.name == "cut off"}
			results, err := newStorage(api, one(), "2018-01-15 08:00:00").Collect(t.Context(), func(string) *collector.Part { return nil }, func(...collector.Result) {})
			if err != nil || len(results) != 1 {
				t.Fatalf("%d results, error %v", len(results), err)
			}
			if r := results[0]; r.Err == nil || !strings.Contains(r.Err.Error(), tt.want) || r.Part != nil || r.Key != "1/11-1-1-abc" {
				t.Errorf("result %q: %v, want an error with %q", r.Key, r.Err, tt.want)
			}
		})
	}
}

// TestCloudStorageUnproven: a report that nothing proves to be whole does not shrink
// the one that is held, until it comes again.
func TestCloudStorageUnproven(t *testing.T) {
	bucket := func(name string) string { return "o,c,a,s," + name + ",STANDARD,1,2\n" }
	whole, cut, others := storageHead+bucket("a")+bucket("b"), storageHead+bucket("a"), storageHead+bucket("c")+bucket("d")
	api := &reports{texts: map[string]string{}, unproven: true}
	c := newStorage(api, one(), "2018-01-15 08:00:00")
	var held map[string]*collector.Part
	for i, step := range []struct {
		text  string
		taken bool
	}{{storageHead, false}, {whole, true}, {others, true}, {cut, false}, {whole + bucket("c"), true}, {cut, false}, {cut, true}} {
		api.texts[org+" 2018-01-01"] = step.text
		results, err := c.Collect(t.Context(), func(key string) *collector.Part { return held[key] }, func(...collector.Result) {})
		if err != nil {
			t.Fatal(err)
		}
		if (results[0].Err == nil) != step.taken {
			t.Fatalf("round %d: error %v, want it taken: %v", i+1, results[0].Err, step.taken)
		}
		if step.taken {
			held = parts(results)
		}
	}
}

// TestCloudStorageNotListed: the services of an account that cannot be listed for
// once are still results, so that their parts are held.
func TestCloudStorageNotListed(t *testing.T) {
	services := one()
	services.gone = true
	c := newStorage(&reports{}, services, "2018-01-15 08:00:00")
	if results, _ := round(t, c, nil); len(results) != 1 || results[0].Err != nil {
		t.Fatalf("results %v", results)
	}
	services.refused = map[string]error{"1": errors.New("503")}
	if results, _ := round(t, c, nil); len(results) != 1 || results[0].Key != "1/11-1-1-abc" || results[0].Err == nil {
		t.Errorf("results %v", results)
	}
}

// TestCloudStorageOfSimulator: the report of the simulated portal can be read.
func TestCloudStorageOfSimulator(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, err := simulator.New(simulator.Options{Seed: 1, VMs: 12})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(20*365*24*time.Hour + 12*24*time.Hour)
		client, err := portal.New("http://portal.test/api", func() (portal.Credentials, error) {
			return portal.Credentials{Email: "demo@example.com", Password: portal.NewSecret("demo")}, nil
		}, portal.WithTransport(testutil.Direct{Handler: http.Handler(p)}))
		if err != nil {
			t.Fatal(err)
		}
		_, text := round(t, collector.NewCloudStorageReport(client, inventory.New(client.Conditional(), nil)), nil)
		var total money.Amount
		for line := range strings.Lines(samples(text)) {
			if strings.HasPrefix(line, "ukcloud_cloud_storage_month_cost_gbp") {
				cost, err := money.Parse(strings.TrimSpace(line[strings.LastIndexByte(line, ' ')+1:]))
				if err != nil || cost <= 0 {
					t.Errorf("%s: %v", line, err)
				}
				total += cost
			}
		}
		if total < 4000*money.Pound { // one bucket is larger than a tier of 250,000 GiB
			t.Errorf("buckets cost %s\n%s", total, text)
		}
	})
}
