package portal

import (
	"context"
	"net/http"
)

var pingRoute = &route{method: http.MethodGet, endpoint: "/api/ping"}

// Ping asks whether the session is accepted (API reference, GET /api/ping;
// recorded: {"response":"OK"}).
func (c *Client) Ping(ctx context.Context) error {
	_, err := fetch(ctx, c, request{route: pingRoute}, nil, decodePing)
	return err
}

func decodePing(d *decoder) (string, error) {
	var said errorBody
	response := ""
	_, err := d.object("", func(name string) (err error) {
		if name == "response" {
			response, err = d.text(name)
			return err
		}
		return d.errorMember(name, &said)
	})
	switch {
	case err != nil:
		return "", err
	case said.found:
		return "", saidError{said}
	case response != "OK":
		return "", unexpected(`"OK"`)
	}
	return response, nil
}
