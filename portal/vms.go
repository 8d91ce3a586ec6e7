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
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

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
	if page.vorgs, err = r.estate(); err != nil {
		return nil, c.answerError(computeServicesRoute, resp, err)
	}
	page.malformed = r.malformed
	return page, nil
}

// estate reads one page.
func (r *reader) estate() (Estate, error) {
	var page struct {
		VOrgs []*VOrg `json:"vOrgs"`
		said
	}
	err := r.object(`an object with "vOrgs"`, &page, r.estateKinds())
	switch {
	case err != nil:
		return nil, err
	case page.VOrgs == nil:
		return nil, unexpected(`an object with "vOrgs"`)
	}
	for _, vorg := range page.VOrgs {
		vorg.link()
	}
	return page.VOrgs, nil
}

// estateKinds refuses null, anything but a list, and anything but objects in it,
// where the estate is listed: it must not look empty.
func (r *reader) estateKinds() *json.Unmarshalers {
	return json.JoinUnmarshalers(
		required[[]*VOrg](r), required[*VOrg](r),
		required[[]*VDC](r), required[*VDC](r),
		required[[]*VApp](r), required[*VApp](r),
		required[[]*VM](r), required[*VM](r),
	)
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
	var answer struct {
		said
		VOrg
	}
	err := r.object("a compute service", &answer, r.estateKinds())
	if err == nil && answer.VDCs == nil {
		err = unexpected(`an object with "VDCs"`)
	}
	answer.VOrg.link()
	return &answer.VOrg, err
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

// Backup is one backup of a VM. Times are UTC, read from Europe/London wall
// clock.
type Backup struct {
	Status, Slot string

	Start, End                               Optional[time.Time]
	SnapshotRemovalStart, SnapshotRemovalEnd Optional[time.Time]
}

// sentBackup is a backup as compute_services and, with other spellings, my_vm send
// it.
type sentBackup struct {
	Status       string              `json:"status"`
	Slot         string              `json:"backupSlot,case:ignore"`
	Start        Optional[wallClock] `json:"backupStart,case:ignore"`
	End          Optional[wallClock] `json:"backupEnd,case:ignore"`
	RemovalStart Optional[wallClock] `json:"snapshotRemovalStart,case:ignore"`
	RemovalEnd   Optional[wallClock] `json:"snapshotRemovalEnd,case:ignore"`
}

// backups reads a list of backups. Nothing about a VM fails because of it.
func (r *reader) backups(d *jsontext.Decoder, list *[]Backup) error {
	*list = nil // the reference's example has members twice
	switch d.PeekKind() {
	case jsontext.KindBeginArray:
	case jsontext.KindNull:
		return d.SkipValue()
	default:
		r.count(d)
		return d.SkipValue()
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for d.PeekKind() != jsontext.KindEndArray {
		if r.objects++; r.objects > maxObjects {
			return errTooLarge
		}
		if kind := d.PeekKind(); kind != jsontext.KindBeginObject {
			if kind != jsontext.KindNull {
				r.count(d)
			}
			if err := d.SkipValue(); err != nil {
				return err
			}
			continue
		}
		r.sent = sentBackup{}
		if err := json.UnmarshalDecode(d, &r.sent); err != nil {
			return err
		}
		*list = append(*list, r.sent.backup())
	}
	_, err := d.ReadToken()
	return err
}

func (s *sentBackup) backup() Backup {
	b := Backup{Status: s.Status, Slot: s.Slot}
	b.Start = notBefore(s.Start, Optional[time.Time]{})
	b.End = notBefore(s.End, b.Start)
	b.SnapshotRemovalStart = notBefore(s.RemovalStart, b.Start)
	b.SnapshotRemovalEnd = notBefore(s.RemovalEnd, b.SnapshotRemovalStart)
	return b
}

// notBefore turns a wall clock time into an instant, given the one it follows.
func notBefore(at Optional[wallClock], start Optional[time.Time]) Optional[time.Time] {
	if !at.Valid {
		return Optional[time.Time]{}
	}
	return some(at.Value.notBefore(start))
}
