package portal

import (
	"context"
	"net/http"

	"github.com/go-json-experiment/json/jsontext"

	"ukcloud_exporter/money"
)

var myVMRoute = &route{method: http.MethodGet, endpoint: "/api/my_vm"}

// MyVM is the answer of GET /api/my_vm.
type MyVM struct {
	Accounts []MyVMAccount
	Warning  string // "This endpoint has been deprecated. …" since October 2016
}

// MyVMAccount is one account of GET /api/my_vm. Name is "" in the API
// reference's shape, where the key is the word account and the values are flat.
type MyVMAccount struct {
	Name  string
	VApps []MyVApp
	VMs   []MyVMMachine
}

// MyVApp is a vApp of GET /api/my_vm.
type MyVApp struct {
	VDCName string `json:"-"` // "" in the API reference's shape

	URN         string                 `json:"urn"`
	Name        string                 `json:"name"`
	PowerState  string                 `json:"ps"`
	TotalVMs    Optional[int64]        `json:"total_vms"`
	MonthToDate Optional[money.Amount] `json:"month_to_date"`           // pounds
	Estimate    Optional[money.Amount] `json:"estimated_monthly_total"` // pounds
}

// MyVMMachine is a VM of GET /api/my_vm, which shows at most ten per VDC.
type MyVMMachine struct {
	VDCName string `json:"-"` // "" in the API reference's shape

	URN        string `json:"urn"`
	Name       string `json:"name"`
	Size       string `json:"size"`
	OS         string `json:"os"`
	PowerState string `json:"ps"`

	MonthToDate Optional[money.Amount] `json:"month_to_date"`           // pounds
	Estimate    Optional[money.Amount] `json:"estimated_monthly_total"` // pounds

	// Billed hours since the first of the month.
	HoursOn  Optional[int64] `json:"billed_hours_powered_on"`
	HoursOff Optional[int64] `json:"billed_hours_powered_off"`

	LastBackupStatus string         `json:"last_backup_status"`
	LastBackup       string         `json:"last_backup"`
	InBackup         Optional[bool] `json:"in_backup"`
	Backups          []Backup       `json:"backups"`
}

// MyVM lists up to ten VMs per VDC and all vApps (API reference, GET /api/my_vm;
// deprecated since October 2016, removed in December 2020). Two shapes are read:
// the reference's, {"account":{"vapps":[…],"vms":[…]}} with the objects flat in
// the lists, and the one that two clients of the live API agree on,
// {"<account>":{"vapps":[{"<VDC>":[…]}],…},…,"warning":"…"}.
func (c *Client) MyVM(ctx context.Context) (MyVM, error) {
	return plain(c.Conditional().MyVM(ctx, nil))
}

// MyVM is Client.MyVM with the answer before.
func (c Conditional) MyVM(ctx context.Context, prev *Answer[MyVM]) (*Answer[MyVM], error) {
	return fetch(ctx, c.Client, request{route: myVMRoute}, prev, (*reader).myVM)
}

// maxGroup bounds what is read at once: a VM, or the group with all vApps of a VDC,
// some 150 bytes each. An account with all its VDCs is read piece by piece.
const maxGroup = 8 << 20

func (r *reader) myVM() (MyVM, error) {
	var answer MyVM
	err := r.answer("an object", func(name string) (err error) {
		if name == "warning" {
			answer.Warning, err = r.textMember()
			return err
		}
		account, err := r.myVMAccount(name)
		answer.Accounts = append(answer.Accounts, account)
		return err
	})
	if err != nil {
		return MyVM{}, err
	}
	return answer, nil
}

// myVMAccount reads the lists of one account. Under the key "account" with flat
// lists the key is the reference's placeholder, not a name.
func (r *reader) myVMAccount(name string) (MyVMAccount, error) {
	account := MyVMAccount{Name: name}
	if r.json.PeekKind() != jsontext.KindBeginObject {
		return account, r.skipWrong("an account")
	}
	if err := r.oneMore(); err != nil {
		return account, err
	}
	byVDC := false
	err := r.members(func(list string) (err error) {
		r.in.allow(maxGroup)
		switch list {
		case "vapps":
			account.VApps, err = grouped(r, list, &byVDC, (*walker).myVApp)
		case "vms":
			account.VMs, err = grouped(r, list, &byVDC, (*walker).myVMMachine)
		default:
			err = r.skip()
		}
		return err
	})
	if name == "account" && !byVDC {
		account.Name = ""
	}
	return account, err
}

