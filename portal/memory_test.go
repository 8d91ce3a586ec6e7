package portal

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"
)

// vmsPerVApp makes a vApp larger than a single value may be.
const vmsPerVApp = 2500

// largeEstate writes an answer with n VMs of the recorded shape and size, one in
// eight with a fortnight of backups, as it is read: the answer itself takes no
// memory.
func largeEstate(n int) io.ReadCloser {
	in, out := io.Pipe()
	go func() {
		buffer := &bytes.Buffer{}
		flush := func() { _, _ = out.Write(buffer.Bytes()); buffer.Reset() }
		buffer.WriteString(`{"account":{"id":1},"vOrgs":[`)
		for i := range n {
			startVM(buffer, i)
			writeVM(buffer, i)
			if i%vmsPerVApp == vmsPerVApp-1 || i == n-1 {
				buffer.WriteString(`]}]}]}`)
			}
			flush()
		}
		buffer.WriteString(`]}`)
		flush()
		_ = out.Close()
	}()
	return in
}

func startVM(w io.Writer, i int) {
	switch {
	case i%vmsPerVApp != 0:
		_, _ = fmt.Fprint(w, `,`)
	default:
		if i > 0 {
			_, _ = fmt.Fprint(w, `,`)
		}
		_, _ = fmt.Fprintf(w, `{"name":"Service %d","serviceId":"1-1-%d-abcdef","urn":"urn:vcloud:org:%d","VDCs":[{"name":"VDC %d","urn":"urn:vcloud:vdc:%d","vApps":[{"name":"vApp","urn":"urn:vcloud:vapp:%d","VMs":[`, i, i, i, i, i, i)
	}
}

func writeVM(w io.Writer, i int) {
	_, _ = fmt.Fprintf(w, `{"_id":%d,"name":"vm%05d","urn":"urn:vcloud:vm:cd1fc700-5320-0025-7788-%012d","size":"Medium high memory","monthToDate":"%d.%02d","estimatedMonthlyTotal":"%d.26","billedHoursPoweredOn":183,"billedHoursPoweredOff":0,"powerStatus":"POWERED_ON","operatingSystem":"Red Hat Enterprise Linux 6 (64-bit)","numberOfCPUs":4,"memory":16384,"storage":65536,"lastBackupStatus":"Successful","inBackup":true,"lastBackup":"Completed on the night of: 07/03/2016","retentionLength":14,"backups":[`,
		i, i, i, i%400, i%100, i%400*4)
	if i%8 == 0 {
		for night := range 14 {
			if night > 0 {
				_, _ = fmt.Fprint(w, `,`)
			}
			_, _ = fmt.Fprintf(w, `{"status":"Completed","backupSlot":"night of: %02d/02/2016","backupStart":"%02d/02/2016 20:%02d","backupEnd":"%02d/02/2016 20:59","snapshotRemovalStart":null,"snapshotRemovalEnd":null}`, 28-night, 28-night, i%60, 28-night)
		}
	}
	_, _ = fmt.Fprint(w, `]}`)
}

// largePortal serves an estate of n VMs.
func largePortal(n int) *served {
	return &served{serve: func(req *http.Request) *http.Response {
		resp := reply(req, 200, "")
		resp.Body, resp.ContentLength = largeEstate(n), -1
		return resp
	}}
}

// TestComputeServicesMemory: 10,000 VMs may need 16 MB. What is live while they
// are read must be far below that, and must not grow with their number.
func TestComputeServicesMemory(t *testing.T) {
	live := func(n int) uint64 {
		client := newTestClient(t, largePortal(n))
		var before, now runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		most, seen := uint64(0), 0
		visitor := ComputeVisitor{VM: func(*VM) {
			if seen++; seen%(n/20) == 0 {
				runtime.GC()
				runtime.ReadMemStats(&now)
				most = max(most, now.HeapAlloc-min(now.HeapAlloc, before.HeapAlloc))
			}
		}}
		if _, err := client.ComputeServices(t.Context(), "1", nil, visitor); err != nil || seen != n {
			t.Fatalf("%d VMs, %v", seen, err)
		}
		return most
	}
	small, large := live(1000), live(10000)
	t.Logf("live while reading: 1,000 VMs %d kB, 10,000 VMs %d kB", small>>10, large>>10)
	if large > 2<<20 || large > small+512<<10 {
		t.Errorf("live while reading: 1,000 VMs %d bytes, 10,000 VMs %d bytes", small, large)
	}
}

