package app

import (
	"maps"
	"math"
	"slices"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	dto "github.com/prometheus/client_model/go"
)

// TestProcess: what is told of the process is what prometheus/client_golang tells.
func TestProcess(t *testing.T) {
	own, err := newProcess()
	if err != nil {
		t.Fatal(err)
	}
	want := gathered(t, collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	got := gathered(t, own)
	if !slices.Equal(slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want))) || len(want) != 9 {
		t.Fatalf("families %v, want %v", slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
	}
	// How far two values may lie apart that were read one after the other.
	apart := map[string]float64{
		"process_cpu_seconds_total": 5, "process_resident_memory_bytes": 256 << 20, "process_virtual_memory_bytes": 1 << 30,
		"process_open_fds": 100, "process_network_receive_bytes_total": math.Inf(1), "process_network_transmit_bytes_total": math.Inf(1),
	}
	for name, w := range want {
		g := got[name]
		if g.GetHelp() != w.GetHelp() || g.GetType() != w.GetType() || len(g.Metric) != 1 || len(g.Metric[0].Label) != 0 {
			t.Errorf("%v, want %v", g, w)
		}
		if difference := math.Abs(valueOf(g) - valueOf(w)); difference > apart[name] || valueOf(g) < 0 {
			t.Errorf("%s is %v, want %v", name, valueOf(g), valueOf(w))
		}
	}
}

func gathered(t *testing.T, c prometheus.Collector) map[string]*dto.MetricFamily {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(c)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]*dto.MetricFamily{}
	for _, f := range families {
		byName[f.GetName()] = f
	}
	return byName
}

func valueOf(f *dto.MetricFamily) float64 {
	return f.Metric[0].GetGauge().GetValue() + f.Metric[0].GetCounter().GetValue()
}

// TestOctets: two numbers of a table, or that it is not as it should be.
func TestOctets(t *testing.T) {
	const other = "TcpExt: SyncookiesSent InOctets\nTcpExt: 7 8\n"
	tests := []struct {
		name, text string
		in, out    float64
		bad        bool
	}{
		{"as Linux writes it", other + "IpExt: InNoRoutes InOctets OutOctets InMcastOctets\nIpExt: 1 23 456 7\nMPTcpExt: InOctets\nMPTcpExt: 9\n", 23, 456, false},
		{"larger than a float counts", other + "IpExt: InOctets OutOctets\nIpExt: 18446744073709551615 0\n", 18446744073709551615, 0, false},
		{"without the numbers", other + "IpExt: InNoRoutes\nIpExt: 1\n", 0, 0, false},
		{"without the table", other, 0, 0, true},
		{"without values", other + "IpExt: InOctets OutOctets\n", 0, 0, true},
		{"cut off", other + "IpExt: InOctets OutOctets\nIpExt: 1 2", 0, 0, true},
		{"fewer values than names", other + "IpExt: InOctets OutOctets\nIpExt: 1\n", 0, 0, true},
		{"no number", other + "IpExt: InOctets OutOctets\nIpExt: x 2\n", 0, 0, true},
		{"empty", "", 0, 0, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in, out, err := octets([]byte(tt.text))
			if in != tt.in || out != tt.out || (err != nil) != tt.bad {
				t.Errorf("%v, %v, %v", in, out, err)
			}
		})
	}
}
