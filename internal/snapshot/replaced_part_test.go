package snapshot_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"ukcloud_exporter/collector"
)

// TestPartWithAnError: a part that comes with an error is exposed in place of the
// held one, disappears when that would have, and is no success; where nothing is
// held, nothing is exposed.
func TestPartWithAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		failing := errors.New("500")
		collect := func(_ context.Context, round int, previous func(string) *collector.Part) ([]collector.Result, error) {
			if round == 1 {
				return []collector.Result{good("1", 1)}, nil
			}
			if held := previous("1").Data.(*value); held.n != round-1 {
				t.Errorf("round %d builds on %v", round, held)
			}
			replaced, unheld := good("1", round), good("2", round)
			replaced.Err, unheld.Err = failing, failing
			return []collector.Result{replaced, unheld}, nil
		}
		b := newBench(t, &fake{name: "a", collect: collect})
		b.want(b.scrape(time.Second), "ukcloud_a{account=\"1\"} 1\n", "first round")
		time.Sleep(30 * time.Minute)
		b.want(b.scrape(time.Second), "ukcloud_a{account=\"1\"} 2\n", "second round")
		if b.success("a") {
			t.Error("the second round is a success")
		}
		time.Sleep(30*time.Minute - time.Second)
		b.want(b.scrape(time.Second), "ukcloud_a{account=\"1\"} 3\n", "just before the first round's part is too old")
		time.Sleep(2 * time.Second)
		b.want(b.read(), "", "after that")
	})
}
