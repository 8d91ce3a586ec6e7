package browser

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

//go:embed audit.js
var auditJS string

// chromium is a running browser. It reaches loopback and nothing else.
type chromium struct{ context.Context }

// lookWithin bounds one look at one page.
const lookWithin = 30 * time.Second

// startChromium starts the browser until the test ends, and skips the test loudly
// where there is none.
func startChromium(t *testing.T) *chromium {
	t.Helper()
	program, err := exec.LookPath("chromium")
	if err != nil {
		t.Skipf("CHROMIUM IS NOT INSTALLED: %s IS NOT TESTED (Debian: apt-get install chromium)", strings.ToUpper(t.Name()))
	}
	profile, err := os.MkdirTemp("", "ukcloud-browser-")
	if err != nil {
		t.Fatal(err)
	}
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(program), chromedp.UserDataDir(profile), chromedp.WSURLReadTimeout(time.Minute),
		chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck, chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"),
		chromedp.Flag("force-color-profile", "srgb"), chromedp.Flag("font-render-hinting", "none"), chromedp.Flag("hide-scrollbars", true),
	}
	for _, off := range []string{"disable-quic", "disable-background-networking", "disable-component-update", "disable-sync", "disable-extensions", "disable-dev-shm-usage", "disable-domain-reliability", "no-pings"} {
		options = append(options, chromedp.Flag(off, true))
	}
	allocator, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, _ := chromedp.NewContext(allocator)
	t.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil { // asks it to end
			t.Errorf("end the browser: %v", err)
		}
		cancel() // ends it by its own id, if it did not
		if err := os.RemoveAll(profile); err != nil {
			t.Logf("remove the browser's profile: %v", err)
		}
	})
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start %s: %v", program, err)
	}
	return &chromium{ctx}
}

// look is how a page is looked at.
type look struct {
	width          int
	dark, noScript bool
	printed        bool // on paper: nothing scrolls there
}

func (l look) String() string {
	text := fmt.Sprintf("%d px", l.width)
	if l.dark {
		text += ", dark"
	}
	if l.noScript {
		text += ", no JavaScript"
	}
	if l.printed {
		text += ", printed"
	}
	return text
}

// seen is what a look saw.
type seen struct {
	look

	html  string
	wrong []string // by audit.js, the console and the requests
}

// journal is what happens while a page is looked at.
type journal struct {
	sync.Mutex

	requests, complaints []string
}

func (j *journal) take(event any) {
	j.Lock()
	defer j.Unlock()
	complain := func(format string, args ...any) { j.complaints = append(j.complaints, fmt.Sprintf(format, args...)) }
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		j.requests = append(j.requests, e.Request.URL)
	case *network.EventWebSocketCreated:
		j.requests = append(j.requests, e.URL)
	case *runtime.EventConsoleAPICalled:
		text, _ := json.Marshal(e.Args)
		complain("console: %s %.300s", e.Type, text)
	case *runtime.EventExceptionThrown:
		complain("console: %s %s", e.ExceptionDetails.Text, e.ExceptionDetails.Exception.Description)
	case *log.EventEntryAdded:
		complain("console: %s %s", e.Entry.Level, e.Entry.Text)
	case *page.EventJavascriptDialogOpening:
		complain("console: a dialog: %s", e.Message)
	}
}

// at looks at a page. do is done there before the tab is closed.
func (c *chromium) at(t *testing.T, address string, l look, do ...func(ctx context.Context) error) seen {
	t.Helper()
	tab, closeTab := chromedp.NewContext(c)
	defer closeTab()
	ctx, cancel := context.WithTimeout(tab, lookWithin)
	defer cancel()
	j, s := &journal{}, seen{look: l}
	for _, step := range append([]func(context.Context) error{
		func(ctx context.Context) error { return chromedp.Listen(ctx, j.take) },
		l.prepare,
		does(chromedp.Navigate(address)),
		gives(&s.wrong, chromedp.Evaluate[[]string](fmt.Sprintf("(%s)(%d)", auditJS[strings.Index(auditJS, "(width)"):], l.width))),
		gives(&s.html, chromedp.Evaluate[string]("document.documentElement.outerHTML")),
	}, do...) {
		if err := step(ctx); err != nil {
			t.Fatalf("%s, %s: %v", address, l, err)
		}
	}
	j.Lock()
	defer j.Unlock()
	s.wrong = append(s.wrong, j.complaints...)
	for _, request := range j.requests {
		if origin(request) != origin(address) {
			s.wrong = append(s.wrong, "request: "+request)
		}
	}
	if !slices.Contains(j.requests, address) {
		s.wrong = append(s.wrong, "request: the page itself was not seen, so no request was")
	}
	return s
}

// prepare makes the tab what the look wants.
func (l look) prepare(ctx context.Context) error {
	scheme, medium := "light", "screen"
	if l.dark {
		scheme = "dark"
	}
	if l.printed {
		medium = "print"
	}
	return errors.Join(
		call(ctx, network.Enable, network.EnableParams{}), call(ctx, log.Enable, cdp.Empty{}),
		call(ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
			Width: int64(l.width), Height: 844, DeviceScaleFactor: 1, Mobile: l.width < 600,
		}),
		call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Media: medium, Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		}),
		call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: l.noScript}),
	)
}

func call[P, R any](ctx context.Context, command cdp.Command[P, R], params P) error {
	_, err := chromedp.Call(ctx, command, params)
	return err
}

func does(action chromedp.Action[chromedp.Void]) func(context.Context) error {
	return func(ctx context.Context) error { return chromedp.Do(ctx, action) }
}

// gives keeps the result of an action.
func gives[T any](to *T, action chromedp.Action[T]) func(context.Context) error {
	return func(ctx context.Context) (err error) {
		*to, err = chromedp.Run(ctx, action)
		return err
	}
}

// origin is what a request may not leave: of a file, the file.
func origin(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	if u.Scheme == "file" {
		return address
	}
	return u.Scheme + "://" + u.Host
}
