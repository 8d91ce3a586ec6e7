// Package model is the part of a Grafana dashboard that this project's dashboards
// are made of, and how it is written as Grafana's JSON.
//
// The JSON is of schema version 37, that of Grafana 9.3; newer ones migrate it
// when they load it. Panels are of the kinds that every Grafana since then has
// without plugins and that are not made with Angular.
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

// Row is a titled group of panels, laid out from left to right.
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
}

// Annotation marks moments: each value of its query is one, in milliseconds since
// 1970.
type Annotation struct {
	Name        string
	Color       Color
	Expr        string
	Title, Text string // {{label}} is replaced
}

// Unit is how Grafana writes a value.
type Unit string

// The units in use.
const (
	Pounds  Unit = "currencyGBP"
	Bytes   Unit = "bytes"
	Seconds Unit = "s"
	Share   Unit = "percentunit" // 0 to 1
	Count   Unit = "short"
	PerSec  Unit = "reqps"
	Moment  Unit = "dateTimeFromNow" // of milliseconds since 1970
	YesNo   Unit = "bool_yes_no"
)

// Color is one of Grafana's named colors.
type Color string

// The colors in use: of thresholds and of annotations.
const (
	Green  Color = "green"
	Orange Color = "orange"
	Red    Color = "red"
	Blue   Color = "blue"
	Purple Color = "purple"
	Grey   Color = "text"
)

// Steps say from which value on a panel has which color.
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
	Unit               Unit
	Steps              Steps
	Width, Height      int // of a dashboard 24 wide
	Queries            []Query
	Columns            []Column // of a Table, in place of Queries
	Keys               []Key    // labels that a Table shows, before its columns

	Decimals *int   // nil leaves it to Grafana
	Max      *int   // end of the scale; nil is the largest value
	Step     string // shortest step between points, for example 1d
	Last     string // a time range of the panel's own, for example 30d
	Stack    Stack  // of Lines
	Links    []Link
}

// Stack is how Lines stand on each other.
type Stack string

// How Lines are drawn.
const (
	NoStack   Stack = ""        // lines beside each other
	Stacked   Stack = "normal"  // bars upon each other
	StackedTo Stack = "percent" // areas that fill the panel
)

// Query is one query of a panel.
type Query struct {
	Expr   string
	Legend string // {{label}} is replaced
}

// Column is a column of a table, with a query of its own.
type Column struct {
	Title string
	Unit  Unit
	Steps *Steps
	Expr  string
}

// Key is a label that a table shows. One without a title tells rows apart and is
// not shown.
type Key struct {
	Label, Title string
}

// Link leads to another dashboard and keeps time range and variables. In Set,
// names of its variables have values of Grafana's own language.
type Link struct {
	Title, UID string
	Set        [][2]string
}
