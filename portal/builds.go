package portal

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"
	"unicode/utf8"
)

// BuildKind says what is built.
type BuildKind string

// The kinds of builds that have a list of their own.
const (
	BuildVOrg        BuildKind = "vorg"
	BuildVDC         BuildKind = "vdc"
	BuildEdgeGateway BuildKind = "edge_gateway"
)

// The routes of each kind: the list of an account's builds, and one build.
var (
	buildsRoutes = map[BuildKind]*route{
		BuildVOrg:        {method: http.MethodGet, endpoint: "/api/accounts/:account_id/vorg-builds"},
		BuildVDC:         {method: http.MethodGet, endpoint: "/api/accounts/:account_id/vdc-builds"},
		BuildEdgeGateway: {method: http.MethodGet, endpoint: "/api/accounts/:account_id/edge-gateway-builds"},
	}
	buildRoutes = map[BuildKind]*route{
		BuildVOrg:        {method: http.MethodGet, endpoint: "/api/vorg-builds/:build_id"},
		BuildVDC:         {method: http.MethodGet, endpoint: "/api/vdc-builds/:build_id"},
		BuildEdgeGateway: {method: http.MethodGet, endpoint: "/api/edge-gateway-builds/:build_id"},
	}
	createVOrgRoute        = &route{method: http.MethodPost, endpoint: "/api/accounts/:account_id/vorgs"}
	createVDCRoute         = &route{method: http.MethodPost, endpoint: "/api/accounts/:account_id/vorgs/:vorg_id/vdcs"}
	createEdgeGatewayRoute = &route{method: http.MethodPost, endpoint: "/api/accounts/:account_id/vorgs/:vorg_id/vdcs/:vdc_urn/edge-gateways"}
)

// The states of a build. A failed one needs a service request.
const (
	BuildApproved  = "approved"
	BuildRunning   = "running"
	BuildCompleted = "completed"
	BuildFailed    = "failed"
)

// Build is one self-service build. Which of the attributes behind CreatedBy it has
// depends on its kind. Recorded in 2016: none of them.
type Build struct {
	Kind  BuildKind
	ID    string // decimal digits
	State string

	Created   Optional[time.Time] // UTC
	CreatedBy string              // an e-mail address

	ServiceName string // the vOrg's name; "" also when the portal sends null
	ZoneID      string // vOrgs
	VDCName     string // VDCs: as ordered, without the prefix that the portal puts before it
	VMType      string // VDCs
}

// Builds lists the self-service builds of one kind in an account (API reference,
// GET /api/accounts/:account_id/vorg-builds, …/vdc-builds, …/edge-gateway-builds).
func (c *Client) Builds(ctx context.Context, accountID string, kind BuildKind) ([]Build, error) {
	return plain(c.Conditional().Builds(ctx, accountID, kind, nil))
}

// Builds is Client.Builds with the answer before.
func (c Conditional) Builds(ctx context.Context, accountID string, kind BuildKind, prev *Answer[[]Build]) (*Answer[[]Build], error) {
	route, ok := buildsRoutes[kind]
	if !ok {
		return nil, fmt.Errorf("list builds: unknown kind %q", kind)
	}
	return fetch(ctx, c.Client, request{route: route, parameters: []string{accountID}}, prev, func(r *reader) ([]Build, error) {
		sent, err := list[resource[buildAttributes]](r)
		builds := make([]Build, len(sent))
		for i := range sent {
			builds[i] = buildOf(kind, sent[i])
		}
		return builds, err
	})
}

// Build returns one build (API reference, GET /api/vorg-builds/:build_id,
// /api/vdc-builds/:build_id, /api/edge-gateway-builds/:build_id).
func (c *Client) Build(ctx context.Context, kind BuildKind, buildID string) (Build, error) {
	return plain(c.Conditional().Build(ctx, kind, buildID, nil))
}

// Build is Client.Build with the answer before.
func (c Conditional) Build(ctx context.Context, kind BuildKind, buildID string, prev *Answer[Build]) (*Answer[Build], error) {
	route, ok := buildRoutes[kind]
	if !ok {
		return nil, fmt.Errorf("ask for a build: unknown kind %q", kind)
	}
	return fetch(ctx, c.Client, request{route: route, parameters: []string{buildID}}, prev, func(r *reader) (Build, error) {
		build, err := r.build(kind)
		if err == nil && build.ID == "" {
			err = unexpected("a build with an id")
		}
		return build, err
	})
}

type buildAttributes struct {
	CreatedAt   Optional[time.Time] `json:"createdAt"`
	CreatedBy   string              `json:"createdBy"`
	State       string              `json:"state"`
	ServiceName string              `json:"serviceName"`
	ZoneID      string              `json:"zoneId"`
	VDCName     string              `json:"vdcName"`
	VMType      string              `json:"vmType"`
}

