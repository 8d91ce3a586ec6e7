package portal

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"ukcloud_exporter/money"
)

var (
	computeServicesRoute = &route{method: http.MethodGet, endpoint: "/api/accounts/:account_id/compute_services"}
	computeServiceRoute  = &route{method: http.MethodGet, endpoint: "/api/accounts/:account_id/compute_services/:vorg_id"}
)

const (
	// vorgsPerPage is what is asked for, and the portal's own default for per_page.
	vorgsPerPage = 25
	// maxPages ends a portal that has something new on each page for ever.
	maxPages = 400
)

// Estate is what compute_services lists of an account, in the portal's order. It
// is shared by all who asked: do not change it.
type Estate []*VOrg

// VMs returns all VMs of the estate.
func (e Estate) VMs() iter.Seq[*VM] {
	return func(yield func(*VM) bool) {
		for vdc := range e.VDCs() {
			for _, vapp := range vdc.VApps {
				for _, vm := range vapp.VMs {
					if !yield(vm) {
						return
					}
				}
			}
		}
	}
}

// VDCs returns all VDCs of the estate.
func (e Estate) VDCs() iter.Seq[*VDC] {
	return func(yield func(*VDC) bool) {
		for _, vorg := range e {
			for _, vdc := range vorg.VDCs {
				if !yield(vdc) {
					return
				}
			}
		}
	}
}

// VOrg is a compute service.
type VOrg struct {
	Name      string `json:"name"`
	ServiceID string `json:"serviceId"` // for example 1-1-1-9836cf; the org_id of billing-csv
	URN       string `json:"urn"`       // recorded also as a bare UUID
	VDCs      []*VDC `json:"VDCs"`
}

// VDC is a virtual data centre of a vOrg.
type VDC struct {
	VOrg  *VOrg   `json:"-"`
	Name  string  `json:"name"`
	URN   string  `json:"urn"`
	VApps []*VApp `json:"vApps"`
}

// VApp is a group of VMs in a VDC. Recorded: a vApp whose URN is
// "urn:vcloud:vapp:" with nothing behind it, and vApps without VMs.
type VApp struct {
	VDC  *VDC   `json:"-"`
	Name string `json:"name"`
	URN  string `json:"urn"`
	VMs  []*VM  `json:"VMs"`
}

// VM is one virtual machine of compute_services. Every field may be absent:
// clients of the live API had to make even the billed hours nullable. Texts are as
// sent, "" when absent or null. The portal's _id is left out, since it is not
// unique within an account.
type VM struct {
	VApp *VApp `json:"-"`

	URN         string `json:"urn"`
	Name        string `json:"name"`
	Size        string `json:"size"`
	OS          string `json:"operatingSystem"`
	PowerStatus string `json:"powerStatus"`

	CPUs       Optional[int64] `json:"numberOfCPUs"`
	MemoryMiB  Optional[int64] `json:"memory"`
	StorageMiB Optional[int64] `json:"storage"`

	MonthToDate Optional[money.Amount] `json:"monthToDate"`           // pounds since the first of the month
	Estimate    Optional[money.Amount] `json:"estimatedMonthlyTotal"` // pounds for the whole month; null at its beginning

	// Billed hours since the first of the month.
	HoursOn  Optional[int64] `json:"billedHoursPoweredOn"`
	HoursOff Optional[int64] `json:"billedHoursPoweredOff"`

	LastBackupStatus string          `json:"lastBackupStatus"`
	LastBackup       string          `json:"lastBackup"`
	InBackup         Optional[bool]  `json:"inBackup"`
	RetentionDays    Optional[int64] `json:"retentionLength"`
	Backups          []Backup        `json:"backups"` // newest first, as sent
}

// ComputeServices lists every vOrg, VDC, vApp and VM of an account, all pages of
// them (API reference, GET /api/accounts/:account_id/compute_services).
func (c *Client) ComputeServices(ctx context.Context, accountID string) (Estate, error) {
	return plain(c.Conditional().ComputeServices(ctx, accountID, nil))
}

// ComputeServices is Client.ComputeServices with the answer before. A page that has
// not changed is not read again.
func (c Conditional) ComputeServices(ctx context.Context, accountID string, prev *Answer[Estate]) (*Answer[Estate], error) {
	var before []*computePage
	if prev != nil {
		before = prev.pages
	}
	answer := &Answer[Estate]{Value: Estate{}, Malformed: map[string]int{}}
	for page, err := range c.computePages(ctx, accountID, before) {
		if err != nil {
			return nil, err
		}
		answer.pages = append(answer.pages, page.computePage)
		answer.Value = append(answer.Value, page.fresh...)
		for field, n := range page.malformed {
			answer.Malformed[field] += n
		}
	}
	if prev != nil && slices.Equal(answer.pages, before) {
		return prev, nil
	}
	return answer, nil
}

