package tickets

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// allowed is an item of tickets.alerts: which alerts may open tickets.
type allowed []matcher

type matcher struct {
	label  string
	not    bool
	value  string
	regexp *regexp.Regexp // instead of value
}

// matches reports whether an alert is one of them. A label that it has not is "".
func (a allowed) matches(labels map[string]string) bool {
	for _, m := range a {
		value := labels[m.label]
		found := value == m.value
		if m.regexp != nil {
			found = m.regexp.MatchString(value)
		}
		if found == m.not {
			return false
		}
	}
	return true
}

var (
	alertName   = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)
	matcherHead = regexp.MustCompile(`^\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!~|!=|=)\s*`)
)

// parseAllowed reads an alert's name, or matchers as Prometheus writes them, all of
// which must fit: {team="ops", severity=~"warning|critical"}.
func parseAllowed(text string) (allowed, error) {
	if alertName.MatchString(text) {
		return allowed{{label: "alertname", value: text}}, nil
	}
	rest := strings.TrimSpace(text)
	if !strings.HasPrefix(rest, "{") || !strings.HasSuffix(rest, "}") {
		return nil, errors.New(`is neither an alert's name nor matchers such as {severity="critical"}`)
	}
	rest = rest[1 : len(rest)-1]
	var list allowed
	for {
		head := matcherHead.FindStringSubmatch(rest)
		if head == nil {
			return nil, errors.New(`has a matcher that is not written like label="value"`)
		}
		rest = rest[len(head[0]):]
		quoted, err := strconv.QuotedPrefix(rest)
		if err != nil {
			return nil, fmt.Errorf("has a value of %s without quotes", head[1])
		}
		rest = strings.TrimSpace(rest[len(quoted):])
		m := matcher{label: head[1], not: head[2][0] == '!'}
		if m.value, err = strconv.Unquote(quoted); err != nil {
			return nil, fmt.Errorf("has a value of %s that cannot be read", m.label)
		}
		if strings.HasSuffix(head[2], "~") {
			if m.regexp, err = regexp.Compile("^(?s:" + m.value + ")$"); err != nil {
				return nil, fmt.Errorf("has a value of %s that is no regular expression", m.label)
			}
		}
		list = append(list, m)
		if rest == "" {
			return list, nil
		}
		var more bool
		if rest, more = strings.CutPrefix(rest, ","); !more {
			return nil, errors.New("has matchers without a comma between them")
		}
	}
}
