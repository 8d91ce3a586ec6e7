package config

import (
	"fmt"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	promconfig "github.com/prometheus/common/config"
	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v3"

	"ukcloud_exporter/collector"
	"ukcloud_exporter/portal"
)

// scalar is how one type of value is read: its name in the documentation, and
// the value of a YAML scalar or the reason why it is none. The reason does not
// quote the value.
type scalar struct {
	name string
	read func(*yaml.Node) (value any, reason string)
}

// scalars are the types that a single value can have, beside those of a
// collector.Choice.
var scalars = map[reflect.Type]scalar{
	reflect.TypeFor[string]():                {"text", text(func(s string) (any, string) { return s, "" })},
	reflect.TypeFor[portal.Secret]():         {"secret", text(func(s string) (any, string) { return portal.NewSecret(s), "" })},
	reflect.TypeFor[filePath]():              {"path", text(func(s string) (any, string) { return filePath(s), "" })},
	reflect.TypeFor[promconfig.URL]():        {"URL", text(readURL)},
	reflect.TypeFor[promconfig.TLSVersion](): {"TLS10, TLS11, TLS12 or TLS13", text(readTLSVersion)},
	reflect.TypeFor[accountID]():             {"account id", readAccountID},
	reflect.TypeFor[time.Duration]():         {"duration", readDuration},
	reflect.TypeFor[bool]():                  {"true or false", readBool},
	reflect.TypeFor[int]():                   {"integer", readInt},
}

// scalarOf returns how values of a type are read, and whether it is that of a
// single value.
func scalarOf(t reflect.Type) (scalar, bool) {
	if choice, ok := reflect.Zero(t).Interface().(collector.Choice); ok {
		return choiceOf(choice.Choices()), true
	}
	s, ok := scalars[t]
	return s, ok
}

// choiceOf reads one of a few words.
func choiceOf(words []string) scalar {
	name := strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
	reason := "is not one of " + strings.Join(words, ", ")
	if len(words) == 2 {
		reason = "is neither " + words[0] + " nor " + words[1]
	}
	return scalar{name, text(func(s string) (any, string) {
		if !slices.Contains(words, s) {
			return nil, reason
		}
		return s, ""
	})}
}

const (
	tagText = "!!str"
	tagInt  = "!!int"
	tagBool = "!!bool"
	tagNull = "!!null"
)

// text reads YAML text. A number is not taken for text: 0123 and 1e3 would lose
// the form in which they were written, and a password may look like that.
func text(read func(string) (any, string)) func(*yaml.Node) (any, string) {
	return func(n *yaml.Node) (any, string) {
		if n.ShortTag() != tagText {
			return nil, "is not text: put it in quotes"
		}
		return read(n.Value)
	}
}

func readURL(s string) (any, string) {
	u, err := url.Parse(s)
	if err != nil {
		return nil, "is not a URL"
	}
	return promconfig.URL{URL: u}, ""
}

func readTLSVersion(s string) (any, string) {
	v, ok := promconfig.TLSVersions[s]
	if !ok {
		return nil, "is not one of TLS10, TLS11, TLS12, TLS13"
	}
	return v, ""
}

// decimalID is an id as the portal sends it: an integer of JSON.
var decimalID = regexp.MustCompile(`^(0|[1-9][0-9]{0,18})$`)

func readAccountID(n *yaml.Node) (any, string) {
	if tag := n.ShortTag(); tag != tagInt && tag != tagText || !decimalID.MatchString(n.Value) {
		return nil, "is not an account id (decimal digits)"
	}
	return accountID(n.Value), ""
}

// readDuration reads a duration as Prometheus writes them. None of ours can be
// zero: a zero timeout or age limit would switch something off unseen.
func readDuration(n *yaml.Node) (any, string) {
	if strings.HasPrefix(n.Value, "-") {
		return nil, "is not more than zero"
	}
	d, err := model.ParseDuration(n.Value)
	if err != nil {
		return nil, "is not a duration such as 30s, 1h30m or 2d"
	}
	if d == 0 {
		return nil, "is not more than zero"
	}
	return time.Duration(d), ""
}

func readBool(n *yaml.Node) (any, string) {
	b, err := strconv.ParseBool(strings.ToLower(n.Value))
	if err != nil || n.ShortTag() != tagBool {
		return nil, "is neither true nor false"
	}
	return b, ""
}

func readInt(n *yaml.Node) (any, string) {
	i, err := strconv.Atoi(n.Value)
	if err != nil || n.ShortTag() != tagInt {
		return nil, "is not an integer"
	}
	return i, ""
}

// show is a value as it would stand in the file. A secret is shown as nothing.
func show(value any) string {
	switch v := value.(type) {
	case portal.Secret:
		return ""
	case time.Duration:
		return model.Duration(v).String()
	case promconfig.URL:
		return v.Redacted()
	case promconfig.TLSVersion:
		return v.String()
	}
	return fmt.Sprint(value)
}

func mustURL(s string) promconfig.URL {
	u, err := url.Parse(s)
	if err != nil {
		panic(err)
	}
	return promconfig.URL{URL: u}
}
