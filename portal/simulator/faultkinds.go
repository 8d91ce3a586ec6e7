package simulator

import (
	"net/http"
	"slices"
	"strconv"
	"time"
)

// faultKind is one way for an endpoint to be wrong: the answer to give whatever
// was asked, or what becomes of the right answer (only of a success, so that who
// has no session is told so), of its headers, and the way in which it is sent.
type faultKind struct {
	name, meaning string
	endpoints     []string // nil is every one
	answer        func(p *Portal, c *call) answer
	alter         func(p *Portal, c *call, a answer) answer
	send          sendAs
	headers       func(p *Portal, serial int64, h http.Header) // what becomes of the headers
}

func (k *faultKind) fits(endpoint string) bool {
	return k.endpoints == nil || slices.Contains(k.endpoints, endpoint)
}

// kindOf returns a kind by its name, nil if there is none.
func kindOf(name string) *faultKind {
	for i := range faultTable {
		if faultTable[i].name == name {
			return &faultTable[i]
		}
	}
	return nil
}

// FaultKinds returns the names of the kinds of faults.
func FaultKinds() []string {
	names := make([]string, len(faultTable))
	for i := range faultTable {
		names[i] = faultTable[i].name
	}
	return names
}

var (
	csvEndpoints   = []string{"billing_csv", "cloud_storage_report"}
	writeEndpoints = []string{"vorgs", "vdcs", "edge_gateways"}
)

