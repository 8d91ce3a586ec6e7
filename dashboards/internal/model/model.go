// Package model is the part of a Grafana dashboard that this project's dashboards
// are made of, and how it is written as Grafana's JSON.
//
// The JSON is of schema version 41, that of Grafana 12.1, the first that writes
// pounds in full; newer ones migrate it when they load it. Panels are of the kinds
// that every Grafana since then has without plugins.
package model

// Dashboard is one dashboard.
type Dashboard struct {
	UID, Title, Description string
	From                    string // beginning of the time range, for example now-30d
	Refresh                 string // how often it is drawn anew
	Variables               []Variable
	Annotations             []Annotation
	Rows                    []Row
}

// Row is a group of panels, laid out from left to right. A row without a title
// has no heading.
type Row struct {
	Title  string
	Panels []Panel
}

// Variable is a choice at the top of the dashboard. Several values may be chosen,
// or all, which matches whatever All says.
type Variable struct {
	Name, Label string
	Query       string // one of Grafana's functions: label_values, query_result
	Regex       string // picks value and text out of the answer; "" takes it as it is
	All         string // regular expression that stands for all values
	Hidden      bool   // of no use here, but kept for the dashboards that links lead to

	Constant string // in place of Query: a text that links use, never shown
}

// Annotation marks moments on the time axis. With Moments, each value of its
// query is one, in milliseconds since 1970; without, the time in which the query
// has a value above zero is marked as a region.
type Annotation struct {
	Name        string
	Color       Color
	Expr        string
	Title, Text string // {{label}} is replaced
	Step        string // between evaluations; what is not further apart is one mark
	Moments     bool
	Off         bool // until somebody switches it on
}

// Unit is how Grafana writes a value.
type Unit string

// The units in use.
const (
	Pounds  Unit = "currency:financial:£" // £36,389.44, where currencyGBP says £36.4K
	Bytes   Unit = "bytes"
	Seconds Unit = "s"
	Share   Unit = "percentunit" // 0 to 1
	Count   Unit = "locale"      // 2,330, where short says 2.33 K
	PerSec  Unit = "reqps"
	Moment  Unit = "dateTimeFromNow" // of milliseconds since 1970
	YesNo   Unit = "bool_yes_no"
	AsIs    Unit = "string" // what is not to be read as a number or a date
)

// decimals are those of a unit, where Grafana's own choice would round money or
// give things fractions.
func (u Unit) decimals() (int, bool) {
	switch u {
	case Pounds:
		return 2, true
	case Count:
		return 0, true
	default:
		return 0, false
	}
}

// Color is one of Grafana's named colors.
type Color string

// The colors in use.
const (
	Green     Color = "green"
	Orange    Color = "orange"
	Yellow    Color = "yellow"
	Red       Color = "red"
	Blue      Color = "blue"
	LightBlue Color = "light-blue"
	Purple    Color = "purple"
	Grey      Color = "#8e8e8e"
	NoColor   Color = "text" // that of text: neither good nor bad, or not there
)

// Steps say from which value on a panel has which color. Base is also the color
// of what is missing.
type Steps struct {
	Base  Color
	Above []Step
}

// Step is the color from a value on.
type Step struct {
	From  float64
	Color Color
}

// Kind is a kind of panel.
type Kind string

// The kinds in use.
const (
	Stat    Kind = "stat"
	Gauge   Kind = "gauge"
	Lines   Kind = "timeseries"
	Bars    Kind = "bargauge"
	Table   Kind = "table"
	History Kind = "status-history" // one cell for each series and step
)

// Panel is one panel.
type Panel struct {
	Kind               Kind
	Title, Description string
	Empty              string // what is written where there is nothing to show
	Unit               Unit   // a Table has them on its columns
	Steps              Steps
	Width, Height      int // of a dashboard 24 wide
	Queries            []Query
	Columns            []Column // of a Table, in place of Queries
	Keys               []Key    // labels that a Table shows, before its columns

	Colors  []Fixed  // of series, by their names
	Texts   []Text   // in place of values
	Max     *int     // end of the scale; nil is the largest value
	Signed  bool     // values may be below zero
	Step    string   // shortest step between points, for example 1d
	Last    string   // a time range of the panel's own, for example 30d
	Stack   Stack    // of Lines
	Sums    []string // of Lines: what the legend says of each, as a table
	Names   bool     // of Stat: also the name of a single series
	SortBy  string   // of a Table: the column with the largest first; "" is the first
	Links   []Link
	BarsEnd bool // of stacked Lines: a bar begins at its point
}

// Fixed is the color of the series of a name, or of those that match it when it
// is a regular expression between slashes.
type Fixed struct {
	Name  string
	Color Color
}

// Text is written in place of a value, in a color.
type Text struct {
	Value float64
	Text  string
	Color Color
}

// Stack is how Lines stand on each other.
type Stack string

// How Lines are drawn.
const (
	NoStack   Stack = ""        // lines beside each other
	Stacked   Stack = "normal"  // bars upon each other
	StackedTo Stack = "percent" // bars that fill the panel
)

// Query is one query of a panel.
type Query struct {
	Expr   string
	Legend string // {{label}} is replaced
}

// Column is a column of a table, with a query of its own. Those after the first
// have rows for what the first has, and no others.
type Column struct {
	Title string
	Unit  Unit
	Steps *Steps
	Texts []Text
	Expr  string
	Width int // in pixels; 0 is what suits the unit
}

// Key is a label that a table shows. One without a title tells rows apart and is
// not shown, but links can use it.
type Key struct {
	Label, Title string
	Width        int // in pixels; 0 takes what is left
}

// Link leads to another dashboard and keeps time range and variables. In Set,
// names of its variables have values of Grafana's own language. With URL it leads
// there instead.
type Link struct {
	Title, UID string
	Set        [][2]string
	URL        string
}
