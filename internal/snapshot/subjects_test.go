package snapshot_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"ukcloud_exporter/collector"
	"ukcloud_exporter/internal/exposition"
	"ukcloud_exporter/internal/snapshot"
)

// machine is a subject with what two families may know of it.
type machine struct {
	labels []string
	known  [3]bool
	value  float64
}

// ofMachines says of each machine what it knows, by way of subjects or of samples.
func ofMachines(bySubjects bool) []collector.Family {
	subjects := &collector.Subjects{
		Number: func(data any) int { return len(data.([]machine)) },
		Labels: func(data any, i int, values []string) []string { return append(values, data.([]machine)[i].labels...) },
	}
	column := func(n int, state string) collector.Column {
		return collector.Column{State: state, Value: func(data any, i int) (float64, bool) {
			m := data.([]machine)[i]
			return m.value + float64(n), m.known[n]
		}}
	}
	family := func(name string, labels []string, columns ...collector.Column) collector.Family {
		f := collector.Family{Name: name, Help: "Of a test.", Labels: labels}
		if bySubjects {
			f.Subjects, f.Columns = subjects, columns
			f.Samples = func(any) []collector.Sample { panic("the quicker way is there") }
			return f
		}
		f.Samples = func(data any) (samples []collector.Sample) {
			for i, m := range data.([]machine) {
				for _, c := range columns {
					of := m.labels
					if c.State != "" {
						of = append(slices.Clone(of), c.State)
					}
					if value, known := c.Value(data, i); known {
						samples = append(samples, collector.Sample{Labels: of, Value: value})
					}
				}
			}
			return samples
		}
		return f
	}
	return []collector.Family{
		family("ukcloud_a", []string{"vdc", "vm"}, column(0, "")),
		family("ukcloud_b", []string{"vdc", "vm", "state"}, column(1, "on"), column(2, "off")),
		family("ukcloud_c", []string{"vdc", "vm"}, column(2, "")),
	}
}

// TestSubjectsAreSamples: what is said by way of subjects is what samples of the same would
// say, of odd names and of subjects that are there twice, too.
func TestSubjectsAreSamples(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	names := []string{"", "a", "b", `o"dd`, "\x00", "\xff", "\ufffd", "é", "two\nlines"}
	dropped := 0
	for n := range 300 {
		parts := make([]*collector.Part, 1+random.IntN(3))
		for i := range parts {
			machines := make([]machine, random.IntN(12))
			for j := range machines {
				name := names[random.IntN(len(names))]
				if n%3 == 0 { // none twice
					name = fmt.Sprint(name, " ", i, j)
				}
				machines[j] = machine{
					[]string{"vdc", name}, [3]bool{random.IntN(3) > 0, random.IntN(3) > 0, random.IntN(3) > 0}, float64(random.IntN(100)),
				}
			}
			parts[i] = &collector.Part{Data: machines}
		}
		want, wantDropped, err := snapshot.Text(ofMachines(false), parts...)
		if err != nil {
			t.Fatal(err)
		}
		got, gotDropped, err := snapshot.Text(ofMachines(true), parts...)
		if err != nil || got != want || gotDropped != wantDropped {
			t.Fatalf("%d dropped, %v:\n%s\nwant %d dropped:\n%s", gotDropped, err, got, wantDropped, want)
		}
		dropped += gotDropped
	}
	if dropped < 100 {
		t.Errorf("%d duplicates: the test tests nothing", dropped)
	}
}

// TestSubjectWithOtherLabels: a bug of a collector is its failure, not a broken exposition.
func TestSubjectWithOtherLabels(t *testing.T) {
	part := &collector.Part{Data: []machine{{labels: []string{"vdc"}, known: [3]bool{true}}}}
	defer func() {
		if reason := fmt.Sprint(recover()); !strings.Contains(reason, "ukcloud_a: a sample has 1 label values, not 2") {
			t.Errorf("panic: %s", reason)
		}
	}()
	_, _, _ = snapshot.Text(ofMachines(true), part)
}

// TestPlainOfABug: a family that breaks while plain text is written ends the answer with an
// error.
func TestPlainOfABug(t *testing.T) {
	calls := 0
	families := []collector.Family{{Name: "ukcloud_a", Help: "Of a test.", Samples: func(any) []collector.Sample {
		if calls++; calls > 1 {
			panic("a bug in a family")
		}
		return []collector.Sample{{Value: 1}}
	}}}
	b := newBenchOf(t, snapshot.Member{
		Name: "a", Collector: &scripted{families: families, results: []collector.Result{{Key: "a", Part: &collector.Part{}}}},
		MinInterval: time.Hour, MaxAge: time.Hour,
	})
	b.Refresh(t.Context(), time.Now().Add(time.Minute), b.Names())
	parts, err := b.Exposition(text, b.Names())
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if _, err := (exposition.Stream{Parts: parts}).WriteTo(&out); err == nil || !strings.Contains(err.Error(), "a bug in a family") {
		t.Errorf("%v", err)
	}
	if _, err := b.Exposition(gzip, b.Names()); err == nil || !strings.Contains(err.Error(), "a bug in a family") {
		t.Errorf("gzip: %v", err)
	}
}
