// Package promlint holds the dashboards and the rules to Prometheus's own grammar
// and to what the exporter exposes. It has tests only.
package promlint
