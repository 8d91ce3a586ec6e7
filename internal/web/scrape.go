// Package web serves the daemon's HTTP endpoints: metrics, health, readiness,
// reload and the status page.
package web

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"ukcloud_exporter/internal/exposition"
	"ukcloud_exporter/internal/snapshot"
)

// defaultTimeout stands for X-Prometheus-Scrape-Timeout-Seconds where a client
// does not send it; it is Prometheus's own default.
const defaultTimeout = 10 * time.Second

// longestWait is what a scrape waits for the portal at most, whatever its client says.
const longestWait = 2 * time.Minute

// writeTimeout is how long a scraper may take to read an answer.
const writeTimeout = time.Minute

// Scrape answers GET /metrics.
type Scrape struct {
	Log   *slog.Logger
	Cache func() *snapshot.Cache // asked at each scrape: a reload replaces it
	// Program has the program's own metrics, which alone are gathered anew at each
	// scrape.
	Program exposition.Registry
	// TimeoutOffset is subtracted from the scraper's timeout, for the way back.
	TimeoutOffset time.Duration
	// Places bounds the scrapes at the same time; nil is no bound.
	Places *Places

	gatherer exposition.Gatherer
	press    exposition.Press
}

// ServeHTTP implements http.Handler.
func (s *Scrape) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "only GET and HEAD", http.StatusMethodNotAllowed)
		return
	}
	c := s.Cache()
	names, err := choose(c.Names(), r.URL.Query()["collect[]"], r.URL.Query()["exclude[]"])
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	deadline := began.Add(s.timeout(r.Header))
	if leave, ok := s.Places.wait(); ok {
		c.Refresh(r.Context(), deadline, names)
		leave()
	} else {
		c.Refresh(r.Context(), began, names) // too many wait: this one takes what there is
	}
	leave, ok := s.Places.write(r.Context(), http.NewResponseController(w))
	if !ok {
		http.Error(w, "too many scrapes are being read at the same time (--web.max-requests)", http.StatusServiceUnavailable)
		return
	}
	defer leave()
	if err := s.answer(w, r, c, names); err != nil {
		s.Log.Error("Answering a scrape failed", "err", err)
	}
}

// timeout is how long a scrape may wait for the portal.
func (s *Scrape) timeout(h http.Header) time.Duration {
	timeout := defaultTimeout
	if seconds, err := strconv.ParseFloat(h.Get("X-Prometheus-Scrape-Timeout-Seconds"), 64); err == nil && seconds > 0 {
		timeout = time.Duration(min(seconds, longestWait.Seconds()) * float64(time.Second))
	}
	return max(timeout-s.TimeoutOffset, 0)
}

// choose picks the collectors of one scrape, as in node_exporter.
func choose(names, collect, exclude []string) ([]string, error) {
	if len(collect) > 0 && len(exclude) > 0 {
		return nil, fmt.Errorf("collect[] and exclude[] cannot be combined")
	}
	for _, name := range slices.Concat(collect, exclude) {
		if !slices.Contains(names, name) {
			return nil, fmt.Errorf("unknown or disabled collector %q; there are %s", shorten(name), strings.Join(names, ", "))
		}
	}
	if len(collect) > 0 {
		return collect, nil
	}
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return slices.Contains(exclude, name) }), nil
}

func shorten(text string) string {
	if len(text) > 64 {
		return text[:64] + "…"
	}
	return text
}

// answer writes the pieces of the collectors and the program's own metrics. It
// returns what is the program's fault; a scraper that went away is not.
func (s *Scrape) answer(w http.ResponseWriter, r *http.Request, c *snapshot.Cache, names []string) error {
	encoding := exposition.Negotiate(r.Header)
	parts, err := c.Exposition(encoding, names)
	if err != nil {
		http.Error(w, "encoding the metrics failed", http.StatusInternalServerError)
		return err
	}
	program, err := s.program(encoding)
	if err != nil {
		http.Error(w, "gathering the program's own metrics failed", http.StatusInternalServerError)
		return err
	}
	stream := exposition.Stream{Compression: encoding.Compression, Parts: append(parts, program)}
	size, known := stream.Size()
	if !known && !r.ProtoAtLeast(1, 1) { // there nothing but the length tells an answer that is cut from its end
		n, err := stream.WriteTo(io.Discard)
		if err != nil {
			http.Error(w, "encoding the metrics failed", http.StatusInternalServerError)
			return err
		}
		size, known = int(n), true
	}
	h := w.Header()
	h.Set("Content-Type", string(encoding.Expfmt))
	if known {
		h.Set("Content-Length", strconv.Itoa(size))
	}
	h.Set("Vary", "Accept, Accept-Encoding")
	if encoding.Compression != exposition.Identity {
		h.Set("Content-Encoding", encoding.Compression.String())
	}
	if r.Method == http.MethodHead {
		return nil
	}
	to := &reader{Writer: w}
	if _, err := stream.WriteTo(to); err != nil {
		if to.gone {
			s.Log.Debug("A scraper went away", "err", err)
		} else {
			s.Log.Error("Answering a scrape failed", "err", err)
		}
		if !known { // so that nobody takes what has been written for the whole
			panic(http.ErrAbortHandler)
		}
		return nil // HTTP/2 may still be writing what it has got
	}
	s.press.Reuse(program)
	return nil
}

// reader is whom an answer is written to.
type reader struct {
	io.Writer
	gone bool
}

// Write implements io.Writer.
func (r *reader) Write(b []byte) (int, error) {
	n, err := r.Writer.Write(b)
	r.gone = r.gone || err != nil
	return n, err
}

// program gathers and encodes the program's own metrics. What could be gathered
// is served even if something could not.
func (s *Scrape) program(encoding exposition.Encoding) (*exposition.Piece, error) {
	return s.press.Piece(encoding.Compression, func(w io.Writer) error {
		failed, err := s.gatherer.Gather(s.Program, func(families []*dto.MetricFamily) error { return encode(w, encoding.Expfmt, families) })
		if failed != nil {
			s.Log.Error("Gathering the program's own metrics failed", "err", failed)
		}
		return err
	})
}

func encode(w io.Writer, format expfmt.Format, families []*dto.MetricFamily) error {
	// Our names are those of the classic format: escaped, which makes a copy of all, they
	// are the same, but for the scheme that doubles underscores.
	if format.ToEscapingScheme() != model.DotsEscaping {
		format = format.WithEscapingScheme(model.NoEscaping)
	}
	encoder := expfmt.NewEncoder(w, format)
	for _, f := range families {
		if err := encoder.Encode(f); err != nil {
			return fmt.Errorf("encode %s: %w", f.GetName(), err)
		}
	}
	if closer, ok := encoder.(expfmt.Closer); ok {
		return closer.Close() // OpenMetrics ends with # EOF
	}
	return nil
}
