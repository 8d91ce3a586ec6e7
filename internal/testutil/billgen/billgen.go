// Package billgen writes billing CSV files of any length for tests and
// benchmarks: all 56 columns, shaped like a mixed VMware and OpenStack estate,
// with amounts that tie out exactly. The same settings always give the same
// bytes, and nothing is kept but the resources and the row being written.
package billgen

import (
	"io"
	"math/rand/v2"
	"strconv"
	"time"

	"ukcloud_exporter/csvparse"
)

// Estate says what to write.
type Estate struct {
	Rows      int    // rows after the header
	Resources int    // distinct resource ids; every day bills all of them in turn
	Seed      uint64 // names, sizes, disks
	Evidence  bool   // headers as the invoice evidence file spells them, else as the API reference does
	CRLF      bool   // line ends
	Shape     Shape  // of the rows
	Distinct  bool   // each resource has a text of metadata of its own, else many share one
}

// Shape is what rows look like.
type Shape uint8

// The shapes.
const (
	Mixed Shape = iota // every column, as an estate of VMware and OpenStack has them: some 730 bytes
	Short              // VMs without storage, licence, names and metadata: some 110 bytes
	Long               // Mixed with the longest names that people give, and twelve tags: some 1,570 bytes
)

// Reader returns the file as a stream.
func (e Estate) Reader() io.Reader {
	rng := rand.New(rand.NewPCG(e.Seed, 2018))
	g := &generator{estate: e, resources: make([]resource, e.Resources)}
	for i := range g.resources {
		g.resources[i] = newResource(rng, i)
		g.resources[i].shape(e, i)
	}
	for _, c := range csvparse.Columns() {
		if e.Evidence {
			g.text(c.EvidenceName())
		} else {
			g.text(c.String())
		}
	}
	g.endLine()
	return g
}

// generator is an io.Reader that makes one row at a time.
type generator struct {
	estate    Estate
	resources []resource
	row       int    // the next row to make
	buf       []byte // the line being read
	off       int    // how much of buf has been read
}

func (g *generator) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		if g.off == len(g.buf) {
			if g.row == g.estate.Rows {
				break
			}
			g.buf, g.off = g.buf[:0], 0
			g.appendRow()
			g.row++
		}
		k := copy(p[n:], g.buf[g.off:])
		g.off += k
		n += k
	}
	if n == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

// endLine turns the comma behind the last cell into the line's end.
func (g *generator) endLine() {
	g.buf = g.buf[:len(g.buf)-1]
	if g.estate.CRLF {
		g.buf = append(g.buf, '\r')
	}
	g.buf = append(g.buf, '\n')
}

// appendRow writes one resource's charge for one day. Resources that are off at
// night are billed on for ten hours of even days and off for the whole of odd ones.
func (g *generator) appendRow() {
	r := &g.resources[g.row%len(g.resources)]
	days := g.row / len(g.resources)
	date := time.Date(2018, time.January, 1+days, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
	on, hours := true, int64(24)
	if r.nightly {
		on = days%2 == 0
		if on {
			hours = 10
		}
	}

	if g.estate.Shape == Short {
		g.short(r, date, on, hours)
		return
	}
	g.text(date)
	g.text(r.project)
	g.text(r.vapp)
	g.text(r.vdc)
	g.text(r.name)
	g.text(r.id)
	g.text(r.os)
	g.text(r.service)
	g.quoted(r.metadata)
	g.text(date + "T00:00:00Z")
	g.text(date + "T" + strconv.FormatInt(99+hours, 10)[1:] + ":59:59Z")
	if on {
		g.text("on")
	} else {
		g.text("off")
	}
	g.count(60 * hours)
	g.count(hours)
	g.text(r.size)
	g.text(r.power)
	g.text(r.domain)
	g.money(r, on, hours)
	g.endLine()
}

// money writes the columns from Compute vCPU to TotalPrice.
func (g *generator) money(r *resource, on bool, hours int64) {
	b := r.bill(on, hours)
	g.count(r.vcpu)
	g.count(r.memory)
	g.amount(b.compute)
	g.amount(b.computeTotal)
	if r.gpus > 0 {
		g.text("compute")
		g.count(r.gpus)
		g.amount(b.gpu)
		g.amount(b.gpuTotal)
	} else {
		g.buf = append(g.buf, ",,,,"...) // not relevant
	}
	for tier := range b.storage {
		g.gib(r.disk[tier])
		g.gib(r.snapshot[tier])
		g.gib(b.included[tier])
		g.gib(b.chargeable[tier])
		g.amount(b.storage[tier])
		g.amount(b.storageTotal[tier])
	}
	g.text(r.protection)
	g.amount(b.computeProtection)
	g.amount(b.computeProtectionTotal)
	for _, price := range b.protection {
		g.amount(price)
	}
	for _, total := range b.protectionTotal {
		g.amount(total)
	}
	g.amount(b.allProtection)
	g.amount(b.licence)
	g.amount(b.licenceTotal)
	g.amount(b.total)
}
