package main

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"time"
)

// files is what kingpin's model does not know.
const files = `.SH "FILES"
.TP
.I /etc/ukcloud_exporter/config.yml
Configuration of the packaged service.
.TP
.I /etc/ukcloud_exporter/password
Password of the portal's user; systemd hands it to the service.
.TP
.I /etc/ukcloud_exporter/NAME.yml\fR, \fI/etc/ukcloud_exporter/NAME.password
The same of ukcloud_exporter@NAME.service.
.TP
.I /etc/default/ukcloud_exporter\fR, \fI/etc/default/ukcloud_exporter-NAME
More flags of the service, in ARGS.
.TP
.I /var/lib/ukcloud_exporter
State.
.SH "ENVIRONMENT"
UKCLOUD_URL, UKCLOUD_EMAIL, UKCLOUD_PASSWORD_FILE, UKCLOUD_PASSWORD and UKCLOUD_STATE_DIR stand in for what the configuration leaves out.
.SH "SIGNALS"
SIGHUP reads the configuration again; SIGTERM and SIGINT let running scrapes finish.
.SH "EXIT STATUS"
0, or 1 with a line on standard error that says why.
`

var (
	heading = regexp.MustCompile(`(?s)^\.TH .*?\n\.SH "NAME"\nukcloud_exporter\n`)
	help    = regexp.MustCompile(`(?s)\.SH "DESCRIPTION"\n(.*?)\.?\n\.SH`)
)

// manual makes a page of the manual out of kingpin's: a heading of one line, where
// kingpin puts the whole output of --version, a name that whatis can read, hyphens
// that can be copied, and what else a page has.
func manual(page []byte, version string, at time.Time) ([]byte, error) {
	about := help.FindSubmatch(page)
	head := heading.FindIndex(page)
	if about == nil || head == nil {
		return nil, errors.New("--help-man is not the page that kingpin writes")
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, ".TH UKCLOUD_EXPORTER 1 \"%s\" \"ukcloud_exporter %s\" \"User Commands\"\n", at.Format(time.DateOnly), version)
	fmt.Fprintf(&out, ".SH \"NAME\"\nukcloud_exporter \\- %s\n", about[1])
	for line := range bytes.Lines(page[head[1]:]) {
		if !bytes.HasPrefix(line, []byte(`.SH "`)) {
			line = bytes.ReplaceAll(line, []byte("--"), []byte(`\-\-`))
		}
		out.Write(line)
	}
	out.WriteString(files)
	return out.Bytes(), nil
}
