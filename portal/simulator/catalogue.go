package simulator

import (
	"strings"

	"ukcloud_exporter/money"
)

// class is the service level of a VDC. The old names of the VDCs pair with the
// new ones by equal prices: IL2-DEVTEST-BASIC is ESSENTIAL, IL2-PROD-BASIC is
// POWER, IL2-PROD-STANDARD is (weakly) PRIORITY.
type class int

const (
	essential class = iota
	power
	priority
)

// powerType is the PowerType column of the bill.
func (c class) powerType() string {
	return [...]string{"ESSENTIAL", "POWER", "PRIORITY"}[c]
}

// oldName is the suffix of a VDC built before 2016.
func (c class) oldName() string {
	return [...]string{"IL2-DEVTEST-BASIC", "IL2-PROD-BASIC", "IL2-PROD-STANDARD"}[c]
}

// storagePerGiBMonth is the price of a GiB for a month of 730 hours.
func (c class) storagePerGiBMonth() money.Amount {
	if c == priority {
		return 20 * penny
	}
	return 10 * penny
}

const (
	penny         = money.Pound / 100
	milli         = money.Pound / 1000
	hoursPerMonth = 730 // the month by which storage prices are converted
	mibPerGiB     = 1024
)

// shape is a number of vCPUs and an amount of memory in MiB.
type shape struct{ cpus, memory int }

// size is a billed VM size. The recorded answer bills by the next size up that
// holds both vCPUs and memory, so few shapes are the nominal one.
type size struct {
	name       string // as compute_services writes it: "Medium high memory"
	billName   string // as the bill writes it: "Medium High Memory"
	price      [3]money.Amount
	windows    money.Amount // hourly licence
	redHat     money.Amount // hourly licence; 0 where Red Hat is not sold
	protection money.Amount // hourly price of snapshot protection; only Small's is witnessed
	included   int          // GiB of storage included while powered on
	shapes     []weighted[shape]
	next       int // index of the size that a resize leads to
}

// sizes is the catalogue of hourly prices that the recorded answer was made with.
var sizes = []size{
	{"Micro", "Micro", [3]money.Amount{10 * milli, 20 * milli, 0}, 13 * milli, 40 * milli, 10 * milli, 10,
		[]weighted[shape]{{3, shape{1, 512}}}, 1},
	{"Tiny", "Tiny", [3]money.Amount{30 * milli, 90 * milli, 130 * milli}, 13 * milli, 40 * milli, 30 * milli, 60,
		[]weighted[shape]{{253, shape{1, 2048}}, {91, shape{1, 512}}, {30, shape{1, 1024}}, {7, shape{1, 1536}}}, 2},
	{"Small", "Small", [3]money.Amount{40 * milli, 120 * milli, 180 * milli}, 25 * milli, 40 * milli, 60 * milli, 60,
		[]weighted[shape]{{464, shape{2, 4096}}, {37, shape{2, 2048}}, {26, shape{1, 4096}}, {4, shape{2, 3072}}}, 3},
	{"Medium", "Medium", [3]money.Amount{60 * milli, 220 * milli, 300 * milli}, 51 * milli, 40 * milli, 100 * milli, 60,
		[]weighted[shape]{{265, shape{4, 8192}}, {194, shape{2, 8192}}, {18, shape{4, 4096}}, {17, shape{1, 8192}}, {6, shape{2, 6144}}, {1, shape{2, 4192}}}, 4},
	{"Medium high memory", "Medium High Memory", [3]money.Amount{140 * milli, 350 * milli, 430 * milli}, 51 * milli, 40 * milli, 140 * milli, 60,
		[]weighted[shape]{{143, shape{4, 16384}}, {129, shape{2, 16384}}, {4, shape{1, 16384}}, {4, shape{4, 12288}}}, 6},
	{"Large", "Large", [3]money.Amount{180 * milli, 450 * milli, 630 * milli}, 149 * milli, 90 * milli, 180 * milli, 60,
		[]weighted[shape]{{112, shape{8, 16384}}, {3, shape{6, 8192}}, {2, shape{6, 12288}}, {1, shape{8, 8192}}}, 6},
	{"Large high memory", "Large High Memory", [3]money.Amount{350 * milli, 750 * milli, 1000 * milli}, 149 * milli, 90 * milli, 250 * milli, 60,
		[]weighted[shape]{{65, shape{8, 32768}}, {13, shape{4, 32768}}, {9, shape{2, 32768}}, {5, shape{8, 24576}}}, 6},
	{"Tier 1 app small", "Tier 1 Apps Small", [3]money.Amount{0, 600 * milli, 0}, 149 * milli, 0, 300 * milli, 60,
		[]weighted[shape]{{1, shape{8, 49152}}}, 7},
	{"Tier 1 app medium", "Tier 1 Apps Medium", [3]money.Amount{700 * milli, 0, 0}, 149 * milli, 0, 300 * milli, 60,
		[]weighted[shape]{{1, shape{8, 65536}}}, 8},
	{"Tier 1 app large", "Tier 1 Apps Large", [3]money.Amount{950 * milli, 0, 2550 * milli}, 149 * milli, 0, 300 * milli, 60,
		[]weighted[shape]{{2, shape{10, 16384}}, {1, shape{10, 20480}}, {1, shape{16, 32768}}}, 9},
}

