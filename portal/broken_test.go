package portal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
	"time"
)

// breakages are the ways in which a body breaks off, with what their errors must be.
var breakages = []struct {
	name string
	err  error
	want []error
}{
	{"fewer bytes than announced", io.ErrUnexpectedEOF, []error{ErrTruncated}},
	{"connection closed", fmt.Errorf("transport connection broken: %w", io.EOF), []error{ErrTruncated}},
	{"connection reset", &net.OpError{Op: "read", Err: os.NewSyscallError("read", syscall.ECONNRESET)}, []error{ErrTruncated, syscall.ECONNRESET}},
	{"network timeout", &net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}, []error{ErrTruncated, os.ErrDeadlineExceeded}},
	{"the call's timeout", context.DeadlineExceeded, []error{context.DeadlineExceeded}},
	{"the caller is gone", context.Canceled, []error{context.Canceled}},
}

// examples are an answer or more for each decoder.
var examples = map[string][]string{
	"ping":        {`{"response":"OK"}`},
	"accounts":    {`[{"name":"UKCloud","id":48}]`, `{"data":[{"name":"D\u00e9mo","id":"1","more":{"a":[1.5e3,true,null]}}]}`},
	"named ids":   {`{"data":[{"id":"42-56","type":"vOrg","attributes":{"name":"Proof of Concept"}}]}`},
	"credentials": {`{"UKCloud Demo (1-1-1-9836cf)":{"service_id":"1-1-1-9836cf","username":"11.12.132f4c@1-1-1-9836cf"}}`},
	"builds":      {`{"data":[{"type":"VDC-build","id":"13739","attributes":{"createdAt":"2020-01-30T22:12:05+00:00","state":"approved"}}]}`},
	"build":       {`{"data":{"type":"VDC-build","id":"10","attributes":{"createdAt":"2016-10-03T14:19:07+01:00","state":"running"}}}`},
	"ticket":      {`{"ticket":{"ticket_id":"INC1","submitted":"28/08/2014 15:42"},"updates":[{"text":"t"}],"changes":null}`},
	"new ticket":  {`{"ticket_id":"INC10001","status":"New"}`, `{"ticket":{"ticket_id":"REQ10001"}}`},
	"notes":       {`[{"type":"comment","text":"t"}]`, `{"updates":[{"text":"t"}]}`, `null`},
	"vOrg":        {`{"compute_service_id":12,"name":"n","VDCs":[{"name":"v","vApps":[{"VMs":[{"name":"m","memory":1024}]}]}]}`},
	"other":       {`{"n":"4","more":[]}`, `[1,2]`, `null`, ` 17 `},
	"calls":       {`[{"ticket_id":"INC1002183","submitted":"28/08/2014 15:42"}]`},
	"vMotion":     {`[{"event_created_time":"2016-10-04T00:08:01+01:00","service_id":1}]`, `{"data":[]}`, `{"service_id":1}`, `null`},
	"estate":      {referenceCompute},
	"my_vm": {
		`{"account":{"vapps":[` + referenceMyVApp + `],"vms":[` + referenceMyVM + `]}}`,
		`{"Demo":{"vapps":[{"VDC 1":[` + referenceMyVApp + `]}],"vms":[{"VDC 1":[` + referenceMyVM + `]}]},"warning":"w"}`,
	},
}

// breaking gives text and then err, with the last bytes or after them.
func breaking(text string, err error, together bool) io.Reader {
	in := io.MultiReader(strings.NewReader(text), iotest.ErrReader(err))
	if together {
		return iotest.DataErrReader(in)
	}
	return in
}

// eachDecoder runs a test of each decoder with each of its examples.
func eachDecoder(t *testing.T, test func(t *testing.T, body string, read func(io.Reader) error)) {
	t.Helper()
	location := london(t)
	for name, bodies := range examples {
		for i, body := range bodies {
			t.Run(fmt.Sprintf("%s %d", name, i), func(t *testing.T) {
				test(t, body, func(in io.Reader) error { return decoders[name](newReader(in, maxList, location)) })
			})
		}
	}
	t.Run("login", func(t *testing.T) {
		test(t, `{"expire_after":900}`, func(in io.Reader) error { _, _, err := decodeLogin(in); return err })
	})
}