// VMs goes through the VMs of an account, reading compute_services page by page. It
// ends behind the first error.
func (c *Client) VMs(ctx context.Context, accountID string) iter.Seq2[*VM, error] {
	return func(yield func(*VM, error) bool) {
		for page, err := range c.computePages(ctx, accountID, nil) {
			if err != nil {
				yield(nil, err)
				return
			}
			for vm := range page.fresh.VMs() {
				if !yield(vm, nil) {
					return
				}
			}
		}
	}
}

// computePage is one page with its validator.
type computePage struct {
	etag      string
	vorgs     Estate
	malformed map[string]int
}

// newPage is a page with those of its vOrgs that no page before had: a vOrg that
// was made meanwhile moves another one to the next page.
type newPage struct {
	*computePage
	fresh Estate
}

// computePages reads one page after the other. Those of before that are still good
// come again as they are.
func (c *Client) computePages(ctx context.Context, accountID string, before []*computePage) iter.Seq2[newPage, error] {
	return func(yield func(newPage, error) bool) {
		seen := map[string]bool{}
		for number := range maxPages {
			var old *computePage
			if number < len(before) {
				old = before[number]
			}
			page, err := c.computePage(ctx, accountID, number+1, old)
			if err != nil {
				yield(newPage{}, err)
				return
			}
			fresh := page.vorgs.without(seen)
			// More than asked for: the portal knows no pages (before October 2016) and
			// has sent everything. Nothing new: it sends the same whatever the page.
			if !yield(newPage{page, fresh}, nil) || len(page.vorgs) != vorgsPerPage || len(fresh) == 0 {
				return
			}
		}
		yield(newPage{}, c.secrets.newError(computeServicesRoute, nil, fmt.Errorf("%w: no end after %d pages", errTooLarge, maxPages)))
	}
}

// without returns the vOrgs that are not in seen, and adds them to it. What cannot be
// told apart is new, and so is what one page has twice.
func (e Estate) without(seen map[string]bool) Estate {
	var fresh Estate
	for _, vorg := range e {
		if id := vorg.identity(); id == "" || !seen[id] {
			fresh = append(fresh, vorg)
		}
	}
	for _, vorg := range fresh {
		if id := vorg.identity(); id != "" {
			seen[id] = true
		}
	}
	return fresh
}

// identity tells vOrgs apart, "" when nothing that could is known.
func (v *VOrg) identity() string {
	if v.ServiceID != "" {
		return v.ServiceID
	}
	return v.URN
}

