package portal

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

var vmotionEventsRoute = &route{method: http.MethodGet, endpoint: "/api/accounts/:account_id/platform_visibility/vmotion_events"}

// VMotionEvent is one move of a VM between hosts. VM and vApp names are cut at
// 32 characters by the portal.
type VMotionEvent struct {
	Created     Optional[time.Time] `json:"-"`                  // UTC
	CreatedText string              `json:"event_created_time"` // as sent
	ServiceID   string              `json:"service_id"`         // decimal digits; the portal sends an integer

	UserName       string `json:"user_name"`
	VirtualMachine string `json:"virtual_machine"`
	VDCName        string `json:"vdc_name"`
	VAppName       string `json:"vapp_name"`
}

// VMotionEvents lists the moves of VMs between hosts in the last twelve hours (API
// reference, GET /api/accounts/:account_id/platform_visibility/vmotion_events). No
// answer was ever recorded. The reference says array in prose, object in its
// schema and shows one object: a list, {"data": list}, one object and nothing at
// all are all read.
func (c *Client) VMotionEvents(ctx context.Context, accountID string) ([]VMotionEvent, error) {
	return plain(c.Conditional().VMotionEvents(ctx, accountID, nil))
}

// VMotionEvents is Client.VMotionEvents with the answer before.
func (c Conditional) VMotionEvents(ctx context.Context, accountID string, prev *Answer[[]VMotionEvent]) (*Answer[[]VMotionEvent], error) {
	r := request{route: vmotionEventsRoute, parameters: []string{accountID}}
	return fetch(ctx, c.Client, r, prev, vmotionEvents)
}

func vmotionEvents(r *reader) (events []VMotionEvent, err error) {
	switch r.json.PeekKind() {
	case jsontext.KindBeginArray:
		err = r.read(&events, required[VMotionEvent](r))
	case jsontext.KindBeginObject:
		events, err = r.vmotionObject()
	default:
		err = r.nothing()
	}
	for i := range events {
		events[i].Created = instant(events[i].CreatedText)
	}
	return events, err
}

// vmotionObject reads {"data": list}, one event, or {}.
func (r *reader) vmotionObject() ([]VMotionEvent, error) {
	var answer struct {
		said
		Data []VMotionEvent `json:"data"`
		VMotionEvent
	}
	err := r.object("", &answer, required[VMotionEvent](r))
	if err == nil && answer.VMotionEvent != (VMotionEvent{}) {
		answer.Data = append(answer.Data, answer.VMotionEvent)
	}
	return answer.Data, err
}

// nothing reads null or an empty body.
func (r *reader) nothing() error {
	switch value, err := r.json.ReadValue(); {
	case err == io.EOF: //nolint:errorlint // the library's own; that of a connection is wrapped
		return nil
	case err != nil:
		return r.failure(err)
	case value.Kind() != jsontext.KindNull:
		return unexpected("a list")
	}
	return r.end()
}