// TestExamples: every decoder has one, which it reads.
func TestExamples(t *testing.T) {
	if got, want := slices.Sorted(maps.Keys(examples)), slices.Sorted(maps.Keys(decoders)); !slices.Equal(got, want) {
		t.Errorf("examples of %v, want %v", got, want)
	}
	eachDecoder(t, func(t *testing.T, body string, read func(io.Reader) error) {
		if err := read(strings.NewReader(body)); err != nil {
			t.Error(err)
		}
	})
}

// TestBrokenBodies: wherever a body breaks, and be it behind the answer, it is no
// broken JSON, and the error says how it broke.
func TestBrokenBodies(t *testing.T) {
	eachDecoder(t, func(t *testing.T, body string, read func(io.Reader) error) {
		for cut := range len(body) + 1 {
			for i, breakage := range breakages {
				err := read(breaking(body[:cut], breakage.err, (cut+i)%2 == 0))
				mustBe(t, err, breakage.want, "%s at byte %d", breakage.name, cut)
			}
		}
	})
}

func mustBe(t *testing.T, err error, want []error, format string, values ...any) {
	t.Helper()
	for _, want := range want {
		if !errors.Is(err, want) || errors.Is(err, ErrNotJSON) || strings.Contains(err.Error(), "JSON") {
			t.Fatalf(format+": %v, want %v", append(values, err, want)...)
		}
	}
}

// TestAnswersBeyondTheBound: an answer is too large wherever the bound is, and the
// error says which bound that is.
func TestAnswersBeyondTheBound(t *testing.T) {
	for name, bodies := range examples {
		for _, body := range bodies {
			for most := range len(body) {
				r := newReader(strings.NewReader(body), maxList, time.UTC)
				r.in.left = most
				err := decoders[name](r)
				mustBe(t, err, []error{errTooLarge}, "%s, %d bytes of %d", name, most, len(body))
				if err.Error() != "answer too large: more than 256 MiB" {
					t.Fatal(err)
				}
			}
			r := newReader(strings.NewReader(body), maxList, time.UTC)
			r.in.left = len(body)
			if err := decoders[name](r); err != nil {
				t.Errorf("%s, as large as it may be: %v", name, err)
			}
		}
	}
}

// TestBrokenJSON: what is no JSON is told as that, with its byte, when the body came
// whole: a byte is put in that belongs nowhere.
func TestBrokenJSON(t *testing.T) {
	eachDecoder(t, func(t *testing.T, body string, read func(io.Reader) error) {
		for at := range len(body) + 1 {
			err := read(strings.NewReader(body[:at] + "\x01" + body[at:]))
			where := at
			if escape := strings.LastIndexByte(body[:at], '\\'); escape >= 0 && at-escape < len(`\u00e9`) {
				where = escape
			}
			if !errors.Is(err, ErrNotJSON) || errors.Is(err, ErrTruncated) || !strings.HasSuffix(err.Error(), fmt.Sprintf("invalid JSON at byte %d", where)) {
				t.Fatalf("%q at byte %d: %v", body[max(0, at-5):min(len(body), at+5)], at, err)
			}
		}
	})
}

