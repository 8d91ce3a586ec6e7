package assets

import (
	"bytes"
	"errors"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// rules puts links and labels into the alerts. Comments are kept, blank lines are
// not: the library does not know them.
func (v values) rules(text []byte) ([]byte, error) {
	if v.repository == "" && v.grafana == "" && len(v.labels) == 0 {
		return text, nil
	}
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, err
	}
	alerts := 0
	for _, group := range items(document.Content[0], "groups") {
		for _, rule := range items(group, "rules") {
			if value(rule, "alert") == nil {
				continue
			}
			alerts++
			annotations := value(rule, "annotations")
			prefix(value(annotations, "runbook_url"), v.repository, "/")
			prefix(value(annotations, "dashboard_url"), v.grafana, "")
			for _, l := range v.labels {
				add(value(rule, "labels"), l)
			}
		}
	}
	if alerts == 0 {
		return nil, errors.New("has no alerts")
	}
	return marshal(&document)
}

// ruleGroups is a file of recording rules.
type ruleGroups struct {
	Groups []ruleGroup `yaml:"groups"`
}

type ruleGroup struct {
	Name  string       `yaml:"name"`
	Rules []recordRule `yaml:"rules"`
}

type recordRule struct {
	Record string            `yaml:"record"`
	Labels map[string]string `yaml:"labels"`
	Expr   string            `yaml:"expr"`
}

const budgetComment = `# The monthly budget of each account, in pounds without VAT, as assets write --budget
# has made it. UKCloudSpendOverBudget and the Cost dashboard compare the forecast
# with it. It belongs under rule_files beside ukcloud.rules.yml.
`

// budget makes a rule like that of the example for each account.
func (v values) budget(example []byte) ([]byte, error) {
	if len(v.budgets) == 0 {
		return example, nil
	}
	var file ruleGroups
	if err := yaml.Unmarshal(example, &file); err != nil {
		return nil, err
	}
	if len(file.Groups) != 1 || len(file.Groups[0].Rules) != 1 {
		return nil, errors.New("is not one rule to begin with")
	}
	group := &file.Groups[0]
	record := group.Rules[0].Record
	group.Rules = nil
	for _, b := range v.budgets {
		group.Rules = append(group.Rules, recordRule{record, map[string]string{"account": b.account}, "vector(" + b.pounds.String() + ")"})
	}
	text, err := marshal(file)
	return append([]byte(budgetComment), text...), err
}

func marshal(what any) ([]byte, error) {
	var b bytes.Buffer
	encoder := yaml.NewEncoder(&b)
	encoder.SetIndent(2)
	err := encoder.Encode(what)
	return b.Bytes(), err
}

// value returns what stands at a key of a mapping, or nil.
func value(mapping *yaml.Node, key string) *yaml.Node {
	if mapping == nil {
		return nil
	}
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			return mapping.Content[i+1]
		}
	}
	return nil
}

// items returns the items of the list at a key.
func items(mapping *yaml.Node, key string) []*yaml.Node {
	if list := value(mapping, key); list != nil {
		return list.Content
	}
	return nil
}

// prefix puts a base URL before a link.
func prefix(link *yaml.Node, base, separator string) {
	if link != nil && base != "" {
		link.Value = base + separator + link.Value
	}
}

// add puts a label at the end of a mapping. It is text whatever it looks like.
func add(labels *yaml.Node, l label) {
	if labels != nil {
		labels.Content = append(labels.Content,
			&yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: l.name},
			&yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: l.value})
	}
}

var (
	grouping  = regexp.MustCompile(`\b(?:by|on|ignoring|without|group_left|group_right)\s*\(([^)]*)\)`)
	matching  = regexp.MustCompile(`\b(\w+)\s*(?:=~|!~|!=|=)\s*(?:"|%q)`)
	templated = regexp.MustCompile(`\$labels\.(\w+)`)
)

// labelsOfRules returns the labels that the rules group by, match, put into texts or
// set: another value of one would make two alerts one, or send it astray.
func labelsOfRules(text string) map[string]bool {
	names := map[string]bool{"alertname": true, "instance": true, "severity": true, "pace": true}
	for _, match := range grouping.FindAllStringSubmatch(text, -1) {
		for name := range strings.SplitSeq(match[1], ",") {
			names[strings.TrimSpace(name)] = true
		}
	}
	for _, expression := range []*regexp.Regexp{matching, templated} {
		for _, match := range expression.FindAllStringSubmatch(text, -1) {
			names[match[1]] = true
		}
	}
	return names
}
