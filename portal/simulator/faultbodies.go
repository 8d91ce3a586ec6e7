package simulator

import (
	"bytes"
	"encoding/base64"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
)

// text is the body of an answer, all of it in memory: faults are not for large
// estates.
func (a answer) text() string {
	var b strings.Builder
	_ = a.write(&b) // to memory, which takes everything
	return b.String()
}

// with is an answer of the same status and type with another body, and without
// a validator.
func (a answer) with(body string) answer {
	changed := whole(a.status, a.contentType, []byte(body))
	changed.header = a.header
	return changed
}

func bodyOf(body string) func(*Portal, *call, answer) answer {
	return func(_ *Portal, _ *call, a answer) answer { return a.with(body) }
}

// innerOf replaces the list that an answer is about.
func innerOf(value string) func(*Portal, *call, answer) answer {
	return func(p *Portal, c *call, a answer) answer {
		switch c.endpoint {
		case "compute_services":
			return a.with(`{"account":{"id":` + c.args[0] + `},"vOrgs":` + value + `}`)
		case "my_vm":
			name := string(mustJSON(p.estate.accounts[0].name))
			return a.with(`{` + name + `:{"vapps":` + value + `,"vms":` + value + `}}`)
		case "vorgs", "vdcs", "edge_gateways", "builds":
			return a.with(`{"data":` + value + `}`)
		}
		return a.with(value)
	}
}

// edited decodes an answer, changes each object in it and encodes it again.
func edited(a answer, change func(map[string]any)) answer {
	decoder := json.NewDecoder(strings.NewReader(a.text()))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return a // a CSV, or nothing
	}
	walk(value, change)
	return a.with(string(mustJSON(value)))
}

func walk(value any, change func(map[string]any)) {
	switch value := value.(type) {
	case []any:
		for _, one := range value {
			walk(one, change)
		}
	case map[string]any:
		change(value)
		for _, one := range value {
			walk(one, change)
		}
	}
}

func vmsAreObjects(_ *Portal, _ *call, a answer) answer {
	return edited(a, func(object map[string]any) {
		if _, has := object["VMs"]; has {
			object["VMs"] = map[string]any{}
		}
	})
}

func deep(_ *Portal, _ *call, a answer) answer {
	const depth = 100_000
	return a.with(strings.Repeat("[", depth) + strings.Repeat("]", depth))
}

// oddNumbers gives each VM or row one of the values in turn.
func oddNumbers(_ *Portal, c *call, a answer) answer {
	if a.contentType == typeCSV {
		return oddCSV(a)
	}
	n := 0
	return edited(a, func(object map[string]any) {
		if _, isVM := object["billedHoursPoweredOn"]; !isVM {
			return
		}
		switch n++; n % 9 {
		case 1:
			object["memory"] = json.Number("8796093022208")
		case 2:
			object["storage"] = json.Number("1e15")
		case 3:
			object["memory"], object["storage"] = json.Number("-1"), json.Number("-1")
		case 4:
			object["billedHoursPoweredOn"], object["numberOfCPUs"] = json.Number("-1"), json.Number("1e300")
		case 5:
			object["monthToDate"], object["estimatedMonthlyTotal"] = "0,005", "1e15"
		case 6:
			object["retentionLength"] = json.Number("9223372036854775807")
		case 7:
			object["backups"] = []map[string]any{oddBackup("01/01/0001", "01/01/0001 20:00", "01/01/0001 21:00")}
		case 8:
			object["backups"] = []map[string]any{oddBackup("07/03/2016", "08/03/2016 02:00", "08/03/2016 01:00")}
		}
	})
}

func oddBackup(night, start, end string) map[string]any {
	return map[string]any{
		"status": "Completed", "backupSlot": "night of: " + night, "backupStart": start, "backupEnd": end,
		"snapshotRemovalStart": end, "snapshotRemovalEnd": start,
	}
}

// oddCSV replaces the last cell, which is the sum, of four rows in five.
func oddCSV(a answer) answer {
	odd := []string{"0,005", "1e15", "-1", "NaN"}
	return rewritten(a, func(i int, row []string) {
		if i%5 < len(odd) {
			row[len(row)-1] = odd[i%5]
		}
	})
}

