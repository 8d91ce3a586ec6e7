package portal

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/google/go-cmp/cmp"
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

// TestComputeServicesMemory: 10,000 VMs may need 6 MiB, read and kept.
func TestComputeServicesMemory(t *testing.T) {
	const vms, limit = 10000, 6 << 20
	stop, peak := make(chan struct{}), make(chan uint64)
	client := newTestClient(t, largePortal(vms))
	base := live()
	go func() {
		most := uint64(0)
		for {
			select {
			case <-stop:
				peak <- most
				return
			case <-time.After(time.Millisecond):
				most = max(most, live())
			}
		}
	}()
	answer, err := client.Conditional().ComputeServices(t.Context(), "1", nil)
	close(stop)
	most := <-peak - base
	if err != nil || len(slices.Collect(answer.Value.VMs())) != vms {
		t.Fatal(err)
	}
	kept := live() - base
	t.Logf("live while reading %d kB, kept %d kB", most>>10, kept>>10)
	if most > limit || kept > limit {
		t.Errorf("live while reading %d bytes, kept %d bytes", most, kept)
	}
	runtime.KeepAlive(answer)
}

// live is the heap without garbage.
func live() uint64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

// TestComputeServicesAllocations: a VM costs its name and URN, and one place in eight
// or more of what is allocated for several; what comes again is kept once.
func TestComputeServicesAllocations(t *testing.T) {
	location := london(t)
	allocations := func(n int) float64 {
		var body bytes.Buffer
		if _, err := io.Copy(&body, largeEstate(n)); err != nil {
			t.Fatal(err)
		}
		least := math.Inf(1) // whatever else the process does meanwhile only adds to it
		for range 5 {
			least = min(least, testing.AllocsPerRun(1, func() {
				if _, err := newReader(bytes.NewReader(body.Bytes()), maxValue, location).estate(); err != nil {
					t.Fatal(err)
				}
			}))
		}
		return least
	}
	if perVM := (allocations(2000) - allocations(1000)) / 1000; perVM > 1.5 {
		t.Errorf("%.2f allocations for a VM", perVM)
	}
}

// TestKeptTexts: a text that comes again is the same text; a long one is not kept.
func TestKeptTexts(t *testing.T) {
	r := newReader(nil, maxValue, time.UTC)
	for i := range 10000 {
		r.texts.of(strconv.AppendInt(nil, int64(i), 10))
	}
	for _, test := range []struct {
		text string
		same bool
	}{{"POWERED_ON", true}, {strings.Repeat("x", maxKeptText), true}, {strings.Repeat("x", maxKeptText+1), false}} {
		first, second := r.texts.of([]byte(test.text)), r.texts.of([]byte(test.text))
		if first != test.text || second != test.text || (unsafe.StringData(first) == unsafe.StringData(second)) != test.same {
			t.Errorf("%d bytes: %q, %q", len(test.text), first, second)
		}
	}
}

// BenchmarkComputeServices reads 10,000 VMs.
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
	for b.Loop() {
		answer, err := client.Conditional().ComputeServices(b.Context(), "1", nil)
		if err != nil || len(answer.Value) != 4 {
			b.Fatal(err)
		}
	}
}

// BenchmarkComputeServicesReal reads the real recording of 1,920 VMs.
func BenchmarkComputeServicesReal(b *testing.B) {
	body := readAllReal(b)
	location := london(b)
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if _, err := newReader(bytes.NewReader(body), maxValue, location).estate(); err != nil {
			b.Fatal(err)
		}
	}
}

// TestSharedWithTheAnswerBefore: names and backups that have not changed are kept once
// while two answers are held, and whatever has changed is as a new client reads it.
func TestSharedWithTheAnswerBefore(t *testing.T) {
	const backups = `"backups":[{"status":"Completed","backupStart":"24/06/2015 01:32"}]`
	vm := func(name, more string) string { return `{"name":"` + name + `","urn":"urn:` + name + `",` + more + `}` }
	estate := func(vms ...string) string {
		return `{"vOrgs":[{"serviceId":"s","VDCs":[{"vApps":[{"VMs":[` + strings.Join(vms, ",") + `]}]}]}]}`
	}
	first := estate(vm("a", backups), vm("b", backups), vm("c", backups))
	tests := []struct {
		name, body string
		shared     []bool // names, then backups, of each VM
	}{
		{"dearer", estate(vm("a", backups+`,"monthToDate":"1.00"`), vm("b", backups), vm("c", backups)), []bool{true, true, true, true, true, true}},
		{"another night", estate(vm("a", backups), vm("b", strings.Replace(backups, "24", "25", 1)), vm("c", `"backups":null`)), []bool{true, true, true, false, true, false}},
		{"another name", estate(vm("a", backups), vm("x", backups), vm("c", backups)), []bool{true, true, false, true, true, true}},
		{"one less, and so all are elsewhere", estate(vm("b", backups), vm("c", backups)), []bool{false, true, false, true}},
		{"more", estate(vm("a", backups), vm("b", backups), vm("c", backups), vm("d", backups)), []bool{true, true, true, true, true, true, false, false}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			body := first
			client := newTestClient(t, &served{serve: func(req *http.Request) *http.Response { return reply(req, 200, body) }})
			before, err := client.Conditional().ComputeServices(t.Context(), "1", nil)
			if err != nil {
				t.Fatal(err)
			}
			body = test.body
			after, err := client.Conditional().ComputeServices(t.Context(), "1", before)
			if err != nil {
				t.Fatal(err)
			}
			if fresh, err := readCompute(t, test.body); err != nil || !cmp.Equal(fresh.Value, after.Value) {
				t.Errorf("not as a new client reads it: %v, %s", err, cmp.Diff(fresh.Value, after.Value))
			}
			var shared []bool
			old := append(vms(before.Value), &VM{}, &VM{})
			for i, vm := range vms(after.Value) {
				shared = append(shared, unsafe.StringData(vm.URN) == unsafe.StringData(old[i].URN), unsafe.SliceData(vm.Backups) == unsafe.SliceData(old[i].Backups))
			}
			if !slices.Equal(shared, test.shared) {
				t.Errorf("shared %v, want %v", shared, test.shared)
			}
		})
	}
}
