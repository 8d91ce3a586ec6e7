// Package conformance holds a portal to the API reference: every section with
// every status that it documents, by plain HTTP and none of the client's code.
// It has tests only.
//
// Against the simulated portal, which is what the tests do without arguments:
//
//	go test -C portal/conformance .
//
// Against any other portal, reading only unless -write says that it may open
// tickets and start builds there:
//
//	UKCLOUD_PASSWORD=… go test -C portal/conformance . -args -url=https://… -email=… -limited=EMAIL
//
// What the reference says is kept in testdata/reference.json: section, statuses,
// schema. Some of its schemas are not JSON (a comma too many, one too few, the
// end missing); they are mended, and nothing else about them is changed.
// `go test -C portal/conformance . -update` writes that file, if the reference is
// at hand, and docs/portal-api.md.
package conformance
