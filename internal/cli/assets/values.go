package assets

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"ukcloud_exporter/money"
)

// flags are the operator's words.
type flags struct {
	runbookURL, dashboardURL, datasource string
	labels, budgets                      []string
}

// values are the flags after they have been checked; the zero value changes nothing.
type values struct {
	repository, grafana string // URLs without a slash at the end
	datasource          string
	jobs                []string // what the dashboards' variable job opens with
	labels              []label  // of every alert
	budgets             []budget
}

type label struct{ name, value string }

type budget struct {
	account string
	pounds  money.Amount
}

// read checks the flags. An error names the flag, what was given and why not.
func (f flags) read(files fs.FS) (v values, err error) {
	if v.repository, err = baseURL(f.runbookURL); err != nil {
		return v, refusedURL("--runbook-url", f.runbookURL, err)
	}
	if v.grafana, err = baseURL(f.dashboardURL); err != nil {
		return v, refusedURL("--dashboard-url", f.dashboardURL, err)
	}
	if f.datasource != "" {
		if err := harmless(f.datasource); err != nil {
			return v, fmt.Errorf("--datasource %q: %w", f.datasource, err)
		}
		v.datasource = f.datasource
	}
	if err := v.readLabels(f.labels, files); err != nil {
		return v, err
	}
	return v, v.readBudgets(f.budgets)
}

var labelName = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)

// readLabels takes job apart: every rule keeps the job of its series, so that two
// estates stay two; a job of ours on each alert would make them one.
func (v *values) readLabels(given []string, files fs.FS) error {
	for _, word := range given {
		name, value, found := strings.Cut(word, "=")
		if !found {
			return fmt.Errorf("--label %q: is not NAME=VALUE", word)
		}
		if !labelName.MatchString(name) || strings.HasPrefix(name, "__") {
			return fmt.Errorf("--label %q: %q is not a label's name", word, name)
		}
		if err := harmless(value); err != nil {
			return fmt.Errorf("--label %q: the value %w", word, err)
		}
		if name == "job" {
			v.jobs = append(v.jobs, value)
			continue
		}
		if slices.ContainsFunc(v.labels, func(l label) bool { return l.name == name }) {
			return fmt.Errorf("--label %q: %s has a value already", word, name)
		}
		v.labels = append(v.labels, label{name, value})
	}
	if len(v.labels) == 0 {
		return nil
	}
	text, err := fs.ReadFile(files, rulesFile)
	if err != nil {
		return err
	}
	taken := labelsOfRules(string(text))
	for _, l := range v.labels {
		if taken[l.name] {
			return fmt.Errorf("--label %q: the rules give %s a meaning of their own", l.name+"="+l.value, l.name)
		}
	}
	return nil
}

// decimalID is an account's id, as in the configuration.
var decimalID = regexp.MustCompile(`^(0|[1-9][0-9]{0,18})$`)

func (v *values) readBudgets(given []string) error {
	seen := map[string]bool{}
	for _, word := range given {
		account, text, found := strings.Cut(word, "=")
		if !found {
			return fmt.Errorf("--budget %q: is not ACCOUNT=POUNDS", word)
		}
		if !decimalID.MatchString(account) {
			return fmt.Errorf("--budget %q: %q is not an account id (decimal digits)", word, account)
		}
		if seen[account] {
			return fmt.Errorf("--budget %q: account %s has a budget already", word, account)
		}
		seen[account] = true
		pounds, err := money.Parse(text)
		if err != nil {
			return fmt.Errorf("--budget %q: %q is %w", word, text, err)
		}
		if pounds <= 0 {
			return fmt.Errorf("--budget %q: a budget is more than nothing", word)
		}
		v.budgets = append(v.budgets, budget{account, pounds})
	}
	return nil
}

// baseURL returns a URL that a path can be put behind.
func baseURL(text string) (string, error) {
	if text == "" {
		return "", nil
	}
	if err := harmless(text); err != nil {
		return "", err
	}
	if strings.ContainsAny(text, " <>{}|^") {
		return "", errors.New("has a character that belongs into no URL")
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return "", errors.New("is not a URL")
	case u.Scheme != "http" && u.Scheme != "https":
		return "", errors.New("does not begin with https:// or http://")
	case u.Hostname() == "":
		return "", errors.New("has no host")
	case u.User != nil:
		return "", errors.New("has a user or a password in it, for everybody to read")
	case strings.ContainsAny(text, "?#"):
		return "", errors.New("has a query or a fragment, and a path comes behind it")
	}
	return strings.TrimRight(text, "/"), nil
}

// refusedURL keeps a URL with a password in it to itself.
func refusedURL(flag, text string, reason error) error {
	if strings.Contains(text, "@") {
		return fmt.Errorf("%s: %w", flag, reason)
	}
	return fmt.Errorf("%s %q: %w", flag, text, reason)
}

// harmless reports what in a value would be read as anything but itself: by
// Prometheus, which expands templates in labels and annotations, by Grafana, which
// expands variables, or by whoever reads the file.
func harmless(value string) error {
	switch {
	case value == "":
		return errors.New("is empty")
	case !utf8.ValidString(value):
		return errors.New("is not UTF-8")
	case value != strings.TrimSpace(value):
		return errors.New("has a blank at its begin or end")
	case strings.Contains(value, "{{"):
		return errors.New("has {{, which begins a template")
	}
	for _, r := range value {
		if !unicode.IsPrint(r) {
			return fmt.Errorf("has the character %q, which cannot be seen", r)
		}
		if strings.ContainsRune("\"'`\\$", r) {
			return fmt.Errorf("has the character %c", r)
		}
	}
	return nil
}
