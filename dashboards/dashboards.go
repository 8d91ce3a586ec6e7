// Package dashboards is the home of the project's Grafana dashboards. Their JSON
// is generated from internal/boards and committed; a test compares the two.
package dashboards

//go:generate go run ./internal/generate
