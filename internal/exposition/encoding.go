// Package exposition encodes metric families and joins what was encoded.
//
// Families are encoded in a format (text, OpenMetrics, protobuf) and a compression;
// what comes out is kept as a Piece. Pieces of several collectors are joined into one
// answer without being encoded again. What is not compressed is written as it comes.
package exposition

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/prometheus/common/expfmt"
)

// Format is an exposition format.
type Format uint8

// The formats.
const (
	Text Format = iota
	OpenMetrics
	Protobuf
	formats
)

func formatOf(f expfmt.Format) Format {
	switch f.FormatType() {
	case expfmt.TypeOpenMetrics:
		return OpenMetrics
	case expfmt.TypeProtoDelim:
		return Protobuf
	default:
		return Text
	}
}

// Compression is a content coding.
type Compression uint8

// The codings that a scraper may ask for.
const (
	Identity Compression = iota
	Gzip
	Zstd
	compressions
)

// String returns the name as in the Content-Encoding header.
func (c Compression) String() string {
	return [...]string{"identity", "gzip", "zstd"}[c]
}

// Encoding is how an answer is written: a format and a compression.
type Encoding struct {
	Format      Format
	Compression Compression
	// Expfmt is the negotiated format with its parameters, for the
	// Content-Type and for what expfmt writes beside the pieces.
	Expfmt expfmt.Format
}

// Encodings is the number of different encodings; Index is below it.
const Encodings = int(formats) * int(compressions)

// Index numbers format and compression.
func (e Encoding) Index() int { return int(e.Format)*int(compressions) + int(e.Compression) }

// Negotiate chooses the encoding that a request's Accept and Accept-Encoding
// headers ask for. OpenMetrics 2.0 is not offered: its samples are of another
// shape than those of 1.0, and nobody scrapes it by default.
func Negotiate(h http.Header) Encoding {
	f := expfmt.NegotiateAccept(h,
		expfmt.FmtOpenMetrics_1_0_0, expfmt.FmtOpenMetrics_0_0_1, expfmt.FmtProtoDelim, expfmt.FmtText)
	return Encoding{Format: formatOf(f), Compression: negotiateCompression(h.Values("Accept-Encoding")), Expfmt: f}
}

// negotiateCompression follows RFC 9110, 12.5.3: the coding with the greatest
// weight, gzip before zstd before identity where weights are equal, because a
// gzip answer of ours is the cheaper one.
func negotiateCompression(headers []string) Compression {
	weights := map[string]float64{}
	for _, header := range headers {
		for part := range strings.SplitSeq(header, ",") {
			name, parameters, _ := strings.Cut(part, ";")
			weights[strings.ToLower(strings.TrimSpace(name))] = weight(parameters)
		}
	}
	best, bestWeight := Identity, 0.0
	if q, ok := weights["identity"]; ok {
		bestWeight = q
	}
	for _, c := range []Compression{Zstd, Gzip} {
		q, ok := weights[c.String()]
		if !ok {
			q = weights["*"]
		}
		if q > 0 && q >= bestWeight {
			best, bestWeight = c, q
		}
	}
	return best
}

func weight(parameters string) float64 {
	for parameter := range strings.SplitSeq(parameters, ";") {
		name, value, _ := strings.Cut(parameter, "=")
		if strings.EqualFold(strings.TrimSpace(name), "q") {
			q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil || q < 0 || q > 1 {
				return 0
			}
			return q
		}
	}
	return 1
}
