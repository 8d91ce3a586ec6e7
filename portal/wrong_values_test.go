package portal

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

// TestValuesThatATypeRefuses are of another kind, not a broken transport, and are not quoted.
func TestValuesThatATypeRefuses(t *testing.T) {
	for name, body := range map[string]string{
		"a time": `{"at":"SECRET"}`, "a number out of range": `{"n":1e99}`, "base64": `{"b":"SECRET !"}`,
		"in a list": `{"list":[{"at":"SECRET"}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			var into struct {
				At   time.Time `json:"at"`
				N    int8      `json:"n"`
				B    []byte    `json:"b"`
				List []struct {
					At time.Time `json:"at"`
				} `json:"list"`
			}
			err := newReader(strings.NewReader(body), maxList, time.UTC).any(&into)
			if !errors.Is(err, ErrNotJSON) || errors.Is(err, ErrTruncated) || !strings.Contains(err.Error(), "is of another kind") || strings.Contains(err.Error(), "SECRET") {
				t.Errorf("%v", err)
			}
		})
	}
}

// inSteps gives its text a little at a time at first, then as much as is taken.
type inSteps struct {
	text *strings.Reader
	slow int
}

func (s *inSteps) Read(p []byte) (int, error) {
	if s.slow > 0 {
		n, err := s.text.Read(p[:min(len(p), s.slow, 16<<10)])
		s.slow -= n
		return n, err
	}
	return s.text.Read(p)
}

// TestReadAheadIsOfTheNext: an object within its bound is read however the transport cuts the
// body, though what is read ahead of the next ones is more than the bound.
func TestReadAheadIsOfTheNext(t *testing.T) {
	small := strings.Repeat(`,{"name":"small"}`, 100_000)
	for size := 700 << 10; size < maxValue; size += 50 << 10 {
		body := `{"vOrgs":[{"name":"o","VDCs":[{"name":"d","vApps":[{"name":"a","VMs":[{"name":"` + strings.Repeat("x", size) + `"}` + small + `]}]}]}]}`
		in := &inSteps{strings.NewReader(body), size - 20}
		estate, err := newReader(in, maxValue, time.UTC).estate()
		if err != nil || len(estate[0].VDCs[0].VApps[0].VMs) != 100_001 {
			t.Errorf("%d KiB: %v", size>>10, err)
		}
	}
	var end io.Reader = newBodyReader(strings.NewReader("12345"), 5)
	if all, err := io.ReadAll(end); string(all) != "12345" || err != nil {
		t.Errorf("as much as is allowed: %q, %v", all, err)
	}
	end = newBodyReader(strings.NewReader("123456"), 5)
	if all, err := io.ReadAll(end); string(all) != "12345" || !errors.Is(err, errTooLarge) {
		t.Errorf("one more: %q, %v", all, err)
	}
}
