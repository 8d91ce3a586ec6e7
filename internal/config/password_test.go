package config

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestPasswordFiles: what belongs to the password and what is the editor's.
func TestPasswordFiles(t *testing.T) {
	tests := []struct{ name, content, want, reason string }{
		{"plain", "secret", "secret", ""},
		{"one newline", "secret\n", "secret", ""},
		{"one newline of Windows", "secret\r\n", "secret", ""},
		{"blanks are part of it", " secret \n", " secret ", ""},
		{"byte order mark", "\ufeffsecret\n", "secret", ""},
		{"byte order mark alone", "\ufeff", "", "the file is empty"},
		{"UTF-16", "\xff\xfes\x00", "", "the file is UTF-16; save it as UTF-8"},
		{"UTF-16, big-endian", "\xfe\xff\x00s", "", "the file is UTF-16; save it as UTF-8"},
		{"two lines", "secret\n\n", "", "the file holds more than one line"},
		{"too long", strings.Repeat("x", maxPasswordFile), "", "the file is too long for a password"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "password")
			if err := os.WriteFile(path, []byte(test.content), 0o600); err != nil {
				t.Fatal(err)
			}
			password, reason := (&passwordReader{}).read(filePath(path))
			if password.Reveal() != test.want || reason != test.reason {
				t.Errorf("%q, %q", password.Reveal(), reason)
			}
		})
	}
}

// TestPasswordFileThatHangs: a pipe that nobody writes to is given up after a while,
// whoever asks, and read once when somebody does.
func TestPasswordFileThatHangs(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for five seconds")
	}
	path := filepath.Join(t.TempDir(), "password")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	reader := &passwordReader{}
	start := time.Now()
	if _, reason := reader.read(filePath(path)); reason != "the file does not answer within 5s" || time.Since(start) < passwordTimeout {
		t.Errorf("%q after %v", reason, time.Since(start))
	}
	answered := make(chan string)
	go func() {
		password, _ := reader.read(filePath(path))
		answered <- password.Reveal()
	}()
	if err := os.WriteFile(path, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := <-answered; got != "secret" {
		t.Errorf("got %q", got)
	}
}

// TestCredentialsSource names the key or variable that the password comes from.
func TestCredentialsSource(t *testing.T) {
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, text string
		env        map[string]string
		want       string
	}{
		{"key", "portal: {email: a@example.com, password: secret}\n", nil, "portal.password"},
		{"file", "portal: {email: a@example.com, password_file: " + file + "}\n", nil, "portal.password_file (" + file + ")"},
		{"variable", "", map[string]string{"UKCLOUD_EMAIL": "a", "UKCLOUD_PASSWORD": "secret"}, "UKCLOUD_PASSWORD"},
		{"variable of a file", "", map[string]string{"UKCLOUD_EMAIL": "a", "UKCLOUD_PASSWORD_FILE": file}, "UKCLOUD_PASSWORD_FILE (" + file + ")"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			path := ""
			if test.text != "" {
				path = write(t, test.text)
			}
			c, err := Load(path, func(name string) string { return test.env[name] })
			if err != nil {
				t.Fatal(err)
			}
			credentials, err := c.Credentials()
			if err != nil || credentials.Source != test.want || credentials.Password.Reveal() != "secret" {
				t.Errorf("%+v, %v", credentials, err)
			}
		})
	}
}

// TestLoginDigest: how many rejected logins there may be is no new login; anything
// else is.
func TestLoginDigest(t *testing.T) {
	digest := func(text string) string {
		c, err := Load(write(t, "portal: {email: a@example.com, password: secret"+text+"}\n"), func(string) string { return "" })
		if err != nil {
			t.Fatal(err)
		}
		return string(c.LoginDigest())
	}
	if digest("") != digest(", rejected_logins_limit: 1") {
		t.Error("another limit begins a new count")
	}
	if digest("") == digest(", timeout: 1m") {
		t.Error("another timeout does not")
	}
}

// TestSecrets are those of the transport.
func TestSecrets(t *testing.T) {
	c, err := Load(write(t, `portal:
  email: a@example.com
  password: secret
  http_client:
    proxy_url: http://me:proxy-secret@127.0.0.1:3128
    proxy_connect_header: {X-Token: [connect-secret]}
    http_headers: {X-Client: {values: [plain], secrets: [header-secret]}}
`), func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, secret := range c.Secrets() {
		got = append(got, secret.Reveal())
	}
	if text := strings.Join(got, " "); text != "header-secret connect-secret proxy-secret" {
		t.Errorf("got %s", text)
	}
}
