package config

import (
	"net/url"
	"strconv"
	"strings"

	"ukcloud_exporter/collector"
	"ukcloud_exporter/internal/loginguard"
	"ukcloud_exporter/portal"
)

// environment are the variables that stand in for keys which the file leaves out.
var environment = map[string]string{
	"portal.url":           "UKCLOUD_URL",
	"portal.email":         "UKCLOUD_EMAIL",
	"portal.password":      "UKCLOUD_PASSWORD",
	"portal.password_file": "UKCLOUD_PASSWORD_FILE",
	"state_dir":            "UKCLOUD_STATE_DIR",
}

// loader collects the settings, and what is wrong with them.
type loader struct {
	file     string // "" when there is none
	settings settings
	lines    map[string]int  // of each key in the file
	fromEnv  map[string]bool // keys whose value came from the environment
	bad      map[string]bool // keys that have a problem
	reader   *passwordReader
	problems Problems
}

func newLoader(file string) *loader {
	return &loader{
		file:     file,
		settings: defaults(),
		lines:    map[string]int{},
		fromEnv:  map[string]bool{},
		bad:      map[string]bool{},
		reader:   &passwordReader{},
	}
}

// add notes a problem of a key where the key's value came from: its line, the
// environment, or, when it is missing, the section that it is missing from.
func (l *loader) add(path, reason string) {
	if l.file == "" || l.fromEnv[path] {
		l.bad[path] = true
		l.problems = append(l.problems, Problem{File: "environment", Key: environment[path], Reason: reason})
		return
	}
	line := l.lines[path]
	for at := path; line == 0 && at != ""; at = parent(at) {
		line = l.lines[parent(at)]
	}
	l.addAt(max(line, 1), path, reason)
}

// parent is the section that a key stands in.
func parent(path string) string { return path[:max(0, strings.LastIndexByte(path, '.'))] }

// addAt notes a problem of a key's value.
func (l *loader) addAt(line int, path, reason string) {
	l.bad[path] = true
	l.report(line, path, reason)
}

// report notes a problem in a line of the file.
func (l *loader) report(line int, path, reason string) {
	l.problems = append(l.problems, Problem{File: l.file, Line: line, Key: path, Reason: reason})
}

// inFile reports whether the file has the key, with a good value or a bad one.
func (l *loader) inFile(path string) bool { return l.lines[path] > 0 }

// fillFromEnvironment takes what the file leaves out about the login and the state.
func (l *loader) fillFromEnvironment(env func(string) string) {
	p := &l.settings.Portal
	take := func(path string) string {
		value := env(environment[path])
		l.fromEnv[path] = value != ""
		return value
	}
	if !l.inFile("portal.url") {
		if text := take("portal.url"); text != "" {
			var err error
			if p.URL.URL, err = url.Parse(text); err != nil {
				l.add("portal.url", "is not a URL")
			}
		}
	}
	if !l.inFile("portal.email") {
		p.Email = take("portal.email")
	}
	if !l.inFile("portal.password") && !l.inFile("portal.password_file") {
		p.Password = portal.NewSecret(take("portal.password"))
		p.PasswordFile = filePath(take("portal.password_file"))
	}
	if !l.inFile("state_dir") {
		l.settings.StateDir = filePath(take("state_dir"))
	}
}

// passwordKey is the key or variable that the password, or its file, stands in.
func (l *loader) passwordKey() string {
	for _, path := range []string{"portal.password_file", "portal.password"} {
		switch {
		case l.fromEnv[path]:
			return environment[path]
		case l.inFile(path):
			return path
		}
	}
	return ""
}

// check finds what one key alone does not show.
func (l *loader) check() {
	p := l.settings.Portal
	l.checkURL()
	if p.Email == "" {
		l.missing("portal.email", "set it here or as UKCLOUD_EMAIL in the environment")
	}
	l.checkPassword()
	if p.RejectedLoginsLimit < 1 || p.RejectedLoginsLimit > loginguard.DefaultLimit {
		l.add("portal.rejected_logins_limit", "is neither 1 nor 2: the portal locks an account after as few as three rejected logins")
	}
	l.checkHTTPClient(p.HTTPClient)
	l.distinct("accounts", plain(l.settings.Accounts))

	for _, section := range l.settings.Collectors.all {
		l.checkCollector(section)
	}
	l.checkTickets()
}

