package collector_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// closingStep is one round on one day and what is asked and exposed in it.
type closingStep struct {
	name     string
	now      string
	december string // what the bill of December comes to; "" is unchanged
	fail     bool   // the portal refuses it
	restart  bool   // the process starts anew before the round
	fetched  bool   // December is asked for
	want     string // restatement, "" when there is none
}

// TestClosing: 1 January 2018 is a holiday, so the final bill of December is
// there on the 2nd, and what is read from the 3rd on counts.
func TestClosing(t *testing.T) {
	tests := []struct {
		name  string
		steps []closingStep
	}{
		{"two days agree", []closingStep{
			{name: "first of the month", now: "2018-01-01 07:00", december: "100", fetched: true},
			{name: "first working day", now: "2018-01-02 07:00", december: "110", fetched: true},
			{name: "its evening", now: "2018-01-02 23:59", fetched: true},
			{name: "baseline", now: "2018-01-03 00:00", fetched: true, want: "0"},
			{name: "the same day", now: "2018-01-03 18:00", fetched: true, want: "0"},
			{name: "agrees", now: "2018-01-04 07:00", fetched: true, want: "0"},
			{name: "closed", now: "2018-01-05 07:00", december: "120", want: "0"},
			{name: "closed at the month's end", now: "2018-01-31 23:00", want: "0"},
		}},
		{"restated before it is closed", []closingStep{
			{name: "baseline", now: "2018-01-03 07:00", december: "100", fetched: true, want: "0"},
			{name: "dearer", now: "2018-01-04 07:00", december: "112.5", fetched: true, want: "12.5"},
			{name: "cheaper", now: "2018-01-05 07:00", december: "90", fetched: true, want: "-10"},
			{name: "still the same day", now: "2018-01-05 13:00", fetched: true, want: "-10"},
			{name: "agrees with yesterday", now: "2018-01-06 07:00", fetched: true, want: "-10"},
			{name: "closed", now: "2018-01-07 07:00", december: "1", want: "-10"},
		}},
		{"as it was before, then something else, then so again", []closingStep{
			{name: "baseline", now: "2018-01-03 07:00", december: "100", fetched: true, want: "0"},
			{name: "another", now: "2018-01-04 07:00", december: "101", fetched: true, want: "1"},
			{name: "the first again", now: "2018-01-05 07:00", december: "100", fetched: true, want: "0"},
			{name: "agrees", now: "2018-01-06 07:00", fetched: true, want: "0"},
			{name: "closed", now: "2018-01-07 07:00", want: "0"},
		}},
		{"failures do not agree", []closingStep{
			{name: "baseline", now: "2018-01-03 07:00", december: "100", fetched: true, want: "0"},
			{name: "no answer", now: "2018-01-04 07:00", fail: true, fetched: true, want: "0"},
			{name: "no answer", now: "2018-01-05 07:00", fail: true, fetched: true, want: "0"},
			{name: "agrees", now: "2018-01-06 07:00", fetched: true, want: "0"},
			{name: "closed", now: "2018-01-07 07:00", want: "0"},
		}},
		{"over restarts", []closingStep{
			{name: "baseline", now: "2018-01-03 07:00", december: "100", fetched: true, want: "0"},
			{name: "restarted and dearer", now: "2018-01-04 07:00", december: "103", restart: true, fetched: true, want: "3"},
			{name: "restarted and agrees", now: "2018-01-05 07:00", restart: true, fetched: true, want: "3"},
			{name: "closed", now: "2018-01-06 07:00", want: "3"},
			{name: "restarted: it must be shown", now: "2018-01-20 07:00", december: "99", restart: true, fetched: true, want: "-1"},
			{name: "and is still closed", now: "2018-01-21 07:00", december: "50", want: "-1"},
		}},
		{"first seen late", []closingStep{
			{name: "baseline", now: "2018-01-20 07:00", december: "100", fetched: true, want: "0"},
			{name: "agrees", now: "2018-01-21 07:00", fetched: true, want: "0"},
			{name: "closed", now: "2018-01-22 07:00", want: "0"},
		}},
		{"the next month starts anew", []closingStep{
			{name: "baseline", now: "2018-01-03 07:00", december: "100", fetched: true, want: "0"},
			{name: "another", now: "2018-01-04 07:00", december: "101", fetched: true, want: "1"},
			{name: "February", now: "2018-02-01 07:00", fetched: false, want: ""},
		}},
	}
	for _, tt := range tests {
		for _, tags := range []string{"with ETag", "without ETag"} {
			t.Run(tt.name+" "+tags, func(t *testing.T) {
				api := &bills{texts: map[string]string{}, errs: map[string]error{}, noTags: tags == "without ETag"}
				b := newBench(t, api, one(), "2018-01-01 00:00")
				for _, step := range tt.steps {
					step.run(t, b, api)
				}
			})
		}
	}
}

func (s closingStep) run(t *testing.T, b *bench, api *bills) {
	t.Helper()
	const december = org + " 2017-12"
	b.at(s.now)
	if s.december != "" {
		api.texts[december] = billText(billRow{"2017-12-31", "a", s.december})
	}
	if delete(api.errs, december); s.fail {
		api.errs[december] = errors.New("500")
	}
	if s.restart {
		b.restart()
	}
	got := only(b.round(), "restatement")
	want := ""
	if s.want != "" {
		want = `restatement_gbp{account="1",vorg="11-1-1-abc"} ` + s.want + "\n"
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s, %s: restatement (-want +got):\n%s", s.now, s.name, diff)
	}
	if asked := strings.Contains(strings.Join(api.answers(), ","), december); asked != s.fetched {
		t.Errorf("%s, %s: December asked for: %t, want %t", s.now, s.name, asked, s.fetched)
	}
}

// TestClosingSurvivesAClock that jumps to 2038, or back over a month's end, and comes
// back: the baseline stays.
func TestClosingSurvivesAClock(t *testing.T) {
	for _, wrong := range []string{"2038-02-05 07:00", "2017-12-20 07:00", "1970-01-01 00:00"} {
		t.Run(wrong, func(t *testing.T) {
			api := &bills{texts: map[string]string{}, errs: map[string]error{}}
			b := newBench(t, api, one(), "2018-01-01 00:00")
			closingStep{name: "baseline", now: "2018-01-03 07:00", december: "100", fetched: true, want: "0"}.run(t, b, api)
			b.at(wrong)
			api.ahead = 48 * time.Hour
			b.round()
			b.round()
			api.ahead = 0
			api.answers()
			closingStep{name: "dearer", now: "2018-01-04 07:00", december: "112.5", restart: true, fetched: true, want: "12.5"}.run(t, b, api)
		})
	}
}

// TestClosingOfEachService: one service's closed month says nothing of another's.
func TestClosingOfEachService(t *testing.T) {
	services := one()
	services.services["1"] = []string{org, "11-1-2-def"}
	api := &bills{texts: map[string]string{}}
	b := newBench(t, api, services, "2018-01-03 07:00")
	b.round()
	b.at("2018-01-04 07:00")
	api.texts["11-1-2-def 2017-12"] = billText(billRow{"2017-12-31", "b", "7"})
	got := only(b.round(), "restatement")
	want := `restatement_gbp{account="1",vorg="11-1-1-abc"} 0
restatement_gbp{account="1",vorg="11-1-2-def"} 7
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("restatement (-want +got):\n%s", diff)
	}
	api.answers()
	b.at("2018-01-05 07:00")
	b.round()
	if diff := cmp.Diff([]string{"11-1-1-abc 2018-01", "11-1-2-def 2017-12", "11-1-2-def 2018-01"}, api.answers()); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
}