// rewritten changes the rows of a CSV; the header stays.
func rewritten(a answer, change func(i int, row []string)) answer {
	rows, err := csv.NewReader(strings.NewReader(a.text())).ReadAll()
	if err != nil {
		return a
	}
	for i, row := range rows[min(1, len(rows)):] {
		change(i, row)
	}
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	_ = w.WriteAll(rows) // to memory, which takes everything
	return a.with(b.String())
}

const floodSize = 1000

// flood answers with things that no answer before had.
func flood(p *Portal, c *call, a answer) answer {
	serial := p.floods.Add(1)
	var list []any
	for n := range floodSize {
		name := fmt.Sprintf("%d-%d", serial, n)
		switch c.endpoint {
		case "vmotion_events":
			list = append(list, vMotionEvent{
				Created: p.withOffset(c.now.Unix() - int64(n%3600)), ServiceID: 1, UserName: "user " + name,
				VirtualMachine: "vm" + name + " (" + p.estate.draw.of(topicFault, serial*floodSize+int64(n)).uuid() + ")",
				VDCName:        "VDC " + name, VAppName: "vApp " + name,
			})
		case "my_calls":
			list = append(list, ticket{ID: fmt.Sprintf("INC%d%04d", serial, n), Summary: name, Submitted: p.minute(c.now), Status: "Status " + name})
		default:
			list = append(list, vdcBuild.object(fmt.Sprintf("%d%04d", serial, n), buildAttributes{
				CreatedAt: p.withOffset(c.now.Unix()), CreatedBy: p.options.Email, State: "state " + name, VDCName: name, VMType: "POWER",
			}))
		}
	}
	if c.endpoint == "builds" {
		return a.with(string(mustJSON(map[string]any{"data": list})))
	}
	return a.with(string(mustJSON(list)))
}

// lines splits the body of a CSV, which has a header at least, into whole lines.
func lines(body string) []string { return slices.Collect(strings.Lines(body)) }

func cutRows(status int) func(*Portal, *call, answer) answer {
	return func(_ *Portal, _ *call, a answer) answer {
		body := a.text()
		all := lines(body)
		half := strings.Join(all[:(len(all)+1)/2], "")
		cut := a.with(half)
		cut.status = status
		if status == http.StatusPartialContent {
			cut.header = http.Header{"Content-Range": {fmt.Sprintf("bytes 0-%d/%d", len(half)-1, len(body))}}
		}
		return cut
	}
}

func headerOnly(_ *Portal, _ *call, a answer) answer { return a.with(lines(a.text())[0]) }

func utf16Body(_ *Portal, _ *call, a answer) answer {
	b := []byte{0xff, 0xfe}
	for _, unit := range utf16.Encode([]rune(a.text())) {
		b = append(b, byte(unit), byte(unit>>8))
	}
	return a.with(string(b))
}

// otherMonth asks for the month before.
func otherMonth(p *Portal, c *call, a answer) answer {
	period, err := time.Parse("2006-01", c.r.URL.Query().Get("period"))
	if err != nil {
		return a
	}
	other := *c
	other.r = c.r.Clone(c.r.Context())
	query := other.r.URL.Query()
	query.Set("period", period.AddDate(0, -1, 0).Format("2006-01"))
	other.r.URL.RawQuery = query.Encode()
	return p.billingCSV(&other)
}

// endless begins as the right answer does and goes on until the client has had
// enough.
func endless(p *Portal, c *call, a answer) answer {
	beginning, again := `[`, strings.Repeat(" ", 64<<10)
	switch {
	case a.contentType == typeCSV:
		all := lines(a.text())
		beginning, again = all[0], strings.Join(all[min(1, len(all)-1):], "")
	case c.endpoint == "compute_services":
		beginning = `{"account":{"id":` + c.args[0] + `},"vOrgs":[{"name":"Endless","serviceId":"1-1-1-aaaaaa","urn":"x"`
		again = strings.Repeat(`,"VDCs":[{"name":"VDC","urn":"urn:vcloud:vdc:00000000-0000-0000-0000-000000000000","vApps":[]}]`, 500)
	}
	return answer{status: a.status, contentType: a.contentType, header: a.header, length: -1, write: func(w io.Writer) error {
		if _, err := io.WriteString(w, beginning); err != nil {
			return err
		}
		for {
			select {
			case <-p.closed:
				return http.ErrAbortHandler
			case <-c.r.Context().Done():
				return c.r.Context().Err()
			default:
			}
			if _, err := io.WriteString(w, again); err != nil {
				return err
			}
		}
	}}
}

