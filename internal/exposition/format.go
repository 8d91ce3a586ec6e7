package exposition

import (
	"math"
	"strings"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"google.golang.org/protobuf/encoding/protowire"
)

// Format is an exposition format.
type Format uint8

// The formats. None counts series and writes nothing.
const (
	Text Format = iota
	OpenMetrics
	Protobuf
	formats
	None
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

// appendHead appends what stands before a family's first sample.
func (f Format) appendHead(b []byte, d *Desc) []byte {
	switch f {
	case Text:
		b = append(b, "# HELP "...)
		b = append(b, d.Name...)
		b = append(b, ' ')
		b = append(b, helpReplacer.Replace(d.Help)...)
		return appendTypeLine(b, d.Name, d.Type)
	case OpenMetrics:
		// OpenMetrics names the family of a counter without its _total.
		name := d.Name
		if d.Type == Counter {
			name = strings.TrimSuffix(name, "_total")
		}
		b = append(b, "# HELP "...)
		b = append(b, name...)
		b = append(b, ' ')
		b = appendEscaped(b, d.Help)
		return appendTypeLine(b, name, d.Type)
	case Protobuf:
		b = protowire.AppendTag(b, 1, protowire.BytesType)
		b = protowire.AppendString(b, d.Name)
		b = protowire.AppendTag(b, 2, protowire.BytesType)
		b = protowire.AppendString(b, d.Help)
		b = protowire.AppendTag(b, 3, protowire.VarintType)
		return protowire.AppendVarint(b, uint64(d.Type.proto()))
	default:
		return b
	}
}

func appendTypeLine(b []byte, name string, t Type) []byte {
	b = append(b, "\n# TYPE "...)
	b = append(b, name...)
	b = append(b, ' ')
	b = append(b, t.String()...)
	return append(b, '\n')
}

var helpReplacer = strings.NewReplacer(`\`, `\\`, "\n", `\n`)

func (t Type) proto() dto.MetricType {
	if t == Counter {
		return dto.MetricType_COUNTER
	}
	return dto.MetricType_GAUGE
}

// appendMetric appends a Metric of io.prometheus.client.MetricFamily. Written by
// hand: a family of dto structs would cost more than all the rest of a refresh.
func appendMetric(b []byte, t Type, l Labels, value float64) []byte {
	value64 := protowire.SizeTag(1) + protowire.SizeFixed64()
	size := protowire.SizeTag(2) + protowire.SizeBytes(value64)
	l.each(func(name, value string) {
		size += protowire.SizeTag(1) + protowire.SizeBytes(pairSize(name, value))
	})
	b = protowire.AppendTag(b, 4, protowire.BytesType)
	b = protowire.AppendVarint(b, uint64(size))
	l.each(func(name, value string) {
		b = protowire.AppendTag(b, 1, protowire.BytesType)
		b = protowire.AppendVarint(b, uint64(pairSize(name, value)))
		b = protowire.AppendTag(b, 1, protowire.BytesType)
		b = protowire.AppendString(b, name)
		b = protowire.AppendTag(b, 2, protowire.BytesType)
		b = protowire.AppendString(b, value)
	})
	field := protowire.Number(2) // gauge
	if t == Counter {
		field = 3
	}
	b = protowire.AppendTag(b, field, protowire.BytesType)
	b = protowire.AppendVarint(b, uint64(value64))
	b = protowire.AppendTag(b, 1, protowire.Fixed64Type)
	return protowire.AppendFixed64(b, math.Float64bits(value))
}

func pairSize(name, value string) int {
	return 2*protowire.SizeTag(1) + protowire.SizeBytes(len(name)) + protowire.SizeBytes(len(value))
}

// delimit puts the length of the message b before it.
func delimit(b []byte) []byte {
	prefix := protowire.AppendVarint(nil, uint64(len(b)))
	b = append(b, prefix...)
	copy(b[len(prefix):], b)
	copy(b, prefix)
	return b
}
