package browser

import (
	"net/http/httptest"
	"testing"
)

// paper is how wide a sheet of A4 is between the report's margins, in CSS pixels.
const paper = (210 - 2*14) * 96 * 10 / 254

// TestPages looks at every page in every situation: on a phone and on a wide screen, in
// the light and in the dark, and without JavaScript.
func TestPages(t *testing.T) {
	browser := startChromium(t)
	for _, s := range situations() {
		t.Run(s.name, func(t *testing.T) {
			kept := s.record(t)
			server := httptest.NewServer(kept)
			defer server.Close()
			for path := range kept {
				browser.lookAt(t, server.URL+path)
			}
		})
	}
	t.Run("report", func(t *testing.T) {
		for _, file := range reports(t) {
			browser.lookAt(t, "file://"+file)
			on := look{width: paper, printed: true}
			for _, wrong := range browser.at(t, "file://"+file, on).wrong {
				t.Errorf("%s, %s: %s", file, on, wrong)
			}
		}
	})
}

// lookAt looks at a page in every way.
func (c *chromium) lookAt(t *testing.T, address string) {
	t.Helper()
	with := c.at(t, address, look{width: 390})
	without := c.at(t, address, look{width: 1280, dark: true, noScript: true})
	if without.html != with.html {
		t.Errorf("%s: not without JavaScript what it is with it", address)
	}
	for _, s := range []seen{with, without} {
		for _, wrong := range s.wrong {
			t.Errorf("%s, %s: %s", address, s.look, wrong)
		}
	}
}