func buildOf(kind BuildKind, sent resource[buildAttributes]) Build {
	a := sent.Attributes
	return Build{
		Kind: kind, ID: sent.ID, State: a.State, Created: a.CreatedAt, CreatedBy: a.CreatedBy,
		ServiceName: a.ServiceName, ZoneID: a.ZoneID, VDCName: a.VDCName, VMType: a.VMType,
	}
}

func (r *reader) build(kind BuildKind) (Build, error) {
	var answer struct {
		said
		Data *resource[buildAttributes] `json:"data"`
	}
	err := r.object("a build", &answer)
	if err == nil && answer.Data == nil {
		err = unexpected("a build")
	}
	if err != nil {
		return Build{}, err
	}
	return buildOf(kind, *answer.Data), nil
}

// ErrBuildFailed is a build that ended in the state failed.
var ErrBuildFailed = errors.New("build failed")

// How often a build is asked for: recorded builds took two to three minutes, and
// the vendor's own clients asked each 5 to 30 s.
const (
	buildPollFirst = time.Second
	buildPollMost  = 30 * time.Second
)

// WaitBuild asks for a build until it is completed or failed, less often the longer
// it takes, and returns it as last seen, nil if it never was. A failed build is
// ErrBuildFailed; when ctx ends, the error is that of ctx. An answer that time may
// heal is waited out. changed, unless nil, is called with each new state.
func (c *Client) WaitBuild(ctx context.Context, kind BuildKind, buildID string, changed func(Build)) (*Build, error) {
	var last *Answer[Build]
	for pause := buildPollFirst; ; pause = min(2*pause, buildPollMost) {
		build, err := c.Conditional().Build(ctx, kind, buildID, last)
		wait := pause
		switch e, isAnswer := errors.AsType[*Error](err); {
		case err == nil:
			if changed != nil && (last == nil || last.Value.State != build.Value.State) {
				changed(build.Value)
			}
			last = build
		case ctx.Err() == nil && isAnswer && e.passing():
			wait = max(wait, e.RetryAfter)
		default:
			return last.value(), waitError(ctx, last, err)
		}
		if last != nil && last.Value.State == BuildCompleted {
			return last.value(), nil
		}
		if last != nil && last.Value.State == BuildFailed {
			return last.value(), fmt.Errorf("%s build %s: %w", kind, buildID, ErrBuildFailed)
		}
		if err := sleep(ctx, wait); err != nil {
			return last.value(), waitError(ctx, last, err)
		}
	}
}

func (a *Answer[T]) value() *T {
	if a == nil {
		return nil
	}
	return &a.Value
}

func waitError(ctx context.Context, last *Answer[Build], err error) error {
	if last != nil && ctx.Err() != nil {
		return fmt.Errorf("%s build %s is still %s: %w", last.Value.Kind, last.Value.ID, last.Value.State, context.Cause(ctx))
	}
	return err
}

// passing reports whether time may heal what an error says.
func (e *Error) passing() bool {
	return e.Endpoint != authenticateEndpoint && !errors.Is(e, ErrLoginSuspended) &&
		(e.StatusCode == 0 || e.StatusCode == http.StatusTooManyRequests || e.StatusCode >= 500)
}

// Zone is where a vOrg is built.
type Zone string

// The zones of self-service. 2D and 2E came in 2021, after the reference.
const (
	ZoneB  Zone = "B"  // Region 5, Assured
	ZoneD  Zone = "D"  // Region 5, Elevated
	ZoneF  Zone = "F"  // Region 6, Assured
	Zone12 Zone = "12" // Region 6, Elevated
	Zone2D Zone = "2D" // Region 13, Assured
	Zone2E Zone = "2E" // Region 14, Assured
)

// Zones returns all of them.
func Zones() []Zone { return []Zone{ZoneB, ZoneD, ZoneF, Zone12, Zone2D, Zone2E} }

// VMType is what kind of VMs a VDC is for.
type VMType string

// The types of VMs.
const (
	Power     VMType = "POWER"
	Essential VMType = "ESSENTIAL"
	Priority  VMType = "PRIORITY"
)

// VMTypes returns all of them.
func VMTypes() []VMType { return []VMType{Power, Essential, Priority} }

// Connectivity is what an edge gateway connects to.
type Connectivity string

// The connectivities of edge gateways.
const (
	Internet Connectivity = "Internet" // in the Assured security domain
	External Connectivity = "External" // in the Elevated security domain
)

// Connectivities returns both.
func Connectivities() []Connectivity { return []Connectivity{Internet, External} }

// CreateVOrg orders a compute service (API reference, POST
// /api/accounts/:account_id/vorgs). The build that is returned has only begun: see
// WaitBuild.
func (c *Client) CreateVOrg(ctx context.Context, accountID, name string, zone Zone) (*Build, error) {
	if err := errors.Join(notBlank("name", name), oneOf("zone", zone, Zones())); err != nil {
		return nil, fmt.Errorf("create vOrg: %w", err)
	}
	return c.order(ctx, BuildVOrg, "Vorg", map[string]string{"zoneId": string(zone), "name": name}, createVOrgRoute, accountID)
}

