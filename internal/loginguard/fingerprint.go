package loginguard

import (
	"bytes"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"sync"
)

const (
	// fingerprintRounds makes guessing a password from a stolen file slow.
	fingerprintRounds = 100_000
	saltLength        = 32
)

func newSalt() []byte {
	salt := make([]byte, saltLength)
	_, _ = rand.Read(salt) // never fails
	return salt
}

// fingerprints keeps the last fingerprint with what it was made from, since it is
// slow to make.
type fingerprints struct {
	mu     sync.Mutex
	source []byte
	last   []byte
}

// of stretches everything that makes a login what it is.
func (f *fingerprints) of(login Login, salt []byte, rounds int) ([]byte, error) {
	var source []byte
	for _, part := range []string{login.URL, login.Email, login.Password, string(login.Config), string(salt)} {
		source = binary.AppendUvarint(source, uint64(len(part))) // so that no two lists of parts read alike
		source = append(source, part...)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.last == nil || !bytes.Equal(f.source, source) {
		print, err := pbkdf2.Key(sha256.New, string(source), salt, rounds, sha256.Size)
		if err != nil {
			return nil, fmt.Errorf("fingerprint the credentials: %w", err)
		}
		f.source, f.last = source, print
	}
	return f.last, nil
}
