package focus

import (
	"fmt"
	"strings"
)

//go:generate go run ./internal/tables

// Version is a released version of the specification.
type Version string

// Newest is the version that is written unless another one is asked for.
const Newest Version = "1.4"

// Versions returns the versions that can be written, the oldest first.
func Versions() []string {
	var all []string
	for _, v := range versions() {
		all = append(all, string(v.version))
	}
	return all
}

// standard returns the columns of a version.
func (v Version) standard() []standardColumn {
	for _, known := range versions() {
		if known.version == v {
			return known.columns
		}
	}
	panic(fmt.Sprintf("focus: no version %q: there are %s", v, strings.Join(Versions(), ", ")))
}

// versionColumns are the columns of a version, by their names.
type versionColumns struct {
	version Version
	columns []standardColumn
}

// standardColumn is a column of the specification.
type standardColumn struct {
	id   string
	kind Kind
}
