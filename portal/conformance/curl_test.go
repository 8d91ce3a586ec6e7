package conformance

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"ukcloud_exporter/internal/cli"
)

// curlStatuses are what the reference's lines give where that is not the
// documented success.
var curlStatuses = map[string]struct {
	status int
	reason string
}{
	"POST /api/accounts/:account_id/vorgs/:vorg_id/vdcs/:vdc_urn/edge-gateways": {404, "the VDC of the example exists nowhere else"},
	"GET /api/billing/cloud-storage-report":                                     {400, "the shell ends the line at the &, so that org_id is never sent"},
	"GET /api/billing/billing-csv":                                              {400, "the shell ends the line at the &, so that org_id is never sent"},
}

// TestTheReferencesCurlLines runs every curl line of the reference by a shell, as
// it stands but for the host and the place of the cookies, against `simulate
// --tls`. What the lines name has to be there: ticket INC10001, the builds 10 and
// 23, vOrg 12 of account 1, account 53 and the user myemail@example.com.
func TestTheReferencesCurlLines(t *testing.T) {
	sections := readOriginal(t)
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("THERE IS NO curl: NOT TESTED WHETHER THE REFERENCE'S LINES WORK")
	}
	dir := t.TempDir()
	base := simulateTLS(t, filepath.Join(dir, "ca.pem"))
	// What curl says besides the body is the status, and it trusts the authority.
	curlrc := fmt.Sprintf("silent\nshow-error\nmax-time = 60\nnoproxy = \"*\"\nwrite-out = \"\\n%%{http_code}\"\ncacert = %q\n", filepath.Join(dir, "ca.pem"))
	if err := os.WriteFile(filepath.Join(dir, ".curlrc"), []byte(curlrc), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(t *testing.T, line string) string {
		t.Helper()
		line = strings.NewReplacer("https://portal.skyscapecloud.com", base, "/tmp/", dir+"/").Replace(line)
		cmd := exec.CommandContext(t.Context(), "bash", "-c", line+"\nwait")
		cmd.Env = append(os.Environ(), "HOME="+dir, "CURL_HOME="+dir)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v: %s", line, err, out)
		}
		return string(out[strings.LastIndexByte(string(out), '\n')+1:])
	}
	for _, s := range sections[:1] { // the login, and what comes with its section
		for _, line := range s.curl {
			if got := run(t, line); got != "201" && got != "200" {
				t.Fatalf("%s: %s", line, got)
			}
		}
	}
	const api = "curl -b /tmp/cookies.txt -H 'Content-Type: application/json' https://portal.skyscapecloud.com/api/"
	order := func(path, body string, n int) {
		for i := range n {
			if got := run(t, api+path+" -d '"+fmt.Sprintf(body, i)+"'"); got != "202" {
				t.Fatalf("POST %s: %s", path, got)
			}
		}
	}
	order("accounts/1/vorgs", `{"data":{"type":"Vorg","attributes":{"zoneId":"B","name":"vOrg %d"}}}`, 10)
	order("accounts/1/vorgs/1/vdcs", `{"data":{"type":"VDC","attributes":{"vmType":"POWER","name":"VDC %d"}}}`, 10)
	order("accounts/53/vorgs/1/vdcs/"+firstVDC(t, dir, base)+"/edge-gateways", `{"data":{"type":"EdgeGateway","attributes":{"connectivityType":"Internet"}},"n":%d}`, 23)
	if got := run(t, sections[ticketSection(t, sections)].curl[0]); got != "201" { // INC10001
		t.Fatalf("open a ticket: %s", got)
	}
	for _, s := range sections {
		success := s.Statuses[0]
		for _, line := range s.curl {
			t.Run(s.Name, func(t *testing.T) {
				want := success
				if strings.Contains(line, "-b ") && s.Name == "POST /api/authenticate" {
					want = 200 // the example of a call with the cookie
				}
				if exception, ok := curlStatuses[s.Name]; ok {
					want = exception.status
				}
				if s.Name == "PUT /api/my_calls/:ticket_id/reopen" || s.Name == "PUT /api/my_calls/:ticket_id/close" {
					// A ticket has to be closed before the one, and open before the other.
					verb := map[bool]string{true: "close", false: "reopen"}[strings.HasSuffix(s.Name, "reopen")]
					run(t, api+"my_calls/INC10001/"+verb+" -X PUT")
				}
				if got := run(t, line); got != fmt.Sprint(want) {
					t.Errorf("%s\n%s, want %d", line, got, want)
				}
			})
		}
	}
}

func ticketSection(t *testing.T, sections []section) int {
	t.Helper()
	for i, s := range sections {
		if s.Name == "POST /api/my_calls" {
			return i
		}
	}
	t.Fatal("the reference has no section POST /api/my_calls")
	return 0
}

// firstVDC is the URN of a VDC of vOrg 1 in account 53.
func firstVDC(t *testing.T, dir, base string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "curl", "-b", dir+"/cookies.txt", base+"/api/accounts/53/vorgs/1/vdcs")
	cmd.Env = append(os.Environ(), "CURL_HOME="+dir)
	out, err := cmd.Output()
	urn := regexp.MustCompile(`urn:vcloud:vdc:[0-9a-f-]{36}`).Find(out)
	if err != nil || urn == nil {
		t.Fatalf("list VDCs: %v: %s", err, out)
	}
	return string(urn)
}

// simulateTLS runs the command in this process. Seed 25 is one whose second
// account is number 53.
func simulateTLS(t *testing.T, caFile string) string {
	t.Helper()
	reader, writer := io.Pipe()
	app := kingpin.New("ukcloud_exporter", "")
	commands := cli.Register(app, cli.Environment{
		Getenv: func(string) string { return "" }, Stdin: strings.NewReader(""), Stdout: io.Discard, Stderr: writer,
	})
	name, err := app.Parse([]string{
		"simulate", "--listen-address=127.0.0.1:0", "--seed=25", "--tls", "--tls-ca-file=" + caFile,
		"--email=email@example.com", "--password=password",
		"--user=myemail@example.com:geheim:read-only", "--build-duration=0s", "--approval-delay=0s", "--now=2018-03-20",
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() {
		err := commands.Run(ctx, name)
		_ = writer.CloseWithError(io.EOF)
		served <- err
	}()
	t.Cleanup(func() {
		stop()
		select {
		case err := <-served:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(30 * time.Second):
			t.Error("the simulated portal does not stop")
		}
	})
	lines := bufio.NewReader(reader)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatal("the simulated portal says no address")
		}
		if address := regexp.MustCompile(`https://127\.0\.0\.1:\d+`).FindString(line); address != "" {
			go func() { _, _ = io.Copy(io.Discard, lines) }()
			return address
		}
	}
}