// missing is the problem of a key that is needed, and is empty or not there. A
// section that is none is the one problem of all its keys.
func (l *loader) missing(path, remedy string) {
	switch {
	case l.bad[path] || l.bad[parent(path)] || l.bad[""]:
	case l.inFile(path):
		l.add(path, "is empty")
	case l.file == "":
		l.add(path, "is not set")
	default:
		l.add(path, "is missing: "+remedy)
	}
}

// checkURL: whatever else the URL holds would be lost when paths are added, and
// a password in it would be printed with every call.
func (l *loader) checkURL() {
	u := l.settings.Portal.URL.URL
	switch {
	case l.bad["portal.url"]:
	case u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.Opaque != "":
		l.add("portal.url", "is not an absolute URL such as https://portal.skyscapecloud.com/api")
	case u.User != nil:
		l.add("portal.url", "holds a user or password: the login belongs in portal.email and portal.password_file")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		l.add("portal.url", "holds a query or fragment")
	}
}

func (l *loader) checkPassword() {
	const inline, file = "portal.password", "portal.password_file"
	p := l.settings.Portal
	switch {
	case l.inFile(inline) && l.inFile(file), l.fromEnv[inline] && l.fromEnv[file]:
		l.add(file, "is given beside the password itself: leave one of the two out")
	case l.bad[inline] || l.bad[file]:
	case l.inFile(file) && p.PasswordFile == "":
		l.add(file, "is empty")
	case p.PasswordFile != "":
		if _, reason := l.reader.read(p.PasswordFile); reason != "" {
			l.add(file, reason)
		}
	case p.Password.Reveal() == "":
		l.missing(inline, "set portal.password_file here, or UKCLOUD_PASSWORD_FILE or UKCLOUD_PASSWORD in the environment")
	}
}

// checkCollector finds what is wrong with a collector's settings.
func (l *loader) checkCollector(s section) {
	path := "collectors." + s.name
	l.checkAge(path, s.of().When())
	if checker, ok := s.of().(interface {
		Check(report func(key, reason string))
	}); ok {
		checker.Check(func(key, reason string) { l.add(join(path, key), reason) })
	}
	for _, f := range fields(s.settings) {
		if items, ok := f.value.Interface().([]string); ok {
			l.distinct(join(path, f.key), items)
		}
	}
}

// checkTickets: without the section there are no tickets, and nothing to check.
func (l *loader) checkTickets() {
	const section = "tickets"
	if !l.inFile(section) || l.bad[section] {
		return
	}
	if l.settings.StateDir == "" && !l.bad["state_dir"] {
		l.add(section, "needs a state_dir: without one a restart would open tickets a second time")
	}
	if l.inFile(section+".classification") && l.inFile(section+".query_nature") {
		l.add(section+".query_nature", "is given beside a classification: a ticket is a service request or an incident")
	}
	l.settings.Tickets.Check(func(key, reason string) {
		if path := join(section, key); !l.bad[path] {
			l.add(path, reason)
		}
	})
	l.distinct(section+".alerts", l.settings.Tickets.Alerts)
}

// checkAge: data that is thrown away before it may be asked for again would
// vanish and come back with every scrape, and so would data that is too old before
// the portal's answer may be late.
func (l *loader) checkAge(path string, s collector.Schedule) {
	switch {
	case l.bad[path+".max_age"] || l.bad[path+".min_interval"]:
	case s.MaxAge >= s.MinInterval:
		if timeout := l.settings.Portal.Timeout; s.Enabled && s.MaxAge < timeout && !l.bad["portal.timeout"] {
			is := "is less than portal.timeout, "
			if !l.inFile(path + ".max_age") {
				is = "is " + show(s.MaxAge) + " when left out, less than portal.timeout, "
			}
			l.add(path+".max_age", is+show(timeout)+": an answer may take longer than its data would live")
		}
	case l.inFile(path + ".max_age"):
		l.add(path+".max_age", "is less than min_interval")
	default:
		l.add(path+".max_age", "is "+show(s.MaxAge)+" when left out, less than min_interval")
	}
}

// distinct: no item of a list is empty or there twice.
func (l *loader) distinct(path string, items []string) {
	first := map[string]bool{}
	for i, item := range items {
		at := path + "[" + strconv.Itoa(i) + "]"
		switch {
		case l.bad[at]:
		case strings.TrimSpace(item) == "":
			l.add(at, "is empty")
		case first[item]:
			l.add(at, "is given twice")
		}
		first[item] = true
	}
}
