//go:build unix

package main

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"ukcloud_exporter/money"
)

// A plain program that does what billing summary and billing verify do, as one writes
// it with encoding/csv: it reads all of a row, and reckons with exact numbers.

// priceParts are the columns that a total price is the sum of, with what billing
// summary calls them.
var priceParts = [...]struct{ column, name string }{
	{"ComputeTotalPrice", "compute"}, {"GPUTotalPrice", "gpu"}, {"Tier1StoragePrice", "storage_tier1"}, {"Tier2StoragePrice", "storage_tier2"},
	{"Geo-resilientStoragePrice", "storage_geo"}, {"ProtectionTotalPrice", "protection"}, {"LicenceTotalPrice", "licence"},
}

// plainReader reads records, and finds their cells by the names of the header.
type plainReader struct {
	csv    *csv.Reader
	places map[string]int
	record []string
}

func newPlainReader(in io.Reader) (*plainReader, error) {
	r := &plainReader{csv: csv.NewReader(in), places: map[string]int{}}
	r.csv.ReuseRecord = true
	header, err := r.csv.Read()
	for i, name := range header {
		r.places[name] = i
	}
	return r, err
}

// place is that of a column, which a plain program looks up once.
func (r *plainReader) place(column string) (int, error) {
	i, ok := r.places[column]
	if !ok {
		return 0, fmt.Errorf("no column %s", column)
	}
	return i, nil
}

func (r *plainReader) next() (err error) {
	r.record, err = r.csv.Read()
	return err
}

// line is that of the record.
func (r *plainReader) line() int {
	line, _ := r.csv.FieldPos(0)
	return line
}

// number is an exact cell. A blank one is not valid.
type number struct {
	value  money.Amount
	places int // that it is written with
	valid  bool
}

func (r *plainReader) number(place int) (n number, err error) {
	text := r.record[place]
	if text == "" {
		return n, nil
	}
	if n.value, err = money.Parse(text); err != nil {
		return n, err
	}
	if point := strings.IndexByte(text, '.'); point >= 0 {
		n.places = len(text) - point - 1
	}
	n.valid = true
	return n, nil
}

var errSum = errors.New("sum out of range")

// plainTotals are sums by a name, for example those of services.
type plainTotals map[string]*money.Amount

func (t plainTotals) add(name string, value money.Amount) error {
	sum := t[name]
	if sum == nil {
		sum = new(money.Amount)
		t[strings.Clone(name)] = sum
	}
	var ok bool
	if *sum, ok = sum.Add(value); !ok {
		return errSum
	}
	return nil
}

// lines writes the sums as billing summary writes them as CSV.
func (t plainTotals) lines(group, key string) (lines []string) {
	for name, sum := range t {
		lines = append(lines, fmt.Sprintf("%s\t%s\t%s\t%s", group, key, name, sum))
	}
	return lines
}

// plainSummary adds up a bill by service, component, VDC and tag.
func plainSummary(in io.Reader, keys []string) (lines []string, err error) {
	r, err := newPlainReader(in)
	if err != nil {
		return nil, err
	}
	var places []int
	columns := []string{"TotalPrice", "Service", "vDC", "Metadata", "EventDate", "ResourceId"}
	for _, part := range priceParts {
		columns = append(columns, part.column)
	}
	for _, column := range columns {
		place, err := r.place(column)
		if err != nil {
			return nil, err
		}
		places = append(places, place)
	}
	services, vdcs := plainTotals{}, plainTotals{}
	var total, unnamed money.Amount
	var parts [len(priceParts)]money.Amount
	var charged [len(priceParts)]bool // the part has a cell that is not blank
	var days plainDays
	tags := make([]plainTotals, len(keys))
	for i := range tags {
		tags[i] = plainTotals{}
	}
	known := plainTags{keys: keys, known: map[string][]string{}}
	for err = r.next(); err == nil; err = r.next() {
		price, err := r.number(places[0])
		if err != nil {
			return nil, err
		}
		if err := days.see(r.record[places[4]]); err != nil {
			return nil, err
		}
		if r.record[places[5]] == "" {
			unnamed += price.value
		}
		for i := range parts {
			cost, err := r.number(places[6+i])
			if err != nil {
				return nil, err
			}
			var ok bool
			if parts[i], ok = parts[i].Add(cost.value); !ok {
				return nil, errSum
			}
			charged[i] = charged[i] || cost.valid
		}
		var ok bool
		if total, ok = total.Add(price.value); !ok {
			return nil, errSum
		}
		if err := errors.Join(services.add(r.record[places[1]], price.value), vdcs.add(r.record[places[2]], price.value)); err != nil {
			return nil, err
		}
		if len(keys) == 0 {
			continue
		}
		values, err := known.of(r.record[places[3]])
		if err != nil {
			return nil, err
		}
		for i, value := range values {
			if err := tags[i].add(value, price.value); err != nil {
				return nil, err
			}
		}
	}
	if err != io.EOF {
		return nil, err
	}
	lines = append(services.lines("service", ""), vdcs.lines("vdc", "")...)
	lines = append(lines, fmt.Sprintf("total\t\t\t%s", total), fmt.Sprintf("of no resource\t%s", unnamed), days.String())
	for i, part := range priceParts {
		if !charged[i] {
			continue
		}
		lines = append(lines, fmt.Sprintf("component\t\t%s\t%s", part.name, parts[i]))
	}
	for i, key := range keys {
		lines = append(lines, tags[i].lines("tag", key)...)
	}
	return lines, nil
}

