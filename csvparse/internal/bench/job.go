//go:build unix

package main

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"time"

	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/money"
)

// dimensions are what is totalled by.
var dimensions = [...]csvparse.Column{csvparse.ResourceID, csvparse.VDC, csvparse.ProjectID, csvparse.Service}

// amounts are the columns that are totalled: the price of a row, or that and its
// seven parts as the exporter needs them.
func amounts(columns string) ([]csvparse.Column, error) {
	switch columns {
	case "total":
		return []csvparse.Column{csvparse.TotalPrice}, nil
	case "parts":
		return []csvparse.Column{
			csvparse.TotalPrice, csvparse.ComputeTotal, csvparse.GPUTotal, csvparse.Tier1Total,
			csvparse.Tier2Total, csvparse.GeoTotal, csvparse.ProtectionTotal, csvparse.LicenceTotal,
		}, nil
	}
	return nil, fmt.Errorf("columns %q are not total or parts", columns)
}

// sums are the totals of one key: TotalPrice first.
type sums [8]money.Amount

type totals [len(dimensions)]map[string]*sums

func newTotals() *totals {
	t := new(totals)
	for i := range t {
		t[i] = make(map[string]*sums)
	}
	return t
}

// add adds a row's amounts under a key, and keeps the key by way of keep.
func (t *totals) add(dimension int, key string, keep func(string) string, row *sums, n int) error {
	sum := t[dimension][key]
	if sum == nil {
		sum = new(sums)
		t[dimension][keep(key)] = sum
	}
	for i := range n {
		var ok bool
		if sum[i], ok = sum[i].Add(row[i]); !ok {
			return errors.New("total out of range")
		}
	}
	return nil
}

// job totals one file, and prints the CPU seconds that it took, the peak memory of the
// process in KiB, and the totals.
func job(name, columns, file string) error {
	wanted, err := amounts(columns)
	if err != nil {
		return err
	}
	in := os.Stdin
	if file != "-" {
		if in, err = os.Open(file); err != nil {
			return err
		}
		defer in.Close()
	}
	t := newTotals()
	before := cpu()
	switch name {
	case "csvparse":
		err = viaCSVParse(in, wanted, t)
	case "encoding/csv":
		err = viaEncodingCSV(in, wanted, t)
	default:
		err = fmt.Errorf("no job %q", name)
	}
	if err != nil {
		return err
	}
	used := cpu() - before
	peak, err := peakKiB()
	if err != nil {
		return err
	}
	fmt.Printf("cpu\t%.6f\t%d\n", used.Seconds(), peak)
	return t.print(os.Stdout, len(wanted))
}

// asItIs keeps a key that is no part of a buffer.
func asItIs(key string) string { return key }

func viaCSVParse(in io.Reader, wanted []csvparse.Column, t *totals) error {
	bill, err := csvparse.NewBilling(in, csvparse.WithColumns(append(wanted, dimensions[:]...)...))
	if err != nil {
		return err
	}
	var row csvparse.BillingRow
	for {
		err := bill.Decode(&row)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		s := sums{row.Total.Amount}
		for i := range row.Parts {
			s[i+1] = row.Parts[i].Amount
		}
		for i, key := range [...]string{row.ResourceID, row.VDC, row.ProjectID, row.Service} {
			if err := t.add(i, key, asItIs, &s, len(wanted)); err != nil {
				return err
			}
		}
	}
}

func viaEncodingCSV(in io.Reader, wanted []csvparse.Column, t *totals) error {
	r := csv.NewReader(in)
	r.ReuseRecord = true
	header, err := r.Read()
	if err != nil {
		return err
	}
	at := make(map[string]int)
	for i, name := range header {
		at[name] = i
	}
	var amounts, places []int
	for _, c := range wanted {
		amounts = append(amounts, at[c.String()])
	}
	for _, c := range dimensions {
		places = append(places, at[c.String()])
	}
	for {
		record, err := r.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		var s sums
		for i := range wanted {
			text := record[amounts[i]]
			if text == "" {
				continue // not relevant
			}
			if s[i], err = money.Parse(text); err != nil {
				return err
			}
		}
		for i := range dimensions {
			if err := t.add(i, record[places[i]], strings.Clone, &s, len(wanted)); err != nil {
				return err
			}
		}
	}
}

// print writes a line for each dimension, key and its sums.
func (t *totals) print(w io.Writer, n int) error {
	out := bufio.NewWriter(w)
	for i, byKey := range t {
		for key, sum := range byKey {
			fmt.Fprintf(out, "%s\t%s", dimensions[i], key)
			for _, amount := range sum[:n] {
				fmt.Fprintf(out, "\t%s", amount)
			}
			fmt.Fprintln(out)
		}
	}
	return out.Flush()
}

// cpu is the CPU time of this process, the collector's and the kernel's included.
func cpu() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// peakKiB is the most memory that this process has had. The kernel's other figure,
// ru_maxrss, begins with what the parent had.
func peakKiB() (int, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	var peak int
	for line := range strings.Lines(string(status)) {
		if _, err := fmt.Sscanf(line, "VmHWM: %d kB", &peak); err == nil {
			return peak, nil
		}
	}
	return 0, errors.New("no VmHWM in /proc/self/status")
}
