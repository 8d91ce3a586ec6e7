package estate_test

import (
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"ukcloud_exporter/internal/estate"
	"ukcloud_exporter/money"
)

func sample() []estate.Table {
	return []estate.Table{
		{
			ID:      "one",
			Columns: []estate.Column{{"name", "Name", estate.Name}, {"gbp", "Cost", estate.Pounds}, {"moves", "Moves", estate.Number}, {"last", "Last", estate.Time}},
			Rows: [][]any{
				{"plain", money.Amount(-1), 3, time.Date(2018, 3, 10, 13, 0, 0, 0, time.FixedZone("BST", 3600))},
				{"=cmd|' /C calc'!A0", nil, nil, nil},
				{"a,\"b\"\nc", money.Amount(0), 0, nil},
			},
		},
		{ID: "two", Columns: []estate.Column{{"name", "Name", estate.Name}}, Unread: true},
		{ID: "three", Columns: []estate.Column{{"name", "Name", estate.Name}}},
	}
}

// TestCSV: money and times are exact, and no name becomes a formula.
func TestCSV(t *testing.T) {
	var one, all strings.Builder
	if err := estate.WriteCSV(&one, sample()[:1]); err != nil {
		t.Fatal(err)
	}
	const want = "name,gbp,moves,last\nplain,-0.000000001,3,2018-03-10T12:00:00Z\n'=cmd|' /C calc'!A0,,,\n\"a,\"\"b\"\"\nc\",0,0,\n"
	if one.String() != want {
		t.Errorf("%q, want %q", one.String(), want)
	}
	if err := estate.WriteCSV(&all, sample()); err != nil {
		t.Fatal(err)
	}
	const tables = "table,name,gbp,moves,last\none,plain,-0.000000001,3,2018-03-10T12:00:00Z\none,'=cmd|' /C calc'!A0,,,\none,\"a,\"\"b\"\"\nc\",0,0,\n\ntable,name\n\ntable,name\n"
	if all.String() != tables {
		t.Errorf("%q, want %q", all.String(), tables)
	}
	for i, block := range strings.Split(strings.TrimSuffix(all.String(), "\n"), "\n\n") {
		records, err := csv.NewReader(strings.NewReader(block)).ReadAll()
		if err != nil || records[0][0] != "table" || len(records) > 1 && records[1][0] != sample()[i].ID {
			t.Errorf("block %d: %q, %v", i, block, err)
		}
	}
	for _, begin := range []string{"=", "+", "-", "@", "\t", "\r"} {
		var b strings.Builder
		table := estate.Table{Columns: []estate.Column{{"n", "N", estate.Name}}, Rows: [][]any{{begin + "1"}}}
		if err := estate.WriteCSV(&b, []estate.Table{table}); err != nil {
			t.Fatal(err)
		}
		if records, err := csv.NewReader(strings.NewReader(b.String())).ReadAll(); err != nil || !strings.HasPrefix(records[1][0], "'") {
			t.Errorf("%q: %q, %v", begin, records, err)
		}
	}
}

// TestJSON: money is a text, unknown is null, and so is a table that nobody has read.
func TestJSON(t *testing.T) {
	var b strings.Builder
	if err := estate.WriteJSON(&b, &estate.Page{Now: noon, Account: "1"}, sample()); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Time    time.Time
		Account string
		Tables  map[string][]map[string]any
	}
	if err := json.Unmarshal([]byte(b.String()), &got); err != nil {
		t.Fatal(err)
	}
	first, second := got.Tables["one"][0], got.Tables["one"][1]
	if first["gbp"] != "-0.000000001" || first["moves"] != 3.0 || first["last"] != "2018-03-10T12:00:00Z" || second["gbp"] != nil || second["name"] != "=cmd|' /C calc'!A0" {
		t.Errorf("rows %v, %v", first, second)
	}
	if unread, there := got.Tables["two"]; !there || unread != nil {
		t.Errorf("what was not read is %v", unread)
	}
	if empty := got.Tables["three"]; empty == nil || len(empty) > 0 || !got.Time.Equal(noon) || got.Account != "1" {
		t.Errorf("empty is %v, time %s, account %q", empty, got.Time, got.Account)
	}
}
