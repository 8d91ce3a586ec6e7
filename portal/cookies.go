package portal

import (
	"net/http"
	"time"
)

// sanitise prepares the cookies of an answer for a net/http/cookiejar.
//
// The jar compares Expires with our clock. The portal sets Expires a session's
// length after its own, so on a host whose clock is a quarter of an hour ahead (or
// with a recorded answer) every cookie would be dead on arrival. The lifetime is
// therefore what lies between the answer's Date and Expires. One that is not
// positive deletes the cookie.
//
// Secure is dropped only where the operator himself configured http: the portal
// sets it always, and the jar would keep the cookie to itself. Domain is dropped
// so that a cookie never leaves for another host.
func (s *session) sanitise(resp *http.Response) []*http.Cookie {
	cookies := resp.Cookies()
	for _, cookie := range cookies {
		if cookie.MaxAge == 0 && !cookie.Expires.IsZero() {
			cookie.MaxAge = lifetime(cookie.Expires.Sub(answerDate(resp)))
		}
		cookie.Domain = ""
		if s.base.Scheme == "http" {
			cookie.Secure = false
		}
	}
	return cookies
}

// lifetime is d as a Max-Age of net/http, which the jar prefers to Expires:
// seconds, or -1 to delete.
func lifetime(d time.Duration) int {
	if d <= 0 {
		return -1
	}
	return int((d + time.Second - 1) / time.Second)
}
