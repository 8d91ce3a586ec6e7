package portal

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	canaryPassword = "canary pass/word+0\"\\<&>'é"
	canaryHeader   = "canary-header \"token\""
	canaryCookie   = "canary-cookie%2Fa1=="
	canaryFresh    = "canary-fresh-cookie-77"
)

// canaryForms is every form of a secret that is looked for.
func canaryForms(secret string) []string {
	forms := []string{
		secret, url.QueryEscape(secret), url.PathEscape(secret), base64.StdEncoding.EncodeToString([]byte(secret)),
		strings.TrimRight(base64.URLEncoding.EncodeToString([]byte(secret)), "="),
		strings.ToLower(url.QueryEscape(secret)), html.EscapeString(secret), url.QueryEscape(url.QueryEscape(secret)),
		hex.EncodeToString([]byte(secret)), strings.ToUpper(hex.EncodeToString([]byte(secret))),
	}
	for _, escapeHTML := range []bool{false, true} {
		var quoted bytes.Buffer
		encoder := json.NewEncoder(&quoted)
		encoder.SetEscapeHTML(escapeHTML)
		_ = encoder.Encode(secret)
		forms = append(forms, strings.Trim(quoted.String(), "\"\n"))
	}
	var escaped, entities, percent strings.Builder
	for _, c := range secret {
		fmt.Fprintf(&escaped, `\u%04X`, c)
		fmt.Fprintf(&entities, "&#x%X;", c)
	}
	for _, b := range []byte(secret) {
		fmt.Fprintf(&percent, "%%%02x", b)
	}
	return append(forms, escaped.String(), entities.String(), percent.String())
}

// basic is the password as in basic authentication.
func basic() string {
	return base64.StdEncoding.EncodeToString([]byte(testEmail + ":" + canaryPassword))
}

// echo is every form of every secret, as a portal might send them back.
func echo() string { return echoKnown() + " " + strings.Join(canaryForms(canaryFresh), " ") }

// echoKnown leaves out the cookie that comes with the same answer.
func echoKnown() string {
	forms := slices.Concat(canaryForms(canaryPassword), canaryForms(canaryCookie), canaryForms(canaryHeader), []string{basic()})
	return strings.Join(forms, " ")
}

// leaked returns what of a secret is in a text.
func leaked(text string) string {
	if strings.Contains(text, basic()) {
		return basic()
	}
	for _, secret := range []string{canaryPassword, canaryCookie, canaryFresh, canaryHeader} {
		for _, form := range canaryForms(secret) {
			if strings.Contains(text, form) {
				return form
			}
		}
	}
	if strings.Contains(text, "canary") {
		return "canary"
	}
	return ""
}

// TestCanary lets the portal echo the password and the cookies in every place that
// an answer has, and looks for them in everything that comes out of a client.
func TestCanary(t *testing.T) {
	answers := map[string]func(r *http.Request) (*http.Response, error){
		"good": func(r *http.Request) (*http.Response, error) { return reply(r, 200, `[]`), nil },
		"JSON error": func(r *http.Request) (*http.Response, error) {
			body, _ := json.Marshal(map[string]string{"error": echo(), "detail": echo()})
			return reply(r, 403, string(body), "X-Request-Id", echo()), nil
		},
		"JSON error under 200": func(r *http.Request) (*http.Response, error) {
			return reply(r, 200, fmt.Sprintf(`{"error":%q}`, echo()), "X-Request-Id", echo()), nil
		},
		"text": func(r *http.Request) (*http.Response, error) { return reply(r, 500, echo()), nil },
		"broken JSON": func(r *http.Request) (*http.Response, error) {
			return reply(r, 200, fmt.Sprintf(`{%q:{%q:[%q}`, canaryCookie, canaryPassword, echo())), nil
		},
		"HTML": func(r *http.Request) (*http.Response, error) {
			return reply(r, 200, "<html>"+echo(), "Content-Type", "text/html"), nil
		},
		"redirect": func(r *http.Request) (*http.Response, error) {
			return reply(r, 302, "", "Location", "https://"+testPassword+"@example.net/?"+url.QueryEscape(echo())), nil
		},
		"401": func(r *http.Request) (*http.Response, error) {
			return reply(r, 401, fmt.Sprintf(`{"error":%q}`, echo())), nil
		},
		"transport error":        func(r *http.Request) (*http.Response, error) { return nil, errors.New("proxy said " + echoKnown()) },
		"transport dumps header": func(r *http.Request) (*http.Response, error) { return nil, fmt.Errorf("sent %v", r.Header) },
		"panic":                  func(r *http.Request) (*http.Response, error) { panic("with " + echoKnown()) },
		"body error": func(r *http.Request) (*http.Response, error) {
			resp := reply(r, 200, "")
			resp.Body = io.NopCloser(io.MultiReader(strings.NewReader("["), errorReader{errors.New(echo())}))
			return resp, nil
		},
	}
	for name, answer := range answers {
		for _, where := range []string{"calls", "login"} {
			if where == "calls" && name == "panic" {
				continue // a panic of a transport in the caller's own goroutine is the caller's
			}
			t.Run(name+" to "+where, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { canary(t, where, answer) })
			})
		}
	}
}

