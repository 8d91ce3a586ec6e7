package billgen

import (
	"encoding/hex"
	"math/rand/v2"
	"strconv"
	"strings"

	"ukcloud_exporter/money"
)

// resource is what stays the same from day to day.
type resource struct {
	project, vapp, vdc, name, id, os, service, metadata string
	size, power, domain, protection                     string

	vcpu, memory, gpus int64
	hourly, license    money.Amount // per hour, while on
	disk, snapshot     [3]int64     // GiB on Tier 1, Tier 2, geo-resilient
	nightly            bool         // off at night
}

// machine is one size of the price list.
type machine struct {
	name         string
	vcpu, memory int64
	hourly       money.Amount
}

func machines() []machine {
	const penny = money.Pound / 100
	return []machine{
		{"Tiny", 1, 2, 9 * penny}, {"Small", 2, 4, 12 * penny}, {"Medium", 4, 8, 22 * penny},
		{"Medium High Memory", 4, 16, 35 * penny}, {"Large", 8, 16, 45 * penny},
		{"Large High Memory", 8, 32, 75 * penny}, {"Tier 1 Apps Small", 8, 48, 60 * penny},
	}
}

func pick(rng *rand.Rand, choices ...string) string { return choices[rng.IntN(len(choices))] }

func newResource(rng *rand.Rand, i int) resource {
	m := machines()[rng.IntN(len(machines()))]
	r := resource{
		name:   "srv-" + pick(rng, "web", "app", "db", "batch", "mail") + "-production-" + strconv.Itoa(10_000+i),
		power:  pick(rng, "ESSENTIAL", "POWER", "PRIORITY"),
		domain: pick(rng, "ASSURED", "ASSURED", "ELEVATED"),
		size:   m.name, vcpu: m.vcpu, memory: m.memory, hourly: m.hourly,
		protection: "None",
	}
	switch k := rng.IntN(100); {
	case k < 80:
		r.vmware(rng)
	case k < 94:
		r.service = pick(rng, "OpenStack Virtual Machine", "OpenStack Instance")
		r.project, r.id = project(rng), uuid(rng)
		r.os, r.size = "Ubuntu 16.04 LTS (amd64 20180112)", pick(rng, "m1.medium", "t1.small")
		r.disk[1] = 60
	default:
		r.service = "OpenStack Block Storage " + pick(rng, "Tier 1", "Tier 2 Encrypted")
		r.project, r.id = project(rng), uuid(rng)
		r.size, r.vcpu, r.memory, r.hourly = "", 0, 0, 0
		r.disk[rng.IntN(3)] = int64(10 + rng.IntN(900))
	}
	return r
}

// vmware gives what only VMware resources have: vApp, VDC, metadata, protection.
func (r *resource) vmware(rng *rand.Rand) {
	r.service = pick(rng, "VMware VM", "VMware VM", "VMware VM", "VMware Dedicated VM")
	r.vdc = "A-POW-Department of Examples (IL2-PROD-BASIC) " + strconv.Itoa(rng.IntN(24))
	r.vapp = "vapp-assured-" + pick(rng, "frontend", "backend", "reporting") + "-" + strconv.Itoa(rng.IntN(60))
	r.id = "urn:vcloud:vm:" + uuid(rng)
	r.os = pick(rng, "CentOS 4/5/6/7 (64-bit)", "Red Hat Enterprise Linux 6 (64-bit)", "Microsoft Windows Server 2012 (64-bit)")
	if strings.HasPrefix(r.os, "Red Hat") {
		r.license = 40_000_000
	}
	switch k := rng.IntN(10); {
	case k < 7: // both forms that the documents name
		r.metadata = `{"application": "example-application-` + strconv.Itoa(rng.IntN(90)) +
			`", "cost_centre": "CC-` + strconv.Itoa(10_000+rng.IntN(500)) +
			`", "environment": "production", "owner": "digital operations team ` + pick(rng, "orange", "violet", "teal") +
			`", "project": "Digital ` + strconv.Itoa(rng.IntN(40)) + `"}`
	case k < 9:
		r.metadata = "application=example-application-" + strconv.Itoa(rng.IntN(90)) + ";cost_centre=CC-" + strconv.Itoa(10_000+rng.IntN(500)) + ";environment=test"
	}
	r.disk[1] = int64(40 + rng.IntN(900))
	if rng.IntN(4) == 0 {
		r.disk[0] = int64(50 + rng.IntN(400))
	}
	if rng.IntN(3) == 0 {
		r.protection = "14 Day Snapshot Protection"
		r.snapshot[1] = int64(rng.IntN(100))
	}
	if rng.IntN(50) == 0 {
		r.gpus = 2
	}
	r.nightly = rng.IntN(8) == 0
}

func uuid(rng *rand.Rand) string {
	s := project(rng)
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

func project(rng *rand.Rand) string {
	var b [16]byte
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return hex.EncodeToString(b[:])
}
