package portal

import (
	"fmt"
	"log/slog"
)

// hidden is all that a Secret ever prints.
const hidden = "<secret>"

// Secret is a text that never prints itself: fmt with any verb, log/slog, JSON,
// YAML and text encoders all see "<secret>". Reveal is the only way out.
type Secret struct {
	text *string // fmt calls no methods on unexported fields, but it does not follow pointers there either
}

// NewSecret wraps text.
func NewSecret(text string) Secret { return Secret{text: &text} }

// Reveal returns the text itself. It is for the request body of a login and for
// the list of texts that are redacted, and for nothing else.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// String returns "<secret>".
func (s Secret) String() string { return hidden }

// GoString returns "<secret>", for %#v.
func (s Secret) GoString() string { return hidden }

// Format writes "<secret>" whatever the verb, so that %x or %d cannot walk into
// the struct.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(hidden)) }

// LogValue returns "<secret>".
func (s Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText returns "<secret>". JSON encoders use it too.
func (s Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// MarshalYAML returns "<secret>".
func (s Secret) MarshalYAML() (any, error) { return hidden, nil }

// Credentials are what POST /api/authenticate asks for.
type Credentials struct {
	Email    string
	Password Secret
	Source   string // where the password comes from, for people: a key, a file's path
}

// CredentialSource is asked at every login, so that a rotated password file is
// noticed without a restart.
type CredentialSource func() (Credentials, error)
