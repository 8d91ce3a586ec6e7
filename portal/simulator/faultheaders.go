package simulator

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
)

// The cookies of an answer stand in its headers by the time that these change
// them, those of a login and those that renew a session alike.

func cookiesEaten(_ *Portal, _ int64, h http.Header) { h.Del("Set-Cookie") }

func eachCookie(old, replacement string) func(*Portal, int64, http.Header) {
	return func(_ *Portal, _ int64, h http.Header) {
		for i, cookie := range h["Set-Cookie"] {
			h["Set-Cookie"][i] = strings.Replace(cookie, old, replacement, 1)
		}
	}
}

var expiresAttribute = regexp.MustCompile(`; expires=[^;]*`)

func cookieExpiry(attribute string) func(*Portal, int64, http.Header) {
	return func(_ *Portal, _ int64, h http.Header) {
		for i, cookie := range h["Set-Cookie"] {
			h["Set-Cookie"][i] = expiresAttribute.ReplaceAllString(cookie, attribute)
		}
	}
}

// cookiesExpired has a second Date that would make the expiry a future one.
func cookiesExpired(p *Portal, serial int64, h http.Header) {
	cookieExpiry("; expires=Sat, 01 Jan 2000 00:15:00 GMT")(p, serial, h)
	h["Date"] = []string{p.options.CookieNow().UTC().Format(http.TimeFormat), "Sat, 01 Jan 2000 00:00:00 GMT"}
}

const cookieGrowthBytes = 1 << 10

func cookieGrowth(_ *Portal, serial int64, h http.Header) {
	h.Add("Set-Cookie", fmt.Sprintf("tracking_%d=%s; path=/api", serial, strings.Repeat("x", cookieGrowthBytes)))
}

// dateIs replaces the Date; without one there is none.
func dateIs(dates ...string) func(*Portal, int64, http.Header) {
	return func(_ *Portal, _ int64, h http.Header) { h["Date"] = dates }
}
