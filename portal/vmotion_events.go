package portal

import (
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/go-json-experiment/json/jsontext"
)

var vmotionEventsRoute = &route{method: http.MethodGet, endpoint: "/api/accounts/:account_id/platform_visibility/vmotion_events"}

// VMotionEvents lists the moves of VMs between hosts in the last twelve hours (API
// reference, GET /api/accounts/:account_id/platform_visibility/vmotion_events). No
// answer was ever recorded. The reference says array in prose, object in its
// schema and shows one object: a list, {"data": list}, one object and nothing at
// all are all read.
func (c *Client) VMotionEvents(ctx context.Context, accountID string, prev *Answer[[]VMotionEvent]) (*Answer[[]VMotionEvent], error) {
	r := request{route: vmotionEventsRoute, parameters: []string{accountID}}
	return fetch(ctx, c, r, prev, decodeVMotionEvents)
}

func decodeVMotionEvents(d *decoder) ([]VMotionEvent, error) {
	events := []VMotionEvent{}
	element := func() error {
		var event VMotionEvent
		found, err := d.object("", func(name string) error { return decodeVMotionMember(d, &event, name) })
		if found {
			events = append(events, event)
		}
		return err
	}
	switch d.json.PeekKind() {
	case jsontext.KindBeginObject:
		return decodeVMotionObject(d, element, &events)
	case jsontext.KindBeginArray:
		_, err := d.array("", element)
		return events, err
	}
	switch value, err := d.json.ReadValue(); {
	case errors.Is(err, io.EOF): // an empty body
		return events, nil
	case err != nil:
		return nil, d.failure(err)
	case value.Kind() != jsontext.KindNull:
		return nil, unexpected("a list")
	}
	return events, nil
}

// decodeVMotionObject reads {"data": list}, one event, an error, or {}.
func decodeVMotionObject(d *decoder, element func() error, events *[]VMotionEvent) ([]VMotionEvent, error) {
	var single VMotionEvent
	var said errorBody
	_, err := d.object("", func(name string) error {
		switch name {
		case "data":
			_, err := d.array(name, element)
			return err
		case "error", "detail":
			return d.errorMember(name, &said)
		}
		return decodeVMotionMember(d, &single, name)
	})
	switch {
	case err != nil:
		return nil, err
	case said.found:
		return nil, saidError{said}
	case single != VMotionEvent{}:
		*events = append(*events, single)
	}
	return *events, nil
}

func decodeVMotionMember(d *decoder, event *VMotionEvent, name string) (err error) {
	switch name {
	case "event_created_time":
		event.CreatedText, err = d.text(name)
		event.Created = instant(event.CreatedText)
	case "service_id":
		event.ServiceID, err = d.interned(name)
	case "user_name":
		event.UserName, err = d.interned(name)
	case "virtual_machine":
		event.VirtualMachine, err = d.interned(name)
	case "vdc_name":
		event.VDCName, err = d.interned(name)
	case "vapp_name":
		event.VAppName, err = d.interned(name)
	default:
		err = d.skip()
	}
	return err
}
