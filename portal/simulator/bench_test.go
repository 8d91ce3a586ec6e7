package simulator

import (
	"io"
	"testing"
	"time"
)

// benchmarkEstate is 10,000 VMs in one account at the time of the recorded answer.
func benchmarkEstate(b *testing.B) *Portal {
	b.Helper()
	p, err := New(Options{Seed: 1, VMs: 10_000, Now: func() time.Time { return time.Date(2016, 3, 8, 16, 34, 0, 0, time.UTC) }})
	if err != nil {
		b.Fatal(err)
	}
	return p
}

func BenchmarkNew10000(b *testing.B) {
	for b.Loop() {
		benchmarkEstate(b)
	}
}

func BenchmarkComputeServices10000(b *testing.B) {
	p := benchmarkEstate(b)
	a := p.computeServices(asked(p, "accounts/"+p.AccountIDs()[0]+"/compute_services"))
	b.SetBytes(a.length)
	b.ReportAllocs()
	for b.Loop() {
		if err := a.write(io.Discard); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBillingMonth10000(b *testing.B) {
	p := benchmarkEstate(b)
	v := p.estate.accounts[0].vorgs[0]
	a := p.billingCSV(asked(p, "billing/billing-csv?period=2016-02&org_id="+v.serviceID))
	b.SetBytes(wholeLength(a))
	b.ReportAllocs()
	for b.Loop() {
		if err := a.write(io.Discard); err != nil {
			b.Fatal(err)
		}
	}
}
