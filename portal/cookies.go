package portal

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"time"
)

// sanitise prepares the cookies of an answer for a jar.
//
// How long a cookie lasts is its Max-Age; else, where the portal has told the length
// of the session, that; else what lies between the answer's Date and Expires. The
// jar compares Expires with our clock, and the portal sets it a session's length
// after its own: on a host whose clock is a quarter of an hour ahead, or behind a
// proxy that adds a Date of its own, every cookie would be dead on arrival. A
// lifetime that is not positive deletes the cookie, and so does the beginning of
// 1970, which is how it is spelled everywhere.
//
// Secure is dropped only where the operator himself configured http: the portal
// sets it always, and the jar would keep the cookie to itself. Domain is dropped
// so that a cookie never leaves for another host.
func (s *session) sanitise(resp *http.Response, told time.Duration) []*http.Cookie {
	cookies := resp.Cookies()
	for _, cookie := range cookies {
		switch {
		case cookie.MaxAge != 0:
			cookie.MaxAge = min(cookie.MaxAge, lifetime(maxTTL))
		case cookie.Expires.IsZero():
		case cookie.Expires.Year() <= 1970 || cookie.Value == "":
			cookie.MaxAge = -1
		case told > 0:
			cookie.MaxAge = lifetime(told)
		default:
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
// seconds, or -1 to delete. It is bounded, since Expires may lie in the year 9999.
func lifetime(d time.Duration) int {
	if d <= 0 {
		return -1
	}
	return int((min(d, maxTTL) + time.Second - 1) / time.Second)
}

const (
	// The portal sets two cookies of a few hundred bytes. Many servers refuse a
	// request header beyond 8 KiB.
	maxCookies     = 32
	maxCookieBytes = 6 << 10
)

// jar is a cookie jar that does not grow for ever. Invariant: sizes holds what may
// be in the jar: at most maxCookies cookies of maxCookieBytes together.
type jar struct {
	*cookiejar.Jar
	sizes map[string]int // by name and path
	bytes int
}

func newJar() *jar {
	j, _ := cookiejar.New(nil) // fails of its options only
	return &jar{Jar: j, sizes: map[string]int{}}
}

// SetCookies implements http.CookieJar. What does not fit is left out; a cookie that
// is there already may change.
func (j *jar) SetCookies(u *url.URL, cookies []*http.Cookie) {
	var fit []*http.Cookie
	for _, cookie := range cookies {
		key := cookie.Name + ";" + cookie.Path
		old, known := j.sizes[key]
		size := len(cookie.Name) + len(cookie.Value) + len("=; ")
		switch {
		case cookie.MaxAge < 0:
			delete(j.sizes, key)
			j.bytes -= old
		case !known && len(j.sizes) == maxCookies, j.bytes-old+size > maxCookieBytes:
			continue
		default:
			j.sizes[key] = size
			j.bytes += size - old
		}
		fit = append(fit, cookie)
	}
	j.Jar.SetCookies(u, fit)
}
