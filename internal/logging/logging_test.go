package logging

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/alecthomas/kingpin/v2"
	"github.com/go-kit/log"
	"github.com/go-logfmt/logfmt"
	promconfig "github.com/prometheus/common/config"
	"go.uber.org/goleak"

	"ukcloud_exporter/portal"
)

const canary = "s3cr3t-canary"

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// broken is an error that cannot be asked for its text when it is nil.
type broken struct{ text string }

func (b *broken) Error() string { return b.text }

// TestLine compares whole lines. A bubble's clock starts at midnight of
// 2000-01-01 UTC and stands still.
func TestLine(t *testing.T) {
	tests := []struct {
		name   string
		log    func(*slog.Logger)
		logfmt string
		json   string
	}{
		{
			name:   "message only",
			log:    func(l *slog.Logger) { l.Info("Listening on") },
			logfmt: `ts=2000-01-01T00:00:00.000Z level=info caller=CALLER msg="Listening on"`,
			json:   `{"caller":"CALLER","level":"info","msg":"Listening on","ts":"2000-01-01T00:00:00.000Z"}`,
		},
		{
			name: "time has milliseconds and is UTC",
			log: func(l *slog.Logger) {
				time.Sleep(1234567 * time.Microsecond) // advances the bubble's clock, waits for nothing
				l.Warn("late", "at", time.Now().In(time.FixedZone("BST", 3600)))
			},
			logfmt: `ts=2000-01-01T00:00:01.234Z level=warn caller=CALLER msg=late at=2000-01-01T00:00:01.234Z`,
			json:   `{"at":"2000-01-01T00:00:01.234Z","caller":"CALLER","level":"warn","msg":"late","ts":"2000-01-01T00:00:01.234Z"}`,
		},
		{
			name: "kinds",
			log: func(l *slog.Logger) {
				l.Error("kinds", "int", -3, "uint", uint8(7), "float", 1.5, "nan", math.NaN(), "bool", true,
					"duration", 90*time.Second, "err", fmt.Errorf("fetch: %w", io.ErrUnexpectedEOF), "nil", nil,
					"list", []string{"a", "b c"}, "func", func() {})
			},
			logfmt: `ts=2000-01-01T00:00:00.000Z level=error caller=CALLER msg=kinds int=-3 uint=7 float=1.5 nan=NaN bool=true ` +
				`duration=1m30s err="fetch: unexpected EOF" nil=null list="[\"a\",\"b c\"]" func=!UNPRINTABLE(func())`,
			json: `{"bool":true,"caller":"CALLER","duration":"1m30s","err":"fetch: unexpected EOF","float":1.5,"func":"!UNPRINTABLE(func())",` +
				`"int":-3,"level":"error","list":"[\"a\",\"b c\"]","msg":"kinds","nan":"NaN","nil":null,"ts":"2000-01-01T00:00:00.000Z","uint":7}`,
		},
		{
			name: "groups and attributes",
			log: func(l *slog.Logger) {
				l.With("component", "portal").WithGroup("request").With("method", "GET").
					Info("done", "code", 200, slog.Group("timing", "total", time.Second), slog.Group("", "inline", 1))
			},
			logfmt: `ts=2000-01-01T00:00:00.000Z level=info caller=CALLER msg=done component=portal request.method=GET request.code=200 request.timing.total=1s request.inline=1`,
			json: `{"caller":"CALLER","component":"portal","level":"info","msg":"done","request.code":200,"request.inline":1,` +
				`"request.method":"GET","request.timing.total":"1s","ts":"2000-01-01T00:00:00.000Z"}`,
		},
		{
			name: "attributes named like the line's own keys",
			log: func(l *slog.Logger) {
				l.Info("mine", "ts", 1, "time", 2, "level", 3, "caller", 4, "msg", 5)
			},
			logfmt: `ts=2000-01-01T00:00:00.000Z level=info caller=CALLER msg=mine logged_ts=1 logged_time=2 logged_level=3 logged_caller=4 logged_msg=5`,
			json:   `{"caller":"CALLER","level":"info","logged_caller":4,"logged_level":3,"logged_msg":5,"logged_time":2,"logged_ts":1,"msg":"mine","ts":"2000-01-01T00:00:00.000Z"}`,
		},
		{
			name: "multi-line, quotes and non-UTF-8",
			log: func(l *slog.Logger) {
				l.Info("two\nlines", "vm", "a\"b\\c\r\n\x00", "latin1", "caf\xe9", "", "no key", "bad key=\n", "x")
			},
			logfmt: `ts=2000-01-01T00:00:00.000Z level=info caller=CALLER msg="two\nlines" vm="a\"b\\c\r\n\u0000" latin1="caf\ufffd" _="no key" bad_key__=x`,
			json:   `{"_":"no key","bad_key__":"x","caller":"CALLER","latin1":"caf\ufffd","level":"info","msg":"two\nlines","ts":"2000-01-01T00:00:00.000Z","vm":"a\"b\\c\r\n\u0000"}`,
		},
		{
			name: "secrets",
			log: func(l *slog.Logger) {
				proxy := &url.URL{Scheme: "http", Host: "proxy:3128", User: url.UserPassword("me", canary)}
				l.Info("hidden", "portal", portal.NewSecret(canary), "prometheus", promconfig.Secret(canary),
					"config", promconfig.BasicAuth{Username: "me", Password: canary}, "proxy", proxy,
					"any", struct{ Password portal.Secret }{portal.NewSecret(canary)})
			},
			logfmt: `ts=2000-01-01T00:00:00.000Z level=info caller=CALLER msg=hidden portal=<secret> prometheus=<secret> ` +
				`config="{\"username\":\"me\",\"password\":\"\\u003csecret\\u003e\"}" proxy=http://me:xxxxx@proxy:3128 any="{\"Password\":\"\\u003csecret\\u003e\"}"`,
			json: `{"any":"{\"Password\":\"\\u003csecret\\u003e\"}","caller":"CALLER","config":"{\"username\":\"me\",\"password\":\"\\u003csecret\\u003e\"}",` +
				`"level":"info","msg":"hidden","portal":"<secret>","prometheus":"<secret>","proxy":"http://me:xxxxx@proxy:3128","ts":"2000-01-01T00:00:00.000Z"}`,
		},
		{
			name: "values that panic",
			log: func(l *slog.Logger) {
				l.Info("nil pointers", "err", error((*broken)(nil)), "url", (*url.URL)(nil))
			},
			logfmt: `ts=2000-01-01T00:00:00.000Z level=info caller=CALLER msg="nil pointers" err=!PANIC(*logging.broken) url=`,
			json:   `{"caller":"CALLER","err":"!PANIC(*logging.broken)","level":"info","msg":"nil pointers","ts":"2000-01-01T00:00:00.000Z","url":""}`,
		},
	}
	for _, tt := range tests {
		for format, want := range map[string]string{"logfmt": tt.logfmt, "json": tt.json} {
			t.Run(tt.name+"/"+format, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					var b bytes.Buffer
					tt.log(New(&b, Options{Format: format}))
					got := maskCaller(t, b.String())
					if got != want+"\n" {
						t.Errorf("got  %swant %s", got, want)
					}
					if strings.Contains(b.String(), canary) {
						t.Error("the secret is in the line")
					}
					checkLine(t, format, b.Bytes())
				})
			})
		}
	}
}