// maxVDCName is the longest name of a VDC, in characters.
const maxVDCName = 32

// CreateVDC orders a VDC in a vOrg (API reference, POST
// /api/accounts/:account_id/vorgs/:vorg_id/vdcs). vorgID is an ID of VOrgs or the
// part of it behind the dash. Recorded: the portal puts A-ESS- and the like before
// the name. Since 2020 it takes no parentheses in it. The build that is returned
// has only begun: see WaitBuild.
func (c *Client) CreateVDC(ctx context.Context, accountID, vorgID, name string, vmType VMType) (*Build, error) {
	err := errors.Join(isVOrgOf(accountID, vorgID), notBlank("name", name), oneOf("VM type", vmType, VMTypes()))
	switch {
	case err != nil:
	case utf8.RuneCountInString(name) > maxVDCName:
		err = fmt.Errorf("name is longer than %d characters", maxVDCName)
	case strings.Contains(name, "+"):
		err = errors.New(`name has a "+"`)
	}
	if err != nil {
		return nil, fmt.Errorf("create VDC: %w", err)
	}
	return c.order(ctx, BuildVDC, "VDC", map[string]string{"vmType": string(vmType), "name": name}, createVDCRoute, accountID, vorgNumber(vorgID))
}

// CreateEdgeGateway orders an edge gateway in a VDC (API reference, POST
// /api/accounts/:account_id/vorgs/:vorg_id/vdcs/:vdc_urn/edge-gateways). vorgID is an
// ID of VOrgs or the part of it behind the dash. The build that is returned has
// only begun: see WaitBuild.
func (c *Client) CreateEdgeGateway(ctx context.Context, accountID, vorgID, vdcURN string, connectivity Connectivity) (*Build, error) {
	if err := errors.Join(isVOrgOf(accountID, vorgID), isVDCURN(vdcURN), oneOf("connectivity", connectivity, Connectivities())); err != nil {
		return nil, fmt.Errorf("create edge gateway: %w", err)
	}
	attributes := map[string]string{"connectivityType": string(connectivity)}
	return c.order(ctx, BuildEdgeGateway, "EdgeGateway", attributes, createEdgeGatewayRoute, accountID, vorgNumber(vorgID), vdcURN)
}

// isVOrgOf keeps a write out of a vOrg that was not meant: a path has only the
// number of a vOrg, which every account has one of.
func isVOrgOf(accountID, vorgID string) error {
	if i := strings.LastIndexByte(vorgID, '-'); i >= 0 && vorgID[:i] != accountID {
		return fmt.Errorf("vOrg %q is not of account %s", vorgID, accountID)
	}
	return nil
}

func isVDCURN(urn string) error {
	const prefix = "urn:vcloud:vdc:"
	if id, ok := strings.CutPrefix(urn, prefix); !ok || id == "" {
		return fmt.Errorf("%q is not the URN of a VDC, which begins with %s", urn, prefix)
	}
	return nil
}

// order sends {"data":{"type":…,"attributes":{…}}} and reads the build. Where it
// has no id, the Location has; the two must agree, and the Location must be this
// portal's. It is never called: builds are asked for by their id.
func (c *Client) order(ctx context.Context, kind BuildKind, what string, attributes map[string]string, r *route, parameters ...string) (*Build, error) {
	type data struct {
		Type       string            `json:"type"`
		Attributes map[string]string `json:"attributes"`
	}
	var build Build
	o := order{route: r, parameters: parameters, body: map[string]data{"data": {what, attributes}}}
	err := c.change(ctx, o, func(resp *http.Response) (err error) {
		if build, err = newReader(resp.Body, maxList, c.london).build(kind); err != nil {
			return err
		}
		return build.locate(resp)
	})
	if err != nil {
		return nil, err
	}
	return &build, nil
}

func (b *Build) locate(resp *http.Response) error {
	location := resp.Header.Get("Location")
	to, err := url.Parse(location)
	switch {
	case location == "" && b.ID == "":
		return errors.New("neither a build's id nor a Location")
	case location == "":
		return fmt.Errorf("build %s without a Location", b.ID)
	case err != nil:
		return errors.New("the Location is not a URL")
	}
	if to = resp.Request.URL.ResolveReference(to); !mayFollow(resp.Request.URL, to) {
		return errors.New("the Location is on another host")
	}
	list, id := path.Split(to.Path)
	if want := path.Base(path.Dir(buildRoutes[b.Kind].endpoint)); path.Base(list) != want || id == "" || b.ID != "" && b.ID != id {
		return fmt.Errorf("the Location is not that of the build %s", b.ID)
	}
	b.ID = id
	return nil
}
