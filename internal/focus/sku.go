package focus

import (
	"strings"

	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/internal/bill"
)

// sku is what is said of the thing that a charge is for. Its id is the same for the same
// thing at all times: the bill has no identifier for what has a price, so it is made of
// what the price depends on.
type sku struct {
	id, priceID string
	description string // so that a person needs no other column
	details     string // JSON
}

// skuKey is what a sku is made of: all that newSKU looks at.
type skuKey struct {
	service, meter string
	kind           [3]string
	power          string
	cores, memory  csvparse.Quantity // of a machine
}

func keyOf(c *charge, row *bill.Row) skuKey {
	key := skuKey{service: row.Service, meter: c.meter, kind: c.kind, power: row.PowerType}
	if c.component == bill.Component(csvparse.Compute) {
		key.cores, key.memory = row.VCPU, row.Memory
	}
	return key
}

func newSKU(service string, c *charge, row *bill.Row) *sku {
	words := []string{service, c.meter}
	for _, word := range c.kind {
		if word != "" {
			words = append(words, word)
		}
	}
	details := detailsOf(c, row)
	s := &sku{id: strings.Join(words, "/"), description: service + ": " + c.meter, details: details.json()}
	if kind := words[2:]; len(kind) > 0 {
		s.description += " (" + strings.Join(kind, ", ") + ")"
	}
	s.priceID = s.id
	if c.component == bill.Component(csvparse.Compute) { // its price also depends on its size
		for _, property := range details {
			switch property.key {
			case "CoreCount":
				s.priceID += "/" + property.json + " vCPU"
			case "MemorySize":
				s.priceID += "/" + property.json + " GiB"
			}
		}
	}
	return s
}

// mostSKUs bounds how many are kept. A price list has some hundreds.
const mostSKUs = 10_000

// skus are those that have come before.
type skus map[skuKey]*sku

func (s skus) of(service string, c *charge, row *bill.Row) *sku {
	key := keyOf(c, row)
	known := s[key]
	if known == nil {
		known = newSKU(service, c, row)
		for old := range s { // any of them
			if len(s) < mostSKUs {
				break
			}
			delete(s, old)
		}
		s[key] = known
	}
	return known
}