// maskCaller replaces the line number of this file, and fails when caller does
// not name this file.
func maskCaller(t *testing.T, line string) string {
	t.Helper()
	const file = "logging_test.go:"
	before, after, ok := strings.Cut(line, file)
	if !ok {
		t.Fatalf("no caller=%sN in %s", file, line)
	}
	return before + "CALLER" + strings.TrimLeft(after, "0123456789")
}

// checkLine parses the line back: exactly one record, one ts, no time.
func checkLine(t *testing.T, format string, b []byte) {
	t.Helper()
	if !utf8.Valid(b) || bytes.Count(b, []byte("\n")) != 1 || b[len(b)-1] != '\n' {
		t.Fatalf("not one line of UTF-8: %q", b)
	}
	seen := map[string]int{}
	if format == "json" {
		var object map[string]any
		if err := json.Unmarshal(b, &object); err != nil {
			t.Fatal(err)
		}
		for k := range object {
			seen[k]++
		}
	} else {
		d := logfmt.NewDecoder(bytes.NewReader(b))
		for d.ScanRecord() {
			for d.ScanKeyval() {
				seen[string(d.Key())]++
			}
		}
		if err := d.Err(); err != nil {
			t.Fatal(err)
		}
	}
	if seen["ts"] != 1 || seen["time"] != 0 {
		t.Errorf("%d ts, %d time in %s", seen["ts"], seen["time"], b)
	}
}

