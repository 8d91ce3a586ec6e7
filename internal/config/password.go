package config

import (
	"bytes"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"ukcloud_exporter/portal"
)

const (
	// passwordTimeout is how long a password file may take: it may be a pipe that
	// nobody writes to, or lie on a mount that hangs.
	passwordTimeout = 5 * time.Second
	// maxPasswordFile bounds what is read: /dev/zero is a file too.
	maxPasswordFile = 64 << 10
)

// passwordReader reads one password file at a time. A reading that hangs cannot be
// ended; it is waited for by the next one too, so that there is never a second.
type passwordReader struct {
	mu      sync.Mutex
	reading *passwordRead
}

// passwordRead is a reading; its outcome may be read when done is closed.
type passwordRead struct {
	done     chan struct{}
	password portal.Secret
	reason   string // why there is no password
}

func (r *passwordReader) read(path filePath) (password portal.Secret, reason string) {
	r.mu.Lock()
	reading := r.reading
	if reading == nil {
		reading = &passwordRead{done: make(chan struct{})}
		r.reading = reading
		go func() {
			reading.password, reading.reason = readPassword(path)
			r.mu.Lock()
			r.reading = nil
			r.mu.Unlock()
			close(reading.done)
		}()
	}
	r.mu.Unlock()
	timer := time.NewTimer(passwordTimeout)
	defer timer.Stop()
	select {
	case <-reading.done:
		return reading.password, reading.reason
	case <-timer.C:
		return portal.Secret{}, "the file does not answer within " + passwordTimeout.String()
	}
}

// readPassword reads a password file. A byte order mark at its beginning and one
// newline at its end are the editor's.
func readPassword(path filePath) (password portal.Secret, reason string) {
	f, err := os.Open(string(path))
	if err != nil {
		return portal.Secret{}, fileReason(err)
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, maxPasswordFile))
	if err != nil {
		return portal.Secret{}, fileReason(err)
	}
	if len(data) == maxPasswordFile {
		return portal.Secret{}, "the file is too long for a password"
	}
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		return portal.Secret{}, "the file is UTF-16; save it as UTF-8"
	}
	text, newline := strings.CutSuffix(strings.TrimPrefix(string(data), "\ufeff"), "\n")
	if newline {
		text = strings.TrimSuffix(text, "\r")
	}
	switch {
	case text == "":
		return portal.Secret{}, "the file is empty"
	case strings.ContainsAny(text, "\r\n"): // a login with it would be rejected, and too many of those lock the account
		return portal.Secret{}, "the file holds more than one line"
	}
	return portal.NewSecret(text), ""
}
