package bill

import (
	"fmt"
	"hash/maphash"
	"slices"
	"strings"
	"testing"
)

// oddTexts are where reading a text for a few keys could differ from reading it whole.
func oddTexts() []string {
	return []string{
		"", " ", "{", "{}", " { } ", "{}}", "{} x", "{,}", `{"project"}`, `{"project":}`, `{"project" "x"}`, `["project"]`, "null", `"project"`,
		`{"project":"x"}`, ` {"project" :	"x" , "owner":"y"
}`, `{"project":"x",}`, `{"project":"x" "owner":"y"}`, `{"project":"x"`, `{"project":"x`, `{"project`, `{"project":"x"}}`,
		`{"project":"1","owner":"2","project":"3"}`, `{"project":"1","project":null}`, `{"project":""}`,
		`{"project":1}`, `{"project":0}`, `{"project":007}`, `{"project":-0}`, `{"project":1.50}`, `{"project":1e3}`, `{"project":1.}`, `{"project":12x}`, `{"project":+1}`,
		`{"project":true,"owner":false}`, `{"project":null}`, `{"project":True}`, `{"project":nul}`, `{"project":NaN}`, "{\"project\":1\n}",
		`{"project":{"owner":"inner"},"owner":"outer"}`, `{"project": [1, {"owner": 2}] }`, `{"project":[}`, `{"x":{"project":"inner"}}`,
		`{"proj\u0065ct":"x"}`, `{"project":"a\"b\\c\nd"}`, `{"project":"\u00e9"}`, `{"project":"\ud800"}`, `{"project":"\x"}`, `{"project":"\`,
		"{\"project\":\"Caf\u00e9\"}", "{\"project\":\"x\xff\"}", "{\"\xffproject\":\"x\"}", "{\"\ufffd\":\"x\"}", "{\"\xff\":\"x\"}", "{\"project\":\"a\tb\"}", "{\"project\":\"\x00\"}",
		"{\"project\":\"a\x7fb\"}", "{\"project\":\"a\u2028<&>'\"}", "project=a\x7fb", "project=a\u2028<&>'", "project=\"x\"", "project=a\\b", "project=a\x01b", "pr\"oject=x", "{\"a\":\"12345678\\\"\"}",
		"project=x", "project:x;owner=y", " project = x ; owner : y ;", "project", "project;owner=y", "owner=y;project", ";;project=x;;", ";", "project=", "=x", "project=a=b:c",
		"project=1;project=2", "project=1;project", "\u00a0project\u00a0=\u2003x\u2003", "\xffproject=x\xfe", "project\x85=x", "\xa0project=x", "{project=x", "project={}", "\ufeff{}", "project=x\r\nowner=y",
	}
}

// sameAsParsed compares what is found of some keys with what ParseMetadata gives.
func sameAsParsed(t *testing.T, keys []string, text string) {
	t.Helper()
	tags, err := ParseMetadata(text)
	want := make([]string, len(keys))
	for _, tag := range tags {
		for i, key := range keys {
			if tag.Key == key {
				want[i] = tag.Value
			}
		}
	}
	c := newTagCache(keys)
	found := map[string]*tagged{"text": c.ofText(text), "the same text": c.ofText(text)}
	if !strings.HasPrefix(text, `"`) {
		found["bare cell"] = newTagCache(keys).ofCell([]byte(text))
	}
	if !strings.Contains(text, "\r\n") { // which a cell in quotes has as \n
		found["cell in quotes"] = c.ofCell([]byte(`"` + strings.ReplaceAll(text, `"`, `""`) + `"`))
	}
	for name, got := range found {
		if got.bad != (err != nil) || !slices.Equal(got.values, want) {
			t.Errorf("%q, keys %q as %s: %q, bad %t; ParseMetadata has %q, error %v", text, keys, name, got.values, got.bad, want, err)
		}
	}
}

// sameObject compares AppendTags with ParseMetadata.
func sameObject(t *testing.T, text string) {
	t.Helper()
	tags, err := ParseMetadata(text)
	want := "before"
	for i, tag := range tags {
		want += "{,"[min(i, 1):][:1] + QuoteJSON(tag.Key) + ":" + tag.JSON
	}
	if len(tags) > 0 {
		want += "}"
	}
	if got, ok := AppendTags([]byte("before"), []byte(text)); string(got) != want || ok != (err == nil) {
		t.Errorf("%q: %q, ok %t; ParseMetadata has %q, error %v", text, got, ok, want, err)
	}
}

func TestAppendTags(t *testing.T) {
	many := "{"
	for i := range mostPlainTags + 1 {
		text := strings.TrimSuffix(many, ",") + "}"
		sameObject(t, text)
		many += fmt.Sprintf(`"key %d": %d,`, i, i)
	}
	sameObject(t, strings.TrimSuffix(many, ",")+"}")
	for _, text := range oddTexts() {
		sameObject(t, text)
	}
}

func TestWantedTags(t *testing.T) {
	for _, keys := range [][]string{{"project"}, {"owner", "project"}, {"project", "project"}, {""}, {"\ufffd", "none"}, {"\xffproject"}} {
		for _, text := range oddTexts() {
			sameAsParsed(t, keys, text)
		}
	}
}

func FuzzWantedTags(f *testing.F) {
	for _, text := range oddTexts() {
		f.Add("project", "owner", text)
	}
	f.Fuzz(func(t *testing.T, first, second, text string) {
		sameAsParsed(t, []string{first, second}, text)
		sameObject(t, text)
	})
}

// TestTagCache: what comes back is right and known again, what is forgotten is read
// again, and nothing grows without end.
func TestTagCache(t *testing.T) {
	const texts = 3_000
	for _, tt := range []struct {
		name        string
		most, teams int
		hits        float64 // at least, of a round
	}{
		{"room for all", 1 << 20, 7, 1},
		{"room for nine in ten texts", textCost * texts * 9 / 10, 7, 0.6},
		{"room for half of the texts", textCost * texts / 2, 7, 0.1},
		{"room for half of texts and values", (textCost + 220) * texts / 2, texts, 0.1},
		{"room for nothing", 1, 7, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newTagCache([]string{"owner", "none"})
			c.most = tt.most
			hits := 0
			for round := range 4 {
				hits = 0
				for i := range texts {
					text := fmt.Sprintf("n=%d;owner=team-%d", i, i%tt.teams)
					if _, known := c.known[fingerprint{maphash.String(c.seeds[0], text), maphash.String(c.seeds[1], text)}]; known {
						hits++
					}
					got := c.ofText(text)
					if got.bad || !slices.Equal(got.values, []string{fmt.Sprintf("team-%d", i%tt.teams), ""}) {
						t.Fatalf("round %d, %q: %q, bad %t", round, text, got.values, got.bad)
					}
					if c.bytes > c.most && len(c.known) > 1 {
						t.Fatalf("the cache has grown to %d bytes, with %d texts", c.bytes, len(c.known))
					}
				}
			}
			if rate := float64(hits) / texts; rate < tt.hits {
				t.Errorf("%.2f of the texts were known in the last round, want %.2f", rate, tt.hits)
			}
			held, uses := textCost*len(c.known), 0
			for _, one := range c.each {
				held, uses = held+one.cost(), uses+one.uses
			}
			if held != c.bytes || uses != len(c.known) {
				t.Errorf("the cache says %d bytes and holds %d; %d texts, %d uses of values", c.bytes, held, len(c.known), uses)
			}
		})
	}
}
