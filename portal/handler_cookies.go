package portal

import "net/http"

// cookieTransport adds the session's cookies at the last moment before a request
// leaves. It keeps those that come back, unless the answer looks like the
// session's end: recorded, a 401 sets cookies too, those of nobody.
type cookieTransport struct {
	next    http.RoundTripper
	session *session
}

func (t *cookieTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	call := callOf(req)
	cookies, generation := t.session.take(req.URL)
	call.generation = generation
	req = req.Clone(req.Context())
	for _, cookie := range cookies {
		req.AddCookie(cookie)
	}
	resp, err := t.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	call.sign = expired(resp)
	if call.sign == nil && !isRedirect(resp.StatusCode) {
		t.session.absorb(generation, resp)
	}
	return resp, nil
}
