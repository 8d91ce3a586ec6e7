package portal

import (
	"context"
	"net/http"
	"slices"
	"strings"
)

var apiCredentialsRoute = &route{method: http.MethodGet, endpoint: "/api/accounts/:account_id/api_credentials"}

// APICredentials lists the compute services of an account with the user name for
// their vCloud API, sorted by service id (API reference, GET
// /api/accounts/:account_id/api_credentials). No secret is in the answer.
func (c *Client) APICredentials(ctx context.Context, accountID string, prev *Answer[[]APICredential]) (*Answer[[]APICredential], error) {
	r := request{route: apiCredentialsRoute, parameters: []string{accountID}}
	return fetch(ctx, c, r, prev, decodeAPICredentials)
}

// decodeAPICredentials reads {"Name (serviceId)":{"service_id":…,"username":…}}.
func decodeAPICredentials(d *decoder) ([]APICredential, error) {
	credentials := []APICredential{}
	var said errorBody
	found, err := d.object("", func(key string) error {
		if d.json.PeekKind() != '{' {
			return d.errorMember(key, &said)
		}
		credential, err := decodeAPICredential(d, key)
		credentials = append(credentials, credential)
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case said.found:
		return nil, saidError{said}
	case !found:
		return nil, unexpected("an object")
	}
	slices.SortFunc(credentials, func(a, b APICredential) int { return strings.Compare(a.ServiceID, b.ServiceID) })
	return credentials, nil
}

func decodeAPICredential(d *decoder, key string) (APICredential, error) {
	var credential APICredential
	_, err := d.object(key, func(name string) (err error) {
		switch name {
		case "service_id":
			credential.ServiceID, err = d.text(name)
		case "username":
			credential.Username, err = d.text(name)
		default:
			err = d.skip()
		}
		return err
	})
	credential.Name = strings.TrimSuffix(key, " ("+credential.ServiceID+")")
	return credential, err
}
