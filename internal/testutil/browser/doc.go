// Package browser looks at the pages for people in Debian's Chromium: the estate, the
// status and the report of a month, in good times and bad, on a phone and in the dark.
// It has tests only.
//
// The pages come from the whole daemon before a simulated portal, on the fake clock of
// testing/synctest, so that they are the same bytes on every day; the report comes
// from the program itself. A server on loopback hands them to the browser.
//
//	go test -C internal/testutil/browser .
//
// `make screenshots` writes what they look like to docs/images.
package browser
