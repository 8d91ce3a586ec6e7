package collector

import (
	"log/slog"
	"time"

	"ukcloud_exporter/portal"
)

// All lists the collectors in the order of the exposition. Flags, configuration
// keys, their defaults, the documentation and the tests of all collectors follow
// this list.
func All() []Definition {
	return []Definition{
		computeServices(),
		myVM(),
		myCalls(),
		vmotionEvents(),
		billingCSV(),
		cloudStorageReport(),
		builds(),
	}
}

// Definition says what a collector is called, how it is configured and how it is
// made.
type Definition struct {
	Name     string   // in configuration, flags and labels
	Help     string   // what it exposes, in a line
	Paths    []string // that it asks for, as the API reference writes them
	Defaults Settings // of the configuration

	make func(Deps, Settings) Collector
}

// New makes the collector. settings has the type of Defaults.
func (d Definition) New(deps Deps, settings Settings) Collector { return d.make(deps, settings) }

// Deps is what collectors are made of.
type Deps struct {
	Portal    portal.Conditional
	Inventory Inventory
	State     State
	Archive   Archive // nil keeps no bills
	Log       *slog.Logger
}

// Settings is a collector's section of the configuration: a struct that embeds
// Schedule, and whose other fields are the collector's own keys. The tag key is the
// YAML key, the tag doc its meaning in one line. A field may be a bool, an int, a
// string, a []string, a time.Duration, a Path or a Choice. A struct with a method
// Check(report func(key, reason string)) can refuse values.
type Settings interface {
	When() Schedule
}

// Choice is a setting of kind string that is one of a few words.
type Choice interface {
	Choices() []string
}

// Path is a setting that is a path; one that is relative in the configuration file is
// relative to that file's directory.
type Path string

// Schedule reports whether and how often a collector runs.
type Schedule struct {
	Enabled     bool          `key:"enabled" doc:"Whether the collector runs; the flag --[no-]collector.NAME goes before it."`
	MinInterval time.Duration `key:"min_interval" doc:"A scrape refreshes the data when it is older than this."`
	MaxAge      time.Duration `key:"max_age" doc:"Data older than this is no longer exposed; at least min_interval and portal.timeout."`
}

// When implements Settings, for every struct that embeds a Schedule.
func (s Schedule) When() Schedule { return s }

// every is the schedule of a collector that is enabled by default.
func every(minInterval, maxAge time.Duration) Schedule {
	return Schedule{Enabled: true, MinInterval: minInterval, MaxAge: maxAge}
}

// define makes a definition whose settings are an S.
func define[S Settings](name, help string, paths []string, defaults S, make func(Deps, S) Collector) Definition {
	return Definition{
		Name: name, Help: help, Paths: paths, Defaults: defaults,
		make: func(deps Deps, settings Settings) Collector { return make(deps, settings.(S)) },
	}
}