// TestBrokenCalls: the same through the whole client, of everything that it asks and
// orders, of streams and of errors.
func TestBrokenCalls(t *testing.T) {
	type call struct {
		name, body, location string
		status               int
		type_                string
		call                 func(context.Context, *Client) (any, error)
		more                 error // that the error must be as well
	}
	var calls []call
	for _, test := range listTests {
		if !strings.HasPrefix(test.name, "ping") { // which writePortal answers
			calls = append(calls, call{name: test.name, body: test.body, call: test.call})
		}
	}
	for _, test := range writes {
		calls = append(calls, call{name: test.name, body: test.answer, location: test.location, status: test.status, call: test.call, more: ErrOutcomeUnknown})
	}
	for _, test := range streamTests {
		open := func(ctx context.Context, c *Client) (any, error) {
			stream, err := test.open(ctx, c, "")
			if err != nil {
				return nil, err
			}
			defer func() { _ = stream.Close() }()
			return io.ReadAll(stream)
		}
		calls = append(calls,
			call{name: test.name, body: someCSV, type_: "text/csv", call: open},
			call{name: test.name + ", an error", body: `{"error":"Insufficient Permission","detail":"x"}`, call: open},
			call{name: test.name + ", an error called CSV", body: `{"error":"Insufficient Permission","detail":"x"}`, type_: "text/csv", call: open})
	}
	for _, test := range calls {
		t.Run(test.name, func(t *testing.T) {
			var body io.Reader
			client := newTestClient(t, writePortal(func(req *http.Request) *http.Response {
				resp := reply(req, max(test.status, 200), "", "Location", test.location)
				if test.type_ != "" {
					resp.Header.Set("Content-Type", test.type_)
				}
				resp.Body, resp.ContentLength = io.NopCloser(body), -1
				return resp
			}), withRate(1e9, 1e9))
			for cut := 0; cut <= len(test.body); cut += 5 { // TestBrokenBodies has every byte
				breakage := breakages[cut%len(breakages)]
				body = breaking(test.body[:cut], breakage.err, cut%2 == 0)
				want := append([]error{}, breakage.want...)
				if test.type_ == "text/csv" && (test.body == someCSV || cut == 0) {
					want = []error{breakage.err} // of the stream's own
				}
				if test.more != nil {
					want = append(want, test.more)
				}
				_, err := test.call(t.Context(), client)
				mustBe(t, err, want, "%s at byte %d", breakage.name, cut)
			}
		})
	}
}

// TestBrokenErrors: an error's body that breaks before it says anything leaves the
// status, and a 404 is not believed then: the portal says "not permitted" by it, too.
func TestBrokenErrors(t *testing.T) {
	const text = `{"detail":"d","error":"No permitted account found"}`
	for _, status := range []int{403, 404, 400} {
		for cut := range len(text) {
			breakage := breakages[cut%len(breakages)]
			client := newTestClient(t, &served{serve: func(req *http.Request) *http.Response {
				resp := reply(req, status, "")
				resp.Body, resp.ContentLength = io.NopCloser(breaking(text[:cut], breakage.err, cut%2 == 0)), -1
				return resp
			}})
			_, err := client.Accounts(t.Context())
			e, _ := errors.AsType[*Error](err)
			if e == nil || e.StatusCode != status || errors.Is(err, ErrNotJSON) || errors.Is(err, ErrNotFound) {
				t.Fatalf("%d, %s at byte %d: %v", status, breakage.name, cut, err)
			}
			if said := cut == len(text)-1; !said {
				mustBe(t, err, breakage.want, "%d, %s at byte %d", status, breakage.name, cut)
			} else if !errors.Is(err, ErrForbidden) || errors.Is(err, ErrTruncated) {
				t.Errorf("%d that has said all: %v", status, err)
			}
		}
	}
	for status, want := range map[int]error{403: ErrForbidden, 404: ErrTruncated, 500: ErrTruncated} {
		client := newTestClient(t, &served{serve: func(req *http.Request) *http.Response { return reply(req, status, text[:20]) }})
		client.chain = client.once // without patience for the 500
		if _, err := client.Accounts(t.Context()); !errors.Is(err, want) || errors.Is(err, ErrNotFound) {
			t.Errorf("%d that ends early: %v", status, err)
		}
	}
}

// TestBrokenBeginning: the error of a body that was looked at comes once and for all,
// whatever the body gives when it is asked again.
func TestBrokenBeginning(t *testing.T) {
	client := newTestClient(t, &served{serve: func(req *http.Request) *http.Response {
		resp := reply(req, 200, "", "Content-Type", "")
		resp.Body = io.NopCloser(iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader(`[{"id":1}]`))))
		return resp
	}})
	if _, err := client.Accounts(t.Context()); !errors.Is(err, iotest.ErrTimeout) || !errors.Is(err, ErrTruncated) {
		t.Error(err)
	}
}