// grouped reads a list whose elements are objects, or groups of objects by VDC:
// {"<VDC>":[…]}. It notes whether there were groups.
func grouped[T any](r *reader, list string, groups *bool, read func(w *walker, r *reader, vdc string) T) ([]T, error) {
	var items []T
	add := func(w *walker, vdc string) error {
		if w.kind() != jsontext.KindBeginObject {
			w.skip()
			r.wrongKind(list)
			return nil
		}
		r.objects++
		items = append(items, read(w, r, vdc))
		return r.bounded()
	}
	if r.json.PeekKind() != jsontext.KindBeginArray {
		return nil, r.skipWrong(list)
	}
	err := r.elements(func() error {
		r.in.allow(maxGroup)
		value, err := r.json.ReadValue()
		if err != nil {
			return r.failure(err)
		}
		w := r.walk(value)
		if !isGroup(value) {
			return add(w, "")
		}
		*groups = true
		for w.open(); w.more(); {
			vdc := string(w.name())
			if w.kind() != jsontext.KindBeginArray {
				w.skip()
				r.wrongKind(list)
				continue
			}
			for w.open(); w.more(); {
				if err := add(w, vdc); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil || items == nil {
		return nil, err
	}
	return exact(items), nil
}

// isGroup tells {"<VDC>":[…]} from an object with fields: a group has lists alone,
// an object at least one plain value.
func isGroup(value jsontext.Value) bool {
	if value.Kind() != jsontext.KindBeginObject {
		return false
	}
	lists := false
	w := walker{json: value}
	for w.open(); w.more(); w.skip() {
		w.name()
		switch w.kind() {
		case jsontext.KindBeginArray:
			lists = true
		case jsontext.KindBeginObject:
		default:
			return false
		}
	}
	return lists
}

func (w *walker) myVApp(r *reader, vdc string) MyVApp {
	v := MyVApp{VDCName: vdc}
	for w.open(); w.more(); {
		switch string(w.name()) {
		case "urn":
			v.URN = w.ownText(r)
		case "name":
			v.Name = w.ownText(r)
		case "ps":
			v.PowerState = w.text(r)
		case "total_vms":
			v.TotalVMs = parsed(w, r, parseInteger)
		case "month_to_date":
			v.MonthToDate = parsed(w, r, parseAmount)
		case "estimated_monthly_total":
			v.Estimate = parsed(w, r, parseAmount)
		default:
			w.skip()
		}
	}
	return v
}

func (w *walker) myVMMachine(r *reader, vdc string) MyVMMachine {
	v := MyVMMachine{VDCName: vdc}
	for w.open(); w.more(); {
		switch string(w.name()) {
		case "urn":
			v.URN = w.ownText(r)
		case "name":
			v.Name = w.ownText(r)
		case "size":
			v.Size = w.text(r)
		case "os":
			v.OS = w.text(r)
		case "ps":
			v.PowerState = w.text(r)
		case "month_to_date":
			v.MonthToDate = parsed(w, r, parseAmount)
		case "estimated_monthly_total":
			v.Estimate = parsed(w, r, parseAmount)
		case "billed_hours_powered_on":
			v.HoursOn = parsed(w, r, parseInteger)
		case "billed_hours_powered_off":
			v.HoursOff = parsed(w, r, parseInteger)
		case "last_backup_status":
			v.LastBackupStatus = w.text(r)
		case "last_backup":
			v.LastBackup = w.text(r)
		case "in_backup":
			v.InBackup = parsed(w, r, parseBoolean)
		case "backups":
			v.Backups = w.backups(r, "backups", nil)
		default:
			w.skip()
		}
	}
	return v
}
