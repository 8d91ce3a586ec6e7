package collector_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ukcloud_exporter/collector"
	"ukcloud_exporter/internal/inventory"
	"ukcloud_exporter/internal/testutil/canned"
)

// jsonState keeps what was saved as JSON, as the state file does.
type jsonState struct {
	data  []byte
	saves int
}

func (s *jsonState) Load(into any) (found bool, err error) {
	if s.data == nil {
		return false, nil
	}
	return true, json.Unmarshal(s.data, into)
}

func (s *jsonState) Save(v any) error {
	data, err := json.Marshal(v)
	s.data = data
	s.saves++
	return err
}

// moves is an account whose vMotion events a test scripts.
type moves struct {
	t      *testing.T
	portal *canned.Portal
	state  *jsonState
	c      collector.Collector
}

func newMoves(t *testing.T) *moves {
	m := &moves{t: t, state: new(jsonState), portal: &canned.Portal{Answers: map[string]canned.Answer{"/api/accounts": {Body: oneAccount}}}}
	m.restart()
	return m
}

// restart begins with what was saved.
func (m *moves) restart() {
	client := m.portal.Client(m.t)
	m.c = collector.NewVMotionEvents(client, inventory.New(client, nil), m.state, discard(), collector.VMotionSettings{})
}

// event is an event a number of hours before now.
func event(hoursAgo float64, vm string) string {
	at := time.Now().Add(-time.Duration(hoursAgo * float64(time.Hour)))
	return fmt.Sprintf(`{"event_created_time":%q,"service_id":12,"user_name":"System","virtual_machine":%q,"vdc_name":"V"}`, at.Format(time.RFC3339), vm)
}

func (m *moves) poll(events ...string) string {
	m.t.Helper()
	m.portal.Answers["/api/accounts/1/platform_visibility/vmotion_events"] = canned.Answer{Body: "[" + strings.Join(events, ",") + "]"}
	_, exposition := round(m.t, m.c, nil)
	return samples(exposition)
}

func (m *moves) want(exposition, sample string) {
	m.t.Helper()
	if !strings.Contains(exposition, sample+"\n") {
		m.t.Errorf("no sample %q in\n%s", sample, exposition)
	}
}

const total = `ukcloud_vmotion_events_total{account="1",vdc_name="V",user_name="System"} `

func TestVMotionEventsAreCountedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMoves(t)
		a, b := event(1, "a"), event(2, "b")
		m.want(m.poll(a, b), total+"2")
		m.want(m.poll(b, a), total+"2")
		m.want(m.poll(a, b, a), total+"3") // a second event that looks like the first
		m.want(m.poll(a, a, b), total+"3")
		m.want(m.poll(a), total+"3") // an answer that leaves events out …
		m.want(m.poll(a, a, b), total+"3")
		m.restart()
		m.want(m.poll(a, a, b), total+"3")
		m.want(m.poll(a, a, b, event(0, "c")), total+"4")
	})
}

func TestVMotionEventsLeaveTheWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMoves(t)
		old := event(0, "old")
		m.poll(old)
		time.Sleep(11 * time.Hour)
		m.want(m.poll(old), total+"1")
		time.Sleep(2 * time.Hour)
		m.want(m.poll(), total+"1") // the counter stays when the event has gone
		time.Sleep(11*time.Hour - time.Second)
		for _, remembered := range []bool{true, false} { // for thirteen hours after it was listed last
			m.poll()
			if strings.Contains(string(m.state.data), `"old"`) != remembered {
				t.Errorf("remembered %v, want %v: %s", !remembered, remembered, m.state.data)
			}
			time.Sleep(time.Second)
		}
	})
}

func TestVMotionCoverageGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMoves(t)
		const gap = `ukcloud_vmotion_coverage_gap_seconds_total{account="1"} `
		m.want(m.poll(), gap+"0")
		time.Sleep(12 * time.Hour)
		m.want(m.poll(), gap+"0")
		time.Sleep(12*time.Hour + 90*time.Second)
		m.restart()
		m.want(m.poll(), gap+"90")
		time.Sleep(time.Minute)
		m.want(m.poll(), gap+"90")
	})
}

// TestVMotionModel polls at random times a portal that shows the last twelve hours
// of random events, many of them equal, with restarts: as long as no gap is
// longer than twelve hours, each event is counted once.
func TestVMotionModel(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := rand.New(rand.NewPCG(seed, 1))
				m := newMoves(t)
				type happened struct {
					at   time.Time
					json string
				}
				var all []happened
				for range 60 {
					for range r.IntN(6) {
						ago := r.Float64() * 0.5
						all = append(all, happened{time.Now().Add(-time.Duration(ago * float64(time.Hour))), event(ago, string(rune('a'+r.IntN(2))))})
						if r.IntN(3) == 0 {
							all = append(all, all[len(all)-1])
						}
					}
					var window []string
					for _, h := range all {
						if time.Since(h.at) <= 12*time.Hour {
							window = append(window, h.json)
						}
					}
					r.Shuffle(len(window), func(i, j int) { window[i], window[j] = window[j], window[i] })
					got := m.poll(window...)
					if len(all) > 0 {
						m.want(got, fmt.Sprint(total, len(all)))
					}
					if r.IntN(8) == 0 {
						m.restart()
					}
					time.Sleep(time.Duration(r.Float64() * 11 * float64(time.Hour)))
				}
			})
		})
	}
}

// TestDamagedStateIsNoFailure: what cannot be read is logged, and counting begins
// anew, without anything that was half read.
func TestDamagedStateIsNoFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMoves(t)
		m.state.data = []byte(`{"1": {"gap_nanoseconds": 1000000000, "totals": 7}}`)
		m.restart()
		m.want(m.poll(event(1, "a")), `ukcloud_vmotion_events_total{account="1",vdc_name="V",user_name="System"} 1`)
		m.want(m.poll(), `ukcloud_vmotion_coverage_gap_seconds_total{account="1"} 0`)
		if !strings.Contains(string(m.state.data), "totals") {
			t.Errorf("nothing was saved: %s", m.state.data)
		}
	})
}

// TestVMotionCreated: a counter says since when it counts, through restarts; where
// the state does not know, nobody does.
func TestVMotionCreated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMoves(t)
		created := func(events ...string) (all []time.Time) {
			t.Helper()
			m.poll(events...)
			results, _ := round(t, m.c, nil)
			for _, f := range m.c.Families() {
				for _, s := range f.Samples(results[0].Part.Data) {
					if f.Name == "ukcloud_vmotion_events_total" {
						all = append(all, s.Created)
					}
				}
			}
			return all
		}
		same := func(all []time.Time, n int, want time.Time) {
			t.Helper()
			if len(all) != n {
				t.Errorf("%d series, want %d", len(all), n)
			}
			for _, at := range all {
				if !at.Equal(want) {
					t.Errorf("created %s, want %s", at, want)
				}
			}
		}
		// The first answer has the events of the twelve hours before it.
		began := time.Now().Add(-12 * time.Hour)
		same(created(event(1, "a")), 3, began)
		time.Sleep(5 * time.Minute)
		moved := strings.ReplaceAll(event(0, "b"), `"V"`, `"W"`)
		same(created(event(1, "a"), moved), 6, began)
		m.restart()
		time.Sleep(5 * time.Minute)
		same(created(moved), 6, began)

		var kept map[string]map[string]any
		if err := json.Unmarshal(m.state.data, &kept); err != nil {
			t.Fatal(err)
		}
		delete(kept["1"], "since")
		if err := m.state.Save(kept); err != nil {
			t.Fatal(err)
		}
		m.restart()
		same(created(moved), 6, time.Time{})
	})
}
