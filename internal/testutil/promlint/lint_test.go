package promlint

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/promql/parser"
)

// TestParse is target-promql-rule and template-label-promql-rule of Grafana's
// dashboard-linter, with Prometheus's own parser, over dashboards and rules.
func TestParse(t *testing.T) {
	records, alerts := ofRules(t)
	if n := len(records) + len(alerts) + len(ofDashboards(t)); n < 150 {
		t.Errorf("only %d expressions were found", n)
	}
}

// TestJob is target-job-rule, and target-instance-rule for the Exporter
// dashboard: what the portal says has no instance of its own. The operator's
// budget has neither.
func TestJob(t *testing.T) {
	for _, s := range ofDashboards(t) {
		if !s.panel {
			continue
		}
		for _, selector := range selectors(s.expr) {
			if selector.Name == "ukcloud:budget_month_gbp" || strings.HasPrefix(selector.Name, "ALERTS") {
				continue
			}
			if !matches(selector, "job") || s.instance && !matches(selector, "instance") {
				t.Errorf("%s\n%s does not choose the job, or the instance", s, selector)
			}
		}
	}
}

func matches(s *parser.VectorSelector, label string) bool {
	for _, m := range s.LabelMatchers {
		if m.Name == label && m.Value == "$"+label {
			return true
		}
	}
	return false
}

func selectors(e parser.Expr) (all []*parser.VectorSelector) {
	parser.Inspect(e, func(n parser.Node, _ []parser.Node) error {
		if s, ok := n.(*parser.VectorSelector); ok {
			all = append(all, s)
		}
		return nil
	})
	return all
}

// TestRates is target-rate-interval-rule and target-counter-agg-rule: a counter
// of a panel is read with rate or increase, over Grafana's rate interval or its
// whole range.
func TestRates(t *testing.T) {
	interval, err := time.ParseDuration(rateInterval)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range ofDashboards(t) {
		if !s.panel {
			continue
		}
		parser.Inspect(s.expr, func(n parser.Node, path []parser.Node) error {
			switch n := n.(type) {
			case *parser.VectorSelector:
				if counter := strings.HasSuffix(n.Name, "_total") || strings.HasSuffix(n.Name, "_bucket"); counter && !isRate(path) {
					t.Errorf("%s\ncounter %s is not read with rate or increase", s, n.Name)
				}
			case *parser.MatrixSelector:
				if isRate(append(path, n)) && n.Range != interval && !strings.Contains(s.text, "[$__range]") {
					t.Errorf("%s\nthe rate is over %s, not over $__rate_interval", s, n.Range)
				}
			}
			return nil
		})
	}
}

// isRate reports whether a path ends in a range of rate or increase.
func isRate(path []parser.Node) bool {
	if len(path) < 2 {
		return false
	}
	_, ranged := path[len(path)-1].(*parser.MatrixSelector)
	call, called := path[len(path)-2].(*parser.Call)
	return ranged && called && (call.Func.Name == "rate" || call.Func.Name == "increase")
}

// TestTopAtEnd: over a range, topk would choose anew at every step, and show more
// series than its number. What it chooses by is that of the range's end.
func TestTopAtEnd(t *testing.T) {
	found := 0
	for _, s := range ofDashboards(t) {
		if !s.ranged {
			continue
		}
		parser.Inspect(s.expr, func(n parser.Node, _ []parser.Node) error {
			top, ok := n.(*parser.AggregateExpr)
			if !ok || top.Op != parser.TOPK || len(top.Grouping) > 0 { // by groups, it is a choice of names
				return nil
			}
			found++
			parser.Inspect(top.Expr, func(n parser.Node, path []parser.Node) error {
				selector, ok := n.(*parser.VectorSelector)
				if !ok || selector.StartOrEnd == parser.END {
					return nil
				}
				for _, around := range path { // a subquery's end is that of what is in it
					if sub, ok := around.(*parser.SubqueryExpr); ok && sub.StartOrEnd == parser.END {
						return nil
					}
				}
				t.Errorf("%s\n%s is not that of the range's end", s, selector)
				return nil
			})
			return nil
		})
	}
	if found < 10 {
		t.Errorf("only %d choices over a range were found", found)
	}
}

// TestSmall: a panel is as readable, and as cheap to draw, at 10,000 VMs as at
// three: what has a series for each VM is cut by topk or added up.
func TestSmall(t *testing.T) {
	for _, s := range ofDashboards(t) {
		if s.panel && !small(s.expr) {
			t.Errorf("%s\nhas a row or line for each VM", s)
		}
	}
}

// small reports whether the result does not grow with the number of VMs.
func small(e parser.Expr) bool {
	switch e := e.(type) {
	case *parser.AggregateExpr:
		if e.Op == parser.TOPK {
			return len(e.Grouping) == 0 || small(e.Expr)
		}
		for _, name := range e.Grouping {
			if name == "vm" || name == "vm_name" {
				return small(e.Expr)
			}
		}
		return true
	case *parser.BinaryExpr:
		switch { // a number bounds nothing, and nor does what is taken away
		case e.LHS.Type() == parser.ValueTypeScalar:
			return small(e.RHS)
		case e.RHS.Type() == parser.ValueTypeScalar, e.Op == parser.LUNLESS:
			return small(e.LHS)
		case e.Op == parser.LOR:
			return small(e.LHS) && small(e.RHS)
		}
		return small(e.LHS) || small(e.RHS)
	case *parser.ParenExpr:
		return small(e.Expr)
	case *parser.Call:
		for _, argument := range e.Args {
			if !small(argument) {
				return false
			}
		}
		return true
	case *parser.MatrixSelector:
		return small(e.VectorSelector)
	case *parser.SubqueryExpr:
		return small(e.Expr)
	case *parser.VectorSelector:
		return !strings.HasPrefix(e.Name, "ukcloud_vm_") && !strings.HasPrefix(e.Name, "ukcloud:vm_") && !strings.Contains(e.Name, "_vm_")
	}
	return true
}
