package simulator

import (
	"crypto/sha256"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// readPaths are all reads of a portal: each account, each of its compute services, and
// the bills of a month.
func readPaths(p *Portal, month string) []string {
	list := []string{"accounts", "my_vm", "my_calls?for=account", "my_calls?for=user"}
	for _, id := range p.AccountIDs() {
		account := "accounts/" + id + "/"
		list = append(list, account+"compute_services", account+"api_credentials", account+"vorgs", account+"platform_visibility/vmotion_events",
			account+"vorg-builds", account+"vdc-builds", account+"edge-gateway-builds")
		for n, org := range p.ServiceIDs(id) {
			vdcs := fmt.Sprintf("%svorgs/%d/vdcs", account, n+1)
			for _, x := range p.service(org, p.now().Unix()).vdcs {
				list = append(list, vdcs+"/"+x.urn+"/edge-gateways")
			}
			list = append(list, vdcs,
				"billing/billing-csv?period="+month+"&org_id="+org, "billing/cloud-storage-report?date="+month+"-09&org_id="+org)
		}
	}
	return list
}

// TestEstatesAreWhatTheyWere: what a seed makes is the same in every version of the
// simulator. Expositions, pictures and measurements elsewhere are made of such estates:
// a change that is meant is written down with -update, one that is not shows here.
func TestEstatesAreWhatTheyWere(t *testing.T) {
	estates := []struct {
		name    string
		options Options
	}{
		{"two accounts as recorded", Options{Seed: 5, Accounts: 2, VMs: 300}},
		{"many small vOrgs", Options{Seed: 7, VMs: 30, VOrgsPerAccount: 7, Now: at(time.Date(2018, 7, 4, 9, 30, 0, 0, time.UTC))}},
		{"more accounts than names", Options{Seed: 2, Accounts: 7, VMs: 60, Now: at(time.Date(2019, 12, 31, 23, 59, 0, 0, time.UTC))}},
		{"the end", Options{Seed: 1, VMs: 200, Era: Era2020, Now: at(time.Date(2020, 11, 2, 12, 0, 0, 0, time.UTC))}},
		{"large", Options{Seed: 3, VMs: 1500, Now: at(time.Date(2018, 2, 3, 1, 0, 0, 0, time.UTC))}},
	}
	const file = "testdata/estates.txt"
	var got strings.Builder
	for _, estate := range estates {
		v := visit(t, newPortal(t, estate.options))
		month := v.p.now().AddDate(0, -1, -3).Format("2006-01")
		paths := readPaths(v.p, month)
		for _, path := range paths {
			if estate.name == "large" && strings.HasPrefix(path, "billing/billing-csv") {
				continue // some MB
			}
			w := v.get(path)
			fmt.Fprintf(&got, "%s: %s: %d %.8x\n", estate.name, path, w.Code, sha256.Sum256(w.Body.Bytes()))
		}
	}
	if *rewrite {
		if err := os.WriteFile(file, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(want), "\n")
	for i, line := range strings.Split(got.String(), "\n") {
		if i >= len(lines) || line != lines[i] {
			t.Fatalf("%s\nwas something else: if that is meant, go test ./portal/simulator -run %s -update", line, t.Name())
		}
	}
}
