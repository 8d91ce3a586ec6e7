package tickets

import (
	"errors"
	"fmt"
	"testing"

	"ukcloud_exporter/portal"
)

// TestClassify: what a failure is counted as, whether it is one of all calls, and whether
// the portal has refused the change.
func TestClassify(t *testing.T) {
	answer := func(status int) error {
		return fmt.Errorf("add note: %w", &portal.Error{Method: "POST", Endpoint: "/api/my_calls/:ticket_id", StatusCode: status})
	}
	tests := []struct {
		name         string
		err          error
		reason       string
		all, refused bool
	}{
		{"no answer", answer(0), reasonUnreachable, true, false},
		{"an answer that cannot be used", answer(200), reasonBadAnswer, true, false},
		{"a redirect", answer(399), reasonBadAnswer, true, false},
		{"400", answer(400), reasonRefused, false, true},
		{"401", answer(401), reasonUnauthorized, true, false},
		{"403", answer(403), reasonForbidden, true, true},
		{"404", answer(404), reasonNotFound, true, true},
		{"422", answer(422), reasonRefused, false, true},
		{"422 of a PUT", &portal.Error{Method: "PUT", StatusCode: 422}, reasonApproval, false, false},
		{"400 of a PUT", &portal.Error{Method: "PUT", StatusCode: 400}, reasonRefused, false, true},
		{"429", answer(429), reasonTooMany, true, false},
		{"499", answer(499), reasonRefused, false, true},
		{"500", answer(500), reasonServer, true, false},
		{"599", answer(599), reasonServer, true, false},
		{"nobody knows", fmt.Errorf("%w: %w", portal.ErrOutcomeUnknown, answer(500)), reasonUnknown, true, false},
		{"no session", fmt.Errorf("%w: %w", portal.ErrNoSession, answer(500)), reasonUnauthorized, true, false},
		{"a ticket that is gone", fmt.Errorf("%w: %w", errNoTicket, answer(400)), reasonNotFound, false, true},
		{"doubtful", errDoubtful, reasonBadAnswer, true, false},
		{"the disk", errors.New("disk full"), reasonState, true, false},
	}
	for _, test := range tests {
		if reason, all, refused := classify(test.err); reason != test.reason || all != test.all || refused != test.refused {
			t.Errorf("%s: %s, %v, %v", test.name, reason, all, refused)
		}
	}
}