// computePage returns one page, or old when the portal says that it is still good.
func (c *Client) computePage(ctx context.Context, accountID string, number int, old *computePage) (*computePage, error) {
	etag := ""
	if old != nil {
		etag = old.etag
	}
	query := url.Values{"page": {strconv.Itoa(number)}, "per_page": {strconv.Itoa(vorgsPerPage)}}
	resp, err := c.get(ctx, computeServicesRoute, etag, query, accountID)
	switch {
	case old != nil && errors.Is(err, ErrNotModified):
		return old, nil
	case err != nil:
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	page := &computePage{etag: tagOf(resp)}
	r := newReader(resp.Body, maxValue, c.london)
	if old != nil {
		r.before = slices.Collect(old.vorgs.VMs())
	}
	if page.vorgs, err = r.estate(); err != nil {
		return nil, c.answerError(computeServicesRoute, resp, err)
	}
	page.malformed = r.malformed
	return page, nil
}

// estate reads one page.
func (r *reader) estate() (Estate, error) {
	const want = `an object with "vOrgs"`
	var vorgs Estate
	err := r.answer(want, func(name string) (err error) {
		if name != "vOrgs" {
			return r.skip()
		}
		vorgs, err = objects(r, name, r.vorgObject)
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case vorgs == nil:
		return nil, unexpected(want)
	}
	for _, vorg := range vorgs {
		vorg.link()
	}
	return vorgs, nil
}

func (r *reader) vorgObject() (*VOrg, error) {
	vorg := new(VOrg)
	return vorg, r.members(vorg.reading(r))
}

// reading returns what reads a member of a vOrg.
func (v *VOrg) reading(r *reader) func(string) error {
	return func(name string) (err error) {
		switch name {
		case "name":
			v.Name, err = r.textMember()
		case "serviceId":
			v.ServiceID, err = r.textMember()
		case "urn":
			v.URN, err = r.textMember()
		case "VDCs":
			v.VDCs, err = objects(r, name, r.vdcObject)
		default:
			err = r.skip()
		}
		return err
	}
}

func (r *reader) vdcObject() (*VDC, error) {
	vdc := new(VDC)
	return vdc, r.members(func(name string) (err error) {
		switch name {
		case "name":
			vdc.Name, err = r.textMember()
		case "urn":
			vdc.URN, err = r.textMember()
		case "vApps":
			vdc.VApps, err = objects(r, name, r.vappObject)
		default:
			err = r.skip()
		}
		return err
	})
}

func (r *reader) vappObject() (*VApp, error) {
	vapp := new(VApp)
	return vapp, r.members(func(name string) (err error) {
		switch name {
		case "name":
			vapp.Name, err = r.textMember()
		case "urn":
			vapp.URN, err = r.textMember()
		case "VMs":
			vapp.VMs, err = objects(r, name, r.vmObject)
		default:
			err = r.skip()
		}
		return err
	})
}

// vmsAtOnce are allocated together: they fill 8 KiB.
const vmsAtOnce = 29

func (r *reader) vmObject() (*VM, error) {
	value, err := r.json.ReadValue()
	if err != nil {
		return nil, r.failure(err)
	}
	if r.vmsTaken == len(r.vms) {
		r.vms, r.vmsTaken = make([]VM, vmsAtOnce), 0
	}
	vm := &r.vms[r.vmsTaken]
	r.vmsTaken++
	before := &r.none
	if r.vmsRead < len(r.before) {
		before = r.before[r.vmsRead]
	}
	r.vmsRead++
	r.walk(value).vm(r, vm, before)
	return vm, r.bounded()
}

// vm reads a VM. What is in memory already of the one that was in its place before is
// shared with it: both answers are held while one is replaced by the other.
func (w *walker) vm(r *reader, v, before *VM) {
	var urn, name []byte
	for w.open(); w.more(); {
		switch string(w.name()) {
		case "urn":
			urn = w.lasting(r)
		case "name":
			name = w.lasting(r)
		case "size":
			v.Size = w.text(r)
		case "operatingSystem":
			v.OS = w.text(r)
		case "powerStatus":
			v.PowerStatus = w.text(r)
		case "numberOfCPUs":
			v.CPUs = parsed(w, r, parseInteger)
		case "memory":
			v.MemoryMiB = parsed(w, r, parseInteger)
		case "storage":
			v.StorageMiB = parsed(w, r, parseInteger)
		case "monthToDate":
			v.MonthToDate = parsed(w, r, parseAmount)
		case "estimatedMonthlyTotal":
			v.Estimate = parsed(w, r, parseAmount)
		case "billedHoursPoweredOn":
			v.HoursOn = parsed(w, r, parseInteger)
		case "billedHoursPoweredOff":
			v.HoursOff = parsed(w, r, parseInteger)
		case "lastBackupStatus":
			v.LastBackupStatus = w.text(r)
		case "lastBackup":
			v.LastBackup = w.text(r)
		case "inBackup":
			v.InBackup = parsed(w, r, parseBoolean)
		case "retentionLength":
			v.RetentionDays = parsed(w, r, parseInteger)
		case "backups":
			v.Backups = w.backups(r, "backups", before.Backups)
		default:
			w.skip()
		}
	}
	if string(urn) == before.URN && string(name) == before.Name {
		v.URN, v.Name = before.URN, before.Name
		return
	}
	r.scratch = append(append(r.scratch[:0], urn...), name...)
	both := string(r.scratch)
	v.URN, v.Name = both[:len(urn)], both[len(urn):]
}

// ComputeService lists the VDCs, vApps and VMs of one compute service (API
// reference, GET /api/accounts/:account_id/compute_services/:vorg_id; never
// recorded). vorgID is an ID of VOrgs or the part of it behind the dash.
func (c *Client) ComputeService(ctx context.Context, accountID, vorgID string) (*VOrg, error) {
	return plain(c.Conditional().ComputeService(ctx, accountID, vorgID, nil))
}

// ComputeService is Client.ComputeService with the answer before.
func (c Conditional) ComputeService(ctx context.Context, accountID, vorgID string, prev *Answer[*VOrg]) (*Answer[*VOrg], error) {
	r := request{route: computeServiceRoute, parameters: []string{accountID, vorgNumber(vorgID)}}
	return fetch(ctx, c.Client, r, prev, (*reader).vorg)
}

func (r *reader) vorg() (*VOrg, error) {
	vorg := new(VOrg)
	err := r.answer("a compute service", vorg.reading(r))
	if err == nil && vorg.VDCs == nil {
		err = unexpected(`an object with "VDCs"`)
	}
	vorg.link()
	return vorg, err
}

// link tells the children who their parents are.
func (v *VOrg) link() {
	for _, vdc := range v.VDCs {
		vdc.VOrg = v
		for _, vapp := range vdc.VApps {
			vapp.VDC = vdc
			for _, vm := range vapp.VMs {
				vm.VApp = vapp
			}
		}
	}
}
