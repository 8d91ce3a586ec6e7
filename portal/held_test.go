package portal_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"testing"

	"ukcloud_exporter/portal"
	"ukcloud_exporter/portal/simulator"
)

// BenchmarkHeld reports what compute_services needs in memory once it is read, for
// each VM: of the real recording, and of 50,000 simulated VMs in four accounts. Again
// is what the same answer needs beside the one before it, when it comes as a new one.
func BenchmarkHeld(b *testing.B) {
	b.Run("real", func(b *testing.B) {
		packed, err := os.ReadFile("../../shared/real/compute_services_2016-03.json.gz")
		if err != nil {
			b.Skip("NOT MEASURED: the real recording is missing")
		}
		held(b, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			in, err := gzip.NewReader(bytes.NewReader(packed))
			switch {
			case err != nil:
				w.WriteHeader(http.StatusInternalServerError)
			case r.Method == http.MethodPost:
				w.Header().Set("Set-Cookie", "rack.session=x; path=/api")
				w.WriteHeader(http.StatusCreated)
				_, _ = io.WriteString(w, `{"expire_after":900}`)
			default:
				_, _ = io.Copy(w, in)
			}
		}), "1")
	})
	b.Run("simulated", func(b *testing.B) {
		p, err := simulator.New(simulator.Options{Seed: 1, VMs: 50_000, Accounts: 4})
		if err != nil {
			b.Fatal(err)
		}
		defer p.Close()
		held(b, p)
	})
}

// held reads compute_services of accounts, of all by default.
func held(b *testing.B, handler http.Handler, accounts ...string) {
	server := httptest.NewServer(handler)
	defer server.Close()
	client, err := portal.New(server.URL+"/api", func() (portal.Credentials, error) {
		return portal.Credentials{Email: "demo@example.com", Password: portal.NewSecret("demo")}, nil
	})
	if err != nil {
		b.Fatal(err)
	}
	if accounts == nil {
		for account, err := range portal.All(client.Accounts(b.Context())) {
			if err != nil {
				b.Fatal(err)
			}
			accounts = append(accounts, account.ID)
		}
	}
	read := func(before []*portal.Answer[portal.Estate]) (estates []*portal.Answer[portal.Estate]) {
		for i, account := range accounts {
			estate, err := client.Conditional().ComputeServices(b.Context(), account, before[i])
			if err != nil {
				b.Fatal(err)
			}
			estates = append(estates, estate)
		}
		return estates
	}
	nothing := make([]*portal.Answer[portal.Estate], len(accounts))
	read(nothing) // the simulator and the connection have what they need
	for b.Loop() {
		before := heap()
		estates := read(nothing)
		after := heap()
		again := read(estates)
		both := heap()
		vms, backups := 0, 0
		for _, estate := range estates {
			for vm := range estate.Value.VMs() {
				vms, backups = vms+1, backups+len(vm.Backups)
			}
		}
		b.ReportMetric(float64(after-before)/float64(vms), "B/VM")
		if again[0] != estates[0] {
			b.ReportMetric(float64(both-after)/float64(vms), "again-B/VM")
		}
		b.ReportMetric(float64(backups)/float64(vms), "backups/VM")
		b.ReportMetric(0, "ns/op")
	}
}

// heap is what is in use without garbage.
func heap() int64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}
