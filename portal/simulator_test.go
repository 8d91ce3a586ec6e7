package portal_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"ukcloud_exporter/portal"
	"ukcloud_exporter/portal/simulator"
)

// simulated is a client of a simulated portal on loopback. The portal's clock is
// set by the test.
type simulated struct {
	*portal.Client
	portal *simulator.Portal
	at     time.Time
}

func newSimulated(t *testing.T, options simulator.Options) *simulated {
	t.Helper()
	s := &simulated{at: time.Date(2018, 3, 14, 15, 9, 26, 0, time.UTC)}
	options.Now = func() time.Time { return s.at }
	p, err := simulator.New(options)
	if err != nil {
		t.Fatal(err)
	}
	s.portal = p
	server := httptest.NewServer(p)
	s.Client, err = portal.New(server.URL+"/api", func() (portal.Credentials, error) {
		return portal.Credentials{Email: "demo@example.com", Password: portal.NewSecret("demo")}, nil
	}, portal.WithTimeout(5*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.CloseIdleConnections()
		server.Close()
		p.Close()
	})
	return s
}

// firstVDC is a VDC of the simulated estate.
func (s *simulated) firstVDC(t *testing.T) (account, vorg, vdc string) {
	t.Helper()
	ctx := t.Context()
	for account, err := range portal.All(s.Accounts(ctx)) {
		for vorg, err := range portal.All(s.VOrgs(ctx, account.ID)) {
			for vdc, err := range portal.All(s.VDCs(ctx, account.ID, vorg.ID)) {
				if err != nil {
					t.Fatal(err)
				}
				return account.ID, vorg.ID, vdc.ID
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Fatal("there is no VDC")
	return "", "", ""
}

// TestTicketsOfTheSimulator: a ticket's life.
func TestTicketsOfTheSimulator(t *testing.T) {
	const colleague = "colleague@example.com"
	s := newSimulated(t, simulator.Options{
		ApprovalDelay: time.Minute,
		Users:         []simulator.User{{Email: colleague, Password: "x", Role: simulator.Administrator}},
	})
	ctx := t.Context()
	ticket, err := s.CreateIncident(ctx, portal.Incident{
		Area: portal.IncidentStorage, Service: "My Service", Classification: portal.TestDegraded, Summary: "Slow disks", Details: "Very slow.",
	})
	if err != nil || ticket.Status != "New" || !ticket.Submitted.Valid || !ticket.Submitted.Value.Equal(s.at.Truncate(time.Minute)) {
		t.Fatalf("%+v, %v", ticket, err)
	}
	all, err := s.MyCalls(ctx, portal.ScopeUser)
	if err != nil || !slices.Contains(all, *ticket) {
		t.Errorf("the ticket is not listed: %v", err)
	}
	if err := s.CloseTicket(ctx, ticket.ID); !isStatus(err, 422) || errors.Is(err, portal.ErrOutcomeUnknown) {
		t.Errorf("closed before it was approved: %v", err)
	}
	s.at = s.at.Add(2 * time.Minute)
	notes, err := s.AddNote(ctx, ticket.ID, "It got worse")
	if err != nil || len(notes) == 0 || notes[len(notes)-1].Text != "It got worse" {
		t.Errorf("%v, %v", notes, err)
	}
	steps := []struct {
		name string
		do   func() error
		want int // status, 0 for done
	}{
		{"subscribe", func() error { return s.Subscribe(ctx, ticket.ID, colleague) }, 0},
		{"subscribe a stranger", func() error { return s.Subscribe(ctx, ticket.ID, "stranger@example.com") }, 400},
		{"unsubscribe", func() error { return s.Unsubscribe(ctx, ticket.ID, colleague) }, 0},
		{"change owner", func() error { return s.ChangeOwner(ctx, ticket.ID, colleague) }, 0},
		{"reopen what is open", func() error { return s.ReopenTicket(ctx, ticket.ID) }, 422},
		{"close", func() error { return s.CloseTicket(ctx, ticket.ID) }, 0},
		{"cancel what is closed", func() error { return s.CancelTicket(ctx, ticket.ID) }, 422},
		{"reopen", func() error { return s.ReopenTicket(ctx, ticket.ID) }, 0},
		{"cancel", func() error { return s.CancelTicket(ctx, ticket.ID) }, 0},
		{"no such ticket", func() error { return s.CloseTicket(ctx, "INC1") }, 400},
	}
	for _, step := range steps {
		if err := step.do(); step.want == 0 && err != nil || step.want != 0 && !isStatus(err, step.want) {
			t.Errorf("%s: %v", step.name, err)
		}
	}
	details, err := s.MyCall(ctx, ticket.ID, portal.ScopeAccount)
	if err != nil || details.ID != ticket.ID || details.Status != "Cancelled" || details.Description != "Very slow." ||
		len(details.Updates) != 1 || len(details.Changes) < 6 || details.Changes[0].Owner == "" || !details.Changes[0].Submitted.Valid {
		t.Errorf("%+v, %v", details, err)
	}
}

// TestEnumerationsOfTheSimulator: the portal takes every value that the client has.
func TestEnumerationsOfTheSimulator(t *testing.T) {
	s := newSimulated(t, simulator.Options{})
	ctx := t.Context()
	areas := portal.IncidentAreas()
	for i, c := range portal.Classifications() {
		ticket, err := s.CreateIncident(ctx, portal.Incident{Area: areas[i%len(areas)], Classification: c, Service: "s", Summary: "x", Details: "y"})
		if err != nil || !strings.HasPrefix(ticket.ID, "INC") {
			t.Errorf("%s, %s: %v, %v", areas[i%len(areas)], c, ticket, err)
		}
	}
	natures := portal.QueryNatures()
	for i, area := range portal.ServiceAreas() {
		ticket, err := s.CreateServiceRequest(ctx, portal.ServiceRequest{Area: area, Nature: natures[i%len(natures)], Service: "s", Summary: "x", Details: "y"})
		if err != nil || !strings.HasPrefix(ticket.ID, "REQ") {
			t.Errorf("%s, %s: %v, %v", area, natures[i%len(natures)], ticket, err)
		}
	}
}

// TestBuildsOfTheSimulator orders one of each kind, and finds it afterwards.
func TestBuildsOfTheSimulator(t *testing.T) {
	s := newSimulated(t, simulator.Options{BuildDuration: 4 * time.Minute})
	ctx := t.Context()
	account, vorg, vdc := s.firstVDC(t)
	edges, err := s.EdgeGateways(ctx, account, vorg, vdc)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		kind  portal.BuildKind
		order func() (*portal.Build, error)
		made  func() bool
	}{
		{portal.BuildVOrg, func() (*portal.Build, error) { return s.CreateVOrg(ctx, account, "Second", portal.ZoneF) }, func() bool {
			all, err := s.VOrgs(ctx, account)
			return err == nil && slices.ContainsFunc(all, func(v portal.NamedID) bool { return v.Name == "Second" })
		}},
		{portal.BuildVDC, func() (*portal.Build, error) { return s.CreateVDC(ctx, account, vorg, "Demo", portal.Essential) }, func() bool {
			service, err := s.ComputeService(ctx, account, vorg)
			return err == nil && slices.ContainsFunc(service.VDCs, func(v *portal.VDC) bool { return v.Name == "A-ESS-Demo" && v.VOrg == service })
		}},
		{portal.BuildEdgeGateway, func() (*portal.Build, error) {
			return s.CreateEdgeGateway(ctx, account, vorg, vdc, portal.Internet)
		}, func() bool {
			all, err := s.EdgeGateways(ctx, account, vorg, vdc)
			return err == nil && len(all) == len(edges)+1
		}},
	}
	for _, test := range tests {
		t.Run(string(test.kind), func(t *testing.T) {
			build, err := test.order()
			if err != nil || build.State != portal.BuildApproved || build.CreatedBy != "demo@example.com" || !build.Created.Value.Equal(s.at.Truncate(time.Second)) {
				t.Fatalf("%+v, %v", build, err)
			}
			if test.made() {
				t.Error("it is there before it is built")
			}
			s.at = s.at.Add(2 * time.Minute)
			brief, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
			defer cancel()
			running, err := s.WaitBuild(brief, test.kind, build.ID, nil)
			if !errors.Is(err, context.DeadlineExceeded) || running == nil || running.State != portal.BuildRunning {
				t.Errorf("%+v, %v", running, err)
			}
			s.at = s.at.Add(2 * time.Minute)
			done, err := s.WaitBuild(ctx, test.kind, build.ID, nil)
			if err != nil || done.ID != build.ID || !test.made() {
				t.Errorf("%+v, %v", done, err)
			}
			all, err := s.Builds(ctx, account, test.kind)
			if err != nil || !slices.Contains(all, *done) {
				t.Errorf("the build is not listed: %v", err)
			}
		})
	}
	again, err := s.CreateVDC(ctx, account, vorg, "Demo", portal.Essential)
	if err != nil {
		t.Fatal(err)
	}
	s.at = s.at.Add(time.Hour)
	if failed, err := s.WaitBuild(ctx, portal.BuildVDC, again.ID, nil); !errors.Is(err, portal.ErrBuildFailed) || failed == nil || failed.State != portal.BuildFailed {
		t.Errorf("a name that is taken: %+v, %v", failed, err)
	}
}

// TestWritesOfABadPortal: what a write led to is unknown, and the truth is that it was
// done, once.
func TestWritesOfABadPortal(t *testing.T) {
	for _, fault := range []string{"hang", "reset", "no-location", "location-other-host"} {
		t.Run(fault, func(t *testing.T) {
			s := newSimulated(t, simulator.Options{BuildDuration: time.Minute})
			account, vorg, _ := s.firstVDC(t)
			before, err := s.Builds(t.Context(), account, portal.BuildVDC)
			if err != nil {
				t.Fatal(err)
			}
			bad, err := simulator.ParseFault("vdcs=" + fault)
			if err != nil {
				t.Fatal(err)
			}
			s.portal.SetFaults(bad)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			build, err := s.CreateVDC(ctx, account, vorg, "Demo", portal.Power)
			if !errors.Is(err, portal.ErrOutcomeUnknown) || build != nil || !strings.Contains(err.Error(), "POST /api/accounts/:account_id/vorgs/:vorg_id/vdcs: ") {
				t.Errorf("%v, %v", build, err)
			}
			s.portal.SetFaults()
			after, err := s.Builds(t.Context(), account, portal.BuildVDC)
			if err != nil || len(after) != len(before)+1 {
				t.Errorf("%d builds became %d, %v", len(before), len(after), err)
			}
		})
	}
}

// TestReadOnlySimulator: who may not write is told so.
func TestReadOnlySimulator(t *testing.T) {
	s := newSimulated(t, simulator.Options{ReadOnly: true})
	account, vorg, _ := s.firstVDC(t)
	if _, err := s.CreateVDC(t.Context(), account, vorg, "Demo", portal.Power); !errors.Is(err, portal.ErrForbidden) || errors.Is(err, portal.ErrOutcomeUnknown) {
		t.Error(err)
	}
}

// TestVMsOfTheSimulator: page by page there are as many as at once.
func TestVMsOfTheSimulator(t *testing.T) {
	s := newSimulated(t, simulator.Options{VMs: 100, VOrgsPerAccount: 60})
	account, _, _ := s.firstVDC(t)
	estate, err := s.ComputeServices(t.Context(), account)
	if err != nil {
		t.Fatal(err)
	}
	want := slices.Collect(estate.VMs())
	n := 0
	for vm, err := range s.VMs(t.Context(), account) {
		if err != nil {
			t.Fatal(err)
		}
		if vm.URN != want[n].URN || vm.VApp.VDC.VOrg.ServiceID != want[n].VApp.VDC.VOrg.ServiceID {
			t.Fatalf("VM %d is %s, want %s", n, vm.URN, want[n].URN)
		}
		n++
	}
	if n != len(want) || n != 100 {
		t.Errorf("%d VMs, want %d", n, len(want))
	}
	for _, err := range s.VMs(t.Context(), "nobody's") {
		if !errors.Is(err, portal.ErrForbidden) {
			t.Error(err)
		}
	}
}

func isStatus(err error, status int) bool {
	e, ok := errors.AsType[*portal.Error](err)
	return ok && e.StatusCode == status
}
