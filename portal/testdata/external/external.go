// Package external is somebody else's: it may use what the project exports, and
// nothing below internal. The test adds a file that uses every exported name.
package external

import (
	"context"
	"fmt"
	"io"
	"time"

	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/money"
	"ukcloud_exporter/portal"
)

// Cost adds what the VMs of an account cost so far this month.
func Cost(ctx context.Context, client *portal.Client, account string) (sum money.Amount, err error) {
	for vm, err := range client.VMs(ctx, account) {
		if err != nil {
			return 0, err
		}
		cost := vm.MonthToDate
		if cost.Valid {
			sum += cost.Value
		}
	}
	return sum, nil
}

// Newest is when the newest ticket was submitted, absent when there is none.
func Newest(ctx context.Context, client *portal.Client) (newest portal.Optional[time.Time], err error) {
	for ticket, err := range portal.All(client.MyCalls(ctx, portal.ScopeAccount)) {
		if err != nil {
			return newest, err
		}
		if s := ticket.Submitted; s.Valid && (!newest.Valid || s.Value.After(newest.Value)) {
			newest = s
		}
	}
	return newest, nil
}

// Rows prints the rows of a bill.
func Rows(ctx context.Context, client *portal.Client, out io.Writer, period, org string) error {
	bill, err := client.BillingCSV(ctx, period, org, "")
	if err != nil {
		return err
	}
	defer bill.Close()
	reader, err := csvparse.NewBilling(bill, csvparse.TrustEOF(bill.Proven))
	if err != nil {
		return err
	}
	for row, err := range reader.Rows() {
		if err != nil {
			return err
		}
		fmt.Fprintln(out, row.ResourceName, row.Total.Amount)
	}
	return nil
}
