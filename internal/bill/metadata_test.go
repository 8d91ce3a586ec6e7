package bill

import (
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
)

func TestParseMetadata(t *testing.T) {
	tests := []struct {
		name, text string
		want       []Tag
		bad        bool
	}{
		{name: "blank"},
		{name: "blanks", text: "  "},
		{name: "object", text: `{"project":"Zebra","cost_centre":"CC-1"}`, want: []Tag{{"project", "Zebra", `"Zebra"`}, {"cost_centre", "CC-1", `"CC-1"`}}},
		{name: "object with blanks", text: ` { "project" : "Café \"x\", y" } `, want: []Tag{{"project", `Café "x", y`, `"Café \"x\", y"`}}},
		{name: "empty object", text: `{}`},
		{name: "values that are no text", text: `{"n":1.50,"b":true,"z":null,"o":{"a": [1, 2]}}`,
			want: []Tag{{"n", "1.50", "1.50"}, {"b", "true", "true"}, {"z", "", "null"}, {"o", `{"a":[1,2]}`, `"{\"a\":[1,2]}"`}}},
		{name: "key twice in an object", text: `{"a":"1","b":"2","a":"3"}`, want: []Tag{{"a", "3", `"3"`}, {"b", "2", `"2"`}}},
		{name: "object cut off", text: `{"a":"1"`, bad: true},
		{name: "text behind the object", text: `{"a":"1"} x`, bad: true},
		{name: "array", text: `["a"]`, bad: true},
		{name: "semicolons and =", text: "project=Zebra;cost_centre=CC-1", want: []Tag{{"project", "Zebra", `"Zebra"`}, {"cost_centre", "CC-1", `"CC-1"`}}},
		{name: "semicolons and :", text: "project: Zebra ; owner : team-a;", want: []Tag{{"project", "Zebra", `"Zebra"`}, {"owner", "team-a", `"team-a"`}}},
		{name: "first sign counts", text: "url:http://x/?a=b; t=1:2", want: []Tag{{"url", "http://x/?a=b", `"http://x/?a=b"`}, {"t", "1:2", `"1:2"`}}},
		{name: "key without value", text: "production; project=Zebra", want: []Tag{{"production", "", "true"}, {"project", "Zebra", `"Zebra"`}}},
		{name: "key twice in a list", text: "a=1; a=2", want: []Tag{{"a", "2", `"2"`}}},
		{name: "nothing between semicolons", text: ";a=1;;b=2;", want: []Tag{{"a", "1", `"1"`}, {"b", "2", `"2"`}}},
		{name: "a blank key", text: "=x;a=1", want: []Tag{{"", "x", `"x"`}, {"a", "1", `"1"`}}},
		{name: "half a surrogate", text: `{"a":"x\ud800y"}`, want: []Tag{{"a", "x\ufffdy", "\"x\ufffdy\""}}},
		{name: "bytes that are no UTF-8", text: "{\"a\":\"x\xffy\"}", want: []Tag{{"a", "x\ufffdy", "\"x\ufffdy\""}}},
		{name: "no pair at all", text: "production", bad: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseMetadata(tt.text)
			if (err != nil) != tt.bad {
				t.Errorf("error %v, want one: %t", err, tt.bad)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" && err == nil {
				t.Errorf("tags (-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzParseMetadata(f *testing.F) {
	for _, text := range []string{`{"a":"b"}`, `{"a":{"b":[1,null]}}`, "a=b; c:d", `{"a":"\ud800"}`, "{", ";", "\xff=\xfe"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		tags, err := ParseMetadata(text)
		seen := map[string]bool{}
		for _, tag := range tags {
			if seen[tag.Key] {
				t.Errorf("%q: key %q is there twice", text, tag.Key)
			}
			seen[tag.Key] = true
			if !jsontext.Value(tag.JSON).IsValid() {
				t.Errorf("%q: %q is no JSON", text, tag.JSON)
			}
		}
		if err != nil && tags != nil {
			t.Errorf("%q: tags %v and error %v", text, tags, err)
		}
	})
}
