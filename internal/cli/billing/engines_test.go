package billing

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ukcloud_exporter/internal/bill"
	"ukcloud_exporter/money"
	"ukcloud_exporter/portal/simulator"
)

// enginesDir is where npm puts the engines.
var enginesDir = filepath.Join("..", "..", "lake", "engines")

// ask asks an engine, and skips the test loudly where it is not installed.
func ask(t *testing.T, engine string, questions ...string) [][][]*string {
	t.Helper()
	module := map[string]string{"duckdb": "@duckdb/node-api", "clickhouse": "chdb"}[engine]
	_, err := os.Stat(filepath.Join(enginesDir, "node_modules", filepath.FromSlash(module)))
	node, missing := exec.LookPath("node")
	if err != nil || missing != nil {
		t.Skipf("%s IS NOT INSTALLED: %s IS NOT TESTED (npm install in internal/lake/engines)", strings.ToUpper(engine), strings.ToUpper(t.Name()))
	}
	command := exec.CommandContext(t.Context(), node, append([]string{"ask.mjs", engine}, questions...)...)
	command.Dir = enginesDir
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		t.Fatalf("%s: %v: %s", engine, err, stderr.Bytes())
	}
	var answers [][][]*string
	for line := range bytes.Lines(out) {
		var rows [][]*string
		if err := json.Unmarshal(line, &rows); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		answers = append(answers, rows)
	}
	if len(answers) != len(questions) {
		t.Fatalf("%d answers to %d questions", len(answers), len(questions))
	}
	return answers
}

// sumsOf reads rows of keys and a sum.
func sumsOf(t *testing.T, rows [][]*string) map[string]money.Amount {
	t.Helper()
	sums := map[string]money.Amount{}
	for _, row := range rows {
		var keys []string
		for _, key := range row[:len(row)-1] {
			if key == nil {
				key = new(string)
			}
			keys = append(keys, *key)
		}
		if row[len(row)-1] == nil {
			continue // nothing is known of it, as in the summary
		}
		sum, err := money.Parse(*row[len(row)-1])
		if err != nil {
			t.Fatalf("%v: %v", keys, err)
		}
		sums[strings.Join(keys, "|")] = sum
	}
	return sums
}

// threeYears fetches and exports three years of an estate, in which two invoices correct
// the months before them.
func threeYears(t *testing.T) (b *bench, bills []string, set string) {
	t.Helper()
	b = newBench(t)
	b.now = time.Date(2019, 1, 20, 0, 0, 0, 0, time.UTC)
	b.simulate(simulator.Options{Seed: 11, VMs: 40, VOrgsPerAccount: 2, Accounts: 2})
	dir := t.TempDir()
	for m := (bill.Month{Year: 2016, Month: 1}); m != (bill.Month{Year: 2019, Month: 1}); m = m.Next() {
		b.must("fetch", "--period", m.String(), "-o", dir)
	}
	all, err := filepath.Glob(filepath.Join(dir, "*.csv"))
	if err != nil {
		t.Fatal(err)
	}
	for _, month := range corrected {
		correct(t, dir, month)
	}
	set = filepath.Join(t.TempDir(), "lake")
	b.must(append([]string{"export", "-o", set}, all...)...)
	return b, all, set
}

// corrected are the months whose bills have rows of the month before.
var corrected = []bill.Month{{Year: 2017, Month: 1}, {Year: 2018, Month: 7}}

// correct charges what a bill has of its first day once more, for the last day of the
// month before.
func correct(t *testing.T, dir string, month bill.Month) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "billing_*_"+month.String()+".csv"))
	if err != nil || len(names) == 0 {
		t.Fatalf("bills of %s: %q, %v", month, names, err)
	}
	text, err := os.ReadFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	first, before, rows := month.String()+"-01", month.Previous().LastDay().String(), 0
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, first) {
			text = append(text, strings.ReplaceAll(line, first, before)...)
			rows++
		}
	}
	if rows == 0 {
		t.Fatalf("%s has no row of %s", names[0], first)
	}
	if err := os.WriteFile(names[0], text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(names[0] + ".sha256"); err != nil { // it was of what fetch had written
		t.Fatal(err)
	}
}

