package focus

import (
	"strings"

	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/internal/bill"
	"ukcloud_exporter/money"
)

// details are what a price is for (SkuPriceDetails), in the order in which they are
// written. They are for one pricing unit: an hour of the machine, a GiB of the storage,
// one GPU. All charges of one SkuPriceId have the same, because it is made of them.
type details []detail

type detail struct{ key, json string }

func (d *details) text(key, value string) {
	if value != "" {
		*d = append(*d, detail{key, bill.QuoteJSON(value)})
	}
}

func (d *details) number(key string, value money.Amount, valid bool) {
	if valid && value > 0 {
		*d = append(*d, detail{key, value.String()})
	}
}

func (d details) json() string {
	if len(d) == 0 {
		return ""
	}
	var b strings.Builder
	for i, property := range d {
		b.WriteString([]string{"{", ","}[min(i, 1)])
		b.WriteString(bill.QuoteJSON(property.key))
		b.WriteByte(':')
		b.WriteString(property.json)
	}
	b.WriteByte('}')
	return b.String()
}

// detailsOf has what the bill knows of the thing that the charge is for.
func detailsOf(c *charge, row *bill.Row) (d details) {
	switch c.component {
	case bill.Component(csvparse.Compute):
		d.number("CoreCount", row.VCPU.Value, row.VCPU.Valid)
		d.text("InstanceType", row.MachineType)
		d.number("MemorySize", gibibytes(row.Memory.Value), row.Memory.Valid)
	case bill.Component(csvparse.GPU):
		d.number("GpuCount", money.One, true)
		d.text("x_GpuType", row.GPUType)
	case bill.Component(csvparse.StorageTier1), bill.Component(csvparse.StorageTier2), bill.Component(csvparse.StorageGeo):
		d.number("DiskSpace", money.One, true)
		d.text("StorageClass", strings.TrimSuffix(c.meter, " Storage"))
	case bill.Component(csvparse.Protection):
		d.text("x_ProtectionType", row.ProtectionType)
	case bill.Component(csvparse.Licence):
		d.text("InstanceType", row.MachineType)
		d.text("OperatingSystem", systemFamily(row.OSID))
		d.text("x_OperatingSystemName", row.OSID)
	}
	if c.component != bill.Component(csvparse.GPU) && c.component != bill.Other {
		d.text("x_PowerType", row.PowerType)
	}
	return d
}

// gibibytes reads the memory of a machine. The invoice evidence file has it in GiB and
// the API reference in MB: no machine of the portal has 512 GiB, and none had 512 MB
// but the smallest.
func gibibytes(memory money.Amount) money.Amount {
	if memory < 512*money.One {
		return memory
	}
	return memory / 1024
}

// systemFamily names the family of an operating system, "" where the text says none.
func systemFamily(name string) string {
	lower := strings.ToLower(name)
	if strings.Contains(lower, "windows") {
		return "Windows"
	}
	for _, linux := range []string{"linux", "centos", "red hat", "rhel", "ubuntu", "debian", "suse", "sles", "fedora"} {
		if strings.Contains(lower, linux) {
			return "Linux"
		}
	}
	return ""
}
