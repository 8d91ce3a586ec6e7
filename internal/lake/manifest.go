package lake

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"ukcloud_exporter/internal/bill"
	"ukcloud_exporter/money"
)

// manifestName is the manifest's name in the directory of its month. Engines pass
// over names that begin with an underscore.
const manifestName = "_manifest.json"

// Manifest says what a month of a data set holds.
type Manifest struct {
	BillingPeriod string `json:"billing_period"`
	Schema        string `json:"schema"` // evidence, or focus and its version
	Format        Format `json:"format"`
	Rows          int64  `json:"rows"`
	Cost          Pounds `json:"cost_gbp"` // without VAT
	Files         []File `json:"files"`    // by account, then compute service
}

// File is one compute service's bill of the month.
type File struct {
	Path     string `json:"path"` // from the month's directory
	Account  string `json:"account"`
	VOrg     string `json:"vorg"`
	Rows     int64  `json:"rows"`          // in the file
	BillRows int64  `json:"bill_rows"`     // of the bill, which may be several in FOCUS
	Rejected int64  `json:"rows_rejected"` // that cannot be read and are in no sum
	Late     int64  `json:"rows_late"`     // of days outside the month, of BillRows
	Cost     Pounds `json:"cost_gbp"`
	Bytes    int64  `json:"bytes"`
	SHA256   string `json:"sha256"`
	// CSVSHA256 is of the CSV that it was written from, as the portal gave it.
	CSVSHA256 string `json:"csv_sha256,omitempty"`
}

// Pounds is an amount that JSON holds as text, exactly.
type Pounds money.Amount

// MarshalText implements encoding.TextMarshaler.
func (p Pounds) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (p *Pounds) UnmarshalText(text []byte) error {
	amount, err := money.Parse(text)
	*p = Pounds(amount)
	return err
}

func (p Pounds) String() string { return money.Amount(p).String() }

// sum adds up the files.
func (m *Manifest) sum() error {
	slices.SortFunc(m.Files, func(a, b File) int {
		return cmp.Or(strings.Compare(a.Account, b.Account), strings.Compare(a.VOrg, b.VOrg))
	})
	m.Rows, m.Cost = 0, 0
	for _, f := range m.Files {
		m.Rows += f.Rows
		cost, ok := money.Amount(m.Cost).Add(money.Amount(f.Cost))
		if !ok {
			return fmt.Errorf("%s: sum is out of range", m.BillingPeriod)
		}
		m.Cost = Pounds(cost)
	}
	return nil
}

// monthName is the directory of a month.
func monthName(m bill.Month) string { return "billing_period=" + m.String() }

// readManifest reads the manifest of a month, nil where the month is not there.
func readManifest(dir string) (*Manifest, error) {
	content, err := os.ReadFile(filepath.Join(dir, manifestName))
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Lstat(dir); errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		return nil, fmt.Errorf("%s has no %s: it is not of this program, and is not replaced", dir, manifestName)
	}
	if err != nil {
		return nil, err
	}
	m := &Manifest{}
	if err := json.Unmarshal(content, m); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, manifestName), err)
	}
	for _, f := range m.Files {
		if !filepath.IsLocal(f.Path) {
			return nil, fmt.Errorf("%s: the path %q leaves the directory", filepath.Join(dir, manifestName), f.Path)
		}
	}
	return m, nil
}

// CSVSum returns the SHA-256 of the CSV from which a compute service's bill was written
// into a directory, in hexadecimal digits; "" where it has no such bill.
func CSVSum(dir, account, vorg string, month bill.Month) (string, error) {
	m, err := readManifest(filepath.Join(dir, monthName(month)))
	if err != nil || m == nil {
		return "", err
	}
	for _, f := range m.Files {
		if f.Account == account && f.VOrg == vorg {
			return f.CSVSHA256, nil
		}
	}
	return "", nil
}

// partition writes a value of a partition as Hive does, so that any text is one name
// of a directory.
func partition(key, value string) string {
	if value == "" {
		return key + "=__HIVE_DEFAULT_PARTITION__"
	}
	return key + "=" + escape(value)
}

// escape writes everything but letters, digits and a few signs as % and two digits.
func escape(name string) string {
	var b strings.Builder
	for i := range len(name) {
		c := name[i]
		if c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c == '-' || c == '_' && i > 0 || c == '.' && i > 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