type errorReader struct{ err error }

func (r errorReader) Read([]byte) (int, error) { return 0, r.err }

func canary(t *testing.T, where string, answer func(*http.Request) (*http.Response, error)) {
	var log bytes.Buffer
	registry := prometheus.NewRegistry()
	logins := 0
	client, err := New(testURL, func() (Credentials, error) {
		return Credentials{Email: testEmail, Password: NewSecret(canaryPassword)}, nil
	}, WithRegisterer(registry), WithSecrets(NewSecret(canaryHeader)), WithLogger(slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))),
		WithTransport(roundTripper(func(req *http.Request) (*http.Response, error) {
			if isLogin(req) {
				logins++
				if where == "login" && logins > 1 {
					return answer(req)
				}
				return reply(req, 201, `{}`, "Set-Cookie", "s="+canaryCookie+"; path=/api"), nil
			}
			if where == "login" {
				return reply(req, 401, "", "Set-Cookie", "f="+canaryFresh), nil
			}
			resp, err := answer(req)
			if err == nil {
				resp.Header.Add("Set-Cookie", "f="+canaryFresh+"; path=/api")
			}
			return resp, err
		})))
	if err != nil {
		t.Fatal(err)
	}
	client.session.guard.Rounds = 1
	out := []string{}
	for range 2 {
		for _, err := range everyCall(t, client) {
			if err == nil {
				continue
			}
			var unwrapped []string
			for e := err; e != nil; e = errors.Unwrap(e) {
				if _, ok := e.(foreignError); ok {
					unwrapped = append(unwrapped, e.Error())
					break // beneath is the transport's own
				}
				unwrapped = append(unwrapped, e.Error())
			}
			asJSON, _ := json.Marshal(err)
			out = append(out, unwrapped...)
			out = append(out, fmt.Sprintf("%+v %#v %s", err, err, asJSON))
			slog.New(slog.NewTextHandler(&log, nil)).Error("call failed", "err", err)
		}
		time.Sleep(2 * time.Hour)
	}
	status, _ := json.Marshal(client.Session())
	out = append(out, log.String(), exposition(t, registry), string(status), fmt.Sprintf("%+v %#v", client.Session(), client.Session()))
	for _, text := range out {
		if form := leaked(text); form != "" {
			at := strings.Index(text, form)
			t.Errorf("%q is in: …%s…", form, text[max(0, at-200):min(len(text), at+200)])
		}
	}
}

// everyCall calls every method once.
func everyCall(t *testing.T, c *Client) []error {
	ctx := t.Context()
	errs := []error{c.Ping(ctx), c.Login(ctx)}
	add := func(_ any, err error) { errs = append(errs, err) }
	add(c.Conditional().Accounts(ctx, nil))
	add(c.Conditional().VOrgs(ctx, "1", nil))
	add(c.Conditional().VDCs(ctx, "1", "2", nil))
	add(c.Conditional().APICredentials(ctx, "1", nil))
	add(c.Conditional().Builds(ctx, "1", BuildVDC, nil))
	add(c.Conditional().MyCalls(ctx, "user", nil))
	add(c.Conditional().MyVM(ctx, nil))
	add(c.Conditional().VMotionEvents(ctx, "1", nil))
	add(c.Conditional().ComputeServices(ctx, "1", nil))
	for _, open := range streamTests {
		stream, err := open.open(ctx, c, "")
		if err == nil {
			_, err = io.Copy(io.Discard, stream)
			_ = stream.Close()
		}
		errs = append(errs, err)
	}
	return errs
}