// endlessPages has a full page whatever page is asked for.
func endlessPages(named bool) func(*Portal, *call, answer) answer {
	return func(_ *Portal, c *call, a answer) answer {
		page, _ := strconv.Atoi(c.r.URL.Query().Get("page"))
		var vorgs []map[string]any
		for n := range 25 {
			vorg := map[string]any{"name": "Endless", "VDCs": []any{}}
			if named {
				vorg["serviceId"] = fmt.Sprintf("1-%s-%d-aaaaaa", c.args[0], 1000+25*page+n)
				vorg["urn"] = fmt.Sprintf("urn:vcloud:org:00000000-0000-0000-0000-%012d", 25*page+n)
			}
			vorgs = append(vorgs, vorg)
		}
		return a.with(`{"account":{"id":` + c.args[0] + `},"vOrgs":` + string(mustJSON(vorgs)) + `}`)
	}
}

const (
	giantTagBytes   = 60 << 10
	longestTagTaken = 8 << 10
)

// giantTag answers 431 to a request that has become too long by it.
func giantTag(_ *Portal, c *call, a answer) answer {
	if len(c.r.Header.Get("If-None-Match")) > longestTagTaken {
		return page(http.StatusRequestHeaderFieldsTooLarge, "<h1>431 Request Header Fields Too Large</h1>")
	}
	a.etag = `W/"` + strings.Repeat("x", giantTagBytes) + `"`
	return a
}

// said is what a request said: its body and its cookies.
func said(c *call) string {
	body, _ := io.ReadAll(io.LimitReader(c.r.Body, maxBodyBytes))
	return string(body) + " " + strings.Join(c.r.Header.Values("Cookie"), "; ")
}

func echo(_ *Portal, c *call) answer {
	return failure(http.StatusInternalServerError, "500 Internal Server Error", "could not process "+said(c))
}

// echoEncoded echoes in the forms in which a secret may hide. JSON's own escapes
// are written by hand, for an encoder would not use them on letters.
func echoEncoded(_ *Portal, c *call) answer {
	text := said(c)
	secrets := []string{text}
	var login map[string]string
	body, _, _ := strings.Cut(text, "} ")
	if json.Unmarshal([]byte(body+"}"), &login) == nil {
		secrets = append(secrets, login["password"], login["email"]+":"+login["password"])
	}
	var b strings.Builder
	b.WriteString(`{"error":"500 Internal Server Error","detail":"`)
	for _, secret := range secrets {
		for _, form := range []string{
			base64.StdEncoding.EncodeToString([]byte(secret)), base64.RawURLEncoding.EncodeToString([]byte(secret)),
			hex.EncodeToString([]byte(secret)), strings.ToUpper(hex.EncodeToString([]byte(secret))),
			url.QueryEscape(secret), percent(secret, "%%%02x"), html.EscapeString(secret), percent(secret, "&#%d;"),
		} {
			quoted := string(mustJSON(form))
			b.WriteString(quoted[1:len(quoted)-1] + " ")
		}
		for _, unit := range utf16.Encode([]rune(secret)) {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
		b.WriteByte(' ')
	}
	b.WriteString(`"}`)
	return whole(http.StatusInternalServerError, typeJSON, []byte(b.String()))
}

// percent writes every byte in a form.
func percent(text, form string) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		fmt.Fprintf(&b, form, c)
	}
	return b.String()
}

func changingError(p *Portal, c *call) answer {
	n := p.floods.Add(1)
	return failure(http.StatusInternalServerError, "500 Internal Server Error",
		fmt.Sprintf("upstream 10.0.0.7:%d did not answer at %s (request %d)", 32768+n%28000, c.now.Format(time.RFC3339Nano), n))
}

func location(to string) func(*Portal, *call, answer) answer {
	return func(_ *Portal, _ *call, a answer) answer {
		if a.header = a.header.Clone(); a.status != http.StatusAccepted {
			return a
		}
		a.header.Del("Location")
		if to != "" {
			a.header.Set("Location", to)
		}
		return a
	}
}

func neverBuilt(_ *Portal, _ *call, a answer) answer {
	return edited(a, func(object map[string]any) {
		if _, has := object["state"]; has {
			object["state"] = "running"
		}
	})
}
