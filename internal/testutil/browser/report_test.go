package browser

import (
	"encoding/csv"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ukcloud_exporter/portal/simulator"
)

// reports are reports of a month as files, which the program itself has made: of the
// bills of a simulated portal, of a month alone, and of hostile names.
func reports(t *testing.T) []string {
	t.Helper()
	dir := t.TempDir()
	program := filepath.Join(dir, "ukcloud_exporter")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, ".")
	build.Dir = "../../.." // the repository
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	portal, err := simulator.New(simulator.Options{
		Seed: 7, Accounts: 2, VMs: 80, Email: email, Password: password, History: 3, Now: func() time.Time { return when() },
	})
	if err != nil {
		t.Fatal(err)
	}
	address := serve(t, portal)
	run := func(args ...string) {
		t.Helper()
		command := exec.CommandContext(t.Context(), program, args...)
		command.Env = append(os.Environ(), "UKCLOUD_URL=http://"+address+"/api", "UKCLOUD_EMAIL="+email, "UKCLOUD_PASSWORD="+password)
		if out, err := command.CombinedOutput(); err != nil && command.ProcessState.ExitCode() != 2 { // 2: a bill does not add up
			t.Fatalf("%q: %v\n%s", args, err, out)
		}
	}
	bills := filepath.Join(dir, "bills")
	for _, period := range []string{"2018-01", "2018-02"} {
		run("billing", "fetch", "--period="+period, "-o", bills)
	}
	files, err := filepath.Glob(filepath.Join(bills, "*.csv"))
	if err != nil || len(files) < 4 {
		t.Fatalf("%d bills, %v", len(files), err)
	}
	odd := filepath.Join(dir, "odd")
	if err := os.Mkdir(odd, 0o700); err != nil {
		t.Fatal(err)
	}
	var hostile, alone []string
	for _, file := range files {
		hostile = append(hostile, spoil(t, file, filepath.Join(odd, filepath.Base(file))))
		if strings.Contains(file, "2018-02") {
			alone = append(alone, file)
		}
	}
	var made []string
	for name, bills := range map[string][]string{"report": files, "report-alone": alone[:1], "report-hostile": hostile} {
		file := filepath.Join(dir, name+".html")
		run(append([]string{"billing", "report", "--tag=project", "-o", file}, bills...)...)
		made = append(made, file)
	}
	return made
}

// serve serves a handler on loopback until the test ends.
func serve(t *testing.T, handler http.Handler) (address string) {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return listener.Addr().String()
}

// spoil copies a bill with hostile names, and sums that are no longer right.
func spoil(t *testing.T, from, to string) string {
	t.Helper()
	text, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	names, next := hostile(), 0
	rows, err := csv.NewReader(strings.NewReader(string(disguisedBill(text, func() string { next++; return names[next%len(names)] })))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range rows[0] {
		if name == "TotalPrice" && len(rows) > 3 {
			rows[1][i], rows[2][i], rows[3][i] = "-1234567.89", "0.000001", "<b>1</b>"
		}
	}
	out, err := os.Create(to)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = out.Close() }()
	if err := csv.NewWriter(out).WriteAll(rows); err != nil {
		t.Fatal(err)
	}
	return to
}