// faultTable lists every kind. docs/portal-faults.md is written from it.
var faultTable = []faultKind{
	// Answers in place of the right one.
	{name: "500", meaning: "500 with a JSON error", answer: refuse(http.StatusInternalServerError, "500 Internal Server Error", "We're sorry, but something went wrong.")},
	{name: "502", meaning: "502 with an HTML page", answer: pageOf(http.StatusBadGateway, "<h1>502 Bad Gateway</h1>")},
	{name: "503", meaning: "503 with an HTML page", answer: pageOf(http.StatusServiceUnavailable, "<h1>503 Service Unavailable</h1>")},
	{name: "429", meaning: "429 with Retry-After", answer: tooMany},
	{name: "400", meaning: "400 with a JSON error", answer: refuse(http.StatusBadRequest, "400 Bad Request", "")},
	{name: "401", meaning: "401, also with a session", answer: refuse(http.StatusUnauthorized, "401 Unauthorized", "")},
	{name: "403", meaning: "403 as for a missing permission", answer: refuse(http.StatusForbidden, "Insufficient Permission", "Compute-Service permission is required in order to list VDCs.")},
	{name: "404", meaning: "404 with a JSON error", answer: refuse(http.StatusNotFound, "404 Not Found", "")},
	{name: "422", meaning: "422 with a JSON error", answer: refuse(http.StatusUnprocessableEntity, "422 Unprocessable Entity", "")},
	{name: "423", meaning: "423, as for a locked login", answer: refuse(http.StatusLocked, "423 Locked", "This login is locked. Please contact your administrator.")},
	{name: "html", meaning: "200 with the login page", answer: pageOf(http.StatusOK, loginPage)},
	{name: "maintenance", meaning: "200 with a page that says to come back later", answer: pageOf(http.StatusOK, "<h1>We'll be back soon</h1><p>The Portal is being maintained.</p>")},
	{name: "redirect", meaning: "302 to the login page", answer: func(*Portal, *call) answer { return redirect("/login") }},
	{name: "redirect-other-host", meaning: "302 to a login page on another host", answer: func(*Portal, *call) answer { return redirect("https://login.portal.invalid/login") }},
	{name: "garbage", meaning: "200 with bytes that are neither JSON nor UTF-8", answer: garbage},
	{name: "echo", meaning: "500 with the request's body and cookies in the error", answer: echo},
	{name: "echo-encoded", meaning: "the same in base64, hexadecimal, percent, HTML and \\u forms", answer: echoEncoded},
	{name: "escape", meaning: "500 whose error has terminal control sequences", answer: refuse(http.StatusInternalServerError, "\x1b[2J\x1b]0;portal\x07\x1b[31m500\x1b[0m\r\n\x00", "\u202e\u2028")},
	{name: "changing-error", meaning: "500 with another port and time in its words at each call", answer: changingError},

	// Containers of the wrong kind.
	{name: "null", meaning: "200 with null", alter: bodyOf("null")},
	{name: "object", meaning: "200 with {}", alter: bodyOf("{}")},
	{name: "list", meaning: "200 with []", alter: bodyOf("[]")},
	{name: "list-of-null", meaning: "200 with [null]", alter: bodyOf("[null]")},
	{name: "list-of-text", meaning: `200 with ["x"]`, alter: bodyOf(`["x"]`)},
	{name: "text", meaning: "200 with a JSON text", alter: bodyOf(`"We're sorry"`)},
	{name: "message", meaning: `200 with {"message":…}`, alter: bodyOf(`{"message":"We're sorry, but something went wrong."}`)},
	{name: "empty", meaning: "200 without a body", alter: bodyOf("")},
	{name: "inner-null", meaning: "the list inside the answer (vOrgs, data, vms) is null", alter: innerOf("null")},
	{name: "inner-object", meaning: "the list inside is {}", alter: innerOf("{}")},
	{name: "inner-text", meaning: "the list inside is a text", alter: innerOf(`"x"`)},
	{name: "inner-list-of-null", meaning: "the list inside is [null]", alter: innerOf("[null]")},
	{name: "vms-object", meaning: "every list of VMs is {}", endpoints: []string{"compute_services"}, alter: vmsAreObjects},
	{name: "deep", meaning: "a JSON list in a list, 100,000 deep", alter: deep},

	// Values.
	{name: "odd-numbers", meaning: "memory 8796093022208, 1e15, -1, years 1, a backup that ends before it starts; in a CSV 0,005, NaN and the like", endpoints: append([]string{"compute_services"}, csvEndpoints...), alter: oddNumbers},
	{name: "flood", meaning: "a thousand users, VMs, statuses or states that no earlier answer had", endpoints: []string{"vmotion_events", "my_calls", "builds"}, alter: flood},

	// CSV files.
	{name: "cut-rows", meaning: "half of the rows of a CSV, with neither length nor chunks", endpoints: csvEndpoints, alter: cutRows(http.StatusOK), send: sendUnproven},
	{name: "header-only", meaning: "the header of a CSV alone, with neither length nor chunks", endpoints: csvEndpoints, alter: headerOnly, send: sendUnproven},
	{name: "unproven", meaning: "the right CSV, with neither length nor chunks", endpoints: csvEndpoints, send: sendUnproven},
	{name: "partial", meaning: "206 with half of the rows of a CSV", endpoints: csvEndpoints, alter: cutRows(http.StatusPartialContent)},
	{name: "utf16", meaning: "a CSV in UTF-16 with a byte order mark", endpoints: csvEndpoints, alter: utf16Body},
	{name: "other-month", meaning: "the bill of the month before the one that was asked for", endpoints: []string{"billing_csv"}, alter: otherMonth},

	// Answers without an end.
	{name: "endless", meaning: "a body that goes on for ever: rows of a CSV, VDCs of a vOrg, blanks in a list", alter: endless},
	{name: "endless-pages", meaning: "25 new vOrgs on each page", endpoints: []string{"compute_services"}, alter: endlessPages(true)},
	{name: "endless-pages-nameless", meaning: "25 vOrgs without ids on each page", endpoints: []string{"compute_services"}, alter: endlessPages(false)},

	// Transport. The call itself is carried out.
	{name: "truncated", meaning: "the connection ends before the promised length", send: sendTruncated},
	{name: "slow", meaning: "16 bytes each 100 ms", send: sendDripping(dripBytes, dripPause)},
	{name: "drip", meaning: "one byte a second", send: sendDripping(1, time.Second)},
	{name: "hang", meaning: "no answer; what was asked is done", send: sendHanging},
	{name: "hang-half", meaning: "half of the body, and then nothing", send: sendHalf},
	{name: "reset", meaning: "the connection is reset; what was asked is done", send: sendReset},
	{name: "late", meaning: "the right answer, after the fault's delay", send: sendWhole},
	{name: "giant-etag", meaning: "an ETag of 60 KB, and 431 to who sends it back", alter: giantTag},

	{name: "date-2038", meaning: "a Date of the year 2038", headers: dateIs("Tue, 19 Jan 2038 03:14:08 GMT")},
	{name: "date-1970", meaning: "a Date of the year 1970", headers: dateIs("Thu, 01 Jan 1970 00:00:00 GMT")},
	{name: "date-missing", meaning: "no Date", headers: dateIs()},

	// Logins that are accepted and cookies that are odd.
	{name: "cookie-eaten", meaning: "no cookie", headers: cookiesEaten},
	{name: "cookie-path", meaning: "cookies for another path", headers: eachCookie("; path=/api", "; path=/elsewhere")},
	{name: "cookie-expired", meaning: "cookies that ran out long ago, and two Date headers", headers: cookiesExpired},
	{name: "cookie-year-9999", meaning: "cookies that run out in the year 9999", headers: cookieExpiry("; expires=Fri, 31 Dec 9999 23:59:59 GMT")},
	{name: "cookie-without-expiry", meaning: "cookies without an expiry", headers: cookieExpiry("")},
	{name: "cookie-foreign-domain", meaning: "cookies for another domain", headers: eachCookie("; HttpOnly", "; domain=login.portal.invalid; HttpOnly")},
	{name: "cookie-growth", meaning: "another cookie of 1 KB with each answer", headers: cookieGrowth},

	// Builds.
	{name: "no-location", meaning: "202 without a Location", endpoints: writeEndpoints, alter: location("")},
	{name: "location-other-host", meaning: "202 with a Location on another host", endpoints: writeEndpoints, alter: location("https://builds.portal.invalid/api/vdc-builds/1")},
	{name: "never-built", meaning: "builds that never end", endpoints: []string{"builds"}, alter: neverBuilt},
}

func refuse(status int, message, detail string) func(*Portal, *call) answer {
	return func(*Portal, *call) answer { return failure(status, message, detail) }
}

func pageOf(status int, body string) func(*Portal, *call) answer {
	return func(*Portal, *call) answer { return page(status, body) }
}

func tooMany(*Portal, *call) answer {
	a := failure(http.StatusTooManyRequests, "429 Too Many Requests", "")
	a.header = http.Header{"Retry-After": {strconv.Itoa(retryAfterSeconds)}}
	return a
}

func redirect(to string) answer {
	a := page(http.StatusFound, `You are being <a href="`+to+`">redirected</a>.`)
	a.header = http.Header{"Location": {to}}
	return a
}

func garbage(*Portal, *call) answer {
	return whole(http.StatusOK, typeJSON, []byte("\x00\x01{\"vOrgs\":[}}\xff\xfe not JSON, and not UTF-8 either"))
}