// TestComputeServicesAllocations: a VM costs its name and its URN; what comes again
// is kept once.
func TestComputeServicesAllocations(t *testing.T) {
	location := london(t)
	allocations := func(n int) float64 {
		var body bytes.Buffer
		if _, err := io.Copy(&body, largeEstate(n)); err != nil {
			t.Fatal(err)
		}
		return testing.AllocsPerRun(5, func() {
			if _, _, err := newComputeReader(ComputeVisitor{}, location).page(bytes.NewReader(body.Bytes())); err != nil {
				t.Fatal(err)
			}
		})
	}
	if perVM := (allocations(2000) - allocations(1000)) / 1000; perVM > 2.1 {
		t.Errorf("%.2f allocations for a VM", perVM)
	}
}

// TestInternedTextsAreBounded: a portal whose statuses never come again cannot fill
// the memory with them.
func TestInternedTextsAreBounded(t *testing.T) {
	var body bytes.Buffer
	body.WriteString(`{"vOrgs":[{"VDCs":[{"vApps":[{"VMs":[{}`)
	for i := range 2 * maxInterned {
		fmt.Fprintf(&body, `,{"size":"size %d"}`, i)
	}
	for i := range 10 {
		fmt.Fprintf(&body, `,{"size":"%d%s"}`, i, strings.Repeat("x", maxInternedLength))
	}
	body.WriteString(`]}]}]}]}`)
	reader := newComputeReader(ComputeVisitor{}, time.UTC)
	if _, _, err := reader.page(&body); err != nil {
		t.Fatal(err)
	}
	if len(reader.texts) > maxInterned {
		t.Errorf("%d texts are kept", len(reader.texts))
	}
	for text := range reader.texts {
		if len(text) > maxInternedLength {
			t.Errorf("a text of %d bytes is kept", len(text))
		}
	}
}

// BenchmarkComputeServices reads 10,000 VMs; peak-MB is the heap at its largest,
// garbage included.
func BenchmarkComputeServices(b *testing.B) {
	var body bytes.Buffer
	if _, err := io.Copy(&body, largeEstate(10000)); err != nil {
		b.Fatal(err)
	}
	portal := &served{serve: func(req *http.Request) *http.Response {
		resp := reply(req, 200, "")
		resp.Body = io.NopCloser(bytes.NewReader(body.Bytes()))
		return resp
	}}
	client := newTestClient(b, portal)
	b.ReportAllocs()
	b.SetBytes(int64(body.Len()))
	debug.FreeOSMemory()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	base, peak := stats.HeapAlloc, uint64(0)
	for b.Loop() {
		seen := 0
		visitor := ComputeVisitor{VM: func(*VM) {
			if seen++; seen%1000 == 0 {
				runtime.ReadMemStats(&stats)
				peak = max(peak, stats.HeapAlloc-min(stats.HeapAlloc, base))
			}
		}}
		if _, err := client.ComputeServices(b.Context(), "1", nil, visitor); err != nil || seen != 10000 {
			b.Fatalf("%d VMs, %v", seen, err)
		}
	}
	b.ReportMetric(float64(peak)/(1<<20), "peak-MB")
}

// BenchmarkComputeServicesReal reads the real recording of 1,920 VMs.
func BenchmarkComputeServicesReal(b *testing.B) {
	body := readAllReal(b)
	location := london(b)
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if _, _, err := newComputeReader(ComputeVisitor{}, location).page(bytes.NewReader(body)); err != nil {
			b.Fatal(err)
		}
	}
}