// TestOddPairs: a line is written also of pairs of which one has no value.
func TestOddPairs(t *testing.T) {
	for _, tt := range []struct {
		pairs []any
		want  string
	}{
		{[]any{slog.MessageKey, "m", "odd"}, "level=null msg=m\n"},
		{[]any{"level", "info", slog.MessageKey}, "level=info\n"},
		{[]any{"level"}, "level=null\n"},
	} {
		var b bytes.Buffer
		if err := (lines{log.NewLogfmtLogger(&b)}).Log(tt.pairs...); err != nil || b.String() != tt.want {
			t.Errorf("%v: %q, %v; want %q", tt.pairs, b.String(), err, tt.want)
		}
	}
}

// FuzzLine logs any text as message, key and value.
func FuzzLine(f *testing.F) {
	f.Add("listening", "address", "[::]:10048")
	f.Add("", "", "\x00")
	f.Add("a\nb", "ts", "caf\xe9 \u2028")
	f.Add("null", "msg", `"`)
	f.Fuzz(func(t *testing.T, message, key, value string) {
		for _, format := range []string{"logfmt", "json"} {
			var b bytes.Buffer
			New(&b, Options{Format: format}).Info(message, key, value, "error", errors.New(value))
			checkLine(t, format, b.Bytes())
		}
	})
}

func TestLevels(t *testing.T) {
	for level, want := range map[string]string{
		"":      "info warn error",
		"debug": "debug info warn error",
		"info":  "info warn error",
		"warn":  "warn error",
		"error": "error",
	} {
		t.Run("level "+level, func(t *testing.T) {
			var b bytes.Buffer
			l := New(&b, Options{Level: level, Format: "json"})
			l.Debug("m")
			l.Info("m")
			l.Warn("m")
			l.Error("m")
			var got []string
			for d := json.NewDecoder(&b); d.More(); {
				var line struct{ Level string }
				if err := d.Decode(&line); err != nil {
					t.Fatal(err)
				}
				got = append(got, line.Level)
			}
			if strings.Join(got, " ") != want {
				t.Errorf("got %v, want %s", got, want)
			}
		})
	}
}

func TestAddFlags(t *testing.T) {
	tests := []struct {
		name    string
		args    []string
		want    Options
		wantErr string
	}{
		{name: "defaults", want: Options{Level: "info", Format: "logfmt"}},
		{name: "both", args: []string{"--log.level=debug", "--log.format=json"}, want: Options{Level: "debug", Format: "json"}},
		{name: "bad level", args: []string{"--log.level=loud"}, wantErr: "enum value must be one of debug,info,warn,error, got 'loud'"},
		{name: "bad format", args: []string{"--log.format=xml"}, wantErr: "enum value must be one of logfmt,json, got 'xml'"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			app := kingpin.New("ukcloud_exporter", "")
			got := AddFlags(app)
			_, err := app.Parse(tt.args)
			if tt.wantErr != "" {
				if err == nil || err.Error() != tt.wantErr {
					t.Fatalf("got %v, want %s", err, tt.wantErr)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if *got != tt.want {
				t.Errorf("got %+v, want %+v", *got, tt.want)
			}
		})
	}
}

// slowWriter gives other goroutines every chance to write in between.
type slowWriter struct {
	b    bytes.Buffer
	busy bool
	torn bool
}

func (w *slowWriter) Write(p []byte) (int, error) {
	w.torn = w.torn || w.busy
	w.busy = true
	for _, c := range p {
		w.b.WriteByte(c)
	}
	w.busy = false
	return len(p), nil
}

func TestConcurrentLines(t *testing.T) {
	for _, format := range []string{"logfmt", "json"} {
		t.Run(format, func(t *testing.T) {
			var w slowWriter
			l := New(&w, Options{Format: format})
			var wg sync.WaitGroup
			for i := range 8 {
				wg.Go(func() {
					for j := range 50 {
						l.With("writer", i).Info("line", "n", j)
					}
				})
			}
			wg.Wait()
			if w.torn {
				t.Error("two writes at once")
			}
			n := 0
			for line := range bytes.Lines(w.b.Bytes()) {
				checkLine(t, format, line)
				n++
			}
			if n != 400 {
				t.Errorf("%d lines, want 400", n)
			}
		})
	}
}
