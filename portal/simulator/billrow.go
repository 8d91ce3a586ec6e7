package simulator

import (
	"bytes"
	"encoding/csv"
	"strconv"
	"strings"
	"time"

	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/money"
)

// tier is a kind of storage in the bill.
type tier int

const (
	tier1 tier = iota
	tier2
	geoResilient
)

// billRow is one row before it is written. Quantities are whole and prices have
// at most nine places, so every product is exact.
type billRow struct {
	date                            string // EventDate, UTC
	projectID, vApp, vDC            string
	name, id, os, service, metadata string
	start, end                      int64
	powerState                      string
	hours                           int64

	compute                        bool // the row has a machine: its cells are not blank
	machineType, powerType, domain string
	shape                          shape
	computePrice                   money.Amount

	gpuType  string
	gpuCount int64
	gpuPrice money.Amount

	storage [3]storageUse

	protectionType    string
	computeProtection money.Amount
	licensed          bool // licences are relevant
	licence           money.Amount
}

// storageUse is what a resource has of one tier, in whole GiB.
type storageUse struct {
	relevant                 bool
	used, snapshot, included int64
	price                    money.Amount // a GiB for an hour
	protection               money.Amount // the same
}

func (s storageUse) chargeable() int64 { return s.used + s.snapshot - s.included }

func (s storageUse) total(hours int64) money.Amount {
	return money.Amount(s.chargeable()*hours) * s.price
}

func (s storageUse) protectionTotal(hours int64) money.Amount {
	return money.Amount((s.chargeable()-s.snapshot)*hours) * s.protection
}

// parts are the sums that make up the row's total price.
func (r *billRow) parts() [len(components)]money.Amount {
	parts := [len(components)]money.Amount{
		r.computePrice * money.Amount(r.hours),
		r.gpuPrice * money.Amount(r.gpuCount*r.hours),
	}
	protection := r.computeProtection * money.Amount(r.hours)
	for t, s := range r.storage {
		parts[2+t] = s.total(r.hours)
		protection += s.protectionTotal(r.hours)
	}
	parts[5] = protection
	parts[6] = r.licence * money.Amount(r.hours)
	return parts
}

func (r *billRow) total() money.Amount {
	var sum money.Amount
	for _, part := range r.parts() {
		sum += part
	}
	return sum
}

// rowWriter writes rows as CSV text.
type rowWriter struct {
	format BillingFormat
	b      []byte
}

func (w *rowWriter) header() {
	if w.format.BOM {
		w.b = append(w.b, "\ufeff"...)
	}
	for _, c := range csvparse.Columns() {
		if w.format.EvidenceFile {
			w.text(c.EvidenceName())
		} else {
			w.text(c.String())
		}
	}
	w.end()
}

func (w *rowWriter) text(cell string) {
	if strings.ContainsAny(cell, "\",\r\n") {
		w.b = append(w.b, '"')
		w.b = append(w.b, strings.ReplaceAll(cell, `"`, `""`)...)
		w.b = append(w.b, '"')
	} else {
		w.b = append(w.b, cell...)
	}
	w.b = append(w.b, ',')
}

// number and amount leave the cell blank where it is not relevant.
func (w *rowWriter) number(relevant bool, n int64) {
	if relevant {
		w.b = strconv.AppendInt(w.b, n, 10)
	}
	w.b = append(w.b, ',')
}

func (w *rowWriter) amount(relevant bool, a money.Amount) {
	if relevant {
		w.b = a.Append(w.b)
	}
	w.b = append(w.b, ',')
}

// moment writes a time of the bill, which is always UTC and says so. How the
// real file wrote it is not known.
func (w *rowWriter) moment(t int64) {
	w.b = time.Unix(t, 0).UTC().AppendFormat(w.b, "2006-01-02 15:04:05 UTC,")
}

func (w *rowWriter) end() {
	w.b = w.b[:len(w.b)-1]
	if w.format.CRLF {
		w.b = append(w.b, '\r')
	}
	w.b = append(w.b, '\n')
}

func (w *rowWriter) row(r *billRow) {
	for _, cell := range [...]string{r.date, r.projectID, r.vApp, r.vDC, r.name, r.id, r.os, r.service, r.metadata} {
		w.text(cell)
	}
	w.moment(r.start)
	w.moment(r.end)
	w.text(r.powerState)
	w.number(true, 60*r.hours)
	w.number(true, r.hours)
	w.text(r.machineType)
	w.text(r.powerType)
	w.text(r.domain)
	w.number(r.compute && r.shape.cpus > 0, int64(r.shape.cpus))
	w.memory(r)
	parts := r.parts()
	w.amount(r.compute, r.computePrice)
	w.amount(r.compute, parts[0])
	gpu := r.gpuCount > 0
	w.text(r.gpuType)
	w.number(gpu, r.gpuCount)
	w.amount(gpu, r.gpuPrice)
	w.amount(gpu, parts[1])
	for t, s := range r.storage {
		w.number(s.relevant, s.used)
		w.number(s.relevant, s.snapshot)
		w.number(s.relevant, s.included)
		w.number(s.relevant, s.chargeable())
		w.amount(s.relevant, s.price)
		w.amount(s.relevant, parts[2+t])
	}
	w.text(r.protectionType)
	w.amount(r.compute, r.computeProtection)
	w.amount(r.compute, r.computeProtection*money.Amount(r.hours))
	for _, s := range r.storage {
		w.amount(s.relevant, s.protection)
	}
	for _, s := range r.storage {
		w.amount(s.relevant, s.protectionTotal(r.hours))
	}
	w.amount(true, parts[5])
	w.amount(r.licensed, r.licence)
	w.amount(r.licensed, parts[6])
	w.amount(true, r.total())
	w.end()
}

// memory is in MB in the reference, in GiB in the evidence file's article.
func (w *rowWriter) memory(r *billRow) {
	if w.format.EvidenceFile && r.shape.memory%mibPerGiB != 0 {
		w.text(strconv.FormatFloat(float64(r.shape.memory)/mibPerGiB, 'f', -1, 64))
		return
	}
	memory := r.shape.memory
	if w.format.EvidenceFile {
		memory /= mibPerGiB
	}
	w.number(r.compute && r.shape.memory > 0, int64(memory))
}

// spoil replaces cells of the line that begins at an offset.
func (w *rowWriter) spoil(from int, cells []spoiledCell) {
	reader := csv.NewReader(bytes.NewReader(w.b[from:]))
	fields, err := reader.Read()
	if err != nil {
		panic("simulator: " + err.Error()) // the line was written just before
	}
	for _, cell := range cells {
		fields[cell.column] = cell.text
	}
	w.b = w.b[:from]
	for _, field := range fields {
		w.text(field)
	}
	w.end()
}
