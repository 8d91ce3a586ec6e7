package promlint

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/promql/parser"
)

// TestMetricsAndLabelsExist: each metric and label that a dashboard or a rule
// selects, groups by, joins on or shows is there in what the exporter exposes or
// the rules record.
func TestMetricsAndLabelsExist(t *testing.T) {
	records, alerts := ofRules(t)
	known := knowledge{exposed: exposed(t), records: records}
	for _, s := range slices.Concat(alerts, ofDashboards(t), ofRunbooks(t), slices.Collect(maps.Values(records))) {
		if s.expr == nil {
			continue
		}
		result, err := known.labels(s.expr)
		if err != nil {
			t.Errorf("%s\n%v", s, err)
			continue
		}
		for _, name := range s.names {
			if !result[name] {
				t.Errorf("%s\nits result has no label %q", s, name)
			}
		}
	}
}

// knowledge is which metrics there are, with which labels.
type knowledge struct {
	exposed exposition
	records map[string]source
	within  set // the records whose expressions are being read
}

type set map[string]bool

func (a set) and(b set) set {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

// lacks returns the names that are not in the set.
func (a set) lacks(names []string) (missing []string) {
	for _, name := range names {
		if !a[name] {
			missing = append(missing, name)
		}
	}
	return missing
}

// labels returns the labels that the result of an expression may have.
func (k knowledge) labels(e parser.Expr) (set, error) {
	switch e := e.(type) {
	case *parser.VectorSelector:
		return k.ofMetric(e)
	case *parser.AggregateExpr:
		return k.ofAggregate(e)
	case *parser.BinaryExpr:
		return k.ofBinary(e)
	case *parser.Call:
		return k.ofCall(e)
	case *parser.MatrixSelector:
		return k.labels(e.VectorSelector)
	case *parser.SubqueryExpr:
		return k.labels(e.Expr)
	case *parser.ParenExpr:
		return k.labels(e.Expr)
	case *parser.UnaryExpr:
		return k.labels(e.Expr)
	case *parser.NumberLiteral, *parser.StringLiteral:
		return set{}, nil
	}
	return nil, fmt.Errorf("%T is not known to this test", e)
}

func (k knowledge) ofMetric(e *parser.VectorSelector) (set, error) {
	labels := set(k.exposed[e.Name])
	if labels == nil {
		record, ok := k.records[e.Name]
		switch {
		case e.Name == "ukcloud:budget_month_gbp": // by the operator, for each account
			labels = set{"account": true}
		case e.Name == "up": // by Prometheus
			labels = set{"job": true, "instance": true}
		case e.Name == "ALERTS", e.Name == "ALERTS_FOR_STATE": // by Prometheus, with the labels of the alert
			labels = set{"alertname": true, "alertstate": e.Name == "ALERTS", "severity": true, "job": true, "account": true, "vorg": true, "vdc": true, "vm": true}
		case k.exposed[e.Name+"_bucket"] != nil: // a native histogram has no le
			labels = maps.Clone(set(k.exposed[e.Name+"_bucket"]))
			delete(labels, "le")
		case ok && k.within[e.Name]: // a record that keeps its own last value has what the rest of it gives
			labels = set{}
			for _, l := range k.exposed {
				labels = labels.and(l)
			}
		case ok:
			inner := k
			inner.within = set{e.Name: true}.and(k.within)
			var err error
			if labels, err = inner.labels(record.expr); err != nil {
				return nil, err
			}
			labels = labels.and(record.adds)
		default:
			return nil, fmt.Errorf("there is no metric %s", e.Name)
		}
	}
	for _, m := range e.LabelMatchers {
		if m.Name != "__name__" && !labels[m.Name] {
			return nil, fmt.Errorf("%s has no label %s", e.Name, m.Name)
		}
	}
	return labels, nil
}

func (k knowledge) ofAggregate(e *parser.AggregateExpr) (set, error) {
	inner, err := k.labels(e.Expr)
	if err != nil {
		return nil, err
	}
	if missing := inner.lacks(e.Grouping); missing != nil {
		return nil, fmt.Errorf("grouped by %v, which the expression has not: %s", missing, e)
	}
	if e.Op == parser.TOPK || e.Op == parser.BOTTOMK {
		return inner, nil
	}
	result := set{}
	for _, name := range e.Grouping {
		result[name] = true
	}
	if e.Without {
		return nil, fmt.Errorf("without hides what is left: %s", e)
	}
	return result, nil
}

func (k knowledge) ofBinary(e *parser.BinaryExpr) (set, error) {
	left, err := k.labels(e.LHS)
	if err != nil {
		return nil, err
	}
	right, err := k.labels(e.RHS)
	if err != nil {
		return nil, err
	}
	m := e.VectorMatching
	if m == nil { // one side is a number
		return left.and(right), nil
	}
	if missing := append(left.lacks(m.MatchingLabels), right.lacks(m.MatchingLabels)...); m.On && missing != nil {
		return nil, fmt.Errorf("joined on %v, which one side has not: %s", missing, e)
	}
	if !m.On && len(m.MatchingLabels) == 0 && e.Op != parser.LOR && !maps.Equal(left, right) {
		return nil, fmt.Errorf("the sides have different labels, %v and %v: %s", sorted(left), sorted(right), e)
	}
	one, many := right, left
	if m.Card == parser.CardOneToMany {
		one, many = left, right
	}
	if missing := one.lacks(m.Include); missing != nil {
		return nil, fmt.Errorf("takes %v, which that side has not: %s", missing, e)
	}
	switch {
	case e.Op == parser.LOR: // what a series of either side may have
		return left.and(right), nil
	case e.Op == parser.LAND, e.Op == parser.LUNLESS:
		return left, nil
	case m.On && m.Card == parser.CardOneToOne && !e.Op.IsComparisonOperator():
		result := set{}
		for _, name := range m.MatchingLabels {
			result[name] = true
		}
		return result, nil
	}
	for _, name := range m.Include {
		many = many.and(set{name: true})
	}
	return many, nil
}

func (k knowledge) ofCall(e *parser.Call) (set, error) {
	result := set{}
	for _, argument := range e.Args {
		labels, err := k.labels(argument)
		if err != nil {
			return nil, err
		}
		result = result.and(labels)
	}
	switch e.Func.Name {
	case "histogram_quantile":
		delete(result, "le")
	case "absent":
		return set{}, nil
	case "label_replace", "label_join":
		result[e.Args[1].(*parser.StringLiteral).Val] = true
	}
	return result, nil
}

func sorted(s set) string { return strings.Join(slices.Sorted(maps.Keys(s)), " ") }