// sizeFrequency counts the sizes (indexes into sizes) of the recorded answer by class.
var sizeFrequency = [3][]weighted[int]{
	essential: {{2, 0}, {311, 1}, {207, 2}, {273, 3}, {173, 4}, {15, 5}, {32, 6}, {1, 8}, {3, 9}},
	power:     {{1, 0}, {63, 1}, {290, 2}, {214, 3}, {90, 4}, {95, 5}, {58, 6}, {1, 7}},
	priority:  {{7, 1}, {37, 2}, {17, 3}, {19, 4}, {8, 5}, {3, 6}, {1, 9}},
}

// osFrequency counts the operating systems of the recorded answer, which was
// all Linux; the Windows lines stand for the estates that the price list has a
// licence for.
var osFrequency = []weighted[string]{
	{1117, "CentOS 4/5/6/7 (64-bit)"},
	{401, "Red Hat Enterprise Linux 6 (64-bit)"},
	{291, "Ubuntu Linux (64-bit)"},
	{33, "Other 2.6.x Linux (32-bit)"},
	{20, "Microsoft Windows Server 2012 (64-bit)"},
	{28, "Debian GNU/Linux 6 (64-bit)"},
	{10, "Microsoft Windows Server 2008 R2 (64-bit)"},
	{8, "Other Linux (64-bit)"},
	{7, "Red Hat Enterprise Linux 5 (64-bit)"},
	{1, "Debian GNU/Linux 5 (32-bit)"},
	{1, "Red Hat Enterprise Linux 5 (32-bit)"},
	{1, "Red Hat Enterprise Linux 7 (64-bit)"},
	{1, "Other 2.6.x Linux (64-bit)"},
	{1, "Other 2.4.x Linux (64-bit)"},
}

// storageFrequency counts the storage, in MiB, of the recorded answer.
var storageFrequency = []weighted[int]{
	{917, 51200}, {244, 40960}, {127, 131072}, {126, 61440}, {64, 153600}, {46, 102400}, {25, 204800},
	{21, 16384}, {19, 262144}, {19, 56320}, {18, 3328000}, {18, 2713600}, {15, 71680}, {13, 163840},
	{12, 768000}, {10, 256000}, {10, 675840}, {9, 143360}, {8, 1064960}, {8, 4198400}, {6, 524288},
	{6, 2099200}, {5, 8192}, {5, 30720}, {5, 4147200}, {4, 83968}, {4, 299008}, {3, 420865}, {1, 5672960},
	{20, 1536000}, {10, 1996800}, {9, 3788800}, {7, 4034560},
}

// licence returns the hourly price of an operating system on a size.
func (s *size) licence(os string) money.Amount {
	switch {
	case strings.HasPrefix(os, "Microsoft Windows"):
		return s.windows
	case strings.HasPrefix(os, "Red Hat"):
		return s.redHat
	default:
		return 0
	}
}