// plainDays are how many rows there are, and of which days.
type plainDays struct {
	rows        int
	first, last string
}

func (d *plainDays) see(day string) error {
	if day != d.last { // rows are mostly of the day of the row before
		if _, err := time.Parse(time.DateOnly, day); err != nil {
			return err
		}
	}
	if d.rows == 0 || day < d.first {
		d.first = day
	}
	d.last = max(d.last, day)
	d.rows++
	return nil
}

func (d *plainDays) String() string {
	return fmt.Sprintf("rows\t%d\t%s\t%s", d.rows, d.first, d.last)
}

// plainTags remembers the values of the wanted keys for each text of metadata.
type plainTags struct {
	keys  []string
	known map[string][]string
}

func (t *plainTags) of(metadata string) ([]string, error) {
	if values, ok := t.known[metadata]; ok {
		return values, nil
	}
	var all map[string]string
	switch {
	case strings.HasPrefix(metadata, "{"):
		if err := json.Unmarshal([]byte(metadata), &all); err != nil {
			return nil, err
		}
	case metadata != "":
		all = map[string]string{}
		for item := range strings.SplitSeq(metadata, ";") {
			if i := strings.IndexAny(item, "=:"); i >= 0 {
				all[strings.TrimSpace(item[:i])] = strings.TrimSpace(item[i+1:])
			}
		}
	}
	values := make([]string, len(t.keys))
	for i, key := range t.keys {
		values[i] = all[key]
	}
	t.known[strings.Clone(metadata)] = values
	return values, nil
}

// plainNumbers adds up a bill after having read every number in it, and checks nothing:
// the least that a check of all of them can take with encoding/csv.
func plainNumbers(in io.Reader) (lines []string, err error) {
	r, err := newPlainReader(in)
	if err != nil {
		return nil, err
	}
	total, err := r.place("TotalPrice")
	if err != nil {
		return nil, err
	}
	numbers := r.numbers()
	var sum money.Amount
	rows, most := 0, money.Amount(math.MinInt64)
	for err = r.next(); err == nil; err = r.next() {
		for _, place := range numbers {
			n, err := r.number(place)
			if err != nil {
				return nil, err
			}
			most = max(most, n.value)
			if place == total {
				sum += n.value
			}
		}
		rows++
	}
	if err != io.EOF || most < 0 {
		return nil, err
	}
	return []string{fmt.Sprintf("rows\t%d", rows), fmt.Sprintf("total_price\t%s", sum)}, nil
}

// numbers returns the places of the columns of numbers.
func (r *plainReader) numbers() (places []int) {
	for name, place := range r.places {
		if isNumber(name) {
			places = append(places, place)
		}
	}
	return places
}

// isNumber reports whether a column is of numbers: all are but these.
func isNumber(column string) bool {
	switch column {
	case "EventDate", "ProjectID", "vAPP", "vDC", "ResourceName", "ResourceId", "OSID", "Service", "Metadata", "StartTime", "EndTime",
		"PowerState", "ComputeMachineType", "PowerType", "SecurityDomain", "GPUType", "Protection Type":
		return false
	}
	return true
}
