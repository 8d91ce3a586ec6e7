package billgen

import (
	"strconv"
	"strings"

	"ukcloud_exporter/money"
)

// bill is the money of one row. The tiers are Tier 1, Tier 2, geo-resilient.
type bill struct {
	compute, computeTotal                     money.Amount
	gpu, gpuTotal                             money.Amount
	included, chargeable                      [3]int64
	storage, storageTotal                     [3]money.Amount
	computeProtection, computeProtectionTotal money.Amount
	protection, protectionTotal               [3]money.Amount
	allProtection, licence, licenceTotal      money.Amount
	total                                     money.Amount
}

// bill prices a period. A resource that is off pays for storage alone, and has
// no storage included.
func (r *resource) bill(on bool, hours int64) bill {
	var b bill
	h := money.Amount(hours)
	if on {
		b.compute, b.licence = r.hourly, r.license
		b.gpu = money.Amount(min(r.gpus, 1)) * money.Pound / 2
		if r.vcpu > 0 {
			b.included[1] = 60
		}
	}
	b.computeTotal, b.licenceTotal = b.compute*h, b.licence*h
	b.gpuTotal = b.gpu * money.Amount(r.gpus) * h
	b.total = b.computeTotal + b.gpuTotal + b.licenceTotal
	// Pounds a GiB-month, as 730 hours, rounded to nine places.
	b.storage = [3]money.Amount{410_959, 136_986, 273_973}
	if r.protection != "None" {
		b.computeProtection = 60_000_000
		b.protection = [3]money.Amount{136_986, 136_986, 136_986}
	}
	b.computeProtectionTotal = b.computeProtection * h
	b.allProtection = b.computeProtectionTotal
	for tier := range b.storage {
		b.chargeable[tier] = max(0, r.disk[tier]+r.snapshot[tier]-b.included[tier])
		b.storageTotal[tier] = money.Amount(b.chargeable[tier]) * b.storage[tier] * h
		protected := max(0, b.chargeable[tier]-r.snapshot[tier])
		b.protectionTotal[tier] = money.Amount(protected) * b.protection[tier] * h
		b.allProtection += b.protectionTotal[tier]
		b.total += b.storageTotal[tier]
	}
	b.total += b.allProtection
	return b
}

func (g *generator) text(s string) {
	g.buf = append(g.buf, s...)
	g.buf = append(g.buf, ',')
}

// quoted writes a text with quotes around it when it needs them.
func (g *generator) quoted(s string) {
	if !strings.ContainsAny(s, `",`) {
		g.text(s)
		return
	}
	g.buf = append(g.buf, '"')
	for i := range len(s) {
		if s[i] == '"' {
			g.buf = append(g.buf, '"')
		}
		g.buf = append(g.buf, s[i])
	}
	g.buf = append(g.buf, '"', ',')
}

func (g *generator) count(n int64) {
	g.buf = strconv.AppendInt(g.buf, n, 10)
	g.buf = append(g.buf, ',')
}

// gib writes a quantity of storage with three places, as a numeric column of a
// database comes out.
func (g *generator) gib(n int64) {
	g.buf = strconv.AppendInt(g.buf, n, 10)
	g.buf = append(g.buf, ".000,"...)
}

// amount writes money with all its nine places.
func (g *generator) amount(a money.Amount) {
	g.buf = strconv.AppendInt(g.buf, int64(a/money.Pound), 10)
	places := strconv.FormatInt(int64(money.Pound+a%money.Pound), 10)
	g.buf = append(g.buf, '.')
	g.buf = append(g.buf, places[1:]...)
	g.buf = append(g.buf, ',')
}