// summedUp is what billing summary says of bills, by the kind of line and its names.
func summedUp(t *testing.T, b *bench, bills []string) map[string]map[string]money.Amount {
	t.Helper()
	records, err := csv.NewReader(strings.NewReader(b.must(append([]string{"summary", "--format", "csv", "--tag", "project"}, bills...)...))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	at := map[string]int{}
	for i, name := range records[0] {
		at[name] = i
	}
	groups := map[string]map[string]money.Amount{}
	for _, record := range records[1:] {
		kind, name := record[at["group"]], record[at["name"]]
		if kind == "vdc" {
			name = record[at["vorg"]] + "|" + name
		}
		if record[at["cost_gbp"]] == "" {
			continue
		}
		cost, err := money.Parse(record[at["cost_gbp"]])
		if err != nil {
			t.Fatalf("%v: %v", record, err)
		}
		if groups[kind] == nil {
			groups[kind] = map[string]money.Amount{}
		}
		groups[kind][name] = cost
	}
	return groups
}

// TestEngines: DuckDB and ClickHouse read the data set of three years, and have the
// sums of billing summary to the last place, and answers to the questions of docs/lake.md.
func TestEngines(t *testing.T) {
	if testing.Short() {
		t.Skip("starts query engines")
	}
	if _, err := os.Stat(filepath.Join(enginesDir, "node_modules")); err != nil {
		t.Skipf("NO ENGINES: %s IS NOT RUN (npm install in internal/lake/engines)", strings.ToUpper(t.Name()))
	}
	b, bills, set := threeYears(t)
	t.Run("sums", func(t *testing.T) { sameSums(t, b, bills, set) })
	t.Run("questions", func(t *testing.T) { questions(t, set) })
}

func sameSums(t *testing.T, b *bench, bills []string, set string) {
	t.Helper()
	want := summedUp(t, b, bills)
	want["month"], want["vm"] = map[string]money.Amount{}, map[string]money.Amount{}
	for _, path := range bills {
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		in := input{name: path}
		if err := in.look(); err != nil {
			t.Fatal(err)
		}
		sum, err := bill.Read(file, bill.Options{Month: in.month})
		_ = file.Close()
		if err != nil {
			t.Fatal(err)
		}
		want["month"][in.month.String()] += sum.Cost.Value
		for _, r := range sum.Resources {
			if r.Cost.Valid {
				want["vm"][r.ID] += r.Cost.Value
			}
		}
	}
	glob := filepath.ToSlash(set) + "/billing_period=*/account=*/*.parquet"
	for _, engine := range []struct{ name, from, text, tag string }{
		{"duckdb", "read_parquet('" + glob + "', hive_partitioning = true)", "VARCHAR", "tags['project']"},
		{"clickhouse", "file('" + glob + "', 'Parquet')", "String", "tags['project']"},
	} {
		t.Run(engine.name, func(t *testing.T) {
			by := map[string]string{"month": "billing_period", "service": "service", "vdc": "vorg, vdc", "vm": "resource_id", "tag": engine.tag, "total": ""}
			kinds := slices.Sorted(maps.Keys(by))
			var questions []string
			for _, kind := range kinds {
				keys, group := by[kind]+", ", " GROUP BY "+by[kind]
				if by[kind] == "" {
					keys, group = "", ""
				}
				questions = append(questions, fmt.Sprintf("SELECT %sCAST(sum(cost) AS %s) FROM %s%s", keys, engine.text, engine.from, group))
			}
			for i, rows := range ask(t, engine.name, questions...) {
				got := sumsOf(t, rows)
				if want := want[kinds[i]]; !maps.Equal(got, want) {
					t.Errorf("by %s: %d sums, want %d, and not the same:\n%v\n%v", kinds[i], len(got), len(want), got, want)
				}
				t.Logf("by %s: %d sums, all equal", kinds[i], len(got))
			}
			for _, row := range ask(t, engine.name, "DESCRIBE SELECT cost, total_price, event_date, start_time, tags, late, billing_period FROM "+engine.from)[0] {
				t.Logf("%s %s", *row[0], *row[1])
				if want := columnTypes[engine.name][*row[0]]; *row[1] != want {
					t.Errorf("%s is a %s, want %s", *row[0], *row[1], want)
				}
			}
		})
	}
}

// columnTypes are what the engines make of columns.
var columnTypes = map[string]map[string]string{
	"duckdb": {
		"cost": "DECIMAL(38,9)", "total_price": "DECIMAL(38,9)", "event_date": "DATE", "start_time": "TIMESTAMP WITH TIME ZONE",
		"tags": "MAP(VARCHAR, VARCHAR)", "late": "BOOLEAN", "billing_period": "VARCHAR",
	},
	"clickhouse": {
		"cost": "Nullable(Decimal(38, 9))", "total_price": "Nullable(Decimal(38, 9))", "event_date": "Nullable(Date32)",
		"start_time": "Nullable(DateTime64(3, 'UTC'))", "tags": "Map(String, Nullable(String))", "late": "Nullable(Bool)",
		"billing_period": "LowCardinality(String)",
	},
}

// questions runs the statements and questions of docs/lake.md as they stand there.
func questions(t *testing.T, set string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "lake.md"))
	if err != nil {
		t.Fatal(err)
	}
	var statements []string
	for _, block := range strings.Split(string(text), "```sql\n")[1:] {
		statement, _, _ := strings.Cut(block, "```")
		statements = append(statements, strings.ReplaceAll(statement, "'lake/", "'"+filepath.ToSlash(set)+"/"))
	}
	if len(statements) != 9 {
		t.Fatalf("%d statements in docs/lake.md, want four of engines and five questions", len(statements))
	}
	for i, engine := range []string{"duckdb", "clickhouse"} {
		t.Run(engine, func(t *testing.T) {
			answers := ask(t, engine, slices.Concat(statements[i:i+1], statements[4:])...)
			for k, rows := range answers[1:] {
				t.Logf("question %d: %d rows", k+1, len(rows))
				if len(rows) == 0 {
					t.Errorf("question %d has no answer", k+1)
				}
			}
			var months []string
			for _, row := range answers[4] {
				months = append(months, *row[0]+" "+*row[1])
			}
			if want := []string{"2017-01 2016-12", "2018-07 2018-06"}; !slices.Equal(months, want) {
				t.Errorf("restated months: %q, want %q", months, want)
			}
		})
	}
}
