package portal

import (
	"context"
	"net/http"

	"github.com/go-json-experiment/json"
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

func (r *reader) myVM() (MyVM, error) {
	var answer struct {
		said
		Warning  string         `json:"warning"`
		Accounts jsontext.Value `json:",embed"`
	}
	if err := r.object("an object", &answer); err != nil {
		return MyVM{}, err
	}
	result := MyVM{Warning: answer.Warning}
	for name, value := range members(answer.Accounts) {
		account, err := r.myVMAccount(name, value)
		if err != nil {
			return MyVM{}, err
		}
		result.Accounts = append(result.Accounts, account)
	}
	return result, nil
}

// myVMAccount reads the lists of one account. Under the key "account" with flat
// lists the key is the reference's placeholder, not a name.
func (r *reader) myVMAccount(name string, value jsontext.Value) (MyVMAccount, error) {
	type lists struct {
		VApps []MyVApp      `json:"vapps"`
		VMs   []MyVMMachine `json:"vms"`
	}
	var sent lists
	byVDC := false
	err := r.nested(value, &sent, required[lists](r),
		grouped(r, &byVDC, func(v *MyVApp, vdc string) { v.VDCName = vdc }),
		grouped(r, &byVDC, func(v *MyVMMachine, vdc string) { v.VDCName = vdc }),
	)
	if name == "account" && !byVDC {
		name = ""
	}
	return MyVMAccount{Name: name, VApps: sent.VApps, VMs: sent.VMs}, err
}

// grouped reads a list whose elements are objects, or groups of objects by VDC:
// {"<VDC>":[…]}. It notes whether there were groups.
func grouped[T any](r *reader, groups *bool, inVDC func(item *T, vdc string)) *json.Unmarshalers {
	return json.UnmarshalFromFunc(func(d *jsontext.Decoder, items *[]T) error {
		*items = nil
		add := func(value jsontext.Value, vdc string) error {
			var item T
			if err := r.nested(value, &item, required[T](r)); err != nil {
				return err
			}
			inVDC(&item, vdc)
			*items = append(*items, item)
			return nil
		}
		return elements(d, func(value jsontext.Value) error {
			if !isGroup(value) {
				return add(value, "")
			}
			*groups = true
			for vdc, list := range members(value) {
				err := elements(newJSON(list), func(value jsontext.Value) error { return add(value, vdc) })
				if err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// isGroup tells {"<VDC>":[…]} from an object with fields: a group has lists alone,
// an object at least one plain value.
func isGroup(value jsontext.Value) bool {
	if value.Kind() != jsontext.KindBeginObject {
		return false
	}
	plain, lists := false, false
	for _, v := range members(value) {
		switch v.Kind() {
		case jsontext.KindBeginArray:
			lists = true
		case jsontext.KindBeginObject:
		default:
			plain = true
		}
	}
	return lists && !plain
}
