package bill_test

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/internal/bill"
	"ukcloud_exporter/internal/testutil"
	"ukcloud_exporter/portal"
	"ukcloud_exporter/portal/simulator"
)

// estate is a simulated portal in the middle of January 2019, with a bill for
// each of the 36 months before.
func estate(t *testing.T) (*simulator.Portal, *portal.Client) {
	t.Helper()
	now := time.Date(2019, 1, 15, 12, 0, 0, 0, time.UTC)
	p, err := simulator.New(simulator.Options{Seed: 7, VMs: 30, VOrgsPerAccount: 3, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	client, err := portal.New("http://portal.test/api", func() (portal.Credentials, error) {
		return portal.Credentials{Email: "demo@example.com", Password: portal.NewSecret("demo")}, nil
	}, portal.WithTransport(testutil.Direct{Handler: p}))
	if err != nil {
		t.Fatal(err)
	}
	return p, client
}

// services are the compute services of the estate.
func services(t *testing.T, client *portal.Client, p *simulator.Portal) []string {
	t.Helper()
	credentials, err := client.APICredentials(t.Context(), p.AccountIDs()[0])
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, c := range credentials {
		ids = append(ids, c.ServiceID)
	}
	return ids
}

func csvOf(t *testing.T, client *portal.Client, m bill.Month, org string) string {
	t.Helper()
	stream, err := client.BillingCSV(t.Context(), m.String(), org, "")
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	text, err := io.ReadAll(stream)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestDays: the month to date of each day is the bill of a file that ends with
// that day, and the last one that of the whole file.
func TestDays(t *testing.T) {
	p, client := estate(t)
	m := bill.Month{Year: 2018, Month: 10}
	o := bill.Options{Month: m, Tags: []string{"project"}}
	text := csvOf(t, client, m, services(t, client, p)[0])
	days := 0
	err := bill.ReadDays(strings.NewReader(text), o, func(day csvparse.Date, toDate *bill.Bill) error {
		days++
		var until bytes.Buffer
		header := true
		for line := range strings.Lines(text) {
			if header || line[:10] <= day.String() {
				until.WriteString(line)
			}
			header = false
		}
		if diff := cmp.Diff(read(t, until.String(), o), toDate); diff != "" {
			t.Errorf("%s (-file that ends here +month to date):\n%s", day, diff)
		}
		return nil
	})
	if err != nil || days != 31 {
		t.Errorf("%d days, error %v", days, err)
	}
}
