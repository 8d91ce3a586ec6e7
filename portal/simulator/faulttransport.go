package simulator

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

// sendAs sends an answer in the way of a fault. The call was carried out.
type sendAs func(p *Portal, w http.ResponseWriter, r *http.Request, a answer, serial int64)

// sendHanging never answers.
func sendHanging(p *Portal, _ http.ResponseWriter, r *http.Request, _ answer, _ int64) {
	select {
	case <-r.Context().Done():
	case <-p.closed:
	}
	panic(http.ErrAbortHandler)
}

func sendReset(_ *Portal, w http.ResponseWriter, _ *http.Request, _ answer, _ int64) { reset(w) }

// sendTruncated promises the whole body and ends the connection before it.
func sendTruncated(p *Portal, w http.ResponseWriter, _ *http.Request, a answer, serial int64) {
	length := wholeLength(a)
	w.Header().Set("Content-Length", strconv.FormatInt(length, 10))
	w.WriteHeader(a.status)
	_ = a.write(&cutWriter{w, int64(p.estate.draw.of(topicFault, serial).below(int(max(length, 1))))})
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler) // ends the connection where the body was cut
}

// sendHalf sends half of the body and then nothing, with the connection open.
func sendHalf(p *Portal, w http.ResponseWriter, r *http.Request, a answer, serial int64) {
	length := wholeLength(a)
	w.Header().Set("Content-Length", strconv.FormatInt(length, 10))
	w.WriteHeader(a.status)
	_ = a.write(&cutWriter{w, length / 2})
	_ = http.NewResponseController(w).Flush()
	sendHanging(p, w, r, a, serial)
}

// sendDripping sends so many bytes at a time, with a pause after each.
func sendDripping(bytes int, pause time.Duration) sendAs {
	return func(p *Portal, w http.ResponseWriter, r *http.Request, a answer, _ int64) {
		w.Header().Set("Content-Length", strconv.FormatInt(wholeLength(a), 10))
		w.WriteHeader(a.status)
		_ = a.write(&dripWriter{w, r, p, bytes, pause})
	}
}

// sendUnproven sends the body with neither a length nor chunks: its end is the
// connection's.
func sendUnproven(_ *Portal, w http.ResponseWriter, _ *http.Request, a answer, _ int64) {
	w.Header().Set("Transfer-Encoding", "identity")
	w.WriteHeader(a.status)
	_ = a.write(w)
}

// sendWhole sends an answer whose length may not be known.
func sendWhole(_ *Portal, w http.ResponseWriter, r *http.Request, a answer, _ int64) {
	if a.length >= 0 {
		w.Header().Set("Content-Length", strconv.FormatInt(a.length, 10))
	}
	w.WriteHeader(a.status)
	if r.Method != http.MethodHead {
		_ = a.write(w)
	}
}

// wholeLength counts the bytes of an answer, by writing it to nowhere if need be.
func wholeLength(a answer) int64 {
	if a.length >= 0 {
		return a.length
	}
	counted := &counter{Writer: io.Discard}
	_ = a.write(counted)
	return counted.n
}

// reset closes the connection so that the peer sees a TCP reset.
func reset(w http.ResponseWriter) {
	connection, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // HTTP/2, or no network at all
	}
	if secured, ok := connection.(*tls.Conn); ok {
		connection = secured.NetConn()
	}
	if tcp, ok := connection.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = connection.Close()
}

// cutWriter passes on the first bytes and refuses the rest.
type cutWriter struct {
	w    io.Writer
	left int64
}

func (c *cutWriter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b[:min(int64(len(b)), c.left)])
	c.left -= int64(n)
	if err == nil && n < len(b) {
		err = io.ErrShortWrite
	}
	return n, err
}

// dripWriter passes on a few bytes at a time until the client has had enough.
type dripWriter struct {
	w     http.ResponseWriter
	r     *http.Request
	p     *Portal
	bytes int
	pause time.Duration
}

func (d *dripWriter) Write(b []byte) (int, error) {
	written := 0
	for written < len(b) {
		n, err := d.w.Write(b[written:min(written+d.bytes, len(b))])
		written += n
		if err == nil {
			err = http.NewResponseController(d.w).Flush()
		}
		if err != nil {
			return written, err
		}
		if !d.p.wait(d.r, d.pause) {
			return written, d.r.Context().Err()
		}
	}
	return written, nil
}
