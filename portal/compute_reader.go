package portal

import (
	"bytes"
	"io"
	"maps"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// maxHeld bounds the children of one vOrg that must be held back until it is
// known which vOrg they belong to.
const maxHeld = 64 << 20

// computeReader reads the pages of compute_services, telling the visitor of one
// object at a time.
type computeReader struct {
	visit  ComputeVisitor
	london *time.Location
	texts  map[string]string // interned, over all pages
	vm     VM                // reused
	seen   map[string]bool   // the vOrgs of the pages before
}

func newComputeReader(v ComputeVisitor, london *time.Location) *computeReader {
	if v.Begin == nil {
		v.Begin = func() {}
	}
	if v.VOrg == nil {
		v.VOrg = func(*VOrg) {}
	}
	if v.VDC == nil {
		v.VDC = func(*VDC) {}
	}
	if v.VApp == nil {
		v.VApp = func(*VApp) {}
	}
	if v.VM == nil {
		v.VM = func(*VM) {}
	}
	if v.Malformed == nil {
		v.Malformed = func(string) {}
	}
	return &computeReader{visit: v, london: london, texts: make(map[string]string), seen: make(map[string]bool)}
}

// page reads one page. It returns how many vOrgs were on it, and how many of them
// were on no page before.
func (r *computeReader) page(body io.Reader) (vorgs, fresh int, err error) {
	d := newDecoder(body, maxValue)
	d.texts, d.malformed, d.london = r.texts, r.visit.Malformed, r.london
	onPage := make(map[string]bool)
	var said errorBody
	found := false
	_, err = d.object("", func(name string) error {
		d.renew()
		if name != "vOrgs" {
			return d.errorMember(name, &said)
		}
		found = true
		_, err := d.array(name, func() error {
			vorgs++
			isNew, err := r.vorg(d, onPage)
			if isNew {
				fresh++
			}
			return err
		})
		return err
	})
	if err == nil {
		err = d.end()
	}
	switch {
	case err != nil:
		return 0, 0, err
	case said.found:
		return 0, 0, saidError{said}
	case !found:
		return 0, 0, unexpected(`an object with "vOrgs"`)
	}
	maps.Copy(r.seen, onPage)
	return vorgs, fresh, nil
}

// vorg reads one vOrg, and tells of it and its children unless a page before had
// it: then the portal has no pages, or a new vOrg has moved this one. On a later
// page the children are held back while it is not known which vOrg it is, since
// the API reference's example puts its names behind them. (Recorded: before.)
func (r *computeReader) vorg(d *decoder, onPage map[string]bool) (isNew bool, err error) {
	vorg := &VOrg{}
	announce := once(func() { r.visit.VOrg(vorg) })
	var held []jsontext.Value
	found, err := d.object("vOrgs", func(name string) (err error) {
		d.renew()
		switch name {
		case "name":
			vorg.Name, err = d.text(name)
		case "serviceId":
			vorg.ServiceID, err = d.text(name)
		case "urn":
			vorg.URN, err = d.text(name)
		case "VDCs":
			switch id := vorg.identity(); {
			case len(r.seen) > 0 && id == "":
				var value jsontext.Value
				value, err = d.hold()
				held = append(held, value)
			case r.seen[id]:
				err = d.skipLarge()
			default:
				announce()
				err = r.vdcs(d, vorg)
			}
		default:
			err = d.skip()
		}
		return err
	})
	id := vorg.identity()
	if err != nil || !found || r.seen[id] {
		return false, err
	}
	if id != "" {
		onPage[id] = true
	}
	announce()
	for _, value := range held {
		if err := r.vdcs(d.sub(value), vorg); err != nil {
			return true, err
		}
	}
	return true, nil
}

// once makes a function that calls f the first time only.
func once(f func()) func() {
	done := false
	return func() {
		if !done {
			done = true
			f()
		}
	}
}

// identity tells vOrgs apart, "" when nothing that could is known.
func (v *VOrg) identity() string {
	if v.ServiceID != "" {
		return v.ServiceID
	}
	return v.URN
}

// hold reads a whole value and keeps it.
func (d *decoder) hold() (jsontext.Value, error) {
	d.in.left = maxHeld
	value, err := d.json.ReadValue()
	d.renew()
	if err != nil {
		return nil, d.failure(err)
	}
	return bytes.Clone(value), nil
}

// skipLarge skips a value that may be larger than a VM.
func (d *decoder) skipLarge() error {
	d.in.left = maxHeld
	err := d.skip()
	d.renew()
	return err
}

func (r *computeReader) vdcs(d *decoder, vorg *VOrg) error {
	_, err := d.array("VDCs", func() error { return r.vdc(d, &VDC{VOrg: vorg}) })
	return err
}

func (r *computeReader) vdc(d *decoder, vdc *VDC) error {
	return r.group(d, "VDCs", &vdc.Name, &vdc.URN, func() { r.visit.VDC(vdc) },
		"vApps", func() error { return r.vapp(d, &VApp{VDC: vdc}) })
}

func (r *computeReader) vapp(d *decoder, vapp *VApp) error {
	return r.group(d, "vApps", &vapp.Name, &vapp.URN, func() { r.visit.VApp(vapp) },
		"VMs", func() error { return r.machine(d, vapp) })
}

// group reads a VDC or a vApp: a name, a URN, and children of which each is read
// by child. It is announced before its first child, or at its end.
func (r *computeReader) group(d *decoder, kind string, name, urn *string, announced func(), children string, child func() error) error {
	announce := once(announced)
	found, err := d.object(kind, func(member string) (err error) {
		d.renew()
		switch member {
		case "name":
			*name, err = d.text(member)
		case "urn":
			*urn, err = d.text(member)
		case children:
			announce()
			_, err = d.array(member, child)
		default:
			err = d.skip()
		}
		return err
	})
	if found && err == nil {
		announce()
	}
	return err
}

func (r *computeReader) machine(d *decoder, vapp *VApp) error {
	d.renew()
	r.vm = VM{VApp: vapp, Backups: r.vm.Backups[:0]}
	found, err := d.object("VMs", func(name string) error { return d.vmMember(&r.vm, name) })
	if found && err == nil {
		r.visit.VM(&r.vm)
	}
	return err
}
